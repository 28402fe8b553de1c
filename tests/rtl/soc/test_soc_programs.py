# SPDX-License-Identifier: Apache-2.0
"""test_soc_programs : programs on the whole chip: devices, marks, interrupts, speed of the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
from cpu.asm import Program, custom0
from soc.programs import CLK_PS, Run, address, leave, put, simulate

from cosim import regmap

MTVEC, MIE, MSTATUS, MCAUSE, MEPC, MTVAL = 0x305, 0x304, 0x300, 0x342, 0x341, 0x343
F3 = {op.name: op.funct3 for op in regmap.INSTRUCTIONS}
CFG = {reg.name: reg.index for reg in regmap.CONFIG_REGS}
CPI_MAX = 1.3  # design target on a convolution inner loop


def console_of(p: Program, register: int, *, via: int = 29) -> None:
    """Print one register as four raw bytes, low byte first."""
    p.li(via, address("CONSOLE", "DATA"))
    for _ in range(4):
        p.op("sb", rs1=via, rs2=register)
        p.op("srli", rd=register, rs1=register, imm=8)


def words(run: Run) -> list[int]:
    """The words that `console_of` printed."""
    raw = run.console
    return [int.from_bytes(raw[k : k + 4], "little") for k in range(0, len(raw), 4)]


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_console_marks_and_exit_reach_their_files(simulator: str, tmp_path: Path) -> None:
    p = Program()
    p.li(1, address("CONSOLE", "DATA"))
    for byte in b"ok\n\x00\xff":
        p.li(2, byte)
        p.op("sb", rs1=1, rs2=2)
    put(p, address("SIM_MARK", "OPEN"), 7)
    for _ in range(10):
        p.op("addi", rd=3, rs1=3, imm=1)
    put(p, address("SIM_MARK", "CLOSE"), 7)
    leave(p, 42)
    run = simulate(p, tmp_path, simulator=simulator)
    assert run.console == b"ok\n\x00\xff"
    opened, closed = run.marks
    assert (opened.kind, opened.region, closed.kind, closed.region) == ("open", 7, "close", 7)
    between = 10 + 5  # ten additions, the address and value of the closing store, the store
    assert closed.instret - opened.instret == between
    assert closed.cycle - opened.cycle == between
    assert closed.t_ps - opened.t_ps == between * CLK_PS
    code, t_ps, cycle, _ = run.exit
    assert code == "42"
    assert t_ps % CLK_PS == 0
    assert t_ps - closed.t_ps == (cycle - closed.cycle) * CLK_PS


def test_both_simulators_write_the_same_events(tmp_path: Path) -> None:
    p = Program()
    p.li(1, 25)
    p.label("again")
    put(p, address("SIM_MARK", "OPEN"), 1)
    p.op("div", rd=2, rs1=1, rs2=1)
    p.op("mul", rd=3, rs1=2, rs2=1)
    p.op("lw", rd=4, rs1=0)
    p.op("add", rd=4, rs1=4, rs2=3)
    put(p, address("SIM_MARK", "CLOSE"), 1)
    p.op("addi", rd=1, rs1=1, imm=-1)
    p.branch("bne", 1, 0, "again")
    leave(p)
    runs = []
    for simulator in ("icarus", "verilator"):
        folder = tmp_path / simulator
        folder.mkdir()
        runs.append(simulate(p, folder, simulator=simulator).events)
    assert runs[0] == runs[1]


def test_a_program_without_exit_times_out(tmp_path: Path) -> None:
    p = Program()
    p.label("stay")
    p.jal(0, "stay")
    run = simulate(p, tmp_path, max_cycles=1000)
    assert run.exit[:2] == ("timeout", 1000 * CLK_PS)


def test_the_timer_interrupts_once_per_deadline(tmp_path: Path) -> None:
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.li(2, 1 << regmap.IRQ_MACHINE_TIMER)
    p.csr("csrrw", MIE, rs1=2)
    p.li(20, address("TIMER", "MTIME_LO"))
    p.li(21, address("TIMER", "MTIMECMP_LO"))
    p.op("lw", rd=3, rs1=20)
    p.op("addi", rd=3, rs1=3, imm=300)
    p.op("sw", rs1=21, rs2=3)
    p.op("sw", rs1=21, rs2=0, imm=4)
    p.csr("csrrsi", MSTATUS, rs1=8)
    p.li(6, 3)
    p.label("again")
    p.op("wfi")
    p.branch("blt", 5, 6, "again")
    console_of(p, 5)
    console_of(p, 7)
    console_of(p, 8)
    leave(p)
    p.label("handler")
    p.op("addi", rd=5, rs1=5, imm=1)
    p.csr("csrrs", MCAUSE, rd=7)
    p.op("lw", rd=9, rs1=20)
    p.op("sub", rd=8, rs1=9, rs2=3)  # how late: wfi, trap entry, three instructions
    p.op("addi", rd=3, rs1=3, imm=300)
    p.op("sw", rs1=21, rs2=3)
    p.op("mret")
    entries, cause, late = words(simulate(p, tmp_path))
    assert entries == 3
    assert cause == 0x8000_0000 | regmap.IRQ_MACHINE_TIMER
    assert 0 < late < 12


@pytest.mark.parametrize(
    ("name", "where", "load", "fault"),
    [
        ("lw", 0x0010_0000, True, 5),
        ("sw", 0x0010_0000, False, 7),
        ("lw", address("CONSOLE", "DATA"), True, 5),
        ("lw", address("SIM_EXIT", "CODE"), True, 5),
        ("sh", address("TIMER", "MTIME_LO"), False, 7),
        ("lbu", address("TIMER", "MTIME_LO"), True, 5),
        ("sb", address("SIM_EXIT", "CODE"), False, 7),
        ("sw", address("TIMER", "MTIMECMP_HI") + 4, False, 7),
        ("lw", 0xFFFF_FFFC, True, 5),
    ],
)
def test_accesses_where_nothing_answers_trap(
    name: str, where: int, load: bool, fault: int, tmp_path: Path
) -> None:
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.li(2, where)
    p.op(name, rd=3, rs1=2, rs2=0)
    leave(p, 1)
    p.label("handler")
    p.csr("csrrs", MCAUSE, rd=4)
    console_of(p, 4)
    p.csr("csrrs", MTVAL, rd=4)
    console_of(p, 4)
    leave(p, 0)
    run = simulate(p, tmp_path)
    assert run.exit[0] == "0"
    assert words(run) == [fault, where]
    assert load == (fault == 5)


def test_an_evaluation_of_the_macro_ends_with_an_external_interrupt(tmp_path: Path) -> None:
    """Push all inputs, start, sleep; the handler counts, reads the status and disables itself."""
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.li(2, 1 << regmap.IRQ_MACHINE_EXTERNAL)
    p.csr("csrrw", MIE, rs1=2)
    p.csr("csrrsi", MSTATUS, rs1=8)
    p.li(3, CFG["CTRL"])
    p.li(4, 1)
    p.word(custom0(F3["cfg"], rd=0, rs1=3, rs2=4))
    p.li(3, CFG["ID"])
    p.word(custom0(F3["rdcfg"], rd=10, rs1=3))
    for _ in range(13):
        p.word(custom0(F3["push"], rs1=4, rs2=0))
    p.word(custom0(F3["start"], rd=0, rs1=0))
    p.label("again")
    p.branch("bne", 5, 0, "out")
    p.op("wfi")
    p.jal(0, "again")
    p.label("out")
    for register in (5, 6, 7, 10):
        console_of(p, register)
    leave(p)
    p.label("handler")
    p.op("addi", rd=5, rs1=5, imm=1)
    p.csr("csrrs", MCAUSE, rd=6)
    p.word(custom0(F3["wait"], rd=7, rs1=0))
    p.li(3, CFG["CTRL"])
    p.word(custom0(F3["cfg"], rd=0, rs1=3, rs2=0))
    p.op("mret")
    count, cause, status, identity = words(simulate(p, tmp_path))
    bits = {bit.name: status >> bit.bit & 1 for bit in regmap.STATUS_BITS}
    assert count == 1
    assert cause == 0x8000_0000 | regmap.IRQ_MACHINE_EXTERNAL
    assert identity == regmap.IMAC_ID
    assert {name for name, bit in bits.items() if bit} == {"DONE", "IRQ"}


def test_a_convolution_inner_loop_stays_within_its_cycles_per_instruction(tmp_path: Path) -> None:
    """lb, lb, mul, add and the loop around them, in the order a compiler leaves them."""
    p = Program()
    p.li(1, 0x8000)
    p.li(2, 0x9000)
    p.li(3, 0x8000 + 400)
    put(p, address("SIM_MARK", "OPEN"), 1)
    p.label("again")
    p.op("lb", rd=4, rs1=1)
    p.op("lb", rd=5, rs1=2)
    p.op("addi", rd=1, rs1=1, imm=1)
    p.op("addi", rd=2, rs1=2, imm=1)
    p.op("mul", rd=4, rs1=4, rs2=5)
    p.op("add", rd=6, rs1=6, rs2=4)
    p.branch("bne", 3, 1, "again")
    put(p, address("SIM_MARK", "CLOSE"), 1)
    leave(p)
    opened, closed = simulate(p, tmp_path).marks
    instructions, cycles = closed.instret - opened.instret, closed.cycle - opened.cycle
    assert instructions == 400 * 7 + 5
    assert cycles / instructions <= CPI_MAX, f"CPI {cycles / instructions:.3f}"
