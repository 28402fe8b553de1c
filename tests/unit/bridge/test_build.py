# SPDX-License-Identifier: Apache-2.0
"""test_build : what goes into a build's name, what it publishes, and what bad input says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.bridge.build import Rtl, _first_error, _key, _publish
from cosim.errors import UserInputError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "top.v"
    path.write_text("module top(input a); endmodule\n")
    return path


def test_any_change_gives_another_build(source: Path) -> None:
    names = {_key(Rtl(top="top", sources=(source,)), (), "settings")}
    names.add(_key(Rtl(top="top", sources=(source,), parameters={"N": 2}), (), "settings"))
    names.add(_key(Rtl(top="top", sources=(source,), timescale="1ps/1ps"), (), "settings"))
    names.add(_key(Rtl(top="top", sources=(source,), clock_ps=1000), (), "settings"))
    names.add(_key(Rtl(top="top", sources=(source,)), (), "other settings"))
    (source.parent / "defs.vh").write_text("`define X 1\n")
    names.add(_key(Rtl(top="top", sources=(source,), includes=(source.parent,)), (), "settings"))
    (source.parent / "defs.vh").write_text("`define X 2\n")
    names.add(_key(Rtl(top="top", sources=(source,), includes=(source.parent,)), (), "settings"))
    source.write_text("module top(input b); endmodule\n")
    names.add(_key(Rtl(top="top", sources=(source,)), (), "settings"))
    assert len(names) == 8
    same = _key(Rtl(top="top", sources=(source,)), (), "settings")
    assert same in names


def test_only_the_named_signals_are_published(source: Path) -> None:
    text = _publish(Rtl(top="top", sources=(source,), read=("q", "core.pc"), write=("d",)))
    assert text.splitlines() == [
        "`verilator_config",
        'public_flat_rd -module "top" -var "q"',
        'public_flat_rd -module "core" -var "pc"',
        'public_flat_rw -module "top" -var "d"',
    ]


def test_bad_input_names_what_is_wrong(source: Path) -> None:
    with pytest.raises(UserInputError, match=r"there is no file .*nowhere\.v"):
        Rtl(top="top", sources=(source.parent / "nowhere.v",))
    with pytest.raises(UserInputError, match="must be a Verilog name, got 'a b'"):
        Rtl(top="a b", sources=(source,))


def test_the_first_complaint_of_a_tool_is_the_error() -> None:
    output = "compiling\n%Warning-X: no matter\n%Error: top.v:3:1: syntax error\n%Error: more\n"
    assert _first_error(output) == "%Error: top.v:3:1: syntax error"
    assert _first_error("") == "no message"
