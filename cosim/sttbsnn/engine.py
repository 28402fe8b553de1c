# SPDX-License-Identifier: Apache-2.0
"""engine : the macro without a simulator: source lines from a solver, thresholds and latches.

`ideal` takes nominal levels of a number of matches; `fast` the circuit of every cell. A change of
inputs is one solution; lines settle as one pole each; latches follow their equations in time. With
`noise` each strobe draws what its decisions see beside the lines, a Gaussian a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from cosim.analog.protocol import Advance, Crossing, Energy, Sample
from cosim.errors import CircuitError, ConvergenceError
from cosim.sttbsnn.ahead import Ahead
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie
from cosim.sttbsnn.latch import LatchRows
from cosim.sttbsnn.levels import Levels, match_levels, matches
from cosim.sttbsnn.lines import LineCosts, cached_line_costs, ladder_w
from cosim.sttbsnn.netlist import ENABLE, STROBE, input_pin, spike_pin, threshold_pin
from cosim.sttbsnn.pole import Pole
from cosim.sttbsnn.rows import rows_of
from cosim.sttbsnn.tile import build_tile

__all__ = ["BsnnEngine", "FastBsnn", "IdealBsnn"]

Floats = NDArray[np.float64]
Solve = Callable[[NDArray[np.int64]], tuple[Floats, float]]
SETTLED_V = 1e-5
AHEAD_PS = 64  # latches are stepped so far at a time
GROUPS = {"read": "cells", "lines": "lines", "latch": "latches", "threshold": "thresholds"}


class BsnnEngine:
    """One tile; `_solver` gives source lines (rows,) and the read supply's current for inputs."""

    engine = "none"

    def __init__(
        self,
        name: str,
        design: BsnnDesign,
        rows: int,
        die: BsnnDie | None,
        noise: np.random.Generator | None = None,
    ) -> None:
        self.name, self.design, self.rows = name, design, rows
        self.die, self._noise = die, noise
        self._noise_v = np.zeros(rows)  # of the present decision, at the latches' inputs
        self._now_ps: int | None = None
        self._solve: Solve | None = None
        self._levels: Levels | None = None
        self._bits = np.zeros(design.row.inputs, dtype=np.int64)
        self._codes = np.zeros((rows, design.threshold.bits), dtype=np.int64)
        self._enabled, self._strobe = 0, 0
        self._latches = LatchRows.at_rest(design, rows)
        self._sl = Pole.at(np.zeros(rows))
        self._threshold = Pole.at(np.zeros(rows))
        self._read: list[tuple[float, float]] = []  # watts of the read supply since a time
        self._threshold_w = 0.0
        self._joules = dict.fromkeys(GROUPS, 0.0)
        self._pins = {input_pin(i): i for i in range(design.row.inputs)}
        self._code_pins = {
            threshold_pin(r, k, design.threshold.bits): (r, k)
            for r in range(rows)
            for k in range(design.threshold.bits)
        }

    # -- what the kinds differ in --------------------------------------------------------------

    def _solver(self, weights: NDArray[np.int8], levels: Levels) -> Solve:
        raise NotImplementedError

    def _costs(self) -> LineCosts:
        return cached_line_costs(self.design, self.rows)

    def _offset_v(self) -> Floats:
        return np.zeros(self.rows) if self.die is None else self.die.offset_v

    # -- protocol ------------------------------------------------------------------------------

    def program(self, weights: tuple[Floats, ...]) -> None:
        """One layer (inputs + 1, rows) of -1 and +1, its bias row 0."""
        self._levels = match_levels(self.design)
        self._solve = self._solver(rows_of(weights, self.design, self.rows), self._levels)

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        self._take(levels)
        self._now_ps = t_ps
        self._threshold = Pole.at(self._threshold_v())
        self._threshold_w = self._thresholds_w()
        self._latches = LatchRows.at_rest(self.design, self.rows)
        sl_v, watts = self._goal()
        self._sl, self._read = Pole.at(sl_v), [(float(t_ps), watts)]
        if self._strobe:
            raise CircuitError("started with the strobe high", macro=self.name, t_ps=t_ps)

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        if t_ps != self._now():
            raise ValueError(f"{self.name}: drive at {t_ps} ps, but the time is {self._now_ps} ps")
        enabled, strobe = self._enabled, self._strobe
        bits, codes = self._bits.copy(), self._codes.copy()
        self._take(levels)
        middle_ps = t_ps + 0.5 * self.design.row.rise_ps
        if (codes != self._codes).any():
            tau = 1e12 * self.design.threshold.unit_ohm
            tau *= self.design.threshold.load_f + self.design.latch.input_f
            self._threshold = self._threshold.to(self._threshold_v(), middle_ps, tau)
            self._threshold_w = self._thresholds_w()
        if enabled != self._enabled or (self._enabled and (bits != self._bits).any()):
            self._lines(middle_ps, switched=enabled != self._enabled)
        if strobe != self._strobe:
            self._latches.strobe(t_ps, self._strobe)
            if self._strobe and self._noise is not None:
                sigma_v = self.design.variation.noise_v
                self._noise_v = sigma_v * self._noise.standard_normal(self.rows)

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        now_ps = self._now()
        if until_ps < now_ps:
            raise ValueError(f"{self.name}: cannot go back from {now_ps} to {until_ps} ps")
        crossings: list[Crossing] = []
        while now_ps < until_ps:
            if not self._listening(now_ps):
                now_ps = self._bill(now_ps, until_ps)
                break
            most = min(AHEAD_PS, until_ps - now_ps)
            done_ps, spikes = self._latches.run(now_ps, most, self._input_v)
            now_ps = self._bill(now_ps, now_ps + done_ps)
            crossings += [
                Crossing(
                    pin=spike_pin(s.row),
                    level=s.level,
                    t_ps=math.ceil(s.t_ps),
                    t_exact_s=s.t_ps * 1e-12,
                )
                for s in sorted(spikes, key=lambda s: s.t_ps)
            ]
            if crossings and stop_on_crossing:
                break
        self._now_ps = now_ps
        return Advance(t_ps=now_ps, crossings=tuple(crossings), settled=self._settled())

    def propose(self, until_ps: int) -> int:
        """As far as no latch moves; then to the first crossing."""
        if until_ps <= self._now() or not self._listening(self._now()):
            return max(until_ps, self._now())
        trial = copy(self)
        trial._latches, trial._joules = self._latches.copy(), dict(self._joules)
        trial._read = list(self._read)
        return trial.advance(until_ps).t_ps

    def sleep(self, t_ps: int) -> None:
        if not self._settled():
            raise ConvergenceError(
                "asked to sleep before the circuit had settled", macro=self.name, t_ps=t_ps
            )
        self.advance(t_ps)

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        volts = {spike_pin(r): float(self._latches.q_v[r]) for r in range(self.rows)}
        unknown = [pin for pin in pins if pin not in volts]
        if unknown:
            raise KeyError(f"{self.name}: no output pin {unknown[0]}")
        return Sample(t_ps=self._now(), volts=volts, codes={}, layers=self.snapshot())

    def energy(self) -> Energy:
        joules = {**self._joules, "latch": self._latches.joules}
        groups: dict[str, float] = {}
        for supply, value in joules.items():
            groups[GROUPS[supply]] = groups.get(GROUPS[supply], 0.0) + value
        return Energy(
            t_ps=self._now(), total_j=sum(joules.values()), by_supply=joules, by_group=groups
        )

    def snapshot(self) -> Mapping[str, Floats]:
        t_ps = float(self._now())
        return {
            "sl": self._sl.volts(t_ps),
            "threshold": self._threshold.volts(t_ps),
            "latch": self._latches.w_v.copy(),
        }

    def close(self) -> None:
        """Nothing runs, so nothing ends."""

    # -- helpers -------------------------------------------------------------------------------

    def _now(self) -> int:
        if self._now_ps is None:
            raise CircuitError("the engine has not been started", macro=self.name)
        return self._now_ps

    def _take(self, levels: Mapping[str, int]) -> None:
        for name, level in levels.items():
            if name == ENABLE:
                self._enabled = int(level)
            elif name == STROBE:
                self._strobe = int(level)
            elif name in self._pins:
                self._bits[self._pins[name]] = int(level)
            elif name in self._code_pins:
                self._codes[self._code_pins[name]] = int(level)
            else:
                raise KeyError(f"{self.name}: no input pin {name}")

    def _programmed(self) -> tuple[Solve, Levels]:
        if self._solve is None or self._levels is None:
            raise CircuitError("not programmed", macro=self.name, t_ps=self._now_ps)
        return self._solve, self._levels

    def _goal(self) -> tuple[Floats, float]:
        """Where source lines go, and watts of the read supply there."""
        if not self._enabled:
            return np.zeros(self.rows), 0.0
        sl_v, read_a = self._programmed()[0](self._bits)
        return sl_v, read_a * self.design.row.read_v

    def _lines(self, middle_ps: float, *, switched: bool) -> None:
        """The lines change at `middle_ps`: goals, watts, and what the change itself costs."""
        sl_v, watts = self._goal()
        costs, row = self._costs(), self.design.row
        if switched and self._enabled:
            self._joules["read"] += costs.read_on_j
            self._joules["lines"] += costs.lines_on_j
        elif switched:
            self._joules["read"] += costs.read_off_j
            self._joules["lines"] += costs.lines_off_j
        else:  # lines that are lifted now
            self._joules["read"] += costs.read_on_j * 0.5
        tau_s = costs.sl_f * (row.ground_ohm if not self._enabled else costs.row_ohm)
        self._sl = self._sl.to(sl_v, middle_ps, 1e12 * (tau_s + costs.word_s))
        self._read.append((middle_ps, watts))

    def _threshold_v(self) -> Floats:
        weights = 1 << np.arange(self._codes.shape[1])
        return self._programmed()[1].code_v(self._codes @ weights)

    def _thresholds_w(self) -> float:
        levels = self._programmed()[1]
        return sum(ladder_w(self.design, levels.low_v, levels.high_v, bits) for bits in self._codes)

    def _input_v(self, times_ps: Floats) -> Floats:
        across_v = self._sl.over(times_ps) - self._threshold.over(times_ps)
        return across_v + self._offset_v() + self._noise_v

    def _listening(self, t_ps: int) -> bool:
        """Whether a latch moves, or may yet."""
        return self._latches.moving or bool(self._strobe and not self._quiet(t_ps))

    def _quiet(self, t_ps: int) -> bool:
        return self._sl.left_v(t_ps) < SETTLED_V and self._threshold.left_v(t_ps) < SETTLED_V

    def _settled(self) -> bool:
        now_ps = self._now()
        pending = any(since > now_ps for since, _ in self._read)
        return not self._latches.moving and self._quiet(now_ps) and not pending

    def _bill(self, from_ps: int, to_ps: int) -> int:
        self._joules["threshold"] += self._threshold_w * (to_ps - from_ps) * 1e-12
        while len(self._read) > 1 and self._read[1][0] <= from_ps:
            self._read.pop(0)
        ends = [*(since for since, _ in self._read[1:]), math.inf]
        for (since, watts), end in zip(self._read, ends, strict=True):
            span_ps = min(to_ps, end) - max(from_ps, since)
            if span_ps > 0:
                self._joules["read"] += watts * span_ps * 1e-12
        return to_ps


class IdealBsnn(BsnnEngine):
    """Exact arithmetic: every row stands at the level of its number of matches."""

    engine = "ideal"

    def _solver(self, weights: NDArray[np.int8], levels: Levels) -> Solve:
        def solve(bits: NDArray[np.int64]) -> tuple[Floats, float]:
            found = matches(weights, bits)
            return levels.row_v[found], float(levels.row_a[found].sum())

        return solve

    def _offset_v(self) -> Floats:
        return np.zeros(self.rows)


class FastBsnn(BsnnEngine):
    """Every cell with its spread, bit lines shared by the rows."""

    engine = "fast"
    _foreseen: Sequence[NDArray[np.int64]] = ()

    def expect(self, inputs: Sequence[NDArray[np.int64]]) -> None:
        """Inputs (inputs,) that will probably come, in their order; before `program`."""
        self._foreseen = inputs

    def _solver(self, weights: NDArray[np.int8], levels: Levels) -> Solve:
        del levels
        return Ahead(build_tile(weights, self.design, self.die), self._foreseen).solve
