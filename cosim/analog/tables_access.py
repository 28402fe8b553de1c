# SPDX-License-Identifier: Apache-2.0
"""tables_access : the read-access transistor of a cell, measured, and a cell in series with it.

`access_fet` is the current through one transistor (gate at `macro.access.gate_v`, bulk at ground)
over its row voltage and the voltage across it, from ngspice. `access_cell` puts the memory device
behind it: the current of a whole 1T-1R cell over row and line voltage, in both states. `python -m
cosim.analog.tables_access DESIGN` writes the shipped file anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import DATA_DIR, curve_key
from cosim.analog.ideal_column import Cell, cell_of
from cosim.analog.netlist_parts import model_cards, neuron_models
from cosim.analog.ngspice_run import run_plots
from cosim.analog.tables_grid import GridTable, known_table, write_table
from cosim.design import Design, load_design
from cosim.errors import ConvergenceError

__all__ = ["AccessCell", "access_cell", "access_fet", "measure_access"]

Floats = NDArray[np.float64]
FET_AXES = ("row", "drop", "access transistor")
CELL_AXES = ("row", "line", "access cell")
MARGIN_V = 0.05  # rows go so far beyond the supply
ROW_STEP_V = 0.05
NEAR_V, NEAR_STEP_V, FAR_STEP_V = 0.2, 0.025, 0.1
CELL_STEP_V = 0.02
TOL_V = 1e-10
MAX_NEWTON = 60
TIMEOUT_S = 300.0
VERSION = "1"  # of the grid


@dataclass(frozen=True)
class AccessCell:
    """Current of a 1T-1R cell, its slopes, and the transistor's resistance in it."""

    table: GridTable

    def current_a(self, row_v: Floats, cell_v: Floats, ap: bool) -> tuple[Floats, Floats]:
        """Current from the row to the line and its slope in `cell_v` at fixed row voltage."""
        name = "ap_a" if ap else "p_a"
        line_v = row_v - cell_v
        return self.table.at(name, row_v, line_v), -self.table.at(name, row_v, line_v, dy=1)


def access_fet(design: Design) -> GridTable:
    """The transistor's table: shipped, cached, or measured now with ngspice."""
    return known_table("access", _key(design), FET_AXES, lambda: measure_access(design))


def access_cell(design: Design) -> AccessCell:
    """The design's cell behind its transistor: both in series, solved on a grid."""
    return _behind(_Both(fet=access_fet(design), cell=cell_of(design)))


@dataclass(frozen=True, kw_only=True)
class _Both:
    """A transistor and a device, known by their values."""

    fet: GridTable
    cell: Cell

    def __hash__(self) -> int:
        return hash((self.fet.key, self.cell))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Both) and hash(self) == hash(other)


@lru_cache(maxsize=16)
def _behind(both: _Both) -> AccessCell:
    fet, cell = both.fet, both.cell
    reach_v = float(fet.x[-1])
    n = round(2 * reach_v / CELL_STEP_V)
    x, lines = fet.x, np.linspace(-reach_v, reach_v, n + 1)
    row_v, line_v = np.meshgrid(x, lines, indexing="ij")
    values = {
        name: _series_current(fet, cell, row_v, row_v - line_v, ap=ap)
        for name, ap in (("p_a", False), ("ap_a", True))
    }
    return AccessCell(GridTable(key=fet.key, axes=CELL_AXES, x=x, y=lines, values=values))


def _series_current(
    fet: GridTable, cell: Cell, row_v: Floats, cell_v: Floats, *, ap: bool
) -> Floats:
    """Current where the transistor (drop y) and the device (v - y) agree: Newton in y."""
    drop_v = 0.1 * cell_v
    for _ in range(MAX_NEWTON):
        given, slope = (fet.at("i_a", row_v, drop_v, dy=order) for order in (0, 1))
        device_v = cell_v - drop_v
        if ap:
            taken, steep = cell.current_ap(device_v)
        else:
            taken, steep = cell.g_p_s * device_v, np.full_like(device_v, cell.g_p_s)
        step = (taken - given) / (np.maximum(slope, 0.0) + steep)
        low, high = np.minimum(0.0, cell_v), np.maximum(0.0, cell_v)
        new = np.clip(drop_v + step, low, high)
        moved = float(np.abs(new - drop_v).max(initial=0.0))
        drop_v = new
        if moved < TOL_V:
            return fet.at("i_a", row_v, drop_v)
    raise ConvergenceError(f"a cell behind its access transistor still moves by {moved:.3g} V")


def measure_access(design: Design) -> GridTable:
    """Sweep one transistor at DC in ngspice: row voltage, and volts across it."""
    access, fet = design.macro.access, design.device.fet
    row_span, drops = _row_span(design), _drop_spans(design)
    lines = [
        model_cards(design, whole_macro=False),
        "vrow row 0 0",
        "vdrop row inner 0",
        f"vgate gate 0 {access.gate_v!r}",
        f"nfet row gate inner 0 {fet.n_name} nfin={access.nfin}",
        ".options reltol=1e-6 abstol=1e-14 vntol=1e-9 gmin=1e-15 noacct",
        ".save v(row) v(inner) i(vdrop)",
    ]
    low, high, step = row_span
    lines += [
        f".dc vrow {low!r} {high + step / 4!r} {step!r} vdrop {a!r} {b + s / 4!r} {s!r}"
        for a, b, s in drops
    ]
    plots = run_plots(
        "\n".join(lines), models=neuron_models(design), timeout_s=TIMEOUT_S, name="access sweep"
    )
    points: dict[tuple[float, float], float] = {}
    for plot in plots:
        drop_v = plot["v(row)"] - plot["v(inner)"]
        for row, drop, amps in zip(plot["v(row)"], drop_v, plot["i(vdrop)"], strict=True):
            points[round(float(row), 6), round(float(drop), 6)] = -float(amps)
    x, y = np.unique([at[0] for at in points]), np.unique([at[1] for at in points])
    if len(plots) != len(drops) or len(points) != len(x) * len(y):
        raise ConvergenceError("access sweep ended early", node="inner")
    grid = np.array([[points[a, b] for b in y] for a in x])
    return GridTable(key=_key(design), axes=FET_AXES, x=x, y=y, values={"i_a": grid})


def _key(design: Design) -> str:
    """Hash of the transistor, its gate, the grid and what the neuron's key holds of the FET."""
    values = [
        design.device.fet.model_dump(),
        design.macro.access.model_dump(include={"nfin", "gate_v"}),
        curve_key(design),
        _row_span(design),
        _drop_spans(design),
        VERSION,
    ]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _row_span(design: Design) -> tuple[float, float, float]:
    reach_v = design.macro.vdd_v + MARGIN_V
    return _span(-reach_v, reach_v, ROW_STEP_V)


def _drop_spans(design: Design) -> list[tuple[float, float, float]]:
    reach_v = design.macro.vdd_v + MARGIN_V
    near_v = min(NEAR_V, reach_v)
    return [
        _span(-reach_v, -near_v, FAR_STEP_V),
        _span(-near_v, near_v, NEAR_STEP_V),
        _span(near_v, reach_v, FAR_STEP_V),
    ]


def _span(low: float, high: float, step: float) -> tuple[float, float, float]:
    count = int(np.ceil(round((high - low) / step, 6)))
    return round(low, 6), round(high, 6), (high - low) / count


def _main(names: list[str]) -> None:
    for name in names:
        write_table(
            measure_access(load_design(name)),
            DATA_DIR / f"access_{name}.csv",
            f"python -m cosim.analog.tables_access {name}",
        )


if __name__ == "__main__":
    _main(sys.argv[1:])
