# SPDX-License-Identifier: Apache-2.0
"""test_clocked_spikes : asynchronous codes come at their own picosecond, or are an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from fake_engines import ClosedForm

from cosim.analog.protocol import Advance, Crossing, Sample
from cosim.bridge.clocked import ClockedMacro, Pins
from cosim.bridge.soc_config import MacroSpec, SocConfig
from cosim.bridge.soc_pins import MacroPins
from cosim.errors import ConvergenceError, RtlError
from cosim.mapping.packing import pack
from cosim.trace.events import Evaluation

CLK, ROWS = 1000, 3
PINS = MacroPins(
    shell=2, in_w=4, aux_w=2, out_n=ROWS, out_bits=1, aux_pin="th[{}]", strobe_pin="strobe",
    code_pin="spike[{}]", asynchronous=True, decided="latch", decided_v=0.5,
)  # fmt: skip
FALL_PS = 40


class Spiking(ClosedForm):
    """Row r spikes `delays[r]` after the strobe and falls FALL_PS after it; None never spikes."""

    def __init__(self, delays: tuple[int | None, ...]) -> None:
        super().__init__("m", (4, ROWS), "")
        self.delays, self.latch = delays, np.full(ROWS, 1.0)
        self.pending: list[tuple[int, int, int]] = []
        self.driven: list[tuple[int, dict[str, int]]] = []

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        super().drive(t_ps, levels)
        self.driven.append((t_ps, dict(levels)))
        if levels.get("strobe") == 1:
            rows = [(t_ps + d, r, 1) for r, d in enumerate(self.delays) if d is not None]
            self.pending = sorted(rows)
        elif levels.get("strobe") == 0:
            up = [r for r, d in enumerate(self.delays) if d is not None]
            self.pending = [(t_ps + FALL_PS, r, 0) for r in up]

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        now = [each for each in self.pending if each[0] <= until_ps]
        t_ps = now[0][0] if now else until_ps
        found = [each for each in now if each[0] == t_ps]
        self.pending = [each for each in self.pending if each not in found]
        super().advance(t_ps, grid_ps=grid_ps, stop_on_crossing=stop_on_crossing)
        return Advance(
            t_ps=t_ps,
            crossings=tuple(
                Crossing(pin=f"spike[{r}]", level=level, t_ps=t, t_exact_s=t * 1e-12)
                for t, r, level in found
            ),
            settled=not self.pending,
        )

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        volts = {f"spike[{r}]": float(d is not None) for r, d in enumerate(self.delays)}
        return Sample(t_ps=self.t_ps, volts=volts, codes={})

    def snapshot(self) -> dict[str, Any]:
        return {"latch": self.latch}


class Bench:
    """Drives the pins of one macro edge by edge and keeps the changes of its codes."""

    def __init__(self, *delays: int | None, grid_ps: int = 0) -> None:
        self.events: list[Any] = []
        self.engine = Spiking(delays)
        spec = MacroSpec(name="m", kind="", sizes=(4, ROWS), pins=PINS)
        config = SocConfig(macros=(spec,), events="", clock_ps=CLK, grid_ps=grid_ps)
        self.macro = ClockedMacro(
            0, spec, config, make=lambda: self.engine, emit=self.events.append
        )
        self.changes: list[tuple[int, int, int]] = []
        weights = np.ones((5, ROWS), np.int8)
        for address, word in enumerate(pack([weights])):
            self.edge(CLK * (address + 1), prog_we=1, prog_addr=address, prog_data=int(word))

    def edge(self, t_ps: int, **pins: int) -> None:
        names = ("en", "inputs", "aux", "strobe", "prog_we", "prog_addr", "prog_data")
        given = Pins(**{name: pins.get(name, 0) for name in names})
        self.keep(t_ps, self.macro.edge(t_ps, given))

    def keep(self, known_ps: int, changes: tuple[Any, ...]) -> None:
        assert all(change.t_ps > known_ps for change in changes)
        self.changes += [(c.t_ps, c.mask, c.value) for c in changes]

    def follow(self, until_ps: int) -> None:
        """What the coordinator does between edges at which nothing is told."""
        while (known_ps := self.macro.listening_ps) is not None and known_ps < until_ps:
            self.keep(known_ps, self.macro.listen())

    def step(self, t_ps: int, sense: int = 1) -> None:
        self.edge(t_ps, en=1, inputs=5, aux=2)
        self.edge(t_ps + CLK, en=1, inputs=5, aux=2, strobe=1)
        self.follow(t_ps + (1 + sense) * CLK)
        self.edge(t_ps + (1 + sense) * CLK)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_every_spike_comes_at_its_own_time_and_falls_after_the_strobe() -> None:
    bench = Bench(117, None, 300)
    bench.step(10_000)
    rise, fall = 11_000, 12_000 + FALL_PS
    assert bench.changes == [(rise + 117, 1, 1), (rise + 300, 4, 4), (fall, 1, 0), (fall, 4, 0)]
    (event,) = bench.of(Evaluation)
    assert event.codes == (1, 0, 1)
    assert (event.t_start_ps, event.t_strobe_ps, event.t_done_ps) == (10_000, 11_000, 12_000)
    assert bench.macro.listening_ps is None


def test_the_engine_gets_inputs_thresholds_and_strobe_at_their_edges() -> None:
    bench = Bench(50, 60, 70)
    bench.step(10_000)
    assert bench.engine.driven == [
        (10_000, {"en": 1, "in[0]": 1, "in[2]": 1, "th[1]": 1}),
        (11_000, {"strobe": 1}),
        (12_000, {"en": 0, "strobe": 0}),
    ]


@pytest.mark.parametrize("grid_ps", [0, 250, 300])
def test_a_slow_decision_is_found_however_far_it_is_looked_ahead(grid_ps: int) -> None:
    bench = Bench(None, 2345, None, grid_ps=grid_ps)
    bench.step(10_000, sense=3)
    assert bench.changes[0] == (13_345, 2, 2)
    assert bench.of(Evaluation)[0].codes == (0, 1, 0)


def test_what_is_not_decided_when_it_is_captured_is_an_error() -> None:
    bench = Bench(100, None, 100)
    bench.engine.latch = np.array([1.0, 0.2, 1.0])
    with pytest.raises(ConvergenceError, match=r"spike\[1\] is not decided .*0\.2 V of 0\.5 V"):
        bench.step(10_000)
    bench = Bench(None, None, CLK)
    with pytest.raises(ConvergenceError, match="changed as it was captured"):
        bench.step(10_000)
    bench = Bench(None, None, None)
    bench.engine.latch = np.array([1.0, float("nan"), 1.0])
    with pytest.raises(ConvergenceError, match=r"spike\[1\] is not decided"):
        bench.step(10_000)


def test_a_code_that_moves_without_a_strobe_is_an_error() -> None:
    bench = Bench(None, None, None)
    bench.edge(10_000, en=1, inputs=1)
    bench.engine.pending = [(10_500, 1, 1)]
    with pytest.raises(ConvergenceError, match=r"spike\[1\] changed outside a strobe"):
        bench.edge(11_000, en=1, inputs=1, strobe=1)


def test_a_strobe_without_enable_is_an_rtl_error() -> None:
    bench = Bench(1, 1, 1)
    with pytest.raises(RtlError, match="strobe while it is switched off"):
        bench.edge(10_000, strobe=1)


def test_the_run_may_end_where_codes_were_followed_ahead() -> None:
    bench = Bench(10, 20, 30)
    bench.step(10_000)
    (energy,) = bench.macro.finish(12_100)
    assert energy.t_ps >= 12_100
    assert energy.total_j > 0
