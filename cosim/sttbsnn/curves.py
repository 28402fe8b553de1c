# SPDX-License-Identifier: Apache-2.0
"""curves : currents of half cells over the source line's volts, as polynomials.

A row is a weighted divider: its source line sums currents that depend on its own volts alone, so
the coefficients of all cells that an input switches the same way add up, and one scalar equation
is left for a row, whatever its number of cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from cosim.errors import ConvergenceError, RangeError
from cosim.sttbsnn.cell import HalfCells
from cosim.sttbsnn.design import BsnnDesign

__all__ = ["DEGREE", "Window", "current_curves", "roots", "slope_curves", "values"]

Floats = NDArray[np.float64]
DEGREE = 12
LOW, HIGH = 0.2, 0.8  # source lines stand between these parts of the read voltage
TOL_V = 1e-13
ROUNDS = 60


@dataclass(frozen=True, kw_only=True)
class Window:
    """The volts a polynomial holds for."""

    low_v: float
    high_v: float

    @classmethod
    def of(cls, design: BsnnDesign, part: float = 1.0) -> Window:
        """Of a design with its lines at `part` of their volts."""
        read_v = part * design.row.read_v
        return cls(low_v=LOW * read_v, high_v=HIGH * read_v)

    def scaled(self, v: Floats) -> Floats:
        """Volts as -1 .. 1."""
        return np.asarray((2.0 * v - self.low_v - self.high_v) / (self.high_v - self.low_v))

    def volts(self, x: Floats) -> Floats:
        """The way back."""
        return np.asarray(0.5 * (self.low_v + self.high_v + x * (self.high_v - self.low_v)))


def current_curves(cells: HalfCells, top_v: float, gate_v: float, window: Window) -> Floats:
    """Chebyshev coefficients (DEGREE + 1, *cells) of the current into a source line."""
    nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    at = window.volts(nodes).reshape(-1, *([1] * cells.state.ndim))
    amps = cells.current_a(top_v, at, gate_v)
    basis = chebyshev.chebvander(nodes, DEGREE).T * (2.0 / (DEGREE + 1))
    basis[0] *= 0.5
    return np.tensordot(basis, amps, axes=1)


def values(curves: Floats, x: Floats) -> Floats:
    """Each curve (DEGREE + 1, ...) at its own scaled place x (...)."""
    b1 = b2 = np.zeros_like(x)
    for c in curves[:0:-1]:
        b1, b2 = c + 2.0 * x * b1 - b2, b1
    return np.asarray(curves[0] + x * b1 - b2)


def slope_curves(curves: Floats) -> Floats:
    """Coefficients of the derivatives over the scaled place, one fewer."""
    return np.asarray(chebyshev.chebder(curves, axis=0), dtype=np.float64)


def roots(curves: Floats, window: Window) -> Floats:
    """Where each falling curve (DEGREE + 1, ...) is 0, in volts."""
    slopes = slope_curves(curves)
    x = np.zeros(curves.shape[1:])
    if not (np.all(values(curves, x - 1.0) > 0) and np.all(values(curves, x + 1.0) < 0)):
        raise RangeError("a source line leaves 20 to 80 % of the read voltage")
    low, high = x - 1.0, x + 1.0
    tol = TOL_V * 2.0 / (window.high_v - window.low_v)
    for _ in range(ROUNDS):
        f = values(curves, x)
        low, high = np.where(f > 0, x, low), np.where(f <= 0, x, high)
        new = x - f / values(slopes, x)
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        moved, x = float(np.abs(new - x).max(initial=0.0)), new
        if moved < tol:
            return window.volts(x)
    raise ConvergenceError(f"a source line still moves by {moved:.2g} of its window")
