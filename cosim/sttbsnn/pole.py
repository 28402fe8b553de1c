# SPDX-License-Identifier: Apache-2.0
"""pole : voltages that go to a goal as one exponential."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pole"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pole:
    """From `start` to `goal` (V) with `tau_ps`, beginning at `since_ps`."""

    start: Floats
    goal: Floats
    since_ps: float
    tau_ps: float

    @classmethod
    def at(cls, volts: Floats) -> Pole:
        """At rest."""
        return cls(start=volts, goal=volts, since_ps=0.0, tau_ps=1.0)

    def to(self, goal: Floats, since_ps: float, tau_ps: float) -> Pole:
        """The goal changes at `since_ps`."""
        return Pole(start=self.volts(since_ps), goal=goal, since_ps=since_ps, tau_ps=tau_ps)

    def volts(self, t_ps: float) -> Floats:
        """At `t_ps`."""
        left = np.exp(-max(t_ps - self.since_ps, 0.0) / self.tau_ps)
        return np.asarray(self.goal + (self.start - self.goal) * left)

    def over(self, times_ps: Floats) -> Floats:
        """At times (n,): shape (n, rows)."""
        left = np.exp(-np.maximum(times_ps - self.since_ps, 0.0) / self.tau_ps)
        return np.asarray(self.goal + np.multiply.outer(left, self.start - self.goal))

    def left_v(self, t_ps: float) -> float:
        """How far the furthest one is from its goal."""
        return float(np.abs(self.volts(t_ps) - self.goal).max(initial=0.0))
