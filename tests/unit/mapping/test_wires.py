# SPDX-License-Identifier: Apache-2.0
"""test_wires : wire values per cell equal the published table."""

from __future__ import annotations

import pytest

from cosim.design import load_design
from cosim.mapping.wires import capacitance_f_per_m, cell_wires, resistivity_ohm_m

# lambda in nm: along inputs ohm, along I lines ohm, fF (arXiv:2304.09252 geometry, per cell).
TABLE = {
    7: (10.87, 13.59, 0.036),
    9: (9.24, 11.55, 0.048),
    10: (8.67, 10.84, 0.054),
    14: (7.20, 9.00, 0.083),
    16: (6.74, 8.42, 0.100),
    20: (6.09, 7.61, 0.139),
}
TOL_OHM = 0.006  # half of the table's last digit, rounded up
TOL_FF = 0.0006


@pytest.mark.parametrize("lambda_nm", list(TABLE))
def test_cell_values_equal_the_published_table(lambda_nm: int) -> None:
    wires = load_design("imac_14nm", [f"wires.lambda_nm={lambda_nm}"]).wires
    cell = cell_wires(wires)
    r_in, r_out, c_ff = TABLE[lambda_nm]
    assert cell.r_in_ohm == pytest.approx(r_in, abs=TOL_OHM)
    assert cell.r_out_ohm == pytest.approx(r_out, abs=TOL_OHM)
    # The table's one capacitance is a wire of the input pitch with its pair 5 lambda away.
    published = capacitance_f_per_m(wires, [5]) * 12 * lambda_nm * 1e-9 * 1e15
    assert published == pytest.approx(c_ff, abs=TOL_FF)
    assert cell.c_out_f * 1e15 == pytest.approx(c_ff * 15 / 12, rel=0.02)
    assert 0.7 * c_ff < cell.c_in_f * 1e15 < 1.1 * c_ff


def test_wide_wires_approach_bulk_resistivity() -> None:
    wires = load_design("imac_14nm", ["wires.lambda_nm=100000.0"]).wires
    assert resistivity_ohm_m(wires) == pytest.approx(wires.rho_ohm_m, rel=1e-3)


def test_wires_may_have_resistance_alone() -> None:
    plain, bare = (
        cell_wires(load_design("imac_14nm", [f"wires.capacitance={on}"]).wires)
        for on in ("true", "false")
    )
    assert (bare.c_in_f, bare.c_out_f) == (0.0, 0.0)
    assert (bare.r_in_ohm, bare.r_out_ohm) == (plain.r_in_ohm, plain.r_out_ohm)
    assert plain.c_in_f > 0
