# SPDX-License-Identifier: Apache-2.0
"""spread : curves of cells that differ, from a table over resistance, TMR and threshold shift.

Solving each of a die's cells takes a minute; a Chebyshev table over the three spreads takes a
second and is as exact (tests hold it against cells solved one by one).
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from cosim.sttbsnn.cell import HalfCells, half_cells
from cosim.sttbsnn.curves import DEGREE, Window, current_curves
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie

__all__ = ["cell_orders", "spread_curves"]

Floats = NDArray[np.float64]
LIFT_STEP_V = 5e-3  # of the differences that give slope and curvature over a line's lift
NODES = (5, 4, 10)  # over ln(resistance), TMR, threshold shift
LEAST = 1e-6  # half width of a table over something that does not vary


def cell_orders(
    cells: HalfCells, line_v: tuple[float, float], gate_v: float, window: Window
) -> Floats:
    """Curves (DEGREE + 1, 3 orders of lift, 2 sources, *cells)."""
    sources = []
    for top in line_v:
        low, mid, high = (
            current_curves(cells, top + k * LIFT_STEP_V, gate_v, window) for k in (-1, 0, 1)
        )
        slope = (high - low) / (2 * LIFT_STEP_V)
        bend = (high - 2 * mid + low) / (2 * LIFT_STEP_V**2)
        sources.append(np.stack([mid, slope, bend], axis=1))
    return np.stack(sources, axis=2)


def spread_curves(
    design: BsnnDesign,
    die: BsnnDie,
    state: NDArray[np.int64],
    line_v: tuple[float, float],
    window: Window,
) -> Floats:
    """Curves (DEGREE + 1, 3, 2, rows, inputs, 2) of the half cells in `state` on a die."""
    axes = [_axis(values) for values in (np.log(die.f_r), die.f_tmr, die.shift_v)]
    grids = [middle + half * _nodes(n) for (middle, half), n in zip(axes, NODES, strict=True)]
    f_r, f_tmr, shift = np.meshgrid(np.exp(grids[0]), grids[1], grids[2], indexing="ij")
    both = np.stack([np.zeros_like(f_r), np.ones_like(f_r)])
    cells = half_cells(design, both, f_r=f_r, f_tmr=f_tmr, shift_v=shift)
    table = cell_orders(cells, line_v, design.device.access.gate_v, window)
    bases = []
    for values, (middle, half), n in zip(
        (np.log(die.f_r), die.f_tmr, die.shift_v), axes, NODES, strict=True
    ):
        bases.append(chebyshev.chebvander((values - middle) / half, n - 1).reshape(-1, n))
    for place, n in enumerate(NODES):  # node values to coefficients, one axis at a time
        table = np.moveaxis(np.tensordot(_to_coefficients(n), table, (1, 4 + place)), 0, 4 + place)
    basis = np.einsum("ca,cb,cd->cabd", *bases).reshape(len(bases[0]), -1)
    picked = state.ravel()
    flat = table.reshape((DEGREE + 1) * 6, 2, -1)
    found = np.where(picked == 0, flat[:, 0] @ basis.T, flat[:, 1] @ basis.T)
    return np.asarray(found.reshape(DEGREE + 1, 3, 2, *state.shape))


def _axis(values: Floats) -> tuple[float, float]:
    """Middle and half width that hold all values."""
    low, high = float(values.min()), float(values.max())
    return 0.5 * (low + high), max(0.5 * (high - low), LEAST)


def _nodes(n: int) -> Floats:
    return np.asarray(np.cos(np.pi * (np.arange(n) + 0.5) / n))


def _to_coefficients(n: int) -> Floats:
    basis = chebyshev.chebvander(_nodes(n), n - 1).T * (2.0 / n)
    basis[0] *= 0.5
    return np.asarray(basis)
