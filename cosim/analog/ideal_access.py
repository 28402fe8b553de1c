# SPDX-License-Identifier: Apache-2.0
"""ideal_access : one layer's columns with an access transistor in every cell.

The node equations are those of ideal_column.py. A cell's current depends on the row's voltage and
on the line's, not on their difference alone: the transistor's resistance grows as its source rises
towards the gate. Both come from the measured transistor (tables_access.py).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from cosim.analog.ideal_die import DieColumn
from cosim.analog.tables_access import AccessCell, access_cell
from cosim.design import Design
from cosim.errors import ConvergenceError
from cosim.mapping import cell_states

__all__ = ["solve_access_columns"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
TOL_V = 1e-9
MAX_NEWTON = 40
FEW_LEVELS = 4


def solve_access_columns(
    x_v: Floats, weights: NDArray[np.int8], gain: float, ref_v: float, design: Design
) -> DieColumn:
    """Columns of `weights` (rows, n_out) for row voltages `x_v` (n, rows)."""
    cell = access_cell(design)
    r1 = design.macro.amplifier.r1_ohm
    r3 = gain * r1
    plus, minus = (_Line(x_v, state.astype(bool), cell) for state in cell_states(weights))
    plus_v = plus.solve(np.full((len(x_v), weights.shape[1]), ref_v), 1 / (r1 + r3))
    n_v = ref_v + (plus_v - ref_v) * r3 / (r1 + r3)
    minus_v = minus.solve(n_v, 1 / r1)
    back_a = (minus_v - n_v) / r1
    return DieColumn(
        out_v=n_v - back_a * r3,
        plus_v=plus_v,
        minus_v=minus_v,
        ref_a=(ref_v - plus_v) / (r1 + r3),
        feedback_a=-back_a,
        source_a=partial(_source_a, (plus, plus_v), (minus, minus_v)),
    )


def _source_a(*sides: tuple[_Line, Floats]) -> Floats:
    return np.asarray(np.sum([line.row_a(u) for line, u in sides], axis=0))


class _Line:
    """All cells of one side: `ap` (rows, cols) tells which are antiparallel."""

    def __init__(self, x_v: Floats, ap: Flags, cell: AccessCell) -> None:
        self.x_v, self.ap, self.cell = x_v, ap, cell
        levels = np.unique(x_v)
        self.counts: list[tuple[float, bool, Floats]] | None = None
        if len(levels) <= FEW_LEVELS:
            self.counts = [
                (float(level), state, (x_v == level).astype(float) @ (ap == state))
                for level in levels
                for state in (False, True)
            ]

    def cells(self, u: Floats) -> tuple[Floats, Floats]:
        """Current and slope of every cell, (n, rows, cols)."""
        row_v = self.x_v[:, :, None]
        volts = row_v - u[:, None, :]
        low, high = (self.cell.current_a(row_v, volts, state) for state in (False, True))
        return np.where(self.ap, high[0], low[0]), np.where(self.ap, high[1], low[1])

    def at(self, u: Floats) -> tuple[Floats, Floats]:
        """Sum of currents into the line (n, cols), and its fall per volt of the line."""
        if self.counts is None:
            current, slope = self.cells(u)
            return current.sum(axis=1), slope.sum(axis=1)
        total, fall = np.zeros_like(u), np.zeros_like(u)
        for level, state, count in self.counts:
            i, g = self.cell.current_a(np.array(level), level - u, state)
            total += count * i
            fall += count * g
        return total, fall

    def solve(self, end_v: Floats, g_end: float) -> Floats:
        """Line voltages: what the cells bring goes through `g_end` to `end_v`."""
        span_v = float(max(np.abs(self.x_v).max(), np.abs(end_v).max()))
        u = np.clip(end_v, -span_v, span_v)
        for _ in range(MAX_NEWTON):
            current, slope = self.at(u)
            step = (current - g_end * (u - end_v)) / (slope + g_end)
            u = np.clip(u + step, -span_v, span_v)
            if float(np.abs(step).max(initial=0.0)) < TOL_V:
                return np.asarray(u)
        raise ConvergenceError("a column of cells behind access transistors does not settle")

    def row_a(self, u: Floats) -> Floats:
        """Current out of each row into this side's cells, (n, rows)."""
        return np.asarray(self.cells(u)[0].sum(axis=2))
