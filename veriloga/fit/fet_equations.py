# SPDX-License-Identifier: Apache-2.0
"""fet_equations : the equations of fet_cb.va in NumPy: the fit's model, the tests' reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["CARD_KEYS", "Floats", "charges_c", "drain_a", "gate_capacitance_f", "surface_charges"]

Floats = npt.NDArray[np.float64]

# parameters of fet_cb.va that a card sets, in the order of the file
CARD_KEYS = (
    "vt0", "n", "dibl", "beta", "u_a", "k_sat", "m_sat", "clm", "v_clm",
    "r_ser", "q_vel", "d_c", "q_c", "c_g", "c_ov", "c_j",
)  # fmt: skip
BOLTZMANN_OVER_CHARGE_V_K = 8.617333262e-5
V_SMOOTH_V = 0.01  # rounding of |vds| in the drain-induced barrier lowering


def _charge(x: Floats, d_c: float, q_c: float) -> Floats:
    """Inversion charge q of ln(q) + q*(1 + d_c/(1 + q/q_c)) = x, three Halley steps in ln(q)."""
    low = np.minimum(x, 0.0)
    start = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    y = np.where(x > -20.0, np.log(np.maximum(start, 1e-300)), low)
    for _ in range(3):
        q = np.exp(y)
        h = 1.0 / (1.0 + q / q_c)
        f = y + q * (1.0 + d_c * h) - x
        f1 = 1.0 + q * (1.0 + d_c * h * h)
        f2 = f1 - 1.0 - 2.0 * q * q * d_c / q_c * h**3
        y = y - f / (f1 - 0.5 * f * f2 / f1)
    return np.asarray(np.exp(y))


def _forward(p: Mapping[str, float], vgs: Floats, vds: Floats, phi_v: float) -> tuple[Floats, ...]:
    """Source charge, drain charge and saturated drain voltage for vds >= 0."""
    n_phi = p["n"] * phi_v
    x = (vgs - p["vt0"] + p["dibl"] * (np.sqrt(vds**2 + V_SMOOTH_V**2) - V_SMOOTH_V)) / n_phi
    q_s = _charge(x, p["d_c"], p["q_c"])
    v_sat = n_phi * (q_s + p["k_sat"])
    ratio = (vds / v_sat) ** 2 + 1e-12
    v_de = vds / (1.0 + ratio ** (0.5 * p["m_sat"])) ** (1.0 / p["m_sat"])
    return q_s, _charge(x - v_de / n_phi, p["d_c"], p["q_c"]), v_de


def surface_charges(
    p: Mapping[str, float], vgs: Floats, vds: Floats, temperature_k: float = 300.15
) -> tuple[Floats, Floats, Floats, Floats]:
    """Normalised charge at source and drain, v_de, |vds|; ends swapped if vds < 0."""
    swap = vds < 0.0
    vg, vd = np.where(swap, vgs - vds, vgs), np.abs(vds)
    q_s, q_d, v_de = _forward(p, vg, vd, BOLTZMANN_OVER_CHARGE_V_K * temperature_k)
    return np.where(swap, q_d, q_s), np.where(swap, q_s, q_d), v_de, vd


def drain_a(
    p: Mapping[str, float], vgs: Floats, vds: Floats, temperature_k: float = 300.15
) -> Floats:
    """Drain current per fin in amperes of the n-type device; mirror the signs for p."""
    phi_v = BOLTZMANN_OVER_CHARGE_V_K * temperature_k
    q_s, q_d, v_de, v_abs = surface_charges(p, vgs, vds, temperature_k)
    n_phi = p["n"] * phi_v
    q_m = 0.5 * (q_s + q_d)
    flow = (q_s - q_d) * (q_m + 1.0)
    velocity = np.sqrt(1.0 + ((q_s - q_d) / p["q_vel"]) ** 2)
    mobility = p["u_a"] * q_m**2
    series = p["r_ser"] * p["beta"] * n_phi * q_m
    length = 1.0 + p["clm"] * np.log1p((v_abs - v_de) / p["v_clm"])
    return np.asarray(p["beta"] * n_phi**2 * flow * length / (velocity + mobility + series))


def charges_c(
    p: Mapping[str, float], vgs: Floats, vds: Floats, temperature_k: float = 300.15
) -> tuple[Floats, Floats, Floats]:
    """Gate, drain, source charge per fin in coulombs (Ward-Dutton, overlap halved)."""
    phi_v = BOLTZMANN_OVER_CHARGE_V_K * temperature_k
    q_s, q_d, _, _ = surface_charges(p, vgs, vds, temperature_k)
    a, b = q_s + 1.0, q_d + 1.0
    scale = p["c_g"] * p["n"] * phi_v
    q_inv = scale * (2.0 / 3.0 * (a * a + a * b + b * b) / (a + b) - 1.0)
    drain = scale * (
        2.0 / 15.0 * (2.0 * a**3 + 4.0 * a * a * b + 6.0 * a * b * b + 3.0 * b**3) / (a + b) ** 2
        - 0.5
    )
    over_s, over_d = 0.5 * p["c_ov"] * vgs, 0.5 * p["c_ov"] * (vgs - vds)
    return q_inv + over_s + over_d, -drain - over_d, drain - q_inv - over_s


def gate_capacitance_f(
    p: Mapping[str, float], vgs: Floats, vds: Floats, temperature_k: float = 300.15
) -> Floats:
    """Total gate capacitance per fin in farads, central difference of the gate charge."""
    h = 1e-4
    high = charges_c(p, vgs + h, vds, temperature_k)[0]
    return np.asarray((high - charges_c(p, vgs - h, vds, temperature_k)[0]) / (2.0 * h))
