# SPDX-License-Identifier: Apache-2.0
"""test_netlist_dc : generated circuits in ngspice against closed forms and an own nodal solver."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import spsolve

from cosim.design import load_design

pytestmark = pytest.mark.spice

# Linear cells of two conductances, exact op-amps, drivers of a micro-ohm.
LINEAR = [
    "wires.enabled=false",
    "macro.meter_cells=false",
    "device.mtj.bias_dependent=false",
    "device.mtj.r_hm_ohm=0.0",
    "macro.driver.r_ohm=1e-6",
    "macro.amplifier.kind=ideal",
    "macro.amplifier.reference=ground",
    "macro.amplifier.rail_v=50.0",  # nothing clips: columns of a few rows have gain 30
]
R_P_OHM = 10e-12 / (np.pi / 4 * 50e-9 * 30e-9)  # 8488.26: RA over the ellipse's area
R_AP_OHM = 3 * R_P_OHM
R1_OHM, R3_OHM, VDD_V = 1e3, 30e3, 0.8
TOL_CLOSED_V = 1e-6  # op-amp gain 1e9 and a micro-ohm leave 1e-7
TOL_NODAL_V = 3e-7  # op-amp gain 1e9 at noise gain 31, outputs up to 6 V: 2e-7

Floats = NDArray[np.float64]


def conductances(weights: NDArray[np.int8]) -> tuple[Floats, Floats]:
    plus = np.where(weights == -1, 1 / R_AP_OHM, 1 / R_P_OHM)
    minus = np.where(weights == 1, 1 / R_AP_OHM, 1 / R_P_OHM)
    return plus, minus


def two_line_solution(weights: NDArray[np.int8], x_v: Floats, gain: float = 30.0) -> Floats:
    """Column outputs by solving each column's three node equations."""
    r1, r3 = R1_OHM, gain * R1_OHM
    plus, minus = conductances(weights)
    out = []
    for gp, gm in zip(plus.T, minus.T, strict=True):
        # unknowns: line p, line n, op-amp input n, output; op-amp makes both inputs equal to n
        a = np.array(
            [
                [gp.sum() + 1 / r1, 0, -1 / r1, 0],
                [0, gm.sum() + 1 / r1, -1 / r1, 0],
                [-1 / r1, 0, 1 / r1 + 1 / r3, 0],
                [0, -1 / r1, 1 / r1 + 1 / r3, -1 / r3],
            ]
        )
        out.append(np.linalg.solve(a, [gp @ x_v, gm @ x_v, 0, 0])[3])
    return np.array(out)


def inputs_v(bits: NDArray[np.int64]) -> Floats:
    return np.append(np.where(bits == 1, VDD_V, -VDD_V), VDD_V)


def nodes(found: dict[str, float], letter: str, layer: int, n: int) -> Floats:
    return np.array([found[f"{letter}{layer}_{j}"] for j in range(n)])


@pytest.mark.parametrize("sizes", [(4, 3), (33, 20)])
def test_summed_columns_follow_their_node_equations(
    sizes: tuple[int, int], random_stack: Callable, operating_point: Callable
) -> None:
    stack = random_stack(*sizes)
    bits = np.arange(sizes[0]) % 3 % 2
    design = load_design("imac_14nm", [*LINEAR, "macro.amplifier.gain_output=30.0"])
    found = operating_point(stack, bits, design)
    expected = two_line_solution(stack[0], inputs_v(bits))
    assert nodes(found, "a", 0, sizes[1]) == pytest.approx(expected, abs=TOL_CLOSED_V)


def test_a_balanced_column_has_the_published_formula(operating_point: Callable) -> None:
    weights = np.array([[1, -1], [-1, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]], dtype=np.int8)
    bits = np.array([1, 0, 0, 1, 1])
    design = load_design("imac_14nm", [*LINEAR, "macro.amplifier.gain_output=30.0"])
    found = operating_point([weights], bits, design)
    g = 3 / R_P_OHM + 3 / R_AP_OHM
    s = (inputs_v(bits) @ weights) * (1 / R_P_OHM - 1 / R_AP_OHM)
    expected = R3_OHM / (1 + g * R1_OHM) * s
    assert nodes(found, "a", 0, 2) == pytest.approx(expected, abs=TOL_CLOSED_V)


def test_tied_partitions_give_the_average_of_their_amplifiers(
    random_stack: Callable, operating_point: Callable
) -> None:
    stack = random_stack(9, 4)
    bits = np.arange(9) % 2
    partition = "macro.partition={outputs: tied, tie_ohm: 1e-3, join_ohm: 1.0}"
    sets = [*LINEAR, partition, "macro.tile={rows: 5, cols: 3}"]
    design = load_design("imac_14nm", [*sets, "macro.amplifier.gain_output=30.0"])
    found = operating_point(stack, bits, design)
    x_v = inputs_v(bits)
    parts = [two_line_solution(stack[0][rows], x_v[rows]) for rows in (slice(5), slice(5, 10))]
    # The neuron's own current (up to 0.2 mA) flows through the ties: a milliohm, 0.2 uV.
    assert nodes(found, "a", 0, 4) == pytest.approx(np.mean(parts, axis=0), abs=TOL_CLOSED_V)


def test_a_second_layer_sees_the_neurons_through_their_buffers(
    random_stack: Callable, operating_point: Callable
) -> None:
    stack = random_stack(4, 3, 2)
    bits = np.array([1, 0, 1, 1])
    exact_buffer = ["gain=1.0", "r_row_ohm=1e-6", "rout_ohm=1e-6"]
    design = load_design("imac_14nm", [*LINEAR, *(f"macro.buffer.{s}" for s in exact_buffer)])
    found = operating_point(stack, bits, design)
    hidden = np.append(nodes(found, "z", 0, 3), VDD_V)
    expected = two_line_solution(stack[1], hidden, gain=10.0)
    assert nodes(found, "a", 1, 2) == pytest.approx(expected, abs=TOL_CLOSED_V)
    # a buffer bends by a few millivolts near its rails, and nowhere else
    assert nodes(found, "z", 0, 3) == pytest.approx(nodes(found, "y", 0, 3), abs=5e-3)


def wire_ohm(length_nm: float) -> float:
    """A 21 x 22 nm copper wire: surface and grain boundary scattering, written out."""
    a = 39 * 0.3 / (21 * 0.7)
    rho = 1.9e-8 * (
        0.75 * 0.75 * 39 / 21 + 1 / (1 - 1.5 * a + 3 * a**2 - 3 * a**3 * np.log(1 + 1 / a))
    )
    return float(rho * length_nm * 1e-9 / (21e-9 * 22e-9))


def nodal_with_wires(weights: NDArray[np.int8], x_v: Floats, tile: int) -> Floats:
    """Column outputs of summed tiles with wires: one sparse system over every wire node."""
    r_in, r_out, r_row, r_join = wire_ohm(12 * 7), wire_ohm(15 * 7), 10.0, 1.0
    n_in, n_out = weights.shape
    index: dict[tuple[object, ...], int] = {}
    rows: list[int] = []
    cols: list[int] = []
    values: list[float] = []
    rhs: dict[int, float] = {}

    def at(*key: object) -> int:
        return index.setdefault(key, len(index))

    def join(a: int, b: int, g: float) -> None:
        rows.extend((a, a, b, b))
        cols.extend((a, b, b, a))
        values.extend((g, -g, g, -g))

    def source(a: int, volts: float, g: float) -> None:
        rows.append(a)
        cols.append(a)
        values.append(g)
        rhs[a] = rhs.get(a, 0.0) + g * volts

    g_plus, g_minus = conductances(weights)
    for r in range(n_in):
        for c in range(n_out):
            line = at("in", r, c)
            if c % tile == 0:
                source(line, x_v[r], 1 / (r_row + r_in))
            else:
                join(at("in", r, c - 1), line, 1 / r_in)
            for side, g in (("+", g_plus), ("-", g_minus)):
                here = at(side, r, c)
                join(line, here, g[r, c])
                if r % tile == tile - 1 or r == n_in - 1:
                    join(here, at("sum", side, c), 1 / (r_out + r_join))
                else:
                    join(here, at(side, r + 1, c), 1 / r_out)
    for c in range(n_out):  # the amplifier: v(inp) = v(inn) = n, its output current is free
        n, out = at("n", c), at("out", c)
        p, m = at("sum", "+", c), at("sum", "-", c)
        for row, entries in (
            (p, {p: 1 / R1_OHM, n: -1 / R1_OHM}),
            (m, {m: 1 / R1_OHM, n: -1 / R1_OHM}),
            (n, {p: -1 / R1_OHM, n: 1 / R1_OHM + 1 / R3_OHM}),
            (out, {m: -1 / R1_OHM, n: 1 / R1_OHM + 1 / R3_OHM, out: -1 / R3_OHM}),
        ):
            rows += [row] * len(entries)
            cols += entries.keys()
            values += entries.values()
    size = len(index)
    b = np.zeros(size)
    b[list(rhs)] = list(rhs.values())
    volts = spsolve(sp.csc_matrix((values, (rows, cols)), shape=(size, size)), b)
    return np.array([volts[at("out", c)] for c in range(n_out)])


def test_tiles_with_wires_equal_an_own_nodal_solution(
    random_stack: Callable, operating_point: Callable
) -> None:
    stack = random_stack(33, 20)
    bits = np.arange(33) % 3 % 2
    sets = [s for s in LINEAR if "driver" not in s]
    sets += ["wires.enabled=true", "macro.tile={rows: 8, cols: 8}"]
    design = load_design("imac_14nm", [*sets, "macro.amplifier.gain_output=30.0"])
    found = operating_point(stack, bits, design)
    expected = nodal_with_wires(stack[0], inputs_v(bits), tile=8)
    assert nodes(found, "a", 0, 20) == pytest.approx(expected, abs=TOL_NODAL_V)
    without = two_line_solution(stack[0], inputs_v(bits))
    assert np.abs(expected - without).max() > 1e-3  # wires matter, so the test can fail


def test_access_transistors_lower_every_cell_current(
    random_stack: Callable, operating_point: Callable
) -> None:
    stack = random_stack(6, 3)
    bits = np.array([1, 0, 1, 1, 0, 1])
    plain = operating_point(stack, bits, load_design("imac_14nm", LINEAR))
    gated = operating_point(
        stack,
        bits,
        load_design("imac_14nm", [*LINEAR, "macro.access.enabled=true"]),
    )
    closed_sets = [
        *LINEAR,
        "macro.meter_cells=false",
        "macro.access.enabled=true",
        "macro.access.gate_v=1e-3",
    ]
    off_bits = np.ones(6, dtype=np.int64)
    closed = operating_point(stack, off_bits, load_design("imac_14nm", closed_sets))
    without, with_fet = nodes(plain, "a", 0, 3), nodes(gated, "a", 0, 3)
    assert (np.abs(with_fet - without) > 1e-4).any()
    assert with_fet == pytest.approx(without, rel=0.35, abs=0.05)
    assert np.abs(nodes(closed, "p", 0, 3)).max() < 5e-3  # closed gates: no signal on the lines
