# SPDX-License-Identifier: Apache-2.0
"""test_soc_devices : console, exit and marks announce each store once, one cycle later."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 1000


@cocotb.test()
async def console_hands_on_every_byte(dut: Any) -> None:
    tb = Bench(dut, seed=3)
    await tb.reset(i_bus_wr=0, i_bus_wdata=0)
    stored: int | None = None
    for _ in range(CYCLES):
        write, value = maybe(tb.rng, 0.5), tb.rng.randrange(256)
        tb.drive(i_bus_wr=int(write), i_bus_wdata=value)
        await tb.settled()
        tb.check(o_console_valid=int(stored is not None))
        if stored is not None:
            tb.check(o_console_data=stored)
        await tb.edge()
        stored = value if write else None


@cocotb.test()
async def exit_keeps_the_first_code(dut: Any) -> None:
    tb = Bench(dut, seed=4)
    for _ in range(10):
        await tb.reset(i_bus_wr=0, i_bus_wdata=0)
        code: int | None = None
        for _ in range(60):
            write, value = maybe(tb.rng, 0.06), tb.rng.getrandbits(32)
            tb.drive(i_bus_wr=int(write), i_bus_wdata=value)
            await tb.settled()
            tb.check(o_exit_valid=int(code is not None), o_exit_code=code or 0)
            await tb.edge()
            if write and code is None:
                code = value


@cocotb.test()
async def marks_open_and_close(dut: Any) -> None:
    tb = Bench(dut, seed=5)
    await tb.reset(i_bus_wr=0, i_bus_close=0, i_bus_wdata=0)
    stored: tuple[bool, int] | None = None
    for _ in range(CYCLES):
        write, close, region = maybe(tb.rng, 0.5), maybe(tb.rng, 0.5), tb.rng.getrandbits(16)
        tb.drive(i_bus_wr=int(write), i_bus_close=int(close), i_bus_wdata=region)
        await tb.settled()
        tb.check(o_mark_open=int(stored is not None and not stored[0]))
        tb.check(o_mark_close=int(stored is not None and stored[0]))
        if stored is not None:
            tb.check(o_mark_id=stored[1])
        await tb.edge()
        stored = (close, region) if write else None


@pytest.mark.parametrize(
    ("module", "case"),
    [
        ("soc_console", "console_hands_on_every_byte"),
        ("soc_exit", "exit_keeps_the_first_code"),
        ("soc_mark", "marks_open_and_close"),
    ],
)
def test_soc_devices(module: str, case: str) -> None:
    run_icarus(module, [RTL / f"soc/{module}.v"], __file__, testcase=case)
