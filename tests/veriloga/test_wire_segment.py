# SPDX-License-Identifier: Apache-2.0
"""test_wire_segment : resistance and capacitance of a cell's wires equal the public tables."""

from __future__ import annotations

from math import log
from pathlib import Path

import pytest
from near import near
from va_deck import run_deck
from va_model import model

# lambda in nm: ohm along inputs (12 lambda), ohm along output lines (15 lambda), fF (12 lambda, one
# neighbour at 5 lambda). Tables of the public IMAC-Sim netlists (arXiv:2304.09252), as printed.
TABLE = {
    7: (10.87, 13.59, 0.036),
    9: (9.24, 11.55, 0.048),
    10: (8.67, 10.84, 0.054),
    14: (7.20, 9.00, 0.083),
    16: (6.74, 8.42, 0.100),
    20: (6.09, 7.61, 0.139),
}
HALF_DIGIT_OHM, HALF_DIGIT_FF = 0.0051, 0.00051  # the tables are rounded


@pytest.mark.parametrize("nanometres", TABLE)
def test_values_per_cell_are_the_tabulated_ones(nanometres: int) -> None:
    along_inputs, along_lines, femtofarads = TABLE[nanometres]
    wire = model("wire_segment")
    for length, ohms in ((12.0, along_inputs), (15.0, along_lines)):
        answer = wire.evaluate({"a": 1.0}, length=length, **{"lambda": nanometres * 1e-9})
        assert 1 / answer.current_a[0] == near(ohms, abs=HALF_DIGIT_OHM)
    both = wire.evaluate({"a": 1.0, "b": 1.0}, **{"lambda": nanometres * 1e-9})
    assert -both.charge_c[2] * 1e15 == near(femtofarads, abs=HALF_DIGIT_FF)
    assert both.charge_c[0] == both.charge_c[1]  # half at each end


def test_values_follow_the_formulas_exactly() -> None:
    eps, rho, mean_free_m, thick_m, height_m = 20 * 8.854e-12, 1.9e-8, 39e-9, 22e-9, 20e-9
    lam = 11e-9
    width_m, length_m = 3 * lam, 15 * lam
    a = mean_free_m * 0.3 / (width_m * 0.7)
    grains = 1 / (1 - 1.5 * a + 3 * a**2 - 3 * a**3 * log(1 + 1 / a))
    ohms = rho * (0.75 * 0.75 * mean_free_m / width_m + grains) * length_m / (width_m * thick_m)
    w, t = width_m / height_m, thick_m / height_m
    side = 0.03 * w + 0.83 * t - 0.07 * t**0.222
    near_by = sum((height_m / (n * lam)) ** 1.34 for n in (5, 9))
    farads = eps * length_m * (0.5 * (1.15 * w + 2.8 * t**0.222) + side * near_by)
    got = model("wire_segment").evaluate(
        {"a": 1.0, "ref": -1.0}, length=15.0, space_1=5.0, space_2=9.0, **{"lambda": lam}
    )
    assert 1 / got.current_a[0] == near(ohms)
    assert got.charge_c == near([farads, 0.5 * farads, -1.5 * farads])


def test_a_second_neighbour_adds_capacitance_and_distance_removes_it() -> None:
    wire = model("wire_segment")

    def farads(**params: float) -> float:
        return float(-wire.evaluate({"a": 1.0, "b": 1.0}, **params).charge_c[2])

    alone = farads(space_1=1e9)
    one, two = farads(), farads(space_2=5.0)
    assert two - one == near(one - alone, rel=1e-6)
    assert one > alone > 0


def test_ngspice_delay_of_a_long_wire_is_elmore(tmp_path: Path) -> None:
    got = run_deck("wire_segment.cir", tmp_path)
    wire = model("wire_segment")
    r_ohm = 1 / wire.evaluate({"a": 1.0}, length=1200.0).current_a[0]
    c_f = -wire.evaluate({"a": 1.0, "b": 1.0}, length=1200.0).charge_c[2]
    # one segment driven hard, loaded by 100 fF: a single pole of R*(C/2 + 100 fF)
    tau_s = r_ohm * (0.5 * c_f + 100e-15)
    assert got["t63"][0] == near(tau_s, rel=5e-3)  # 0.2 ps output step on 0.1 ns
