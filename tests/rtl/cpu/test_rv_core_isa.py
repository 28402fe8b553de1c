# SPDX-License-Identifier: Apache-2.0
"""test_rv_core_isa : each RV32IM instruction gives its value on rv_core, from closed forms."""

from __future__ import annotations

import operator
from collections.abc import Callable
from pathlib import Path

import pytest
from cpu.asm import BRANCHES, I_TYPE, LOADS, R_TYPE, SHIFTS, STORES, Program
from cpu.directed import at, finish, run

MASK = 0xFFFF_FFFF
CORNERS = (0, 1, 3, 0x1F, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1234_5678)
IMMEDIATES = (0, 1, -1, 2047, -2048, 0x555)
DATA = 0x3_0000


def s(value: int) -> int:
    """Signed view of a word."""
    return value - (1 << 32) if value >> 31 else value


def truncated(a: int, b: int) -> int:
    """Quotient rounded toward zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


VALUES: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "sll": lambda a, b: a << (b & 31),
    "slt": lambda a, b: s(a) < s(b),
    "sltu": operator.lt,
    "xor": operator.xor,
    "srl": lambda a, b: a >> (b & 31),
    "sra": lambda a, b: s(a) >> (b & 31),
    "or": operator.or_,
    "and": operator.and_,
    "mul": operator.mul,
    "mulh": lambda a, b: s(a) * s(b) >> 32,
    "mulhsu": lambda a, b: s(a) * b >> 32,
    "mulhu": lambda a, b: a * b >> 32,
    "div": lambda a, b: truncated(s(a), s(b)) if b else -1,
    "divu": lambda a, b: a // b if b else MASK,
    "rem": lambda a, b: s(a) - s(b) * truncated(s(a), s(b)) if b else a,
    "remu": lambda a, b: a % b if b else a,
}
IMMEDIATE_TWIN = {
    "addi": "add", "slti": "slt", "sltiu": "sltu", "xori": "xor", "ori": "or", "andi": "and",
    "slli": "sll", "srli": "srl", "srai": "sra",
}  # fmt: skip
TAKEN: dict[str, Callable[[int, int], bool]] = {
    "beq": operator.eq,
    "bne": operator.ne,
    "blt": lambda a, b: s(a) < s(b),
    "bge": lambda a, b: s(a) >= s(b),
    "bltu": operator.lt,
    "bgeu": operator.ge,
}


@pytest.mark.parametrize("name", list(R_TYPE))
def test_register_operations(name: str, tmp_path: Path) -> None:
    p, wanted = Program(), {}
    for a in CORNERS:
        for b in CORNERS:
            p.li(1, a)
            p.li(2, b)
            wanted[p.pc] = VALUES[name](a, b) & MASK
            p.op(name, rd=3, rs1=1, rs2=2)
    finish(p)
    retired = run(p, tmp_path)
    assert {pc: at(retired, pc).value for pc in wanted} == wanted


@pytest.mark.parametrize("name", [*I_TYPE, *SHIFTS])
def test_immediate_operations(name: str, tmp_path: Path) -> None:
    p, wanted = Program(), {}
    operation = VALUES[IMMEDIATE_TWIN[name]]
    for a in CORNERS:
        for imm in (0, 1, 17, 31) if name in SHIFTS else IMMEDIATES:
            p.li(1, a)
            wanted[p.pc] = operation(a, imm & MASK) & MASK
            p.op(name, rd=3, rs1=1, imm=imm)
    finish(p)
    retired = run(p, tmp_path)
    assert {pc: at(retired, pc).value for pc in wanted} == wanted


@pytest.mark.parametrize("name", list(BRANCHES))
def test_branches_forward_and_backward(name: str, tmp_path: Path) -> None:
    p, wanted = Program(), {}
    for k, a in enumerate(CORNERS):
        for m, b in enumerate(CORNERS):
            p.li(1, a)
            p.li(2, b)
            p.jal(0, f"test{k}_{m}")
            p.label(f"back{k}_{m}")
            p.jal(0, f"done{k}_{m}")
            p.label(f"test{k}_{m}")
            here, target = p.pc, f"{'back' if (k + m) % 2 else 'done'}{k}_{m}"
            p.branch(name, 1, 2, target)
            p.op("addi", rd=4, rs1=4, imm=1)
            p.label(f"done{k}_{m}")
            wanted[here] = p.labels[target] if TAKEN[name](a, b) else here + 4
    finish(p)
    retired = run(p, tmp_path)
    assert {pc: at(retired, pc).next_pc for pc in wanted} == wanted


def test_upper_immediates_and_jumps(tmp_path: Path) -> None:
    p = Program()
    lui, auipc = p.pc, p.pc + 4
    p.op("lui", rd=1, imm=0xABCD_E000)
    p.op("auipc", rd=2, imm=0xFFFF_F000)
    jal = p.pc
    p.jal(5, "over")
    p.word(0)  # illegal: never reached
    p.label("over")
    p.la(6, "landing", 1 - 7)
    jalr = p.pc
    p.op("jalr", rd=6, rs1=6, imm=7)  # bit 0 of the sum is dropped; rd may be rs1
    p.word(0)
    p.label("landing")
    fence = p.pc
    p.op("fence")
    finish(p)
    retired = run(p, tmp_path)
    assert at(retired, lui).value == 0xABCD_E000
    assert at(retired, auipc).value == (auipc - 0x1000) & MASK
    assert (at(retired, jal).value, at(retired, jal).next_pc) == (jal + 4, p.labels["over"])
    assert (at(retired, jalr).value, at(retired, jalr).next_pc) == (jalr + 4, p.labels["landing"])
    assert not at(retired, fence).trap
    assert not any(r.trap for r in retired)


def test_loads_and_stores_of_every_size_and_offset(tmp_path: Path) -> None:
    p, loads, stores = Program(), {}, {}
    word = 0x8081_F27F
    raw = word.to_bytes(4, "little")
    p.li(1, DATA)
    p.li(2, word)
    p.op("sw", rs1=1, rs2=2)
    for name, f3 in LOADS.items():
        size = 1 << (f3 & 3)
        for offset in range(0, 4, size):
            value = int.from_bytes(raw[offset : offset + size], "little", signed=f3 < 4)
            loads[p.pc] = value & MASK
            p.op(name, rd=3, rs1=1, imm=offset)
    memory = bytearray(raw)
    for k, (name, f3) in enumerate(STORES.items()):
        size = 1 << f3
        for offset in range(0, 4, size):
            value = 0xA1B2_C3D4 + 0x0101_0101 * k + offset
            p.li(4, value)
            p.op("sw", rs1=1, rs2=2, imm=-8)
            p.op(name, rs1=1, rs2=4, imm=offset - 8)
            stores[p.pc] = value, offset, size
            p.op("lw", rd=5, rs1=1, imm=-8)
    finish(p)
    retired = run(p, tmp_path)
    assert {pc: at(retired, pc).value for pc in loads} == loads
    for pc, (value, offset, size) in stores.items():
        memory = bytearray(raw)
        memory[offset : offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        assert at(retired, pc).value == int.from_bytes(memory, "little")


@pytest.mark.parametrize("kind", ["mul", "lw", "div"])
@pytest.mark.parametrize("distance", [0, 1, 2])
def test_a_late_value_reaches_both_operands(kind: str, distance: int, tmp_path: Path) -> None:
    p = Program()
    p.li(1, DATA)
    p.li(2, 42)
    p.op("sw", rs1=1, rs2=2)
    p.li(3, 1)
    p.li(4, 7)
    p.op(kind, rd=4, rs1=1 if kind == "lw" else 2, rs2=3)
    for _ in range(distance):
        p.op("addi", rd=9, rs1=9, imm=1)
    use = p.pc
    p.op("add", rd=5, rs1=4, rs2=4)
    finish(p)
    assert at(run(p, tmp_path), use).value == 84


def test_x0_stays_zero_whatever_writes_it(tmp_path: Path) -> None:
    p = Program()
    p.li(1, DATA)
    p.li(2, 5)
    p.op("sw", rs1=1, rs2=2)
    reads = []
    for name in ("lw", "mul", "div", "addi", "jal", "csrrs"):
        if name == "jal":
            p.op("jal", rd=0, imm=4)
        else:
            p.op(
                name, rd=0, rs1=1 if name == "lw" else 2, rs2=2, imm=0x301 if name == "csrrs" else 0
            )
        reads.append(p.pc)
        p.op("add", rd=6, rs1=0, rs2=0)
    finish(p)
    retired = run(p, tmp_path)
    assert [at(retired, pc).value for pc in reads] == [0] * len(reads)
