# SPDX-License-Identifier: Apache-2.0
"""test_clocked : a clocked macro meets its edges exactly, and nothing wrong passes in silence."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fake_engines import ON_W, SETTLE_PS, STANDBY_W, ClosedForm, expected_codes
from numpy.typing import NDArray

from cosim.bridge.clocked import ClockedMacro, Pins
from cosim.bridge.soc_config import MacroSpec, SocConfig
from cosim.bridge.soc_pins import MacroPins
from cosim.errors import CircuitError, ConvergenceError, RtlError, WorkerLostError
from cosim.mapping.packing import pack
from cosim.trace.events import Asleep, Evaluation, Programmed

SIZES = (20, 5, 4)
CLK = 1000
CONFIG = SocConfig(
    macros=(MacroSpec(name="m", kind="good", sizes=SIZES, pins=MacroPins(in_w=20, out_n=4)),),
    events="",
    convert_ps=400,
    settle_limit_ps=50_000,
)


class Bench:
    """Drives the pins of one macro edge by edge."""

    def __init__(self, fault: str = "", config: SocConfig = CONFIG) -> None:
        self.engines: list[ClosedForm] = []
        self.events: list[Any] = []
        rng = np.random.default_rng(3)
        self.weights = tuple(
            rng.choice([-1, 1], size=(a + 1, b)).astype(np.int8) for a, b in pairwise(SIZES)
        )

        def make() -> ClosedForm:
            self.engines.append(ClosedForm("m", SIZES, fault))
            return self.engines[-1]

        self.macro = ClockedMacro(0, config.macros[0], config, make=make, emit=self.events.append)
        self.t_ps = 0

    def edge(self, t_ps: int, **pins: int) -> int | None:
        self.t_ps = t_ps
        names = ("en", "inputs", "strobe", "prog_we", "prog_addr", "prog_data")
        changes = self.macro.edge(t_ps, Pins(**{name: pins.get(name, 0) for name in names}))
        assert all(change.t_ps == t_ps + CONFIG.convert_ps for change in changes)
        return changes[0].value if changes else None

    def program(self) -> None:
        for address, word in enumerate(pack(self.weights)):
            self.edge(self.t_ps + CLK, prog_we=1, prog_addr=address, prog_data=int(word))
            self.edge(self.t_ps + CLK, prog_addr=address, prog_data=int(word))

    def evaluate(self, bits: NDArray[np.int64], settle: int = 8, convert: int = 1) -> int | None:
        word = sum(int(bit) << i for i, bit in enumerate(bits))
        start = self.t_ps + 10 * CLK
        self.edge(start, en=1, inputs=word)
        codes = self.edge(start + settle * CLK, en=1, inputs=word, strobe=1)
        if convert > 1:
            self.edge(start + (settle + 1) * CLK, en=1, inputs=word)
        self.edge(start + (settle + convert) * CLK, inputs=word)
        return codes

    def evaluate_twice(self) -> None:
        for seed in range(2):
            self.evaluate(bits(seed))
            self.t_ps += 1_000_000

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def bits(seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 2, SIZES[0])


def test_codes_are_those_of_the_weights_and_inputs_on_the_pins() -> None:
    bench = Bench()
    bench.program()
    for seed in range(5):
        word = bench.evaluate(bits(seed), convert=1 + seed % 2)
        want = expected_codes(bench.weights, bits(seed))
        assert word == sum(code << (8 * j) for j, code in enumerate(want))
        assert list(bench.of(Evaluation)[-1].codes) == want


def test_an_engine_is_told_before_its_weights_what_will_come() -> None:
    class Asking(ClosedForm):
        def expect(self, inputs: tuple[NDArray[np.int64], ...]) -> None:
            assert not self.weights
            self.foreseen = inputs

    foreseen = [bits(1), bits(2)]
    words = tuple(f"{sum(int(b) << i for i, b in enumerate(row)):x}" for row in foreseen)
    spec = replace(CONFIG.macros[0], foreseen=words)
    engine = Asking("m", SIZES, "")
    bench = Bench(config=replace(CONFIG, macros=(spec,)))
    bench.macro._make = lambda: engine
    bench.program()
    np.testing.assert_array_equal(engine.foreseen, foreseen)
    assert bench.evaluate(foreseen[0]) is not None


def test_the_engine_stands_at_each_edge_when_it_is_told() -> None:
    bench = Bench()
    bench.program()
    bench.evaluate(bits(1))
    (done,) = bench.of(Evaluation)
    driven = [t for call, t in bench.engines[0].calls if call == "drive"]
    assert driven == [done.t_start_ps, done.t_done_ps]
    assert (done.t_strobe_ps, done.t_done_ps) == (
        done.t_start_ps + 8 * CLK,
        done.t_start_ps + 9 * CLK,
    )


def test_a_quiet_macro_sleeps_and_its_standby_is_billed() -> None:
    bench = Bench()
    bench.program()
    bench.evaluate(bits(1))
    off_ps = bench.t_ps
    bench.t_ps += 1_000_000_000
    bench.evaluate(bits(2))
    moved = [t for call, t in bench.engines[0].calls if call == "advance" and t > off_ps]
    assert sum(t < off_ps + 100_000 for t in moved) <= 1 + SETTLE_PS // CLK
    asleep = bench.of(Asleep)[-1]
    assert (asleep.t_begin_ps, asleep.t_end_ps) == (off_ps, bench.of(Evaluation)[1].t_start_ps)
    seconds = (asleep.t_end_ps - asleep.t_begin_ps) * 1e-12
    assert asleep.energy_j == pytest.approx(STANDBY_W * seconds, rel=1e-9)


def test_events_add_up_to_the_engines_total() -> None:
    bench = Bench()
    bench.program()
    for seed in range(3):
        bench.evaluate(bits(seed))
    (total,) = bench.macro.finish(bench.t_ps + 777_777)
    parts = [event.energy_j for event in bench.events if not isinstance(event, Programmed)]
    assert sum(parts) == pytest.approx(total.total_j, rel=1e-12)
    on = sum(e.t_done_ps - e.t_start_ps for e in bench.of(Evaluation)) * 1e-12 * ON_W
    assert sum(e.energy_j for e in bench.of(Evaluation)) == pytest.approx(on, rel=1e-9)


def test_new_weights_make_a_new_engine_and_keep_the_energy_of_the_old() -> None:
    bench = Bench()
    bench.program()
    bench.evaluate(bits(1))
    bench.weights = tuple(-layer for layer in bench.weights)
    bench.program()
    word = bench.evaluate(bits(1))
    want = expected_codes(bench.weights, bits(1))
    assert word == sum(code << (8 * j) for j, code in enumerate(want))
    assert len(bench.engines) == 2
    assert len(bench.macro.finish(bench.t_ps + CLK)) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "match"),
    [
        ("nan", ConvergenceError, r"converter code\[1\] gave nan V.*macro=m.*node=code\[1\]"),
        ("missing", ConvergenceError, r"converter code\[0\] gave no code"),
        ("stale", WorkerLostError, r"sampled at \d+ ps, the strobe was at"),
        ("short", WorkerLostError, r"answered for \d+ ps when asked for"),
        ("never settles", ConvergenceError, r"still moving 50000 ps after it was switched off"),
    ],
)
def test_a_wrong_answer_is_an_error_with_macro_and_time(
    fault: str, kind: type[CircuitError], match: str
) -> None:
    bench = Bench(fault)
    bench.program()
    with pytest.raises(kind, match=match) as caught:
        bench.evaluate_twice()
    assert caught.value.macro == "m"
    assert caught.value.t_ps is not None


def test_an_engine_that_crashes_is_a_lost_worker() -> None:
    bench = Bench()
    bench.program()
    bench.engines[0].weights = ()  # makes its sample fail inside
    with pytest.raises(WorkerLostError, match=r"engine failed: .*macro=m"):
        bench.evaluate(bits(0))


def test_broken_protocol_on_the_pins_is_an_rtl_error() -> None:
    bench = Bench()
    with pytest.raises(RtlError, match=r"before its weights: 0 of 14 program words"):
        bench.evaluate(bits(0))
    bench = Bench()
    bench.program()
    with pytest.raises(RtlError, match="strobe while it is switched off"):
        bench.edge(bench.t_ps + CLK, strobe=1)
    bench = Bench()
    bench.program()
    bench.edge(bench.t_ps + CLK, en=1)
    with pytest.raises(RtlError, match="switched off without a strobe"):
        bench.edge(bench.t_ps + CLK)
    bench = Bench()
    with pytest.raises(RtlError, match=r"program word 14 written, 20-5-4 has 14"):
        bench.edge(CLK, prog_we=1, prog_addr=14)


def test_codes_captured_before_the_conversion_ends_are_an_error() -> None:
    bench = Bench()
    bench.program()
    start = bench.t_ps + CLK
    bench.edge(start, en=1)
    bench.edge(start + 8 * CLK, en=1, strobe=1)
    with pytest.raises(RtlError, match=r"captured 300 ps after the strobe, conversion takes 400"):
        bench.edge(start + 8 * CLK + 300)


def test_dead_pins_are_reported() -> None:
    bench = Bench()
    assert "never evaluated" in bench.macro.report.warnings()[0]
    bench.program()
    for _ in range(2):
        bench.evaluate(bits(1))
    assert bench.macro.report.warnings() == (
        "macro m: its inputs never changed over all evaluations",
    )
    bench.evaluate(bits(2))
    assert not any("inputs" in line for line in bench.macro.report.warnings())
    bench.engines[0].clipped = {"code[2]"}
    bench.evaluate(bits(3))
    assert "out of the converters' range: code[2]" in bench.macro.report.warnings()[-1]
