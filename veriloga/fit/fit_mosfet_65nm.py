# SPDX-License-Identifier: Apache-2.0
"""fit_mosfet_65nm : fits fet_cb.va to simulated 65 nm bulk curves, prints how well the cards fit.

    python veriloga/fit/fit_mosfet_65nm.py            error table of cards/mosfet_65nm_bulk.lib
    python veriloga/fit/fit_mosfet_65nm.py --write    fit again from those cards and rewrite them

One "fin" of a card is 0.1 um of width. fet_cb.va has no body effect: the shift of the threshold
with the source's height is printed and given to instances as `dvt` (V_SB times body).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from fet_equations import CARD_KEYS, Floats, drain_a, gate_capacitance_f
from scipy.optimize import least_squares

HERE = Path(__file__).resolve().parent
CURVES = HERE / "reference" / "mosfet_65nm_bulk.csv"
CARDS = HERE.parent / "cards" / "mosfet_65nm_bulk.lib"
MODELS = {"n": "nfet_65nm", "p": "pfet_65nm"}
FITTED = tuple(key for key in CARD_KEYS if key != "c_j")

PER_UM = 10.0  # fins of 0.1 um
ABOVE_V = 0.5  # gate voltage from which the current bound holds
TOP_V = 1.2  # largest gate voltage of the fit
BOUND_CURRENT, BOUND_CAPACITANCE, BOUND_DECADES = 0.05, 0.10, 0.5
JUNCTION_V = 0.3
ROUNDS = 3
REACH = 2.0  # a parameter may move by exp(+-2) in each round
START = {
    "vt0": 0.4, "n": 1.3, "dibl": 0.06, "beta": 0.002, "u_a": 0.002, "k_sat": 0.5, "m_sat": 4.0,
    "clm": 0.08, "v_clm": 0.05, "r_ser": 1500.0, "q_vel": 15.0, "d_c": 0.5, "q_c": 20.0,
    "c_g": 8e-17, "c_ov": 8e-17, "c_j": 1e-17,
}  # fmt: skip

# inside the ranges that fet_cb.va allows
LIMITS = {"clm": (1e-4, 0.9), "v_clm": (1e-4, 0.9), "m_sat": (2.0, 11.0), "k_sat": (0.01, 9.0)}

Card = Mapping[str, float]


def read_curves() -> dict[str, dict[str, Floats]]:
    """Per polarity and kind: columns vgs, vds, vbs, value; 0.1 um wide."""
    found: dict[str, dict[str, list[list[float]]]] = {p: {} for p in MODELS}
    for line in CURVES.read_text().splitlines():
        if line[0] in MODELS:
            polarity, kind, *values = line.split(",")
            row = [float(v) for v in values]
            found[polarity].setdefault(kind, []).append([*row[:3], row[3] / PER_UM])
    return {p: {kind: np.array(rows) for kind, rows in t.items()} for p, t in found.items()}


def read_cards(path: Path = CARDS) -> dict[str, dict[str, float]]:
    """Parameters by polarity, from ngspice .model lines; the start of a fit where none is."""
    if not path.exists():
        return {polarity: dict(START) for polarity in MODELS}
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
        "* mosfet_65nm_bulk.lib : fet_cb cards of a 65 nm bulk MOSFET, 1.1 V, 0.1 um wide",
        "* SPDX-License-Identifier: Apache-2.0",
        "* made by: python veriloga/fit/fit_mosfet_65nm.py --write",
    ]
    for polarity, name in MODELS.items():
        lines.append(f".model {name} fet_cb type={1 if polarity == 'n' else -1}")
        pairs = [f"{key}={cards[polarity][key]:.6g}" for key in CARD_KEYS]
        lines += ["+ " + " ".join(pairs[i : i + 6]) for i in range(0, len(pairs), 6)]
    path.write_text("\n".join(lines) + "\n")


def _at_rest(table: Floats) -> Floats:
    """Rows without body bias, inside the fitted range of the gate."""
    return table[(table[:, 2] == 0) & (table[:, 0] <= TOP_V + 1e-9)]


def residuals(card: Card, curves: Mapping[str, Floats]) -> Floats:
    """Every error over its bound."""
    vgs, vds, _, want = _at_rest(curves["id"]).T
    error = np.log(np.maximum(drain_a(card, vgs, vds), 1e-30) / want)
    bound = np.where(vgs >= ABOVE_V - 1e-9, BOUND_CURRENT, 0.6)
    vgs_c, vds_c, _, want_c = _at_rest(curves["cgg"]).T
    capacitance = gate_capacitance_f(card, vgs_c, vds_c) / want_c - 1
    return np.concatenate([error / bound, capacitance / BOUND_CAPACITANCE])


def fit(card: Card, curves: Mapping[str, Floats]) -> dict[str, float]:
    """Logarithms of all parameters but c_j free; errors squared, then near the largest."""
    lowest = np.log([LIMITS.get(key, (1e-30, 1e30))[0] for key in FITTED])
    highest = np.log([LIMITS.get(key, (1e-30, 1e30))[1] for key in FITTED])
    x = np.clip(np.log([card[key] for key in FITTED]), lowest + 1e-9, highest - 1e-9)
    for power in (1.0, 1.5, 2.0)[:ROUNDS]:

        def raised(x: Floats, power: float = power) -> Floats:
            trial = {**card, **dict(zip(FITTED, np.exp(x), strict=True))}
            r = residuals(trial, curves)
            return np.asarray(np.sign(r) * np.abs(r) ** power)

        bounds = np.maximum(x - REACH, lowest), np.minimum(x + REACH, highest)
        x = least_squares(raised, x, bounds=bounds, x_scale="jac", max_nfev=150).x
    _, vds, _, value = curves["cdd"].T
    junction = value[np.argmin(np.abs(vds - JUNCTION_V))]
    best = dict(zip(FITTED, map(float, np.exp(x)), strict=True))
    return {**best, "c_j": float(max(junction - 0.5 * best["c_ov"], 0.0))}


def body_v_per_v(card: Card, curves: Mapping[str, Floats]) -> float:
    """Threshold shift over V_SB, from the current at mid gate voltages."""
    shifts = []
    for vgs, vds, vbs, want in curves["id"]:
        if vbs < 0 and 0.7 <= vgs <= TOP_V and vds <= 0.3:
            shift = np.linspace(0.0, 0.2, 401)
            error = np.abs(drain_a(card, vgs - shift, np.full_like(shift, vds)) - want)
            shifts.append(shift[np.argmin(error)] / -vbs)
    return float(np.mean(shifts))


def error_table(
    cards: Mapping[str, Card], curves: Mapping[str, Mapping[str, Floats]]
) -> list[tuple[str, float, float, str]]:
    """Rows: what, largest error, bound, unit."""
    rows = []
    for polarity, card in cards.items():
        vgs, vds, _, want = _at_rest(curves[polarity]["id"]).T
        ratio = drain_a(card, vgs, vds) / want
        above = vgs >= ABOVE_V - 1e-9
        error = np.abs(ratio - 1)[above].max() * 100
        rows.append((f"{polarity} drain current, vgs >= {ABOVE_V} V", error, 5.0, "%"))
        below = np.abs(np.log10(ratio))[~above].max()
        rows.append((f"{polarity} drain current below", below, BOUND_DECADES, "decades"))
        vgs, vds, _, want = _at_rest(curves[polarity]["cgg"]).T
        error = np.abs(gate_capacitance_f(card, vgs, vds) / want - 1).max() * 100
        rows.append((f"{polarity} gate capacitance", error, 10.0, "%"))
        rows.append((f"{polarity} body", body_v_per_v(card, curves[polarity]), 0.3, "V/V"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Error table of the 65 nm cards, or a new fit.")
    parser.add_argument("--write", action="store_true", help="fit and rewrite the cards")
    options = parser.parse_args()
    curves, cards = read_curves(), read_cards()
    if options.write:
        write_cards({p: fit(card, curves[p]) for p, card in cards.items()})
        cards = read_cards()
    print(f"{'largest error of':34} {'is':>8} {'bound':>8}")
    for what, value, bound, unit in error_table(cards, curves):
        print(f"{what:34} {value:8.3f} {bound:8.3f} {unit}")


if __name__ == "__main__":
    main()
