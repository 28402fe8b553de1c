# SPDX-License-Identifier: Apache-2.0
"""fast_together : motions of inputs that will probably come, side by side, slice by slice.

All start from off at once. What every one is and has taken is kept at the end of each slice, so it
can be asked for later, one input after another. Slices are as long as the first that asks wants
them; who wants others must be moved alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_forward import LANES, FastStack, StackState
from cosim.analog.fast_motion import (
    HEAD_FROM_OFF,
    OFF,
    SIZE,
    Moving,
    StepReport,
    advance_lanes,
    head_for_lanes,
    read_lanes,
    workspace,
)
from cosim.analog.fast_plan import plan_of
from cosim.errors import CosimError

__all__ = ["LEAST", "Lane", "Together"]

Floats = NDArray[np.float64]
LEAST = 5  # LANES motions side by side take as long as four one by one


@dataclass(frozen=True, kw_only=True)
class _Stand:
    """Where all motions are after a slice: a head for each, layers (3, n_out, LANES) each."""

    duration_s: float
    heads: list[list[float]]
    layers: tuple[Floats, ...]


class Together:
    """Motions towards the operating points `goal`, LANES at most."""

    def __init__(self, stack: FastStack, goal: StackState) -> None:
        self.stack = stack
        self._work = workspace(stack, LANES)
        head_for_lanes(stack, self._work, None, OFF, LANES)
        head_for_lanes(stack, self._work, goal, HEAD_FROM_OFF, LANES)
        self._stands = [self._stand(0.0)]
        self._failed = False

    @property
    def durations_s(self) -> tuple[float, ...]:
        """Of all slices so far."""
        return tuple(stand.duration_s for stand in self._stands[1:])

    def stand(self, index: int, duration_s: float) -> _Stand | None:
        """The end of slice `index`, from 1; None if it is not of that length, or some motion failed
        there."""
        if index == len(self._stands) and not self._failed:
            try:
                advance_lanes(self.stack, self._work, duration_s, LANES)
            except CosimError:  # whose it is shows when that one is moved alone
                self._failed = True
            else:
                self._stands.append(self._stand(duration_s))
        if index >= len(self._stands) or self._stands[index].duration_s != duration_s:
            return None
        return self._stands[index]

    @property
    def begin(self) -> _Stand:
        """Where all start."""
        return self._stands[0]

    def _stand(self, duration_s: float) -> _Stand:
        return _Stand(
            duration_s=duration_s,
            heads=self._work[: SIZE * LANES].reshape(SIZE, LANES).T.tolist(),
            layers=tuple(
                read_lanes(self.stack, self._work, layer, LANES)
                for layer in range(len(self.stack.solvers))
            ),
        )


class Lane(Moving):
    """One of them, from its start; the others may be further."""

    def __init__(self, together: Together, lane: int) -> None:
        super().__init__(plan_of(together.stack).stack.rise_s)
        self._together, self._lane = together, lane
        self._at = together.begin
        self.durations_s: list[float] = []  # taken so far

    def advance(self, duration_s: float) -> StepReport | None:
        """Move by exactly `duration_s`; None where it would have to be moved alone."""
        stand = self._together.stand(len(self.durations_s) + 1, duration_s)
        if stand is None:
            return None
        self._at = stand
        self.durations_s.append(duration_s)
        return self.report()

    @property
    def head(self) -> list[float]:
        return self._at.heads[self._lane]

    def _read(self, layer: int, what: int) -> Floats:
        return np.array(self._at.layers[layer][what, :, self._lane])
