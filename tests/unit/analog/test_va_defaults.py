# SPDX-License-Identifier: Apache-2.0
"""test_va_defaults : constants of engine fast that repeat defaults of the Verilog-A models."""

from __future__ import annotations

import re

import pytest

from cosim.analog import fast_amplifier, tables_delay
from cosim.analog.netlist_parts import VERILOGA


def default(model: str, parameter: str) -> float:
    """A parameter's default as the model's source has it."""
    text = (VERILOGA / f"{model}.va").read_text(encoding="utf-8")
    found = re.findall(rf"parameter\s+real\s+{parameter}\s*=\s*([-+0-9.eE]+)\s", text)
    assert len(found) == 1, f"{model}.va: {parameter} stands there {len(found)} times"
    return float(found[0])


@pytest.mark.parametrize(
    ("value", "model", "parameter"),
    [
        (fast_amplifier.V_SOFT_AMPLIFIER, "diff_amp", "v_soft"),
        (fast_amplifier.V_SOFT_BUFFER, "buffer_amp", "v_soft"),
        (fast_amplifier.V_ON, "diff_amp", "v_on"),
        (fast_amplifier.V_ON, "buffer_amp", "v_on"),
        (tables_delay.AMPLIFIER_INPUT_F, "diff_amp", "c_in"),
        (tables_delay.BUFFER_INPUT_F, "buffer_amp", "c_in"),
        (tables_delay.TRACK_F, "sample_hold", "c_par"),
    ],
)
def test_a_constant_is_the_default_that_the_macro_leaves_in_place(
    value: float, model: str, parameter: str
) -> None:
    assert value == default(model, parameter)


@pytest.mark.parametrize(("model", "parameter"), [("buffer_amp", "v_head"), ("diff_amp", "v_os")])
def test_what_engine_fast_leaves_out_is_zero_by_default(model: str, parameter: str) -> None:
    assert default(model, parameter) == 0.0
