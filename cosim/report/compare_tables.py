# SPDX-License-Identifier: Apache-2.0
"""compare_tables : a comparison as rich tables; whoever calls prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cosim.report.compare import Comparison
from cosim.report.page import cell, change
from cosim.report.page_compare import UNITS
from cosim.report.tables import plain_table

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["figure_table", "pair_table", "swing_table", "verdict"]


def figure_table(found: Comparison) -> Table:
    """Cycles, time, energy, energy-delay product, power, accuracy."""
    numbers = (*found.names, "change")
    title = f"{found.application}, mean of {found.images} images"
    table = plain_table(title, "", *numbers, right=numbers)
    for key, (name, unit) in UNITS.items():
        a, b = found.figures[key]
        table.add_row(name, cell(a, unit).text, cell(b, unit).text, change(b, a).text)
    return table


def pair_table(found: Comparison) -> Table:
    """One row a layer."""
    heads = [f"{what}, {name}" for what in ("cycles", "energy") for name in found.names]
    table = plain_table("Layers, mean of an image", "layer", *heads, right=heads)
    for layer in found.layers:
        cycles = [cell(value, "1").text for value in layer.cycles]
        joules = [cell(value, "J").text for value in layer.energy_j]
        table.add_row(layer.name, *cycles, *joules)
    return table


def swing_table(found: Comparison) -> Table:
    """What the saving becomes when one thing moves, the widest first."""
    numbers = ("down", "up")
    table = plain_table("Energy saved when one thing moves", "what", "how", *numbers, right=numbers)
    for swing in sorted(found.swings, key=lambda s: -abs(s.high - s.low)):
        row = (cell(swing.low, "%").text, cell(swing.high, "%").text)
        table.add_row(swing.what, swing.how, *row)
    return table


def verdict(found: Comparison) -> str:
    """The saving beside the published one, and what writing the weights takes."""
    less = "less" if found.saving >= 0 else "more"
    text = f"{100 * abs(found.saving):.2f} % {less} energy an image"
    if found.published is not None:
        text += f"; published: {100 * found.published:.1f} % ({found.published_source})"
    if found.break_even is None:
        return f"{text}; writing the weights never pays"
    return f"{text}; writing the weights costs {cell(found.programming_j, 'J').text} and pays " + (
        f"after {found.break_even:.3g} inferences"
    )
