# SPDX-License-Identifier: Apache-2.0
"""figures : cycles, seconds and joules of each picture and each layer, from what a run left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cosim.errors import MismatchError
from cosim.report.console import Picture
from cosim.report.ledger import Ledger
from cosim.trace.events import Evaluation
from cosim.trace.marks import Marks, Region
from cosim.units import PS_PER_S

__all__ = ["image_figures", "macro_figures", "mean_layers", "total_figures"]

IMAGE, STACK = "image", "fc_stack"
REST = "other"  # cycles of a picture outside every region


def _layer(name: str, unit: str, cycles: float, period_s: float, energy_j: float) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "cycles": cycles,
        "time_s": cycles * period_s,
        "macro_energy_j": energy_j,
    }


def _layers(
    inner: Sequence[tuple[str, Region]],
    total: int,
    period_s: float,
    events: Sequence[Evaluation],
) -> list[dict[str, Any]]:
    """The regions of one picture in order, innermost ones where they nest, and the rest.

    A region in which a macro was at work is the macro's.
    """
    has_parts = any(name != STACK and name.startswith("fc") for name, _ in inner)
    layers = []
    for name, region in sorted(inner, key=lambda item: item[1].t_begin_ps):
        if name == STACK and has_parts:
            continue
        mine = [event.energy_j for event in events if _inside(event, region)]
        unit = "macro" if mine else "cpu"
        layers.append(_layer(name, unit, region.cycles, period_s, sum(mine)))
    rest = total - sum(layer["cycles"] for layer in layers)
    layers.append(_layer(REST, "cpu", max(rest, 0), period_s, 0.0))
    return layers


def _inside(event: Evaluation, region: Region) -> bool:
    return region.t_begin_ps <= event.t_start_ps and event.t_done_ps <= region.t_end_ps


def image_figures(
    pictures: Sequence[Picture],
    marks: Marks,
    evaluations: Sequence[Evaluation],
    *,
    labels: Sequence[int],
    reference: Sequence[int],
    period_ps: int,
    name_of: Callable[[int], str],
) -> list[dict[str, Any]]:
    """One entry for each picture that was finished; `evaluations` is empty for a CPU-only run."""
    named = [(name_of(region.id), region) for region in marks.regions]
    passes = [region for name, region in named if name == IMAGE]
    period_s = period_ps / PS_PER_S
    entries = []
    for picture, whole in zip(pictures, passes, strict=False):
        inner = [
            (name, region)
            for name, region in named
            if region is not whole
            and whole.t_begin_ps <= region.t_begin_ps
            and region.t_end_ps <= whole.t_end_ps
        ]
        events = [event for event in evaluations if _inside(event, whole)]
        event = events[0] if len(events) == 1 else None  # whose outputs are the picture's
        if event is not None and picture.codes and event.codes != picture.codes:
            raise MismatchError(
                f"image {picture.index}: the macro gave codes {list(event.codes)}, "
                f"the firmware read {list(picture.codes)}"
            )
        energy_j = sum(event.energy_j for event in events)
        label = int(labels[picture.index])
        entries.append(
            {
                "index": picture.index,
                "label": label,
                "class": picture.label,
                "correct": picture.label == label,
                "reference_class": int(reference[picture.index]),
                "cycles": whole.cycles,
                "time_s": whole.cycles * period_s,
                "outputs_v": list(event.volts) if event is not None else [],
                "codes": list(picture.codes),
                "layers": _layers(inner, whole.cycles, period_s, events),
                "macro_energy_j": energy_j,
                "energy_by_group": _groups(events),
            }
        )
    return entries


def _groups(events: Sequence[Evaluation]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for event in events:
        for name, joules in event.energy_by_group.items():
            sums[name] = sums.get(name, 0.0) + joules
    return sums


def mean_layers(images: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each layer's mean over the pictures."""
    if not images:
        return []
    keys = ("cycles", "time_s", "macro_energy_j")
    rows = []
    for position, first in enumerate(images[0]["layers"]):
        same = [image["layers"][position] for image in images]
        means = {key: sum(layer[key] for layer in same) / len(same) for key in keys}
        rows.append({**first, **means})
    return rows


def macro_figures(ledgers: Sequence[Ledger], engine: str) -> list[dict[str, Any]]:
    """One entry for each macro."""
    return [
        {
            "macro": ledger.macro,
            "engine": engine,
            "evaluations": ledger.evaluations,
            "energy_j": ledger.energy_j,
            "evaluation_j": ledger.evaluation_j,
            "idle_j": ledger.idle_j,
            "programming_j": ledger.programming_j,
            "energy_by_supply": dict(ledger.by_supply),
            "energy_by_group": dict(ledger.by_group),
        }
        for ledger in ledgers
    ]


def total_figures(
    images: Sequence[Mapping[str, Any]],
    macros: Sequence[Mapping[str, Any]],
    *,
    cycles: int,
    period_ps: int,
    wall_s: float,
) -> dict[str, Any]:
    """Sums over the run."""
    return {
        "images": len(images),
        "correct": sum(1 for image in images if image["correct"]),
        "agree_reference": sum(1 for i in images if i["class"] == i["reference_class"]),
        "cycles": cycles,
        "time_s": cycles * period_ps / PS_PER_S,
        "macro_energy_j": sum(macro["energy_j"] for macro in macros),
        "wall_s": wall_s,
    }
