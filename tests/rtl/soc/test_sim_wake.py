# SPDX-License-Identifier: Apache-2.0
"""test_sim_wake : the wake line toggles in a step in which a pin changed or a pulse began."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe


@cocotb.test()
async def wake_toggles_in_the_step_of_the_change(dut: Any) -> None:
    tb = Bench(dut, seed=7)
    width = len(dut.i_pins)
    pulse_width = len(dut.i_pulses)
    tb.drive(i_rst=1, i_pins=0, i_pulses=0)
    cocotb.start_soon(Clock(dut.i_clk, 10, unit="ns").start())
    for _ in range(3):
        await RisingEdge(dut.i_clk)
    dut.i_rst.value = 0
    pins, pulses, level, changes, falls = 0, 0, 0, 0, 0
    for _ in range(2000):
        await RisingEdge(dut.i_clk)
        new = pins ^ (1 << tb.rng.randrange(width)) if maybe(tb.rng, 0.5) else pins
        beat = tb.rng.getrandbits(pulse_width) if maybe(tb.rng, 0.3) else 0
        dut.i_pins.value = new  # as a flop would: right after the edge
        dut.i_pulses.value = beat
        await ReadOnly()
        toggled = int(dut.o_wake.value) != level
        assert toggled == (new != pins or beat & ~pulses != 0)
        falls += not toggled and pulses & ~beat != 0
        level, pins, pulses = int(dut.o_wake.value), new, beat
        changes += toggled
    assert changes > 500
    assert falls > 50  # a pulse's end wakes nobody


@pytest.mark.parametrize(("width", "pulses"), [(1, 1), (404, 2)])
def test_sim_wake(width: int, pulses: int) -> None:
    parameters = {"WIDTH": width, "PULSES": pulses}
    run_icarus("sim_wake", [RTL / "sim/sim_wake.v"], __file__, parameters=parameters)
