# SPDX-License-Identifier: Apache-2.0
"""neuron : transfer curves of the neuron over TMR and RA, measured by ngspice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cosim.analog.characterise import neuron_curve
from cosim.design import Design
from cosim.study.chart import COLOURS, MARKERS, canvas, label_ends
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject

__all__ = ["NEURON"]

TMRS = (0.5, 1.0, 1.5, 2.0, 3.0)
RAS_OHM_UM2 = (5.0, 10.0, 20.0, 40.0)
EVERY = 4  # of the measured points, 2.5 mV apart
SHOWN_V = 0.8
LOOK_V = 0.4  # the amplifier pulls the neuron's input this far below the middle
FIGURES = ("vin_v", "vout_v", "supply_a", "input_a")
PANELS = (
    "steepest slope (V/V)",
    "output swing (V)",
    f"supply current at -{LOOK_V} V (µA)",
    f"load on amplifier at -{LOOK_V} V (µA)",
)


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    tmrs, ras = ((1.0, 2.0), (10.0,)) if quick else (TMRS, RAS_OHM_UM2)
    return [{"ra_ohm_um2": ra, "tmr0": tmr} for ra in ras for tmr in tmrs]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject
    return (
        f"device.mtj.ra_ohm_um2={point['ra_ohm_um2']!r}",
        f"device.mtj.tmr0={point['tmr0']!r}",
    )


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    del subject, point
    curve = neuron_curve(design)
    vin_v = curve.vin_v[::EVERY]
    found = (vin_v, curve.vout_v[::EVERY], curve.supply_a(vin_v), curve.input_a(vin_v))
    return [
        dict(zip(FIGURES, map(float, values), strict=True)) for values in zip(*found, strict=True)
    ]


def _columns(rows: Sequence[Row]) -> tuple[NDArray[np.float64], ...]:
    return tuple(np.array([float(row[key]) for row in rows]) for key in FIGURES)


def _draw(rows: Sequence[Row]) -> Figure:
    solved = [row for row in rows if row["status"] == OK]
    ras = sorted({float(row["ra_ohm_um2"]) for row in solved})
    tmrs = sorted({float(row["tmr0"]) for row in solved})
    figure, all_axes = canvas(9.6, 5.2, 2, max(len(ras), len(PANELS)))
    top, bottom = all_axes[: len(all_axes) // 2], all_axes[len(all_axes) // 2 :]
    found: dict[str, dict[float, list[float]]] = {
        label: {tmr: [] for tmr in tmrs} for label in PANELS
    }
    for axes, ra in zip(top, ras, strict=False):
        for tmr, colour in zip(tmrs, COLOURS, strict=False):
            mine = [r for r in solved if r["ra_ohm_um2"] == ra and r["tmr0"] == tmr]
            vin, vout, supply, into = _columns(mine)
            axes.plot(vin, vout, color=colour, label=f"{100 * tmr:g} %")
            inside = np.abs(vin) <= SHOWN_V
            values = (
                float(np.max(-np.gradient(vout, vin))),
                float(np.ptp(vout[inside])),
                float(1e6 * np.interp(-LOOK_V, vin, supply)),
                float(-1e6 * np.interp(-LOOK_V, vin, into)),
            )
            for label, value in zip(PANELS, values, strict=True):
                found[label][tmr].append(value)
        axes.set_xlim(-SHOWN_V, SHOWN_V)
        axes.set_title(f"RA {ra:g} Ω µm²")
        axes.set_xlabel("amplifier signal (V)")
    top[0].set_ylabel("neuron output (V)")
    top[0].legend(title="TMR", frameon=False, fontsize=7, title_fontsize=7, loc="upper right")
    for axes, (label, values_of) in zip(bottom, found.items(), strict=False):
        _summary(axes, ras, values_of, label)
    for axes in (*top[len(ras) :], *bottom[len(PANELS) :]):
        axes.set_visible(False)
    return figure


def _summary(axes: Axes, ras: list[float], values: dict[float, list[float]], label: str) -> None:
    ends = []
    for (tmr, found), colour, marker in zip(values.items(), COLOURS, MARKERS, strict=False):
        axes.plot(ras, found, color=colour, marker=marker)
        ends.append((ras[-1] * 1.12, found[-1], f"{100 * tmr:g} %", colour))
    low, high = axes.get_ylim()
    label_ends(axes, ends, 0.075 * (high - low))
    axes.set_xscale("log", base=2)
    axes.set_xticks(ras, [f"{ra:g}" for ra in ras])
    axes.minorticks_off()
    axes.set_xlim(ras[0] / 1.15, ras[-1] * 2.1)
    axes.set_xlabel("RA (Ω µm²)")
    axes.set_ylabel(label)


NEURON = Study(
    name="neuron",
    title="Neuron transfer curves over TMR and RA, ngspice",
    keys={"ra_ohm_um2": float, "tmr0": float},
    figures=dict.fromkeys(FIGURES, float),
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
    engine="ngspice",
)
