# SPDX-License-Identifier: Apache-2.0
"""ideal_column : one layer's columns solved exactly: cells, two lines, exact amplifier.

A line at u carries the sum of its cells' currents i(x - u, state) into the amplifier's resistors:

    I+:  sum i = (u - ref)/(R1 + R3)        n   = ref + (u - ref)*R3/(R1 + R3)
    I-:  sum i = (u - n)/R1                 out = n - (u - n)*R3/R1

With linear cells that is out = R3/(1 + g*R1)*(S+ - S-) when both lines have conductance g. A P cell
is linear; an AP cell follows sot_cell_read.va, so u is found by Newton (the sum falls with u).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim.design import Design
from cosim.errors import ConvergenceError
from cosim.mapping import cell_states

__all__ = ["Cell", "Column", "cell_of", "input_currents", "mtj_of", "solve_columns"]

Floats = NDArray[np.float64]
TOL_V = 1e-10
MAX_NEWTON = 40
FEW_LEVELS = 4  # so few different inputs (bits and bias) are counted instead of summed
TABLE_POINTS = 1 << 16
MARGIN_V = 0.1


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Read path: MTJ of `r_p_ohm` in series with `r_s_ohm`; `v_h_v` infinite for a linear cell."""

    r_p_ohm: float
    r_s_ohm: float
    tmr0: float
    v_h_v: float

    @property
    def g_p_s(self) -> float:
        """Conductance of a P cell."""
        return 1 / (self.r_p_ohm + self.r_s_ohm)

    @property
    def g_ap_s(self) -> float:
        """Conductance of an AP cell at zero bias."""
        return 1 / (self.r_p_ohm * (1 + self.tmr0) + self.r_s_ohm)

    def current_ap(self, volts: Floats) -> tuple[Floats, Floats]:
        """Current and conductance di/dv of an AP cell."""
        if np.isinf(self.v_h_v):
            return self.g_ap_s * volts, np.full_like(volts, self.g_ap_s)
        a, q = 1 + self.tmr0, self.r_s_ohm / self.r_p_ohm
        u = volts / self.v_h_v
        x = u / (1 + q * (1 + u * u) / (a + u * u))
        for _ in range(3):  # contracts by about q*TMR0/3 < 0.03 a turn
            y = x * x
            x = u / (1 + q * (1 + y) / (a + y))
        y = x * x
        ratio = (1 + y) / (a + y)
        inner = (ratio + 2 * y * (a - 1) / (a + y) ** 2) / self.r_p_ohm
        current = x * self.v_h_v * ratio / self.r_p_ohm
        return current, inner / (1 + inner * self.r_s_ohm)


def cell_of(design: Design) -> Cell:
    """The crossbars' cell: an MTJ with half of its strip in series, or a resistor of two values."""
    fixed = design.device.cell
    if fixed.kind == "fixed":
        tmr = fixed.r_high_ohm / fixed.r_low_ohm - 1
        return Cell(r_p_ohm=fixed.r_low_ohm, r_s_ohm=0.0, tmr0=tmr, v_h_v=float("inf"))
    return mtj_of(design)


def mtj_of(design: Design) -> Cell:
    """The MTJ with half of its strip in series, as neurons have it."""
    mtj = design.device.mtj
    area_um2 = 0.25 * np.pi * mtj.length_nm * mtj.width_nm * 1e-6
    return Cell(
        r_p_ohm=float(mtj.ra_ohm_um2 / area_um2),
        r_s_ohm=0.5 * mtj.r_hm_ohm,
        tmr0=mtj.tmr0,
        v_h_v=mtj.v_h_v if mtj.bias_dependent else float("inf"),
    )


@dataclass(frozen=True, kw_only=True)
class Column:
    """Solved columns, arrays (n, n_out): amplifier outputs, line voltages, currents.

    `ref_a` flows from the reference, `feedback_a` from the output into R3.
    """

    out_v: Floats
    plus_v: Floats
    minus_v: Floats
    ref_a: Floats
    feedback_a: Floats

    @property
    def line_w(self) -> float:
        """Power that flows from the amplifiers' resistors into the lines (negative: out)."""
        return float((self.plus_v * self.ref_a + self.minus_v * self.feedback_a).sum())


def solve_columns(
    x_v: Floats, weights: NDArray[np.int8], gain: float, ref_v: float, design: Design
) -> Column:
    """Columns of `weights` (n_in + 1, n_out) for line voltages `x_v` (n, n_in + 1)."""
    cell = cell_of(design)
    r1 = design.macro.amplifier.r1_ohm
    r3 = gain * r1
    ap_plus, ap_minus = (state.astype(bool) for state in cell_states(weights))
    end = np.full((len(x_v), weights.shape[1]), ref_v)
    plus_v = _line_v(x_v, ap_plus, end, r1 + r3, cell)
    n_v = ref_v + (plus_v - ref_v) * r3 / (r1 + r3)
    minus_v = _line_v(x_v, ap_minus, n_v, r1, cell)
    back_a = (minus_v - n_v) / r1
    return Column(
        out_v=n_v - back_a * r3,
        plus_v=plus_v,
        minus_v=minus_v,
        ref_a=(ref_v - plus_v) / (r1 + r3),
        feedback_a=-back_a,
    )


def input_currents(
    x_v: Floats, column: Column, weights: NDArray[np.int8], design: Design
) -> Floats:
    """Current from each input line into its cells, (n, n_in + 1)."""
    cell = cell_of(design)
    total = np.zeros_like(x_v)
    for state, line_v in zip(cell_states(weights), (column.plus_v, column.minus_v), strict=True):
        ap = state.astype(np.float64)
        total += cell.g_p_s * (x_v * (1 - ap).sum(axis=1) - line_v @ (1 - ap).T)
        for index in range(len(x_v)):
            current, _ = cell.current_ap(x_v[index][:, None] - line_v[index][None, :])
            total[index] += (current * ap).sum(axis=1)
    return total


def _line_v(x_v: Floats, ap: NDArray[np.bool_], end_v: Floats, r_end: float, cell: Cell) -> Floats:
    """Line voltages (n, n_out): cells from `x_v`, and `r_end` to `end_v`."""
    p = (~ap).astype(np.float64)
    sum_p, n_p, n_ap = x_v @ p, p.sum(axis=0), ap.sum(axis=0)
    g_end = 1 / r_end
    g_ap = cell.g_ap_s
    u = (cell.g_p_s * sum_p + g_ap * (x_v @ ap) + g_end * end_v) / (
        cell.g_p_s * n_p + g_ap * n_ap + g_end
    )
    if np.isinf(cell.v_h_v):
        return np.asarray(u)
    counts = _level_counts(x_v, ap)
    for _ in range(MAX_NEWTON):
        current, slope = _ap_sum(x_v, ap, u, cell, counts)
        error = cell.g_p_s * (sum_p - n_p * u) + current - g_end * (u - end_v)
        step = error / (cell.g_p_s * n_p + slope + g_end)
        u = u + step
        if np.abs(step).max(initial=0.0) < TOL_V:
            return np.asarray(u)
    raise ConvergenceError(f"column lines still move by {np.abs(step).max():.3g} V")


def _level_counts(x_v: Floats, ap: NDArray[np.bool_]) -> list[tuple[float, Floats]] | None:
    """How many AP cells of each column see each input level; None if levels are many."""
    levels = np.unique(x_v)
    if len(levels) > FEW_LEVELS:
        return None
    return [(float(level), (x_v == level).astype(np.float64) @ ap) for level in levels]


def _ap_sum(
    x_v: Floats,
    ap: NDArray[np.bool_],
    u: Floats,
    cell: Cell,
    counts: list[tuple[float, Floats]] | None,
) -> tuple[Floats, Floats]:
    """Sum over a column's AP cells of current and conductance, (n, n_out)."""
    current, slope = np.zeros_like(u), np.zeros_like(u)
    if counts is not None:
        for level, count in counts:
            i, g = cell.current_ap(level - u)
            current += count * i
            slope += count * g
        return current, slope
    reach_v = float(max(np.abs(x_v).max(), np.abs(u).max()))
    table = _ap_table(cell, round(2 * reach_v + MARGIN_V, 1))
    for col in range(ap.shape[1]):
        i, g = table.look_up(x_v[:, ap[:, col]] - u[:, col, None])
        current[:, col] = i.sum(axis=1)
        slope[:, col] = g.sum(axis=1)
    return current, slope


@dataclass(frozen=True, kw_only=True)
class _ApTable:
    """An AP cell's current as straight lines over a fine grid: error below 1e-9 of the current."""

    low_v: float
    per_v: float
    current_a: Floats
    slope_s: Floats

    def look_up(self, volts: Floats) -> tuple[Floats, Floats]:
        place = (volts - self.low_v) * self.per_v
        index = np.clip(place.astype(np.int32), 0, len(self.slope_s) - 1)
        slope = self.slope_s[index]
        return self.current_a[index] + slope * (volts - self.low_v - index / self.per_v), slope


@lru_cache(maxsize=8)
def _ap_table(cell: Cell, span_v: float) -> _ApTable:
    grid = np.linspace(-span_v, span_v, TABLE_POINTS)
    current, _ = cell.current_ap(grid)
    per_v = (TABLE_POINTS - 1) / (2 * span_v)
    return _ApTable(low_v=-span_v, per_v=per_v, current_a=current, slope_s=np.diff(current) * per_v)
