# SPDX-License-Identifier: Apache-2.0
"""doctor_firmware : builds a bare firmware and runs it on the SoC's RTL in Icarus."""

from __future__ import annotations

import re
from pathlib import Path

from cosim import gen, tools
from cosim.doctor_probes import run_step
from cosim.errors import RtlError
from cosim.rtl_lint import rtl_files

__all__ = ["probe_soc"]

TEXT = "alive"
RAM_WORDS = 4096  # enough for the probe; the whole RAM only costs start-up time

# Multiplies and branches before it prints, so a broken core does not pass by luck.
PROGRAM_C = f"""\
#include "imac_regs.h"
#define WORD(address) (*(volatile unsigned *)(unsigned)(address))
int main(void)
{{
	const char *text = "{TEXT}";
	unsigned sum = 0;
	for (unsigned i = 1; i <= 10; i++)
		sum += i * i;
	while (sum == 385 && *text)
		WORD(CONSOLE_DATA) = (unsigned char)*text++;
	WORD(SIM_EXIT_CODE) = sum == 385 ? 0 : 1;
	for (;;)
		;
}}
"""
START_S = """\
.section .init
.globl _start
_start:
	li sp, 0x3ff0
	call main
"""


def _firmware(folder: Path) -> Path:
    tool = tools.riscv_gcc()
    (folder / "main.c").write_text(PROGRAM_C)
    (folder / "start.S").write_text(START_S)
    flags = ["-march=rv32im_zicsr", "-mabi=ilp32", "-O1", "-ffreestanding", "-nostdlib", "-I."]
    link = ["-Wl,-Ttext=0", "-Wl,--build-id=none", "start.S", "main.c", "-o", "probe.elf"]
    run_step([tool.gcc, *flags, *link], folder)
    hex_args = ["-O", "verilog", "--verilog-data-width=4", "probe.elf", "probe.hex"]
    run_step([tool.objcopy, *hex_args], folder)
    return folder / "probe.hex"


def probe_soc(folder: Path) -> str:
    """A firmware prints a word and ends with code 0 on the SoC."""
    gen.write_all(folder)
    image = _firmware(folder)
    top = [f"-Psim_top.RAM_WORDS={RAM_WORDS}", "-s", "sim_top"]
    sources = rtl_files(tools.repo_root())
    includes = [f"-I{path}" for path in sorted({folder, *(path.parent for path in sources)})]
    build = [str(tools.iverilog()), "-g2012", *includes, *top, "-o", "soc.vvp"]
    run_step([*build, *sources], folder)
    plus = [f"+image={image}", "+console=console.txt", "+events=events.txt"]
    run_step([tools.vvp(), "-n", "soc.vvp", *plus], folder)
    console = (folder / "console.txt").read_text(errors="replace")
    ended = re.search(r"^X (\d+) ", (folder / "events.txt").read_text(), re.MULTILINE)
    if console != TEXT or ended is None or ended.group(1) != "0":
        raise RtlError(f"the firmware printed {console[:40]!r} and did not end with code 0")
    return f"firmware printed {TEXT!r} and ended with code 0"
