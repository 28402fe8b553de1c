# SPDX-License-Identifier: Apache-2.0
"""test_soc_external : programs that move words between external memory and the RAM."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cpu.asm import Program, hex_image
from soc.programs import address, leave, put

from cosim import regmap
from cosim.bridge.build import compile_icarus
from cosim.bridge.soc import soc_rtl

RAM_WORDS, EXT_WORDS = 4096, 1024
MTVEC, MIE, MCAUSE = 0x305, 0x304, 0x342
CTRL = {b.name: 1 << b.bit for b in regmap.DMA_CTRL_BITS}
STATUS = {b.name: 1 << b.bit for b in regmap.DMA_STATUS_BITS}
CONTENT = [0x1000_0001 * k for k in range(EXT_WORDS)]
TO = 0x1000  # where words go in the RAM, behind the program


def transfer(
    p: Program,
    ext: int,
    ram: int,
    row: int,
    *,
    rows: int = 1,
    strides: tuple[int, int] = (0, 0),
) -> None:
    """Fills the registers; whoever calls starts."""
    names = ("EXT_ADDR", "RAM_ADDR", "ROW_BYTES", "ROWS", "EXT_STRIDE", "RAM_STRIDE")
    for name, value in zip(names, (ext, ram, row, rows, *strides), strict=True):
        put(p, address("DMA", name), value)


def say(p: Program, register: int) -> None:
    """Four raw bytes, low byte first."""
    p.li(29, address("CONSOLE", "DATA"))
    for _ in range(4):
        p.op("sb", rs1=29, rs2=register)
        p.op("srli", rd=register, rs1=register, imm=8)


def say_status(p: Program) -> None:
    p.li(28, address("DMA", "STATUS"))
    p.op("lw", rd=7, rs1=28)
    say(p, 7)


def words_of(
    p: Program, folder: Path, *, ext_words: int = EXT_WORDS, latency: int = 9
) -> list[int]:
    """Runs `p`; the words that it printed."""
    (folder / "image.hex").write_text(hex_image(p.words()))
    lines = "\n".join(f"{word & 0xFFFFFFFF:08x}" for word in CONTENT)
    (folder / "external.hex").write_text(f"@0\n{lines}\n")
    program = compile_icarus(soc_rtl(ram_words=RAM_WORDS, ext_words=ext_words))
    files = ["+image=image.hex", "+external=external.hex", "+console=out", "+events=events"]
    argv = ["vvp", "-n", str(program), *files, f"+external_latency={latency}", "+max_cycles=20000"]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, timeout=120)
    assert (folder / "events").read_text().splitlines()[-1].startswith("X 0 ")
    raw = (folder / "out").read_bytes()
    return [int.from_bytes(raw[k : k + 4], "little") for k in range(0, len(raw), 4)]


@pytest.mark.parametrize("latency", [1, 40])
def test_rows_come_change_and_go_back(tmp_path: Path, latency: int) -> None:
    """Three rows to the RAM, asleep until the interrupt; one of them back to another place."""
    p = Program()
    p.li(1, 1 << regmap.IRQ_MACHINE_EXTERNAL)
    p.csr("csrrw", MIE, rs1=1)  # wakes; traps stay off
    transfer(p, 4 * 100, TO, 8, rows=3, strides=(4 * 50, 16))
    put(p, address("DMA", "CTRL"), CTRL["START"] | CTRL["IRQ_EN"])
    p.op("wfi")
    say_status(p)
    p.li(5, TO)
    for offset in (0, 4, 16, 20, 32, 36):
        p.op("lw", rd=6, rs1=5, imm=offset)
        say(p, 6)
    put(p, address("DMA", "CTRL"), CTRL["CLEAR"])
    transfer(p, 4 * 7, TO + 16, 8)
    put(p, address("DMA", "CTRL"), CTRL["START"] | CTRL["TO_EXT"] | CTRL["IRQ_EN"])
    p.op("wfi")
    transfer(p, 4 * 6, TO + 64, 16)
    put(p, address("DMA", "CTRL"), CTRL["START"] | CTRL["IRQ_EN"])
    p.op("wfi")
    p.li(5, TO + 64)
    for offset in range(0, 16, 4):
        p.op("lw", rd=6, rs1=5, imm=offset)
        say(p, 6)
    p.li(28, address("DMA", "WORDS"))
    p.op("lw", rd=7, rs1=28)
    say(p, 7)
    leave(p)
    came = [CONTENT[100 + 50 * row + k] & 0xFFFF_FFFF for row in range(3) for k in range(2)]
    around = [CONTENT[6] & 0xFFFF_FFFF, came[2], came[3], CONTENT[9] & 0xFFFF_FFFF]
    done = STATUS["DONE"] | STATUS["IRQ"]
    assert words_of(p, tmp_path, latency=latency) == [done, *came, *around, 6 + 2 + 4]


def test_errors_are_sticky_and_interrupt(tmp_path: Path) -> None:
    p = Program()
    transfer(p, 2, TO, 8)
    put(p, address("DMA", "CTRL"), CTRL["START"] | CTRL["IRQ_EN"])
    say_status(p)
    transfer(p, 4 * (EXT_WORDS - 1), TO, 8)
    put(p, address("DMA", "CTRL"), CTRL["START"] | CTRL["IRQ_EN"])
    say_status(p)  # the row is refused in the cycle after the start
    put(p, address("DMA", "CTRL"), CTRL["CLEAR"])
    say_status(p)
    leave(p)
    first = STATUS["IRQ"] | STATUS["ERR_ALIGN"]
    assert words_of(p, tmp_path) == [first, first | STATUS["ERR_RANGE"], 0]


def test_without_external_memory_the_registers_fault(tmp_path: Path) -> None:
    p = Program()
    p.li(1, 0x100)
    p.csr("csrrw", MTVEC, rs1=1)
    put(p, address("DMA", "EXT_ADDR"), 4)
    leave(p, 1)
    while p.pc < 0x100:
        p.op("addi", rd=0, rs1=0)
    p.csr("csrrs", MCAUSE, rd=6)
    say(p, 6)
    leave(p)
    assert words_of(p, tmp_path, ext_words=0) == [7]  # store access fault
