# SPDX-License-Identifier: Apache-2.0
"""test_sot_cell_read : the fast read path solves its series circuit; the synapse is two of them."""

from __future__ import annotations

from math import pi
from pathlib import Path

import numpy as np
import pytest
from near import near
from scipy.optimize import brentq
from va_deck import run_deck
from va_model import model

RA_OHM_M2, TMR, AREA_M2 = 10e-12, 2.0, pi / 4 * 50e-9 * 30e-9
R_P_OHM = RA_OHM_M2 / AREA_M2
V_H_V = 0.5


def exact_current_a(v: float, state: float, r_series_ohm: float, tmr: float = TMR) -> float:
    """Root of v = v_m + i(v_m)*r_series by bisection, independent of the model's closed form."""

    def current(v_m: float) -> float:
        x2 = (v_m / V_H_V) ** 2
        conductance = (1 + x2 + tmr * (1 - state)) / (1 + x2 + tmr) / R_P_OHM
        return v_m * conductance

    reach = abs(v) + 1e-9
    return current(
        brentq(lambda v_m: v_m + current(v_m) * r_series_ohm - v, -reach, reach, xtol=1e-15)
    )


@pytest.mark.parametrize("state", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(
    # the model's header promises these errors by q = series resistance / R_P
    ("r_access_ohm", "tolerance"),
    [(0.0, 1e-9), (2250.0, 1e-5), (8000.0, 1e-3)],
)
def test_current_solves_the_series_circuit(
    state: float, r_access_ohm: float, tolerance: float
) -> None:
    cell = model("sot_cell_read")
    for v in np.linspace(-1.6, 1.6, 33):
        got = cell.evaluate({"in": v}, state=state, r_access=r_access_ohm).current_a[0]
        want = exact_current_a(float(v), state, 250.0 + r_access_ohm)
        assert got == near(want, rel=tolerance, abs=1e-18)


def test_small_signal_states_are_the_published_resistances() -> None:
    # 8488.26 and 25464.79 ohm: R_P and R_AP of the public netlists (arXiv:2204.09918), bare MTJ
    cell = model("sot_cell_read")
    for state, r_ohm in ((0.0, 8488.26), (1.0, 25464.79)):
        current = cell.evaluate({"in": 1e-4}, state=state, r_hm=0.0).current_a[0]
        assert 1e-4 / current == near(r_ohm, rel=1e-6)


def test_bias_off_gives_a_linear_cell() -> None:
    cell = model("sot_cell_read")
    for v in (-5.0, -0.8, 0.3, 1.6):
        got = cell.evaluate({"in": v}, state=1.0, bias=0.0).current_a[0]
        assert got == near(v / (3 * R_P_OHM + 250.0), rel=1e-12)


def test_variation_factors_scale_ra_and_tmr() -> None:
    cell = model("sot_cell_read")
    current = cell.evaluate({"in": 1e-6}, state=1.0, r_hm=0.0, f_ra=1.2, f_tmr=0.9).current_a[0]
    assert 1e-6 / current == near(1.2 * R_P_OHM * (1 + 0.9 * TMR), rel=1e-9)


def test_current_rises_with_voltage_far_outside_the_range() -> None:
    cell = model("sot_cell_read")
    volts = np.linspace(-20.0, 20.0, 801)
    slope = [cell.evaluate({"in": v}, state=1.0).conductance_s[0, 0] for v in volts]
    assert min(slope) > 1 / (3.2 * R_P_OHM)


def test_synapse_is_two_cells_to_the_bit() -> None:
    cell, synapse = model("sot_cell_read"), model("sot_synapse_read")
    rng = np.random.default_rng(5)
    for _ in range(50):
        v_in, v_p, v_n = rng.uniform(-1.0, 1.0, 3)
        s_p, s_n = rng.uniform(0.0, 1.0, 2)
        f_ra, f_ra_n, f_tmr, f_tmr_n = rng.uniform(0.8, 1.2, 4)
        pair = synapse.evaluate(
            {"in": v_in, "line_p": v_p, "line_n": v_n},
            state=s_p, state_n=s_n, f_ra=f_ra, f_ra_n=f_ra_n, f_tmr=f_tmr, f_tmr_n=f_tmr_n,
        )  # fmt: skip
        one = cell.evaluate({"in": v_in, "line": v_p}, state=s_p, f_ra=f_ra, f_tmr=f_tmr)
        two = cell.evaluate({"in": v_in, "line": v_n}, state=s_n, f_ra=f_ra_n, f_tmr=f_tmr_n)
        assert pair.current_a[1] == one.current_a[1]
        assert pair.current_a[2] == two.current_a[1]
        assert pair.conductance_s[1, 1] == one.conductance_s[1, 1]
        assert pair.conductance_s[2, 2] == two.conductance_s[1, 1]


def test_metered_synapse_is_the_same_synapse_and_reports_its_heat() -> None:
    plain, metered = model("sot_synapse_read"), model("sot_synapse_meter")
    rng = np.random.default_rng(6)
    for _ in range(20):
        volts = dict(zip(("in", "line_p", "line_n"), rng.uniform(-1.0, 1.0, 3), strict=True))
        one = plain.evaluate(volts, state_n=1.0)
        two = metered.evaluate(volts, state_n=1.0)
        assert list(two.current_a[:3]) == list(one.current_a)
        heat_w = float(np.dot(list(volts.values()), one.current_a))
        assert heat_w > 0
        assert -two.current_a[3] == near(heat_w, rel=1e-12)


def test_ngspice_reads_the_same_currents_from_all_three_read_models(tmp_path: Path) -> None:
    got = run_deck("sot_cell_read.cir", tmp_path)
    for suffix, state in (("p", 0.0), ("ap", 1.0)):
        want = exact_current_a(0.6, state, 250.0)
        # ngspice's own tolerance on a source current (reltol 1e-6 in the deck)
        assert got[f"i_cell_{suffix}"][0] == near(want, rel=1e-6)
        assert got[f"i_metered_{suffix}"][0] == got[f"i_synapse_{suffix}"][0]
        assert got[f"i_synapse_{suffix}"][0] == near(want, rel=1e-6)
        assert got[f"i_mtj_{suffix}"][0] == near(want, rel=1e-6)
    heat_w = 0.6 * (got["i_metered_p"][0] + got["i_metered_ap"][0])
    assert got["i_meter"][0] == near(heat_w, rel=1e-6)
