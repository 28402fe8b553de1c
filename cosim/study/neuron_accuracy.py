# SPDX-License-Identifier: Apache-2.0
"""neuron_accuracy : how TMR and RA of the neurons and cells move the accuracy of the FC layers."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from cosim.design import Design
from cosim.study.chart import COLOURS, MARKERS, canvas
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject, classified, programmed

__all__ = ["NEURON_ACCURACY"]

TMRS = (0.5, 1.0, 1.5, 2.0, 3.0)
RAS_OHM_UM2 = (5.0, 10.0, 20.0, 40.0)


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    tmrs, ras = ((1.0, 2.0), (10.0,)) if quick else (TMRS, RAS_OHM_UM2)
    return [{"ra_ohm_um2": ra, "tmr0": tmr} for ra in ras for tmr in tmrs]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject
    return tuple(f"device.mtj.{key}={value!r}" for key, value in point.items())


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    del point
    return [dict(classified(programmed(subject, design), subject))]


def _draw(rows: Sequence[Row]) -> Figure:
    solved = [row for row in rows if row["status"] == OK]
    figure, (axes,) = canvas(5.2, 3.4, 1, 1)
    for ra, colour, marker in zip(RAS_OHM_UM2, COLOURS, MARKERS, strict=False):
        mine = [row for row in solved if row["ra_ohm_um2"] == ra]
        at = [100 * float(row["tmr0"]) for row in mine]
        found = [100 * float(row["accuracy"]) for row in mine]
        axes.plot(at, found, color=colour, marker=marker, label=f"{ra:g}")
    axes.set_xlabel("TMR of cells and neurons (%)")
    axes.set_ylabel("accuracy (%)")
    axes.legend(title="RA (Ω µm²)", frameon=False)
    return figure


NEURON_ACCURACY = Study(
    name="neuron_accuracy",
    title="Accuracy over TMR and RA of all MTJs",
    keys={"ra_ohm_um2": float, "tmr0": float},
    figures={"images": int, "right": int, "accuracy": float},
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
)
