# SPDX-License-Identifier: Apache-2.0
"""test_xif_issue : which instructions are taken, which operands are awaited, when prog stalls."""

from __future__ import annotations

import random
from typing import Any

import cocotb
import pytest
from cocotb.triggers import Timer
from rtl_runner import RTL, run_icarus
from xif.bench import expect

from cosim import regmap

N_RANDOM = 2500
BY_F3 = {op.funct3: op for op in regmap.INSTRUCTIONS}
PROG = next(op.funct3 for op in regmap.INSTRUCTIONS if op.name == "prog")


def encode(rng: random.Random, f3: int, rd: int) -> int:
    """An instruction of ours with random operand register numbers."""
    registers = rng.getrandbits(10)
    return registers << 15 | f3 << 12 | rd << 7 | regmap.OPCODE_CUSTOM0


async def check(dut: Any, n_macro: int, drive: dict[str, int]) -> None:
    """Apply one combination and compare every output with the tables of regmap."""
    for name, value in drive.items():
        getattr(dut, name).value = value
    await Timer(1, "ns")
    instr, valid = drive["i_xif_issue_instr"], drive["i_xif_issue_valid"]
    rs_valid = drive["i_xif_register_rs_valid"]
    ours = instr & 0x7F == regmap.OPCODE_CUSTOM0 and instr >> 25 == 0
    op = BY_F3[instr >> 12 & 7]
    needs = (1 if op.rs1 else 0) | (2 if op.rs2 else 0)
    rd = instr >> 7 & 31
    writes = ours and op.rd is not None and rd != 0
    stalled = False
    if op.funct3 == PROG:
        target = drive["i_xif_register_rs2"]
        target_busy = target < n_macro and bool(drive["i_macro_prog_busy"] >> target & 1)
        stalled = target_busy or not drive["i_queue_empty"]
    take = needs & rs_valid == needs and not drive["i_queue_full"] and not stalled
    expect("ready", dut.o_xif_issue_ready, int(valid and (not ours or take)))
    expect("accept", dut.o_xif_issue_accept, int(ours))
    expect("writeback", dut.o_xif_issue_writeback, int(writes))
    expect("register_read", dut.o_xif_issue_register_read, needs if ours else 0)
    expect("push", dut.o_queue_push, int(valid and ours and take))
    if valid and ours and take:
        expect("id", dut.o_queue_id, drive["i_xif_issue_id"])
        expect("f3", dut.o_queue_f3, op.funct3)
        expect("rd", dut.o_queue_rd, rd)
        expect("we", dut.o_queue_we, int(writes))
        expect("rs1", dut.o_queue_rs1, drive["i_xif_register_rs1"])
        expect("rs2", dut.o_queue_rs2, drive["i_xif_register_rs2"])


@cocotb.test()
async def decode_and_stalls_follow_the_register_map(dut: Any) -> None:
    """Random instructions, near misses of our encoding, every stall reason."""
    rng = random.Random(1)
    n_macro = len(dut.i_macro_prog_busy)
    for _ in range(N_RANDOM):
        instr = encode(rng, rng.randrange(8), rng.choice((0, 0, rng.randrange(32))))
        miss = rng.randrange(6)
        if miss == 0:
            instr ^= 1 << rng.choice((0, 1, 2, 3, 4, 5, 6, 25, 26, 27, 28, 29, 30, 31))
        elif miss == 1:
            instr = rng.getrandbits(32)
        full = rng.random() < 0.2
        await check(
            dut,
            n_macro,
            {
                "i_xif_issue_valid": int(rng.random() < 0.9),
                "i_xif_issue_instr": instr,
                "i_xif_issue_id": rng.randrange(16),
                "i_xif_register_rs1": rng.getrandbits(32),
                "i_xif_register_rs2": rng.choice((rng.getrandbits(32), rng.randrange(4))),
                "i_xif_register_rs_valid": rng.choice((3, 3, rng.randrange(4))),
                "i_queue_full": int(full),
                "i_queue_empty": int(not full and rng.random() < 0.6),
                "i_macro_prog_busy": rng.getrandbits(n_macro),
            },
        )


@pytest.mark.parametrize("n_macro", [1, 2, 3])
def test_xif_issue(n_macro: int) -> None:
    run_icarus("xif_issue", [RTL / "xif/xif_issue.v"], __file__, parameters={"N_MACRO": n_macro})
