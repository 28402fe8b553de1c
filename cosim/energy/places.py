# SPDX-License-Identifier: Apache-2.0
"""places : which C function and source line an instruction is from, asked of addr2line."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosim.errors import FirmwareError, ToolError
from cosim.tools import riscv_gcc

__all__ = ["DMA_PLACE", "NOWHERE", "UNKNOWN_PLACE", "Place", "read_places"]

TIMEOUT_S = 60.0
ADDRESS = re.compile(r"0x[0-9a-f]+")


@dataclass(frozen=True, kw_only=True)
class Place:
    """`function` is the function written in the source, `symbol` the one it was inlined into.

    `line` is 0 where the ELF knows no line (compiler library).
    """

    function: str
    symbol: str
    file: str
    line: int

    @property
    def source(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


UNKNOWN_PLACE = Place(function="?", symbol="?", file="(not looked up)", line=0)
NOWHERE = Place(function="(trap entry)", symbol="(trap entry)", file="(hardware)", line=0)


DMA_PLACE = Place(function="(DMA)", symbol="(DMA)", file="(hardware)", line=0)


def read_places(elf: Path, addresses: Iterable[int]) -> Mapping[int, Place]:
    """The place of each address."""
    program = str(riscv_gcc().gcc).removesuffix("gcc") + "addr2line"
    asked = "".join(f"0x{address:x}\n" for address in sorted(set(addresses)))
    if not asked:
        return {}
    try:
        done = subprocess.run(
            [program, "-e", str(elf), "-a", "-f", "-i"],
            input=asked,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise ToolError(f"cannot start {program}: {error.strerror}") from error
    if done.returncode != 0:
        raise FirmwareError(f"{elf}: {done.stderr.strip()}")
    return _parse(done.stdout.splitlines())


def _parse(lines: list[str]) -> dict[int, Place]:
    """Blocks of an address line and a pair of lines for each function, innermost first."""
    blocks: list[tuple[int, list[str]]] = []
    for line in lines:
        if ADDRESS.fullmatch(line):
            blocks.append((int(line, 16), []))
        else:
            blocks[-1][1].append(line)
    return {address: _place(block) for address, block in blocks}


def _place(block: list[str]) -> Place:
    file, _, line = block[1].partition(" (")[0].rpartition(":")
    known = line.isdigit() and file != "??"
    return Place(
        function=_name(block[0]),
        symbol=_name(block[-2]),
        file=re.sub(r"^.*/(firmware|generated)/", "", file) if known else "(library)",
        line=int(line) if known else 0,
    )


def _name(name: str) -> str:
    return "(library)" if name == "??" else name
