# SPDX-License-Identifier: Apache-2.0
"""page_run : the sections of report.html that show one run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosim.report.compare import Grid, Side
from cosim.report.names import macro_title
from cosim.report.page import (
    Cell,
    Chart,
    Headline,
    Page,
    Row,
    Section,
    Table,
    cell,
    confusion,
    share,
    sources,
)
from cosim.report.page_charts import curve_chart, layer_chart, timeline_chart, waveform_chart
from cosim.trace.events import Event, RegionPass
from cosim.trace.phases import macro_phases
from cosim.units import seconds, si

__all__ = ["LIMITS", "RunView", "run_page", "run_sections"]

CLASSES = 10
CPU_ONLY, IMAGE = "none", "image"
LIMITS = (
    "Energies are simulated. The digital ones are counts of the RTL times constants of the design "
    "file, each with its source and uncertainty; they are not a sign-off of a laid-out chip.",
    "Digital constants hold for one technology node and one voltage; temperature, corners and "
    "wires between blocks are not in them beyond what their sources include.",
    "The macro's energy is the integral of v*i at its supplies as its engine solves them. Standby, "
    "writing weights and converters are stated constants of the design file.",
    "No die varies unless one was asked for: device spread, defects and noise are not in a "
    "nominal run.",
    "The images shown are few. Accuracy over a whole test set comes from `cosim accuracy`.",
)


@dataclass(frozen=True, kw_only=True)
class RunView:
    """What a run folder holds. `macro` is macro.json: waveform and neuron curve."""

    folder: Path
    result: Mapping[str, Any]
    grid: Grid
    events: Sequence[Event]
    identity: Mapping[str, Any]
    design: Mapping[str, Any]
    macro: Mapping[str, Any] | None
    perf: Mapping[str, Any] | None = None
    extra: Sequence[str] = field(default=())

    @property
    def engine(self) -> str:
        return str(self.result["engine"])

    @property
    def name(self) -> str:
        if self.engine == CPU_ONLY:
            return "CPU only"
        return f"CPU + {macro_title(self.result)}, engine {self.engine}"

    @property
    def macros(self) -> list[str]:
        """Names of the macros at work."""
        name = self.result.get("macro", {}).get("name", "macro")
        return [f"{name}{index}" for index in range(int(self.result["n_macro"]))]


def run_page(view: RunView, command: str) -> Page:
    """A page of one run."""
    result = view.result
    warnings = list(result["warnings"])
    if not result["complete"]:
        warnings.insert(0, f"This run is not complete: {result['reason']}")
    return Page(
        title=f"{result['application']} on {result['design']['name']}: {view.name}",
        summary=_summary(view),
        command=command,
        warnings=tuple(warnings),
        headline=_headline(view),
        sections=run_sections(view),
    )


def run_sections(view: RunView, prefix: str = "") -> tuple[Section, ...]:
    """Timeline, energy, macro, accuracy, ledger, provenance, limits; ids begin with `prefix`."""
    found = [_timeline(view, prefix), _energy(view, prefix)]
    if view.macro is not None:
        found.append(_macro(view.macro, prefix))
    found += [_accuracy(view, prefix), _ledger(view, prefix), provenance(view, prefix)]
    limits = (*LIMITS, *view.result.get("macro", {}).get("limits", ()))
    found.append(Section(id=f"{prefix}limits", title="Limits of validity", lists=(limits,)))
    return tuple(section for section in found if section is not None)


def _summary(view: RunView) -> str:
    totals = view.result["totals"]
    wires = "with wires" if view.result["design"]["wires"] else "without wires"
    return (
        f"{totals['correct']} of {totals['images']} images right. {view.name}, design "
        f"{view.result['design']['name']} {wires}, {view.result['data']['source']}."
    )


def _headline(view: RunView) -> tuple[Headline, ...]:
    totals, energy = view.result["totals"], view.result["energy"]
    found = [
        Headline(
            name="cycles of the run",
            text=f"{totals['cycles']:,}",
            value=totals["cycles"],
            path="totals.cycles",
            note=si(totals["time_s"], "s"),
        ),
        Headline(
            name="right",
            text=f"{totals['correct']} of {totals['images']}",
            value=totals["correct"],
            path="totals.correct",
        ),
    ]
    if energy is not None:
        sigma_j = energy["digital_sigma_j"]
        found += [
            Headline(
                name="energy of an image",
                text=si(energy["image_j"], "J", 4),
                value=energy["image_j"],
                path="energy.image_j",
                note="boot, weights and printing apart",
            ),
            Headline(
                name="energy of the run",
                text=si(energy["total_j"], "J", 4),
                value=energy["total_j"],
                path="energy.total_j",
                note=f"± {si(sigma_j, 'J', 2)} from the constants, one sigma",
            ),
        ]
    return tuple(found)


def _timeline(view: RunView, prefix: str) -> Section | None:
    regions = [event for event in view.events if isinstance(event, RegionPass)]
    images = [region for region in regions if region.name == IMAGE]
    if not images:
        return None
    first = images[0]
    lanes = [("CPU regions", _spans(regions, first))]
    charts = []
    for macro, name in enumerate(view.macros):
        lanes.append((name, _phases(macro, view.events, regions, first)))
    charts.append(
        Chart(
            svg=timeline_chart(f"{prefix}chart-timeline", lanes, "One image"),
            caption="The first image, from its pixels to its class. "
            "timeline.json opens in Perfetto or chrome://tracing with every image.",
        )
    )
    stack = next((r for r in regions if r.name == "fc_stack" and _in(r, first)), None)
    if stack is not None and view.macros:
        zoom = [(n, _phases(m, view.events, regions, stack)) for m, n in enumerate(view.macros)]
        charts.append(
            Chart(
                svg=timeline_chart(f"{prefix}chart-offload", zoom, "The fully-connected stack"),
                caption="The same, from the first push to the last pop of the macro.",
            )
        )
    title = macro_title(view.result)
    rows = tuple(
        Row(
            name=f"{layer['name']} ({'CPU' if layer['unit'] == 'cpu' else title})",
            cells=(
                cell(layer["cycles"], "1", f"layers.{k}.cycles"),
                cell(layer["time_s"], "s", f"layers.{k}.time_s"),
            ),
        )
        for k, layer in enumerate(view.result["layers"])
    )
    table = Table(
        id=f"{prefix}table-layers",
        caption="mean of an image",
        heads=("layer", "cycles", "time"),
        rows=rows,
    )
    return Section(
        id=f"{prefix}timeline", title="Where the time goes", charts=tuple(charts), tables=(table,)
    )


def _in(inner: RegionPass, outer: RegionPass) -> bool:
    return outer.t_begin_ps <= inner.t_begin_ps and inner.t_end_ps <= outer.t_end_ps


def _spans(regions: Sequence[RegionPass], whole: RegionPass) -> list[tuple[str, float, float]]:
    inner = [r for r in regions if r is not whole and _in(r, whole)]
    leaves = [r for r in inner if not any(o is not r and _in(o, r) for o in inner)]
    zero = whole.t_begin_ps
    return [
        (r.name, seconds(r.t_begin_ps - zero), seconds(r.t_end_ps - zero))
        for r in sorted(leaves, key=lambda r: r.t_begin_ps)
    ]


def _phases(
    macro: int, events: Sequence[Event], regions: Sequence[RegionPass], whole: RegionPass
) -> list[tuple[str, float, float]]:
    found = []
    zero, end = whole.t_begin_ps, whole.t_end_ps
    for phase in macro_phases(macro, events, regions, end):
        begin_ps, end_ps = max(phase.t_begin_ps, zero), min(phase.t_end_ps, end)
        if end_ps > begin_ps:
            found.append((phase.name, seconds(begin_ps - zero), seconds(end_ps - zero)))
    return found


def _energy(view: RunView, prefix: str) -> Section | None:
    energy = view.result["energy"]
    if energy is None:
        return None
    side = Side(name=view.name, result=view.result, grid=view.grid)
    inside = [layer["name"] for layer in energy["layers"] if layer["in_image"]]
    rows = [
        (
            "between layers" if name == IMAGE else name,
            {part: row.get(name, 0.0) / side.images for part, row in view.grid.items()},
        )
        for name in inside
    ]
    rows = [row for row in rows if math.fsum(row[1].values()) > 0.0]
    chart = Chart(
        svg=layer_chart(f"{prefix}chart-energy", rows, "Energy by layer and component"),
        caption="Mean of an image. energy.csv holds the table for the whole run, "
        "energy_lines.csv every source line.",
    )
    total_j = energy["total_j"]
    tables = (
        _joules_table(
            f"{prefix}table-components", "energy of the run by component", energy, "components"
        ),
        _spent_table(f"{prefix}table-classes", "by instruction class", energy, "classes"),
        _spent_table(f"{prefix}table-functions", "by C function", energy, "functions"),
    )
    text = (
        f"The supplies delivered {si(total_j, 'J', 5)}; the parts differ from that by "
        f"{si(energy['residue_j'], 'J', 2)}. Core: {energy['core']}, {energy['node_nm']:g} nm, "
        f"{energy['vdd_v']:g} V."
    )
    return Section(
        id=f"{prefix}energy",
        title="Where the energy goes",
        texts=(text,),
        charts=(chart,),
        tables=tables,
    )


def _joules_table(id_: str, caption: str, energy: Mapping[str, Any], key: str) -> Table:
    total_j = energy["total_j"]
    rows = [
        Row(name=name, cells=(cell(joules, "J", f"energy.{key}.{name}"), share(joules, total_j)))
        for name, joules in sorted(energy[key].items(), key=lambda item: -item[1])
        if joules
    ]
    whole = (cell(total_j, "J", "energy.total_j"), share(total_j, total_j))
    rows.append(Row(name="all supplies", cells=whole, total=True))
    return Table(id=id_, caption=caption, heads=("part", "energy", "share"), rows=tuple(rows))


def _spent_table(id_: str, caption: str, energy: Mapping[str, Any], key: str) -> Table:
    rows = []
    for k, entry in enumerate(energy[key]):
        path = f"energy.{key}.{k}"
        cells: tuple[Cell, ...] = (
            cell(entry["instructions"], "1", f"{path}.instructions"),
            cell(entry["cycles"], "1", f"{path}.cycles"),
            cell(entry["energy_j"], "J", f"{path}.energy_j"),
            share(entry["energy_j"], energy["digital_j"]),
        )
        rows.append(Row(name=entry["name"], cells=cells))
    heads = ("", "instructions", "cycles", "energy", "share of the digital energy")
    return Table(id=id_, caption=caption, heads=heads, rows=tuple(rows))


def _macro(macro: Mapping[str, Any], prefix: str) -> Section:
    wave = macro["waveform"]
    volts = {str(k): values for k, values in enumerate(wave["outputs_v"])}
    charts = [
        Chart(
            svg=waveform_chart(
                f"{prefix}chart-waveform",
                t_s=wave["t_s"],
                volts=volts,
                power_w=wave["power_w"],
                strobe_s=wave["strobe_s"],
                title="One evaluation of the macro",
            ),
            caption=wave.get("caption", "") or f"Solved by engine {wave['engine']}.",
        )
    ]
    for curve in macro.get("curves", ()):
        svg = curve_chart(
            f"{prefix}chart-{curve['id']}", curve["x"], curve["y"], curve["axes"], curve["title"]
        )
        charts.append(Chart(svg=svg, caption=curve["caption"]))
    return Section(id=f"{prefix}macro", title="The macro at work", charts=tuple(charts))


def _accuracy(view: RunView, prefix: str) -> Section:
    pairs = [(image["label"], image["class"]) for image in view.result["images"]]
    classes = max(CLASSES, 1 + max((max(pair) for pair in pairs), default=0))
    return Section(id=f"{prefix}accuracy", title="Accuracy", confusion=confusion(pairs, classes))


def _ledger(view: RunView, prefix: str) -> Section:
    energy = view.result["energy"]
    tables = []
    if energy is not None:
        rows = tuple(
            Row(
                name=entry["name"],
                cells=(
                    Cell(text=entry["component"]),
                    cell(entry["count"], "1", f"energy.constants.{k}.count")
                    if entry["name"] != "leakage_w"
                    else cell(entry["count"], "s", f"energy.constants.{k}.count"),
                    cell(
                        entry["value"],
                        "W" if entry["name"] == "leakage_w" else "J",
                        f"energy.constants.{k}.value",
                    ),
                    Cell(text=f"{100 * entry['uncertainty']:.0f} %"),
                    cell(entry["energy_j"], "J", f"energy.constants.{k}.energy_j"),
                ),
            )
            for k, entry in enumerate(energy["constants"])
            if entry["count"]
        )
        total = (Cell(text=""),) * 4 + (cell(energy["digital_j"], "J", "energy.digital_j"),)
        heads = ("constant", "component", "count", "value", "± 1 sigma", "energy")
        tables.append(
            Table(
                id=f"{prefix}table-ledger",
                caption="digital energy of the run: counts of the RTL times constants",
                heads=heads,
                rows=(*rows, Row(name="digital", cells=total, total=True)),
            )
        )
    return Section(
        id=f"{prefix}ledger",
        title="Ledger and sources",
        texts=("Every constant of the design with its source:",),
        tables=tuple(tables),
        sources=sources(view.design),
    )


def provenance(view: RunView, prefix: str) -> Section:
    """Tools, hashes, engines."""
    identity = view.identity
    lines = [f"{name}: {value}" for name, value in _flat(identity)]
    lines.append(
        "engine of the macro's figures: "
        + ("none, the CPU computed all layers" if view.engine == CPU_ONLY else view.engine)
    )
    lines.append("engine of cycles and counts: the RTL in Verilator")
    lines += list(view.extra)
    if view.perf is not None:
        parts = ", ".join(
            f"{key.removesuffix('_s')} {value:.2f} s"
            for key, value in view.perf.items()
            if key.endswith("_s") and isinstance(value, int | float)
        )
        lines.append(f"wall time: {parts}")
    return Section(id=f"{prefix}provenance", title="Provenance", lists=(tuple(lines),))


def _flat(tree: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{path}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            found += _flat(value, f"{path}{key} ")
        elif value is not None:
            found.append((name, str(value)))
    return found
