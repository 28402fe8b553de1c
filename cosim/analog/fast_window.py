# SPDX-License-Identifier: Apache-2.0
"""fast_window : one evaluation window for a batch of inputs: settling of every output, energy.

The macro is switched on with its inputs at time 0, as the sequencer does. An output has settled
when it stays within the band around its operating point for good. Every input has its own time
steps; chunks of inputs run on all threads, operating points and motions alike.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import AmplifierBank
from cosim.analog.fast_cells import LayerState
from cosim.analog.fast_forward import GROUPS, FastStack, StackState
from cosim.analog.fast_motion import motion_error, motion_kernel, workspace
from cosim.analog.fast_plan import POWERS, goal_arrays, plan_of

__all__ = ["Window", "evaluate_window", "move"]

Floats = NDArray[np.float64]
LANES, FEW = 16, 3  # inputs that the kernel moves side by side; fewer go one by one
_KEPT = threading.local()


@dataclass(frozen=True, kw_only=True)
class Window:
    """`settling_s` (n, n_out), infinite where an output is outside its band at the end.

    `energy_j` by supply, `heat_j` of the cells and `wire_j` of the wires are (n,); `steps` (n, 2)
    are taken and rejected.
    """

    settling_s: Floats
    energy_j: dict[str, Floats]
    heat_j: Floats
    wire_j: Floats
    steps: NDArray[np.int64]
    goal: StackState


def evaluate_window(stack: FastStack, drive_v: Floats, window_s: float, band_v: float) -> Window:
    """All inputs (n, n_in), from off to `window_s`; outputs are the last neurons."""
    plan_of(stack)  # before threads ask for it

    def keep(goal: StackState) -> tuple[Any, ...]:
        held = np.empty(1, dtype=object)  # `evaluate` puts what chunks return in order
        held[0] = move(stack, goal, window_s, band_v)
        return (held,)

    (parts,) = stack.evaluate(drive_v, keep)
    return _joined(stack, list(parts))


def move(stack: FastStack, goal: StackState, window_s: float, band_v: float) -> Window:
    """The windows of solved operating points, on one thread."""
    n, last = len(goal.neuron_v[-1]), stack.solvers[-1].layer
    lanes = LANES if n >= FEW else 1
    plan, work = plan_of(stack), _memory(stack, lanes)
    goals, kept = goal_arrays(stack, goal, rest=False)
    settled, joules = np.zeros((n, last.width)), np.zeros((n, len(POWERS)))
    steps, times = np.zeros((n, 2), dtype=np.int64), np.zeros((last.width, lanes))
    failed = motion_kernel(lanes).fast_motion_windows(
        ctypes.byref(plan.stack),
        goals,
        ctypes.c_long(n),
        ctypes.c_double(window_s),
        ctypes.c_double(band_v),
        *(ctypes.c_void_p(a.ctypes.data) for a in (settled, joules, steps, times, work)),
    )
    if failed:
        raise motion_error(failed, work, stack, lanes)
    del kept  # until here the kernel reads them
    found = dict(zip(POWERS, joules.T.copy(), strict=True))
    return Window(
        settling_s=settled[:, : last.n_out],
        energy_j={supply: found[supply] for supply in GROUPS},
        heat_j=found["heat"],
        wire_j=found["wire"],
        steps=steps,
        goal=goal,
    )


def _memory(stack: FastStack, lanes: int) -> Floats:
    """One workspace a thread, for the stack it last worked on."""
    if getattr(_KEPT, "stack", None) is not stack or _KEPT.lanes != lanes:
        _KEPT.stack, _KEPT.lanes, _KEPT.work = stack, lanes, workspace(stack, lanes)
    found: Floats = _KEPT.work
    return found


def _joined(stack: FastStack, parts: Sequence[Window]) -> Window:
    """Results of chunks as one."""
    return Window(
        settling_s=np.concatenate([part.settling_s for part in parts]),
        energy_j={key: np.concatenate([part.energy_j[key] for part in parts]) for key in GROUPS},
        heat_j=np.concatenate([part.heat_j for part in parts]),
        wire_j=np.concatenate([part.wire_j for part in parts]),
        steps=np.concatenate([part.steps for part in parts]),
        goal=_joined_goal(stack, [part.goal for part in parts]),
    )


def _joined_goal(stack: FastStack, goals: Sequence[StackState]) -> StackState:
    count = range(len(stack.solvers))
    return StackState(
        layers=tuple(
            _joined_layer(stack.solvers[k].bank, [goal.layers[k] for goal in goals]) for k in count
        ),
        amplifier_v=tuple(np.concatenate([g.amplifier_v[k] for g in goals]) for k in count),
        neuron_v=tuple(np.concatenate([g.neuron_v[k] for g in goals]) for k in count),
        find_power_w=lambda: {
            key: np.concatenate([g.power_w[key] for g in goals]) for key in GROUPS
        },
    )


def _joined_layer(bank: AmplifierBank, states: Sequence[LayerState]) -> LayerState:
    return LayerState(
        source_v=np.concatenate([state.source_v for state in states]),
        out_v=np.concatenate([state.out_v for state in states]),
        residual_v=max(state.residual_v for state in states),
        steps=max(state.steps for state in states),
        find_source_a=lambda: np.concatenate([state.source_a for state in states]),
        find_u=lambda: np.concatenate([state.u for state in states]),
        find_bank=bank.state,
        find_heat=lambda _x, _u: (
            np.concatenate([state.heat_w for state in states]),
            np.concatenate([state.wire_w for state in states]),
        ),
    )
