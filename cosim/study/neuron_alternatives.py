# SPDX-License-Identifier: Apache-2.0
"""neuron_alternatives : the MRAM neuron beside analog and digital sigmoids on the same FETs.

Power is what one evaluation a nanosecond takes. A digital sigmoid reads and makes 8-bit codes; what
a converter before it takes on top (the design's `converter.energy_j`) has a column of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cosim import tools
from cosim.analog.gate_energy import GateTiming, measure_gates, measure_timing
from cosim.analog.layout_area import area_m2
from cosim.analog.sigmoid_bench import WINDOW_S, measure_sigmoid
from cosim.analog.sigmoid_circuits import CIRCUITS, fins_of
from cosim.design import Design
from cosim.study.chart import COLOURS, canvas
from cosim.study.digital import block_figures, map_block
from cosim.study.record import OK, Row
from cosim.study.study import Point, Study
from cosim.study.subject import Subject

__all__ = ["DIGITAL", "NEURON_ALTERNATIVES", "PUBLISHED"]

DIGITAL = {
    "lut": "digital: table of 256 codes (rtl/neuron/neuron_lut.v)",
    "pwl": "digital: seven straight pieces (rtl/neuron/neuron_pwl.v)",
}
CODES, SEED = 4001, 1
_MEASURED: dict[str, tuple[dict[str, float], dict[str, GateTiming]]] = {}  # by design
PUBLISHED = {"power_w": (1.8, 27.0), "area_m2": (2.5, 4931.0)}  # times the MRAM neuron's
PANELS = (
    ("power_w", 1e6, "power, an evaluation a ns (µW)"),
    ("delay_s", 1e12, "delay (ps)"),
    ("area_m2", 1e12, "area (µm²)"),
)


def _points(subject: Subject, quick: bool) -> list[Point]:
    del subject, quick
    return [{"circuit": name} for name in (*CIRCUITS, *DIGITAL)]


def _sets(subject: Subject, point: Point) -> tuple[str, ...]:
    del subject, point
    return ()


def _solve(subject: Subject, design: Design, point: Point) -> list[Row]:
    del subject
    name = str(point["circuit"])
    return [_analog(name, design) if name in CIRCUITS else _digital(name, design)]


def _analog(name: str, design: Design) -> Row:
    circuit = CIRCUITS[name]
    found = measure_sigmoid(circuit, design)
    return {
        "text": circuit.text,
        "parts": sum(map(len, fins_of(circuit, design))) + len(circuit.mtjs),
        "slope": found.slope,
        "fit_v": found.fit_v,
        "static_w": found.static_w,
        "energy_j": found.energy_j,
        "power_w": found.energy_j / WINDOW_S,
        "with_converter_w": found.energy_j / WINDOW_S,
        "delay_s": found.delay_s,
        "area_m2": area_m2(*fins_of(circuit, design), mtjs=len(circuit.mtjs)),
    }


def _digital(name: str, design: Design) -> Row:
    block = map_block(tools.repo_root() / "rtl" / "neuron" / f"neuron_{name}.v")
    codes = np.random.default_rng(SEED).integers(0, 256, CODES)
    found = block_figures(block, *_gates(design), codes, port="i_code")
    energy_j = found.dynamic_j + found.leakage_w * WINDOW_S
    return {
        "text": DIGITAL[name],
        "parts": found.gates,
        "slope": float("nan"),
        "fit_v": float("nan"),
        "static_w": found.leakage_w,
        "energy_j": energy_j,
        "power_w": energy_j / WINDOW_S,
        "with_converter_w": (energy_j + design.macro.converter.energy_j) / WINDOW_S,
        "delay_s": found.delay_s,
        "area_m2": found.area_m2,
    }


def _gates(design: Design) -> tuple[dict[str, float], dict[str, GateTiming]]:
    """Joules and timing of the cells, measured once for both blocks."""
    key = design.digest()
    if key not in _MEASURED:
        _MEASURED[key] = measure_gates(design), measure_timing(design)
    return _MEASURED[key]


def _draw(rows: Sequence[Row]) -> Figure:
    solved = [row for row in rows if row["status"] == OK]
    names = [str(row["circuit"]) for row in solved]
    figure, all_axes = canvas(9.6, 3.2, 1, len(PANELS))
    for axes, (key, scale, label), colour in zip(all_axes, PANELS, COLOURS, strict=False):
        values = [scale * float(row[key]) for row in solved]
        bars = axes.barh(names, values, color=colour)
        axes.bar_label(bars, [f" {v:.3g} ({v / values[0]:.3g}x)" for v in values], fontsize=7)
        axes.set_xscale("log")
        axes.set_xlim(min(values) / 3, max(values) * 30)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(label)
        if key in PUBLISHED:
            low, high = PUBLISHED[key]
            axes.set_title(f"published: {low:g}x to {high:g}x")
    return figure


NEURON_ALTERNATIVES = Study(
    name="neuron_alternatives",
    title="Sigmoid neurons on the same 14 nm FETs (in brackets: times the MRAM neuron)",
    keys={"circuit": str},
    figures={
        "text": str,
        "parts": int,
        "slope": float,
        "fit_v": float,
        "static_w": float,
        "energy_j": float,
        "power_w": float,
        "with_converter_w": float,
        "delay_s": float,
        "area_m2": float,
    },
    points=_points,
    sets=_sets,
    solve=_solve,
    draw=_draw,
    engine="ngspice",
)
