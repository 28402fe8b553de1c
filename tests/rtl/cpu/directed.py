# SPDX-License-Identifier: Apache-2.0
"""directed : runs a small program on rv_core and returns its retirements, each also checked."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cpu import lockstep
from cpu.asm import Program, hex_image
from cpu.random_program import EXIT
from rtl_runner import RTL, verilator_program

BENCH = [Path(__file__).parent / "lockstep_tb.v", *sorted((RTL / "cpu").glob("*.v"))]


@dataclass(frozen=True)
class Retired:
    """One line of the bench's log."""

    pc: int
    insn: int
    next_pc: int
    trap: bool
    intr: bool
    rd: int
    value: int
    mem_addr: int
    mem_data: int
    wmask: int
    mcause: int


def finish(program: Program) -> None:
    """End the program: store to the bench's exit address."""
    program.label("finish")
    program.li(31, EXIT)
    program.op("sw", rs1=31, rs2=0)
    program.label("finished")
    program.jal(0, "finished")


def run(program: Program, folder: Path, *, stall: int = 0, irq: int = 0) -> list[Retired]:
    """Simulate; the model agrees with every retirement returned."""
    words = program.words()
    (folder / "image.hex").write_text(hex_image(words))
    done = subprocess.run(
        [*verilator_program("lockstep_tb", BENCH), "+image=image.hex", "+log=retire.log",
         f"+stall={stall}", f"+irq={irq}", "+limit=500000"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lockstep.compare(words, folder / "retire.log")
    retired = []
    for line in (folder / "retire.log").read_text().splitlines():
        if line[0] in "EX":
            continue
        head, insn, pc, next_pc, _, _, value, masks, address, data, mcause, _ = (
            int(text, 16) for text in line.split()
        )
        flags = head >> 24
        retired.append(
            Retired(pc, insn, next_pc, bool(flags & 2), bool(flags & 1), head & 31, value,
                    address, data, masks & 15, mcause)
        )  # fmt: skip
    return retired


def at(retired: list[Retired], pc: int) -> Retired:
    """The one retirement at an address."""
    found = [r for r in retired if r.pc == pc]
    assert len(found) == 1, f"{len(found)} retirements at {pc:#x}"
    return found[0]
