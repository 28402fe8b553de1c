# SPDX-License-Identifier: Apache-2.0
"""fit_mosfet_65nm : fits fet_cb.va to simulated 65 nm bulk curves, prints how well the cards fit.

    python veriloga/fit/fit_mosfet_65nm.py            error table of cards/mosfet_65nm_bulk.lib
    python veriloga/fit/fit_mosfet_65nm.py --write    fit again from those cards and rewrite them

One "fin" of a card is 0.1 um of width. fet_cb.va has no body effect: the shift of the threshold
with the source's height is printed and given to instances as `dvt` (V_SB times body).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from fet_cards import FITTED, Card, CardFile, Cards, Row, curve_rows, least, main
from fet_equations import Floats, drain_a, gate_capacitance_f

HERE = Path(__file__).resolve().parent
CURVES = HERE / "reference" / "mosfet_65nm_bulk.csv"
CARDS = CardFile(
    path=HERE.parent / "cards" / "mosfet_65nm_bulk.lib",
    models={"n": "nfet_65nm", "p": "pfet_65nm"},
    title="fet_cb cards of a 65 nm bulk MOSFET, 1.1 V, 0.1 um wide",
    made_by="fit_mosfet_65nm.py",
)

PER_UM = 10.0  # fins of 0.1 um
ABOVE_V = 0.5  # gate voltage from which the current bound holds
TOP_V = 1.2  # largest gate voltage of the fit
BOUND_CURRENT, BOUND_CAPACITANCE = 0.05, 0.10
JUNCTION_V = 0.3
TRIES = 150
START = {
    "vt0": 0.4, "n": 1.3, "dibl": 0.06, "beta": 0.002, "u_a": 0.002, "k_sat": 0.5, "m_sat": 4.0,
    "clm": 0.08, "v_clm": 0.05, "r_ser": 1500.0, "q_vel": 15.0, "d_c": 0.5, "q_c": 20.0,
    "c_g": 8e-17, "c_ov": 8e-17, "c_j": 1e-17,
}  # fmt: skip

# inside the ranges that fet_cb.va allows
LIMITS = {"clm": (1e-4, 0.9), "v_clm": (1e-4, 0.9), "m_sat": (2.0, 11.0), "k_sat": (0.01, 9.0)}


def read_curves() -> dict[str, dict[str, Floats]]:
    """Per polarity and kind: columns vgs, vds, vbs, value; 0.1 um wide."""
    found: dict[str, dict[str, list[list[float]]]] = {p: {} for p in CARDS.models}
    for line in CURVES.read_text().splitlines():
        if line[0] in CARDS.models:
            polarity, kind, *values = line.split(",")
            row = [float(v) for v in values]
            found[polarity].setdefault(kind, []).append([*row[:3], row[3] / PER_UM])
    return {p: {kind: np.array(rows) for kind, rows in t.items()} for p, t in found.items()}


def read_cards() -> dict[str, dict[str, float]]:
    """The cards; the start of a fit where none are."""
    return CARDS.read() if CARDS.path.exists() else {p: dict(START) for p in CARDS.models}


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

    def of(x: Floats) -> Floats:
        return residuals({**card, **dict(zip(FITTED, np.exp(x), strict=True))}, curves)

    x = least(of, x, tries=TRIES, low=lowest, high=highest)
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


def error_table(cards: Cards, curves: Mapping[str, Mapping[str, Floats]]) -> list[Row]:
    """Rows: what, largest error, bound, unit."""
    rows = []
    for polarity, card in cards.items():
        points = [_at_rest(curves[polarity][kind])[:, [0, 1, 3]].T for kind in ("id", "cgg")]
        rows += curve_rows(polarity, card, points[0], points[1], ABOVE_V)
        rows.append((f"{polarity} body", body_v_per_v(card, curves[polarity]), 0.3, "V/V"))
    return rows


if __name__ == "__main__":
    ALL = read_curves()

    def fit_both(cards: Cards) -> Cards:
        return {polarity: fit(card, ALL[polarity]) for polarity, card in cards.items()}

    main(CARDS, fit_both, lambda cards: error_table(cards, ALL), read_cards)
