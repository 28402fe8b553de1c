# SPDX-License-Identifier: Apache-2.0
"""fast_window : one evaluation window for a batch of inputs: settling of every output, energy.

The macro is switched on with its inputs at time 0, as the sequencer does. An output has settled
when it stays within the band around its operating point for good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_forward import GROUPS, FastStack, StackState
from cosim.analog.fast_motion import Motion

__all__ = ["Window", "evaluate_window"]

Floats = NDArray[np.float64]
STILL_V = 1e-5  # nothing moves more than this in STILL_S: the rest of the window is at rest
STILL_S = 1e-10
FIRST_S = 4e-12  # of the ever wider marks at which outputs are looked at
GROW = 1.12


@dataclass(frozen=True, kw_only=True)
class Window:
    """`settling_s` (n, n_out); `energy_j` by supply and `heat_j` of the cells (n,)."""

    settling_s: Floats
    energy_j: dict[str, Floats]
    heat_j: Floats
    goal: StackState


def evaluate_window(stack: FastStack, drive_v: Floats, window_s: float, band_v: float) -> Window:
    """All inputs (n, n_in) at once, from off to `window_s`; outputs are the last neurons."""
    goal = stack.solve(drive_v)
    final = goal.neuron_v[-1]
    n = len(drive_v)
    motion = Motion(stack, n)
    motion.head_for(goal, from_off=True)
    energy = {supply: np.zeros(n) for supply in GROUPS}
    heat_j = np.zeros(n)
    settling = np.zeros_like(final)
    gap_before = np.abs(motion.neuron_v(-1) - final)
    now_s, still_s, step_s = 0.0, 0.0, FIRST_S
    while now_s < window_s * (1 - 1e-9):
        if still_s >= STILL_S:
            for supply, watts in motion.power_w().items():
                energy[supply] += watts * (window_s - now_s)
            heat_j += motion.heat_w * (window_s - now_s)
            break
        step_s = min(step_s * GROW, STILL_S, window_s - now_s)
        report = motion.advance(step_s)
        for supply, joules in report.energy_j.items():
            energy[supply] += joules
        heat_j += report.heat_j
        gap = np.abs(motion.neuron_v(-1) - final)
        inside = np.clip((gap_before - band_v) / np.maximum(gap_before - gap, 1e-30), 0.0, 1.0)
        crossed = (gap_before > band_v) & (gap <= band_v)
        settling = np.where(crossed, now_s + inside * step_s, settling)
        settling = np.where(gap > band_v, np.inf, settling)
        gap_before = gap
        now_s += step_s
        still = not motion.ramping and report.moved_v < STILL_V * max(step_s / STILL_S, 0.05)
        still_s = still_s + step_s if still else 0.0
    return Window(settling_s=settling, energy_j=energy, heat_j=heat_j, goal=goal)
