# SPDX-License-Identifier: Apache-2.0
"""test_pins : descriptions are checked against their subckt, and converters quantise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cosim.analog.pins import (
    Converter,
    InputPin,
    MacroDescription,
    Meter,
    OutputPin,
    Supply,
    subckt_ports,
)
from cosim.errors import MacroFileError

NETLIST = ".subckt amp a y vdd\nr1 a y 1k\nr2 vdd y 1k\n.ends\n"


def describe(**changes: Any) -> MacroDescription:
    fields: dict[str, Any] = {
        "subckt": "amp",
        "netlist": NETLIST,
        "inputs": (InputPin(name="a", node="a", voh=0.8),),
        "outputs": (OutputPin(name="y", node="y", rise_v=0.5, fall_v=0.3),),
        "supplies": (Supply(name="vdd", node="vdd", volts=0.8),),
    }
    return MacroDescription(**{**fields, **changes})


def test_the_ports_are_read_in_order_across_lines_comments_and_parameters() -> None:
    text = (
        "* .subckt amp wrong\n.model x y\n.SUBCKT Amp a b\n* a remark\n+ c\n\n+ d w=1 l=2\n"
        "r1 a b 1\n.ends\n.subckt amplifier q\n.ends\n"
    )
    assert subckt_ports(text, "amp") == ("a", "b", "c", "d")
    assert subckt_ports(text, "amplifier") == ("q",)
    assert subckt_ports(".subckt x a b params: w=1\n.ends", "x") == ("a", "b")


def test_a_subckt_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(MacroFileError, match=r"no \.subckt amp \(it has: other\)"):
        subckt_ports(".subckt other a\n.ends\n", "amp")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"supplies": ()}, "ports without a pin: vdd"),
        ({"supplies": (), "inputs": ()}, "nothing drives it"),
        (
            {"outputs": (OutputPin(name="y", node="z", rise_v=0.5, fall_v=0.3),)},
            "ports without a pin: y",
        ),
        (
            {"converters": (Converter(name="c", node="q", bits=8, vmin=0, vmax=1),)},
            "has not: q",
        ),
        (
            {"supplies": (Supply(name="vdd", node="a", volts=0.8),)},
            "node a is driven 2 times",
        ),
        (
            {"supplies": (Supply(name="vdd", node="vdd", volts=0.8, gate="en"),)},
            "gate en is not an input",
        ),
        (
            {"inputs": (InputPin(name="a", node="a", voh=0.8, enable="en"),)},
            "enable en is not an input",
        ),
        (
            {"inputs": (InputPin(name="y", node="a", voh=0.8),)},
            "pin y is described 2 times",
        ),
        (
            {"outputs": (OutputPin(name="y", node="a", rise_v=0.5, fall_v=0.3),)},
            "a both driven and read",
        ),
        (
            {"meters": (Meter(group="cells", node="y", taken_from="bias"),), "outputs": ()},
            "no source belongs to bias",
        ),
    ],
)
def test_a_description_that_does_not_fit_its_subckt_is_refused(
    changes: Mapping[str, Any], text: str
) -> None:
    with pytest.raises(MacroFileError, match=text):
        describe(**changes)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: InputPin(name="a", node="a", voh=1.0, rise_ps=0), "rise_ps must be at least 1"),
        (lambda: InputPin(name="a", node="a", voh=1.0, enable="a"), "cannot enable itself"),
        (lambda: Supply(name="v", node="v", volts=1.0, fall_ps=-1), "fall_ps must be at least 1"),
        (lambda: OutputPin(name="y", node="y", rise_v=0.3, fall_v=0.5), "lies below"),
        (
            lambda: Converter(name="c", node="y", bits=20, vmin=0, vmax=1),
            "bits must be 1..16, got 20",
        ),
        (lambda: Converter(name="c", node="y", bits=8, vmin=1, vmax=1), "vmax must lie above"),
    ],
)
def test_a_pin_with_impossible_values_is_refused(make: Any, text: str) -> None:
    with pytest.raises(MacroFileError, match=text):
        make()


def test_names_have_no_case_and_a_pin_may_be_read_twice() -> None:
    macro = describe(
        outputs=(OutputPin(name="y", node="Y", rise_v=0.5, fall_v=0.3),),
        converters=(Converter(name="c", node="y", bits=8, vmin=0, vmax=1),),
    )
    assert macro.ports == ("a", "y", "vdd")


def test_a_line_driver_gives_three_levels() -> None:
    pin = InputPin(name="a", node="a", vol=-0.8, voh=0.8, enable="en", v_off=0.0)
    volts = [pin.volts(level, enabled) for level in (0, 1) for enabled in (False, True)]
    assert volts == [0.0, -0.8, 0.0, 0.8]


def test_a_converter_rounds_to_the_nearest_code_and_clips() -> None:
    converter = Converter(name="c", node="y", bits=2, vmin=-0.3, vmax=0.3)  # step 0.2 V
    volts = [-0.3, -0.201, -0.199, 0.099, 0.101, 0.3, 0.399, 0.401, -0.399, -0.401]
    codes = [0, 0, 1, 2, 2, 3, 3, 3, 0, 0]
    assert [converter.code(v)[0] for v in volts] == codes
    assert [converter.code(v)[1] for v in volts] == [False] * 7 + [True, False, True]
