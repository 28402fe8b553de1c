# SPDX-License-Identifier: Apache-2.0
"""symbols : the functions of a firmware, read from the symbol table of its ELF file.

Only what a 32-bit little-endian ELF needs: section headers, one symbol table, its strings.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cosim.errors import FirmwareError

__all__ = ["Function", "Functions", "entries_text", "read_functions"]

_IDENT = b"\x7fELF\x01\x01"  # 32 bits, little-endian
_SYMTAB, _NOTYPE, _FUNC = 2, 0, 2
_ENTRY = struct.Struct("<IIIBBH")  # name, value, size, info, other, section
UNKNOWN = "?"
WORD = 4


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of the firmware: first address and bytes."""

    name: str
    begin: int
    size: int


class Functions:
    """Functions by address. A label without a size reaches to the next function."""

    def __init__(self, found: Iterable[Function]) -> None:
        by_begin: dict[int, Function] = {}
        for function in found:  # of two names for one place the sized one is the function
            if function.begin not in by_begin or function.size:
                by_begin[function.begin] = function
        self.all = tuple(by_begin[begin] for begin in sorted(by_begin))
        self._begins = [function.begin for function in self.all]

    def at(self, address: int) -> str:
        """Name of the function that holds an address, `?` where none does."""
        index = bisect.bisect_right(self._begins, address) - 1
        if index < 0:
            return UNKNOWN
        function = self.all[index]
        inside = not function.size or address < function.begin + function.size
        return function.name if inside else UNKNOWN


def read_functions(elf: Path) -> Functions:
    """Functions and code labels of an ELF file; FirmwareError says what is wrong with it."""
    try:
        data = elf.read_bytes()
    except OSError as error:
        raise FirmwareError(f"cannot read {elf}: {error.strerror}") from error
    if data[: len(_IDENT)] != _IDENT:
        raise FirmwareError(f"{elf} is not a 32-bit little-endian ELF file")
    try:
        return Functions(_functions(data))
    except (struct.error, IndexError) as error:
        raise FirmwareError(f"{elf} is cut short: its section headers point outside") from error


def _functions(data: bytes) -> Iterable[Function]:
    (table,) = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 46)
    sections = [struct.unpack_from("<10I", data, table + k * size) for k in range(count)]
    code = {k for k, section in enumerate(sections) if section[2] & 4}  # executable
    for section in sections:
        if section[1] != _SYMTAB:
            continue
        strings = sections[section[6]]
        for offset in range(section[4], section[4] + section[5], _ENTRY.size):
            name, value, length, info, _, place = _ENTRY.unpack_from(data, offset)
            text = _string(data, strings[4] + name)
            # Mapping symbols and local labels of the assembler begin with $ or a dot.
            if place in code and info & 15 in (_NOTYPE, _FUNC) and text[:1] not in ("", "$", "."):
                yield Function(name=text, begin=value, size=length)


def _string(data: bytes, begin: int) -> str:
    return data[begin : data.index(b"\0", begin)].decode(errors="replace")


def entries_text(functions: Functions) -> str:
    """Where functions begin, as sim_calls.v reads it: a 1 for each such word of RAM."""
    return "".join(f"@{function.begin // WORD:x} 1\n" for function in functions.all)
