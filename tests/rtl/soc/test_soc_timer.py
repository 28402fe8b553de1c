# SPDX-License-Identifier: Apache-2.0
"""test_soc_timer : mtime counts and takes writes, the line follows mtime >= mtimecmp."""

from __future__ import annotations

from typing import Any

import cocotb
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

FULL, LOW = (1 << 64) - 1, (1 << 32) - 1


@cocotb.test()
async def registers_and_line_follow_integers(dut: Any) -> None:
    tb = Bench(dut, seed=6)
    await tb.reset(i_bus_wr=0, i_bus_index=0, i_bus_wdata=0)
    mtime, mtimecmp, irq, rises = 0, FULL, 0, 0
    for _ in range(6000):
        write, index = maybe(tb.rng, 0.05), tb.rng.randrange(4)
        value = tb.rng.choice((0, LOW, LOW - 3, mtime + 5 & LOW, mtime >> 32, mtime + 40 & LOW))
        tb.drive(i_bus_wr=int(write), i_bus_index=index, i_bus_wdata=value)
        await tb.settled()
        halves = (mtime & LOW, mtime >> 32, mtimecmp & LOW, mtimecmp >> 32)
        tb.check(o_time=mtime, o_irq=irq, o_bus_rdata=halves[index])
        await tb.edge()
        rises += not irq and mtime >= mtimecmp
        irq = int(mtime >= mtimecmp)
        counted = (mtime + 1) & FULL
        if write and index == 0:
            mtime = mtime >> 32 << 32 | value
        elif write and index == 1:
            mtime = mtime & LOW | value << 32
        else:
            mtime = counted
        if write and index == 2:
            mtimecmp = mtimecmp >> 32 << 32 | value
        if write and index == 3:
            mtimecmp = mtimecmp & LOW | value << 32
    assert rises > 20, rises


def test_soc_timer() -> None:
    run_icarus("soc_timer", [RTL / "soc/soc_timer.v"], __file__)
