# SPDX-License-Identifier: Apache-2.0
"""resistance : accuracy over the two resistances of a cell: ideal wires, wires, partitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cosim.design import Design
from cosim.study.chart import canvas
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject, classified, programmed
from cosim.study.technologies import TECHNOLOGIES, cell_sets

__all__ = ["RESISTANCE"]

R_LOW_OHM = (1e3, 2.5e3, 5e3, 10e3, 25e3, 50e3, 100e3)
R_HIGH_OHM = (5e3, 10e3, 25e3, 50e3, 100e3, 250e3, 500e3, 1e6)
RATIO_MIN = 1.9
TILE = 32
WIRES = {
    "ideal wires": "no wire resistance",
    "wires": "wires, one tile a layer",
    "partitions": f"wires, tiles of {TILE} x {TILE}",
}


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    lows, highs = ((10e3,), (25e3, 100e3)) if quick else (R_LOW_OHM, R_HIGH_OHM)
    return [
        {"wires": wires, "r_low_ohm": low, "r_high_ohm": high}
        for wires in WIRES
        for low in lows
        for high in highs
        if high >= RATIO_MIN * low
    ]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    side = subject.largest_side if point["wires"] == "wires" else TILE
    low, high = float(point["r_low_ohm"]), float(point["r_high_ohm"])
    return (
        *cell_sets(subject.base, low, high),
        f"wires.enabled={'false' if point['wires'] == 'ideal wires' else 'true'}",
        f"macro.tile.rows={side}",
        f"macro.tile.cols={side}",
    )


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    del point
    return [dict(classified(programmed(subject, design), subject))]


def _draw(rows: Sequence[Row]) -> Figure:
    figure, all_axes = canvas(9.6, 3.7, 1, len(WIRES))
    for axes, (wires, words) in zip(all_axes, WIRES.items(), strict=True):
        _map(axes, [row for row in rows if row["wires"] == wires], words)
    all_axes[0].set_ylabel("$R_{high}$ (kΩ)")
    figure.colorbar(
        all_axes[-1].images[0], ax=all_axes, label="accuracy (%)", fraction=0.05, pad=0.01
    )
    return figure


def _map(axes: Axes, rows: Sequence[Row], words: str) -> None:
    lows = sorted({float(row["r_low_ohm"]) for row in rows})
    highs = sorted({float(row["r_high_ohm"]) for row in rows})
    percent = np.full((len(highs), len(lows)), np.nan)
    for row in rows:
        i, j = highs.index(float(row["r_high_ohm"])), lows.index(float(row["r_low_ohm"]))
        if row["status"] == OK:
            percent[i, j] = 100 * float(row["accuracy"])
        else:
            axes.text(j, i, "refused", ha="center", va="center", fontsize=5.5, color="#AA0000")
    axes.imshow(percent, origin="lower", aspect="auto", cmap="cividis", vmin=0, vmax=100)
    for (i, j), value in np.ndenumerate(percent):
        if np.isfinite(value):
            ink = "white" if value < 55 else "black"
            axes.text(j, i, f"{value:.3g}", ha="center", va="center", fontsize=6.5, color=ink)
    axes.set_xticks(range(len(lows)), [f"{low / 1e3:g}" for low in lows])
    axes.set_yticks(range(len(highs)), [f"{high / 1e3:g}" for high in highs])
    axes.grid(visible=False)
    axes.set_xlabel("$R_{low}$ (kΩ)")
    axes.set_title(words)
    _mark_technologies(axes, lows, highs)


def _mark_technologies(axes: Axes, lows: list[float], highs: list[float]) -> None:
    """A frame around the grid point nearest to each published technology, its name inside."""
    for technology in TECHNOLOGIES:
        x = _nearest(lows, technology.r_low_ohm)
        y = _nearest(highs, technology.r_high_ohm)
        axes.add_patch(
            Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, fill=False, ec="#D55E00", lw=1.4)
        )
        axes.text(
            x, y - 0.3, technology.name, ha="center", va="center", fontsize=5, color="#D55E00"
        )


def _nearest(values: list[float], wanted: float) -> int:
    return int(np.argmin(np.abs(np.log(values) - np.log(wanted))))


RESISTANCE = Study(
    name="resistance",
    title="Accuracy over the resistances of a cell (framed: nearest to a published technology)",
    keys={"wires": str, "r_low_ohm": float, "r_high_ohm": float},
    figures={"images": int, "right": int, "accuracy": float},
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
)
