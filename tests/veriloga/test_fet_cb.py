# SPDX-License-Identifier: Apache-2.0
"""test_fet_cb : the transistor equals its equations, its cards the 14 nm curves."""

from __future__ import annotations

from pathlib import Path

import fet_equations
import fit_fet_cb
import numpy as np
import pytest
from near import near
from va_deck import run_deck
from va_model import ROOM_K, TEMPERATURE, model

CARDS = fit_fet_cb.CARDS.read()
TYPES = {"n": 1.0, "p": -1.0}

# PTM-MG 14 nm HP in BSIM-CMG 111, ngspice 44.2, 27 C, one fin: vgs, vds, value (A, then F). A few
# points of veriloga/fit/reference/finfet_14nm_hp.csv.
ON_CURRENT_A = {
    "n": [
        (0.3, 0.8, 1.134281e-05),
        (0.4, 0.8, 3.038583e-05),
        (0.6, 0.8, 8.265217e-05),
        (0.8, 0.8, 1.415890e-04),
        (0.8, 0.05, 2.315904e-05),
    ],
    "p": [(0.8, 0.8, 1.320e-04)],
}
OFF_CURRENT_A = {"n": 3.317383e-09, "p": 3.6e-09}
GATE_F = {
    "n": [
        (0.0, 0.0, 3.047858e-17),
        (0.4, 0.0, 5.569743e-17),
        (0.8, 0.0, 7.044883e-17),
        (0.8, 0.8, 5.570720e-17),
    ],
    "p": [
        (0.0, 0.0, 3.047825e-17),
        (0.4, 0.0, 5.529659e-17),
        (0.8, 0.0, 7.038879e-17),
        (0.8, 0.8, 5.492596e-17),
    ],
}
# The reference allows 5 % above threshold, half a decade below, 10 % of capacitance.
TOL_FLOOR = 1e-5  # the model's smooth floor, 100 n*phi below threshold, moves x by up to 3e-6
TOL_ON, TOL_OFF_DECADES, TOL_GATE = 0.05, 0.5, 0.10


def _bias(polarity: str, vgs: float, vds: float) -> dict[str, float]:
    sign = TYPES[polarity]
    return {"g": sign * vgs, "d": sign * vds}


@pytest.mark.parametrize("polarity", TYPES)
def test_current_and_charges_equal_the_equations(polarity: str) -> None:
    device, card, sign = model("fet_cb"), CARDS[polarity], TYPES[polarity]
    for vgs in np.linspace(-1.0, 2.0, 13):
        for vds in (-1.5, -0.4, -0.01, 0.0, 0.01, 0.3, 0.8, 2.0):
            answer = device.evaluate(_bias(polarity, vgs, vds), type=sign, nfin=10.0, **card)
            at = np.array([vgs]), np.array([vds])
            current = 10 * sign * fet_equations.drain_a(card, *at)[0]
            charges = [10 * sign * q[0] for q in fet_equations.charges_c(card, *at)]
            assert answer.current_a[0] == near(current, rel=TOL_FLOOR, abs=1e-25)
            junction = 10 * sign * card["c_j"] * vds
            np.testing.assert_allclose(
                answer.charge_c,
                [charges[1] + junction, charges[0], charges[2], -junction],
                rtol=TOL_FLOOR,
                atol=1e-24,
            )


@pytest.mark.parametrize("polarity", TYPES)
def test_cards_meet_the_reference_points(polarity: str) -> None:
    device, card, sign = model("fet_cb"), CARDS[polarity], TYPES[polarity]
    for vgs, vds, amperes in ON_CURRENT_A[polarity]:
        answer = device.evaluate(_bias(polarity, vgs, vds), type=sign, **card)
        assert sign * answer.current_a[0] == near(amperes, rel=TOL_ON)
    off = sign * device.evaluate(_bias(polarity, 0.0, 0.8), type=sign, **card).current_a[0]
    assert abs(np.log10(off / OFF_CURRENT_A[polarity])) < TOL_OFF_DECADES
    for vgs, vds, farads in GATE_F[polarity]:
        answer = device.evaluate(_bias(polarity, vgs, vds), type=sign, **card)
        assert answer.capacitance_f[1, 1] == near(farads, rel=TOL_GATE)


def test_every_point_of_the_fit_is_within_its_bound() -> None:
    for what, value, bound, unit in fit_fet_cb.error_table(CARDS, fit_fet_cb.read_curves()):
        assert value <= bound, f"{what}: {value} {unit}"


@pytest.mark.parametrize("polarity", TYPES)
def test_source_and_drain_are_interchangeable(polarity: str) -> None:
    device, card, sign = model("fet_cb"), CARDS[polarity], TYPES[polarity]
    for gate, left, right in ((0.7, 0.1, 0.5), (0.2, 0.0, 0.8), (0.5, 0.3, 0.3)):
        one, two = (
            device.evaluate({"g": sign * gate, "d": sign * d, "s": sign * s}, type=sign, **card)
            for d, s in ((left, right), (right, left))
        )
        assert one.current_a[0] == near(two.current_a[2], rel=1e-9, abs=1e-20)
        assert one.charge_c[0] == near(two.charge_c[2], rel=1e-9)


def test_slopes_meet_where_source_and_drain_swap() -> None:
    device = model("fet_cb")
    left, right = (
        device.evaluate({"g": 0.6, "d": d}, type=1.0, **CARDS["n"]) for d in (-1e-7, 1e-7)
    )
    # 2e-7 V apart; conductance changes by some 1/V, capacitance by more (centroid)
    for one, two in (
        (left.conductance_s, right.conductance_s),
        (left.capacitance_f, right.capacitance_f),
    ):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-4 * np.abs(one).max())


def test_current_never_falls_with_gate_or_drain_voltage() -> None:
    device, card = model("fet_cb"), CARDS["n"]
    for vgs in np.linspace(-0.5, 0.78, 9):  # the model's header says what happens above
        for vds in np.linspace(0.0, 1.5, 9):
            slopes = device.evaluate({"g": vgs, "d": vds}, type=1.0, **card).conductance_s[0]
            assert slopes[0] >= 0
            assert slopes[1] >= 0


def test_subthreshold_slope_follows_temperature() -> None:
    device, card = model("fet_cb"), CARDS["n"]

    def decade_v(kelvin: float) -> float:
        low, high = (
            device.evaluate({"g": v, "d": 0.8}, type=1.0, **card, **{TEMPERATURE: kelvin})
            for v in (0.0, 0.01)
        )
        return float(0.01 / np.log10(high.current_a[0] / low.current_a[0]))

    # 8.617e-5 V/K * T * n * ln 10, and a little charge already at these gate voltages
    assert decade_v(ROOM_K) == near(8.617333e-5 * ROOM_K * card["n"] * np.log(10), rel=0.01)
    assert decade_v(1.2 * ROOM_K) / decade_v(ROOM_K) == near(1.2, rel=0.01)


def test_ngspice_sees_ten_fins(tmp_path: Path) -> None:
    got = run_deck("fet_cb.cir", tmp_path)
    # 10 fins at 0.8 V: 1.416 and 1.320 mA on, 33 and 36 nA off (reference README)
    on = np.array([got["i_on_n"][0], got["i_on_p"][0]])
    off = np.array([got["i_off_n"][0], got["i_off_p"][0]])
    np.testing.assert_allclose(on, [1.416e-3, 1.320e-3], rtol=TOL_ON)
    assert np.abs(np.log10(off / [33e-9, 36e-9])).max() < TOL_OFF_DECADES
    # gate and junction capacitance of 10 fins from the imaginary current at 1 GHz
    assert got["c_gate"][0] == near(10 * 7.044883e-17, rel=TOL_GATE)
    assert got["c_body"][0] == near(2 * 10 * CARDS["n"]["c_j"], rel=1e-4)
