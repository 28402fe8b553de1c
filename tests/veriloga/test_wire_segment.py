# SPDX-License-Identifier: Apache-2.0
"""test_wire_segment : resistance and capacitance of a cell's wires equal the public tables."""

from __future__ import annotations

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
