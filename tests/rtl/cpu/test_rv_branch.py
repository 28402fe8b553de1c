# SPDX-License-Identifier: Apache-2.0
"""test_rv_branch : branches go where and when the ISA says, odd targets are reported."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer
from rtl_runner import RTL, run_icarus

TAKEN = {
    0: lambda eq, lt, ltu: eq,
    1: lambda eq, lt, ltu: not eq,
    4: lambda eq, lt, ltu: lt,
    5: lambda eq, lt, ltu: not lt,
    6: lambda eq, lt, ltu: ltu,
    7: lambda eq, lt, ltu: not ltu,
}


@cocotb.test()
async def branches_and_jumps_decide_and_add(dut: Any) -> None:
    rng = random.Random(2)
    for _ in range(1500):
        kind = rng.choice(("branch", "jump", "none"))
        f3 = rng.choice(list(TAKEN))
        eq, lt, ltu = rng.choice(((1, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)))
        base, imm = rng.getrandbits(32), rng.getrandbits(32)
        dut.i_branch.value, dut.i_jump.value = kind == "branch", kind == "jump"
        dut.i_funct3.value = f3
        dut.i_eq.value, dut.i_lt_signed.value, dut.i_lt_unsigned.value = eq, lt, ltu
        dut.i_base.value, dut.i_imm.value = base, imm
        await Timer(1, "ns")
        address = (base + imm) & 0xFFFF_FFFF
        taken = kind == "jump" or (kind == "branch" and bool(TAKEN[f3](eq, lt, ltu)))
        assert int(dut.o_address.value) == address
        assert int(dut.o_jump_target.value) == address & ~1
        assert int(dut.o_taken.value) == taken
        assert int(dut.o_misaligned.value) == (taken and bool(address & 2))


def test_rv_branch() -> None:
    run_icarus("rv_branch", [RTL / "cpu/rv_branch.v"], __file__)
