# SPDX-License-Identifier: Apache-2.0
"""levels : what a nominal row makes of a number of matches, and the threshold codes between them.

A row with n cells of which m match its inputs stands at V(m); a threshold of k matches is the code
nearest to the middle between V(k - 1) and V(k). In sums of spikes: sum(w s) >= T is the same as
m >= T + (number of -1 weights), since m = sum(w s) + that number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim.sttbsnn.cell import half_cells
from cosim.sttbsnn.curves import Window, current_curves, roots, values
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.held import Held

__all__ = ["Levels", "kind_curves", "match_levels", "matches", "solve_matches"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Levels:
    """`row_v[m]` at m matches, `row_a[m]` out of the read supply; references of the ladder."""

    row_v: Floats
    row_a: Floats
    low_v: float
    high_v: float
    bits: int

    @property
    def step_v(self) -> float:
        """One match, on average over the row's range."""
        return float((self.row_v[-1] - self.row_v[0]) / (len(self.row_v) - 1))

    @property
    def lsb_v(self) -> float:
        """One threshold code."""
        return (self.high_v - self.low_v) / (1 << self.bits)

    def trim(self, offset_v: Floats) -> Ints:
        """Codes to add to a row's threshold so that its latch's offset is spent."""
        return np.asarray(np.rint(offset_v / self.lsb_v), dtype=np.int64)

    def code_v(self, code: Ints | int) -> Floats:
        """Ladder output at a code."""
        share = np.asarray(code, float) / (1 << self.bits)
        return self.low_v + (self.high_v - self.low_v) * share

    def code(self, least: Ints | int) -> Ints:
        """Codes that let a row spike from `least` matches on; beyond the range: always, never."""
        n = len(self.row_v) - 1
        k = np.clip(np.asarray(least, np.int64), 0, n + 1)
        padded = np.concatenate(
            [[self.row_v[0] - self.step_v], self.row_v, [self.row_v[-1] + self.step_v]]
        )
        middle = 0.5 * (padded[k] + padded[k + 1])
        code: Floats = np.rint(
            (middle - self.low_v) / (self.high_v - self.low_v) * (1 << self.bits)
        )
        return np.asarray(np.clip(code, 0, (1 << self.bits) - 1), dtype=np.int64)

    def least(self, code: Ints | int) -> Ints:
        """Fewest matches that spike at a code: what `code` stands for in exact arithmetic."""
        found: Ints = np.searchsorted(self.row_v, self.code_v(code), side="right")
        return found


def matches(weights: NDArray[np.int8], spikes: NDArray[np.integer]) -> Ints:
    """Matches of rows `weights` (rows, n) with inputs (..., n): shape (..., rows)."""
    signs = 2 * np.asarray(spikes, np.int64) - 1
    found: Ints = (weights.shape[1] + signs @ weights.T.astype(np.int64)) // 2
    return found


def match_levels(design: BsnnDesign) -> Levels:
    """Levels of a nominal row of this design; solved once per design."""
    return _levels(design.digest(), Held(design))


@lru_cache(maxsize=64)
def _levels(digest: str, held: Held[BsnnDesign]) -> Levels:
    del digest
    design = held.value
    n = design.row.inputs
    match = np.arange(n + 1, dtype=float)
    v, upper = solve_matches(design, match)
    step = float((v[-1] - v[0]) / n)
    margin = design.threshold.margin_steps * step
    return Levels(
        row_v=v,
        row_a=upper,
        low_v=float(v[0] - margin),
        high_v=float(v[-1] + margin),
        bits=design.threshold.bits,
    )


def kind_curves(design: BsnnDesign, part: float = 1.0) -> tuple[Floats, Window]:
    """Curves (DEGREE + 1, 2 sources: read and 0, 2 states: P and AP) of nominal half cells."""
    row, window = design.row, Window.of(design, part)
    cells = half_cells(design, np.array([0.0, 1.0]), r_line_ohm=row.driver_ohm)
    gate_v = part * design.device.access.gate_v
    tops = (part * row.read_v, 0.0)
    kinds = [current_curves(cells, top_v, gate_v, window) for top_v in tops]
    return np.stack(kinds, axis=1), window


def solve_matches(design: BsnnDesign, match: Floats, part: float = 1.0) -> tuple[Floats, Floats]:
    """Source line and current out of the read supply at `match` matches, lines at `part`."""
    kinds, window = kind_curves(design, part)
    (high_p, high_ap), (low_p, low_ap) = kinds[:, 0].T, kinds[:, 1].T
    other = design.row.inputs - match
    upper = np.multiply.outer(high_p, match) + np.multiply.outer(high_ap, other)
    lower = np.multiply.outer(low_ap, match) + np.multiply.outer(low_p, other)
    v = roots(upper + lower, window)
    return v, values(upper, window.scaled(v))
