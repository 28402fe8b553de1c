# SPDX-License-Identifier: Apache-2.0
"""test_rv_counters : counters count, stop when inhibited, and take writes half by half."""

from __future__ import annotations

from typing import Any

import cocotb
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

FULL = (1 << 64) - 1
LOW = (1 << 32) - 1


@cocotb.test()
async def counters_follow_integers(dut: Any) -> None:
    tb = Bench(dut, seed=11)
    await tb.reset(i_retire=0, i_we=0, i_wdata=0)
    cycle = instret = inhibit = 0
    for _ in range(4000):
        retire, we = maybe(tb.rng, 0.6), 0
        if maybe(tb.rng, 0.1):
            we = 1 << tb.rng.randrange(5)
        value = tb.rng.choice((LOW, LOW - 1, tb.rng.getrandbits(32)))
        tb.drive(i_retire=int(retire), i_we=we, i_wdata=value)
        await tb.settled()
        tb.check(o_cycle=cycle, o_instret=instret, o_inhibit=inhibit)
        await tb.edge()
        before = inhibit
        if we & 1:
            cycle = cycle >> 32 << 32 | value
        elif we & 2:
            cycle = cycle & LOW | value << 32
        elif not before & 1:
            cycle = (cycle + 1) & FULL
        if we & 4:
            instret = instret >> 32 << 32 | value
        elif we & 8:
            instret = instret & LOW | value << 32
        elif retire and not before & 4:
            instret = (instret + 1) & FULL
        if we & 16:
            inhibit = value & 5


def test_rv_counters() -> None:
    run_icarus("rv_counters", [RTL / "cpu/rv_counters.v"], __file__)
