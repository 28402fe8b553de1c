# SPDX-License-Identifier: Apache-2.0
"""fake_rc : an RC behind ramps, solved in closed form: the reference for everything about time.

v follows dv/dt = (u - v)/tau with u piecewise straight, so each piece is exact and crossings are
found by bisection. `a` is the input, `y` the asynchronous output; both may be buses of equal width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.pins import InputPin, MacroDescription, OutputPin
from cosim.analog.protocol import Advance, Crossing, Energy, Sample

__all__ = ["FakeRc", "description", "response_ps"]

TAU_PS, RAMP_PS, HIGH_V, LEVEL_V = 10.0, 2, 0.8, 0.4
SETTLE_V = 1e-4
STEPS_PS = (1, 3, 2, 7, 4)  # what it proposes, in turn


def description(width: int = 1) -> MacroDescription:
    """`width` independent RC buffers."""
    names = [(f"a[{i}]", f"y[{i}]") if width > 1 else ("a", "y") for i in range(width)]
    ports = " ".join(f"a{i} y{i}" for i in range(width))
    return MacroDescription(
        subckt="rc",
        netlist=f".subckt rc {ports}\n.ends\n",
        inputs=tuple(
            InputPin(name=a, node=f"a{i}", voh=HIGH_V, rise_ps=RAMP_PS, fall_ps=RAMP_PS, port="a")
            for i, (a, _) in enumerate(names)
        ),
        outputs=tuple(
            OutputPin(
                name=y, node=f"y{i}", rise_v=LEVEL_V, fall_v=LEVEL_V, asynchronous=True, port="y"
            )
            for i, (_, y) in enumerate(names)
        ),
    )


@dataclass
class _Line:
    """One RC: volts at `at_ps`, and the ramp that drives it."""

    v: float = 0.0
    at_ps: float = 0.0
    u0: float = 0.0
    u1: float = 0.0
    since_ps: float = 0.0

    def drive(self, t_ps: float, volts: float) -> None:
        self.v, self.at_ps = self.volts(t_ps), t_ps
        self.u0, self.u1, self.since_ps = self.input(t_ps), volts, t_ps

    def input(self, t_ps: float) -> float:
        part = min(max((t_ps - self.since_ps) / RAMP_PS, 0.0), 1.0)
        return self.u0 + (self.u1 - self.u0) * part

    def volts(self, t_ps: float) -> float:
        v, at = self.v, self.at_ps
        corner = self.since_ps + RAMP_PS
        if at < corner:  # on the ramp
            end = min(t_ps, corner)
            slope = (self.u1 - self.u0) / RAMP_PS
            a, s = self.input(at), end - at
            v = a + slope * s - slope * TAU_PS + (v - a + slope * TAU_PS) * math.exp(-s / TAU_PS)
            at = end
        if t_ps > at:
            v = self.u1 + (v - self.u1) * math.exp(-(t_ps - at) / TAU_PS)
        return v

    def crossing(self, from_ps: float, to_ps: float) -> float | None:
        """Time of the crossing of LEVEL_V in (from, to], by bisection; the curve is monotonic."""
        if (self.volts(from_ps) > LEVEL_V) == (self.volts(to_ps) > LEVEL_V):
            return None
        rising, lo, hi = self.volts(to_ps) > LEVEL_V, from_ps, to_ps
        for _ in range(80):
            middle = 0.5 * (lo + hi)
            if (self.volts(middle) > LEVEL_V) == rising:
                hi = middle
            else:
                lo = middle
        return hi


class FakeRc:
    """Engine protocol over `width` closed-form lines; checks every rule of time on the way."""

    engine = "closed-form"

    def __init__(self, name: str, macro: MacroDescription, fault: str = "") -> None:
        self.name, self.macro, self.fault = name, macro, fault
        self.lines = {pin.name: _Line() for pin in macro.inputs}
        self.pins = {a.name: y.name for a, y in zip(macro.inputs, macro.outputs, strict=True)}
        self.t_ps = -1
        self.levels: dict[str, int] = {}
        self.held_ps: int | None = None
        self.slept_ps = 0
        self.calls = 0
        self.closed = False

    def program(self, weights: object) -> None:
        raise NotImplementedError

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        assert self.t_ps < 0, "started twice"
        self.t_ps = t_ps
        for pin, level in levels.items():
            volts = HIGH_V * level
            self.lines[pin] = _Line(v=volts, at_ps=t_ps, u0=volts, u1=volts, since_ps=t_ps - 100)
            self.levels[self.pins[pin]] = level

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        assert t_ps == self.t_ps, f"driven at {t_ps}, time is {self.t_ps}"
        for pin, level in levels.items():
            self.lines[pin].drive(t_ps, HIGH_V * level)
        self.held_ps = None

    def _first(self, until_ps: int) -> float | None:
        times = [line.crossing(self.t_ps, until_ps) for line in self.lines.values()]
        return min((t for t in times if t is not None), default=None)

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        assert until_ps >= self.t_ps, f"back from {self.t_ps} to {until_ps}"
        assert self.held_ps is None or until_ps <= self.held_ps, "beyond what was proposed"
        self.calls += 1
        if self.fault == "crash" and self.calls > 3:
            raise ZeroDivisionError("broken on purpose")
        first = self._first(until_ps)
        end = until_ps if first is None else math.ceil(first - 1e-6)
        found = []
        for pin, line in self.lines.items():
            exact = line.crossing(self.t_ps, end)
            if exact is not None:
                level = int(line.volts(end) > LEVEL_V)
                late = 3 if self.fault == "late" else 0
                found.append(
                    Crossing(
                        pin=self.pins[pin],
                        level=level,
                        t_ps=end - late,
                        t_exact_s=exact * 1e-12,
                    )
                )
                self.levels[self.pins[pin]] = level
        self.t_ps, self.held_ps = end, None
        return Advance(t_ps=end, crossings=tuple(found), settled=self._settled())

    def _settled(self) -> bool:
        return all(
            abs(line.volts(self.t_ps) - line.u1) < SETTLE_V and self.t_ps >= line.since_ps + RAMP_PS
            for line in self.lines.values()
        )

    def propose(self, until_ps: int) -> int:
        assert until_ps > self.t_ps, "nothing to propose"
        step = STEPS_PS[self.calls % len(STEPS_PS)]
        self.calls += 1
        end = min(until_ps, self.t_ps + step)
        first = self._first(end)
        self.held_ps = end if first is None else math.ceil(first - 1e-6)
        return self.held_ps

    def sleep(self, t_ps: int) -> None:
        assert t_ps >= self.t_ps
        assert self._settled(), "asleep before it settled"
        self.slept_ps += t_ps - self.t_ps
        for line in self.lines.values():
            line.v, line.at_ps, line.since_ps = line.u1, float(t_ps), float(t_ps) - 100
            line.u0 = line.u1
        self.t_ps = t_ps

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        volts = {self.pins[pin]: line.volts(self.t_ps) for pin, line in self.lines.items()}
        return Sample(t_ps=self.t_ps, volts=volts, codes={})

    def energy(self) -> Energy:
        return Energy(t_ps=self.t_ps, total_j=0.0, by_supply={}, by_group={})

    def snapshot(self) -> Mapping[str, NDArray[np.float64]]:
        return {}

    def close(self) -> None:
        self.closed = True


def response_ps(edges: list[tuple[int, int]]) -> list[tuple[int, float]]:
    """(level, exact time in ps) of every crossing that `edges` of (level, time) cause."""
    line = _Line(at_ps=0.0, since_ps=-100.0)
    found = []
    for k, (level, t_ps) in enumerate(edges):
        line.drive(t_ps, HIGH_V * level)
        end = edges[k + 1][1] if k + 1 < len(edges) else t_ps + 1000
        exact = line.crossing(t_ps, end)
        if exact is not None:
            found.append((int(line.volts(end) > LEVEL_V), exact))
    return found
