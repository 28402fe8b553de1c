# SPDX-License-Identifier: Apache-2.0
"""scaling : how the cost of engine fast grows with the cells of one tile; CSV and PNG."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from cosim.analog.crossbar import crossbar_currents
from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.bench.figure import Bench, Figure
from cosim.design import load_design
from cosim.mapping import cell_wires
from cosim.study.chart import COLOURS, canvas, save, styled
from cosim.study.record import OK, Origin, Record, Row
from cosim.study.subject import program_digest

__all__ = ["scaling"]

EXPONENT_MAX = 1.5
SIDES = (32, 64, 128, 256, 512)
VECTORS = 100
COLUMNS = {
    "side": int,
    "cells": int,
    "program_cpu_s": float,
    "evaluate_cpu_s": float,
    "total_cpu_s": float,
    "crossbar_cpu_s": float,
    "status": str,
}
SETS = ("wires.enabled=true", "device.cell.kind=fixed")
MANY_CELLS = 128**2  # up to here the median of three rounds


def scaling(bench: Bench) -> Iterator[Figure]:
    """Processor time to programme one linear tile with wires and evaluate 100 vectors on it."""
    design = load_design("imac_14nm", SETS)
    origin = Origin(
        command=bench.command,
        identity={
            "engine": "fast",
            "design": f"{design.name} {design.digest()}",
            "vectors": str(VECTORS),
            "program": program_digest(),
        },
    )
    record = Record(path=bench.out / "scaling.csv", origin=origin, columns=COLUMNS, keys=("side",))
    record.load(fresh=True)
    for side in SIDES:
        bench.say(f"engine fast, one tile of {side}x{side}")
        record.add([_cost(side, bench)])
    exponents = {key: _exponent(record.rows, key) for key in ("total_cpu_s", "crossbar_cpu_s")}
    _draw(record, exponents, bench)
    span = f"{SIDES[0]}x{SIDES[0]} to {SIDES[-1]}x{SIDES[-1]}"
    for key, what in (("total_cpu_s", "a tile of the macro"), ("crossbar_cpu_s", "the crossbar")):
        yield Figure(
            name=f"fast, cost of {what} over its cells, {span}, exponent",
            value=exponents[key],
            unit="x",
            bound=EXPONENT_MAX,
            at_least=False,
        )


def _exponent(rows: list[Row], key: str) -> float:
    """Slope of the straight line through all sizes, both axes logarithmic."""
    fit = np.polyfit(np.log(_column(rows, "cells")), np.log(_column(rows, key)), 1)
    return float(fit[0])


def _cost(side: int, bench: Bench) -> Row:
    design = load_design("imac_14nm", [*SETS, f"macro.tile.rows={side}", f"macro.tile.cols={side}"])
    rng = np.random.default_rng(side)
    weights = [rng.integers(-1, 2, (side, side), dtype=np.int8)]
    bits = rng.integers(0, 2, (VECTORS, side - 1), dtype=np.uint8)
    wires = cell_wires(design.wires)
    g_s = 1 / np.where(rng.integers(0, 2, (side, side)) == 1, 8.5e3, 25.5e3)
    volts = rng.uniform(-0.8, 0.8, (VECTORS, side))
    programs, evaluations, crossbars = [], [], []
    for _ in range(3 if side * side <= MANY_CELLS else 1):
        begin_s = bench.cpu()
        stack = fast_stack(weights, design)
        middle_s = bench.cpu()
        classify(stack, bits)
        programs.append(middle_s - begin_s)
        evaluations.append(bench.cpu() - middle_s)
        begin_s = bench.cpu()
        crossbar_currents(g_s, volts, wires.r_in_ohm, wires.r_out_ohm)
        crossbars.append(bench.cpu() - begin_s)
    program_s, evaluate_s = statistics.median(programs), statistics.median(evaluations)
    return {
        "side": side,
        "cells": side * side,
        "program_cpu_s": program_s,
        "evaluate_cpu_s": evaluate_s,
        "total_cpu_s": program_s + evaluate_s,
        "crossbar_cpu_s": statistics.median(crossbars),
        "status": OK,
    }


def _column(rows: list[Row], key: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([float(row[key]) for row in rows])


def _draw(record: Record, exponents: dict[str, float], bench: Bench) -> None:
    cells = _column(record.rows, "cells")
    with styled():
        figure, (axes,) = canvas(5.6, 3.8, 1, 1)
        total, crossbar = exponents["total_cpu_s"], exponents["crossbar_cpu_s"]
        lines = (
            ("program_cpu_s", "s", "programming a tile"),
            ("evaluate_cpu_s", "^", f"{VECTORS} vectors on it"),
            ("total_cpu_s", "o", f"both: exponent {total:.2f}"),
            ("crossbar_cpu_s", "D", f"bare crossbar, {VECTORS} vectors: exponent {crossbar:.2f}"),
        )
        for (key, marker, name), colour in zip(lines, COLOURS, strict=False):
            seconds = _column(record.rows, key)
            axes.plot(cells, seconds, color=colour, marker=marker, label=name)
        total_s = _column(record.rows, "total_cpu_s")
        bound_s = total_s[0] * (cells / cells[0]) ** EXPONENT_MAX
        axes.plot(cells, bound_s, color="#888888", ls="--", lw=1, label="cells$^{1.5}$, the bound")
        axes.set_xscale("log")
        axes.set_yscale("log")
        sides = [int(row["side"]) for row in record.rows]
        axes.set_xticks(cells, [f"{side}²" for side in sides])
        axes.minorticks_off()
        axes.set_xlabel("cells of the tile")
        axes.set_ylabel("processor time (s)")
        axes.legend(frameon=False, fontsize=8)
        title = "Cost of engine fast over the size of a linear tile"
        save(figure, bench.out / "scaling.png", title, record.origin)
