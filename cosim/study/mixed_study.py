# SPDX-License-Identifier: Apache-2.0
"""mixed_study : analog and mixed-signal macros of one network, and their ratios, as a study.

The subject's design is the analog macro's; `imac_mixed` with the same values laid over is the other
one, so the network must be one that its scales were fitted to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cosim.design import Design
from cosim.mapping import map_stack
from cosim.mixed.design import MixedDesign, load_mixed
from cosim.mixed.forward import mixed_forward
from cosim.study.chart import COLOURS, canvas
from cosim.study.mixed import (
    ANALOG,
    PUBLISHED,
    VARIANTS,
    MacroFigures,
    analog_macro,
    mixed_macro,
    variant,
)
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject, classified, programmed

__all__ = ["MIXED"]

DESIGN = "imac_mixed"
EVALUATIONS = 3
QUICK = 2  # variants
_KNOWN: dict[str, float] = {}  # accuracies
GROUPS = (
    *("drivers", "dacs", "bias", "cells", "wires"),
    *("amplifiers", "neurons", "converters", "digital"),
)


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    names = list(VARIANTS)[: QUICK if quick else None]
    return [{"macro": name} for name in (ANALOG, *names)]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject, point
    return ()


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    name = str(point["macro"])
    weights = tuple(layer.astype(np.float64) for layer in subject.weights)
    bits = (subject.bits[:EVALUATIONS] > 0).astype(np.int64)
    analog = analog_macro(weights, bits, design, subject.identity["engine"])
    if name == ANALOG:
        right = classified(programmed(subject, design), subject)
        return [_row(analog, analog, float(right["accuracy"]), len(subject.labels))]
    base = load_mixed(DESIGN, subject.sets)
    chosen = variant(base, map_stack(subject.weights, base).sizes, name)
    found, logic = mixed_macro(weights, bits, chosen, name=name, engine="fast")
    row = _row(found, analog, _accuracy(subject, base), len(subject.labels))
    return [
        {
            **row,
            "gates": logic.gates,
            "flops": logic.flops,
            "logic_round_j": logic.round_j,
            "logic_leakage_w": logic.leakage_w,
            "logic_delay_s": logic.delay_s,
            "logic_area_m2": logic.area_m2,
        }
    ]


def _accuracy(subject: Subject, base: MixedDesign) -> float:
    """Of every variant: they differ in time, not in codes."""
    key = f"{base.digest()} {subject.identity['network']} {subject.identity['images']}"
    if key not in _KNOWN:
        found = mixed_forward(subject.weights, subject.bits, base)
        _KNOWN[key] = found.accuracy(subject.labels)
    return _KNOWN[key]


def _row(found: MacroFigures, analog: MacroFigures, accuracy: float, images: int) -> Row:
    nothing = float("nan")
    return {
        "converters": found.converters,
        "latency_s": found.latency_s,
        "energy_j": found.energy_j,
        "power_w": found.power_w,
        **{f"{key}_ratio": value for key, value in found.over(analog).items()},
        **{f"{group}_j": found.by_group.get(group, 0.0) for group in GROUPS},
        "images": images,
        "accuracy": accuracy,
        "gates": 0,
        "flops": 0,
        **{f"logic_{key}": nothing for key in ("round_j", "leakage_w", "delay_s", "area_m2")},
    }


def _draw(rows: Sequence[Row]) -> Figure:
    figure, all_axes = canvas(9.6, 3.0, 1, len(PUBLISHED))
    solved = [row for row in rows if row["status"] == OK and row["macro"] != ANALOG]
    names = [str(row["macro"]) for row in solved]
    for axes, (key, value), colour in zip(all_axes, PUBLISHED.items(), COLOURS, strict=False):
        axes.barh(names, [float(row[f"{key}_ratio"]) for row in solved], color=colour)
        axes.axvline(value, color="black", ls=":", lw=1)
        axes.set_xscale("log")
        axes.invert_yaxis()
        axes.set_xlabel(f"{key} over the analog macro's\n(dotted: published, {value:g})")
        if axes is not all_axes[0]:
            axes.set_yticklabels([])
    return figure


MIXED = Study(
    name="mixed",
    title="Mixed-signal macros beside the fully analog one",
    keys={"macro": str},
    figures={
        "converters": int,
        **dict.fromkeys(("latency_s", "energy_j", "power_w"), float),
        **{f"{key}_ratio": float for key in PUBLISHED},
        **{f"{group}_j": float for group in GROUPS},
        "images": int,
        "accuracy": float,
        "gates": int,
        "flops": int,
        **{f"logic_{key}": float for key in ("round_j", "leakage_w", "delay_s", "area_m2")},
    },
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
    code=("cosim/mixed", "rtl/mixed", "rtl/neuron"),
)
