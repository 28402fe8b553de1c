# SPDX-License-Identifier: Apache-2.0
"""fit_fet_cb : fits fet_cb.va to simulated 14 nm HP curves, and prints how well the cards fit.

    python veriloga/fit/fit_fet_cb.py            print the error table of cards/finfet_14nm_hp.lib
    python veriloga/fit/fit_fet_cb.py --write    fit again from those cards and rewrite them

Judged together: drain current, gate capacitance, and the output error of the 10+10 fin inverter and
of the sigmoid neuron it sits in, each over its allowed error, in the 2 pw-norm (near the largest).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fet_equations import CARD_KEYS, Floats, drain_a, gate_capacitance_f
from scipy.optimize import least_squares

HERE = Path(__file__).resolve().parent
REFERENCE = HERE / "reference"
CARDS = HERE.parent / "cards" / "finfet_14nm_hp.lib"
MODELS = {"n": "nfet_14nm_hp", "p": "pfet_14nm_hp"}
FITTED = tuple(key for key in CARD_KEYS if key != "c_j")  # c_j: the neuron's delay (README.md)

VDD_V, FINS = 0.8, 10
R_P_OHM, R_AP_OHM = 8488.26, 25464.79
LOADS_OHM = {"open": 1e12, "2000": 2e3, "500": 500.0}
ABOVE_V = 0.30  # gate voltage from which the current bound of 5 % holds
BOUND_CURRENT, BOUND_CAPACITANCE, BOUND_OUTPUT_V, BOUND_DECADES = 0.05, 0.10, 0.010, 0.5
NEAR_V, WEIGHT_NEAR, WEIGHT_BELOW = 0.24, 0.2, 0.8  # natural-log errors asked below ABOVE_V
V_RISING_V, DRAINS_V = 0.95, (0.02, 0.05, 0.1, 0.2)  # current must rise with the gate up to here
WEIGHT_RISING = 3.0  # V
STEP_V = 1e-4
REACH = 2.0  # a parameter may move by exp(+-2) in each round
NORMS = (1.0, 1.5, 2.0)  # residuals are raised to these powers in turn

Card = Mapping[str, float]


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
    rows = [line.split(",") for line in lines if line[0] in MODELS]

    def table(polarity: str, kinds: set[str]) -> Floats:
        chosen = [[float(v) for v in r[2:]] for r in rows if r[0] == polarity and r[1] in kinds]
        return np.array([r for r in chosen if r[1] > 0 or "cgg" in kinds])

    return Curves(
        current={p: table(p, {"id_vg", "id_vd"}) for p in MODELS},
        capacitance={p: table(p, {"cgg"}) for p in MODELS},
        inverter=np.loadtxt(REFERENCE / "inverter_10p10.csv", delimiter=","),
        neurons={
            load: np.loadtxt(REFERENCE / f"neuron_ra10_tmr200_load{load}.csv", delimiter=",")
            for load in LOADS_OHM
        },
    )


def read_cards(path: Path = CARDS) -> dict[str, dict[str, float]]:
    """Parameters by polarity, from ngspice .model lines."""
    text = path.read_text().replace("\n+", " ")
    cards = {}
    for polarity, name in MODELS.items():
        line = re.search(rf"^\.model {name} fet_cb (.*)$", text, re.MULTILINE)
        if line is None:
            raise ValueError(f"{path}: no .model {name} fet_cb")
        pairs = dict(item.split("=") for item in line[1].split())
        cards[polarity] = {key: float(pairs[key]) for key in CARD_KEYS}
    return cards


def write_cards(cards: Mapping[str, Card], path: Path = CARDS) -> None:
    """As ngspice .model lines."""
    lines = [
        "* finfet_14nm_hp.lib : fet_cb cards of a 14 nm high-performance FinFET, 0.8 V, one fin",
        "* SPDX-License-Identifier: Apache-2.0",
        "* made by: python veriloga/fit/fit_fet_cb.py --write",
    ]
    for polarity, name in MODELS.items():
        lines.append(f".model {name} fet_cb type={1 if polarity == 'n' else -1}")
        pairs = [f"{key}={cards[polarity][key]:.6g}" for key in CARD_KEYS]
        lines += ["+ " + " ".join(pairs[i : i + 6]) for i in range(0, len(pairs), 6)]
    path.write_text("\n".join(lines) + "\n")


def net_current_a(cards: Mapping[str, Card], v_gate: Floats, v_out: Floats) -> Floats:
    """Current that the inverter pushes out of its output."""
    pull_up = drain_a(cards["p"], VDD_V - v_gate, VDD_V - v_out)
    return np.asarray(FINS * (pull_up - drain_a(cards["n"], v_gate, v_out)))


def output_errors_v(cards: Mapping[str, Card], curves: Curves) -> dict[str, Floats]:
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


def residuals(cards: Mapping[str, Card], curves: Curves) -> Floats:
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


def fit(cards: Mapping[str, Card], curves: Curves) -> dict[str, dict[str, float]]:
    """Both cards together, logarithms of all parameters but c_j free."""

    def unpack(x: Floats) -> dict[str, dict[str, float]]:
        values = np.exp(x).reshape(2, len(FITTED))
        return {
            polarity: {
                **dict(zip(FITTED, map(float, row), strict=True)),
                "c_j": cards[polarity]["c_j"],
            }
            for polarity, row in zip(MODELS, values, strict=True)
        }

    x = np.log([cards[polarity][key] for polarity in MODELS for key in FITTED])
    for power in NORMS:

        def raised(x: Floats, power: float = power) -> Floats:
            r = residuals(unpack(x), curves)
            return np.asarray(np.sign(r) * np.abs(r) ** power)

        x = least_squares(raised, x, bounds=(x - REACH, x + REACH), x_scale="jac", max_nfev=100).x
    return unpack(x)


def error_table(cards: Mapping[str, Card], curves: Curves) -> list[tuple[str, float, float, str]]:
    """Rows: what, largest error, bound, unit."""
    rows = []
    for polarity, card in cards.items():
        vgs, vds, want = curves.current[polarity].T
        ratio = drain_a(card, vgs, vds) / want
        above = vgs >= ABOVE_V - 1e-6
        error = np.abs(ratio - 1)[above].max() * 100
        rows.append((f"{polarity} drain current, vgs >= {ABOVE_V} V", error, 5.0, "%"))
        below = np.abs(np.log10(ratio))[~above].max()
        rows.append((f"{polarity} drain current below", below, BOUND_DECADES, "decades"))
        vgs, vds, want = curves.capacitance[polarity].T
        error = np.abs(gate_capacitance_f(card, vgs, vds) / want - 1).max() * 100
        rows.append((f"{polarity} gate capacitance", error, 10.0, "%"))
    for name, error in output_errors_v(cards, curves).items():
        rows.append((f"{name}, output", np.abs(error).max() * 1e3, 10.0, "mV"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Error table of the FinFET cards, or a new fit.")
    parser.add_argument("--write", action="store_true", help="fit and rewrite the cards")
    options = parser.parse_args()
    curves, cards = read_curves(), read_cards()
    if options.write:
        write_cards(fit(cards, curves))
        cards = read_cards()
    print(f"{'largest error of':34} {'is':>8} {'bound':>8}")
    for what, value, bound, unit in error_table(cards, curves):
        print(f"{what:34} {value:8.3f} {bound:8.3f} {unit}")


if __name__ == "__main__":
    main()
