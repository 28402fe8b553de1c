# SPDX-License-Identifier: Apache-2.0
"""energy_tables : the energy section of a result as rich tables; whoever calls prints them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cosim.units import si

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["component_table", "layer_energy", "opinion_table", "phase_table", "spent_table"]

REST = "other"
TOP = 8


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table  # noqa: PLC0415 - `import cosim` stays light

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    return table


def _share(joules: float, total_j: float) -> str:
    return f"{100 * joules / total_j:.1f} %" if total_j else "-"


def component_table(energy: Mapping[str, Any]) -> Table:
    """Joules of the whole run by part of the chip, largest first; parts without any left out."""
    title = f"Energy of the run: {energy['core']}, {energy['node_nm']:g} nm, {energy['vdd_v']:g} V"
    table = _table(title, "part", "energy", "share")
    total_j = energy["total_j"]
    for name, joules in sorted(energy["components"].items(), key=lambda item: -item[1]):
        if joules:
            table.add_row(name, si(joules, "J"), _share(joules, total_j))
    table.add_section()
    digital_j, sigma_j = energy["digital_j"], energy["digital_sigma_j"]
    table.add_row(
        f"digital, uncertain by {_share(sigma_j, digital_j)}",
        si(digital_j, "J"),
        _share(digital_j, total_j),
    )
    table.add_row("analog", si(energy["analog_j"], "J"), _share(energy["analog_j"], total_j))
    table.add_row("total", si(total_j, "J"), "")
    table.add_row("an image, mean", si(energy["image_j"], "J"), "")
    return table


def spent_table(energy: Mapping[str, Any], key: str, title: str) -> Table:
    """The largest rows of `classes` or `functions`, and the rest in one."""
    table = _table(title, "", "instructions", "cycles", "energy", "share of digital")
    rows, total_j = energy[key], energy["digital_j"]
    shown = list(rows[:TOP])
    if len(rows) > TOP:
        names = ("instructions", "cycles", "energy_j")
        rest = {name: sum(row[name] for row in rows[TOP:]) for name in names}
        shown.append({"name": f"{len(rows) - TOP} more", **rest})
    for row in shown:
        table.add_row(
            row["name"],
            f"{row['instructions']:,}",
            f"{row['cycles']:,}",
            si(row["energy_j"], "J"),
            _share(row["energy_j"], total_j),
        )
    return table


def phase_table(energy: Mapping[str, Any]) -> Table | None:
    """Joules of each macro by what it did; None without a macro."""
    if not energy["phases"]:
        return None
    names = [name for name in energy["phases"][0] if name != "macro"]
    table = _table("Macro energy by phase", "macro", *names)
    for row in energy["phases"]:
        table.add_row(row["macro"], *(si(row[name], "J") for name in names))
    return table


def layer_energy(result: Mapping[str, Any]) -> dict[str, float]:
    """Digital joules of each row of the layer table, mean of an image; empty where unknown."""
    energy = result.get("energy")
    count = len(result["images"])
    if not energy or not count:
        return {}
    inside = {row["name"]: row["digital_j"] for row in energy["layers"] if row["in_image"]}
    listed = {row["name"] for row in result["layers"]}
    found = {name: joules / count for name, joules in inside.items() if name in listed}
    found[REST] = sum(joules for name, joules in inside.items() if name not in listed) / count
    return found


def opinion_table(found: Mapping[str, Any]) -> Table:
    """Joules a cycle of the core: by its gates' switching, and by the constants of each preset."""
    switching = found["switching"]
    cycles = switching["cycles"]
    title = f"Core in {found['region']}: {found['gates']:,} gates, {found['flops']:,} flip-flops"
    table = _table(title, "", "a cycle", "of it")
    total_j = sum(switching["energy_j"].values())
    flop_j = switching["energy_j"].get("DFF", 0.0)
    clock_j = switching["energy_j"]["clock"]
    for name, joules in (
        ("gates: logic", total_j - flop_j - clock_j),
        ("gates: flip-flops, new states", flop_j),
        ("gates: flip-flops, clock", clock_j),
    ):
        table.add_row(name, si(joules / cycles, "J"), _share(joules, total_j))
    table.add_row(f"second estimate, {cycles:,} cycles", si(total_j / cycles, "J"), "")
    for preset, parts in found["first"].items():
        table.add_section()
        whole_j = sum(parts.values())
        for name, joules in parts.items():
            if joules:
                table.add_row(f"{preset}: {name}", si(joules, "J"), _share(joules, whole_j))
        ratio = whole_j * cycles / total_j
        table.add_row(f"first estimate, {preset}", si(whole_j, "J"), f"{ratio:.2f} x second")
    return table
