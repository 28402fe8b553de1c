# SPDX-License-Identifier: Apache-2.0
"""test_soc_channels : CPU and co-processor of soc_top keep CV-X-IF on the wires between them.

A program uses every instruction on two macros, one that the co-processor rejects, and reports what
it read as region marks (16 bits each); the protocol checker watches both sides in every cycle.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge
from cpu.asm import Program, custom0, hex_image
from imac.model import F3, INDEX, error_bit
from rtl_runner import COPROCESSOR, RTL, file_list, run_icarus
from xif.bench import Bench
from xif.checker import XifChecker, XifWires, reader

from cosim import regmap

N_MACRO = 2
N_PUSH, N_POP, N_PROG = 13, 3, 5
SETTLE, CONV, PROG_CYCLES = 200, 3, 9
MTVEC, MEPC, MCAUSE = 0x305, 0x341, 0x342
ILLEGAL = 2
LIMIT = 4000
MARK = regmap.device("SIM_MARK")
A, B, OUT, PORT = 10, 11, 12, 13  # registers of the program
STATUS = {bit.name: 1 << bit.bit for bit in regmap.STATUS_BITS}
CODES = [list(range(1, 11)), list(range(101, 111))]


def report(program: Program) -> None:
    """Place the stores that report OUT: low half as a region opened, high half as one closed."""
    open_at, close_at = (register.offset for register in MARK.registers)
    program.op("sw", rs1=PORT, rs2=OUT, imm=open_at)
    program.op("srli", rd=OUT, rs1=OUT, imm=16)
    program.op("sw", rs1=PORT, rs2=OUT, imm=close_at)


def imac(program: Program, name: str, rs1: int, rs2: int = 0, rd: int = OUT) -> None:
    """Place one co-processor instruction on two values; a result read is reported."""
    program.li(A, rs1)
    program.li(B, rs2)
    program.word(custom0(F3[name], rd=rd, rs1=A, rs2=B))
    if rd == OUT and name not in {"push", "prog"}:
        report(program)


def build() -> tuple[list[int], list[int]]:
    """The program and the values it must report, in order."""
    program, want = Program(), list[int]()
    program.li(PORT, MARK.base)
    program.la(A, "trap")
    program.csr("csrrw", MTVEC, rs1=A)
    for k in range(N_MACRO):
        for name, value in (("SETTLE", SETTLE), ("CONV", CONV), ("PROG", PROG_CYCLES)):
            imac(program, "cfg", k << 8 | INDEX[f"{name}_CYCLES"], value, rd=0)
    for _ in range(N_PROG):
        imac(program, "prog", 0x1234_5678, 1)
    imac(program, "rdcfg", 1 << 8 | INDEX["PROG_PTR"])
    want.append(N_PROG)
    imac(program, "wait", 1, rd=0)
    for k in range(N_MACRO):
        for word in range(N_PUSH):
            imac(program, "push", word, k)
        imac(program, "start", k)
        want.append(STATUS["BUSY"])
    program.word(custom0(0, rd=OUT, funct7=1))  # rejected: the trap handler reports its cause
    want.append(ILLEGAL)
    for k in (1, 0):
        imac(program, "wait", k)
        want.append(STATUS["DONE"])
        for pop in range(N_POP):
            imac(program, "pop", k)
            want.append(sum(c << 8 * i for i, c in enumerate(CODES[k][4 * pop : 4 * pop + 4])))
        imac(program, "pop", k)
        imac(program, "stat", k)
        want += [0, STATUS["DONE"] | error_bit("POP_EMPTY")]
    imac(program, "stat", N_MACRO)
    want.append(error_bit("MACRO_INDEX"))
    program.li(OUT, 0xD0_0D)
    report(program)
    want.append(0xD0_0D)
    program.label("stay")
    program.jal(0, "stay")
    program.label("trap")
    program.csr("csrrs", MCAUSE, rd=OUT)
    report(program)
    program.csr("csrrs", MEPC, rd=A)
    program.op("addi", rd=A, rs1=A, imm=4)
    program.csr("csrrw", MEPC, rs1=A)
    program.op("mret")
    return program.words(), want


@cocotb.test()
async def every_instruction_crosses_the_interface_by_the_rules(dut: Any) -> None:
    """Values through the marks, both evaluations overlapping, protocol in every cycle."""
    tb = Bench(dut, seed=1)
    codes = [code for macro in CODES for code in macro]
    await tb.reset(i_macro_code=sum(code << 8 * i for i, code in enumerate(codes)))
    coprocessor = dut.u_imac
    checker, read = XifChecker(len(coprocessor.i_xif_issue_id)), reader(coprocessor)
    words, want = build()
    offloaded = sum(word & 0x7F == regmap.OPCODE_CUSTOM0 for word in words)
    got: list[int] = []
    overlap = low = 0
    while len(got) < len(want):
        await FallingEdge(dut.i_clk)
        checker.cycle(XifWires.sample(read))
        overlap += int(dut.o_macro_en.value) == (1 << N_MACRO) - 1
        if int(dut.o_mark_open.value):
            low = int(dut.o_mark_id.value)
        if int(dut.o_mark_close.value):
            got.append(int(dut.o_mark_id.value) << 16 | low)
            assert got == want[: len(got)], f"{[hex(v) for v in got]}"
        assert checker.cycles < LIMIT, f"stuck after {[hex(v) for v in got]}"
    checker.finish()
    assert checker.rejected == 1
    assert checker.results == checker.accepted == offloaded - 1
    assert overlap > 0


def test_soc_channels(tmp_path: Path) -> None:
    image = tmp_path / "image.hex"
    image.write_text(hex_image(build()[0]))
    run_icarus(
        "soc_top",
        [path for path in file_list("cpu", *COPROCESSOR, "soc") if RTL in path.parents],
        __file__,
        parameters={"N_MACRO": N_MACRO, "RAM_WORDS": 4096},
        plusargs=[f"+image={image}"],
    )
