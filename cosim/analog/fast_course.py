# SPDX-License-Identifier: Apache-2.0
"""fast_course : the motion of one macro from input to input, whoever moves it.

An input that was foreseen is one of several that move side by side (fast_together.py), as long as
what happens to it is what happened to the first of them. Else it is moved alone: from its start, by
the same slices, so nothing that was foreseen is taken for what happens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_ahead import Ahead
from cosim.analog.fast_forward import FastStack
from cosim.analog.fast_motion import Motion, Moving, StepReport
from cosim.analog.fast_together import Lane

__all__ = ["Course"]

Bits = NDArray[np.generic]


class Course:
    """One stack; `foreseen` are inputs (n_in,) that will probably come, in this order."""

    def __init__(self, stack: FastStack, foreseen: Sequence[Bits]) -> None:
        self._stack = stack
        self._ahead = Ahead(stack, foreseen)
        self._alone = Motion(stack)
        self._lane: Lane | None = None
        self._bits: Bits | None = None  # of the lane

    @property
    def now(self) -> Moving:
        """What it is and gives."""
        return self._alone if self._lane is None else self._lane

    def off(self) -> None:
        """Everything is unpowered and at rest."""
        self._lane = None
        self._alone.off()

    def rest(self, bits: Bits) -> None:
        """Everything stands at the operating point of `bits` (n_in,)."""
        self._lane = None
        self._alone.rest(self._stack.solve(self._stack.drive_of(bits)))

    def head_for(self, bits: Bits, *, from_off: bool) -> None:
        """Sources begin their ramp towards the operating point of `bits` now."""
        self._leave()
        self._lane = self._ahead.lane(bits) if from_off else None
        self._bits = bits.copy()
        if self._lane is None:
            self._alone.head_for(self._ahead.solve(bits), from_off=from_off)

    def advance(self, duration_s: float) -> StepReport:
        """Move by exactly `duration_s`."""
        if self._lane is not None:
            report = self._lane.advance(duration_s)
            if report is not None:
                return report
            self._leave()
        return self._alone.advance(duration_s)

    def close(self) -> None:
        """Nothing is worked out any more."""
        self._ahead.close()

    def _leave(self) -> None:
        """From here on alone: that motion takes the slices that the lane has taken."""
        lane, self._lane = self._lane, None
        if lane is None or self._bits is None:
            return
        self._ahead.apart()
        self._alone.off()
        self._alone.head_for(self._ahead.solve(self._bits), from_off=True)
        for duration_s in lane.durations_s:
            self._alone.advance(duration_s)
