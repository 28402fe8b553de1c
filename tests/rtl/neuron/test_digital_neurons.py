# SPDX-License-Identifier: Apache-2.0
"""test_digital_neurons : both digital sigmoids over all inputs, against formulas in floats."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import cocotb
import pytest
from cocotb.triggers import Timer
from rtl_runner import RTL, run_icarus

PWL_FAR = 0.0190  # largest distance of these pieces from the sigmoid, 0.0189 in their source


def table(code: int) -> int:
    return math.floor(255 / (1 + math.exp(-code / 16)) + 0.5)


def pieces(code: int) -> int:
    """Exact in fractions; the half steps of the third piece are cut, before mirroring."""
    size = Fraction(abs(code), 16)
    if size < 1:
        upper = size / 4 + Fraction(1, 2)
    elif size < Fraction(19, 8):
        upper = size / 8 + Fraction(5, 8)
    elif size < 5:
        upper = size / 32 + Fraction(27, 32)
    else:
        upper = Fraction(1)
    whole = math.floor(256 * upper)
    return min(whole if code >= 0 else 256 - whole, 255)


async def sweep(dut: Any) -> dict[int, int]:
    found = {}
    for code in range(-128, 128):
        dut.i_clk.value = 0
        dut.i_code.value = code & 0xFF
        await Timer(1, "ns")
        dut.i_clk.value = 1
        await Timer(1, "ns")
        found[code] = int(dut.o_code.value)
    return found


@cocotb.test()
async def every_code_is_the_formulas(dut: Any) -> None:
    formula = table if dut._name == "neuron_lut" else pieces
    found = await sweep(dut)
    assert found == {code: formula(code) for code in found}
    values = list(found.values())
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0, 255)


@pytest.mark.parametrize("name", ["neuron_lut", "neuron_pwl"])
def test_digital_neuron(name: str) -> None:
    run_icarus(name, [RTL / "neuron" / f"{name}.v"], __file__)


def test_the_pieces_stay_near_the_sigmoid() -> None:
    far = max(abs(pieces(c) / 256 - 1 / (1 + math.exp(-c / 16))) for c in range(-128, 128))
    assert far < PWL_FAR + 1 / 256
