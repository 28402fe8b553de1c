# SPDX-License-Identifier: Apache-2.0
"""test_rv_core_traps : CSRs hold what they should, each exception is precise and well named."""

from __future__ import annotations

from pathlib import Path

import pytest
from cpu.asm import Program, custom0, encode
from cpu.directed import Retired, at, finish, run

MASK = 0xFFFF_FFFF
MSTATUS, MISA, MIE, MTVEC, MSCRATCH, MEPC, MCAUSE, MTVAL, MIP = (
    0x300, 0x301, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, 0x344,
)  # fmt: skip
ILLEGAL = 2
BEYOND = 0x0010_0000  # no memory there

# register: bits that can be written, bits that always read 1
FIELDS = {
    MSTATUS: (0x88, 0x1800), MISA: (0, 0x4000_1100), MIE: (0x880, 0), MTVEC: (~2 & MASK, 0),
    MSCRATCH: (MASK, 0), MEPC: (~3 & MASK, 0), MCAUSE: (0x8000_001F, 0), MTVAL: (MASK, 0),
    0x310: (0, 0), 0x320: (5, 0), 0x323: (0, 0), 0xB03: (0, 0), 0xB83: (0, 0),
}  # fmt: skip
READ_ONLY_ZERO = (0xF11, 0xF12, 0xF13, 0xF14, 0xF15)


@pytest.mark.parametrize("csr", list(FIELDS))
def test_a_register_keeps_its_own_bits_and_no_others(csr: int, tmp_path: Path) -> None:
    writable, ones = FIELDS[csr]
    p, wanted, state = Program(), {}, None
    for pattern in (0, MASK, 0x5555_5555, 0xAAAA_AAAA):
        for name in ("csrrw", "csrrs", "csrrc"):
            p.li(1, pattern)
            if state is not None:
                wanted[p.pc] = state | ones
            p.csr(name, csr, rd=2, rs1=1)
            old = (state or 0) | ones
            new = {"csrrw": pattern, "csrrs": old | pattern, "csrrc": old & ~pattern}[name]
            if state is not None or name == "csrrw":
                state = new & writable
    for name, zimm in (("csrrwi", 0x1F), ("csrrci", 5), ("csrrsi", 1)):
        wanted[p.pc] = state | ones
        p.csr(name, csr, rd=2, rs1=zimm)
        old = state | ones
        new = {"csrrwi": zimm, "csrrci": old & ~zimm, "csrrsi": old | zimm}[name]
        state = new & writable
    wanted[p.pc] = state | ones
    p.csr("csrrs", csr, rd=2)
    p.csr("csrrwi", 0x320, rs1=0)
    finish(p)
    retired = run(p, tmp_path)
    assert {pc: at(retired, pc).value for pc in wanted} == wanted


def test_read_only_registers_read_zero_and_trap_on_a_write(tmp_path: Path) -> None:
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    reads, writes = [], []
    for csr in READ_ONLY_ZERO:
        reads.append(p.pc)
        p.csr("csrrs", csr, rd=2)
        writes.append(p.pc)
        p.csr("csrrw", csr, rd=2)
    finish(p)
    _skip_handler(p)
    retired = run(p, tmp_path)
    assert [at(retired, pc).value for pc in reads] == [0] * len(reads)
    assert all(at(retired, pc).trap for pc in writes)


def test_minstret_counts_what_retires_and_mcycle_what_passes(tmp_path: Path) -> None:
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.csr("csrrwi", 0xB02, rs1=7)
    first = p.pc
    p.csr("csrrs", 0xB02, rd=2)
    p.op("addi", rd=3, rs1=3, imm=1)
    p.op("ecall")  # does not retire; its handler's 4 instructions do
    second = p.pc
    p.csr("csrrs", 0xC02, rd=2)
    p.csr("csrrwi", 0xB00, rs1=0)
    cycle0 = p.pc
    p.csr("csrrs", 0xB00, rd=4)
    p.csr("csrrs", 0xC00, rd=5)
    for _ in range(10):
        p.op("addi", rd=3, rs1=3, imm=1)
    cycle1 = p.pc
    p.csr("csrrs", 0xC00, rd=5)
    p.csr("csrrwi", 0x320, rs1=5)
    held = p.pc
    p.csr("csrrs", 0xB00, rd=4)
    p.csr("csrrs", 0xB00, rd=4)
    finish(p)
    _skip_handler(p)
    retired = run(p, tmp_path)
    assert at(retired, first).value == 7
    assert at(retired, second).value == 7 + 2 + 4
    assert at(retired, cycle0).value == 0
    assert at(retired, cycle1).value - at(retired, cycle0 + 4).value == 11
    assert at(retired, held).value == at(retired, held + 4).value


def _skip_handler(p: Program) -> None:
    """A handler of 4 instructions that steps over the trapping one; x30 is its scratch."""
    p.label("handler")
    p.csr("csrrs", MEPC, rd=30)
    p.op("addi", rd=30, rs1=30, imm=4)
    p.csr("csrrw", MEPC, rs1=30)
    p.op("mret")


def _trapping(make: str, p: Program) -> tuple[int, int]:
    """Place one trapping instruction; returns (cause, mtval)."""
    here = p.pc
    words = {
        "illegal": 0xFFFF_FFFF, "compressed": 0x0000_8082, "zero": 0, "sret": 0x1020_0073,
        "fence.i": 0x0000_100F, "absent csr": encode("csrrs", rd=1, imm=0x7C0),
        "read-only csr": encode("csrrw", rs1=1, imm=0xC00), "rejected": custom0(0, funct7=1),
    }  # fmt: skip
    if make in words:
        p.word(words[make])
        return ILLEGAL, words[make]
    accesses = {
        "lh 1": ("lh", 1, 4), "lw 2": ("lw", 2, 4), "sh 3": ("sh", 3, 6), "sw 1": ("sw", 1, 6),
        "load fault": ("lw", 0, 5), "store fault": ("sb", 0, 7),
    }  # fmt: skip
    if make in accesses:
        name, offset, cause = accesses[make]
        p.op(name, rd=9, rs1=20, rs2=9, imm=offset)
        return cause, BEYOND + offset
    if make in ("ecall", "ebreak"):
        p.op(make)
        return (11 if make == "ecall" else 3), 0
    if make == "jal misaligned":
        p.op("jal", rd=9, imm=6)
        return 0, here + 6
    if make == "jalr misaligned":
        p.op("jalr", rd=9, rs1=20, imm=3)  # bit 0 is cleared first
        return 0, BEYOND + 2
    assert make == "branch misaligned"
    p.op("beq", imm=10)
    return 0, here + 10


TRAPS = (
    "illegal", "compressed", "zero", "sret", "fence.i", "absent csr", "read-only csr", "rejected",
    "lh 1", "lw 2", "sh 3", "sw 1", "load fault", "store fault", "ecall", "ebreak",
    "jal misaligned", "jalr misaligned", "branch misaligned",
)  # fmt: skip


@pytest.mark.parametrize("stall", [0, 6])
@pytest.mark.parametrize("make", TRAPS)
def test_an_exception_is_precise_and_named(make: str, stall: int, tmp_path: Path) -> None:
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.csr("csrrsi", MSTATUS, rs1=8)
    p.li(9, 0x77)
    p.li(20, BEYOND)
    p.op("mul", rd=8, rs1=9, rs2=9)  # older work ends first
    here = p.pc
    cause, value = _trapping(make, p)
    p.op("addi", rd=8, rs1=8, imm=1)  # younger work starts after the handler
    finish(p)
    p.label("handler")
    reads: dict[int, int] = {}
    status = 0x1880  # MPP, MPIE; MIE is off
    wanted = ((MEPC, here), (MCAUSE, cause), (MTVAL, value), (MSTATUS, status))
    for csr, expected in wanted:
        reads[p.pc] = expected
        p.csr("csrrs", csr, rd=10)
    registers = {8: 0x77 * 0x77, 9: 0x77}
    for register, expected in registers.items():
        reads[p.pc] = expected
        p.op("addi", rd=11, rs1=register)
    p.csr("csrrs", MEPC, rd=30)
    p.op("addi", rd=30, rs1=30, imm=4)
    p.csr("csrrw", MEPC, rs1=30)
    p.op("mret")
    retired = run(p, tmp_path, stall=stall)
    assert at(retired, here).trap
    assert (at(retired, here).rd, at(retired, here).wmask) == (0, 0)
    assert at(retired, here).next_pc == p.labels["handler"]
    assert {pc: at(retired, pc).value for pc in reads} == reads
    assert at(retired, here + 4).value == 0x77 * 0x77 + 1


def test_a_fetch_beyond_memory_faults_at_its_own_address(tmp_path: Path) -> None:
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.li(2, BEYOND)
    p.op("jalr", rd=3, rs1=2)
    p.word(0)
    p.label("handler")
    reads = {}
    for csr, value in ((MEPC, BEYOND), (MCAUSE, 1), (MTVAL, BEYOND)):
        reads[p.pc] = value
        p.csr("csrrs", csr, rd=4)
    finish(p)
    retired = run(p, tmp_path)
    assert {pc: at(retired, pc).value for pc in reads} == reads


def test_mret_restores_the_interrupt_enable(tmp_path: Path) -> None:
    p, wanted = Program(), {}
    for status, after in ((0x80, 0x1888), (0x00, 0x1880), (0x08, 0x1880), (0x88, 0x1888)):
        p.li(1, status)
        p.csr("csrrw", MSTATUS, rs1=1)
        p.la(2, f"back{status}")
        p.csr("csrrw", MEPC, rs1=2)
        p.op("mret")
        p.word(0)
        p.label(f"back{status}")
        wanted[p.pc] = after
        p.csr("csrrs", MSTATUS, rd=3)
    finish(p)
    retired = run(p, tmp_path)
    assert {pc: at(retired, pc).value for pc in wanted} == wanted


@pytest.mark.parametrize("vectored", [0, 1])
def test_interrupts_enter_at_their_vector_and_return(vectored: int, tmp_path: Path) -> None:
    """Random lines; wfi waits for them. The count of handler entries is the program's own."""
    p = Program()
    p.la(1, "vectors", vectored)
    p.csr("csrrw", MTVEC, rs1=1)
    p.li(2, 0x880)
    p.csr("csrrw", MIE, rs1=2)
    p.csr("csrrsi", MSTATUS, rs1=8)
    p.li(3, 40)
    p.label("again")
    p.op("wfi")
    p.branch("blt", 5, 3, "again")
    finish(p)
    p.label("vectors")
    for k in range(12):
        p.jal(0, "handler" if k in (0, 7, 11) else "wrong")
    p.label("wrong")
    p.word(0)
    p.label("handler")
    p.op("addi", rd=5, rs1=5, imm=1)
    p.op("mret")
    retired = run(p, tmp_path, irq=30, stall=3)
    entries = [r for r in retired if r.intr]
    assert len(entries) >= 40
    for entry in entries:
        assert entry.pc == p.labels["vectors"] + (4 * (entry.mcause & 31) if vectored else 0)
    assert {entry.mcause for entry in entries} == {0x8000_0007, 0x8000_000B}


def test_wfi_ends_without_a_trap_while_interrupts_are_masked(tmp_path: Path) -> None:
    p = Program()
    p.li(2, 0x80)
    p.csr("csrrw", MIE, rs1=2)
    here = p.pc
    p.op("wfi")
    p.csr("csrrs", MIP, rd=3)
    finish(p)
    retired = run(p, tmp_path)
    assert not any(r.intr or r.trap for r in retired)
    assert at(retired, here).next_pc == here + 4
    assert at(retired, here + 4).value & 0x80


def test_an_interrupt_never_splits_an_offloaded_instruction(tmp_path: Path) -> None:
    """Each custom-0 instruction retires once, whatever the lines do around it."""
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.li(2, 0x880)
    p.csr("csrrw", MIE, rs1=2)
    p.csr("csrrsi", MSTATUS, rs1=8)
    p.li(3, 1)
    places = []
    for _ in range(100):
        places.append(p.pc)
        p.word(custom0(0, rd=4, rs1=4, rs2=3))
    finish(p)
    p.label("handler")
    p.op("addi", rd=5, rs1=5, imm=1)
    p.op("mret")
    retired = run(p, tmp_path, irq=60, stall=6)
    assert sum(r.intr for r in retired) > 10
    assert all(isinstance(at(retired, pc), Retired) for pc in places)
