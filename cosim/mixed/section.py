# SPDX-License-Identifier: Apache-2.0
"""section : the analog part of one layer in time: rows on, columns settling, rows off.

A section takes digital inputs, its enable and time, and says the volts of every column's hold
capacitor. `QuickSection` stands on operating points (rest.py): lines follow their sources within
picoseconds, so that what moves are ladders and buffers (hidden rows, one pole each), op-amps
(diff_amp.va's equation, each with the feedback of its own column) and hold capacitors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cosim.analog.ideal_column import cell_of
from cosim.analog.tables_delay import BUFFER_INPUT_F
from cosim.analog.variation import Die
from cosim.errors import CircuitError, ConvergenceError
from cosim.mapping import Mapping as Stack
from cosim.mapping import bounds, cell_states
from cosim.mixed.design import MixedDesign
from cosim.mixed.rest import SUPPLIES, Rest, RestSolver

__all__ = ["Bill", "QuickSection", "Section", "feedback_shares"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STEP_S = 1e-12
REST_V = 1e-6  # nothing moves by more than this any longer


@dataclass(frozen=True, kw_only=True)
class Bill:
    """Joules by supply, and what of them became heat of cells and wires."""

    joules: Mapping[str, float]
    cells_j: float
    wires_j: float


class Section(Protocol):
    """The analog part of one layer; times in ps, never backwards."""

    def start(self, t_ps: int) -> None:
        """Off and at rest at `t_ps`."""
        ...

    def drive(self, t_ps: int, enabled: bool, codes: Ints) -> None:
        """Enable and inputs (bits, or DAC codes) from now on; `t_ps` is the present time."""
        ...

    def advance(self, until_ps: int, grid_ps: int = 0) -> bool:
        """Move to `until_ps`; whether it has settled there."""
        ...

    def sleep(self, t_ps: int) -> None:
        """Jump to `t_ps`, settled as it is."""
        ...

    def hold_v(self) -> Floats:
        """Hold capacitors (height, n_out) now."""
        ...

    def bill(self) -> Bill:
        """What its supplies delivered so far."""
        ...

    def close(self) -> None:
        """End whatever runs."""
        ...


class QuickSection:
    """Operating points and what moves between them; without `timed` all follows at once."""

    def __init__(
        self, solve: RestSolver, shares: Floats, design: MixedDesign, *, hidden: bool, timed: bool
    ) -> None:
        self._solve, self._shares, self._design = solve, shares, design
        self._hidden, self._timed = hidden, timed
        self._now_ps: int | None = None
        self._enabled = False
        self._codes: Ints | None = None
        self._rest: Rest | None = None
        self._ramp_ps = 0  # of the present ramp, still to come
        self._goal = np.zeros_like(shares)
        self._from = np.zeros_like(shares)  # columns' goals move from here
        self._follow = np.zeros(3)  # ladder, buffer, line: shares of the way from `_from`
        self._out, self._hold = np.zeros_like(shares), np.zeros_like(shares)
        self._joules = dict.fromkeys(SUPPLIES, 0.0)
        self._cells_j = self._wires_j = 0.0

    def start(self, t_ps: int) -> None:
        self._now_ps = t_ps

    def drive(self, t_ps: int, enabled: bool, codes: Ints) -> None:
        if t_ps != self._now():
            raise ValueError(f"drive at {t_ps} ps, but the time is {self._now_ps} ps")
        same = self._codes is not None and np.array_equal(codes, self._codes)
        if enabled == self._enabled and (same or not enabled):
            return
        rise_ps = self._design.macro.driver.rise_ps
        if enabled:
            self._from = self._goal
            self._rest = self._solve(codes[None])
            self._goal, self._follow = self._rest.column_v[0], np.zeros(3)
            self._ramp_ps = 0 if self._enabled else rise_ps
        else:  # supplies fall: power with the square of the ramp, then nothing is left
            self._pay(rise_ps * 1e-12 / 3)
            self._rest, self._ramp_ps = None, 0
            self._goal, self._from = np.zeros_like(self._goal), np.zeros_like(self._goal)
            self._out, self._hold = np.zeros_like(self._goal), np.zeros_like(self._goal)
        if not self._timed:
            self._out, self._hold = self._goal.copy(), self._goal.copy()
            self._ramp_ps = 0
        self._enabled, self._codes = enabled, codes.copy()

    def advance(self, until_ps: int, grid_ps: int = 0) -> bool:
        del grid_ps
        left_ps = until_ps - self._now()
        if left_ps < 0:
            raise ValueError(f"cannot go back from {self._now_ps} to {until_ps} ps")
        if self._rest is not None:
            ramp_ps = min(left_ps, self._ramp_ps)
            if ramp_ps:  # supplies rise: power with the square of the ramp
                whole = self._design.macro.driver.rise_ps
                ends = (np.array([whole - self._ramp_ps, whole - self._ramp_ps + ramp_ps])) / whole
                self._pay(float(ends[1] ** 3 - ends[0] ** 3) / 3 * whole * 1e-12)
            self._pay((left_ps - ramp_ps) * 1e-12)
            self._move(left_ps)
        self._now_ps = until_ps
        return self._settled()

    def sleep(self, t_ps: int) -> None:
        if not self._settled():
            raise ConvergenceError("asked to sleep before the columns had settled", t_ps=t_ps)
        self.advance(t_ps)

    def hold_v(self) -> Floats:
        return self._hold.copy()

    def bill(self) -> Bill:
        return Bill(joules=dict(self._joules), cells_j=self._cells_j, wires_j=self._wires_j)

    def close(self) -> None:
        """Nothing runs, so nothing ends."""

    # -- helpers -------------------------------------------------------------------------------

    def _now(self) -> int:
        if self._now_ps is None:
            raise CircuitError("a section has not been started")
        return self._now_ps

    def _settled(self) -> bool:
        moved = np.abs(self._goal - self._hold).max() + np.abs(self._goal - self._out).max()
        return bool(moved < REST_V)

    def _pay(self, seconds: float) -> None:
        if self._rest is None:
            return
        for supply, watts in self._rest.watts.items():
            self._joules[supply] += float(watts[0]) * seconds
        self._cells_j += float(self._rest.cells_w[0]) * seconds
        self._wires_j += float(self._rest.wires_w[0]) * seconds

    def _move(self, duration_ps: int) -> None:
        """Midpoint steps of a picosecond, as long as anything moves."""
        macro, dac = self._design.macro, self._design.mixed.dac
        amplifier, converter = macro.amplifier, macro.converter
        ladder_s = dac.unit_ohm * BUFFER_INPUT_F
        buffer_s = 1 / (2 * np.pi * macro.buffer.bw_hz)
        pull = 2 * np.pi * amplifier.gbw_hz / amplifier.slew_v_per_s * self._shares
        hold_s = converter.ron_ohm * converter.hold_f
        whole = macro.driver.rise_ps
        for _ in range(duration_ps):
            done = 1.0 if self._ramp_ps <= 0 else 1 - (self._ramp_ps - 0.5) / whole
            self._ramp_ps = max(self._ramp_ps - 1, 0)
            follow = self._follow
            if self._hidden:
                follow[0] += (done - follow[0]) * STEP_S / (ladder_s + 0.5 * STEP_S)
                follow[1] += (follow[0] - follow[1]) * STEP_S / (buffer_s + 0.5 * STEP_S)
                follow[2] = follow[1]
            else:
                follow[2] = done
            goal = self._from + (self._goal - self._from) * follow[2]
            half = self._out + 0.5 * STEP_S * amplifier.slew_v_per_s * np.tanh(
                pull * (goal - self._out)
            )
            self._out = self._out + STEP_S * amplifier.slew_v_per_s * np.tanh(pull * (goal - half))
            share = STEP_S / (hold_s + 0.5 * STEP_S)
            self._hold = self._hold + share * (half - self._hold)
            if done == 1.0 and self._settled():
                self._out, self._hold = self._goal.copy(), self._goal.copy()
                return


def feedback_shares(
    stack: Stack, layer: int, design: MixedDesign, die: Die | None = None
) -> Floats:
    """What an op-amp's input sees of its own output's distance from rest, (height, n_out).

    The resistors' share, and what comes back through the minus line, whose cells hold it.
    """
    weights, tile = stack.weights[layer], design.macro.tile
    cell, r1 = cell_of(design), design.macro.amplifier.r1_ohm
    r3 = design.gain(layer, len(stack.weights)) * r1
    end_s = 1 / (r1 + r3)
    _, minus = cell_states(weights)
    g_s = np.where(minus == 1, cell.g_ap_s, cell.g_p_s)
    if die is not None:
        own = die.layers[layer]
        more = own.states(weights)[:, :, 1] * cell.tmr0 * own.tmr_factor[:, :, 1]
        g_s = 1 / (cell.r_p_ohm * own.r_factor[:, :, 1] * (1 + more) + cell.r_s_ohm)
    lines_s = np.stack(
        [g_s[a:b].sum(axis=0) for a, b in bounds(len(weights), tile.rows, tile.split)]
    )
    if die is not None:
        lines_s = np.where(die.layers[layer].line_open[:, :, 1], 0.0, lines_s)
    return np.asarray(r1 * end_s + r3 * end_s * end_s / (lines_s + end_s))
