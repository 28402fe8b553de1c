# SPDX-License-Identifier: Apache-2.0
"""neuron_parameters : the neuron's figures of merit, one parameter at a time, ngspice."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from cosim.analog.layout_area import area_m2
from cosim.analog.sigmoid_bench import ROOM_C, measure_sigmoid
from cosim.analog.sigmoid_circuits import CIRCUITS, NOMINAL, Corner, fins_of
from cosim.design import Design
from cosim.study.chart import COLOURS, canvas
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject

__all__ = ["NEURON_PARAMETERS"]

SHIFT_V, RA_SHARE = 0.03, 0.15  # of the corners: assumed, three sigma of a lot
CORNERS = {
    corner.name: corner
    for corner in (
        NOMINAL,
        Corner(name="FF", dvt_n_v=-SHIFT_V, dvt_p_v=-SHIFT_V),
        Corner(name="SS", dvt_n_v=SHIFT_V, dvt_p_v=SHIFT_V),
        Corner(name="FS", dvt_n_v=-SHIFT_V, dvt_p_v=SHIFT_V),
        Corner(name="SF", dvt_n_v=SHIFT_V, dvt_p_v=-SHIFT_V),
        Corner(name="RA-", f_ra=1 - RA_SHARE),
        Corner(name="RA+", f_ra=1 + RA_SHARE),
    )
}
AXES: dict[str, tuple[str, tuple[float | str, ...]]] = {  # parameter -> its label and values
    "ra_ohm_um2": ("RA (Ω µm²)", (5.0, 10.0, 20.0, 40.0)),
    "tmr0": ("TMR", (0.5, 1.0, 1.5, 2.0, 3.0)),
    "fins": ("fins of each FET", (2.0, 5.0, 10.0, 20.0)),
    "vdd_v": ("VDD (V)", (0.5, 0.6, 0.7, 0.8)),
    "temperature_c": ("temperature (°C)", (-40.0, 0.0, 27.0, 85.0, 125.0)),
    "corner": ("corner", tuple(CORNERS)),
}
FIGURES = (
    "slope",
    "swing_v",
    "fit_v",
    "static_w",
    "middle_w",
    "delay_s",
    "energy_j",
    "dynamic_j",
    "area_m2",
)
PANELS = (
    ("slope", 1.0, "steepest slope (V/V)"),
    ("static_w", 1e6, "static power (µW)"),
    ("delay_s", 1e12, "delay (ps)"),
)


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject
    return [
        {"parameter": name, "value": f"{value:g}" if isinstance(value, float) else value}
        for name, (_, values) in AXES.items()
        for value in (values[:: len(values) - 1] if quick else values)
    ]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject
    value = str(point["value"])
    match point["parameter"]:
        case "ra_ohm_um2" | "tmr0":
            return (f"device.mtj.{point['parameter']}={value}",)
        case "fins":
            return (f"macro.neuron.nfin_n={value}", f"macro.neuron.nfin_p={value}")
        case "vdd_v":
            return (f"macro.vdd_v={value}", f"macro.neuron.shift_v={float(value) / 2!r}")
    return ()


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    del subject
    circuit, parameter, value = CIRCUITS["mram"], point["parameter"], str(point["value"])
    found = measure_sigmoid(
        circuit,
        design,
        corner=CORNERS[value] if parameter == "corner" else NOMINAL,
        temperature_c=float(value) if parameter == "temperature_c" else ROOM_C,
    )
    area = area_m2(*fins_of(circuit, design), mtjs=len(circuit.mtjs))
    return [{**{name: getattr(found, name) for name in FIGURES[:-1]}, "area_m2": area}]


def _draw(rows: Sequence[Row]) -> Figure:
    figure, all_axes = canvas(11.4, 5.4, len(PANELS), len(AXES))
    for place, (parameter, (label, values)) in enumerate(AXES.items()):
        mine = [row for row in rows if row["parameter"] == parameter and row["status"] == OK]
        names = [str(row["value"]) for row in mine]
        words = isinstance(values[0], str)
        at = list(range(len(mine))) if words else [float(name) for name in names]
        for level, (key, scale, title) in enumerate(PANELS):
            axes = all_axes[level * len(AXES) + place]
            heights = [scale * float(row[key]) for row in mine]
            axes.plot(at, heights, "o" if words else "o-", color=COLOURS[level])
            axes.set_xticks(at, names, fontsize=7)
            axes.set_ylim(0, 1.15 * max(heights, default=1.0))
            if place == 0:
                axes.set_ylabel(title)
            if level == len(PANELS) - 1:
                axes.set_xlabel(label)
    return figure


NEURON_PARAMETERS = Study(
    name="neuron_parameters",
    title="The neuron's slope, power and delay, one parameter at a time, ngspice",
    keys={"parameter": str, "value": str},
    figures=dict.fromkeys(FIGURES, float),
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
    engine="ngspice",
)
