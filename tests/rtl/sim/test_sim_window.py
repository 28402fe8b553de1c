# SPDX-License-Identifier: Apache-2.0
"""test_sim_window : the window is open exactly when its plusargs say, kind by kind."""

from __future__ import annotations

import json
import os
from typing import Any

import cocotb
import pytest
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge, Timer
from cocotb.utils import get_sim_time
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

PERIOD_PS = 10_000
WANT_ENV = "WINDOW"


class Model:
    """The same rules, one edge at a time."""

    def __init__(self, want: dict[str, int]) -> None:
        self.want, self.region, self.pin = want, False, False
        self.until_ps, self.edge_ps, self.before = 0, 0, 0

    def rises(self, pins: int) -> bool:
        mask = 1 << self.want.get("window_pin", 9)
        return bool(pins & mask & ~self.before)

    def now(self, t_ps: int, pins: int) -> bool:
        """Whether the window is open at `t_ps`, inside a cycle."""
        return self.region or self.pin or self.rises(pins) or self.timed(t_ps)

    def edge(self, t_ps: int, opened: int | None, closed: int | None, pins: int) -> None:
        """An edge comes; `pins` are as they were before it."""
        want = self.want
        if opened is not None and opened == want.get("window_open"):
            self.region = True
        if closed is not None and closed == want.get("window_close"):
            self.region = False
        if self.rises(pins):
            self.until_ps = self.edge_ps + want["window_ps"]
            self.pin = t_ps < self.until_ps
        elif self.pin and t_ps >= self.until_ps:
            self.pin = False
        self.before, self.edge_ps = pins, t_ps

    def timed(self, t_ps: int) -> bool:
        want = self.want
        if "window_from_ps" not in want:
            return False
        return want["window_from_ps"] <= t_ps < want.get("window_to_ps", 1 << 62)


@cocotb.test()
async def open_as_the_model_says(dut: Any) -> None:
    want = json.loads(os.environ[WANT_ENV])
    tb, model = Bench(dut, seed=5), Model(want)
    await tb.reset(i_mark_open=0, i_mark_close=0, i_mark_id=0, i_pins=0)
    model.edge_ps = round(get_sim_time("ps"))
    opened = 0
    for _ in range(1500):
        ident, pins = tb.rng.randrange(4), tb.rng.randrange(16) if maybe(tb.rng, 0.3) else 0
        verb = tb.rng.choice((None, None, "open", "close"))
        tb.drive(
            i_mark_open=verb == "open", i_mark_close=verb == "close", i_mark_id=ident, i_pins=pins
        )
        await FallingEdge(dut.i_clk)
        await ReadOnly()
        now = model.now(round(get_sim_time("ps")), pins)
        assert int(dut.o_open.value) == now
        opened += now
        await RisingEdge(dut.i_clk)
        t_ps = round(get_sim_time("ps"))
        mark = (ident if verb == "open" else None, ident if verb == "close" else None)
        model.edge(t_ps, *mark, pins)
        await ReadOnly()
        assert int(dut.o_open.value) == model.now(t_ps, pins), t_ps
        await Timer(1, "ps")
    assert 0 < opened < 1500


@cocotb.test()
async def a_time_window_opens_to_the_picosecond(dut: Any) -> None:
    want = json.loads(os.environ[WANT_ENV])
    for edge, level in (("window_from_ps", 1), ("window_to_ps", 0)):
        now_ps = round(get_sim_time("ps"))
        await Timer(want[edge] - 1 - now_ps, "ps")
        await ReadOnly()
        assert int(dut.o_open.value) == 1 - level
        await Timer(1, "ps")
        await ReadOnly()
        assert int(dut.o_open.value) == level


WINDOWS = {
    "region": {"window_open": 1, "window_close": 2},
    "one region": {"window_open": 3, "window_close": 3},
    "pin": {"window_pin": 2, "window_ps": 35_000},
    "time": {"window_from_ps": 123_457, "window_to_ps": 3_000_001},
    "from a time on": {"window_from_ps": 5_000_000},
}


def run(kind: str, testcase: str) -> None:
    run_icarus(
        "sim_window",
        [RTL / "sim/sim_window.v"],
        __file__,
        testcase=testcase,
        plusargs=[f"+{key}={value}" for key, value in WINDOWS[kind].items()],
        extra_env={WANT_ENV: json.dumps(WINDOWS[kind])},
        timescale=("1ps", "1ps"),
    )


@pytest.mark.parametrize("kind", WINDOWS)
def test_sim_window(kind: str) -> None:
    run(kind, "open_as_the_model_says")


def test_sim_window_to_the_picosecond() -> None:
    run("time", "a_time_window_opens_to_the_picosecond")
