# SPDX-License-Identifier: Apache-2.0
"""gate_energy : joules a logic cell takes from its supply when its output moves, in ngspice.

Cells of the design's FETs, `FINS` fins each, load three inverters and a wire. A flip-flop has two
figures: a clock cycle in which it keeps its state (`clock_j`), and what a new state takes on top.
`python -m cosim.analog.gate_energy NAME` writes cosim/analog/data/gates_NAME.csv, which
`cosim energy second-opinion` multiplies with the switching of a netlist.
"""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist_parts import model_cards, neuron_models
from cosim.analog.ngspice_run import Plot, run_deck, run_plots
from cosim.design import Design, load_design
from cosim.errors import RangeError

__all__ = [
    "CELLS",
    "CLOCK",
    "FET_PAIRS",
    "GateTiming",
    "gates_file",
    "measure_gates",
    "measure_timing",
    "read_gates",
]

Floats = NDArray[np.float64]
DATA = Path(__file__).resolve().parent / "data"
FINS = 2
LOADS = 3  # inverters behind every output
WIRE_F = 1e-15  # 5 um of wire at 0.2 fF/um, a net's mean length in a core of some 10,000 cells
PERIOD_PS = 1000  # a signal rises and falls once in it
CLOCK = "clock"  # one clock cycle of a flip-flop that keeps its state
# cell -> its body over a (moves), vdd (high), 0 (low); nd, nr, iv are NAND, NOR, inverter
CELLS = {
    "NOT": ["xi a y p iv"],
    "NAND": ["xn a vdd y p nd"],
    "NOR": ["xn a 0 y p nr"],
    "AND": ["xn a vdd m p nd", "xi m y p iv"],
    "OR": ["xn a 0 m p nr", "xi m y p iv"],
    "ANDNOT": ["xi a m p iv", "xn m 0 y p nr"],
    "ORNOT": ["xi a m p iv", "xn m vdd y p nd"],
    "XOR": ["x1 a vdd m p nd", "x2 a m u p nd", "x3 vdd m v p nd", "x4 u v y p nd"],
    "XNOR": [
        "x1 a vdd m p nd", "x2 a m u p nd", "x3 vdd m v p nd", "x4 u v w p nd", "xi w y p iv"
    ],
    "MUX": ["xi 0 s p iv", "x1 a s u p nd", "x2 vdd 0 v p nd", "x3 u v y p nd"],
}  # fmt: skip


# n FETs (as many p) of the parts, and so of every cell
_PAIRS = {"iv": 1, "nd": 2, "nr": 2}
FET_PAIRS = {
    name: sum(_PAIRS[line.rsplit(maxsplit=1)[1]] for line in body) for name, body in CELLS.items()
} | {"DFF": 10}


@dataclass(frozen=True, kw_only=True)
class GateTiming:
    """Mean over both edges, loaded as for the energy; watts at rest, mean of a = 0 and 1."""

    delay_s: float
    leakage_w: float


def _parts(design: Design) -> list[str]:
    """Inverter, NAND, NOR, pass gate and flip-flop as subcircuits; p is the supply."""
    n, p = design.device.fet.n_name, design.device.fet.p_name
    fins = f"nfin={FINS}"
    return [
        ".subckt iv a y p",
        f"nn y a 0 0 {n} {fins}", f"np y a p p {p} {fins}", ".ends",
        ".subckt nd a b y p",
        f"nn1 y a m 0 {n} {fins}", f"nn2 m b 0 0 {n} {fins}",
        f"np1 y a p p {p} {fins}", f"np2 y b p p {p} {fins}", ".ends",
        ".subckt nr a b y p",
        f"nn1 y a 0 0 {n} {fins}", f"nn2 y b 0 0 {n} {fins}",
        f"np1 y a m p {p} {fins}", f"np2 m b p p {p} {fins}", ".ends",
        ".subckt tg a y on off p",
        f"nn y on a 0 {n} {fins}", f"np y off a p {p} {fins}", ".ends",
        ".subckt ff d c q p",
        "xc1 c cn p iv", "xc2 cn cp p iv",
        "xt1 d m cn cp p tg", "xi1 m mn p iv", "xi2 mn mb p iv", "xt2 mb m cp cn p tg",
        "xt3 mn s cp cn p tg", "xi3 s q p iv", "xi4 q sb p iv", "xt4 sb s cn cp p tg", ".ends",
        ".subckt load y",
        "vl l 0 0.8",
        *(f"xl{k} y z{k} l iv" for k in range(LOADS)),
        f"cw y 0 {WIRE_F!r}", ".ends",
    ]  # fmt: skip


def _deck(design: Design) -> str:
    vdd, half = design.macro.vdd_v, PERIOD_PS // 2
    edge = f"20p 20p {half - 20}p"
    lines = [
        model_cards(design, whole_macro=False),
        *(line.replace("vl l 0 0.8", f"vl l 0 {vdd!r}") for line in _parts(design)),
        f"vdd vdd 0 {vdd!r}",
        f"va a 0 pulse(0 {vdd!r} 100p {edge} {PERIOD_PS}p)",
        f"vd d 0 pulse(0 {vdd!r} 350p 20p 20p {PERIOD_PS - 20}p {2 * PERIOD_PS}p)",
    ]
    for name, body in CELLS.items():
        ports = {"y": f"y{name}", "p": f"p{name}"}
        for line in body:
            first, *nodes, kind = line.split()
            inner = [
                node if node in ("a", "vdd", "0") else ports.get(node, f"{node}{name}")
                for node in nodes
            ]
            lines.append(" ".join([f"{first}{name}", *inner, kind]))
        lines += [f"vp{name} p{name} 0 {vdd!r}", f"xo{name} y{name} load"]
    for name, data in (("KEEP", "0"), ("MOVE", "d")):
        lines += [f"xf{name} {data} a y{name} p{name} ff", f"vp{name} p{name} 0 {vdd!r}"]
        lines += [f"xo{name} y{name} load"]
    saved = " ".join(f"i(vp{name}) v(y{name})" for name in (*CELLS, "KEEP", "MOVE")) + " v(a)"
    lines += [
        ".options klu reltol=1e-4 noacct",
        f".save {saved}",
        f".tran 1p {6 * PERIOD_PS}p 0 2p",
    ]
    return "\n".join(lines)


def measure_gates(design: Design) -> dict[str, float]:
    """Joules of one output transition by cell, `DFF` included, and of `CLOCK`."""
    plot = run_deck(_deck(design), models=neuron_models(design), name="logic cells")
    begin, end = 2 * PERIOD_PS * 1e-12, 6 * PERIOD_PS * 1e-12  # four periods, eight transitions
    vdd = design.macro.vdd_v
    found = {name: _joules(plot, name, vdd, begin, end) / 8 for name in CELLS}
    keep_j = _joules(plot, "KEEP", vdd, begin, end) / 4
    move_j = _joules(plot, "MOVE", vdd, begin, end) / 4  # its output moves once a clock cycle
    return {**found, "DFF": move_j - keep_j, CLOCK: keep_j}


def measure_timing(design: Design) -> dict[str, GateTiming]:
    """Delay and leakage by cell; of `DFF` the delay is from clock to output."""
    vdd, half_s = design.macro.vdd_v, PERIOD_PS / 2 * 1e-12
    text = f"{_deck(design)}\n.dc va 0 {1.25 * vdd!r} {vdd!r}"  # at both levels
    plots = run_plots(text, models=neuron_models(design), name="logic cells")
    plot, rest = sorted(plots, key=lambda found: "time" not in found)
    edges = _crossings(plot["time"], plot["v(a)"], vdd / 2)
    found = {}
    for name, port in [*((name, name) for name in CELLS), ("DFF", "MOVE")]:
        answers = _crossings(plot["time"], plot[f"v(y{port.lower()})"], vdd / 2)
        after = [answers[answers > edge].min() - edge for edge in edges if (answers > edge).any()]
        delays = [delay for delay in after if delay < half_s]
        if not delays:
            raise RangeError(f"logic cell {name} does not follow its input")
        amperes = -rest[f"i(vp{port.lower()})"]
        found[name] = GateTiming(
            delay_s=float(np.mean(delays)), leakage_w=float(vdd * np.mean(amperes))
        )
    return found


def _crossings(time_s: Floats, volts: Floats, level_v: float) -> Floats:
    k = np.nonzero((volts[:-1] - level_v) * (volts[1:] - level_v) < 0)[0]
    share = (level_v - volts[k]) / (volts[k + 1] - volts[k])
    return np.asarray(time_s[k] + share * (time_s[k + 1] - time_s[k]))


def _joules(plot: Plot, name: str, vdd: float, begin: float, end: float) -> float:
    time_s = plot["time"]
    inside = (time_s >= begin) & (time_s <= end)
    current_a = -plot[f"i(vp{name.lower()})"][inside]
    return float(vdd * np.trapezoid(current_a, time_s[inside]))


def gates_file(name: str) -> Path:
    return DATA / f"gates_{name}.csv"


def read_gates(path: Path) -> dict[str, float]:
    """The figures of a CSV file made by this module."""
    try:
        rows = csv.reader(path.read_text().splitlines()[2:])
        found = {name: float(value) for name, value in rows}
    except (OSError, ValueError) as error:
        raise RangeError(f"cannot read {path}: {error}") from error
    if set(found) != {*CELLS, "DFF", CLOCK}:
        raise RangeError(f"{path} lacks cells: `python -m cosim.analog.gate_energy` writes it")
    return found


def csv_text(design_name: str, gates: dict[str, float]) -> str:
    """The file's text; its first line is the command that makes it."""
    out = io.StringIO()
    out.write(f"# python -m cosim.analog.gate_energy {design_name}\ncell,energy_j\n")
    csv.writer(out, lineterminator="\n").writerows((k, f"{v:.6g}") for k, v in gates.items())
    return out.getvalue()


if __name__ == "__main__":
    _design = load_design(sys.argv[1] if len(sys.argv) > 1 else "imac_14nm")
    gates_file(_design.name).write_text(csv_text(_design.name, measure_gates(_design)))
