# SPDX-License-Identifier: Apache-2.0
"""test_fast_motion : motions of engine fast against a circuit integrated by scipy in the test.

The reference is written from the Verilog-A equations (diff_amp.va, buffer_amp.va, sample_hold.va)
and Kirchhoff's laws of linear cells without wires; it shares the neuron alone: table and lags.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.interpolate import PchipInterpolator

from cosim.analog.fast import FastEngine
from cosim.analog.fast_bend import bend_of
from cosim.analog.fast_forward import FastStack, fast_stack
from cosim.analog.fast_motion import Motion
from cosim.analog.fast_plan import plan_of
from cosim.analog.fast_window import evaluate_window, move
from cosim.analog.tables_delay import neuron_lags
from cosim.analog.variation import sample_die
from cosim.design import Design, load_design
from cosim.errors import RangeError

Floats = NDArray[np.float64]
Stack = list[NDArray[np.int8]]
MakeStack = Callable[..., Stack]
SIZES = (6, 4, 3)
LINEAR = ["device.mtj.bias_dependent=false", "wires.enabled=false"]
WIRES = ["macro.tile.rows=16", "macro.tile.cols=16", "wires.enabled=true"]
WINDOW_S, BAND_V = 4e-9, 1.6e-3
TOL_V = 2e-3  # of a trajectory: a quarter of STEP_TOL_V, which a step may err
TOL_SETTLE, TOL_ENERGY = 0.01, 0.002
TOL_REST_V = 1e-4  # operating points stop at residuals of 1 uV, amplifiers have gains of 31
TOL_STAY_V = 1.5e-5  # of what is put there: MOTION_TOL_V, single precision times those gains


@dataclass(frozen=True)
class Solved:
    """Amperes out of the sources, from an output into r3, into c_in from inp to inn."""

    source_a: Floats
    feedback_a: Floats
    c_in_a: Floats


@dataclass
class Reference:
    """Layers of amplifiers, neurons, buffers and holds over time."""

    weights: Stack
    design: Design
    stack: FastStack
    drive_v: Floats

    def __post_init__(self) -> None:
        mtj = self.design.device.mtj
        r_p = mtj.ra_ohm_um2 / (0.25 * np.pi * mtj.length_nm * mtj.width_nm * 1e-6)
        g_p, g_ap = (1 / (r_p * k + 0.5 * mtj.r_hm_ohm) for k in (1.0, 1 + mtj.tmr0))
        self.g = [
            np.concatenate([np.where(w < 0, g_ap, g_p), np.where(w > 0, g_ap, g_p)], axis=1)
            for w in self.weights
        ]
        lags = neuron_lags(self.design)
        self.delay_s, self.hold_s = (
            PchipInterpolator(lags.signal_v, seconds) for seconds in (lags.delay_s, lags.hold_s)
        )
        self.span_v = lags.signal_v[[0, -1]]
        count = range(len(self.weights))
        self.feeds_s = [self.feed_s(k) for k in count]
        self.inverses = [np.linalg.inv(self.nodes(k)) for k in count]

    def level(self, t_s: float) -> float:
        return min(t_s / (self.design.macro.driver.rise_ps * 1e-12), 1.0)

    def lines(self, k: int, z_v: Floats, out_v: Floats, ref_v: float, v_id: Floats) -> Solved:
        """From all nodes: sources z (n_in + 1,), c_in holds `v_id` between an op-amp's inputs."""
        rows, n = len(z_v), len(out_v)
        r3_ohm, feed_s = self.r3_ohm(k), self.feeds_s[k]
        ends = np.concatenate([np.full(n, ref_v), out_v]) / r3_ohm
        known = np.concatenate([feed_s * z_v, np.zeros(2 * n), ends, v_id])
        found = self.inverses[k] @ known
        volts, into_a = found[: rows + 4 * n], found[rows + 4 * n :]
        return Solved(
            source_a=feed_s * (z_v - volts[:rows]),
            feedback_a=(out_v - volts[rows + 3 * n :]) / r3_ohm,
            c_in_a=into_a,
        )

    def r3_ohm(self, k: int) -> float:
        amplifier = self.design.macro.amplifier
        gain = amplifier.gain_output if k == len(self.weights) - 1 else amplifier.gain_hidden
        return gain * amplifier.r1_ohm

    def feed_s(self, k: int) -> Floats:
        macro = self.design.macro
        ohm = np.full(len(self.g[k]), macro.buffer.r_row_ohm if k else macro.driver.r_ohm)
        ohm[-1] = macro.driver.r_ohm
        return 1 / ohm

    def nodes(self, k: int) -> Floats:
        """Rows, lines I+ and I-, inputs inp and inn, currents into c_in."""
        g, n, r1_s = self.g[k], self.g[k].shape[1] // 2, 1 / self.design.macro.amplifier.r1_ohm
        rows, one = len(g), np.eye(2 * n)
        inputs = np.diag(np.full(2 * n, r1_s + 1 / self.r3_ohm(k)))
        c_in = np.concatenate([np.eye(n), -np.eye(n)])
        lines = np.diag(g.sum(axis=0) + r1_s)
        none = np.zeros
        return np.block(
            [
                [np.diag(self.feeds_s[k] + g.sum(axis=1)), -g, none((rows, 3 * n))],
                [-g.T, lines, -r1_s * one, none((2 * n, n))],
                [none((2 * n, rows)), -r1_s * one, inputs, c_in],
                [none((n, rows + 2 * n)), c_in.T, none((n, n))],
            ]
        )

    def layer(
        self, k: int, w: Floats, v_id: Floats, x_v: Floats, level: float
    ) -> tuple[Floats, ...]:
        """Outputs, rates of w and of input volts, source currents, amplifier currents."""
        macro = self.design.macro
        amplifier, buffer = macro.amplifier, macro.buffer
        ref_v = macro.neuron.shift_v * level
        out, z = w.copy(), x_v.copy()
        for _ in range(30):
            solved = self.lines(k, z, out, ref_v, v_id)
            load, _ = self.stack.neuron.input_a(out - ref_v)
            new = w - amplifier.rout_ohm * (solved.feedback_a + load)
            moved = np.abs(new - out).max()
            out = new
            if k:
                share = solved.source_a[:-1] / buffer.imax_a
                z[:-1] = x_v[:-1] - buffer.rout_ohm * buffer.imax_a * share / np.sqrt(1 - share**2)
            if moved < 1e-9:
                break
        w_gbw, slew = 2 * np.pi * amplifier.gbw_hz, amplifier.slew_v_per_s
        rate = slew * np.tanh(w_gbw * v_id / slew) - w_gbw / amplifier.a0 * w
        rate -= 2 * slew * _clamp(w, amplifier.rail_v * level - amplifier.head_v, 5e-3)
        out_a = (w - out) / amplifier.rout_ohm
        return out, rate, solved.c_in_a / 1e-15, solved.source_a, out_a

    def rates(self, t_s: float, state: Floats) -> Floats:
        return self.evaluate(t_s, state)[0]

    def evaluate(self, t_s: float, state: Floats) -> tuple[Floats, list[Floats], dict[str, float]]:
        """d(state)/dt, outputs of amplifiers and neurons by layer, watts of some supplies."""
        macro, level = self.design.macro, self.level(t_s)
        buffer, converter, vdd_v = macro.buffer, macro.converter, macro.vdd_v
        x_v = np.append(self.drive_v, vdd_v) * level
        rates, outs, at = [], [], 0
        watts = {"drivers": 0.0, "bias": 0.0, "amp_vdd": 0.0}
        for k, weights in enumerate(self.weights):
            n = weights.shape[1]
            w, v_id, late, after = state[at : at + 4 * n].reshape(4, n)
            at += 4 * n
            out, w_rate, v_rate, source_a, out_a = self.layer(k, w, v_id, x_v, level)
            signal = out - macro.neuron.shift_v * level
            late_rate = (signal - late) / self.delay_s(np.clip(late, *self.span_v))
            y = self.stack.neuron.output_v(late) * level**3
            if k == len(self.weights) - 1:  # a divider of the neuron's and the switch's resistance
                out_ohm = self.hold_s(np.clip(late, *self.span_v)) / converter.hold_f
                after_rate = (y - after) / ((converter.ron_ohm + out_ohm) * converter.hold_f)
                y = (y * converter.ron_ohm + after * out_ohm) / (converter.ron_ohm + out_ohm)
            else:
                w_bw, slew = 2 * np.pi * buffer.bw_hz, buffer.slew_v_per_s
                half = 0.5 * vdd_v * level
                after_rate = slew * np.tanh(w_bw * (buffer.gain * y - after) / slew)
                after_rate -= 2 * slew * _clamp(after - half, half, 2e-3)
            rates += [w_rate, v_rate, late_rate, after_rate]
            outs += [out, y]
            watts["bias"] += float(x_v[-1] * source_a[-1])
            if k == 0:
                watts["drivers"] += float(x_v[:-1] @ source_a[:-1])
            v_s = 2 * macro.amplifier.rail_v * level
            on = v_s / np.hypot(v_s, 0.2)
            pair = 2 * macro.amplifier.iab_a * on
            high = 0.5 * (out_a + np.sqrt(out_a**2 + pair**2 + 1e-18)) + macro.amplifier.iq_a * on
            watts["amp_vdd"] += float(macro.amplifier.rail_v * level * high.sum())
            x_v = np.append(after, vdd_v * level)
        return np.concatenate(rates), outs, watts


def _clamp(w: Floats, swing_v: float, soft_v: float) -> Floats:
    swing = soft_v * np.logaddexp(0, swing_v / soft_v)
    return np.asarray(
        np.logaddexp(0, (w - swing) / soft_v) - np.logaddexp(0, (-w - swing) / soft_v)
    )


def started(stack: FastStack, bits: NDArray[np.integer]) -> Motion:
    motion = Motion(stack)
    motion.off()
    motion.head_for(stack.solve(stack.drive_of(bits)), from_off=True)
    return motion


def settled_s(t_s: Floats, volts: Floats, final: Floats) -> Floats:
    """When each column of `volts` (t, n) is within the band for good."""
    outside = np.abs(volts - final) > BAND_V
    return np.asarray(t_s[len(t_s) - 1 - np.argmax(outside[::-1], axis=0)])


def test_trajectories_settling_and_energy_are_those_of_the_equations(
    random_stack: MakeStack,
) -> None:
    design, weights = load_design("imac_14nm", LINEAR), random_stack(*SIZES)
    stack = fast_stack(weights, design)
    bits = np.array([1, 0, 1, 1, 0, 1])
    reference = Reference(weights, design, stack, stack.drive_of(bits)[0])
    size = 4 * sum(SIZES[1:])
    marks = np.concatenate([np.arange(1, 41) * 0.5e-12, 20e-12 + np.arange(1, 1991) * 2e-12])
    solved = solve_ivp(
        reference.rates,
        (0.0, WINDOW_S),
        np.zeros(size),
        method="LSODA",
        t_eval=marks,
        rtol=1e-7,
        atol=1e-9,
        max_step=1e-11,
        first_step=1e-14,
    )
    assert solved.success
    motion, now_s = started(stack, bits), 0.0
    for t_ps in (10, 20, 40, 80, 150, 300, 600, 1200, 2500):
        motion.advance(t_ps * 1e-12 - now_s)
        now_s = t_ps * 1e-12
        at = int(np.argmin(np.abs(solved.t - now_s)))
        _, outs, _ = reference.evaluate(now_s, solved.y[:, at])
        for k in range(2):
            assert np.abs(motion.amplifier_v(k) - outs[2 * k]).max() < TOL_V, (t_ps, k)
            assert np.abs(motion.neuron_v(k) - outs[2 * k + 1]).max() < 3 * TOL_V, (t_ps, k)
    window = evaluate_window(stack, stack.drive_of(bits), WINDOW_S, BAND_V)
    final = window.goal.neuron_v[-1][0]
    found = [reference.evaluate(t, y) for t, y in zip(solved.t, solved.y.T, strict=True)]
    last_v = np.array([outs[-1] for _, outs, _ in found])
    assert np.abs(last_v[-1] - final).max() < 1e-5
    want = settled_s(solved.t, last_v, final)
    assert window.settling_s[0] == pytest.approx(want, rel=TOL_SETTLE, abs=2e-12)
    powers = [watts for _, _, watts in found]
    for supply in ("drivers", "bias", "amp_vdd"):
        joules = np.trapezoid([0.0, *(p[supply] for p in powers)], [0.0, *solved.t])
        assert window.energy_j[supply][0] == pytest.approx(joules, rel=TOL_ENERGY), supply


@pytest.mark.parametrize("sets", [WIRES, LINEAR], ids=["wires", "linear"])
def test_finer_steps_change_neither_settling_nor_energy(
    sets: list[str], random_stack: MakeStack
) -> None:
    design = load_design("imac_14nm", sets)
    stack = fast_stack(random_stack(33, 20, 5), design)
    drive_v = stack.drive_of(np.random.default_rng(4).integers(0, 2, (3, 33)))
    goal = stack.solve(drive_v)
    coarse = move(stack, goal, WINDOW_S, BAND_V)
    plan_of(stack).stack.tol_v = 1e-6
    fine = move(stack, goal, WINDOW_S, BAND_V)
    assert (fine.steps[:, 0] > 3 * coarse.steps[:, 0]).all()
    assert np.abs(coarse.settling_s.max(axis=1) / fine.settling_s.max(axis=1) - 1).max() < 0.01
    for supply, joules in fine.energy_j.items():
        assert coarse.energy_j[supply] == pytest.approx(joules, rel=TOL_ENERGY), supply
    assert coarse.wire_j == pytest.approx(fine.wire_j, rel=TOL_ENERGY)
    assert coarse.heat_j == pytest.approx(fine.heat_j, rel=TOL_ENERGY)


def test_a_window_is_the_same_alone_in_a_batch_and_in_slices(random_stack: MakeStack) -> None:
    design = load_design("imac_14nm", WIRES)
    stack = fast_stack(random_stack(33, 20, 5), design)
    bits = np.random.default_rng(5).integers(0, 2, (19, 33))
    batch = evaluate_window(stack, stack.drive_of(bits), WINDOW_S, BAND_V)
    assert batch.goal.layers[1].u.shape[0] == batch.settling_s.shape[0] == 19
    for one, settling_s in zip(bits, batch.settling_s, strict=True):
        alone = evaluate_window(stack, stack.drive_of(one), WINDOW_S, BAND_V)
        assert settling_s == pytest.approx(alone.settling_s[0], rel=1e-6)
    motion = started(stack, bits[17])
    joules = dict.fromkeys(batch.energy_j, 0.0)
    wire_j = 0.0
    for _ in range(160):
        report = motion.advance(25e-12)
        wire_j += report.wire_j
        for supply in joules:
            joules[supply] += report.energy_j[supply]
    for supply, value in joules.items():
        assert batch.energy_j[supply][17] == pytest.approx(value, rel=TOL_ENERGY), supply
    assert batch.wire_j[17] == pytest.approx(wire_j, rel=TOL_ENERGY)
    assert 0 < batch.wire_j[17] < batch.heat_j[17]


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("imac_14nm", WIRES),
        ("imac_14nm", [*WIRES, "macro.amplifier.reference=ground"]),
        ("sot_2t1r", WIRES),
        ("imac_14nm", [*WIRES, "macro.amplifier.kind=ideal", "macro.partition.outputs=tied"]),
        ("imac_sim", [*WIRES, "macro.buffer.enabled=true", "macro.amplifier.rail_v=0.8"]),
    ],
    ids=["summed", "ground", "access", "tied", "published"],
)
def test_a_motion_of_a_die_ends_at_its_operating_point_and_rests_there(
    name: str, sets: list[str], random_stack: MakeStack
) -> None:
    design = load_design(name, sets)
    die = sample_die(design, (33, 20, 5), seed=3)
    weights = random_stack(33, 20, 5)
    stack = fast_stack(weights, design, die=die)
    bits = np.arange(33) % 3 % 2
    goal = stack.solve(stack.drive_of(bits))
    nominal = fast_stack(weights, design)
    assert np.abs(nominal.solve(nominal.drive_of(bits)).neuron_v[-1] - goal.neuron_v[-1]).max() > (
        1e-3
    )
    motion, rest = started(stack, bits), Motion(stack)
    motion.advance(8e-9)
    rest.rest(goal)
    stay = rest.advance(1e-10)
    for k in range(2):
        for volts, want, tol_v in (
            (motion.amplifier_v(k), goal.amplifier_v[k][0], TOL_REST_V),
            (motion.neuron_v(k), goal.neuron_v[k][0], TOL_REST_V),
            (rest.amplifier_v(k), goal.amplifier_v[k][0], TOL_STAY_V),
            (rest.neuron_v(k), goal.neuron_v[k][0], TOL_STAY_V),
        ):
            assert np.abs(volts - want).max() < tol_v, (k, tol_v)
    assert stay.moved_v < 2 * TOL_REST_V
    for supply, watts in goal.power_w.items():
        assert motion.power_w()[supply] == pytest.approx(watts[0], rel=1e-4, abs=1e-12), supply
        assert stay.energy_j[supply] == pytest.approx(1e-10 * watts[0], rel=1e-4, abs=1e-22)


def test_lines_at_either_end_of_their_range_end_where_they_should(
    random_stack: MakeStack,
) -> None:
    """With few inputs all but one of a sign, cells of the odd one see 1.6 VDD and bend most."""
    design = load_design("imac_14nm", ["wires.enabled=false"])
    stack = fast_stack(random_stack(6, 4), design)
    bits = np.arange(64)[:, None] >> np.arange(6) & 1
    window = evaluate_window(stack, stack.drive_of(bits), WINDOW_S, BAND_V)
    assert (window.settling_s < 0.5e-9).all()
    assert window.steps[:, 0].max() < 90
    assert window.steps[:, 1].max() > 0  # steps of some lanes are refused
    refused = np.nonzero(window.steps[:, 1])[0]
    for k in (*refused[:3], *refused[-3:]):
        alone = evaluate_window(stack, stack.drive_of(bits[k]), WINDOW_S, BAND_V)
        assert window.settling_s[k] == pytest.approx(alone.settling_s[0], rel=1e-4)
        assert tuple(window.steps[k]) == tuple(alone.steps[0])
    for one in (bits[62], bits[55]):
        motion = started(stack, one)
        motion.advance(WINDOW_S)
        goal = stack.solve(stack.drive_of(one))
        assert np.abs(motion.neuron_v(0) - goal.neuron_v[0][0]).max() < TOL_REST_V


def test_bends_beyond_their_polynomials_are_refused(random_stack: MakeStack) -> None:
    stack = fast_stack(random_stack(20, 6, 3), load_design("imac_14nm", ["device.mtj.v_h_v=0.03"]))
    with pytest.raises(RangeError, match="bend too much"):
        bend_of(stack.solvers[1].layer, stack.solvers[1].reduced, 0.8)


def test_wires_take_their_heat_from_the_drivers_and_the_ledger_still_sums(
    random_stack: MakeStack,
) -> None:
    weights = [layer.astype(float) for layer in random_stack(33, 20, 5)]
    found = {}
    for meter in ("true", "false"):
        design = load_design("imac_14nm", [*WIRES, f"macro.meter_cells={meter}"])
        engine = FastEngine("m0", design, (33, 20, 5))
        engine.program(tuple(weights))
        engine.start(0, {"en": 0})
        engine.drive(0, {"en": 1, "in[3]": 1})
        engine.advance(6000)
        found[meter] = engine.energy()
        assert sum(found[meter].by_group.values()) == pytest.approx(found[meter].total_j, rel=1e-9)
    metered, plain = found["true"].by_group, found["false"].by_group
    assert "wires" not in plain
    assert metered["wires"] > 0.01 * plain["drivers"]
    assert metered["drivers"] + metered["wires"] + metered["cells"] == pytest.approx(
        plain["drivers"] + plain["cells"], rel=1e-9
    )
