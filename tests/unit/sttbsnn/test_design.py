# SPDX-License-Identifier: Apache-2.0
"""test_design : design files of the spiking macro, and what refuses those of the other kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.design import design_kind, design_names, load_design
from cosim.errors import DesignError, UserInputError
from cosim.sttbsnn.design import KIND, bsnn_names, load_bsnn
from cosim.sttbsnn.factory import make_bsnn_engine


@pytest.mark.parametrize("name", bsnn_names())
def test_every_constant_has_a_source_and_comes_back(name: str, tmp_path: Path) -> None:
    design = load_bsnn(name)
    missing = [key for key, source in design.sources.items() if source.startswith("not stated")]
    assert not missing
    path = tmp_path / "again.yaml"
    path.write_text(design.resolved_yaml())
    again = load_bsnn(path)
    assert again == design
    assert again.sources == design.sources


def test_kinds_are_told_apart() -> None:
    assert design_kind("stt_bsnn_65nm") == KIND
    assert design_kind("imac_14nm") == "imac"
    assert "stt_bsnn_65nm" not in design_names()
    with pytest.raises(DesignError, match="kind is stt_bsnn, a design of kind imac is needed"):
        load_design("stt_bsnn_65nm")
    with pytest.raises(DesignError, match="kind is imac"):
        load_bsnn("imac_14nm")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("row.inputz=3", "unknown key row.inputz"),
        ("threshold.bits=8", "less than two codes a match"),
        ("row.read_v=-1", "row.read_v"),
    ],
)
def test_a_wrong_value_is_one_line(text: str, what: str) -> None:
    with pytest.raises(DesignError, match=what):
        load_bsnn("stt_bsnn_65nm", [text])


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UserInputError, match="engine must be one of"):
        make_bsnn_engine("exact", "tile", load_bsnn("stt_bsnn_65nm"), 1)
