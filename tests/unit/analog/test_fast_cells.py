# SPDX-License-Identifier: Apache-2.0
"""test_fast_cells : cells and wires of engine fast against a nodal Newton of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from cosim.analog.fast_amplifier import buffer_state
from cosim.analog.fast_forward import fast_stack
from cosim.analog.netlist_circuit import MacroCircuit, build_circuit
from cosim.design import Design, load_design
from cosim.errors import ConvergenceError
from cosim.mapping import map_stack

SMALL = ["macro.tile.rows=16", "macro.tile.cols=16"]
WIRES = ["wires.enabled=true"]
LINEAR = ["device.mtj.bias_dependent=false"]
TIED = ["macro.partition.outputs=tied", "macro.amplifier.kind=ideal"]
TOL_V = 2e-6  # the engine stops at residuals of 1 uV
TOL_BATCH_V = 31 * 5e-6  # noise gain of an amplifier times the residual at which batches stop
TOL_A = TOL_V / 30  # seen from a port: lines of 30 ohm and more


def cell_current(v: np.ndarray, ap: np.ndarray, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Current and slope of MTJ and strip in series, by bisection of the junction's voltage."""
    mtj = design.device.mtj
    r_p = mtj.ra_ohm_um2 / (0.25 * np.pi * mtj.length_nm * mtj.width_nm * 1e-6)
    r_s = 0.5 * mtj.r_hm_ohm

    def junction(x: np.ndarray) -> np.ndarray:
        tmr = mtj.tmr0 / (1 + (x / mtj.v_h_v) ** 2) if mtj.bias_dependent else mtj.tmr0
        return x / np.where(ap, r_p * (1 + tmr), r_p)

    def series(volts: np.ndarray) -> np.ndarray:
        low, high = np.minimum(volts, 0.0), np.maximum(volts, 0.0)
        for _ in range(60):
            mid = 0.5 * (low + high)
            above = mid + junction(mid) * r_s > volts
            low, high = np.where(above, low, mid), np.where(above, mid, high)
        return junction(low)

    return series(v), (series(v + 1e-4) - series(v - 1e-4)) / 2e-4


def nodal_solution(
    circuit: MacroCircuit, layer: int, fixed: dict[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Node volts and currents out of the fixed nodes of a layer's tiles and links."""
    names: dict[str, int] = {}
    for node in fixed:
        names.setdefault(node, len(names))
    ends: list[tuple[int, int, float]] = []
    cells: list[tuple[int, int, int]] = []

    def index(name: str) -> int:
        return names.setdefault(name, len(names))

    for use in circuit.tiles:
        tile = use.circuit
        if tile.tile.layer != layer:
            continue
        full = [*use.nodes, *(f"{tile.tile.name}.{name}" for name in tile.nodes[tile.n_ports :])]
        ends += [
            (index(full[a]), index(full[b]), 1 / ohm)
            for a, b, ohm in zip(
                tile.resistors.a, tile.resistors.b, tile.resistors.ohm, strict=True
            )
        ]
        for line, to, state in (
            (tile.line, tile.plus, tile.state_plus),
            (tile.line, tile.minus, tile.state_minus),
        ):
            cells += [
                (index(full[a]), index(full[b]), int(s))
                for a, b, s in zip(line, to, state, strict=True)
            ]
    for link in circuit.links:
        if link.b.startswith((f"x{layer}_", f"p{layer}_", f"n{layer}_")):
            ends.append((index(link.a), index(link.b), 1 / link.ohm))
    n, known = len(names), len(fixed)
    a, b, g = (np.array(column) for column in zip(*ends, strict=True))
    c, d, ap = (np.array(column) for column in zip(*cells, strict=True))
    volts = np.zeros(n)
    volts[:known] = list(fixed.values())
    for _ in range(30):
        current, slope = cell_current(volts[c] - volts[d], ap == 1, circuit.design)
        out = np.zeros(n)
        for where, value in ((a, 1), (b, -1)):
            np.add.at(out, where, value * g * (volts[a] - volts[b]))
        for where, value in ((c, 1), (d, -1)):
            np.add.at(out, where, value * current)
        rows = np.concatenate([a, b, a, b, c, d, c, d])
        cols = np.concatenate([a, b, b, a, c, d, d, c])
        data = np.concatenate([g, g, -g, -g, slope, slope, -slope, -slope])
        matrix = sp.csc_matrix((data, (rows, cols)), shape=(n, n))[known:, known:]
        step = spla.spsolve(matrix, -out[known:])
        volts[known:] += step
        if np.abs(step).max() < 1e-10:
            break
    else:
        raise AssertionError("the test's own Newton does not converge")
    found = dict(zip(names, volts, strict=True))
    return found, dict(zip(fixed, out[:known], strict=True))


@pytest.mark.parametrize(
    "sets",
    [SMALL, SMALL + WIRES, SMALL + WIRES + LINEAR, SMALL + LINEAR, SMALL + WIRES + TIED],
    ids=["ideal wires", "wires", "wires, linear", "linear", "wires, tied"],
)
def test_every_layer_obeys_kirchhoff_in_all_its_nodes(
    sets: list[str], random_stack: Callable
) -> None:
    design, weights = load_design("imac_14nm", sets), random_stack(40, 20, 5)
    stack = fast_stack(weights, design)
    bits = np.random.default_rng(3).integers(0, 2, size=(2, 40))
    state = stack.solve(stack.drive_of(bits))
    circuit = build_circuit(map_stack(weights, design), design)
    for layer, solved in enumerate(state.layers):
        n_out = stack.sizes[layer + 1]
        for k in range(len(bits)):
            source = "in{}" if layer == 0 else f"z{layer - 1}_{{}}"
            fixed = {source.format(i): v for i, v in enumerate(solved.source_v[k, :-1])}
            fixed["bias"] = solved.source_v[k, -1]
            ports = {}
            for port in range(solved.u.shape[1]):
                key = f"{layer}_{port}" if design.macro.partition.outputs == "tied" else f"{layer}"
                for side, amps in ((0, solved.bank.plus_a), (1, solved.bank.minus_a)):
                    for j in range(n_out):
                        name = f"{'pn'[side]}{key}_{j}"
                        fixed[name] = solved.u[k, port, side, j]
                        ports[name] = amps[k, port, j]
            _, out_a = nodal_solution(circuit, layer, fixed)
            for name, current in ports.items():
                assert -out_a[name] == pytest.approx(current, abs=TOL_A), name
            lines = [out_a[source.format(i)] for i in range(stack.sizes[layer])] + [out_a["bias"]]
            assert np.allclose(lines, solved.source_a[k], rtol=0, atol=TOL_A)


def test_the_reduced_layer_equals_the_chord_iteration_for_linear_cells(
    random_stack: Callable,
) -> None:
    design = load_design("imac_14nm", SMALL + WIRES + LINEAR)
    stack = fast_stack(random_stack(40, 20), design)
    solver = stack.solvers[0]
    x_v = np.random.default_rng(2).uniform(-0.8, 0.8, (3, 41))
    exact = solver.solve(x_v, tol_v=1e-10)
    object.__setattr__(solver, "linear", False)
    iterated = solver.solve(x_v, tol_v=1e-10)
    assert np.abs(iterated.u[..., :20] - exact.u[..., :20]).max() < 1e-9
    assert np.abs(iterated.source_a - exact.source_a).max() < 1e-12


@pytest.mark.slow  # compiles a kernel of its own
def test_tall_tiles_take_more_modes_and_converge(random_stack: Callable) -> None:
    tall = ["macro.tile.rows=400", "macro.tile.cols=400"]
    design = load_design("imac_14nm", tall + WIRES + LINEAR)
    small = fast_stack(random_stack(40, 20), load_design("imac_14nm", SMALL + WIRES)).solvers[0]
    solver = fast_stack(random_stack(300, 12), design).solvers[0]
    assert (small.layer.modes.count, solver.layer.modes.count) == (2, 8)
    x_v = np.random.default_rng(2).choice([-0.8, 0.8], (3, 301))
    exact = solver.solve(x_v)
    object.__setattr__(solver, "linear", False)
    iterated = solver.solve(x_v)
    assert np.abs(iterated.u[..., :12] - exact.u[..., :12]).max() < 2 * TOL_V
    assert np.abs(iterated.source_a - exact.source_a).max() < TOL_A


def test_batches_stop_near_enough_for_their_amplifiers(random_stack: Callable) -> None:
    design = load_design("imac_14nm", SMALL + WIRES)
    stack = fast_stack(random_stack(40, 20, 5), design)
    drive_v = stack.drive_of(np.random.default_rng(5).integers(0, 2, size=(50, 40)))
    exact = stack.solve(drive_v, tol_v=1e-10)
    found = stack.evaluate(drive_v, lambda state: state.amplifier_v)
    for volts, want in zip(found, exact.amplifier_v, strict=True):
        assert np.abs(volts - want).max() < TOL_BATCH_V


def test_what_is_no_number_does_not_converge(random_stack: Callable) -> None:
    for sets in (SMALL + WIRES, SMALL + WIRES + LINEAR):
        stack = fast_stack(random_stack(20, 5), load_design("imac_14nm", sets))
        drive_v = np.full((2, 20), 0.8)
        drive_v[1, 3] = np.nan
        with pytest.raises(ConvergenceError):
            stack.solve(drive_v)


def test_the_table_of_buffers_is_near_their_equation() -> None:
    design = load_design("imac_14nm")
    buffer, vdd_v, soft_v = design.macro.buffer, design.macro.vdd_v, 2e-3
    y = np.random.default_rng(1).uniform(0, vdd_v, 2000)
    w = buffer_state(y, design)
    k = 2 * np.pi * buffer.bw_hz / buffer.slew_v_per_s
    swing = soft_v * np.logaddexp(0, 0.5 * vdd_v / soft_v)
    over, under = (w - 0.5 * vdd_v - swing) / soft_v, (0.5 * vdd_v - w - swing) / soft_v
    step = np.tanh(k * (buffer.gain * y - w))
    left = step - 2 * (np.logaddexp(0, over) - np.logaddexp(0, under))
    slope = k * (1 - step**2) + 2 / soft_v * (1 / (1 + np.exp(-over)) + 1 / (1 + np.exp(-under)))
    assert np.abs(left / slope).max() < 1e-9
