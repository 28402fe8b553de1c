# SPDX-License-Identifier: Apache-2.0
"""chart : how every figure looks, and how it says where it comes from.

Colours are Okabe and Ito's, told apart with any kind of colour vision; maps use cividis.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from cosim.errors import RunFolderError
from cosim.study.record import Origin

__all__ = ["COLOURS", "MARKERS", "canvas", "label_ends", "plain_log", "save", "styled"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DPI = 200
TURNS = 60  # of moving labels apart
CAPTION_IN = 0.13  # a line of the caption
STYLE: Any = {  # matplotlib's names
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "xtick.direction": "out",
    "svg.hashsalt": "cosim",
}


@contextmanager
def styled() -> Iterator[None]:
    """Within it, figures are drawn and saved in the house's style."""
    with rc_context(STYLE):
        yield


def canvas(width_in: float, height_in: float, rows: int, cols: int) -> tuple[Figure, list[Axes]]:
    """A figure and its axes row by row."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained")
    return figure, list(figure.subplots(rows, cols, squeeze=False).ravel())


def label_ends(
    axes: Axes, ends: Sequence[tuple[float, float, str, str]], gap: float, *, log: bool = False
) -> None:
    """Names beside the ends (x, y, text, colour) of lines, `gap` apart in y (decades with log).

    Set the limits of y first: names stay within them.
    """
    ordered = sorted(ends, key=lambda end: end[1])
    places = [math.log10(end[1]) if log else end[1] for end in ordered]
    for _ in range(TURNS):
        for k in range(len(places) - 1):
            short = gap - (places[k + 1] - places[k])
            if short > 0:
                places[k] -= short / 2
                places[k + 1] += short / 2
    top = math.log10(axes.get_ylim()[1]) if log else axes.get_ylim()[1]
    bottom = math.log10(axes.get_ylim()[0]) if log else axes.get_ylim()[0]
    for k in reversed(range(len(places))):
        places[k] = min(places[k], top - gap * (len(places) - 1 - k))
    for k in range(len(places)):
        places[k] = max(places[k], bottom + gap * k)
    for (x, _, text, colour), place in zip(ordered, places, strict=True):
        y = 10**place if log else place
        axes.text(x, y, text, va="center", color=colour, fontsize=8, clip_on=False)


def plain_log(axes: Axes) -> None:
    """A logarithmic y axis with plain numbers at 1, 2 and 5."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def save(figure: Figure, path: Path, title: str, origin: Origin) -> None:
    """Write the PNG: title above; command, engine, design, images and seed below and inside it."""
    width_in, height_in = figure.get_size_inches()
    lines = textwrap.wrap(f"{origin.command}   ({origin.caption})", int(width_in * 17.5))
    foot_in = CAPTION_IN * (len(lines) + 1)
    figure.set_size_inches(width_in, height_in + foot_in)
    foot = foot_in / (height_in + foot_in)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.01, foot, 0.98, 1 - foot))  # type: ignore[call-arg]  # constrained
    figure.suptitle(title, x=0.02, ha="left", fontsize=10.5, fontweight="bold")
    figure.text(
        0.02,
        0.04 / (height_in + foot_in),
        "\n".join(lines),
        fontsize=6,
        color="#555555",
        family="monospace",
        va="bottom",
        linespacing=1.35,
    )
    try:
        figure.savefig(
            path,
            metadata={
                "Title": title,
                "Description": origin.command,
                "Source": origin.caption,
                "Software": None,
            },
        )
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror}") from error
