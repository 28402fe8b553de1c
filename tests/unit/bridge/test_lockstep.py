# SPDX-License-Identifier: Apache-2.0
"""test_lockstep : free-running circuits meet digital events at the picosecond, both ways of asking.

The digital side is a list of events in Python; the circuit is an RC in closed form.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from fake_rc import FakeRc, description, response_ps

from cosim.bridge.lockstep import NEVER_PS, LiveMacro, Lockstep
from cosim.errors import WorkerLostError


class Digital:
    """A digital simulator of one picosecond steps: planned events, pins, and what it saw."""

    def __init__(self) -> None:
        self.pins: dict[str, int] = {}
        self.planned: list[tuple[int, str, int]] = []
        self.react: Callable[[str, int, int], None] = lambda pin, level, t: None
        self.seen: list[tuple[str, int, int]] = []
        self.now = 0
        self.stops = 0
        self.lockstep: Lockstep | None = None

    def plan(self, t_ps: int, pin: str, level: int) -> None:
        self.planned.append((t_ps, pin, level))

    def macro(self, name: str, a: str, y: str, fault: str = "") -> LiveMacro:
        """A buffer from pin `a` to pin `y`."""
        macro = description()
        self.pins.setdefault(a, 0)
        self.pins.setdefault(y, 0)
        live = LiveMacro(
            name=name,
            engine=FakeRc(name, macro, fault),
            macro=macro,
            read=lambda: {"a": self.pins[a]},
            write=lambda _, level, t: self.plan(t, y, level),
        )
        live.start(0)
        return live

    def _step(self, t_ps: int) -> None:
        self.now = t_ps
        self.stops += 1
        while True:  # a reaction may act at the same time
            due = [event for event in self.planned if event[0] <= t_ps]
            if not due:
                return
            self.planned = [event for event in self.planned if event[0] > t_ps]
            for at, pin, level in due:
                assert at == t_ps, f"{pin} was written for {at}, it is {t_ps} already"
                if self.pins[pin] != level:
                    self.pins[pin] = level
                    self.seen.append((pin, level, t_ps))
                    self.react(pin, level, t_ps)

    def _next(self) -> int:
        return min((event[0] for event in self.planned), default=NEVER_PS)

    def run_named(self, macros: list[LiveMacro], end_ps: int) -> None:
        """As a simulator that can name its next event."""
        lockstep = Lockstep(lead_ps=1)
        lockstep.macros = macros
        self._step(0)
        while self.now < end_ps:
            stop = min(lockstep.end_of_step(self.now, self._next()), self._next(), end_ps)
            assert stop > self.now
            self._step(stop)

    def run_proposed(self, macros: list[LiveMacro], end_ps: int) -> None:
        """As a simulator that only wakes at a time or at a change."""
        lockstep = Lockstep(lead_ps=0)
        lockstep.macros = macros
        self._step(0)
        stop = lockstep.propose(0)
        while self.now < end_ps:
            t_ps = min(stop, self._next(), end_ps)
            self.now = t_ps
            lockstep.commit(t_ps)  # its crossings are written into this very step
            self._step(t_ps)
            stop = lockstep.propose(t_ps)


def random_edges(seed: int, count: int = 60) -> list[tuple[int, int]]:
    rng = random.Random(seed)
    t_ps, edges = 0, []
    for k in range(count):
        t_ps += rng.randint(3, 120)
        edges.append(((k + 1) % 2, t_ps))
    return edges


@pytest.fixture(params=["run_named", "run_proposed"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_crossing_is_seen_at_the_first_whole_picosecond(way: str, seed: int) -> None:
    edges = random_edges(seed)
    digital = Digital()
    macro = digital.macro("m", "a", "y")
    for level, t_ps in edges:
        digital.plan(t_ps, "a", level)
    getattr(digital, way)([macro], edges[-1][1] + 500)
    want = [(level, math.ceil(exact - 1e-6)) for level, exact in response_ps(edges)]
    assert [(level, t) for pin, level, t in digital.seen if pin == "y"] == want
    assert len(want) > 20


def test_a_ring_through_the_circuit_keeps_its_own_period(way: str) -> None:
    digital = Digital()
    macro = digital.macro("m", "a", "y")
    digital.react = lambda pin, level, t: digital.plan(t, "a", 1 - level) if pin == "y" else None
    digital.plan(5, "a", 1)
    getattr(digital, way)([macro], 2000)
    driven = [(level, t) for pin, level, t in digital.seen if pin == "a"]
    answered = [t for pin, _, t in digital.seen if pin == "y"]
    want = [math.ceil(exact - 1e-6) for _, exact in response_ps(driven[:-1])]
    assert answered[: len(want)] == want
    assert len(want) > 100


def test_two_circuits_in_a_row_do_not_pass_each_other(way: str) -> None:
    edges = random_edges(7, 30)
    digital = Digital()
    first, second = digital.macro("one", "a", "y"), digital.macro("two", "y", "z")
    for level, t_ps in edges:
        digital.plan(t_ps, "a", level)
    getattr(digital, way)([first, second], edges[-1][1] + 500)
    middle = [(level, t) for pin, level, t in digital.seen if pin == "y"]
    want = [(level, math.ceil(exact - 1e-6)) for level, exact in response_ps(middle)]
    assert [(level, t) for pin, level, t in digital.seen if pin == "z"] == want


def test_a_settled_circuit_sleeps_and_stops_nobody(way: str) -> None:
    digital = Digital()
    macro = digital.macro("m", "a", "y")
    digital.plan(10, "a", 1)
    digital.plan(9_000_000, "a", 0)
    getattr(digital, way)([macro], 9_001_000)
    engine = macro.engine
    assert isinstance(engine, FakeRc)
    assert engine.slept_ps > 8_900_000
    assert digital.stops < 400
    assert [t for pin, _, t in digital.seen if pin == "y"] == [18, 9_000_008]


def test_a_circuit_that_answers_late_is_an_error(way: str) -> None:
    digital = Digital()
    macro = digital.macro("m", "a", "y", fault="late")
    digital.plan(10, "a", 1)
    with pytest.raises(WorkerLostError, match=r"crossing of y at 15 ps was told at 18 ps.*macro=m"):
        getattr(digital, way)([macro], 200)


def test_a_circuit_that_did_not_stand_still_is_an_error() -> None:
    digital = Digital()
    macro = digital.macro("m", "a", "y")
    macro.t_ps = 50  # as if it had run past the change
    digital.pins["a"] = 1
    with pytest.raises(WorkerLostError, match="stands at 50 ps when its inputs change"):
        macro.take_inputs(20)


def test_pins_that_never_moved_are_named() -> None:
    digital = Digital()
    macro = digital.macro("m", "a", "y")
    digital.run_named([macro], 100)
    assert macro.warnings() == ["macro m: inputs that never toggled: a"]
