# SPDX-License-Identifier: Apache-2.0
"""test_fst : a file that is not whole is told from one that is, wherever it was cut."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from cosim.errors import RunFolderError
from cosim.trace.fst import FstSpan, check_fst


def block(kind: int, body: bytes) -> bytes:
    return struct.pack(">BQ", kind, len(body) + 8) + body


def whole() -> bytes:
    header = struct.pack(">QQ", 500, 9000) + bytes(32) + struct.pack(">Q", 17)
    return (
        block(0, header.ljust(321, b"\0"))
        + block(5, b"values")
        + block(3, b"geometry")
        + block(6, b"hierarchy")
    )


def test_a_whole_file_says_from_when_to_when(tmp_path: Path) -> None:
    path = tmp_path / "trace.fst"
    path.write_bytes(whole())
    assert check_fst(path) == FstSpan(begin=500, end=9000, signals=17)


@pytest.mark.parametrize("cut", [0, 5, 200, 345, 360])
def test_a_cut_file_is_refused(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "trace.fst"
    path.write_bytes(whole()[:cut])
    with pytest.raises(RunFolderError, match="is not whole"):
        check_fst(path)


def test_a_file_whose_header_was_never_put_in_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.fst"
    path.write_bytes(bytes(330) + whole()[330:])
    with pytest.raises(RunFolderError, match="is not whole"):
        check_fst(path)
