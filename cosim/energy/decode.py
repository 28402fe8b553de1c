# SPDX-License-Identifier: Apache-2.0
"""decode : what an RV32IM instruction word uses: class, register ports, memory access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from cosim.errors import FirmwareError
from cosim.regmap import INSTRUCTIONS, OPCODE_CUSTOM0

__all__ = ["CLASSES", "Access", "InstructionClass", "Use", "decode", "read_image"]

InstructionClass = Literal[
    "alu", "mul", "div", "load", "store", "branch", "jump", "csr", "system", "xif"
]
Access = Literal["load", "store"]
CLASSES: tuple[InstructionClass, ...] = get_args(InstructionClass)

WFI = 0x1050_0073
_LUI, _AUIPC, _JAL, _JALR = 0x37, 0x17, 0x6F, 0x67
_BRANCH, _LOAD, _STORE, _OP_IMM, _OP, _FENCE, _SYSTEM = 0x63, 0x03, 0x23, 0x13, 0x33, 0x0F, 0x73
_SIZES = {0: 1, 1: 2, 2: 4, 4: 1, 5: 2}  # funct3 of loads and stores
_XIF_WRITES = {op.funct3: op.rd is not None for op in INSTRUCTIONS}


@dataclass(frozen=True, kw_only=True)
class Use:
    """`reads` and `writes` count registers other than x0; `size` is in bytes, 0 without access."""

    kind: InstructionClass
    reads: int
    writes: int
    access: Access | None = None
    size: int = 0
    sleeps: bool = False


@cache
def decode(word: int) -> Use:
    """One instruction; FirmwareError if it is none that the CPU retires."""
    opcode, funct3, funct7 = word & 0x7F, word >> 12 & 7, word >> 25
    rd, rs1, rs2 = word >> 7 & 31, word >> 15 & 31, word >> 20 & 31
    one, two, wrote = int(rs1 != 0), int(rs1 != 0) + int(rs2 != 0), int(rd != 0)
    simple: Mapping[int, tuple[InstructionClass, int, int]] = {
        _LUI: ("alu", 0, wrote),
        _AUIPC: ("alu", 0, wrote),
        _OP_IMM: ("alu", one, wrote),
        _JAL: ("jump", 0, wrote),
        _JALR: ("jump", one, wrote),
        _BRANCH: ("branch", two, 0),
        _FENCE: ("system", 0, 0),
        OPCODE_CUSTOM0: ("xif", two, wrote * int(_XIF_WRITES[funct3])),
    }
    if opcode in simple:
        kind, reads, writes = simple[opcode]
        return Use(kind=kind, reads=reads, writes=writes)
    if opcode == _OP:
        kind = "alu" if funct7 != 1 else "mul" if funct3 < 4 else "div"
        return Use(kind=kind, reads=two, writes=wrote)
    if opcode == _LOAD and funct3 in _SIZES:
        return Use(kind="load", reads=one, writes=wrote, access="load", size=_SIZES[funct3])
    if opcode == _STORE and funct3 in (0, 1, 2):
        return Use(kind="store", reads=two, writes=0, access="store", size=_SIZES[funct3])
    if opcode == _SYSTEM:
        if funct3 == 0:
            return Use(kind="system", reads=0, writes=0, sleeps=word == WFI)
        return Use(kind="csr", reads=one if funct3 < 4 else 0, writes=wrote)
    raise FirmwareError(f"0x{word:08x} is no instruction of this CPU")


def read_image(path: Path) -> dict[int, int]:
    """The words of a `$readmemh` image by byte address."""
    try:
        return _words(path.read_text().split())
    except OSError as error:
        raise FirmwareError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise FirmwareError(f"{path} is not an image of hex words: {error}") from error


def _words(tokens: Iterable[str]) -> dict[int, int]:
    out: dict[int, int] = {}
    index = 0
    for token in tokens:
        if token.startswith("@"):
            index = int(token[1:], 16)
        else:
            out[4 * index] = int(token, 16)
            index += 1
    return out
