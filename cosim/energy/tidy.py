# SPDX-License-Identifier: Apache-2.0
"""tidy : an energy account as the section of result.json and as CSV files."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from cosim.design import ChipDesign
from cosim.energy.account import Account
from cosim.energy.ledger import EVERY_COMPONENT_OF, Item

__all__ = ["csv_text", "energy_section", "grid_csv", "lines_csv"]


def energy_section(
    account: Account, design: ChipDesign, *, images: int, inside: Iterable[str]
) -> dict[str, Any]:
    """Section `energy` of result.json; `inside` names the regions that belong to an image."""
    ledger, energy = account.ledger, design.energy
    within = set(inside)
    supplies, components = account.supplies, account.components()
    total_j = account.total_j
    layers = account.layers()
    cycles = {name: 0 for name in layers}
    for ident in {count.id for count in ledger.profile.regions}:
        name = account.layer(_at(ident))
        cycles[name] = cycles.get(name, 0) + ledger.profile.cycles_of(ident)
    digital_image_j = sum(part[0] for name, part in layers.items() if name in within)
    analog_image_j = sum(part[1] for name, part in layers.items() if name in within)
    return {
        "core": energy.core,
        "node_nm": energy.node_nm,
        "vdd_v": energy.vdd_v,
        "total_j": total_j,
        "digital_j": ledger.total_j,
        "digital_sigma_j": ledger.sigma_j,
        "analog_j": account.analog_j,
        "image_j": (digital_image_j + analog_image_j) / max(images, 1),
        "residue_j": total_j - sum(components.values()),
        "idle_cycles": ledger.idle_cycles,
        "supplies": supplies,
        "components": components,
        "classes": [
            {"name": name, "instructions": n, "cycles": spent, "energy_j": joules}
            for name, n, spent, joules in _rows(account, account.kind)
        ],
        "layers": [
            {
                "name": name,
                "cycles": cycles.get(name, 0),
                "digital_j": digital_j,
                "analog_j": analog_j,
                "in_image": name in within,
            }
            for name, (digital_j, analog_j) in layers.items()
        ],
        "functions": [
            {"name": name, "instructions": n, "cycles": spent, "energy_j": joules}
            for name, n, spent, joules in _rows(account, account.function)
        ],
        "phases": [{"macro": part.name, **part.by_phase} for part in account.macros],
        "constants": [
            {
                "name": name,
                "component": EVERY_COMPONENT_OF[name],
                "value": value,
                "uncertainty": ledger.sigmas[name],
                "count": ledger.count(name),
                "energy_j": ledger.count(name) * value,
            }
            for name, value in ledger.values.items()
        ],
    }


def _at(region: int) -> Item:
    return Item(constant="clock_j", kind="", region=region, pc=None, count=0.0, joules=0.0)


def _rows(account: Account, key: Callable[[Item], str]) -> list[tuple[str, int, int, float]]:
    """Name, retired instructions, cycles, joules; the most joules first."""
    ledger = account.ledger
    retired: Counter[str] = Counter()
    cycles: Counter[str] = Counter()
    for item in ledger.items:
        if item.constant.startswith("instruction.") and item.pc is not None:
            retired[key(item)] += round(item.count)
        elif item.constant in ("clock_j", "idle_j"):
            cycles[key(item)] += round(item.count)
    found = ledger.by(key)
    return [
        (name, retired[name], cycles[name], found[name])
        for name in sorted(found, key=lambda name: -found[name])
    ]


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV; numbers with all their digits."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def grid_csv(account: Account) -> str:
    """energy.csv: joules of each component in each layer, over the whole run."""
    return csv_text(account.grid())


def lines_csv(account: Account) -> str:
    """energy_lines.csv: joules of each source line, over the whole run."""
    head = [["line", "instructions", "cycles", "energy_j"]]
    return csv_text([*head, *_rows(account, account.line)])
