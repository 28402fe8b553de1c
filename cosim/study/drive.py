# SPDX-License-Identifier: Apache-2.0
"""drive : accuracy over the resistance of what drives a tile's row, and tile size.

The resistance stands in every tile row's driver, of inputs and of hidden neurons (behind their
buffers) alike. Points named `neuron` have no buffers: the neuron drives the lines itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from cosim.design import Design
from cosim.study.chart import COLOURS, MARKERS, canvas, label_ends
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject, classified, programmed

__all__ = ["DRIVE"]

OHMS = (0.0, 10.0, 30.0, 100.0, 200.0, 500.0, 1000.0, 1500.0)
SIDES = (16, 32, 64, 128, 256)
LITTLE_OHM = 1e-3  # stands for none


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    sides, ohms = ((32,), (0.0, 500.0)) if quick else (SIDES, OHMS)
    cases = [("buffer", side, ohm) for side in sides for ohm in ohms]
    cases += [("neuron", side, 0.0) for side in sides]
    return [{"driver": kind, "tile": side, "r_row_ohm": ohm} for kind, side, ohm in cases]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject
    ohm = max(float(point["r_row_ohm"]), LITTLE_OHM)
    return (
        "wires.enabled=true",
        f"macro.tile.rows={point['tile']}",
        f"macro.tile.cols={point['tile']}",
        f"macro.driver.r_ohm={ohm!r}",
        f"macro.buffer.r_row_ohm={ohm!r}",
        f"macro.buffer.enabled={'true' if point['driver'] == 'buffer' else 'false'}",
    )


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    del point
    return [dict(classified(programmed(subject, design), subject))]


def _draw(rows: Sequence[Row]) -> Figure:
    figure, (axes,) = canvas(6.2, 3.6, 1, 1)
    solved = [row for row in rows if row["status"] == OK]
    ends = []
    sides = sorted({int(row["tile"]) for row in rows})
    for side, colour, marker in zip(sides, COLOURS, MARKERS, strict=False):
        mine = [row for row in solved if int(row["tile"]) == side]
        x = [float(row["r_row_ohm"]) for row in mine if row["driver"] == "buffer"]
        y = [100 * float(row["accuracy"]) for row in mine if row["driver"] == "buffer"]
        if x:
            axes.plot(x, y, color=colour, marker=marker)
            ends.append((x[-1] * 1.1, y[-1], f"{side} x {side}", colour))
        alone = [100 * float(row["accuracy"]) for row in mine if row["driver"] == "neuron"]
        if alone:
            axes.plot([-4.0], alone, color=colour, marker=marker, mfc="none", ls="none")
    axes.set_ylim(0, 104)
    label_ends(axes, ends, 5.0)
    axes.set_xscale("symlog", linthresh=10, linscale=0.4)
    ticks, names = [0, 10, 30, 100, 200, 500, 1500], ["0", "10", "30", "100", "200", "500", "1500"]
    if any(row["driver"] == "neuron" for row in solved):
        ticks, names = [-4, *ticks], ["neuron\nalone", *names]
    axes.set_xticks(ticks, names)
    axes.minorticks_off()
    axes.set_xlim(-7, 3600)
    axes.set_xlabel("output resistance of a tile row's driver (Ω)")
    axes.set_ylabel("accuracy (%)")
    return figure


DRIVE = Study(
    name="drive",
    title="Drive strength against tile size, wires included",
    keys={"driver": str, "tile": int, "r_row_ohm": float},
    figures={"images": int, "right": int, "accuracy": float},
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
)
