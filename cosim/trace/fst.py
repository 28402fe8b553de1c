# SPDX-License-Identifier: Apache-2.0
"""fst : whether an FST file is whole, and the times it reaches from and to.

The file is a chain of blocks: a type byte and a big-endian length that counts itself. A writer puts
the header in place last, so a file that was cut off has none, or ends inside a block.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from cosim.errors import RunFolderError

__all__ = ["FstSpan", "check_fst"]

HEADER, GEOMETRY = 0, 3
HIERARCHIES = {4, 6, 7}
HEADER_LENGTH = 329


@dataclass(frozen=True, kw_only=True)
class FstSpan:
    """First and last time in the file's unit, and how many signals it holds."""

    begin: int
    end: int
    signals: int


def check_fst(path: Path) -> FstSpan:
    """RunFolderError if the file is not whole."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}") from error
    kinds: list[int] = []
    place = 0
    while place + 9 <= len(data):
        kind, length = struct.unpack_from(">BQ", data, place)
        kinds.append(kind)
        place += 1 + length
        if length < 8:
            break
    whole = place == len(data) and kinds[:1] == [HEADER] and GEOMETRY in kinds
    if not whole or not HIERARCHIES & set(kinds) or len(data) < HEADER_LENGTH:
        raise RunFolderError(f"{path} is not whole: was the disk full, or its writer killed?")
    begin, end = struct.unpack_from(">QQ", data, 9)
    (signals,) = struct.unpack_from(">Q", data, 57)
    return FstSpan(begin=begin, end=end, signals=signals)
