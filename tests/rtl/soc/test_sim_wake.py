# SPDX-License-Identifier: Apache-2.0
"""test_sim_wake : the wake line ends each time step changed exactly when a pin changed in it."""

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
    tb.drive(i_rst=1, i_pins=0)
    cocotb.start_soon(Clock(dut.i_clk, 10, unit="ns").start())
    for _ in range(3):
        await RisingEdge(dut.i_clk)
    dut.i_rst.value = 0
    pins, level, changes = 0, 0, 0
    for _ in range(2000):
        await RisingEdge(dut.i_clk)
        new = pins ^ (1 << tb.rng.randrange(width)) if maybe(tb.rng, 0.5) else pins
        dut.i_pins.value = new  # as a flop would: right after the edge
        await ReadOnly()
        toggled = int(dut.o_wake.value) != level
        assert toggled == (new != pins)
        level, pins, changes = int(dut.o_wake.value), new, changes + (new != pins)
    assert changes > 500


@pytest.mark.parametrize("width", [1, 454])
def test_sim_wake(width: int) -> None:
    run_icarus("sim_wake", [RTL / "sim/sim_wake.v"], __file__, parameters={"WIDTH": width})
