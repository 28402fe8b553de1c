# SPDX-License-Identifier: Apache-2.0
"""fast_access : the access transistor of every cell, as engine fast takes it.

A cell is its device with the transistor's mean resistance in series, which the kernel's cell
equation holds, and what the transistor drops beyond that, which Kirchhoff's residual holds:

    delta(x, i) = i sum_b (i/i0)^b sum_a c[b, a] x^a

over row voltage x and cell current i, fitted to the measured transistor (tables_access.py) over all
that a cell can meet between its row and its line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from cosim.analog.ideal_column import Cell, cell_of
from cosim.analog.tables_access import access_cell, access_fet
from cosim.design import Design
from cosim.errors import RangeError

__all__ = ["SeriesFit", "series_fit"]

Floats = NDArray[np.float64]
POWERS_I, POWERS_X = 6, 8  # as in fast_kernel.h
LINE_SHARE = 0.75  # lines reach so far of the rows' largest voltage
WORST = 1e-3  # of the largest row voltage: a rougher fit is refused
POINTS = 60


@dataclass(frozen=True, kw_only=True)
class SeriesFit:
    """Coefficients `c` (POWERS_I, POWERS_X) in ohm per power of volts and of i/`scale_a`.

    `mean_ohm` is in the cell already. `worst_v` is the largest error of a drop.
    """

    c: Floats
    scale_a: float
    mean_ohm: float
    row_v: float
    worst_v: float

    def drop_v(self, row_v: Floats, amps: Floats) -> Floats:
        """Volts across the transistor beyond the mean resistance."""
        return np.asarray(amps * polynomial.polyval2d(amps / self.scale_a, row_v, self.c))

    def check(self, line_v: Floats) -> None:
        """RangeError if lines left the voltages of the fit."""
        limit_v = LINE_SHARE * self.row_v
        worst = float(np.abs(line_v).max(initial=0.0))
        if worst > limit_v:
            raise RangeError(
                f"access transistors are fitted to lines of +-{limit_v:.3g} V, one is {worst:.3g} V"
            )


def series_fit(design: Design) -> SeriesFit:
    """The fit of a design's transistor behind its cell; RangeError if it is too rough."""
    fet, cells, cell = access_fet(design), access_cell(design), cell_of(design)
    reach_v = float(fet.x[-1])
    span = np.linspace(-reach_v, reach_v, POINTS)
    row, line = (part.ravel() for part in np.meshgrid(span, LINE_SHARE * span))
    rows, amps, drops = [], [], []
    for ap in (False, True):
        i, _ = cells.current_a(row, row - line, ap)
        rows.append(row)
        amps.append(i)
        drops.append(row - line - _device_v(i, ap, cell))
    x, i, y = (np.concatenate(part) for part in (rows, amps, drops))
    scale = float(np.abs(i).max())
    basis = polynomial.polyvander2d(i / scale, x, [POWERS_I - 1, POWERS_X - 1]) * i[:, None]
    found, *_ = np.linalg.lstsq(basis, y, rcond=None)
    worst_v = float(np.abs(basis @ found - y).max())
    if worst_v > WORST * reach_v:
        raise RangeError(
            f"access transistor: its drop is fitted within {1e3 * worst_v:.2g} mV, "
            f"{1e3 * WORST * reach_v:.2g} mV is asked; raise macro.access.gate_v or nfin"
        )
    c = np.array(found.reshape(POWERS_I, POWERS_X), dtype=np.float64)
    mean_ohm = float(c[0, 0])
    c[0, 0] = 0.0
    return SeriesFit(
        c=np.ascontiguousarray(c), scale_a=scale, mean_ohm=mean_ohm, row_v=reach_v, worst_v=worst_v
    )


def _device_v(amps: Floats, ap: bool, cell: Cell) -> Floats:
    """Volts over the memory device with its strip at a current."""
    junction = amps * cell.r_p_ohm * (1 + cell.tmr0 if ap else 1.0)
    if ap and np.isfinite(cell.v_h_v):
        for _ in range(60):
            y = (junction / cell.v_h_v) ** 2
            ratio = (1 + y) / (1 + cell.tmr0 + y)
            slope = ratio + 2 * y * cell.tmr0 / (1 + cell.tmr0 + y) ** 2
            junction = junction - (junction * ratio - amps * cell.r_p_ohm) / slope
    return np.asarray(junction + amps * cell.r_s_ohm)
