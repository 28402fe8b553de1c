# SPDX-License-Identifier: Apache-2.0
"""fast_motion : one evaluation of a stack in time, moved on in slices by the motion kernel.

States are the inner voltages of amplifiers and buffers, neuron outputs and hold capacitors. Cells
and wires follow at once; around the operating point they move to, their reduced layer stands for
them (exact at the end of the motion), with what bends in hidden layers added cell by cell.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_build import library
from cosim.analog.fast_forward import GROUPS, FastStack, StackState
from cosim.analog.fast_plan import POWERS, goal_arrays, plan_of
from cosim.errors import ConvergenceError, CosimError, RangeError

__all__ = [
    "Motion",
    "Moving",
    "StepReport",
    "head_for_lanes",
    "motion_error",
    "motion_kernel",
    "slices",
    "workspace",
]

Floats = NDArray[np.float64]
SOURCES = tuple(
    Path(__file__).parent / f"fast_motion{part}.c"
    for part in (
        *("", "_advance", "_amplifiers", "_bend", "_lines", "_stage", "_state", "_step"),
        *("_tied", "_watts"),
    )
)
HEADERS = tuple(Path(__file__).parent / f"fast_motion{part}.h" for part in ("", "_math"))
FLAGS = (
    *("-fopenmp-simd", "-mprefer-vector-width=512", "-fno-math-errno", "-fno-trapping-math"),
    *("-fno-signed-zeros", "-fassociative-math", "-Wno-psabi"),
)
OFF, HEAD, HEAD_FROM_OFF, REST = range(4)
FROM, DONE_S, STEP, MOVED, LAYER, WORST, STEPS, REJECTED, LAST, POWER = range(10)
ENERGY = POWER + len(POWERS)
SIZE = ENERGY + len(POWERS)
NO_CONVERGENCE, NEURON_RANGE, BEND_RANGE = 1, 2, 3
ALIGN = 8  # doubles in a cache line


@lru_cache(maxsize=2)
def motion_kernel(lanes: int = 1) -> ctypes.CDLL:
    """The compiled motion of `lanes` inputs side by side; built on first use."""
    found = library("motion", SOURCES, (*FLAGS, f"-DLANES={lanes}"), HEADERS)
    found.fast_motion_size.restype = ctypes.c_size_t
    found.fast_motion_read.restype = None
    return found


def workspace(stack: FastStack, lanes: int = 1) -> Floats:
    """Zeroed memory of `lanes` motions, on a cache line."""
    size = int(motion_kernel(lanes).fast_motion_size(ctypes.byref(plan_of(stack).stack)))
    whole = np.zeros(size + ALIGN)
    start = -whole.ctypes.data // 8 % ALIGN
    return whole[start : start + size]


def motion_error(code: int, work: Floats, stack: FastStack, lanes: int = 1) -> CosimError:
    """What went wrong in the kernel, by its code."""
    work = work[::lanes]
    layer = int(work[LAYER])
    if code == NEURON_RANGE:
        grid = stack.neuron.curve.vin_v
        return RangeError(
            f"neuron input {work[WORST]:.4g} V in layer {layer} is outside its curve,"
            f" {grid[0]:g}..{grid[-1]:g} V"
        )
    if code == BEND_RANGE:
        return RangeError(f"cells of layer {layer} leave the voltages their bend was fitted for")
    return ConvergenceError(f"layer {layer} does not converge in a time step of {work[STEP]:.3g} s")


def head_for_lanes(
    stack: FastStack, work: Floats, goal: StackState | None, how: int, lanes: int = 1
) -> None:
    """What `how` says of `lanes` motions, towards the operating points `goal` where it has some."""
    goals, kept = goal_arrays(stack, goal, rest=how == REST) if goal else (None, [])
    failed = motion_kernel(lanes).fast_motion_set(
        ctypes.byref(plan_of(stack).stack),
        goals,
        ctypes.c_long(1 if goal is None else len(goal.neuron_v[-1])),
        ctypes.c_int(how),
        ctypes.c_void_p(work.ctypes.data),
    )
    del kept  # until here the kernel reads them
    if failed:
        raise motion_error(failed, work, stack, lanes)


def slices(
    stack: FastStack, work: Floats, durations_s: Sequence[float], lanes: int
) -> tuple[Floats, list[Floats]]:
    """All motions by each duration in turn, as far as none fails. After each slice: heads
    (slices, SIZE, lanes); amplifiers, neurons and what follows them, (slices, 3, n_out, lanes) for
    each layer.
    """
    n, widths = len(durations_s), [solver.layer.width for solver in stack.solvers]
    heads, volts = np.empty((n, SIZE, lanes)), np.empty((n, 3 * sum(widths) * lanes))
    durations, done = np.array(durations_s, dtype=np.float64), ctypes.c_long()
    motion_kernel(lanes).fast_motion_slices(
        ctypes.byref(plan_of(stack).stack),
        ctypes.c_void_p(durations.ctypes.data),
        ctypes.c_long(n),
        ctypes.c_void_p(heads.ctypes.data),
        ctypes.c_void_p(volts.ctypes.data),
        ctypes.byref(done),
        ctypes.c_void_p(work.ctypes.data),
    )
    layers, begin = [], 0
    for width, solver in zip(widths, stack.solvers, strict=True):
        end = begin + 3 * width * lanes
        layer = volts[: done.value, begin:end].reshape(-1, 3, width, lanes)
        layers.append(layer[:, :, : solver.layer.n_out])
        begin = end
    return heads[: done.value], layers


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """Joules by supply, heat of cells and wires, and the sum of the steps' largest moves."""

    energy_j: dict[str, float]
    heat_j: float
    wire_j: float
    moved_v: float


class Moving:
    """What one motion is and gives now, from the head of its workspace.

    `rise_s` is how long inputs ramp.
    """

    def __init__(self, rise_s: float) -> None:
        self._rise_s = rise_s

    @property
    def head(self) -> list[float]:
        """FROM, DONE_S ... up to SIZE, as they stand now."""
        raise NotImplementedError

    def _read(self, layer: int, what: int) -> Floats:
        """Amplifiers (0), neurons (1) or what follows them (2), (n_out,); the last layer is -1."""
        raise NotImplementedError

    @property
    def ramping(self) -> bool:
        """Input ramps are under way."""
        return self.head[DONE_S] < self._rise_s * (1 - 1e-9)

    def power_w(self) -> dict[str, float]:
        """Watts delivered by each supply now."""
        return dict(zip(GROUPS, self.head[POWER:ENERGY], strict=False))

    @property
    def heat_w(self) -> float:
        """What the cells turn into heat now."""
        return self.head[POWER + POWERS.index("heat")]

    @property
    def wire_w(self) -> float:
        """What the wires turn into heat now."""
        return self.head[POWER + POWERS.index("wire")]

    def amplifier_v(self, layer: int) -> Floats:
        """Neuron inputs of a layer, (n_out,)."""
        return self._read(layer, 0)

    def neuron_v(self, layer: int) -> Floats:
        """Neuron outputs of a layer, (n_out,)."""
        return self._read(layer, 1)

    @property
    def held_v(self) -> Floats:
        """Converter inputs, (n_out,)."""
        return self._read(-1, 2)

    def report(self) -> StepReport:
        """What the last slice took."""
        head = self.head
        joules = head[ENERGY:SIZE]
        return StepReport(
            energy_j=dict(zip(GROUPS, joules, strict=False)),
            heat_j=joules[POWERS.index("heat")],
            wire_j=joules[POWERS.index("wire")],
            moved_v=head[MOVED],
        )


class Motion(Moving):
    """One evaluation of one stack."""

    def __init__(self, stack: FastStack) -> None:
        super().__init__(plan_of(stack).stack.rise_s)
        self.stack = stack
        self._work = workspace(stack)

    def head_for(self, goal: StackState, *, from_off: bool) -> None:
        """Sources begin their ramp towards the operating point `goal` (of one input) now."""
        head_for_lanes(self.stack, self._work, goal, HEAD_FROM_OFF if from_off else HEAD)

    def rest(self, goal: StackState) -> None:
        """Everything stands at the operating point `goal`."""
        head_for_lanes(self.stack, self._work, goal, REST)
        for index, supply in enumerate(POWERS[: len(GROUPS)]):
            self._work[POWER + index] = goal.power_w[supply][0]

    def off(self) -> None:
        """Everything is unpowered and at rest."""
        head_for_lanes(self.stack, self._work, None, OFF)

    def advance(self, duration_s: float) -> StepReport:
        """Move by exactly `duration_s`."""
        failed = motion_kernel().fast_motion_advance(
            ctypes.byref(plan_of(self.stack).stack),
            ctypes.c_double(duration_s),
            ctypes.c_void_p(self._work.ctypes.data),
        )
        if failed:
            raise motion_error(failed, self._work, self.stack)
        return self.report()

    @property
    def head(self) -> list[float]:
        found: list[float] = self._work[:SIZE].tolist()
        return found

    def _read(self, layer: int, what: int) -> Floats:
        layer %= len(self.stack.solvers)
        solved = self.stack.solvers[layer].layer
        found = np.empty((3, solved.width))
        motion_kernel().fast_motion_read(
            ctypes.byref(plan_of(self.stack).stack),
            ctypes.c_long(layer),
            ctypes.c_void_p(self._work.ctypes.data),
            ctypes.c_void_p(found.ctypes.data),
        )
        return np.array(found[what, : solved.n_out])
