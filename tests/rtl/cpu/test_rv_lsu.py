# SPDX-License-Identifier: Apache-2.0
"""test_rv_lsu : stores reach their bytes, loads come back extended, misalignment is seen."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer
from rtl_runner import RTL, run_icarus


@cocotb.test()
async def lanes_follow_a_byte_array(dut: Any) -> None:
    rng = random.Random(3)
    for _ in range(1500):
        size_log, offset, data = rng.randrange(3), rng.randrange(4), rng.getrandbits(32)
        size = 1 << size_log
        dut.i_x_funct3.value, dut.i_x_offset.value, dut.i_x_data.value = size_log, offset, data
        memory = bytearray(rng.randbytes(4))
        f3 = size_log | (4 if size < 4 and rng.random() < 0.5 else 0)
        aligned = offset // size * size
        dut.i_w_funct3.value, dut.i_w_offset.value = f3, aligned
        dut.i_w_rdata.value = int.from_bytes(memory, "little")
        await Timer(1, "ns")
        value = int.from_bytes(memory[aligned : aligned + size], "little", signed=f3 < 4)
        assert int(dut.o_w_data.value) == value & 0xFFFF_FFFF
        assert int(dut.o_x_misaligned.value) == (offset % size != 0)
        if offset % size:
            continue
        wanted = bytearray(memory)
        wanted[offset : offset + size] = (data & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        lanes = int(dut.o_x_wdata.value).to_bytes(4, "little")
        for k in range(4):
            if int(dut.o_x_be.value) >> k & 1:
                memory[k] = lanes[k]
        assert memory == wanted


def test_rv_lsu() -> None:
    run_icarus("rv_lsu", [RTL / "cpu/rv_lsu.v"], __file__)
