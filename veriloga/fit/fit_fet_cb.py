# SPDX-License-Identifier: Apache-2.0
"""fit_fet_cb : fits fet_cb.va to simulated 14 nm HP curves, and prints how well the cards fit.

    python veriloga/fit/fit_fet_cb.py            print the error table of cards/finfet_14nm_hp.lib
    python veriloga/fit/fit_fet_cb.py --write    fit again from those cards and rewrite them

Judged together: drain current, gate capacitance, and the output error of the 10+10 fin inverter and
of the sigmoid neuron it sits in, each over its allowed error, in the 2 pw-norm (near the largest).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fet_cards import FITTED, CardFile, Cards, Row, curve_rows, least, main
from fet_equations import Floats, drain_a, gate_capacitance_f

HERE = Path(__file__).resolve().parent
REFERENCE = HERE / "reference"
CARDS = CardFile(
    path=HERE.parent / "cards" / "finfet_14nm_hp.lib",
    models={"n": "nfet_14nm_hp", "p": "pfet_14nm_hp"},
    title="fet_cb cards of a 14 nm high-performance FinFET, 0.8 V, one fin",
    made_by="fit_fet_cb.py",
)

VDD_V, FINS = 0.8, 10
R_P_OHM, R_AP_OHM = 8488.26, 25464.79
LOADS_OHM = {"open": 1e12, "2000": 2e3, "500": 500.0}
ABOVE_V = 0.30  # gate voltage from which the current bound of 5 % holds
BOUND_CURRENT, BOUND_CAPACITANCE, BOUND_OUTPUT_V = 0.05, 0.10, 0.010
NEAR_V, WEIGHT_NEAR, WEIGHT_BELOW = 0.24, 0.2, 0.8  # natural-log errors asked below ABOVE_V
V_RISING_V, DRAINS_V = 0.95, (0.02, 0.05, 0.1, 0.2)  # current must rise with the gate up to here
WEIGHT_RISING = 3.0  # V
STEP_V = 1e-4
TRIES = 100


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Reference points: columns vgs, vds, value; inverter vin, vout; neurons vin, vout."""

    current: dict[str, Floats]
    capacitance: dict[str, Floats]
    inverter: Floats
    neurons: dict[str, Floats]


def read_curves() -> Curves:
    """The CSV files of reference/."""
    lines = (REFERENCE / "finfet_14nm_hp.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines if line[0] in CARDS.models]

    def table(polarity: str, kinds: set[str]) -> Floats:
        chosen = [[float(v) for v in r[2:]] for r in rows if r[0] == polarity and r[1] in kinds]
        return np.array([r for r in chosen if r[1] > 0 or "cgg" in kinds])

    return Curves(
        current={p: table(p, {"id_vg", "id_vd"}) for p in CARDS.models},
        capacitance={p: table(p, {"cgg"}) for p in CARDS.models},
        inverter=np.loadtxt(REFERENCE / "inverter_10p10.csv", delimiter=","),
        neurons={
            load: np.loadtxt(REFERENCE / f"neuron_ra10_tmr200_load{load}.csv", delimiter=",")
            for load in LOADS_OHM
        },
    )


def net_current_a(cards: Cards, v_gate: Floats, v_out: Floats) -> Floats:
    """Current that the inverter pushes out of its output."""
    pull_up = drain_a(cards["p"], VDD_V - v_gate, VDD_V - v_out)
    return np.asarray(FINS * (pull_up - drain_a(cards["n"], v_gate, v_out)))


def output_errors_v(cards: Cards, curves: Curves) -> dict[str, Floats]:
    """Output error of inverter and neurons: one Newton step from the reference output."""

    def step(v_in: Floats, v_out: Floats, load_ohm: float | None) -> Floats:
        def net(v: Floats) -> Floats:
            if load_ohm is None:
                return net_current_a(cards, v_in, v)
            drive = v_in + 0.5 * VDD_V
            share = R_AP_OHM / (R_P_OHM + R_AP_OHM)
            feedback = (v - drive) / (R_P_OHM + R_AP_OHM) + (v - 0.5 * VDD_V) / load_ohm
            return net_current_a(cards, drive * share + v * (1 - share), v) - feedback

        slope = (net(v_out + STEP_V) - net(v_out - STEP_V)) / (2 * STEP_V)
        return -net(v_out) / slope

    errors = {"inverter": step(curves.inverter[:, 0], curves.inverter[:, 1], None)}
    for load, points in curves.neurons.items():
        errors[f"neuron, load {load}"] = step(points[:, 0], points[:, 1], LOADS_OHM[load])
    return errors


def residuals(cards: Cards, curves: Curves) -> Floats:
    """Every error over its bound, and how far the current falls where it must rise."""
    parts = []
    for polarity, card in cards.items():
        vgs, vds, want = curves.current[polarity].T
        error = np.log(np.maximum(drain_a(card, vgs, vds), 1e-30) / want)
        near = np.where(vgs >= NEAR_V - 1e-6, WEIGHT_NEAR, WEIGHT_BELOW)
        parts.append(error / np.where(vgs >= ABOVE_V - 1e-6, BOUND_CURRENT, near))
        vgs, vds, want = curves.capacitance[polarity].T
        parts.append((gate_capacitance_f(card, vgs, vds) / want - 1) / BOUND_CAPACITANCE)
        gates, drains = np.meshgrid(np.linspace(0.4, V_RISING_V, 11), DRAINS_V)
        steps = drain_a(card, gates + STEP_V, drains) / drain_a(card, gates, drains) - 1
        parts.append(np.minimum(steps, 0.0).ravel() / STEP_V * WEIGHT_RISING)
    parts += [error / BOUND_OUTPUT_V for error in output_errors_v(cards, curves).values()]
    return np.concatenate(parts)


def fit(cards: Cards, curves: Curves) -> dict[str, dict[str, float]]:
    """Both cards together, logarithms of all parameters but c_j free."""

    def unpack(x: Floats) -> dict[str, dict[str, float]]:
        values = np.exp(x).reshape(2, len(FITTED))
        return {
            polarity: {
                **dict(zip(FITTED, map(float, row), strict=True)),
                "c_j": cards[polarity]["c_j"],
            }
            for polarity, row in zip(CARDS.models, values, strict=True)
        }

    x = np.log([cards[polarity][key] for polarity in CARDS.models for key in FITTED])
    return unpack(least(lambda x: residuals(unpack(x), curves), x, tries=TRIES))


def error_table(cards: Cards, curves: Curves) -> list[Row]:
    """Rows: what, largest error, bound, unit."""
    rows = []
    for polarity, card in cards.items():
        points = curves.current[polarity].T, curves.capacitance[polarity].T
        rows += curve_rows(polarity, card, *points, ABOVE_V)
    for name, error in output_errors_v(cards, curves).items():
        rows.append((f"{name}, output", np.abs(error).max() * 1e3, 10.0, "mV"))
    return rows


if __name__ == "__main__":
    CURVES = read_curves()
    main(
        CARDS,
        lambda cards: fit(cards, CURVES),
        lambda cards: error_table(cards, CURVES),
        CARDS.read,
    )
