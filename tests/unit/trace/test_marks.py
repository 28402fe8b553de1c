# SPDX-License-Identifier: Apache-2.0
"""test_marks : region marks of the RTL's event file are paired, nested, and refused when wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.errors import FirmwareError, RtlError
from cosim.trace.marks import Exit, Region, parse_marks, read_marks

NESTED = """\
M open 3 1000 1 0
M open 4 3000 3 2
M close 4 9000 9 7
M close 3 20000 20 15
X 0 21000 21 16
"""


def test_nested_regions_are_paired_in_closing_order() -> None:
    marks = parse_marks(NESTED.splitlines())
    assert marks.regions == (
        Region(id=4, t_begin_ps=3000, t_end_ps=9000, cycles=6, instructions=5),
        Region(id=3, t_begin_ps=1000, t_end_ps=20000, cycles=19, instructions=15),
    )
    assert marks.exit == Exit(code=0, t_ps=21000, cycles=21, instructions=16)
    assert marks.of(4) == marks.regions[:1]


def test_run_cut_short_keeps_what_closed() -> None:
    marks = parse_marks(NESTED.splitlines()[:3])
    assert (len(marks.regions), marks.open_ids, marks.exit) == (1, (3,), None)


def test_unfinished_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "marks.txt"
    path.write_text(NESTED[: NESTED.index("X 0") + 4])
    marks = read_marks(path)
    assert len(marks.regions) == 2
    assert marks.exit is None


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("M close 4 1 1 1", FirmwareError, "marks:1: region 4 is closed but was not open"),
        ("M open 4 1 1 1\nM open 4 2 2 2", FirmwareError, "marks:2: region 4 is opened inside"),
        ("M toggle 4 1 1 1", RtlError, "marks:1: neither open nor close: 'toggle'"),
        ("M open x 1 1 1", RtlError, "marks:1: .*'x'"),
        ("hello", RtlError, "marks:1: not an event: 'hello'"),
    ],
)
def test_wrong_lines_are_named(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_marks(text.splitlines(), name="marks")


def test_missing_file_is_an_rtl_error(tmp_path: Path) -> None:
    with pytest.raises(RtlError, match="No such file"):
        read_marks(tmp_path / "none")
