# SPDX-License-Identifier: Apache-2.0
"""test_fast_tied : op-amps with tied outputs in engine fast: node equations by scipy, ngspice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import root

from cosim.analog import fast_chord
from cosim.analog.factory import make_engine
from cosim.analog.fast_amplifier import pair_current, softplus, supply_share
from cosim.analog.fast_forward import FastStack, fast_stack
from cosim.analog.fast_motion import Motion
from cosim.analog.fast_plan import plan_of
from cosim.analog.fast_window import evaluate_window
from cosim.analog.ladder import fast_against_ngspice
from cosim.analog.variation import Die, sample_die
from cosim.design import load_design
from cosim.errors import ConvergenceError

TIED = ["macro.partition.outputs=tied", "macro.tile.rows=8", "macro.tile.cols=8"]
LINEAR = ["device.mtj.bias_dependent=false"]
WIRES, BARE = ["wires.enabled=true"], ["wires.enabled=false"]
N_ROWS, PARTS = 13, ((0, 8), (8, 13))  # 12 inputs and the bias on tiles of 8 rows
SIZES = (20, 6, 4)  # three partitions, then one
TOL_V, TOL_REL = 1e-8, 1e-6
TOL_LINEAR_V, TOL_AMPLIFIER_V, TOL_NEURON_V = 1e-4, 1e-3, 2e-3
TOL_MOVING_V = {30: 2.7e-3, 160: 1.7e-3}  # ps: 2.1 and 1.2 mV seen
WEIGHTS = [
    np.where(np.arange(N_ROWS) < PARTS[0][1], 1, -1),  # partitions that disagree: one saturates
    np.resize([1, -1, 0, 1, 1, 0, -1], N_ROWS),  # and about the same
]

MOST_AT_ONCE = 64  # MOST_PORTS of fast_tied_lanes.c
DISAGREE, FIGHT_A = np.arange(N_ROWS - 1) % 4 // 3, 5e-4  # the op-amps of output 0 pull apart


class Column:
    """Node equations of one output behind two partitions of fixed resistors."""

    def __init__(self, stack: FastStack, die: Die, source_v: np.ndarray) -> None:
        solver = stack.solvers[0]
        macro = stack.design.macro
        self.op, self.tie = macro.amplifier, macro.partition.tie_ohm
        self.neuron, self.ref_v = stack.neuron, macro.neuron.shift_v
        self.source_v, self.feed = source_v, macro.driver.r_ohm
        cell = solver.layer.cell
        own = die.layers[0]
        state = own.states(stack.mapping.weights[0])[:, 0]
        r = cell.r_p_ohm * own.r_factor[:, 0]
        r = np.where(state == 1, r * (1 + cell.tmr0 * own.tmr_factor[:, 0]), r) + cell.r_s_ohm
        self.cell_s = 1 / r
        self.offset_v, self.shift_v = own.amplifier_offset_v[:, 0], own.neuron_offset_v[0]
        self.k = 2 * np.pi * self.op.gbw_hz / self.op.slew_v_per_s

    def solve(self) -> tuple[np.ndarray, ...]:
        """Lines u (2 partitions, 2), op-amps w and out, neuron input a."""
        start = np.concatenate([self.source_v, np.zeros(8), [self.ref_v]])
        for soft in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005):  # rails sharpen to diff_amp.va's
            done = root(self.left_over, start, args=(soft,), method="hybr", tol=1e-13)
            start = done.x
        assert np.abs(self.left_over(done.x, 0.005)).max() < 1e-10
        return self.parts(done.x)[1:]

    @staticmethod
    def parts(z: np.ndarray) -> tuple[np.ndarray, ...]:
        x, rest = z[:N_ROWS], z[N_ROWS:]
        return x, rest[:4].reshape(2, 2), rest[4:6], rest[6:8], rest[8]

    def left_over(self, z: np.ndarray, soft: float) -> np.ndarray:
        """Currents left in rows, lines, outputs and a (in mA); the op-amps' own equations."""
        op = self.op
        x, u, w, out, a = self.parts(z)
        r3 = op.gain_output * op.r1_ohm
        rows, lines, inner, ends = (self.source_v - x) / self.feed, np.zeros((2, 2)), [], []
        for h, (first, end) in enumerate(PARTS):
            for side in (0, 1):
                amps = self.cell_s[first:end, side] * (x[first:end] - u[h, side])
                rows[first:end] -= amps
                lines[h, side] += amps.sum()
            lines[h, 0] -= (u[h, 0] - self.ref_v) / (op.r1_ohm + r3)
            back = (out[h] - u[h, 1]) / (op.r1_ohm + r3)
            lines[h, 1] += back
            inp = self.ref_v + (u[h, 0] - self.ref_v) * r3 / (op.r1_ohm + r3)
            inn = u[h, 1] + back * op.r1_ohm
            most = op.rail_v - op.head_v
            clamp = soft * (softplus((w[h] - most) / soft) - softplus((-w[h] - most) / soft)) / 5e-3
            inner.append(
                np.tanh(self.k * (inp + self.offset_v[h] - inn)) - self.k / op.a0 * w[h] - 2 * clamp
            )
            ends.append((w[h] - out[h]) / op.rout_ohm - back - (out[h] - a) / self.tie)
        drawn, _ = self.neuron.input_a(np.array([a - self.ref_v + self.shift_v]))
        middle = ((out - a) / self.tie).sum() - drawn
        currents = np.concatenate([rows, lines.ravel(), ends, middle])
        return np.concatenate([1e3 * currents, inner])


@pytest.mark.parametrize("tie_ohm", [1e-3, 1.0, 2e4])
@pytest.mark.parametrize("weights", WEIGHTS, ids=["opposed", "alike"])
def test_two_partitions_obey_their_node_equations(weights: np.ndarray, tie_ohm: float) -> None:
    design = load_design("imac_14nm", [*TIED, *BARE, *LINEAR, f"macro.partition.tie_ohm={tie_ohm}"])
    die = sample_die(design, (N_ROWS - 1, 1), seed=3)
    offsets = {
        "amplifier_offset_v": np.array([[4e-3], [-7e-3]]),
        "neuron_offset_v": np.array([6e-3]),
    }
    die = replace(die, layers=(replace(die.layers[0], **offsets),))
    stack = fast_stack([weights[:, None].astype(np.int8)], design, die=die)
    assert [tile.rows for tile in stack.mapping.tiles] == [end - first for first, end in PARTS]
    bits = np.ones(N_ROWS - 1, dtype=int)
    state = stack.solve(stack.drive_of(bits), tol_v=1e-9)
    column = Column(stack, die, state.layers[0].source_v[0])
    u, w, out, a = column.solve()
    saturated = np.abs(w) > design.macro.amplifier.rail_v - design.macro.amplifier.head_v - 0.01
    if tie_ohm < 1e4 and weights is WEIGHTS[0]:
        assert saturated.any(), "the case is meant to drive an op-amp to its rail"
    layer = state.layers[0]
    assert np.abs(layer.u[0, :, :, 0] - u).max() < TOL_V
    assert np.abs(layer.out_v[0, :, 0] - out).max() < TOL_V
    assert state.amplifier_v[0][0, 0] == pytest.approx(a, abs=TOL_V)
    amplifier = design.macro.amplifier
    on = supply_share(2 * amplifier.rail_v)
    delivered = (w - out) / amplifier.rout_ohm
    assert layer.bank.out_a is not None
    assert layer.bank.out_a[0, :, 0] == pytest.approx(delivered, rel=TOL_REL, abs=1e-10)
    up_a = pair_current(delivered, amplifier.iab_a * on)
    want_w = amplifier.rail_v * (up_a + amplifier.iq_a * on).sum()
    assert state.power_w["amp_vdd"][0] == pytest.approx(want_w, rel=TOL_REL)
    want_w -= amplifier.rail_v * delivered.sum()
    assert state.power_w["amp_vss"][0] == pytest.approx(want_w, rel=TOL_REL)


@pytest.mark.spice
@pytest.mark.parametrize(
    ("wires", "cells", "seed"),
    [(WIRES, [], None), (BARE, LINEAR, None), (WIRES, [], 5), (WIRES, LINEAR, 5)],
    ids=["wires", "no wires, linear", "die", "die, linear"],
)  # linear with wires and no die: ngspice finds no operating point to its tight tolerances
def test_operating_points_agree_with_ngspice(
    wires: list[str],
    cells: list[str],
    seed: int | None,
    random_stack: Callable,
    operating_point: Callable,
) -> None:
    design, weights = load_design("imac_14nm", [*TIED, *wires, *cells]), random_stack(*SIZES)
    die = None if seed is None else sample_die(design, SIZES, seed=seed)
    bits = np.arange(SIZES[0]) % 5 % 2
    stack = fast_stack(weights, design, die=die)
    state = stack.solve(stack.drive_of(bits))
    volts = operating_point(weights, bits, design, die)
    amplifier_v, neuron_v = (
        (TOL_LINEAR_V, TOL_LINEAR_V) if cells else (TOL_AMPLIFIER_V, TOL_NEURON_V)
    )
    for layer, n_out in enumerate(SIZES[1:]):
        for letter, found, tolerance in (
            ("a", state.amplifier_v[layer], amplifier_v),
            ("y", state.neuron_v[layer], neuron_v),
        ):
            want = np.array([volts[f"{letter}{layer}_{j}"] for j in range(n_out)])
            assert np.abs(found[0] - want).max() < tolerance, f"{letter}{layer}"
        for port, found in enumerate(state.layers[layer].out_v[0]):
            want = np.array([volts[f"a{layer}_{port}_{j}"] for j in range(n_out)])
            assert np.abs(found - want).max() < amplifier_v, f"a{layer}_{port}"


@pytest.mark.spice
def test_more_op_amps_than_newton_takes_at_once_agree_with_ngspice(
    operating_point: Callable,
) -> None:
    """More than 64 of an output: nested brackets solve them, as they do no other case here."""
    n_in = 2 * 65 - 1
    tiles = ["macro.tile.rows=2", "macro.tile.cols=2"]
    design = load_design("imac_14nm", [TIED[0], *tiles, *BARE, *LINEAR])
    weights = [np.resize(np.array([[1, -1], [1, 1]], np.int8), (n_in + 1, 2))]
    bits = np.arange(n_in) % 2
    stack = fast_stack(weights, design)
    state = stack.solve(stack.drive_of(bits))
    assert state.layers[0].out_v.shape[1] > MOST_AT_ONCE
    volts = operating_point(weights, bits, design)
    for letter, found in (("a", state.amplifier_v[0][0]), ("y", state.neuron_v[0][0])):
        want = np.array([volts[f"{letter}0_{j}"] for j in range(2)])
        assert np.abs(found - want).max() < TOL_LINEAR_V, letter
    assert np.abs(state.amplifier_v[0]).max() > 100 * TOL_LINEAR_V, "2 % of it is to be seen"


def test_batches_agree_with_single_inputs(random_stack: Callable) -> None:
    design = load_design("imac_14nm", [*TIED, *WIRES])
    stack = fast_stack(random_stack(*SIZES), design)
    drive_v = stack.drive_of(np.random.default_rng(2).integers(0, 2, (18, SIZES[0])))
    (found,) = stack.evaluate(drive_v, lambda state: (state.amplifier_v[-1],), tol_v=1e-8)
    want = np.vstack([stack.solve(row[None], tol_v=1e-8).amplifier_v[-1] for row in drive_v])
    assert np.abs(found - want).max() < 31 * 2e-8


def test_what_is_left_over_is_honoured(
    random_stack: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = load_design("imac_14nm", [*TIED, *LINEAR])
    stack = fast_stack(random_stack(*SIZES), design)
    drive_v = stack.drive_of(np.ones(SIZES[0], dtype=int))
    assert stack.solve(drive_v, tol_v=1e-9).residual_v < 1e-9
    with pytest.raises(ConvergenceError, match="not a number"):
        stack.solve(np.full_like(drive_v, np.nan))
    monkeypatch.setattr(fast_chord, "MAX_TURNS", 3)
    with pytest.raises(ConvergenceError, match="still off by"):
        stack.solve(drive_v)


@pytest.mark.spice
@pytest.mark.parametrize("agree", [True, False], ids=["two layers", "op-amps that disagree"])
def test_they_move_as_in_ngspice(agree: bool, random_stack: Callable) -> None:
    if agree:
        design, weights = load_design("imac_14nm", [*TIED, *WIRES]), random_stack(*SIZES)
    else:
        design, weights = (
            load_design("imac_14nm", [*TIED, *BARE, *LINEAR]),
            [np.column_stack(WEIGHTS).astype(np.int8)],
        )
        stack = fast_stack(weights, design)
        state = stack.solve(stack.drive_of(DISAGREE))
        delivered = np.asarray(state.layers[0].bank.out_a)
        assert np.ptp(delivered[0, :, 0]) > FIGHT_A
    bits = np.arange(SIZES[0]) % 5 % 2 if agree else DISAGREE
    found = fast_against_ngspice(design, weights, bits)
    assert [bound.name for bound in found if not bound.ok] == []
    (settling,) = (bound for bound in found if bound.name == "settling time")
    assert settling.value < 0.01


@pytest.mark.spice
def test_their_nodes_are_where_ngspice_has_them_while_they_move(random_stack: Callable) -> None:
    """Settling and energy do not feel 2 % of a tied node's way (3.9 and 2.5 mV); its volts do.

    First layer: nothing before it errs. Left are charges on wires and in op-amps' inputs.
    """
    design = load_design("imac_14nm", [*TIED, *WIRES])
    solver = design.solver.model_copy(update={"max_step_ps": 1.0, "reltol": 1e-4})
    weights, bits = random_stack(*SIZES), np.arange(SIZES[0]) % 5 % 2
    stack = fast_stack(weights, design)
    plan_of(stack).stack.tol_v = 1e-4
    motion = Motion(stack)
    motion.off()
    motion.head_for(stack.solve(stack.drive_of(bits)), from_off=True)
    fine = design.model_copy(update={"solver": solver})
    engine = make_engine("ngspice", "m0", fine, SIZES)
    try:
        engine.program(tuple(layer.astype(float) for layer in weights))
        engine.start(0, {"en": 0})
        engine.drive(0, {"en": 1, **{f"in[{i}]": int(bit) for i, bit in enumerate(bits)}})
        now_ps = 0
        for t_ps, tolerance in TOL_MOVING_V.items():
            motion.advance((t_ps - now_ps) * 1e-12)
            engine.advance(t_ps)
            now_ps = t_ps
            apart = motion.amplifier_v(0) - engine.snapshot()["layer0.amplifier"]
            assert np.abs(apart).max() < tolerance, t_ps
    finally:
        engine.close()


@pytest.mark.parametrize("tie_ohm", ["1e-3", "1.0", "300.0"])
def test_windows_are_the_same_alone_and_in_a_batch_and_end_where_they_should(
    tie_ohm: str, random_stack: Callable
) -> None:
    design = load_design("imac_14nm", [*TIED, *WIRES, f"macro.partition.tie_ohm={tie_ohm}"])
    stack = fast_stack(random_stack(*SIZES), design, die=sample_die(design, SIZES, seed=4))
    bits = np.random.default_rng(3).integers(0, 2, (4, SIZES[0]))
    batch = evaluate_window(stack, stack.drive_of(bits), 4e-9, 1.6e-3)
    assert (batch.settling_s < 3e-9).all()
    assert batch.steps[:, 0].max() < 120
    for k, one in enumerate(bits):
        alone = evaluate_window(stack, stack.drive_of(one), 4e-9, 1.6e-3)
        assert batch.settling_s[k] == pytest.approx(alone.settling_s[0], rel=1e-3)
        for supply, joules in batch.energy_j.items():
            assert joules[k] == pytest.approx(alone.energy_j[supply][0], rel=1e-3), supply
    motion, goal = Motion(stack), stack.solve(stack.drive_of(bits[:1]))
    motion.off()
    motion.head_for(goal, from_off=True)
    motion.advance(6e-9)
    for layer in range(2):
        assert np.abs(motion.amplifier_v(layer) - goal.amplifier_v[layer][0]).max() < 2e-5
    for supply, watts in goal.power_w.items():
        assert motion.power_w()[supply] == pytest.approx(watts[0], rel=2e-4, abs=1e-12), supply
