# SPDX-License-Identifier: Apache-2.0
"""test_soc_config : what crosses to the simulator process and back arrives as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim import errors
from cosim.bridge.soc import _error
from cosim.bridge.soc_config import (
    MacroSpec,
    SocConfig,
    encode_note,
    load_config,
    make_macro,
    split_notes,
)
from cosim.errors import UserInputError

MACROS = (
    MacroSpec(name="a", kind="ideal", sizes=(400, 120, 84, 10), design="x.yaml"),
    MacroSpec(name="b", kind="good", sizes=(20, 5, 4), factory="fake_engines:make"),
)


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    config = SocConfig(macros=MACROS, events="e.jsonl", clock_ps=800, convert_ps=300)
    config.save(tmp_path / "c.json")
    assert load_config(tmp_path / "c.json") == config


def test_impossible_configurations_are_refused() -> None:
    with pytest.raises(UserInputError, match=r"convert_ps must be 1\.\.999"):
        SocConfig(macros=MACROS, events="", convert_ps=1000)
    with pytest.raises(UserInputError, match="names of their own"):
        SocConfig(macros=(MACROS[0], MACROS[0]), events="")


def test_every_macro_gets_an_engine_of_its_own() -> None:
    engines = [make_macro(MACROS[1]) for _ in range(2)]
    assert engines[0] is not engines[1]


def test_notes_arrive_whole_however_they_are_cut() -> None:
    data = b"".join(encode_note("warning", text=f"line {k}") for k in range(5))
    rest, texts = b"", []
    for k in range(0, len(data), 7):
        records, rest = split_notes(rest + data[k : k + 7])
        texts += [record["text"] for record in records]
    assert texts == [f"line {k}" for k in range(5)]
    assert rest == b""


@pytest.mark.parametrize("kind", ["WorkerLostError", "ConvergenceError", "NetlistError"])
def test_a_circuit_error_comes_back_as_its_class_with_its_place(kind: str) -> None:
    there = getattr(errors, kind)("no end", macro="m", t_ps=1234, node="x1")
    note = {"type": kind, "text": str(there), "macro": "m", "t_ps": 1234, "node": "x1"}
    here = _error(note)
    assert type(here) is type(there)
    assert str(here) == str(there)
    assert isinstance(here, errors.CircuitError)
    assert (here.macro, here.t_ps, here.node) == ("m", 1234, "x1")


def test_an_error_of_no_known_class_is_an_rtl_error() -> None:
    assert type(_error({"type": "KeyError", "text": "x"})) is errors.RtlError
