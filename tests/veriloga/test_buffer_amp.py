# SPDX-License-Identifier: Apache-2.0
"""test_buffer_amp : gain, speed, current limit and supply energy of the line driver."""

from __future__ import annotations

from math import pi, sqrt, tanh
from pathlib import Path

import numpy as np
from amplifier_power import dissipated_w
from near import near
from va_deck import run_deck
from va_model import model

GAIN, BW_HZ, SR_V_S, R_OUT_OHM, I_MAX_A, I_Q_A, I_AB_A = (
    0.999,
    10e9,
    25e9,
    1.0,
    20e-3,
    250e-6,
    500e-6,
)
C_C_F, V_ON_V = 20e-15, 0.2
LOAD_OHM = 76.0  # 84 columns of one 8.5k and one 25.5k cell each


def test_currents_follow_the_equation() -> None:
    device = model("buffer_amp")
    rng = np.random.default_rng(9)
    for _ in range(40):
        out, w, v_in = rng.uniform(0.02, 0.78, 3)
        volts = {"in": v_in, "out": out, "vdd": 0.8, "w": w}
        got = dict(zip(device.nodes, device.evaluate(volts).current_a, strict=True))
        # inside the rails by 10 corner widths the clamp is below 1e-4 of the slew rate
        rate = SR_V_S * tanh(2 * pi * BW_HZ * (GAIN * v_in - w) / SR_V_S)
        assert -got["w"] / C_C_F == near(rate, abs=2e-4 * SR_V_S)
        u = (w - out) / (R_OUT_OHM * I_MAX_A)
        i_out = I_MAX_A * u / sqrt(1 + u * u)
        assert -got["out"] == near(i_out, rel=1e-9)
        on = 0.8 / np.hypot(0.8, V_ON_V)
        high = 0.5 * (i_out + np.hypot(i_out, 2 * I_AB_A * on))
        assert got["vdd"] == near(high + I_Q_A * on, rel=1e-6)
        assert got["vss"] == near(-(high - i_out) - I_Q_A * on, rel=1e-6)


def test_output_current_is_limited_smoothly() -> None:
    device = model("buffer_amp")
    for error_v in (0.1, 0.4, 5.0):
        current = -device.evaluate({"vdd": 0.8, "w": error_v}).current_a[1]
        assert 0.9 * I_MAX_A < current < I_MAX_A


def test_it_only_turns_power_into_heat() -> None:
    device = model("buffer_amp")
    rng = np.random.default_rng(10)
    for _ in range(200):
        out, w, v_in = rng.uniform(0.0, 0.8, 3)
        assert dissipated_w(device, {"vdd": 0.8, "out": out, "w": w, "in": v_in}) > 0


def test_ngspice_drives_a_heavy_line(tmp_path: Path) -> None:
    got = {key: v[0] for key, v in run_deck("buffer_amp.cir", tmp_path).items()}
    # limited slightly: u = i/i_max = 0.37 at 0.7 V makes r_out 1.07 ohm at most
    expected = 0.7 * GAIN * LOAD_OHM / (LOAD_OHM + R_OUT_OHM)
    assert got["v_high"] == near(expected, rel=2e-3)
    # from the middle of a 10 ps ramp: 63 % of 0.6 V at the slew rate is 15 ps, the pole adds 16 ps
    assert 15e-12 < got["t_63"] < 32e-12
    assert got["v_low"] == near(0.1 * GAIN * LOAD_OHM / (LOAD_OHM + R_OUT_OHM), rel=2e-2)
    assert abs(got["i_off"]) < 1e-8
    assert got["e_heat"] > 0
    # the deck takes the heat from the header's equation and the load's current; 1 ps steps
    assert got["e_load"] + got["e_heat"] == near(got["e_supply"], rel=2e-3)
    # the buffer's heat is its bias plus the drop across its output transistor
    bias = (I_Q_A * 0.8) * 0.8 / np.hypot(0.8, V_ON_V)
    drop = 0.5 * (got["v_high"] * (0.8 - got["v_high"]) + got["v_low"] * (0.8 - got["v_low"])) / 76
    # each level lasts half the time; class AB adds some of i_ab (at most all of it)
    mean = got["e_heat"] / 2e-9
    assert bias + drop < mean < bias + drop + 0.8 * I_AB_A
