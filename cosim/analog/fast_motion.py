# SPDX-License-Identifier: Apache-2.0
"""fast_motion : a stack in time: amplifiers, neurons, buffers and holds move, the rest follows.

States are the inner voltages of amplifiers and buffers, neuron outputs and hold capacitors. Cells
and wires follow at once; around the operating point they move to, their reduced layer stands for
them (exact at the end of the motion). Steps are SDIRK of order 2, L-stable and one-step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import (
    V_SOFT_AMPLIFIER,
    V_SOFT_BUFFER,
    buffer_drop,
    buffer_state,
    pair_current,
    sigmoid,
    softplus,
    supply_share,
)
from cosim.analog.fast_bend import Bend
from cosim.analog.fast_forward import GROUPS, FastStack, StackState
from cosim.analog.tables_delay import BUFFER_INPUT_F, TRACK_F, neuron_delay_s
from cosim.errors import ConvergenceError, DesignError

__all__ = ["Motion", "StepReport"]

Floats = NDArray[np.float64]
GAMMA = 1 - np.sqrt(0.5)
STEP_TOL_V = 1e-3  # of the embedded error of a step; volts at the end do not depend on it
FIRST_STEP_S = 1e-12
GROW, SHRINK = 2.0, 0.25
NEWTON_TOL_V = 1e-6
NEWTON_STEP_V = 0.1
MAX_NEWTON = 40


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What one step did: joules by supply and heat of the cells (n,), largest move in volts."""

    energy_j: dict[str, Floats]
    heat_j: Floats
    moved_v: float


@dataclass(kw_only=True)
class _Place:
    """One layer's linear surroundings: lines `z` (w_minus_feedback), goal currents and row data."""

    z: Floats
    goal_a: Floats
    old_a: Floats
    now_a: Floats
    x_f: Floats
    i_f: Floats
    u_f: Floats
    drive_power_w: Floats
    drive_t: Floats
    bias_t: Floats
    bent_f: tuple[Floats, Floats]


@dataclass(kw_only=True)
class _Layer:
    """States of one layer (n, ...): amplifier w and out, neuron y, next w; `u` follows."""

    w: Floats
    out: Floats
    y: Floats
    next: Floats
    u: Floats


class Motion:
    """A batch of n evaluations of one stack, moving together in time."""

    def __init__(self, stack: FastStack, n: int) -> None:
        if stack.loaded is not None:
            raise DesignError(
                "engine fast moves no neurons without buffers in time: "
                "macro.buffer.enabled must be true, or ask for operating points alone (--at-rest)"
            )
        self.stack, self.n = stack, n
        self.delay_s = [
            neuron_delay_s(stack.design, last=k == len(stack.solvers) - 1)
            for k in range(len(stack.solvers))
        ]
        middle_v = 0.5 * stack.design.macro.vdd_v
        self._bends = [
            Bend(s.layer, middle_v) if k and s.layer.ports == 1 and not s.linear else None
            for k, s in enumerate(stack.solvers)
        ]
        self._layers = [
            _Layer(
                w=np.zeros((n, s.layer.ports, s.layer.n_out)),
                out=np.zeros((n, s.layer.ports, s.layer.n_out)),
                y=np.zeros((n, s.layer.n_out)),
                next=np.zeros((n, s.layer.n_out)),
                u=np.zeros((n, s.layer.ports, 2, s.layer.width)),
            )
            for s in stack.solvers
        ]
        self._places: list[_Place] = []
        self.goal: StackState | None = None
        self._ramp_from, self._ramp_to = 0.0, 0.0  # level of enabled supplies before and after
        self._ramp_s, self._ramp_done_s = stack.design.macro.driver.rise_ps * 1e-12, 0.0
        self._heat = np.zeros(n)
        self._power: dict[str, Floats] = {supply: np.zeros(n) for supply in GROUPS}
        self.step_s = FIRST_STEP_S

    # -- what the outside does -------------------------------------------------------------------

    def head_for(self, goal: StackState, *, from_off: bool) -> None:
        """Sources begin their ramp towards the operating point `goal` now."""
        old = [place.now_a for place in self._places]
        self._places = [self._place(k, goal) for k in range(len(self.stack.solvers))]
        for index, (place, now_a) in enumerate(zip(self._places, old, strict=False)):
            place.old_a = now_a - self._driven(index)
        if not old:
            for index, place in enumerate(self._places):
                place.old_a = -self._driven(index)
        self.goal = goal
        self._ramp_from, self._ramp_to = (0.0, 1.0) if from_off else (1.0, 1.0)
        self._ramp_done_s = 0.0
        self.step_s = FIRST_STEP_S

    def off(self) -> None:
        """Everything is unpowered and at rest."""
        for layer in self._layers:
            for name in ("w", "out", "y", "next", "u"):
                getattr(layer, name)[:] = 0.0
        for place in self._places:
            place.now_a = np.zeros_like(place.now_a)
        self._power = {supply: np.zeros(self.n) for supply in GROUPS}
        self._heat = np.zeros(self.n)
        self._ramp_from = self._ramp_to = 0.0

    def rest(self, goal: StackState) -> None:
        """Everything stands at the operating point `goal`."""
        self.head_for(goal, from_off=False)
        self._ramp_done_s = self._ramp_s
        for index, (layer, state) in enumerate(zip(self._layers, goal.layers, strict=True)):
            layer.u = state.u.copy()
            layer.out = state.bank.out_v.copy()
            layer.w = layer.out.copy()
            if state.bank.out_a is not None:
                layer.w += state.bank.out_a * self.stack.design.macro.amplifier.rout_ohm
            layer.y = goal.neuron_v[index].copy()
            last = index == len(self._layers) - 1
            layer.next = layer.y.copy() if last else buffer_state(layer.y, self.stack.design)
            self._places[index].now_a = self._places[index].goal_a
        self._power = {supply: watts.copy() for supply, watts in goal.power_w.items()}
        self._heat = goal.heat_w

    @property
    def ramping(self) -> bool:
        """Input ramps are under way."""
        return self._ramp_done_s < self._ramp_s * (1 - 1e-9)

    def power_w(self) -> dict[str, Floats]:
        """Watts delivered by each supply now, (n,) each."""
        return self._power

    @property
    def heat_w(self) -> Floats:
        """What the cells turn into heat now, (n,)."""
        return self._heat

    def amplifier_v(self, layer: int) -> Floats:
        """Neuron inputs of a layer, (n, n_out)."""
        return self._a_v(self._layers[layer].out)

    def neuron_v(self, layer: int) -> Floats:
        """Neuron outputs of a layer, (n, n_out)."""
        return self._layers[layer].y

    @property
    def held_v(self) -> Floats:
        """Converter inputs, (n, n_out)."""
        return self._layers[-1].next

    def advance(self, duration_s: float) -> StepReport:
        """Move by exactly `duration_s`."""
        energy = {supply: np.zeros(self.n) for supply in GROUPS}
        heat_j = np.zeros(self.n)
        moved, done = 0.0, 0.0
        while duration_s - done > 1e-17:
            h = min(self.step_s, duration_s - done)
            if self.ramping:
                h = min(h, self._ramp_s - self._ramp_done_s)
            before, heat_before = self._power, self._heat
            was = [(layer.y, layer.next) for layer in self._layers]
            error, move = self._step(h)
            for supply, watts in self._power.items():
                energy[supply] += 0.5 * h * (before[supply] + watts)
            energy["neuron_vdd"] += self._charge_j(was)
            heat_j += 0.5 * h * (heat_before + self._heat)
            moved = max(moved, move)
            done += h
            factor = 0.9 * np.sqrt(STEP_TOL_V / max(error, 1e-12))
            self.step_s = max(FIRST_STEP_S, h * float(np.clip(factor, SHRINK, GROW)))
        return StepReport(energy_j=energy, heat_j=heat_j, moved_v=moved)

    def _charge_j(self, was: list[tuple[Floats, Floats]]) -> Floats:
        """What the neurons' supply gave to the capacitances at their outputs.

        Both FETs conduct, so half of a load's current comes from one, half from the other.
        """
        macro = self.stack.design.macro
        charge_c = np.zeros(self.n)
        for index, (layer, (y_v, next_v)) in enumerate(zip(self._layers, was, strict=True)):
            last = index == len(self._layers) - 1
            farad = macro.neuron.load_f + (TRACK_F if last else BUFFER_INPUT_F)
            charge_c += 0.5 * farad * (layer.y - y_v).sum(axis=1)
            if last:
                charge_c += 0.5 * macro.converter.hold_f * (layer.next - next_v).sum(axis=1)
        return np.asarray(macro.vdd_v * charge_c)

    # -- one step --------------------------------------------------------------------------------

    def _step(self, h: float) -> tuple[float, float]:
        start = [(x.w.copy(), x.y.copy(), x.next.copy()) for x in self._layers]
        c = GAMMA * h
        rates: list[tuple[Floats, ...]] = []
        self._stage(start, c, self._ramp(GAMMA * h))
        for layer, old in zip(self._layers, start, strict=True):
            rates.append(
                tuple((new - was) / c for new, was in zip(_states(layer), old, strict=True))
            )
        second = [
            tuple(was + h * (1 - GAMMA) * k for was, k in zip(old, rate, strict=True))
            for old, rate in zip(start, rates, strict=True)
        ]
        self._stage(second, c, self._ramp(h))
        self._ramp_done_s = min(self._ramp_s, self._ramp_done_s + h)
        error = moved = 0.0
        for layer, old, mid, rate in zip(self._layers, start, second, rates, strict=True):
            for new, was, hist, k1 in zip(_states(layer), old, mid, rate, strict=True):
                k2 = (new - hist) / c
                error = max(error, float(np.abs(k2 - k1).max(initial=0.0)) * h * GAMMA * 0.3)
                moved = max(moved, float(np.abs(new - was).max(initial=0.0)))
        self._power, self._heat = self._watts(self._ramp(0.0))
        return error, moved

    def _ramp(self, ahead_s: float) -> float:
        """Share of the ramp done at the present time plus `ahead_s`."""
        return min(1.0, (self._ramp_done_s + ahead_s) / self._ramp_s)

    def _stage(self, history: Sequence[tuple[Floats, ...]], c: float, ramp: float) -> None:
        """States = history + c * d(states)/dt, layer by layer."""
        design = self.stack.design
        level = self._ramp_from + (self._ramp_to - self._ramp_from) * ramp
        for index, (layer, place) in enumerate(zip(self._layers, self._places, strict=True)):
            w_0, y_0, next_0 = history[index]
            base_a = place.old_a + (place.goal_a - place.old_a) * ramp
            base_a = base_a + self._driven(index)
            self._amplifiers(index, base_a, w_0, c, level)
            target = self.stack.neuron.output_v(self._signal(index, level)) * level
            share = c / self.delay_s[index]
            layer.y = (y_0 + share * target) / (1 + share)
            if index < len(self._layers) - 1:
                layer.next = _buffer(
                    layer.y, next_0, layer.next, c=c, level=level, stack=self.stack
                )
            else:
                converter = design.macro.converter
                share = c / (converter.ron_ohm * converter.hold_f)
                layer.next = (next_0 + share * layer.y) / (1 + share)
            place.now_a = base_a

    def _driven(self, index: int) -> Floats:
        """Line currents that a hidden layer's sources still lack, (n, ports, 2, width)."""
        place = self._places[index]
        if index == 0:  # its sources follow the ramp
            return np.zeros_like(place.goal_a)
        reduced = self.stack.solvers[index].reduced
        x_v = self._sources(index)
        driven = (x_v - place.x_f) @ reduced.t.reshape(-1, reduced.t.shape[2]).T
        return np.asarray(driven.reshape(place.goal_a.shape) + self._bent(index, x_v)[0])

    def _bent(self, index: int, x_v: Floats) -> tuple[Floats, Floats]:
        """What bends in a hidden layer, less than at the goal: into lines, out of sources."""
        place, bend = self._places[index], self._bends[index]
        if bend is None:
            return np.zeros_like(place.goal_a), np.zeros_like(x_v)
        lines, sources = bend.currents(x_v, self._layers[index].u)
        lines_f, sources_f = place.bent_f
        return lines - lines_f, sources - sources_f

    def _a_v(self, out: Floats) -> Floats:
        return np.asarray(out.mean(axis=1))

    def _signal(self, index: int, level: float) -> Floats:
        return self._a_v(self._layers[index].out) - self.stack.solvers[index].bank.ref_v * level

    def _sources(self, index: int) -> Floats:
        """Voltages behind the row feeds of a hidden layer, (n, n_in + 1)."""
        place = self._places[index]
        before = self._layers[index - 1].next
        x_v = np.hstack([before, place.x_f[:, -1:]])
        a_0 = place.i_f[:, :-1]  # the drop is millivolts: the final currents, scaled, are enough
        scale = before / np.where(np.abs(place.x_f[:, :-1]) > 0.02, place.x_f[:, :-1], 0.02)
        x_v[:, :-1] -= buffer_drop(a_0 * np.clip(scale, 0.0, 1.2), self.stack.design)
        return x_v

    def _place(self, index: int, goal: StackState) -> _Place:
        solver, state = self.stack.solvers[index], goal.layers[index]
        bend = self._bends[index]
        reduced, bank = solver.reduced, state.bank
        n_out, width = solver.layer.n_out, solver.layer.width
        line_a = np.zeros_like(state.u)
        line_a[:, :, 0, :n_out], line_a[:, :, 1, :n_out] = bank.plus_a, bank.minus_a
        goal_a = line_a + reduced.through(state.u)
        y_end = np.eye(reduced.y.shape[2]) / (solver.bank.r1 + solver.bank.r3)
        x_f = state.source_v
        flat = reduced.t.reshape(-1, reduced.t.shape[2])
        shape = (self.n, solver.layer.ports, 2, width)
        drive_t = (x_f[:, :-1] @ flat[:, :-1].T).reshape(shape)
        bias_t = np.broadcast_to(
            (flat[:, -1] * self.stack.design.macro.vdd_v), drive_t.reshape(self.n, -1).shape
        ).reshape(shape)
        return _Place(
            z=np.asarray(np.linalg.inv(reduced.y + y_end), dtype=np.float64),
            goal_a=goal_a,
            old_a=np.zeros_like(goal_a),
            now_a=np.zeros_like(goal_a),
            x_f=x_f,
            i_f=state.source_a,
            u_f=state.u,
            drive_power_w=np.sum(x_f[:, :-1] * state.source_a[:, :-1], axis=1),
            drive_t=drive_t,
            bias_t=bias_t,
            bent_f=bend.currents(x_f, state.u) if bend else (line_a, x_f),
        )

    def _lines(self, index: int, base_a: Floats, out: Floats, level: float) -> Floats:
        """Line voltages for the currents `base_a` of the cells and the amplifiers' outputs."""
        solver, place = self.stack.solvers[index], self._places[index]
        end_s = 1 / (solver.bank.r1 + solver.bank.r3)
        n_out, cols = solver.layer.n_out, solver.layer.w.shape[3]
        total = base_a.copy()
        total[:, :, 0, :n_out] += solver.bank.ref_v * level * end_s
        total[:, :, 1, :n_out] += out * end_s
        n, ports, _, width = total.shape
        sides = total.reshape(n, ports, 2, -1, cols).transpose(1, 3, 0, 2, 4)
        got = sides.reshape(ports, -1, n, 2 * cols) @ place.z
        back = got.reshape(ports, -1, n, 2, cols).transpose(2, 0, 3, 1, 4)
        return np.ascontiguousarray(back).reshape(n, ports, 2, width)

    def _amplifiers(self, index: int, base_a: Floats, w_0: Floats, c: float, level: float) -> None:
        layer, bank = self._layers[index], self.stack.solvers[index].bank
        amplifier = self.stack.design.macro.amplifier
        n_out = self.stack.solvers[index].layer.n_out
        r1, r3, rout = bank.r1, bank.r3, amplifier.rout_ohm
        ref_v = bank.ref_v * level
        if amplifier.kind == "ideal":
            self._exact_amplifiers(index, base_a, level)
            return
        k = 2 * np.pi * amplifier.gbw_hz / amplifier.slew_v_per_s
        room = amplifier.rail_v * level - amplifier.head_v
        swing = V_SOFT_AMPLIFIER * float(softplus(np.array(room / V_SOFT_AMPLIFIER)))
        out = layer.out
        reach = self._places[index].z.diagonal(axis1=2, axis2=3)[:, :, : r_cols(self, index)]
        pull = 1 / (r1 + r3) * (1 - reach.max() / (r1 + r3))
        top_v = self.stack.neuron.curve.vin_v[-1] + ref_v - 1e-6
        low_v = self.stack.neuron.curve.vin_v[0] + ref_v + 1e-6
        for _ in range(MAX_NEWTON):
            u = self._lines(index, base_a, out, level)
            u_plus, u_minus = u[:, :, 0, :n_out], u[:, :, 1, :n_out]
            back_a = (out - u_minus) / (r1 + r3)
            load_a, load_s = self.stack.neuron.input_a(
                np.clip(out - ref_v, low_v - ref_v, top_v - ref_v)
            )
            w = out + rout * (back_a + load_a)
            dw = 1 + rout * (pull + load_s)
            vid = (u_plus * r3 + ref_v * r1) / (r1 + r3) - u_minus - back_a * r1
            step = np.tanh(k * vid)
            over, under = (w - swing) / V_SOFT_AMPLIFIER, (-w - swing) / V_SOFT_AMPLIFIER
            rate = step - k / amplifier.a0 * w - 2 * (softplus(over) - softplus(under))
            slope = -k * (1 - step**2) * r1 * pull - k / amplifier.a0 * dw
            slope = slope - 2 / V_SOFT_AMPLIFIER * (sigmoid(over) + sigmoid(under)) * dw
            scale = c * amplifier.slew_v_per_s
            move = -(w - w_0 - scale * rate) / (dw - scale * slope)
            move = np.clip(move, -NEWTON_STEP_V, NEWTON_STEP_V)
            out = out + move
            if np.abs(move).max(initial=0.0) < NEWTON_TOL_V:
                layer.out, layer.u, layer.w = out, u, w
                return
        raise ConvergenceError(
            f"amplifiers of layer {index} still move by {np.abs(move).max():.3g} V in a time step"
        )

    def _exact_amplifiers(self, index: int, base_a: Floats, level: float) -> None:
        layer, solver = self._layers[index], self.stack.solvers[index]
        amplifier, bank = self.stack.design.macro.amplifier, solver.bank
        n_out, ref_v = solver.layer.n_out, bank.ref_v * level
        cols = solver.layer.w.shape[3]
        total = base_a.copy()
        total[:, :, 0, :n_out] += ref_v / (bank.r1 + bank.r3)
        total[:, :, 1, :n_out] += ref_v / (bank.r1 + bank.r3)
        matrix = np.linalg.inv(solver.reduced.y + np.kron(bank.admittance(), np.eye(cols)))
        n, ports, _, width = total.shape
        sides = total.reshape(n, ports, 2, -1, cols).transpose(1, 3, 0, 2, 4)
        got = sides.reshape(ports, -1, n, 2 * cols) @ matrix.transpose(0, 1, 3, 2)
        back = got.reshape(ports, -1, n, 2, cols).transpose(2, 0, 3, 1, 4)
        layer.u = np.ascontiguousarray(back).reshape(n, ports, 2, width)
        u_plus, u_minus = layer.u[:, :, 0, :n_out], layer.u[:, :, 1, :n_out]
        inp = (u_plus * bank.r3 + ref_v * bank.r1) / (bank.r1 + bank.r3)
        wanted = inp - (u_minus - inp) * bank.r3 / bank.r1
        layer.out = np.clip(wanted, -amplifier.rail_v, amplifier.rail_v)
        layer.w = layer.out

    def _watts(self, ramp: float) -> tuple[dict[str, Floats], Floats]:
        """Watts of every supply in the present state, and the cells' heat.

        Of the power its sources give, a layer's cells keep the share that they have at the goal.
        """
        heat_w = np.zeros(self.n)
        macro = self.stack.design.macro
        amplifier, buffer, vdd_v = macro.amplifier, macro.buffer, macro.vdd_v
        level = self._ramp_from + (self._ramp_to - self._ramp_from) * ramp
        power = {supply: np.zeros(self.n) for supply in GROUPS}
        amplifier_on, buffer_on = supply_share(2 * amplifier.rail_v), supply_share(vdd_v)
        for index, (layer, place) in enumerate(zip(self._layers, self._places, strict=True)):
            solver = self.stack.solvers[index]
            bank, n_out = solver.bank, solver.layer.n_out
            off = layer.u - place.u_f
            bias_w = vdd_v * place.i_f[:, -1] - np.sum(place.bias_t * off, axis=(1, 2, 3))
            if index == 0:
                drive_w = place.drive_power_w - np.sum(place.drive_t * off, axis=(1, 2, 3))
                power["drivers"] += drive_w
                net_w = drive_w + bias_w
                end_w = place.drive_power_w + vdd_v * place.i_f[:, -1]
            else:
                x_v = self._sources(index)
                rows_a = place.i_f + (x_v - place.x_f) @ solver.reduced.q
                rows_a = rows_a - off.reshape(self.n, -1) @ solver.reduced.t[0]
                rows_a = rows_a + self._bent(index, x_v)[1]
                bias_w = vdd_v * rows_a[:, -1]
                net_w, end_w = (x_v * rows_a).sum(axis=1), (place.x_f * place.i_f).sum(axis=1)
                high_a = pair_current(rows_a[:, :-1], buffer.iab_a * buffer_on)
                power["buffer_vdd"] += vdd_v * (high_a + buffer.iq_a * buffer_on).sum(axis=1)
            power["bias"] += bias_w
            if self.goal is not None:
                heat_w += self.goal.layers[index].heat_w * net_w / end_w
            signal = self._signal(index, level)
            power["neuron_vdd"] += vdd_v * self.stack.neuron.supply_a(signal).sum(axis=1)
            end_s = 1 / (bank.r1 + bank.r3)
            plus_a = (layer.u[:, :, 0, :n_out] - bank.ref_v * level) * end_s
            power["amp_ref"] -= bank.ref_v * plus_a.sum(axis=(1, 2))
            if amplifier.kind == "realisable":
                out_a = (layer.w - layer.out) / amplifier.rout_ohm
                up_a = pair_current(out_a, amplifier.iab_a * amplifier_on)
                quiet_a = amplifier.iq_a * amplifier_on
                power["amp_vdd"] += amplifier.rail_v * (up_a + quiet_a).sum(axis=(1, 2))
                power["amp_vss"] += amplifier.rail_v * (up_a - out_a + quiet_a).sum(axis=(1, 2))
        return {supply: watts * level**2 for supply, watts in power.items()}, heat_w * level**2


def r_cols(motion: Motion, index: int) -> int:
    """Columns of a tile of a layer."""
    return int(motion.stack.solvers[index].layer.w.shape[3])


def _states(layer: _Layer) -> tuple[Floats, Floats, Floats]:
    return layer.w, layer.y, layer.next


def _buffer(
    y_v: Floats, w_0: Floats, start: Floats, *, c: float, level: float, stack: FastStack
) -> Floats:
    """Implicit step of buffer_amp.va's inner voltage."""
    buffer, vdd = stack.design.macro.buffer, stack.design.macro.vdd_v * level
    k = 2 * np.pi * buffer.bw_hz / buffer.slew_v_per_s
    swing = V_SOFT_BUFFER * float(softplus(np.array(0.5 * vdd / V_SOFT_BUFFER)))
    scale, w = c * buffer.slew_v_per_s, start
    for _ in range(MAX_NEWTON):
        step = np.tanh(k * (buffer.gain * y_v - w))
        over = (w - 0.5 * vdd - swing) / V_SOFT_BUFFER
        under = (0.5 * vdd - w - swing) / V_SOFT_BUFFER
        rate = step - 2 * (softplus(over) - softplus(under))
        slope = -k * (1 - step**2) - 2 / V_SOFT_BUFFER * (sigmoid(over) + sigmoid(under))
        move = np.clip(
            -(w - w_0 - scale * rate) / (1 - scale * slope), -NEWTON_STEP_V, NEWTON_STEP_V
        )
        w = w + move
        if np.abs(move).max(initial=0.0) < NEWTON_TOL_V:
            return np.asarray(w)
    raise ConvergenceError(f"buffers still move by {np.abs(move).max():.3g} V in a time step")
