# SPDX-License-Identifier: Apache-2.0
"""test_sot_mtj_read : TMR falls with bias, the strip is two halves, states lie in between."""

from __future__ import annotations

from math import pi
from pathlib import Path

import numpy as np
from near import near
from va_deck import run_deck
from va_model import model

R_P_OHM = 10e-12 / (pi / 4 * 50e-9 * 30e-9)
TMR, V_H_V, R_HM_OHM = 2.0, 0.5, 500.0


def mtj_ohm(v: float, m_z: float) -> float:
    """R = R_P*(1 + x^2 + TMR)/(1 + x^2 + TMR*(1 + m_z)/2), a published form."""
    x2 = (v / V_H_V) ** 2
    return R_P_OHM * (1 + x2 + TMR) / (1 + x2 + TMR * (1 + m_z) / 2)


def test_tunnel_current_follows_the_published_resistance() -> None:
    device = model("sot_mtj_read")
    for state in (0.0, 0.3, 1.0):
        for v in np.linspace(-1.6, 1.6, 21):
            answer = device.evaluate({"t": float(v)}, state=state)  # m at 0 V: v across the MTJ
            want = v / mtj_ohm(float(v), 1 - 2 * state)
            assert answer.current_a[0] == near(want, rel=1e-12, abs=1e-20)


def test_tmr_halves_at_v_h() -> None:
    device = model("sot_mtj_read")

    def ratio(v: float) -> float:
        low, high = (device.evaluate({"t": v}, state=s).current_a[0] for s in (0.0, 1.0))
        return float(low / high - 1)

    assert ratio(1e-9) == near(TMR, rel=1e-9)
    assert ratio(V_H_V) == near(TMR / 2, rel=1e-9)


def test_strip_is_two_equal_halves() -> None:
    answer = model("sot_mtj_read").evaluate({"t": 0.1, "h1": 0.2, "h2": -0.3, "m": 0.1})
    assert answer.current_a[1] == near(0.1 / (R_HM_OHM / 2))
    assert answer.current_a[2] == near(-0.4 / (R_HM_OHM / 2))


def test_ngspice_divides_current_over_both_strip_ends(tmp_path: Path) -> None:
    got = run_deck("sot_mtj_read.cir", tmp_path)
    i_1, i_2 = got["i_h1"][0], got["i_h2"][0]
    total = i_1 + i_2
    # both ends at 0 V: half the current each, the strip adds r_hm/4
    assert i_1 == near(i_2, rel=1e-9)
    v_mtj = 0.7 - total * R_HM_OHM / 4
    assert total == near(v_mtj / mtj_ohm(v_mtj, -1.0), rel=1e-6)
    # thermal noise at 0 V: 4kT times the parallel conductance seen at the top (27 C), within 0.1 %
    want = 4 * 1.380649e-23 * 300.15 / (3 * R_P_OHM + R_HM_OHM / 4)
    assert got["noise_a2_hz"][0] == near(want, rel=1e-3)
