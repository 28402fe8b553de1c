# SPDX-License-Identifier: Apache-2.0
"""cell : half a cell, junction and access transistor in series, solved over arrays.

The equations are those of veriloga/stt_mtj_read.va and fet_cb.va with the card nfet_65nm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from math import pi
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ConvergenceError
from cosim.sttbsnn.design import BsnnDesign

__all__ = [
    "CARD",
    "FETS",
    "FIN_UM",
    "VERILOGA",
    "HalfCells",
    "drain_f",
    "gate_charge_c",
    "half_cells",
]

Floats = NDArray[np.float64]
VERILOGA = Path(__file__).resolve().parents[2] / "veriloga"
FETS = VERILOGA / "cards" / "mosfet_65nm_bulk.lib"
CARD = "nfet_65nm"
FIN_UM = 0.1  # width that one fin of the card stands for
THERMAL_V_PER_K = 8.617333262e-5
KELVIN = 273.15
TEMPERATURE_C = 27.0
ROUND_V = 0.01  # of |vds| in the drain-induced barrier lowering
STEP_V = 1e-6
TOL_V = 1e-11
ROUNDS = 60


@cache
def _card() -> dict[str, float]:
    """Parameters of the access transistor."""
    text = FETS.read_text(encoding="utf-8").replace("\n+", " ")
    found = re.search(rf"^\.model {CARD} fet_cb (.*)$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{FETS}: no .model {CARD}")
    return {k: float(v) for k, v in (pair.split("=") for pair in found[1].split())}


def _charge(x: Floats, d_c: float, q_c: float) -> Floats:
    """q of ln(q) + q (1 + d_c/(1 + q/q_c)) = x, three Halley steps in ln(q)."""
    start = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    y = np.where(x > -20.0, np.log(np.maximum(start, 1e-300)), np.minimum(x, 0.0))
    for _ in range(3):
        q = np.exp(y)
        h = 1.0 / (1.0 + q / q_c)
        f = y + q * (1.0 + d_c * h) - x
        slope = 1.0 + q * (1.0 + d_c * h * h)
        bend = slope - 1.0 - 2.0 * q * q * d_c / q_c * h**3
        y = y - f / (slope - 0.5 * f * bend / slope)
    return np.asarray(np.exp(y))


def fet_a(v_gs: Floats, v_ds: Floats, shift_v: Floats | float, fins: float) -> Floats:
    """Drain current for any sign of `v_ds`; `shift_v` raises the threshold."""
    p = _card()
    swap = v_ds < 0.0
    v_a = np.abs(v_ds)
    n_phi = p["n"] * THERMAL_V_PER_K * (KELVIN + TEMPERATURE_C)
    gate = np.where(swap, v_gs - v_ds, v_gs)
    barrier = p["dibl"] * (np.sqrt(v_a * v_a + ROUND_V**2) - ROUND_V)
    x = (gate - p["vt0"] - shift_v + barrier) / n_phi
    x = 0.5 * (x - 100.0 + np.sqrt((x + 100.0) ** 2 + 1e-4))
    q_s = _charge(x, p["d_c"], p["q_c"])
    v_sat = n_phi * (q_s + p["k_sat"])
    knee = 1.0 + ((v_a / v_sat) ** 2 + 1e-12) ** (0.5 * p["m_sat"])
    v_de = v_a / knee ** (1.0 / p["m_sat"])
    q_d = _charge(x - v_de / n_phi, p["d_c"], p["q_c"])
    q_m, q_x = 0.5 * (q_s + q_d), q_s - q_d
    slow = np.sqrt(1.0 + (q_x / p["q_vel"]) ** 2) + p["u_a"] * q_m**2
    slow = slow + p["r_ser"] * p["beta"] * n_phi * q_m
    longer = 1.0 + p["clm"] * np.log1p((v_a - v_de) / p["v_clm"])
    flow = p["beta"] * n_phi**2 * q_x * (q_m + 1.0) * longer / slow
    return np.asarray(np.where(swap, -1.0, 1.0) * fins * flow)


def gate_charge_c(v_gs: Floats, v_gd: Floats, shift_v: float, fins: float) -> Floats:
    """On the gate of a conducting transistor of few `v_ds`: inversion layer and overlaps."""
    p = _card()
    n_phi = p["n"] * THERMAL_V_PER_K * (KELVIN + TEMPERATURE_C)
    q = _charge((0.5 * (v_gs + v_gd) - p["vt0"] - shift_v) / n_phi, p["d_c"], p["q_c"])
    return np.asarray(fins * (p["c_g"] * n_phi * q + 0.5 * p["c_ov"] * (v_gs + v_gd)))


def drain_f(fins: float) -> float:
    """Capacitance of the drain of a transistor that is off."""
    p = _card()
    return fins * (p["c_j"] + 0.5 * p["c_ov"])


@dataclass(frozen=True, kw_only=True)
class HalfCells:
    """Junctions with their transistors, any shape: `state` 0 P, 1 AP; `r_line_ohm` in series.

    `g_p` conductance in P, `tmr` at zero bias, `shift_v` threshold shift of the transistor.
    """

    g_p: Floats
    tmr: Floats
    state: Floats
    shift_v: Floats
    v_h_v: float
    fins: float
    r_line_ohm: float = 0.0

    def current_a(self, top_v: Floats | float, sl_v: Floats | float, gate_v: float) -> Floats:
        """From the driver's ideal source at `top_v` into the source line at `sl_v`."""
        return self.solve(top_v, sl_v, gate_v)[0]

    def solve(
        self, top_v: Floats | float, sl_v: Floats | float, gate_v: float
    ) -> tuple[Floats, Floats]:
        """Current, and volts of the node between junction and transistor.

        Newton in the junction's voltage; the residual rises with it, so steps stay in a bracket.
        """
        shape = np.broadcast_shapes(np.shape(top_v), np.shape(sl_v), self.state.shape)
        top, sl = np.broadcast_to(top_v, shape), np.broadcast_to(sl_v, shape)
        span = top - sl
        low, high = np.minimum(span, 0.0) - TOL_V, np.maximum(span, 0.0) + TOL_V
        u = 0.7 * span
        for _ in range(ROUNDS):
            amps, slope = self._junction(u)
            v = top - self.r_line_ohm * amps - u  # above the transistor
            through = self._transistor_a(v, sl, gate_v)
            steep = (self._transistor_a(v + STEP_V, sl, gate_v) - through) / STEP_V
            f = amps - through
            low, high = np.where(f < 0, u, low), np.where(f >= 0, u, high)
            new = u - f / (slope + steep * (1.0 + self.r_line_ohm * slope))
            new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
            moved, u = float(np.abs(new - u).max(initial=0.0)), new
            if moved < TOL_V:
                amps = self._junction(u)[0]
                return amps, top - self.r_line_ohm * amps - u
        raise ConvergenceError(f"a cell's inner node still moves by {moved:.2g} V")

    def _transistor_a(self, v: Floats, sl: Floats, gate_v: float) -> Floats:
        return fet_a(gate_v - sl, v - sl, self.shift_v, self.fins)

    def _junction(self, v: Floats) -> tuple[Floats, Floats]:
        """Current and its slope at `v` across the junction."""
        x2 = (v / self.v_h_v) ** 2
        below = 1.0 + x2 + self.tmr
        part = self.state * self.tmr / below
        return self.g_p * (1.0 - part) * v, self.g_p * (1.0 - part + 2.0 * x2 * part / below)


def half_cells(
    design: BsnnDesign,
    state: Floats,
    *,
    f_r: Floats | float = 1.0,
    f_tmr: Floats | float = 1.0,
    shift_v: Floats | float = 0.0,
    r_line_ohm: float = 0.0,
) -> HalfCells:
    """Half cells in `state` with factors on resistance and TMR and a shift of the threshold."""
    mtj, access = design.device.mtj, design.device.access
    area_um2 = pi / 4 * (1e-3 * mtj.diameter_nm) ** 2
    ones = np.ones_like(np.asarray(state, float))
    return HalfCells(
        g_p=ones * area_um2 / mtj.ra_ohm_um2 / f_r,
        tmr=ones * mtj.tmr0 * f_tmr,
        state=np.asarray(state, float),
        shift_v=ones * access.body_shift_v + shift_v,
        v_h_v=mtj.v_h_v if mtj.bias_dependent else np.inf,
        fins=access.width_um / FIN_UM,
        r_line_ohm=r_line_ohm,
    )
