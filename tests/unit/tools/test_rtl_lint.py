# SPDX-License-Identifier: Apache-2.0
"""test_rtl_lint : the RTL passes its three readers, and each reader can say no."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cosim.errors import RtlError
from cosim.rtl_lint import lint_rtl
from cosim.tools import repo_root

pytestmark = pytest.mark.rtl
TIMER = Path("rtl/soc/soc_timer.v")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(repo_root() / "rtl", tmp_path / "rtl")
    return tmp_path


def edit(root: Path, old: str, new: str) -> None:
    path = root / TIMER
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_rtl_passes_every_reader() -> None:
    assert list(lint_rtl()) == ["Icarus", "Verilator", "Yosys"]


@pytest.mark.parametrize(
    ("new", "reader"),
    [
        ("   assign nowhere.x = 1'b1;\nendmodule", "icarus"),
        ("   wire lint_spare;\n   assign lint_spare = 1'b1;\nendmodule", "verilator"),
        # simulators draw random numbers, gates do not
        (
            "   /* verilator lint_off UNUSEDSIGNAL */\n"
            "   wire [31:0] lint_draw;\n   assign lint_draw = $random;\nendmodule",
            "yosys",
        ),
    ],
)
def test_each_reader_finds_its_own_fault(copy: Path, new: str, reader: str) -> None:
    edit(copy, "endmodule", new)
    with pytest.raises(RtlError, match=f"^{reader}: "):
        list(lint_rtl(copy))


def test_missing_file_list_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RtlError, match=r"cannot read .*files\.f"):
        list(lint_rtl(tmp_path))
