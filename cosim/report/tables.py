# SPDX-License-Identifier: Apache-2.0
"""tables : the tables of a result, as rich renderables; whoever calls prints them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cosim.report.energy_tables import layer_energy
from cosim.report.names import macro_title
from cosim.units import si

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "bench_table",
    "doctor_table",
    "group_table",
    "image_table",
    "lag_table",
    "layer_table",
    "plain_table",
    "summary",
]


def plain_table(title: str, *columns: str, right: Iterable[str] = ()) -> Table:
    """An empty table; columns named in `right` hold numbers."""
    from rich.table import Table  # noqa: PLC0415 - `import cosim` stays light

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    numbers = set(right)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    return table


def image_table(result: Mapping[str, Any]) -> Table:
    """One row an image: label, class, cycles, time at the clock, macro energy, outputs in volts."""
    numbers = ("image", "label", "class", "cycles", "time", "macro energy")
    table = plain_table("Images", *numbers, "outputs (V), 0 to 9", right=numbers)
    for image in result["images"]:
        style = "" if image["correct"] else "yellow"
        table.add_row(
            str(image["index"]),
            str(image["label"]),
            f"{image['class']}{'' if image['correct'] else ' ✗'}",
            f"{image['cycles']:,}",
            si(image["time_s"], "s"),
            si(image["macro_energy_j"], "J"),
            " ".join(f"{volts:.3f}" for volts in image["outputs_v"]) or "-",
            style=style,
        )
    return table


def layer_table(result: Mapping[str, Any]) -> Table:
    """One row a layer: where it ran, cycles, time at the clock, energies; means an image."""
    numbers = ("cycles", "time", "digital energy", "macro energy")
    digital_j = layer_energy(result)
    title = "Layers, mean of an image" if len(result["images"]) > 1 else "Layers"
    table = plain_table(title, "layer", "runs on", *numbers, right=numbers)
    for layer in result["layers"]:
        table.add_row(
            layer["name"],
            "CPU" if layer["unit"] == "cpu" else macro_title(result),
            f"{layer['cycles']:,.0f}",
            si(layer["time_s"], "s"),
            si(digital_j[layer["name"]], "J") if digital_j else "-",
            si(layer["macro_energy_j"], "J") if layer["unit"] == "macro" else "-",
        )
    return table


def group_table(result: Mapping[str, Any]) -> Table | None:
    """Macro energy of all images by group, largest first; None when no macro ran."""
    groups: dict[str, float] = {}
    for macro in result["macros"]:
        for name, joules in macro["energy_by_group"].items():
            groups[name] = groups.get(name, 0.0) + joules
    if not groups:
        return None
    total = sum(groups.values())
    table = plain_table(
        "Macro energy of the run", "group", "energy", "share", right=("energy", "share")
    )
    for name, joules in sorted(groups.items(), key=lambda item: -item[1]):
        share = f"{100 * joules / total:.1f} %" if total else "-"
        table.add_row(name, si(joules, "J"), share)
    table.add_section()
    table.add_row("total", si(total, "J"), "")
    parts = {
        "evaluation_j": "in evaluations",
        "idle_j": "between them",
        "programming_j": "writing weights",
    }
    for key, text in parts.items():
        table.add_row(f"  {text}", si(sum(macro[key] for macro in result["macros"]), "J"), "")
    return table


def summary(result: Mapping[str, Any]) -> str:
    """One line: how many right, against labels and against the NumPy reference."""
    totals = result["totals"]
    count = totals["images"]
    where = "CPU only" if result["engine"] == "none" else f"engine {result['engine']}"
    text = (
        f"{result['application']}, {where}, design {result['design']['name']}: "
        f"{totals['correct']} of {count} right, "
        f"{totals['agree_reference']} of {count} as the NumPy reference, {totals['wall_s']:.0f} s"
    )
    return text if result["complete"] else f"{text}; NOT COMPLETE: {result['reason']}"


def doctor_table(findings: Iterable[Mapping[str, Any]]) -> Table:
    """One row a tool."""
    table = plain_table("", "tool", "version", "probe", "where")
    for finding in findings:
        mark = "[green]ok[/]" if finding["ok"] else "[red]no[/]"
        table.add_row(
            f"{mark} {finding['name']}", finding["version"], finding["probe"], finding["where"]
        )
    return table


def lag_table(measured: Iterable[Mapping[str, Any]]) -> Table:
    """One row a simulator: what the RTL saw beyond the circuit's own delay."""
    numbers = ("edges seen", "largest error", "mean error", "circuit's delay", "time")
    table = plain_table("Boundary error", "simulator", *numbers, "", right=numbers)
    for entry in measured:
        table.add_row(
            entry["simulator"],
            f"{entry['seen']} of {entry['edges']}",
            f"{entry['max_error_ps']:.3f} ps",
            f"{entry['mean_error_ps']:.3f} ps",
            f"{entry['mean_delay_ps']:.2f} ps",
            f"{entry['wall_s']:.2f} s",
            "[green]ok[/]" if entry["passed"] else f"[red]over {entry['limit_ps']:g} ps[/]",
        )
    return table


def bench_table(figures: Iterable[Mapping[str, Any]]) -> Table:
    """One row a figure: value, bound, and whether it is kept."""
    numbers = ("value", "bound")
    table = plain_table("Speed on this machine", "figure", *numbers, "", right=numbers)
    for figure in figures:
        unit = {"x": "", "1/s": "/s"}.get(figure["unit"], f" {figure['unit']}")
        kept = "[green]ok[/]" if figure["ok"] else "[red]missed[/]"
        table.add_row(figure["name"], f"{figure['value']:,.4g}{unit}", figure["bound"], kept)
    return table
