# SPDX-License-Identifier: Apache-2.0
"""small_firmware : builds a few lines of C that program small macros, evaluate them, print codes.

Independent of firmware/: its own start-up code and its own spelling of the instructions.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cosim import tools

__all__ = ["build_firmware"]

_START = """
    .section .text.start
    .globl _start
_start:
    la sp, 0x8000
    call program
    li t0, 0x10001000
    sw a0, 0(t0)
1:  j 1b
"""

_MAIN = """
#include <stdint.h>
#define R(f3, rd, a, b) \\
    __asm__ volatile(".insn r 0x0b, " #f3 ", 0, %0, %1, %2" : "=r"(rd) : "r"(a), "r"(b))
#define CONSOLE (*(volatile uint8_t *)0x10000000)
#define MARK ((volatile uint32_t *)0x10003000)
static const uint32_t words[N_MACRO][N_WORDS] = { WORDS };
static const uint32_t inputs[N_EVAL][N_MACRO][IN_WORDS] = { INPUTS };
int program(void);
static void hex(uint32_t value)
{
    for (int i = 7; i >= 0; i--)
        CONSOLE = (uint8_t)"0123456789abcdef"[(value >> (4 * i)) & 15];
    CONSOLE = ' ';
}
int program(void)
{
    uint32_t rd;
    for (uint32_t m = 0; m < N_MACRO; m++) {
        R(0, rd, 1 | m << 8, SETTLE);
        for (uint32_t k = 0; k < N_WORDS; k++)
            R(5, rd, words[m][k], m);
    }
    IDLE
    for (uint32_t e = 0; e < EVALUATIONS; e++) {
        MARK[0] = 7;
        for (uint32_t m = 0; m < N_MACRO; m++) {
            R(0, rd, 0 | m << 8, 2);
            for (uint32_t k = 0; k < IN_WORDS; k++)
                R(1, rd, inputs[e][m][k], m);
            R(2, rd, m, 0);
        }
        for (uint32_t m = 0; m < N_MACRO; m++) {
            R(3, rd, m, 0);
            R(4, rd, m, 0);
            hex(rd);
        }
        MARK[1] = 7;
        CONSOLE = '\\n';
    }
    return EXIT;
}
"""


def _rows(rows: Sequence[Sequence[object]]) -> str:
    return ", ".join("{" + ", ".join(str(item) for item in row) + "}" for row in rows)


def build_firmware(
    folder: Path,
    *,
    words: Sequence[Sequence[int]],
    inputs: Sequence[Sequence[Sequence[int]]],
    evaluations: int | None = None,
    settle: int = 8,
    idle_loops: int = 0,
    exit_code: int = 0,
) -> Path:
    """The hex image; `words[m]` program macro m, `inputs[e][m]` are its words in evaluation e."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "start.S").write_text(_START)
    (folder / "main.c").write_text(_MAIN)
    tables = ", ".join("{" + _rows(each) + "}" for each in inputs)
    idle = f"for (volatile uint32_t i = 0; i < {idle_loops}u; i++) {{ }}" if idle_loops else ""
    defines = {
        "N_MACRO": len(words),
        "N_WORDS": len(words[0]),
        "N_EVAL": max(1, len(inputs)),
        "EVALUATIONS": len(inputs) if evaluations is None else evaluations,
        "IN_WORDS": len(inputs[0][0]),
        "WORDS": _rows(words),
        "INPUTS": tables,
        "SETTLE": settle,
        "IDLE": idle,
        "EXIT": exit_code,
    }
    gcc = tools.riscv_gcc()
    elf, image = folder / "fw.elf", folder / "fw.hex"
    argv = [str(gcc.gcc), "-march=rv32im", "-mabi=ilp32", "-O2", "-ffreestanding", "-nostdlib"]
    argv += ["-Wl,-Ttext=0", "-Wl,--build-id=none", "-o", str(elf)]
    argv += [f"-D{name}={value}" for name, value in defines.items()]
    argv += [str(folder / "start.S"), str(folder / "main.c")]
    subprocess.run(argv, check=True, capture_output=True)
    copy = [str(gcc.objcopy), "-O", "verilog", "--verilog-data-width=4"]
    subprocess.run([*copy, str(elf), str(image)], check=True, capture_output=True)
    return image
