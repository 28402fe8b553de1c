# SPDX-License-Identifier: Apache-2.0
"""test_rv_decode : known encodings get their control word, all others go to the co-processor."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer
from cpu.asm import BRANCHES, CSR_OPS, FIXED, I_TYPE, LOADS, R_TYPE, SHIFTS, STORES, encode
from cpu.control_word import bits_of
from rtl_runner import RTL, run_icarus

MASK = 0xFFFF_FFFF
KINDS = {
    **{name: {"WE", "LOAD"} for name in LOADS},
    **{name: {"STORE"} for name in STORES},
    **{name: {"BRANCH"} for name in BRANCHES},
    **{name: {"WE"} for name in (*I_TYPE, *SHIFTS, "lui", "auipc")},
    **{name: {"WE", "JUMP"} for name in ("jal", "jalr")},
    **{name: {"WE", "CSR"} for name in CSR_OPS},
    **{
        name: {"WE"} | (set() if f7 != 1 else {"DIV"} if f3 & 4 else {"MUL"})
        for name, (f7, f3) in R_TYPE.items()
    },
    "ecall": {"ECALL"}, "ebreak": {"EBREAK"}, "mret": {"MRET"}, "wfi": {"WFI"}, "fence": set(),
}  # fmt: skip


def legal() -> dict[tuple[int, int], set[int] | None]:
    """(opcode, funct3) -> allowed funct7 (None: any), of everything but SYSTEM with funct3 0."""
    table: dict[tuple[int, int], set[int] | None] = {}
    for f3 in range(8):
        table[0x37, f3] = table[0x17, f3] = table[0x6F, f3] = None
    table[0x67, 0] = table[0x0F, 0] = None
    for names, opcode in ((LOADS, 0x03), (STORES, 0x23), (BRANCHES, 0x63), (CSR_OPS, 0x73)):
        for f3 in names.values():
            table[opcode, f3] = None
    for f3 in I_TYPE.values():
        table[0x13, f3] = None
    for f7, f3 in SHIFTS.values():
        table[0x13, f3] = (table.get((0x13, f3)) or set()) | {f7}
    for f7, f3 in R_TYPE.values():
        table[0x33, f3] = (table.get((0x33, f3)) or set()) | {f7}
    return table


@cocotb.test()
async def every_instruction_gets_its_kind_and_immediate(dut: Any) -> None:
    rng = random.Random(12)
    dut.i_instr_fault.value = 0
    for name, kind in KINDS.items():
        for _ in range(20):
            rd, rs1, rs2 = (rng.randrange(32) for _ in range(3))
            imm = rng.randrange(-2048, 2048)
            if name in ("lui", "auipc"):
                imm = rng.getrandbits(32) & ~0xFFF
            elif name == "jal" or name in BRANCHES:
                imm = 2 * rng.randrange(-2048, 2048) * (256 if name == "jal" else 1)
            dut.i_instr.value = encode(name, rd=rd, rs1=rs1, rs2=rs2, imm=imm)
            await Timer(1, "ns")
            assert bits_of(int(dut.o_ctl.value)) == kind, name
            if name not in (*R_TYPE, *SHIFTS, *FIXED, *CSR_OPS):
                assert int(dut.o_imm.value) == imm & MASK, (name, imm)


@cocotb.test()
async def unknown_encodings_are_offered_and_short_ones_illegal(dut: Any) -> None:
    rng = random.Random(13)
    table = legal()
    fixed = set(FIXED.values()) - {FIXED["fence"]}
    dut.i_instr_fault.value = 0
    seen = {"known": 0, "offered": 0, "short": 0}
    opcodes = sorted({opcode for opcode, _ in table} | {0x0B, 0x2B, 0x53})
    for _ in range(8000):
        word = rng.getrandbits(32)
        if rng.random() < 0.9:
            word = word & ~0x7F | rng.choice(opcodes)
        if rng.random() < 0.4:
            word = word & ~(0x7F << 25) | rng.choice((0, 1, 0x20)) << 25
        if rng.random() < 0.05:
            word = rng.choice(tuple(fixed)) ^ (
                1 << rng.randrange(7, 32) if rng.random() < 0.5 else 0
            )
        dut.i_instr.value = word
        await Timer(1, "ns")
        f3, f7 = word >> 12 & 7, word >> 25
        allowed = table.get((word & 0x7F, f3), set())
        known = word in fixed or allowed is None or f7 in allowed
        bits = bits_of(int(dut.o_ctl.value))
        if word & 3 != 3:
            assert bits == {"ILLEGAL"}, hex(word)
            seen["short"] += 1
        elif known:
            assert not bits & {"XIF", "ILLEGAL"}, hex(word)
            seen["known"] += 1
        else:
            assert bits == {"XIF"}, hex(word)
            seen["offered"] += 1
    assert min(seen.values()) > 300, seen


@cocotb.test()
async def a_failed_fetch_is_nothing_else(dut: Any) -> None:
    rng = random.Random(14)
    dut.i_instr_fault.value = 1
    for _ in range(200):
        dut.i_instr.value = rng.getrandbits(32)
        await Timer(1, "ns")
        assert bits_of(int(dut.o_ctl.value)) == {"FAULT"}
        assert int(dut.o_rs1_used.value) == int(dut.o_rs2_used.value) == 0


def test_rv_decode() -> None:
    run_icarus("rv_decode", [RTL / "cpu/rv_decode.v"], __file__)
