# SPDX-License-Identifier: Apache-2.0
"""test_soc_ram : both ports of the memory follow one byte array."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from cocotb.clock import Clock
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe


@cocotb.test()
async def ports_follow_a_byte_array(dut: Any) -> None:
    tb = Bench(dut, seed=1)
    size = 4 * int(dut.WORDS.value)
    memory = bytearray(tb.rng.randbytes(size))
    tb.drive(i_instr_valid=0, i_data_valid=0, i_data_we=0)
    cocotb.start_soon(Clock(dut.i_clk, 10, unit="ns").start())
    await tb.edge()
    for address in range(0, size, 4):  # every word is written once
        word = int.from_bytes(memory[address : address + 4], "little")
        tb.drive(i_data_valid=1, i_data_we=1, i_data_addr=address, i_data_be=15, i_data_wdata=word)
        await tb.edge()
    instr = data = None
    for _ in range(2000):
        fetch, access, write = (maybe(tb.rng, chance) for chance in (0.7, 0.7, 0.5))
        where = tb.rng.randrange(0, size, 4)
        at = where if maybe(tb.rng, 0.3) else tb.rng.randrange(0, size, 4)
        be, wdata = tb.rng.randrange(16), tb.rng.getrandbits(32)
        tb.drive(i_instr_valid=int(fetch), i_instr_addr=at + tb.rng.randrange(4))
        tb.drive(i_data_valid=int(access), i_data_we=int(write), i_data_be=be)
        tb.drive(i_data_addr=where + tb.rng.randrange(4), i_data_wdata=wdata)
        await tb.settled()
        if instr is not None:
            tb.check(o_instr_rdata=instr)
        if data is not None:
            tb.check(o_data_rdata=data)
        await tb.edge()
        if fetch:  # a write of the same cycle is not seen yet
            instr = int.from_bytes(memory[at : at + 4], "little")
        if access and not write:
            data = int.from_bytes(memory[where : where + 4], "little")
        if access and write:
            for k in range(4):
                if be >> k & 1:
                    memory[where + k] = wdata >> 8 * k & 255


@pytest.mark.parametrize("words", [16, 100])
def test_soc_ram(words: int) -> None:
    run_icarus("soc_ram", [RTL / "soc/soc_ram.v"], __file__, parameters={"WORDS": words})
