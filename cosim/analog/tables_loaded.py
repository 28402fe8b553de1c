# SPDX-License-Identifier: Apache-2.0
"""tables_loaded : a neuron that drives a load itself: its currents over input and output voltage.

Without buffers a hidden neuron feeds the next layer's lines, so its output is not that of the
unloaded curve. Measured with ngspice, a source holding the output: the current that the neuron
delivers falls steadily with the output voltage, so this is its output voltage over input voltage
and load current, resolved for the current. `python -m cosim.analog.tables_loaded DESIGN` writes the
shipped file anew.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import DATA_DIR, curve_key, input_range_v
from cosim.analog.netlist_parts import model_cards, neuron_models, neuron_text
from cosim.analog.ngspice_run import run_plots
from cosim.analog.tables_grid import GridTable, known_table, write_table
from cosim.design import Design, load_design
from cosim.errors import ConvergenceError

__all__ = ["LoadedNeuron", "loaded_neuron", "measure_loaded"]

Floats = NDArray[np.float64]
AXES = ("input", "output", "loaded neuron")
BEYOND_V = 0.2  # output voltages go so far beyond the rails
EDGE_V = 0.1  # around the rails the FETs turn over: a fine grid
FINE_V, COARSE_V = 6.25e-3, 0.05
CORE_V, CORE_STEP_V, TAIL_STEP_V = 1.2, 0.05, 0.6
TIMEOUT_S = 300.0
VERSION = "1"  # of the grid


@dataclass(frozen=True)
class LoadedNeuron:
    """Currents (positive: out of the output, from the supply, into MTJ-A) and their slopes."""

    table: GridTable

    @property
    def output_range_v(self) -> tuple[float, float]:
        """Output voltages that the table holds."""
        return float(self.table.y[0]), float(self.table.y[-1])

    def output_a(self, signal_v: Floats, out_v: Floats) -> tuple[Floats, Floats]:
        """Current delivered at output voltage `out_v`, and its (negative) slope in siemens."""
        return (
            self.table.at("i_out_a", signal_v, out_v),
            self.table.at("i_out_a", signal_v, out_v, dy=1),
        )

    def supply_a(self, signal_v: Floats, out_v: Floats) -> Floats:
        """Supply currents."""
        return self.table.at("i_vdd_a", signal_v, out_v)

    def input_a(self, signal_v: Floats, out_v: Floats) -> Floats:
        """Currents into the neurons' inputs."""
        return self.table.at("i_in_a", signal_v, out_v)


def loaded_neuron(design: Design) -> LoadedNeuron:
    """The table of the design's neuron: shipped, cached, or measured now with ngspice."""
    key = _key(design)
    return LoadedNeuron(known_table("loaded", key, AXES, lambda: measure_loaded(design).table))


def measure_loaded(design: Design) -> LoadedNeuron:
    """Sweep one neuron at DC in ngspice, its output held by a source."""
    inputs, outputs = _input_spans(design), _output_spans(design)
    shift_v = design.macro.neuron.shift_v
    lines = [
        model_cards(design, whole_macro=False),
        neuron_text(design),
        f"vdd vdd 0 {design.macro.vdd_v!r}",
        "vin in 0 0",
        "vout out 0 0",
        "xn in out vdd neuron",
        ".options reltol=1e-6 abstol=1e-13 vntol=1e-9 noacct",
        ".save v(in) v(out) i(vout) i(vdd) i(vin)",
    ]
    for low_out, high_out, step_out in outputs:
        lines += [
            f".dc vin {low + shift_v!r} {high + shift_v + step / 4!r} {step!r} "
            f"vout {low_out!r} {high_out + step_out / 4!r} {step_out!r}"
            for low, high, step in inputs
        ]
    plots = run_plots(
        "\n".join(lines), models=neuron_models(design), timeout_s=TIMEOUT_S, name="loaded neuron"
    )
    if len(plots) != len(inputs) * len(outputs):
        raise ConvergenceError(f"loaded neuron: {len(plots)} sweeps ended", node="neuron")
    signs = {"i(vout)": 1.0, "i(vdd)": -1.0, "i(vin)": -1.0}
    names = dict(zip(signs, ("i_out_a", "i_vdd_a", "i_in_a"), strict=True))
    points: dict[tuple[float, float], list[float]] = {}
    for plot in plots:
        rows = np.column_stack(
            [plot["v(in)"] - shift_v, plot["v(out)"], *(s * plot[k] for k, s in signs.items())]
        )
        for row in rows.tolist():
            points[round(row[0], 6), round(row[1], 6)] = row[2:]
    x = np.unique([at[0] for at in points])
    y = np.unique([at[1] for at in points])
    if len(points) != len(x) * len(y):
        raise ConvergenceError("loaded neuron: a sweep has gaps", node="neuron")
    grid = np.array([[points[a, b] for b in y] for a in x])
    values = {name: grid[:, :, k] for k, name in enumerate(names.values())}
    return LoadedNeuron(GridTable(key=_key(design), axes=AXES, x=x, y=y, values=values))


def _key(design: Design) -> str:
    text = repr((curve_key(design), _input_spans(design), _output_spans(design), VERSION))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _input_spans(design: Design) -> list[tuple[float, float, float]]:
    """(from, to, step) of the input: fine where the neuron switches, coarse far away."""
    low, high = input_range_v(design)
    ends = [low, max(low, -CORE_V), min(high, CORE_V), high]
    found = []
    for a, b, step in zip(ends, ends[1:], (TAIL_STEP_V, CORE_STEP_V, TAIL_STEP_V), strict=False):
        if b - a > 1e-6:
            count = int(np.ceil(round((b - a) / step, 6)))
            found.append((round(a, 6), round(b, 6), (b - a) / count))
    return found


def _output_spans(design: Design) -> list[tuple[float, float, float]]:
    vdd_v = design.macro.vdd_v
    ends = [-BEYOND_V, -EDGE_V, EDGE_V, vdd_v - EDGE_V, vdd_v + EDGE_V, vdd_v + BEYOND_V]
    steps = (COARSE_V, FINE_V, COARSE_V, FINE_V, COARSE_V)
    found = []
    for a, b, step in zip(ends, ends[1:], steps, strict=False):
        count = int(np.ceil(round((b - a) / step, 6)))
        found.append((round(a, 6), round(b, 6), (b - a) / count))
    return found


def _main(names: list[str]) -> None:
    for name in names:
        table = measure_loaded(load_design(name)).table
        write_table(
            table, DATA_DIR / f"loaded_{name}.csv", f"python -m cosim.analog.tables_loaded {name}"
        )


if __name__ == "__main__":
    _main(sys.argv[1:])
