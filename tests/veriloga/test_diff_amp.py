# SPDX-License-Identifier: Apache-2.0
"""test_diff_amp : gain, bandwidth, rails and supply energy of the column amplifier."""

from __future__ import annotations

from math import exp, log, pi, tanh
from pathlib import Path

import numpy as np
from amplifier_power import dissipated_w
from near import near
from va_deck import run_deck
from va_model import model

A0, GBW_HZ, SR_V_S, R_OUT_OHM, I_Q_A, I_AB_A = 3000.0, 20e9, 25e9, 200.0, 500e-6, 100e-6
V_HEAD_V, V_SOFT_V, V_ON_V, C_C_F = 0.05, 5e-3, 0.2, 20e-15
RAILS = {"vdd": 0.8, "vss": -0.8}


def softplus(x: float) -> float:
    return max(x, 0.0) + log(1 + exp(-abs(x)))


def state_rate(v_id: float, w: float, vdd: float, vss: float) -> float:
    """dw/dt in V/s of the header's equation."""
    middle = 0.5 * (vdd + vss)
    swing = V_SOFT_V * softplus((0.5 * (vdd - vss) - V_HEAD_V) / V_SOFT_V)
    beyond = softplus((w - middle - swing) / V_SOFT_V) - softplus((middle - w - swing) / V_SOFT_V)
    drive = SR_V_S * tanh(2 * pi * GBW_HZ * v_id / SR_V_S)
    return drive - 2 * pi * GBW_HZ / A0 * (w - middle) - 2 * SR_V_S * beyond


def test_state_and_currents_follow_the_equation() -> None:
    device = model("diff_amp")
    rng = np.random.default_rng(7)
    for _ in range(40):
        vdd, vss, out, w = 0.8, rng.choice([-0.8, 0.0]), *rng.uniform(-0.9, 0.9, 2)
        v_id = float(rng.normal(0, 0.05))
        volts = {"inp": v_id, "out": out, "vdd": vdd, "vss": vss, "w": w}
        got = dict(zip(device.nodes, device.evaluate(volts).current_a, strict=True))
        assert -got["w"] / C_C_F == near(state_rate(v_id, w, vdd, vss), rel=1e-9, abs=1.0)
        i_out = (w - out) / R_OUT_OHM
        assert -got["out"] == near(i_out, rel=1e-9)
        on = (vdd - vss) / np.hypot(vdd - vss, V_ON_V)
        high = 0.5 * (i_out + np.hypot(i_out, 2 * I_AB_A * on))
        assert got["vdd"] == near(high + I_Q_A * on, rel=1e-6)
        assert got["vss"] == near(-(high - i_out) - I_Q_A * on, rel=1e-6)


def test_it_only_turns_power_into_heat() -> None:
    device = model("diff_amp")
    rng = np.random.default_rng(8)
    for _ in range(200):
        out, w, v_in = rng.uniform(-0.8, 0.8, 3)
        assert dissipated_w(device, {**RAILS, "out": out, "w": w, "inp": v_in}) > 0


def test_unpowered_it_takes_nothing() -> None:
    current = model("diff_amp").evaluate({}).current_a
    assert np.abs(current).max() < 1e-9


def test_ngspice_stage_of_gain_thirty(tmp_path: Path) -> None:
    got = {key: v[0] for key, v in run_deck("diff_amp.cir", tmp_path).items()}
    # 10 mV in, 1k and 30k: ideal 0.3 V, less 31/A0 of noise gain and the load's share of r_out
    ideal = 10e-3 * 30
    loss = (1 + R_OUT_OHM / 8500 + R_OUT_OHM / 31e3) * 31 / A0
    assert got["v_small"] == near(ideal / (1 + loss), rel=1e-3)
    # closed-loop time constant 31/(2 pi GBW) = 0.247 ns, longer by the load on r_out
    tau = 31 / (2 * pi * GBW_HZ) * (1 + R_OUT_OHM / 8500 + R_OUT_OHM / 31e3)
    assert got["t_63"] == near(tau, rel=0.03)
    # saturated: rail less headroom, through r_out into 8.5k beside 31k
    load = 1 / (1 / 8500 + 1 / 31e3)
    rail = (0.8 - V_HEAD_V) * load / (load + R_OUT_OHM)
    assert got["v_high"] == near(rail, abs=0.02)
    assert got["v_low"] == near(-got["v_high"], abs=2e-3)
    assert got["t_recover"] < 2e-9  # no wind-up: leaves the rail as it would start
    assert abs(got["i_off"]) < 1e-8


def test_ngspice_supply_energy_is_heat_and_load(tmp_path: Path) -> None:
    got = {key: v[0] for key, v in run_deck("diff_amp.cir", tmp_path).items()}
    assert got["e_supply"] > 0
    # the deck takes the heat from the header's equation and the resistors' currents; 5 ps steps
    total = got["e_supply"] + got["e_input"]
    assert got["e_resistors"] + got["e_heat"] == near(total, rel=1e-3)
    assert got["e_heat"] > 0
