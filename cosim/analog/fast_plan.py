# SPDX-License-Identifier: Apache-2.0
"""fast_plan : a programmed stack as the motion kernel (fast_motion.h) reads it, built once.

Fields, their order and the arrays' shapes are those of `struct layer`, `struct stack` and
`struct goal` there. Lines are [port][side][column]; columns are padded to the layer's width.
"""

from __future__ import annotations

import ctypes
import weakref
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import (
    V_SOFT_AMPLIFIER,
    V_SOFT_BUFFER,
    buffer_state,
    supply_share,
)
from cosim.analog.fast_bend import TERMS, Bend, bend_of
from cosim.analog.fast_cells import LayerSolver
from cosim.analog.fast_forward import FastStack, StackState
from cosim.analog.fast_layer import TiledLayer
from cosim.analog.spline import at, monotone, smooth
from cosim.analog.tables_delay import AMPLIFIER_INPUT_F, BUFFER_INPUT_F, TRACK_F, neuron_lags
from cosim.errors import DesignError

__all__ = ["POWERS", "MotionPlan", "goal_arrays", "plan_of"]

Floats = NDArray[np.float64]
POWERS = (
    *("drivers", "buffer_vdd", "bias", "amp_vdd", "amp_vss", "amp_ref", "neuron_vdd"),
    *("heat", "wire"),
)
BLOCK, MANY = 64, 16  # lines are padded to four vectors
MOST_LAYERS = 16
STEP_TOL_V = 8e-3  # of a step's error; the volts it ends at do not depend on it
STEP_SHARE = 0.006  # of what is left to the end, where that is less
TAYLOR = 6  # a line's bend in powers of its own volts, below the sixth
FIRST_STEP_S = 1e-12


class _Layer(ctypes.Structure):
    _fields_ = (
        *((key, ctypes.c_long) for key in ("n_in", "n_out", "ports", "v", "cols", "width")),
        *((key, ctypes.c_long) for key in ("wide", "pad", "pad_in")),
        *((key, ctypes.c_long) for key in ("hidden", "last", "exact", "bent", "buffered")),
        *((key, ctypes.c_double) for key in ("r1", "r3")),
        *((key, ctypes.c_double) for key in ("load_f", "reach_v")),
        *((key, ctypes.c_void_p) for key in ("zt", "ztx", "tt", "q", "by", "own")),
        *(
            (key, ctypes.c_void_p)
            for key in ("bias_t", "amplifier_os", "per_lag", "neuron_os", "live")
        ),
        *((f"line_{key}", ctypes.c_void_p) for key in ("first", "other", "scale", "share")),
        *((f"row_{key}", ctypes.c_void_p) for key in ("first", "other", "scale", "share")),
        ("coef", ctypes.c_float * TERMS),
        ("taylor", ctypes.c_float * TERMS * TAYLOR),
    )


class _Stack(ctypes.Structure):
    _fields_ = (
        *((key, ctypes.c_long) for key in ("n_layers", "points")),
        *((key, ctypes.c_double) for key in ("vdd", "ref", "tie_ohm", "rise_s", "tol_v")),
        *((key, ctypes.c_double) for key in ("share", "first_s")),
        *((key, ctypes.c_double) for key in ("a_k", "a_a0", "a_rout", "a_slew", "a_rail")),
        *((key, ctypes.c_double) for key in ("a_head", "a_soft", "a_quiet", "a_pair")),
        *((key, ctypes.c_double) for key in ("b_k", "b_gain", "b_slew", "b_soft")),
        *((key, ctypes.c_double) for key in ("b_rout", "b_imax", "b_quiet", "b_pair")),
        *((key, ctypes.c_double) for key in ("hold_s", "hold_f", "low_v", "per_v")),
        *((key, ctypes.c_void_p) for key in ("spline", "layers")),
    )


_GOAL = ("u", "out", "w", "x", "i", "y", "next", "signal", "drive_t", "shift", "sums")


class _Goal(ctypes.Structure):
    _fields_ = tuple((key, ctypes.c_void_p) for key in _GOAL)


@dataclass(frozen=True)
class MotionPlan:
    """What the kernel is given: the C structures and the arrays that they point into."""

    stack: _Stack
    drive_t: Floats  # (n_in, lines) of the first layer, as the kernel has them
    places: tuple[NDArray[np.int64], ...]  # of lines
    pads: tuple[int, ...]
    kept: tuple[object, ...]


_PLANS: dict[int, tuple[weakref.ref[FastStack], MotionPlan]] = {}


def plan_of(stack: FastStack) -> MotionPlan:
    """The plan of a stack, made at its first motion."""
    key = id(stack)
    known = _PLANS.get(key)
    if known is None or known[0]() is not stack:
        known = (weakref.ref(stack, lambda _: _PLANS.pop(key, None)), _plan(stack))
        _PLANS[key] = known
    return known[1]


def goal_arrays(stack: FastStack, goal: StackState, *, rest: bool) -> tuple[object, list[Floats]]:
    """`struct goal` of every layer for a batch, and the arrays they point into.

    Inner voltages of buffers are found only for `rest`: nothing else needs them.
    """
    macro = stack.design.macro
    goals = (_Goal * len(stack.solvers))()
    kept: list[Floats] = []
    plan = plan_of(stack)
    for index, (solver, state) in enumerate(zip(stack.solvers, goal.layers, strict=True)):
        width, bank, bank_of = solver.layer.width, state.bank, solver.bank
        w = bank.out_v
        if bank.out_a is not None:
            w = w + bank.out_a * macro.amplifier.rout_ohm
        y_v = goal.neuron_v[index]
        last = index == len(stack.solvers) - 1
        bare = last or not macro.buffer.enabled
        next_v = buffer_state(y_v, stack.design) if rest and not bare else y_v
        signal_v = bank_of.signal_v(bank.a_v)
        shift_v = y_v - stack.neuron.output_v(signal_v)
        drive_w = (state.source_v[:, :-1] * state.source_a[:, :-1]).sum(axis=1)
        extra_w = np.zeros_like(drive_w)
        if stack.loaded is not None and not last:
            more_a = stack.loaded.supply_a(signal_v, y_v) - stack.neuron.supply_a(signal_v)
            extra_w = macro.vdd_v * more_a.sum(axis=1)
        u = _spread(state.u.reshape(len(drive_w), -1), plan.places[index], plan.pads[index])
        arrays = {
            "u": u,
            "out": _wide(bank.out_v, width),
            "w": _wide(w, width),
            "x": state.source_v,
            "i": state.source_a,
            "y": _wide(y_v, width),
            "next": _wide(next_v, width),
            "signal": _wide(signal_v, width),
            "drive_t": u if index else state.source_v[:, :-1] @ plan.drive_t,
            "shift": _wide(shift_v, width),
            "sums": np.stack([drive_w, state.heat_w, state.wire_w, extra_w], axis=1),
        }
        for key, values in arrays.items():
            array = np.ascontiguousarray(values, dtype=np.float64)
            kept.append(array)
            setattr(goals[index], key, array.ctypes.data)
    return goals, kept


def _plan(stack: FastStack) -> MotionPlan:
    macro, n = stack.design.macro, len(stack.solvers)
    if stack.loaded is not None:
        raise DesignError(
            "engine fast moves no neurons without buffers in time: "
            "macro.buffer.enabled must be true, or ask for operating points alone (--at-rest)"
        )
    if n > MOST_LAYERS:
        raise DesignError(f"engine fast follows at most {MOST_LAYERS} layers in time, got {n}")
    kept: list[object] = []
    layers = (_Layer * n)(*(_layer(stack, k, kept) for k in range(n)))
    table = _neuron_columns(stack)
    per_v = stack.neuron.per_v
    powers = smooth(table[:, 0], table[:, 1:]) / per_v ** np.arange(3, -1, -1)[:, None, None]
    spline = np.ascontiguousarray(powers.transpose(2, 0, 1), dtype=np.float32)
    amplifier, buffer, converter = macro.amplifier, macro.buffer, macro.converter
    amplifier_on, buffer_on = supply_share(2 * amplifier.rail_v), supply_share(macro.vdd_v)
    tied = macro.partition.outputs == "tied"
    whole = _Stack(
        n_layers=n,
        points=spline.shape[2],
        vdd=macro.vdd_v,
        ref=stack.solvers[0].bank.ref_v,
        tie_ohm=macro.partition.tie_ohm if tied else 0.0,
        rise_s=macro.driver.rise_ps * 1e-12,
        tol_v=STEP_TOL_V,
        share=STEP_SHARE,
        first_s=FIRST_STEP_S,
        a_k=2 * np.pi * amplifier.gbw_hz / amplifier.slew_v_per_s,
        a_a0=amplifier.a0,
        a_rout=amplifier.rout_ohm,
        a_slew=amplifier.slew_v_per_s,
        a_rail=amplifier.rail_v,
        a_head=amplifier.head_v,
        a_soft=V_SOFT_AMPLIFIER,
        a_quiet=amplifier.iq_a * amplifier_on,
        a_pair=amplifier.iab_a * amplifier_on,
        b_k=2 * np.pi * buffer.bw_hz / buffer.slew_v_per_s,
        b_gain=buffer.gain,
        b_slew=buffer.slew_v_per_s,
        b_soft=V_SOFT_BUFFER,
        b_rout=buffer.rout_ohm,
        b_imax=buffer.imax_a,
        b_quiet=buffer.iq_a * buffer_on,
        b_pair=buffer.iab_a * buffer_on,
        hold_s=converter.ron_ohm * converter.hold_f,
        hold_f=converter.hold_f,
        low_v=float(table[0, 0]),
        per_v=per_v,
        spline=spline.ctypes.data,
        layers=ctypes.addressof(layers),
    )
    t = stack.solvers[0].reduced.t
    places = tuple(_line_places(solver.layer) for solver in stack.solvers)
    pads = tuple(int(layer.pad) for layer in layers)
    return MotionPlan(
        stack=whole,
        drive_t=_spread(t.reshape(-1, t.shape[2])[:, :-1].T, places[0], pads[0]),
        places=places,
        pads=pads,
        kept=(*kept, layers, spline),
    )


def _neuron_columns(stack: FastStack) -> Floats:
    """Over signals: output, hold's lag, supply and input currents, delay (the kernel's N_...)."""
    table = stack.neuron.curve.table
    lags = neuron_lags(stack.design)
    within = np.clip(table[:, 0], lags.signal_v[0], lags.signal_v[-1])
    hold, delay = (
        at(lags.signal_v, monotone(lags.signal_v, seconds), within)
        for seconds in (lags.hold_s, lags.delay_s)
    )
    return np.column_stack([table[:, 0], table[:, 1], hold, table[:, 3], table[:, 4], delay])


def _layer(stack: FastStack, index: int, kept: list[object]) -> _Layer:
    design, solver = stack.design, stack.solvers[index]
    layer, bank, reduced = solver.layer, solver.bank, solver.reduced
    last = index == len(stack.solvers) - 1
    exact = design.macro.amplifier.kind == "ideal"
    cols, width, place = layer.w.shape[3], layer.width, _line_places(layer)
    wide, pad = _up(2 * cols), layer.ports * layer.w.shape[1] * _up(2 * cols)
    pad_in = _up(layer.n_in + 1)
    z = _lines_per_ampere(solver, exact=exact)
    by = z[..., cols:].reshape(-1, 2 * cols, cols).transpose(0, 2, 1) / (bank.r1 + bank.r3)
    own = np.diagonal(by.reshape(-1, cols, 2, cols), axis1=1, axis2=3)  # (block, side, column)
    t = reduced.t.reshape(-1, layer.n_in + 1).T
    ztx = (z @ _blocks(reduced.t, cols)).reshape(-1, layer.n_in + 1).T  # block by block
    bent = bool(np.isfinite(layer.cell.v_h_v))
    bend = bend_of(layer, reduced, design.macro.vdd_v, first=index == 0) if bent else None
    square = np.zeros((*z.shape[:2], wide, wide))
    square[:, :, : 2 * cols, : 2 * cols] = z.transpose(0, 1, 3, 2)
    arrays: dict[str, NDArray[np.generic]] = {
        "zt": _in_columns(square),
        "ztx": _in_columns(_spread(ztx, np.sort(place), pad)),
        "tt": _in_columns(_wide(_spread(t, place, pad).T, pad_in)),
        "q": _in_columns(_wide(reduced.q, pad_in)),
        "by": _in_columns(_wide(by, wide)),
        "own": _wide(own.reshape(-1, 2 * cols), wide),
        "bias_t": _spread(design.macro.vdd_v * t[-1:], place, pad),
        "amplifier_os": _offsets(bank.amplifier_offset_v, layer.ports, layer.n_out, width),
        "per_lag": 1 / _input_lags_s(z, bank.r1, bank.r3),
        "neuron_os": _offsets(bank.neuron_offset_v, 1, layer.n_out, width),
        "live": np.arange(width) < layer.n_out,
    }
    found = _Layer(
        n_in=layer.n_in,
        n_out=layer.n_out,
        ports=layer.ports,
        v=layer.w.shape[1],
        cols=cols,
        width=width,
        wide=wide,
        pad=pad,
        pad_in=pad_in,
        hidden=int(index > 0),
        last=int(last),
        exact=int(exact),
        bent=int(bent),
        buffered=int(design.macro.buffer.enabled),
        r1=bank.r1,
        r3=bank.r3,
        load_f=design.macro.neuron.load_f + (TRACK_F if last else BUFFER_INPUT_F),
        reach_v=bend.reach_v if bend else np.inf,
    )
    floats = {key: np.ascontiguousarray(values, np.float32) for key, values in arrays.items()}
    cells = {**_cells("line", bend, place, pad), **_cells("row", bend, place, pad)} if bend else {}
    for key, array in {**floats, **cells}.items():
        kept.append(array)
        setattr(found, key, array.ctypes.data)
    if bend:
        found.coef[:] = bend.terms.tolist()
        for m in range(TAYLOR):
            found.taylor[m][:] = [c * comb(2 * e + 1, m) for e, c in enumerate(bend.terms.tolist())]
    return found


def _cells(
    what: str, bend: Bend, place: NDArray[np.int64], pad: int
) -> dict[str, NDArray[np.generic]]:
    """The cells that bend, by their line or by their row (`struct cells`)."""
    row, line = np.nonzero(bend.scale * bend.share)
    own, other, count = place[line], row, pad
    if what == "row":
        own, other, count = row, place[line], len(bend.scale)
    order = np.lexsort((other, own))
    scale = (bend.scale * bend.share)[row, line][order]
    return {
        f"{what}_first": np.searchsorted(own[order], np.arange(count + 1)).astype(np.int32),
        f"{what}_other": other[order].astype(np.int32),
        f"{what}_scale": scale.astype(np.float32),
        f"{what}_share": bend.share[row, line][order].astype(np.float32),
    }


def _lines_per_ampere(solver: LayerSolver, *, exact: bool) -> Floats:
    """Z = (Y + what the amplifiers put on the lines)^-1, (ports, v, 2c, 2c)."""
    bank, cols = solver.bank, solver.layer.w.shape[3]
    ends = bank.admittance() if exact else np.eye(2) / (bank.r1 + bank.r3)
    return np.asarray(np.linalg.inv(solver.reduced.y + np.kron(ends, np.eye(cols))))


def _input_lags_s(z: Floats, r1_ohm: float, r3_ohm: float) -> Floats:
    """Seconds of c_in behind what an op-amp's inputs see, lines and cells included."""
    cols, share = z.shape[-1] // 2, r3_ohm / (r1_ohm + r3_ohm)
    own = np.diagonal(z.reshape(-1, 2, cols, 2, cols), axis1=2, axis2=4)  # (block, 2, 2, column)
    line_ohm = own[:, 0, 0] + own[:, 1, 1] - own[:, 0, 1] - own[:, 1, 0]
    return AMPLIFIER_INPUT_F * (2 * r1_ohm * share + share**2 * line_ohm)


def _blocks(t: Floats, cols: int) -> Floats:
    """(ports, 2*width, n) as (ports, v, 2c, n)."""
    ports, lines, n = t.shape
    parts = t.reshape(ports, 2, lines // (2 * cols), cols, n).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(parts).reshape(ports, -1, 2 * cols, n)


def _line_places(layer: TiledLayer) -> NDArray[np.int64]:
    """Where lines [port][side][column] lie among the kernel's [port][v][side][column in v]."""
    v_p, cols = layer.w.shape[1], layer.w.shape[3]
    blocks = np.arange(layer.ports * v_p).reshape(layer.ports, 1, v_p, 1)
    within = np.arange(2 * cols).reshape(1, 2, 1, cols)
    return np.asarray((blocks * _up(2 * cols) + within).ravel())


def _spread(rows: Floats, place: NDArray[np.int64], pad: int) -> Floats:
    """The last axis laid out anew, with zeros between."""
    found = np.zeros((*rows.shape[:-1], pad))
    found[..., place] = rows
    return found


def _in_columns(matrix: Floats) -> Floats:
    """(..., from, to) as (..., to / MANY, from, MANY): the kernel reads it from end to end."""
    *blocks, n, to = matrix.shape
    return matrix.reshape(*blocks, n, to // MANY, MANY).swapaxes(-2, -3)


def _up(count: int) -> int:
    return -(-count // BLOCK) * BLOCK


def _wide(values: Floats, width: int) -> Floats:
    """The last axis padded to `width`."""
    found = np.zeros((*values.shape[:-1], width))
    found[..., : values.shape[-1]] = values
    return found


def _offsets(volts: Floats | float, ports: int, n_out: int, width: int) -> Floats:
    return _wide(np.array(np.broadcast_to(volts, (ports, n_out))), width)
