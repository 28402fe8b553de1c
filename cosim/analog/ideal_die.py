# SPDX-License-Identifier: Apache-2.0
"""ideal_die : one layer's columns on a die: each cell has its own resistance, some links are open.

The node equations are those of ideal_column.py with an offset w of the op-amp, inn = inp + w, and
cells i(v; R_P, a), a = 1 + TMR or 1 (P). A row that is cut off floats where its cells' currents
cancel, and so does a tile's I line that is cut off; leaks are left out (0.8 nA against 30 uA).

Sums over cells that bend: where the row voltages are few levels (bits), a cell's current is a
Chebyshev series in the line's voltage, so a column's sum is one product of counts and coefficients;
elsewhere cells are evaluated one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from cosim.analog.ideal_column import Column, cell_of
from cosim.analog.variation import LayerDie
from cosim.design import Design
from cosim.errors import ConvergenceError
from cosim.mapping import bounds, column_bounds

__all__ = ["DieCells", "DieColumn", "die_cells", "solve_die_columns"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
TOL_V = 1e-10
MAX_NEWTON = 40
MAX_TURNS = 2000  # of floating rows: a turn gains little only where nearly all rows float
FEW_LEVELS = 4
ORDER = 26  # poles lie at 0.87 V from the real axis: the series ends below 1e-10 over +-0.8 V


@dataclass(frozen=True, kw_only=True)
class DieCells:
    """Cells (rows, cols): R_P, a; all behind `r_s`; `live` where they hang on the line."""

    r_p: Floats
    a: Floats
    live: Flags
    r_s: float
    v_h: float

    def current(self, volts: Floats, place: Any) -> tuple[Floats, Floats]:
        """Current and slope of the cells at `place` for volts that broadcast with them."""
        r_p, a = self.r_p[place], self.a[place]
        if np.isinf(self.v_h):
            g = 1 / (a * r_p + self.r_s)
            return volts * g, np.broadcast_to(g, volts.shape)
        q = self.r_s / r_p
        u = volts / self.v_h
        y = u * u
        for _ in range(4):  # contracts by about q*TMR/3 < 0.03 a turn
            x = u / (1 + q * (1 + y) / (a + y))
            y = x * x
        ratio = (1 + y) / (a + y)
        inner = (ratio + 2 * y * (a - 1) / (a + y) ** 2) / r_p
        return x * self.v_h * ratio / r_p, inner / (1 + inner * self.r_s)


@dataclass(frozen=True, kw_only=True)
class DieColumn(Column):
    """Columns on a die; `source_a()` (n, n_in + 1) flows out of each input line."""

    source_a: Callable[[], Floats]


class _LineSum:
    """Current and slope of all live cells of a line, as a function of its voltage (n, cols)."""

    def __init__(self, x_v: Floats, cells: DieCells, floating: Flags, span_v: float) -> None:
        self.x_v, self.cells, self.span_v = x_v, cells, span_v
        straight = cells.live & ((cells.a == 1) | np.isinf(cells.v_h))
        g = np.where(straight, 1 / (cells.a * cells.r_p + cells.r_s), 0.0)
        self.flow, self.g = x_v @ g, g.sum(axis=0)
        self.bent = cells.live & ~straight
        self.series: Floats | None = None
        fixed = np.flatnonzero(~floating)
        levels = np.unique(x_v[:1, fixed])
        if len(levels) <= FEW_LEVELS:
            levels = np.unique(x_v[:, fixed])
        if self.bent.any() and len(levels) <= FEW_LEVELS:
            self.series = self._count(fixed, levels)
            self.bent = self.bent & floating[:, None]
        self.rows = [np.flatnonzero(column) for column in self.bent.T]

    def _count(self, fixed: NDArray[np.int64], levels: Floats) -> Floats:
        """Chebyshev coefficients (ORDER, n, cols) of the columns' sums over the fixed rows."""
        nodes = chebyshev.chebpts1(ORDER)
        n, cols = len(self.x_v), self.cells.r_p.shape[1]
        found = np.zeros((n, cols * ORDER))
        on = self.bent[fixed][:, :, None]
        place = (fixed, slice(None), None)
        for level in levels:
            volts = np.broadcast_to(level - self.span_v * nodes, (len(fixed), cols, ORDER))
            current, _ = self.cells.current(volts, place)
            here = (self.x_v[:, fixed] == level).astype(np.float64)
            found += here @ (current * on).reshape(len(fixed), -1)
        basis = chebyshev.chebvander(nodes, ORDER - 1)
        series = np.einsum("kp,ncp->knc", np.linalg.inv(basis), found.reshape(n, cols, ORDER))
        return np.ascontiguousarray(series)

    def at(self, u: Floats) -> tuple[Floats, Floats]:
        """Sum of currents into the line, and its fall per volt of the line."""
        current, slope = self.flow - self.g * u, np.broadcast_to(self.g, u.shape).copy()
        if self.series is not None:
            value, fall = _clenshaw(self.series, u / self.span_v)
            current += value
            slope -= fall / self.span_v
        for col, rows in enumerate(self.rows):
            if len(rows):
                i, g = self.cells.current(self.x_v[:, rows] - u[:, col, None], (rows, col))
                current[:, col] += i.sum(axis=1)
                slope[:, col] += g.sum(axis=1)
        return current, slope

    def solve(self, end_v: Floats | float, g_end: float, start: Floats) -> Floats:
        """Line voltages: what the cells bring goes through `g_end` to `end_v`."""
        u = start
        for _ in range(MAX_NEWTON):
            current, slope = self.at(u)
            step = (current - g_end * (u - end_v)) / (slope + g_end)
            u = np.clip(u + step, -self.span_v, self.span_v)
            if float(np.abs(step).max(initial=0.0)) < TOL_V:
                return np.asarray(u)
        raise ConvergenceError("a column of engine ideal does not settle")


def _clenshaw(series: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Value and derivative by `t` of Chebyshev series (order, ...)."""
    b1 = b2 = d1 = d2 = np.zeros_like(t)
    for c in series[:0:-1]:
        b1, b2, d1, d2 = c + 2 * t * b1 - b2, b1, 2 * b1 + 2 * t * d1 - d2, d1
    return series[0] + t * b1 - b2, b1 + t * d1 - d2


def die_cells(
    weights: NDArray[np.int8], die: LayerDie, design: Design
) -> tuple[list[DieCells], NDArray[np.int64]]:
    """Cells on I+ and on I- of a layer, and the row partition of each row."""
    nominal, tile = cell_of(design), design.macro.tile
    parts = bounds(len(weights), tile.rows, tile.split)
    h_of_row = np.repeat(np.arange(len(parts)), [end - first for first, end in parts])
    a = 1 + die.states(weights) * die.tmr_factor * nominal.tmr0
    on_line = ~die.line_open[h_of_row]
    sides = [
        DieCells(
            r_p=nominal.r_p_ohm * die.r_factor[:, :, s],
            a=a[:, :, s],
            live=on_line[:, :, s],
            r_s=nominal.r_s_ohm,
            v_h=nominal.v_h_v,
        )
        for s in (0, 1)
    ]
    return sides, h_of_row


def solve_die_columns(
    x_v: Floats,
    weights: NDArray[np.int8],
    gain: float,
    ref_v: float,
    *,
    die: LayerDie,
    design: Design,
) -> DieColumn:
    """Columns of `weights` (rows, n_out) on a die for line voltages `x_v` (n, rows)."""
    n_out = weights.shape[1]
    r1 = design.macro.amplifier.r1_ohm
    r3 = gain * r1
    tile = design.macro.tile
    sides, h_of_row = die_cells(weights, die, design)
    plus_v, minus_v = np.empty((2, len(x_v), n_out))
    found: list[Callable[[], Floats]] = []
    for v, (col0, col1) in enumerate(column_bounds(n_out, tile.cols, tile.split)):
        tiles = _TileColumn(
            x_v=x_v,
            sides=[_cut(cells, slice(col0, col1)) for cells in sides],
            floating=die.row_open[:, v],
            h_of_row=h_of_row,
            ends=(r1, r3, ref_v),
            offset_v=die.amplifier_offset_v[0, col0:col1],
        )
        plus_v[:, col0:col1], minus_v[:, col0:col1], source_a = tiles.solve()
        found.append(source_a)
    n_v = ref_v + (plus_v - ref_v) * r3 / (r1 + r3) + die.amplifier_offset_v[0]
    back_a = (minus_v - n_v) / r1
    return DieColumn(
        out_v=n_v - back_a * r3,
        plus_v=plus_v,
        minus_v=minus_v,
        ref_a=(ref_v - plus_v) / (r1 + r3),
        feedback_a=-back_a,
        source_a=lambda: np.sum([source_a() for source_a in found], axis=0),
    )


def _cut(cells: DieCells, cols: slice) -> DieCells:
    return DieCells(
        r_p=cells.r_p[:, cols],
        a=cells.a[:, cols],
        live=cells.live[:, cols],
        r_s=cells.r_s,
        v_h=cells.v_h,
    )


@dataclass(kw_only=True)
class _TileColumn:
    """All tiles of one column partition: they share rows, and lines that are not cut off."""

    x_v: Floats
    sides: list[DieCells]
    floating: Flags
    h_of_row: NDArray[np.int64]
    ends: tuple[float, float, float]
    offset_v: Floats

    def solve(self) -> tuple[Floats, Floats, Callable[[], Floats]]:
        """Voltages of I+ and I- (n, cols); what gives the currents of the input lines."""
        r1, r3, ref_v = self.ends
        n, cols = len(self.x_v), self.sides[0].r_p.shape[1]
        span_v = float(max(np.abs(self.x_v).max(), abs(ref_v))) + float(
            np.abs(self.offset_v).max(initial=0.0)
        )
        x_v = self.x_v.copy()
        x_v[:, self.floating] = 0.0
        plus_v, minus_v = np.full((2, n, cols), ref_v)
        for _ in range(MAX_TURNS):
            plus, minus = (_LineSum(x_v, cells, self.floating, span_v) for cells in self.sides)
            plus_v = plus.solve(ref_v, 1 / (r1 + r3), plus_v)
            n_v = ref_v + (plus_v - ref_v) * r3 / (r1 + r3) + self.offset_v
            minus_v = minus.solve(n_v, 1 / r1, minus_v)
            lines = self._tile_lines(x_v, (plus_v, minus_v), span_v)
            moved = self._float_rows(x_v, lines)
            if moved < TOL_V:
                return plus_v, minus_v, partial(self._source_a, x_v, lines)
        raise ConvergenceError("floating rows of engine ideal do not settle")

    def _tile_lines(
        self, x_v: Floats, common: tuple[Floats, Floats], span_v: float
    ) -> list[list[Floats]]:
        """[side][h] line voltages (n, cols) inside each row partition."""
        found = []
        for cells, line_v in zip(self.sides, common, strict=True):
            parts = []
            for h in range(int(self.h_of_row[-1]) + 1):
                rows = self.h_of_row == h
                cut = ~cells.live[rows][0]
                inside = line_v
                if cut.any():
                    alone = DieCells(
                        r_p=cells.r_p[rows][:, cut],
                        a=cells.a[rows][:, cut],
                        live=np.ones((int(rows.sum()), int(cut.sum())), dtype=bool),
                        r_s=cells.r_s,
                        v_h=cells.v_h,
                    )
                    total = _LineSum(x_v[:, rows], alone, self.floating[rows], span_v)
                    inside = line_v.copy()
                    inside[:, cut] = total.solve(0.0, 0.0, line_v[:, cut])
                parts.append(inside)
            found.append(parts)
        return found

    def _float_rows(self, x_v: Floats, lines: list[list[Floats]]) -> float:
        """Move every floating row towards where its currents cancel; the largest move."""
        moved = 0.0
        for row in np.flatnonzero(self.floating):
            current, slope = np.zeros(len(x_v)), np.zeros(len(x_v))
            for cells, parts in zip(self.sides, lines, strict=True):
                volts = x_v[:, row, None] - parts[self.h_of_row[row]]
                i, g = cells.current(volts, (row,))
                current += i.sum(axis=1)
                slope += g.sum(axis=1)
            step = -current / slope
            x_v[:, row] += step
            moved = max(moved, float(np.abs(step).max(initial=0.0)))
        return moved

    def _source_a(self, x_v: Floats, lines: list[list[Floats]]) -> Floats:
        """Currents out of the input lines; a floating row takes none."""
        found = np.zeros_like(x_v)
        for row in np.flatnonzero(~self.floating):
            for cells, parts in zip(self.sides, lines, strict=True):
                volts = x_v[:, row, None] - parts[self.h_of_row[row]]
                found[:, row] += cells.current(volts, (row,))[0].sum(axis=1)
        return found
