# SPDX-License-Identifier: Apache-2.0
"""fet_cards : what every fit of fet_cb.va shares: card files, least squares, the error table."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fet_equations import CARD_KEYS, Floats, drain_a, gate_capacitance_f
from scipy.optimize import least_squares

__all__ = ["FITTED", "Card", "CardFile", "Cards", "Row", "curve_rows", "least", "main"]

FITTED = tuple(key for key in CARD_KEYS if key != "c_j")  # c_j: the neuron's delay (README.md)
BOUND_DECADES = 0.5
REACH = 2.0  # a parameter may move by exp(+-2) in each round
NORMS = (1.0, 1.5, 2.0)  # residuals are raised to these powers in turn: near the largest at last

Card = Mapping[str, float]
Cards = Mapping[str, Card]  # by polarity, n and p
Row = tuple[str, float, float, str]  # what, largest error, bound, unit


@dataclass(frozen=True, kw_only=True)
class CardFile:
    """ngspice .model lines in `path`; `models` are names by polarity, `title` says of what."""

    path: Path
    models: Mapping[str, str]
    title: str
    made_by: str

    def read(self) -> dict[str, dict[str, float]]:
        """Parameters by polarity."""
        text = self.path.read_text().replace("\n+", " ")
        cards = {}
        for polarity, name in self.models.items():
            line = re.search(rf"^\.model {name} fet_cb (.*)$", text, re.MULTILINE)
            if line is None:
                raise ValueError(f"{self.path}: no .model {name} fet_cb")
            pairs = dict(item.split("=") for item in line[1].split())
            cards[polarity] = {key: float(pairs[key]) for key in CARD_KEYS}
        return cards

    def write(self, cards: Cards) -> None:
        lines = [
            f"* {self.path.name} : {self.title}",
            "* SPDX-License-Identifier: Apache-2.0",
            f"* made by: python veriloga/fit/{self.made_by} --write",
        ]
        for polarity, name in self.models.items():
            lines.append(f".model {name} fet_cb type={1 if polarity == 'n' else -1}")
            pairs = [f"{key}={cards[polarity][key]:.6g}" for key in CARD_KEYS]
            lines += ["+ " + " ".join(pairs[i : i + 6]) for i in range(0, len(pairs), 6)]
        self.path.write_text("\n".join(lines) + "\n")


def least(
    residuals: Callable[[Floats], Floats],
    x: Floats,
    *,
    tries: int,
    low: float | Floats = -np.inf,
    high: float | Floats = np.inf,
) -> Floats:
    """Logarithms of parameters within `low` .. `high` that make the residuals small."""
    for power in NORMS:

        def raised(x: Floats, power: float = power) -> Floats:
            r = residuals(x)
            return np.asarray(np.sign(r) * np.abs(r) ** power)

        bounds = np.maximum(x - REACH, low), np.minimum(x + REACH, high)
        x = np.asarray(least_squares(raised, x, bounds=bounds, x_scale="jac", max_nfev=tries).x)
    return x


def curve_rows(
    polarity: str, card: Card, current: Floats, capacitance: Floats, above_v: float
) -> list[Row]:
    """How far a card is from curves (3, n) of vgs, vds and amperes or farads."""
    vgs, vds, want = current
    ratio = drain_a(card, vgs, vds) / want
    above = vgs >= above_v - 1e-9
    error = np.abs(ratio - 1)[above].max() * 100
    below = np.abs(np.log10(ratio))[~above].max()
    vgs, vds, want = capacitance
    apart = np.abs(gate_capacitance_f(card, vgs, vds) / want - 1).max() * 100
    return [
        (f"{polarity} drain current, vgs >= {above_v} V", error, 5.0, "%"),
        (f"{polarity} drain current below", below, BOUND_DECADES, "decades"),
        (f"{polarity} gate capacitance", apart, 10.0, "%"),
    ]


def main(
    file: CardFile,
    fit: Callable[[dict[str, dict[str, float]]], Cards],
    table: Callable[[Cards], list[Row]],
    start: Callable[[], dict[str, dict[str, float]]],
) -> None:
    """Print the error table of the cards that `start` reads, with --write of newly fitted ones."""
    parser = argparse.ArgumentParser(description=f"Error table of {file.path.name}, or a new fit.")
    parser.add_argument("--write", action="store_true", help="fit and rewrite the cards")
    cards = start()
    if parser.parse_args().write:
        file.write(fit(cards))
        cards = file.read()
    print(f"{'largest error of':34} {'is':>8} {'bound':>8}")
    for what, value, bound, unit in table(cards):
        print(f"{what:34} {value:8.3f} {bound:8.3f} {unit}")
