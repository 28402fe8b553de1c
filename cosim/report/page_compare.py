# SPDX-License-Identifier: Apache-2.0
"""page_compare : report.html of two runs: headline comparison first, then the newer run in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cosim.report.compare import Comparison, LayerPair
from cosim.report.page import Cell, Chart, Headline, Page, Row, Section, Table, cell, change
from cosim.report.page_charts import layer_chart, tornado_chart
from cosim.report.page_run import RunView, provenance, run_sections

__all__ = ["UNITS", "compare_page", "difference_page"]

UNITS = {
    "cycles": ("cycles of an image", "1"),
    "time_s": ("time", "s"),
    "energy_j": ("energy", "J"),
    "energy_delay_js": ("energy-delay product", "J s"),
    "power_w": ("average power", "W"),
    "accuracy": ("right", "%"),
}


def compare_page(found: Comparison, old: RunView, new: RunView, command: str) -> Page:
    """The CPU alone beside CPU and macro."""
    less = "less" if found.saving >= 0 else "more"
    summary = (
        f"{found.images} images of {new.result['data']['source']}: with the macro an image takes "
        f"{100 * abs(found.saving):.2f} % {less} energy. Means of an image; boot, writing weights "
        "and printing stand apart."
    )
    sections = (
        _headline(found),
        _dependence(found),
        *run_sections(new, "macro-"),
        _other(old),
    )
    return Page(
        title=f"{found.application}: {found.names[0]} against {found.names[1]}",
        summary=summary,
        command=command,
        headline=_big(found),
        warnings=tuple(old.result["warnings"]) + tuple(new.result["warnings"]),
        sections=sections,
    )


def _big(found: Comparison) -> tuple[Headline, ...]:
    e, t = found.figures["energy_j"], found.figures["cycles"]
    items = [
        Headline(
            name="energy saved",
            text=f"{100 * found.saving:.2f} %",
            value=found.saving,
            path="saving",
            note=f"{cell(e[0], 'J').text} to {cell(e[1], 'J').text} an image",
        ),
        Headline(
            name="cycles saved",
            text=f"{100 * (1 - t[1] / t[0]):.2f} %",
            value=1 - t[1] / t[0],
            note=f"{t[0]:,.0f} to {t[1]:,.0f} an image",
        ),
    ]
    if found.published is not None:
        items.append(
            Headline(
                name="published saving",
                text=f"{100 * found.published:.1f} %",
                value=found.published,
                path="published",
                note=found.published_source,
            )
        )
    if found.break_even is not None:
        items.append(
            Headline(
                name="inferences that pay for writing the weights",
                text=f"{found.break_even:,.1f}",
                value=found.break_even,
                path="break_even",
            )
        )
    return tuple(items)


def _headline(found: Comparison) -> Section:
    rows = []
    for key, (name, unit) in UNITS.items():
        a, b = found.figures[key]
        cells = (cell(a, unit, f"figures.{key}.0"), cell(b, unit, f"figures.{key}.1"), change(b, a))
        rows.append(Row(name=name, cells=cells))
    table = Table(
        id="table-comparison",
        caption="mean of an image",
        heads=("", *found.names, "change"),
        rows=tuple(rows),
    )
    return Section(
        id="comparison",
        title="Side by side",
        tables=(table, _layer_table(found.layers, found.names)),
        charts=(
            Chart(
                svg=layer_chart(
                    "chart-comparison",
                    [
                        (name, {layer.name: layer.energy_j[side] for layer in found.layers})
                        for side, name in enumerate(found.names)
                    ],
                    "Energy of an image by layer",
                ),
                caption="Energy of an image by layer, digital and analog.",
            ),
        ),
    )


def _layer_table(layers: Sequence[LayerPair], names: tuple[str, str]) -> Table:
    rows = []
    for k, layer in enumerate(layers):
        cells: tuple[Cell, ...] = (
            cell(layer.cycles[0], "1", f"layers.{k}.cycles.0"),
            cell(layer.cycles[1], "1", f"layers.{k}.cycles.1"),
            change(layer.cycles[1], layer.cycles[0]),
            cell(layer.energy_j[0], "J", f"layers.{k}.energy_j.0"),
            cell(layer.energy_j[1], "J", f"layers.{k}.energy_j.1"),
            change(layer.energy_j[1], layer.energy_j[0]),
        )
        rows.append(Row(name=layer.name, cells=cells))
    heads = (
        "layer",
        *(f"cycles, {n}" for n in names),
        "change",
        *(f"energy, {n}" for n in names),
        "change",
    )
    return Table(
        id="table-compared-layers", caption="mean of an image", heads=heads, rows=tuple(rows)
    )


def _dependence(found: Comparison) -> Section:
    swings = [(swing.what, swing.low, swing.high) for swing in found.swings]
    rows = tuple(
        Row(
            name=f"{swing.what} ({swing.how})",
            cells=(
                cell(swing.low, "%", f"swings.{k}.low"),
                cell(swing.high, "%", f"swings.{k}.high"),
            ),
        )
        for k, swing in enumerate(found.swings)
    )
    spread = tuple(
        Row(name=f"{n:,}", cells=(cell(value, "%", f"amortised.{k}.1"),))
        for k, (n, value) in enumerate(found.amortised)
    )
    text = "Nothing here is fitted to a published figure."
    if found.published is not None:
        text += (
            f" The published {100 * found.published:.1f} % ({found.published_source}) names no "
            "CPU, clock or memory; ours is the design file's, with sources below."
        )
    return Section(
        id="dependence",
        title="What the saving depends on",
        texts=(text,),
        charts=(
            Chart(
                svg=tornado_chart(
                    "chart-tornado", found.saving, swings, "What the saving depends on"
                ),
                caption="One thing moved at a time, the rest as it is; the table says by how much.",
            ),
        ),
        tables=(
            Table(
                id="table-swings",
                caption="energy saved when one thing moves",
                heads=("what (how much)", "down", "up"),
                rows=rows,
            ),
            Table(
                id="table-amortised",
                caption="energy saved when weights are written once for N inferences",
                heads=("N", "saved"),
                rows=spread,
            ),
        ),
    )


def _other(old: RunView) -> Section:
    section = provenance(old, "cpu-")
    return Section(id=section.id, title=f"Provenance: {old.name}", lists=section.lists)


def difference_page(old: RunView, new: RunView, command: str) -> Page:
    """Any two runs: every figure that both have, side by side."""
    totals, images = [], []
    for key in old.result["totals"]:
        a, b = old.result["totals"][key], new.result["totals"][key]
        unit = key.rpartition("_")[2].upper() if key.endswith("_j") else "s"
        unit = unit if key.endswith(("_j", "_s")) else "1"
        cells = (cell(a, unit, f"0.totals.{key}"), cell(b, unit, f"1.totals.{key}"), change(b, a))
        totals.append(Row(name=key.removesuffix("_s").removesuffix("_j"), cells=cells))
    for a, b in zip(old.result["images"], new.result["images"], strict=False):
        words = tuple(Cell(text=str(word)) for word in (a["label"], a["class"], b["class"]))
        images.append(Row(name=str(a["index"]), cells=(*words, cell(_apart(a, b), "V"))))
    energy = [view.result["energy"] for view in (old, new)]
    tables = [
        Table(
            id="table-totals",
            caption="whole runs",
            heads=("", old.folder.name, new.folder.name, "change"),
            rows=tuple(totals),
        ),
        Table(
            id="table-images",
            caption="images",
            heads=(
                "image",
                "label",
                "class, first",
                "class, second",
                "largest difference of an output",
            ),
            rows=tuple(images),
        ),
    ]
    if energy[0] is not None and energy[1] is not None:
        names = dict.fromkeys([*energy[0]["components"], *energy[1]["components"]])
        rows = []
        for name in names:
            a, b = (part["components"].get(name, 0.0) for part in energy)
            if a or b:
                rows.append(Row(name=name, cells=(cell(a, "J"), cell(b, "J"), change(b, a))))
        heads = ("component", old.folder.name, new.folder.name, "change")
        tables.append(
            Table(
                id="table-components", caption="energy of the runs", heads=heads, rows=tuple(rows)
            )
        )
    return Page(
        title=f"{old.folder.name} against {new.folder.name}",
        summary=f"{old.name} and {new.name}.",
        command=command,
        sections=(
            Section(id="differences", title="Differences", tables=tuple(tables)),
            _other(old),
            provenance(new, "new-"),
        ),
    )


def _apart(a: Mapping[str, Any], b: Mapping[str, Any]) -> float | None:
    if not a["outputs_v"] or len(a["outputs_v"]) != len(b["outputs_v"]):
        return None
    pairs = zip(a["outputs_v"], b["outputs_v"], strict=True)
    return float(max(abs(x - y) for x, y in pairs))
