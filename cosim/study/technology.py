# SPDX-License-Identifier: Apache-2.0
"""technology : accuracy and power over tile size and memory technology, wires included."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cosim.design import Design
from cosim.study.chart import COLOURS, MARKERS, canvas, label_ends, plain_log
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject, classified, mean_power, programmed
from cosim.study.technologies import TECHNOLOGIES, cell_sets

__all__ = ["TECHNOLOGY"]

SIDES = (16, 32, 64, 128, 256)
BY_NAME = {technology.name: technology for technology in TECHNOLOGIES}


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    names, sides = (("MRAM", "PCM"), (16, 32)) if quick else (tuple(BY_NAME), SIDES)
    return [{"technology": name, "tile": side} for name in names for side in sides]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    technology = BY_NAME[str(point["technology"])]
    return (
        *cell_sets(subject.base, technology.r_low_ohm, technology.r_high_ohm),
        "wires.enabled=true",
        f"macro.tile.rows={point['tile']}",
        f"macro.tile.cols={point['tile']}",
    )


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    technology = BY_NAME[str(point["technology"])]
    stack = programmed(subject, design)
    return [
        {
            "r_low_ohm": technology.r_low_ohm,
            "r_high_ohm": technology.r_high_ohm,
            **classified(stack, subject),
            **mean_power(stack, subject),
        }
    ]


def _draw(rows: Sequence[Row]) -> Figure:
    figure, (left, right) = canvas(8.4, 3.4, 1, 2)
    left.set_ylim(0, 104)
    _lines(left, rows, lambda row: 100 * float(row["accuracy"]), 5.0, log=False)
    left.set_ylabel("accuracy (%)")
    left.set_title("accuracy")
    plain_log(right)
    _lines(right, rows, _lines_w, 0.08, log=True)
    right.set_ylabel("power of drivers and crossbars (W)")
    right.set_title("power at rest, mean of an image")
    return figure


def _lines_w(row: Row) -> float:
    return float(row["power_drivers_w"]) + float(row["power_bias_w"])


def _lines(
    axes: Axes, rows: Sequence[Row], value: Callable[[Row], float], gap: float, *, log: bool
) -> None:
    ends = []
    for technology, colour, marker in zip(TECHNOLOGIES, COLOURS, MARKERS, strict=False):
        mine = [r for r in rows if r["technology"] == technology.name and r["status"] == OK]
        if not mine:
            continue
        x, y = [float(row["tile"]) for row in mine], [value(row) for row in mine]
        axes.plot(x, y, color=colour, marker=marker)
        ends.append((x[-1] * 1.08, y[-1], technology.name, colour))
    label_ends(axes, ends, gap, log=log)
    axes.set_xscale("log", base=2)
    axes.set_xticks(SIDES, [f"{side}" for side in SIDES])
    axes.set_xlim(14, 400)
    axes.minorticks_off()
    axes.set_xlabel("tile (rows = columns)")


TECHNOLOGY = Study(
    name="technology",
    title="Accuracy and power over tile size and technology, wires included",
    keys={"technology": str, "tile": int},
    figures={
        "r_low_ohm": float,
        "r_high_ohm": float,
        "images": int,
        "right": int,
        "accuracy": float,
        "power_drivers_w": float,
        "power_bias_w": float,
        "power_neurons_w": float,
        "power_amplifiers_w": float,
    },
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
)
