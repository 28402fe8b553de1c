# SPDX-License-Identifier: Apache-2.0
"""mixed_study : CPU alone, analog and mixed-signal macros of one network, as a study.

The subject's design is the analog macro's. Mixed-signal rows are of the design and the network that
the application ships for that macro, with the same values laid over; of `imac_mixed` and the
subject's own weights where none does. Latency and energy are an evaluation's; `firmware_*` those of
the FC layers in measured runs, which is all there is of the CPU alone: its ratios are firmware's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cosim.applications import APPLICATIONS
from cosim.design import Design
from cosim.errors import DesignError
from cosim.mapping import map_stack
from cosim.mixed.design import MixedDesign, load_mixed
from cosim.mixed.forward import mixed_forward
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes
from cosim.study.chart import COLOURS, canvas
from cosim.study.firmware import Firmware, application_of, measured
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

CPU = "the CPU alone"
DESIGN = "imac_mixed"
EVALUATIONS = 3
QUICK = 2  # variants
_KNOWN: dict[str, float] = {}  # accuracies
NOTHING = float("nan")
GROUPS = (
    *("drivers", "dacs", "bias", "cells", "wires"),
    *("amplifiers", "neurons", "converters", "digital"),
)
LOGIC = ("logic_round_j", "logic_leakage_w", "logic_delay_s", "logic_area_m2")


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    names = list(VARIANTS)[: QUICK if quick else None]
    return [{"macro": name} for name in (CPU, ANALOG, *names)]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject, point
    return ()


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    name = str(point["macro"])
    if name == CPU:
        return [_cpu_row(subject, design)]
    weights = tuple(layer.astype(np.float64) for layer in subject.weights)
    bits = (subject.bits[:EVALUATIONS] > 0).astype(np.int64)
    analog = analog_macro(weights, bits, design, subject.identity["engine"])
    images = len(subject.labels)
    if name == ANALOG:
        right = classified(programmed(subject, design), subject)
        run = _firmware(subject, subject.design_name)
        return [_row(analog, analog, float(right["accuracy"]), images, run)]
    shipped, own = _shipped(subject)
    base = load_mixed(shipped, subject.sets)
    chosen = variant(base, map_stack(own, base).sizes, name)
    floats = tuple(layer.astype(np.float64) for layer in own)
    found, logic = mixed_macro(floats, bits, chosen, name=name, engine="fast")
    run = _firmware(subject, shipped) if chosen.digest() == base.digest() else None
    row = _row(found, analog, _accuracy(subject, own, base), images, run)
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


def _name(subject: Subject) -> str:
    return subject.identity["network"].split()[0]


def _shipped(subject: Subject) -> tuple[str, tuple[NDArray[np.int8], ...]]:
    """Design and weights of mixed-signal macros."""
    for entry in APPLICATIONS:
        if entry.mixed and _name(subject) == entry.model:
            return entry.mixed[1], load_network(entry.mixed[0]).fc
    return DESIGN, subject.weights


def _firmware(subject: Subject, design: str | None) -> Firmware | None:
    """Measured, if an application ships the network."""
    try:
        name = application_of(_name(subject)).name
    except DesignError:
        return None
    return measured(name, design, subject.sets)


def _accuracy(subject: Subject, weights: tuple[NDArray[np.int8], ...], base: MixedDesign) -> float:
    """Of every variant: they differ in time, not in codes."""
    key = f"{base.digest()} {subject.identity['network']} {subject.identity['images']}"
    if key not in _KNOWN:
        _KNOWN[key] = mixed_forward(weights, subject.bits, base).accuracy(subject.labels)
    return _KNOWN[key]


def _cpu_row(subject: Subject, design: Design) -> Row:
    """Firmware's figures, beside firmware's with the analog macro."""
    del design
    alone = measured(application_of(_name(subject)).name, None)
    analog = _firmware(subject, subject.design_name)
    assert analog is not None  # the line above would have complained
    right = argmax_class(twin_codes(load_network(_name(subject)), subject.bits)) == subject.labels
    over = {
        "latency": alone.seconds / analog.seconds,
        "energy": alone.joules / analog.joules,
    }
    return {
        **_firmware_row(alone),
        "converters": 0,
        "latency_s": alone.seconds,
        "energy_j": alone.joules,
        "power_w": alone.joules / alone.seconds,
        "power_ratio": over["energy"] / over["latency"],
        **{f"{key}_ratio": value for key, value in over.items()},
        **{f"{group}_j": NOTHING for group in GROUPS},
        "images": len(subject.labels),
        "accuracy": float(right.mean()),
        "gates": 0,
        "flops": 0,
        **dict.fromkeys(LOGIC, NOTHING),
    }


def _firmware_row(run: Firmware | None) -> Row:
    return {
        "firmware_cycles": NOTHING if run is None else run.cycles,
        "firmware_s": NOTHING if run is None else run.seconds,
        "firmware_j": NOTHING if run is None else run.joules,
    }


def _row(
    found: MacroFigures, analog: MacroFigures, accuracy: float, images: int, run: Firmware | None
) -> Row:
    return {
        **_firmware_row(run),
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
        **dict.fromkeys(LOGIC, NOTHING),
    }


def _draw(rows: Sequence[Row]) -> Figure:
    figure, all_axes = canvas(9.6, 3.0, 1, len(PUBLISHED))
    solved = [row for row in rows if row["status"] == OK and row["macro"] not in (CPU, ANALOG)]
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
        **dict.fromkeys(("firmware_cycles", "firmware_s", "firmware_j"), float),
        "images": int,
        "accuracy": float,
        "gates": int,
        "flops": int,
        **dict.fromkeys(LOGIC, float),
    },
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
    code=("cosim/mixed", "rtl", "firmware"),
)
