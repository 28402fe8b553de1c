# SPDX-License-Identifier: Apache-2.0
"""test_sot_mtj_write : the free layer follows the LLG equation, switches, and costs what it should.

The reference integrates the equation in vector form with Runge-Kutta steps of 0.5 ps.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import pytest
from near import near
from va_deck import run_deck
from va_model import Floats, model

GAMMA, MU0, E_C, HBAR = 1.760859630e11, 4e-7 * pi, 1.602176634e-19, 1.054571817e-34
MS, T_F, ALPHA, THETA, H_X = 1e6, 1e-9, 0.07, 0.3, 52e3
H_K = 2 * 7.5e-4 / (MU0 * MS * T_F) - 0.94 * MS
STRIP_M2, R_STRIP_OHM = 50e-9 * 4e-9, 500.0
ANGLE = 0.1  # rad: sqrt(kT/(2 E)) of a layer of 46 kT


def llg_rate(m: Floats, strip_a: float) -> Floats:
    """dm/dt per second, written with numpy's cross products."""
    field = np.array([H_X, 0.0, H_K * m[2]])
    spin = np.array([0.0, 1.0, 0.0])
    h_dl = HBAR * THETA * strip_a / STRIP_M2 / (2 * E_C * MU0 * MS * T_F)
    torque = field + h_dl * np.cross(m, spin)
    precession = np.cross(m, torque)
    return -GAMMA * MU0 / (1 + ALPHA**2) * (precession + ALPHA * np.cross(m, precession))


def pulse_a(peak_a: float) -> Callable[[float], float]:
    """The deck's pulse."""
    times = [0.0, 0.1e-9, 0.12e-9, 1.12e-9, 1.14e-9, 1.0]
    return lambda t: float(np.interp(t, times, [0, 0, peak_a, peak_a, 0, 0]))


def trajectory(m_z: float, peak_a: float, stop_s: float) -> tuple[Floats, Floats]:
    """Times and m_z by Runge-Kutta 4."""
    step, current = 5e-13, pulse_a(peak_a)
    m = np.array([sin(ANGLE), 0.0, m_z * cos(ANGLE)])
    times, path = [0.0], [m[2]]
    while times[-1] < stop_s:
        t = times[-1]
        k1 = llg_rate(m, current(t))
        k2 = llg_rate(m + 0.5 * step * k1, current(t + 0.5 * step))
        k3 = llg_rate(m + 0.5 * step * k2, current(t + 0.5 * step))
        k4 = llg_rate(m + step * k3, current(t + step))
        m = m + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        m = m / np.linalg.norm(m)
        times.append(t + step)
        path.append(m[2])
    return np.array(times), np.array(path)


def write(folder: Path, m_z: float, current_a: float) -> dict[str, float]:
    """The deck's figures."""
    values = {"CURRENT": current_a, "MX": sin(ANGLE), "MZ": m_z * cos(ANGLE)}
    return {key: v[0] for key, v in run_deck("sot_mtj_write.cir", folder, values).items()}


def test_states_move_by_the_vector_equation() -> None:
    device = model("sot_mtj_write")
    rng = np.random.default_rng(3)
    for _ in range(30):
        m = rng.normal(size=3)
        m /= np.linalg.norm(m)
        v1, v2 = rng.uniform(-0.3, 0.3, 2)
        volts = {"mx": m[0], "my": m[1], "mz": m[2], "h1": v1, "h2": v2, "m": 0.5 * (v1 + v2)}
        got = device.evaluate(volts)
        want = llg_rate(m, (v1 - v2) / R_STRIP_OHM)
        # c_m = 1 fF scales the states; the length term vanishes at |m| = 1. The compiler's table of
        # constants is an older CODATA: 1e-7 apart.
        scale = np.abs(want).max()
        np.testing.assert_allclose(-got.current_a[3:6] / 1e-15, want, rtol=2e-6, atol=2e-6 * scale)
        np.testing.assert_allclose(got.charge_c[3:6] / 1e-15, m, rtol=1e-12)


def test_length_is_pulled_back_to_one() -> None:
    device = model("sot_mtj_write")
    for length in (0.8, 1.2):
        got = device.evaluate({"mz": length}, h_x=0.0)
        rate = -got.current_a[5] / 1e-15
        assert rate == near(-1e11 * (length**2 - 1) * length, rel=1e-9)


def test_resistance_follows_m_z() -> None:
    device = model("sot_mtj_write")
    r_p = 10e-12 / (pi / 4 * 50e-9 * 30e-9)
    for m_z, v in ((1.0, 0.4), (0.2, 0.3), (-1.0, 0.5)):
        current = device.evaluate({"t": v, "mz": m_z}).current_a[0]
        x2 = (v / 0.5) ** 2
        assert v / current == near(r_p * (3 + x2) / (1 + x2 + 1 + m_z), rel=1e-12)


def test_ngspice_follows_the_trajectory_through_the_pulse(tmp_path: Path) -> None:
    got = write(tmp_path, -1.0, 300e-6)
    times, path = trajectory(-1.0, 300e-6, 1.15e-9)
    for name, at in (("mz_a", 0.3e-9), ("mz_b", 0.6e-9), ("mz_c", 1.1e-9)):
        # 1 ps trapezoidal steps of a 10 GHz precession
        assert got[name] == near(float(np.interp(at, times, path)), abs=0.01)
    assert 0.99 < got["shortest"] <= got["longest"] < 1.01


@pytest.mark.parametrize(
    ("m_z", "current_a", "switches"),
    [
        pytest.param(-1.0, 100e-6, False, marks=pytest.mark.slow),
        (-1.0, 160e-6, False),
        (-1.0, 220e-6, True),
        pytest.param(-1.0, 400e-6, True, marks=pytest.mark.slow),
        (1.0, -220e-6, True),
        (1.0, 220e-6, False),  # the wrong sign of current holds the state
    ],
)
def test_a_nanosecond_pulse_switches_above_the_critical_current(
    tmp_path: Path, m_z: float, current_a: float, switches: bool
) -> None:
    got = write(tmp_path, m_z, current_a)
    assert (got["mz_end"] * m_z < 0) == switches
    assert abs(got["mz_end"]) > 0.9
    # energy of the pulse in the strip: I^2*R*(1 ns + two thirds of a ramp of 20 ps)
    energy = current_a**2 * R_STRIP_OHM * (1e-9 + 2 * 20e-12 / 3)
    assert got["e_write"] == near(energy, rel=2e-3)
