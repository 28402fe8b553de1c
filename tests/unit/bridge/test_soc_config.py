# SPDX-License-Identifier: Apache-2.0
"""test_soc_config : what crosses to the simulator process and back arrives as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosim import errors
from cosim.bridge.soc_config import (
    MacroSpec,
    SocConfig,
    encode_note,
    load_config,
    make_macro,
    split_notes,
)
from cosim.bridge.soc_follow import error_of
from cosim.bridge.soc_pins import MacroPins
from cosim.errors import UserInputError

MACROS = (
    MacroSpec(name="a", kind="ideal", sizes=(400, 120, 84, 10), design="x.yaml"),
    MacroSpec(name="b", kind="good", sizes=(20, 5, 4), factory="fake_engines:make"),
)
SPIKING = MacroPins(
    shell=2, out_bits=1, strobe_pin="strobe", asynchronous=True, decided="latch", more=(("S", 2),)
)


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    config = SocConfig(macros=MACROS, events="e.jsonl", clock_ps=800, convert_ps=300)
    config.save(tmp_path / "c.json")
    assert load_config(tmp_path / "c.json") == config
    other = replace(config, macros=(replace(MACROS[0], pins=SPIKING),))
    other.save(tmp_path / "d.json")
    assert load_config(tmp_path / "d.json") == other


def test_impossible_configurations_are_refused() -> None:
    with pytest.raises(UserInputError, match=r"convert_ps must be 1\.\.999"):
        SocConfig(macros=MACROS, events="", convert_ps=1000)
    with pytest.raises(UserInputError, match="names of their own"):
        SocConfig(macros=(MACROS[0], MACROS[0]), events="")
    with pytest.raises(UserInputError, match="the same pins"):
        SocConfig(macros=(MACROS[0], replace(MACROS[1], pins=SPIKING)), events="")
    with pytest.raises(UserInputError, match="need a strobe_pin"):
        replace(SPIKING, strobe_pin="")
    with pytest.raises(UserInputError, match="aux_w must be 1 or more, got 0"):
        MacroPins(aux_w=0)


def test_pins_say_widths_parameters_and_names() -> None:
    pins = MacroPins(in_w=3, aux_w=2, out_n=4, out_bits=8, code_n=2, code_bits=5, aux_pin="a[{}]")
    assert pins.widths["code"] == 10
    assert pins.parameters["CODE_W"] == 10
    assert (pins.parameters["OUT_N"], pins.parameters["ADC_BITS"]) == (4, 8)
    assert pins.input_pins(2) == ("en", "in[0]", "in[1]", "a[0]", "a[1]")
    assert pins.code_pins == ("code[0]", "code[1]")


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
    here = error_of(note)
    assert type(here) is type(there)
    assert str(here) == str(there)
    assert isinstance(here, errors.CircuitError)
    assert (here.macro, here.t_ps, here.node) == ("m", 1234, "x1")


def test_an_error_of_no_known_class_is_an_rtl_error() -> None:
    assert type(error_of({"type": "KeyError", "text": "x"})) is errors.RtlError
