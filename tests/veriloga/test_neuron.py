# SPDX-License-Identifier: Apache-2.0
"""test_neuron : MTJs and transistors together give the published sigmoid, its currents and delay.

Reference: PTM-MG 14 nm HP in BSIM-CMG 111, ngspice 44.2; R_P 8488.26 and R_AP 25464.79 ohm without
bias dependence or strip; points of veriloga/fit/reference/neuron_*.csv, inverter_10p10.csv.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from near import near
from va_deck import run_deck

TOL_V = 0.010
V_IN_V = (-0.6, -0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3, 0.6)
OUT_V = {  # load to 0.4 V: output at V_IN_V
    "open": [
        0.7929,
        0.7774,
        0.7510,
        0.6166,
        0.5022,
        0.3849,
        0.2681,
        0.1562,
        0.0432,
        0.0204,
        0.0064,
    ],
    "2000": [
        0.7508,
        0.7383,
        0.6992,
        0.5561,
        0.4733,
        0.3892,
        0.3052,
        0.2228,
        0.0873,
        0.0561,
        0.0446,
    ],
    "500": [0.6652, 0.6347, 0.5684, 0.4844, 0.4396, 0.3941, 0.3486, 0.3035, 0.2187, 0.1525, 0.1250],
}
SUPPLY_AT_ZERO_A = 255e-6  # open load, input 0 V
INVERTER_V = {
    0.3: 0.7720,
    0.36: 0.7394,
    0.38: 0.6344,
    0.4: 0.3199,
    0.42: 0.0881,
    0.44: 0.0501,
    0.5: 0.0246,
}  # input: output, unloaded
IDEAL = {"BIAS": 0, "R_HM": 0}


@pytest.mark.parametrize(("load", "ohms"), [("open", 1e12), ("2000", 2e3), ("500", 500.0)])
def test_transfer_curve_is_within_ten_millivolts(tmp_path: Path, load: str, ohms: float) -> None:
    got = run_deck("neuron.cir", tmp_path, {**IDEAL, "LOAD": ohms})
    np.testing.assert_allclose(got["v_out"], OUT_V[load], rtol=0, atol=TOL_V)
    if load == "open":
        assert got["i_zero"][0] == near(-SUPPLY_AT_ZERO_A, rel=0.05)
        inverter = dict(zip((0.3, 0.36, 0.38, 0.4, 0.42, 0.44, 0.5), got["v_inv"], strict=True))
        assert inverter == near(INVERTER_V, abs=TOL_V)


def test_largest_slope_is_set_by_tmr_and_softened_by_bias(tmp_path: Path) -> None:
    linear = run_deck("neuron.cir", tmp_path, {**IDEAL, "LOAD": 1e12})["slope"][0]
    real = run_deck("neuron.cir", tmp_path, {"BIAS": 1, "R_HM": 500, "LOAD": 1e12})["slope"][0]
    assert linear == near(-2.35, rel=0.03)  # the reference curve's largest slope
    assert -3.0 < linear < real < -1.0  # limit -(1 + TMR); the swing across the MTJs lowers TMR


def test_step_delays_are_those_of_the_reference(tmp_path: Path) -> None:
    got = run_deck("neuron_step.cir", tmp_path)
    # 6.36 ps falling, 6.70 ps rising into 1 fF (neuron_step.csv); 0.1 ps output step
    assert got["t_fall"][0] == near(6.36e-12, abs=0.2e-12)
    assert got["t_rise"][0] == near(6.70e-12, abs=0.2e-12)
