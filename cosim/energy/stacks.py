# SPDX-License-Identifier: Apache-2.0
"""stacks : the account as stacks for a flame graph: layer, function, what was inlined into it.

A macro stands beside the functions of the layer that it worked for. The stacks add up to the
energy of the whole chip.
"""

from __future__ import annotations

import math

from cosim.energy.account import Account
from cosim.energy.ledger import Item

__all__ = ["energy_stacks", "folded_energy"]

PJ = 1e12


def energy_stacks(account: Account) -> dict[tuple[str, ...], float]:
    """Joules by stack, names from the bottom up."""
    parts: dict[tuple[str, ...], list[float]] = {}
    for item in account.ledger.items:
        parts.setdefault(_stack(account, item), []).append(item.joules)
    for macro in account.macros:
        for layer, joules in macro.by_layer.items():
            parts.setdefault((layer, macro.name), []).append(joules)
    return {names: math.fsum(joules) for names, joules in parts.items()}


def _stack(account: Account, item: Item) -> tuple[str, ...]:
    layer = account.layer(item)
    if item.pc is None:  # traps, and time in which nothing retired
        return (layer, item.kind)
    place = account.place(item)
    inlined = () if place.function == place.symbol else (place.function,)
    return (layer, place.symbol, *inlined)


def folded_energy(stacks: dict[tuple[str, ...], float]) -> str:
    """Collapsed stacks, one a line with its picojoules; semicolons in names become colons."""
    lines = []
    for names, joules in sorted(stacks.items()):
        text = ";".join(name.replace(";", ":") for name in names)
        lines.append(f"{text} {round(joules * PJ)}\n")
    return "".join(lines)
