# SPDX-License-Identifier: Apache-2.0
"""test_fast_die : spread, stuck cells, opens, offsets in engine fast; where a layer's power goes.

Layers are small enough for a nodal matrix of the test's own, and dies are written by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cosim.analog.fast_forward import FastStack, fast_stack
from cosim.analog.fast_layer import cell_current
from cosim.analog.variation import Die, sample_die
from cosim.design import Design, load_design
from cosim.mapping import cell_wires

WIRES = ["wires.enabled=true"]
BARE = ["wires.enabled=false"]
LINEAR = ["device.mtj.bias_dependent=false"]
TOL_V = 1e-9  # asked of the engine, which then solves in double
TOL_A = 1e-11
POWER_TOL = 1e-6


def hand_made_die(design: Design, sizes: tuple[int, ...]) -> Die:
    """Every kind of defect in the first layer of a small stack."""
    die = sample_die(design, sizes, seed=3)
    first = die.layers[0]
    rng = np.random.default_rng(4)
    stuck = first.stuck.copy()
    stuck[0, 0, 0], stuck[1, 1, 1] = 1, 0
    row_open, line_open = first.row_open.copy(), first.line_open.copy()
    row_open[1, 0] = line_open[0, 0, 1] = True
    own = replace(
        first,
        r_factor=np.exp(0.1 * rng.standard_normal(first.r_factor.shape)),
        tmr_factor=1 + 0.1 * rng.standard_normal(first.tmr_factor.shape),
        stuck=stuck,
        row_open=row_open,
        line_open=line_open,
    )
    return replace(die, layers=(own, *die.layers[1:]))


def port_currents(stack: FastStack, die: Die, source_v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Currents (2, n_out) of a one-tile first layer between its sources and lines `u` (2, n_out).

    Nodes: (row, col) of the input lines, then of I+ and of I-; a full Newton on all of them.
    """
    design, own = stack.design, die.layers[0]
    n_rows, n_out = own.r_factor.shape[:2]
    wires, cell = cell_wires(design.wires), stack.solvers[0].layer.cell
    a = np.where(own.states(stack.mapping.weights[0]) == 1, 1 + cell.tmr0 * own.tmr_factor, 1.0)
    g_p = 1 / (cell.r_p_ohm * own.r_factor)
    node = np.arange(3 * n_rows * n_out).reshape(3, n_rows, n_out)
    linear, driven = np.zeros((node.size, node.size)), np.zeros(node.size)

    def link(p: int, q: int, ohm: float) -> None:
        linear[[p, q], [p, q]] += 1 / ohm
        linear[[p, q], [q, p]] -= 1 / ohm

    def tie(p: int, volts: float, ohm: float) -> None:
        linear[p, p] += 1 / ohm
        driven[p] += volts / ohm

    foot = np.where(own.line_open[0].T, die.open_ohm, design.macro.partition.join_ohm)
    for r in range(n_rows):
        feed = die.open_ohm if own.row_open[r, 0] else design.macro.driver.r_ohm
        tie(node[0, r, 0], source_v[r], feed + wires.r_in_ohm)
        for c in range(1, n_out):
            link(node[0, r, c - 1], node[0, r, c], wires.r_in_ohm)
    for side, c in np.ndindex(2, n_out):
        for r in range(n_rows - 1):
            link(node[1 + side, r, c], node[1 + side, r + 1, c], wires.r_out_ohm)
        tie(node[1 + side, -1, c], u[side, c], foot[side, c] + wires.r_out_ohm)
    v = np.zeros(node.size)
    for _ in range(50):
        out, jac = linear @ v - driven, linear.copy()
        for side in (0, 1):
            p, q = node[0].ravel(), node[1 + side].ravel()
            flow, slope = cell_current(
                g_p[..., side].ravel(), a[..., side].ravel(), cell, v[p] - v[q]
            )
            np.add.at(out, p, flow)
            np.add.at(out, q, -flow)
            for row, col, sign in ((p, p, 1), (q, q, 1), (p, q, -1), (q, p, -1)):
                np.add.at(jac, (row, col), sign * slope)
        step = np.linalg.solve(jac, -out)
        v = v + step
        if np.abs(step).max() < 1e-13:
            return (v[node[1:, -1]] - u) / (foot + wires.r_out_ohm)
    raise AssertionError("the test's own Newton does not converge")


@pytest.mark.parametrize("sets", [WIRES, WIRES + LINEAR], ids=["bias-dependent", "linear"])
@pytest.mark.parametrize("sizes", [(1, 2), (2, 2), (4, 3)], ids=["2x2", "3x2", "5x3"])
def test_a_layer_with_every_defect_obeys_its_nodal_equations(
    sizes: tuple[int, int], sets: list[str], random_stack: Callable
) -> None:
    design, weights = load_design("imac_14nm", sets), random_stack(*sizes)
    die = hand_made_die(design, sizes)
    stack = fast_stack(weights, design, die=die)
    drive_v = np.array([[0.8, -0.8, 0.8, 0.8][: sizes[0]]])
    layer = stack.solve(drive_v, tol_v=TOL_V).layers[0]
    ports = port_currents(stack, die, layer.source_v[0], layer.u[0, 0, :, : sizes[1]])
    assert np.abs(ports[0] - layer.bank.plus_a[0, 0]).max() < TOL_A
    assert np.abs(ports[1] - layer.bank.minus_a[0, 0]).max() < TOL_A


@pytest.mark.parametrize("sets", [WIRES, WIRES + LINEAR, BARE + LINEAR, BARE])
def test_sources_pay_for_cells_wires_feeds_and_amplifier_inputs(
    sets: list[str], random_stack: Callable
) -> None:
    sizes = (20, 18, 5)
    small = ["macro.tile.rows=8", "macro.tile.cols=8"]
    design = load_design("imac_14nm", sets + small)
    stack = fast_stack(random_stack(*sizes), design)
    bits = np.random.default_rng(1).integers(0, 2, (3, 20))
    for tol_v in (1e-6, TOL_V):
        state = stack.solve(stack.drive_of(bits), tol_v=tol_v)
        for index, layer in enumerate(state.layers):
            given = (layer.source_v * layer.source_a).sum(axis=1)
            n_out = sizes[index + 1]
            lines = layer.u[:, 0, :, :n_out]
            taken = (lines[:, 0] * layer.bank.plus_a[:, 0]).sum(axis=1)
            taken += (lines[:, 1] * layer.bank.minus_a[:, 0]).sum(axis=1)
            feeds = given - taken - layer.heat_w - layer.wire_w
            # every tile row has a feed of its own; with equal shares they would lose i^2 r/v_p
            v_p = stack.solvers[index].layer.w.shape[1]
            least = (layer.source_a**2).sum(axis=1) * 10.0 / v_p
            assert (feeds > least * (1 - 1e-3) - POWER_TOL * given).all()
            if v_p == 1:
                assert np.abs(feeds - least).max() < POWER_TOL * given.max()
        if "wires.enabled=true" not in sets:
            assert np.abs(state.wire_w).max() < 1e-12


def test_a_nominal_die_is_no_die_and_a_die_is_the_same_twice(random_stack: Callable) -> None:
    still = ["ra_sigma", "tmr_sigma", "stuck_p_rate", "stuck_ap_rate", "row_open_rate"]
    still += ["line_open_rate", "amplifier_offset_v", "neuron_offset_v"]
    sizes, weights = (20, 8, 4), random_stack(20, 8, 4)
    quiet = load_design("imac_14nm", WIRES + [f"variation.{key}=0.0" for key in still])
    bits = np.random.default_rng(2).integers(0, 2, (2, 20))
    plain = fast_stack(weights, quiet)
    drive_v = plain.drive_of(bits)
    same = fast_stack(weights, quiet, die=sample_die(quiet, sizes, 7)).solve(drive_v)
    assert (same.neuron_v[-1] == plain.solve(drive_v).neuron_v[-1]).all()
    design = load_design("imac_14nm", WIRES)
    first, again = (
        fast_stack(weights, design, die=sample_die(design, sizes, 7)).solve(drive_v)
        for _ in range(2)
    )
    assert (first.neuron_v[-1] == again.neuron_v[-1]).all()
    assert np.abs(first.neuron_v[-1] - same.neuron_v[-1]).max() > 1e-3


def test_offsets_move_amplifier_and_neuron_as_sources_at_their_inputs(
    random_stack: Callable,
) -> None:
    sizes, weights = (6, 3), random_stack(6, 3)
    design = load_design("imac_14nm", BARE + LINEAR)
    die = sample_die(design, sizes, 1)
    own = die.layers[0]
    nothing = np.zeros_like(own.amplifier_offset_v)
    drive_v = np.full((1, 6), 0.8)

    def solve(amplifier_v: float, neuron_v: float) -> tuple[np.ndarray, np.ndarray]:
        layer = replace(
            own,
            amplifier_offset_v=nothing + amplifier_v,
            neuron_offset_v=np.full(3, neuron_v),
        )
        state = fast_stack(weights, design, die=replace(die, layers=(layer,))).solve(
            drive_v, tol_v=TOL_V
        )
        return state.amplifier_v[0][0], state.neuron_v[0][0]

    base_a, base_y = solve(0.0, 0.0)
    shifted_a, _ = solve(1e-4, 0.0)
    r1, r3 = 1000.0, 1000.0 * design.macro.amplifier.gain_output
    cell = fast_stack(weights, design).solvers[0].layer.cell
    g_minus = np.where(weights[0] == 1, cell.g_ap_s, cell.g_p_s).sum(axis=0)
    gain = 1 + r3 / (r1 + 1 / g_minus)  # of exact op-amps on lines of that conductance
    assert np.abs(base_a).max() < 0.7, "an amplifier at its rail shows nothing"
    assert np.allclose(shifted_a - base_a, 1e-4 * gain, rtol=0.02)
    neuron = fast_stack(weights, design).neuron
    _, shifted_y = solve(0.0, 5e-3)
    ref_v = 0.4
    assert np.allclose(shifted_y, neuron.output_v(base_a - ref_v + 5e-3), atol=1e-5)
    assert np.abs(shifted_y - base_y).max() > 1e-3
