# SPDX-License-Identifier: Apache-2.0
"""neuron_mismatch : offset and slope of a thousand mismatched neurons, ngspice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cosim.analog.neuron_spread import PER_DECK, measure_spread
from cosim.design import Design
from cosim.study.chart import COLOURS, canvas
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject

__all__ = ["NEURON_MISMATCH"]

BATCHES = 10  # of PER_DECK neurons
PANELS = (("offset_v", 1e3, "offset at the input (mV)"), ("slope", 1.0, "steepest slope (V/V)"))


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    return [{"batch": batch} for batch in range(1 if quick else BATCHES)]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject, point
    return ()


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    del subject
    found = measure_spread(design, PER_DECK, seed=1 + int(point["batch"]))
    return [
        {"neuron": k, "offset_v": float(offset), "slope": float(slope), "left_v": float(left)}
        for k, (offset, slope, left) in enumerate(
            zip(found.offset_v, found.slope, found.left_v, strict=True)
        )
    ]


def _draw(rows: Sequence[Row]) -> Figure:
    solved = [row for row in rows if row["status"] == OK]
    figure, all_axes = canvas(7.6, 3.2, 1, len(PANELS))
    for axes, (key, scale, label), colour in zip(all_axes, PANELS, COLOURS, strict=False):
        values = scale * np.array([float(row[key]) for row in solved])
        axes.hist(values, bins=30, color=colour, edgecolor="white", linewidth=0.4)
        axes.set_xlabel(label)
        axes.set_title(f"mean {values.mean():.3g}, sigma {values.std(ddof=1):.3g}")
    all_axes[0].set_ylabel(f"neurons of {len(solved)}")
    return figure


NEURON_MISMATCH = Study(
    name="neuron_mismatch",
    title="Mismatched neurons: thresholds of both FETs, R_P and TMR of both MTJs, ngspice",
    keys={"batch": int},
    figures={"neuron": int, "offset_v": float, "slope": float, "left_v": float},
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
    engine="ngspice",
)
