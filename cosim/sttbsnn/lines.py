# SPDX-License-Identifier: Apache-2.0
"""lines : joules that switching lines cost, and how long they take, from the same constants.

Everything here belongs to one enable of a tile with nominal cells at half of their matches: lines
differ by percents with inputs, the joules behind are a third of a step's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim.sttbsnn.cell import FIN_UM, drain_f, gate_charge_c, half_cells
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.held import Held

__all__ = ["LineCosts", "cached_line_costs", "ladder_w", "line_costs"]

Floats = NDArray[np.float64]
STEP_S, RISE_S = 0.5e-12, 150e-12  # of a source line's rise
PROBE_V = 1e-4
GATES, VOLTS = 23, 13  # points of a cell's current while its word line rises


@dataclass(frozen=True, kw_only=True)
class LineCosts:
    """Of one enable of a tile of nominal rows: joules by supply beyond steady power, and times.

    Steady power counts from the middle of the enable's rise to the middle of its fall.
    """

    read_on_j: float  # lifted bit lines, and the way of the source lines to their rest
    read_off_j: float
    lines_on_j: float  # predrivers and word lines
    lines_off_j: float
    word_s: float  # time constant of a word line
    sl_f: float  # a source line with the transistors on it
    row_ohm: float  # what a row's cells are for its source line


def line_costs(design: BsnnDesign, rows: int) -> LineCosts:
    """Costs of a tile of `rows` rows."""
    row, access = design.row, design.device.access
    fins, n = access.width_um / FIN_UM, row.inputs
    gate_v, sl_v, logic_v = access.gate_v, 0.5 * row.read_v, design.latch.vdd_v
    cells = half_cells(design, np.array([0.0, 1.0]), r_line_ohm=row.driver_ohm)
    top = np.array([[row.read_v], [0.0]])
    amps, inner_v = cells.solve(top, sl_v, gate_v)  # (2 sources, 2 states)
    gate_c = gate_charge_c(
        np.full_like(inner_v, gate_v - sl_v), gate_v - inner_v, access.body_shift_v, fins
    )
    pushed_c = 2.0 * n * float(gate_c.mean())  # out of the gates, into channels and overlaps
    word_c = n * row.wl_cell_f * gate_v + pushed_c
    full_a = float(amps[0].mean())
    sl_f = n * row.sl_cell_f + design.latch.input_f
    line_f = row.bl_driver_f + row.bl_cell_f + drain_f(fins)  # a junction's other side follows
    on_j, _ = _edges_j(design, row.read_v, row.driver_ohm, line_f, 0.0)
    _, off_j = _edges_j(design, row.read_v, row.driver_ohm, line_f, full_a)
    pre = _edges_j(design, logic_v, design.latch.drive_ohm, row.predriver_f, 0.0)
    word = _edges_j(design, gate_v, row.wl_ohm, word_c / gate_v, 0.0)
    word_s = row.wl_ohm * word_c / gate_v
    return LineCosts(
        read_on_j=rows * (n * on_j + _rising_j(design, full_a, word_s, sl_f)),
        read_off_j=rows * n * off_j,
        lines_on_j=rows * (n * pre[0] + word[0]),
        lines_off_j=rows * (n * pre[1] + word[1]),
        word_s=word_s,
        sl_f=sl_f + pushed_c / gate_v,
        row_ohm=0.5 * row.read_v / (n * full_a) / 2.0,
    )


def cached_line_costs(design: BsnnDesign, rows: int) -> LineCosts:
    """The same, computed once for a design."""
    return _cached(design.digest(), rows, Held(design))


@lru_cache(maxsize=64)
def _cached(digest: str, rows: int, held: Held[BsnnDesign]) -> LineCosts:
    del digest
    return line_costs(held.value, rows)


def _edges_j(
    design: BsnnDesign, high_v: float, ohm: float, farad: float, load_a: float
) -> tuple[float, float]:
    """Out of the supply of one push-pull line for its rise and for its fall, beyond steady power.

    Both switches conduct for a moment while the enable passes its threshold.
    """
    edge_s, half_v = design.row.rise_ps * 1e-12, 0.5 * design.latch.vdd_v
    slew, v_on = design.latch.vdd_v / edge_s, design.latch.on_v
    step_s = min(0.05e-12, 0.1 * ohm * farad)
    stop_s = 0.5 * edge_s + max(0.5 * edge_s, 12.0 * ohm * farad)
    found = []
    for sign in (1.0, -1.0):
        v = 0.0 if sign > 0 else high_v - ohm * load_a
        joules, t = 0.0, 0.0
        while t < stop_s:
            level = sign * (slew * (t + 0.5 * step_s) - half_v)
            e = 0.5 * (1.0 + np.tanh(max(min(level, half_v), -half_v) / v_on))
            conductance = 1.0 / ohm
            aim_v = e * high_v - (load_a * ohm if load_a and t < 0.5 * edge_s else 0.0)
            new = aim_v + (v - aim_v) * np.exp(-step_s * conductance / farad)
            joules += high_v * e * conductance * (high_v - 0.5 * (v + new)) * step_s
            v, t = float(new), t + step_s
        steady_s = stop_s - 0.5 * edge_s if sign > 0 else 0.5 * edge_s
        found.append(joules - high_v * load_a * steady_s)
    return found[0], found[1]


def _rising_j(design: BsnnDesign, full_a: float, word_s: float, sl_f: float) -> float:
    """Out of the read supply of one row while its source line rises, beyond steady power.

    The word line rises as 1 - exp(-t/word_s) and pushes half of the gates' charge (two a cell)
    into the source line, which the lines charge from 0; cells follow their static currents.
    """
    from scipy.interpolate import RectBivariateSpline  # noqa: PLC0415 - slow, few need it

    row, access = design.row, design.device.access
    fins, n, full_v = access.width_um / FIN_UM, row.inputs, access.gate_v
    gates, volts = np.linspace(0.0, full_v, GATES), np.linspace(0.0, row.read_v, VOLTS)
    cells = half_cells(design, np.array([0.0, 1.0]), r_line_ohm=row.driver_ohm)
    tables = []
    for top_v in (row.read_v, 0.0):
        amps = [cells.current_a(top_v, volts[:, None], float(gate)).sum(axis=1) for gate in gates]
        tables.append(RectBivariateSpline(gates, volts, 0.5 * n * np.array(amps)))

    def pushed_c(gate_v: float, v: float) -> float:
        across = np.array([gate_v - v])
        return n * float(gate_charge_c(across, across, access.body_shift_v, fins)[0])

    def rates(t: float, v: float) -> tuple[float, float]:
        """Volts per second of the source line, current out of the read supply."""
        gate_v = full_v * (1.0 - np.exp(-t / word_s))
        amps = [float(table(gate_v, v)[0, 0]) for table in tables]
        here = pushed_c(gate_v, v)
        by_gate = (pushed_c(gate_v + PROBE_V, v) - here) / PROBE_V
        by_v = (pushed_c(gate_v, v + PROBE_V) - here) / PROBE_V
        into = sum(amps) + by_gate * (full_v - gate_v) / word_s
        return float(into) / (sl_f - by_v), amps[0]

    v, joules, t = 0.0, 0.0, 0.0
    while t < RISE_S:
        slope, first_a = rates(t, v)
        later, second_a = rates(t + STEP_S, v + STEP_S * slope)
        v += 0.5 * STEP_S * (slope + later)
        joules += 0.5 * STEP_S * row.read_v * (first_a + second_a)
        t += STEP_S
    return joules - row.read_v * n * full_a * t


def ladder_w(design: BsnnDesign, low_v: float, high_v: float, bits: NDArray[np.int64]) -> float:
    """Watts that a ladder takes out of its bits (bits,) in {0, 1} and its low reference."""
    unit, n = design.threshold.unit_ohm, len(bits)
    matrix = np.diag(np.full(n, 1 / (2 * unit)))
    matrix[0, 0] *= 2
    for k in range(1, n):
        matrix[[k, k - 1], [k, k - 1]] += 1 / unit
        matrix[[k, k - 1], [k - 1, k]] -= 1 / unit
    level = np.where(bits > 0, high_v, low_v)
    right = level / (2 * unit)
    right[0] += low_v / (2 * unit)
    nodes = np.linalg.solve(matrix, right)
    return float(level @ (level - nodes) + low_v * (low_v - nodes[0])) / (2 * unit)
