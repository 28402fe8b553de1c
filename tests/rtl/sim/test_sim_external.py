# SPDX-License-Identifier: Apache-2.0
"""test_sim_external : words come and go after the latency asked for, at the rate asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench

WORDS = 1024


async def burst(tb: Bench, write: bool, at: int, data: list[int]) -> list[int]:
    """One request; the cycles, counted from its acceptance, in which its words moved."""
    dut, cycles = tb.dut, []
    tb.drive(i_valid=1, i_we=int(write), i_addr=4 * at, i_len=len(data))
    await tb.settled()
    tb.check(o_ready=1)
    await tb.edge()
    tb.drive(i_valid=0, i_wvalid=int(write), i_rready=int(not write))
    since = 0
    while len(cycles) < len(data):
        tb.drive(i_wdata=data[len(cycles)])
        await tb.settled()
        since += 1
        tb.check(o_ready=0)
        if int((dut.o_wready if write else dut.o_rvalid).value):
            if not write:
                tb.check(o_rdata=data[len(cycles)])
            cycles.append(since)
        await tb.edge()
    tb.drive(i_wvalid=0, i_rready=0)
    return cycles


@cocotb.test()
async def latency_and_rate_are_kept(dut: Any) -> None:
    tb = Bench(dut, seed=1)
    await tb.reset(i_valid=0, i_we=0, i_addr=0, i_len=0, i_wvalid=0, i_wdata=0, i_rready=0)
    latency = int(cocotb.plusargs["external_latency"])
    rate = int(cocotb.plusargs["external_rate"])
    first = [0x1111_0000 + k for k in range(8)]  # of the file
    assert (await burst(tb, False, 0, first))[0] == latency
    for at, length in ((8, 256), (1000, 24), (500, 1)):
        data = [tb.rng.getrandbits(32) for _ in range(length)]
        for write in (True, False):
            cycles = await burst(tb, write, at, data)
            due = [latency + -(-k * 1024 // rate) for k in range(length)]
            assert cycles == due
    await tb.settled()
    tb.check(o_ready=1, o_rvalid=0, o_wready=0)


@pytest.mark.parametrize(("latency", "rate"), [(1, 1024), (60, 1024), (7, 600), (100, 130)])
def test_sim_external(tmp_path: Path, latency: int, rate: int) -> None:
    image = tmp_path / "external.hex"
    image.write_text("@0\n" + "\n".join(f"{0x1111_0000 + k:08x}" for k in range(8)) + "\n")
    run_icarus(
        "sim_external",
        [RTL / "sim/sim_external.v"],
        __file__,
        parameters={"WORDS": WORDS},
        plusargs=[f"+external={image}", f"+external_latency={latency}", f"+external_rate={rate}"],
    )
