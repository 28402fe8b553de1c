# SPDX-License-Identifier: Apache-2.0
"""write_cell : what writing one cell costs: a pulse through its strip, the layer seen to switch.

Two inverters of FETs hold the ends of the strip; both outputs low is rest, one high for
`macro.write.pulse_ps` writes: h1 high sets the parallel state, h2 high the antiparallel one. Energy
is the integral of v*i at the supply and the gates. `python -m cosim.analog.write_cell NAME` writes
cosim/analog/data/write_NAME.csv; a program word is `CELLS_PER_WORD` cells at once.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from cosim.analog.netlist_parts import VERILOGA, model_cards, neuron_models
from cosim.analog.ngspice_run import Plot, run_deck
from cosim.design import Design, load_design
from cosim.errors import ConvergenceError, RangeError

__all__ = ["CELLS_PER_WORD", "DATA", "Write", "measure_writes", "read_writes", "word_energy_j"]

DATA = Path(__file__).resolve().parent / "data"
CELLS_PER_WORD = 32  # 16 weights, two cells each
ANGLE = 0.1  # rad from the axis: sqrt(kT/(2 E)) of a layer of 46 kT
START_PS, EDGE_PS, REST_PS = 100, 20, 2000  # pulse begins; its edges; the layer rings down after it
DONE = 0.9  # |m_z| of a written cell at the end
STRIP = {"hm_length": 50e-9, "hm_width": 50e-9, "hm_thick": 4e-9}  # defaults of the model


@dataclass(frozen=True, kw_only=True)
class Write:
    """One pulse. States: 1 parallel, -1 antiparallel. `t_switch_s` from the pulse's start until
    m_z last crosses zero, 0 where the cell was there already; `peak_a` the strip's largest current.
    """

    start: int
    target: int
    energy_j: float
    strip_j: float
    peak_a: float
    t_switch_s: float
    m_z: float


def measure_writes(design: Design) -> tuple[Write, ...]:
    """All four writes in ngspice; ConvergenceError if a cell is not in its target state after."""
    return tuple(_measure(design, start, target) for start in (1, -1) for target in (1, -1))


def word_energy_j(writes: tuple[Write, ...]) -> float:
    """One program word: the mean of the four writes for each of its cells."""
    return CELLS_PER_WORD * sum(write.energy_j for write in writes) / len(writes)


def _deck(design: Design, start: int, target: int) -> str:
    mtj, fet, write = design.device.mtj, design.device.fet, design.macro.write
    vdd, fins = design.macro.vdd_v, write.nfin
    rho = mtj.r_hm_ohm * STRIP["hm_width"] * STRIP["hm_thick"] / STRIP["hm_length"]
    wide = f"{START_PS}p {EDGE_PS}p {EDGE_PS}p {write.pulse_ps - EDGE_PS}p 1"
    gates = {1: ("a", "b"), -1: ("b", "a")}[target]
    lines = [
        model_cards(design, whole_macro=False),
        f".model wcell sot_mtj_write ra={mtj.ra_ohm_um2!r} tmr0={mtj.tmr0!r} v_h={mtj.v_h_v!r} "
        f"length={mtj.length_nm * 1e-9!r} width={mtj.width_nm * 1e-9!r} rho_hm={rho!r}",
        f"vdd vdd 0 {vdd!r}",
        f"v{gates[0]} {gates[0]} 0 pulse({vdd!r} 0 {wide})",
        f"v{gates[1]} {gates[1]} 0 {vdd!r}",
    ]
    for gate, end in (("a", "h1"), ("b", "h2")):
        lines.append(f"nn{end} {end} {gate} 0 0 {fet.n_name} nfin={fins}")
        lines.append(f"np{end} {end} {gate} vdd vdd {fet.p_name} nfin={fins}")
    stop_ps = START_PS + write.pulse_ps + REST_PS
    lines += [
        "ncell t h1 h2 mx my mz wcell",
        "rt t 0 1e12",
        f".ic v(mx)={math.sin(ANGLE)!r} v(my)=0 v(mz)={start * math.cos(ANGLE)!r}",
        ".options klu reltol=1e-4 noacct",
        ".save v(h1) v(h2) v(a) v(b) v(mz) i(vdd) i(va) i(vb)",
        f".tran 1p {stop_ps}p 0 1p",
    ]
    return "\n".join(lines)


def _measure(design: Design, start: int, target: int) -> Write:
    name = f"write {start:+d} to {target:+d}"
    models = (*neuron_models(design), VERILOGA / "sot_mtj_write.va")
    plot = run_deck(_deck(design, start, target), models=models, name=name)
    time_s, m_z = plot["time"], plot["v(mz)"]
    if not (m_z[-1] * target > DONE):
        raise ConvergenceError(f"{name}: m_z is {m_z[-1]:.2f} after the pulse", node="mz")
    across_v = plot["v(h1)"] - plot["v(h2)"]
    current_a = across_v / design.device.mtj.r_hm_ohm
    crossings = np.flatnonzero(np.diff(np.sign(m_z)))
    switch_s = float(time_s[crossings[-1] + 1]) - START_PS * 1e-12 if len(crossings) else 0.0
    return Write(
        start=start,
        target=target,
        energy_j=_integral(time_s, _power(plot, design.macro.vdd_v)),
        strip_j=_integral(time_s, across_v * current_a),
        peak_a=float(np.abs(current_a).max()),
        t_switch_s=switch_s,
        m_z=float(m_z[-1]),
    )


def _power(plot: Plot, vdd: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    gates = plot["v(a)"] * plot["i(va)"] + plot["v(b)"] * plot["i(vb)"]
    return np.asarray(-(vdd * plot["i(vdd)"] + gates), dtype=np.float64).reshape(-1)


def _integral(time_s: np.ndarray[tuple[int], np.dtype[np.float64]], values: object) -> float:
    return float(np.trapezoid(np.asarray(values), time_s))


def read_writes(path: Path) -> tuple[Write, ...]:
    """The writes of a CSV file made by this module."""
    try:
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        rows = list(csv.DictReader(lines))
        return tuple(
            Write(
                start=int(row["start"]),
                target=int(row["target"]),
                **{item.name: float(row[item.name]) for item in fields(Write)[2:]},
            )
            for row in rows
        )
    except (OSError, KeyError, ValueError) as error:
        raise RangeError(f"cannot read {path}: {error}") from error


def csv_text(design_name: str, writes: tuple[Write, ...]) -> str:
    """The file's text; its first line is the command that makes it."""
    out = io.StringIO()
    out.write(f"# python -m cosim.analog.write_cell {design_name}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([item.name for item in fields(Write)])
    writer.writerows([f"{v:.6g}" for v in astuple(write)] for write in writes)
    return out.getvalue()


if __name__ == "__main__":
    _design = load_design(sys.argv[1] if len(sys.argv) > 1 else "imac_14nm")
    (DATA / f"write_{_design.name}.csv").write_text(csv_text(_design.name, measure_writes(_design)))
