# SPDX-License-Identifier: Apache-2.0
"""fast_together : motions of inputs that will probably come, side by side, slice by slice.

All start from off at once. What every one is and has taken is kept at the end of each slice, so it
can be asked for later, one input after another. Slices are as long as the first that asks wants
them; who wants others must be moved alone.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    head_for_lanes,
    slices,
    workspace,
)
from cosim.analog.fast_plan import plan_of

__all__ = ["LEAST", "Lane", "Together"]

Floats = NDArray[np.float64]
LEAST = 5  # LANES motions side by side take as long as four one by one


@dataclass(frozen=True, kw_only=True)
class _Stand:
    """Where all motions are after a slice: heads (SIZE, LANES), layers (3, n_out, LANES) each."""

    duration_s: float
    heads: Floats
    layers: tuple[Floats, ...]


class Together:
    """Motions towards the operating points `goal`, LANES at most."""

    def __init__(self, stack: FastStack, goal: StackState) -> None:
        self.stack = stack
        self._work = workspace(stack, LANES)
        head_for_lanes(stack, self._work, None, OFF, LANES)
        head_for_lanes(stack, self._work, goal, HEAD_FROM_OFF, LANES)
        self._stands: list[_Stand] = []
        self._failed = False

    @property
    def durations_s(self) -> tuple[float, ...]:
        """Of all slices so far."""
        return tuple(stand.duration_s for stand in self._stands)

    def move(self, durations_s: Sequence[float]) -> None:
        """All on by these slices; where some motion fails they end."""
        if self._failed or not durations_s:
            return
        heads, layers = slices(self.stack, self._work, durations_s, LANES)
        self._failed = len(heads) < len(durations_s)  # whose it is shows when that one goes alone
        for index, head in enumerate(heads):
            self._stands.append(
                _Stand(
                    duration_s=durations_s[index],
                    heads=head,
                    layers=tuple(layer[index] for layer in layers),
                )
            )

    def stand(self, index: int, duration_s: float) -> _Stand | None:
        """The end of slice `index`; None if it is not of that length, or some motion failed."""
        if index == len(self._stands):
            self.move([duration_s])
        if index >= len(self._stands) or self._stands[index].duration_s != duration_s:
            return None
        return self._stands[index]


class Lane(Moving):
    """One of them, from its start; the others may be further."""

    def __init__(self, together: Together, lane: int) -> None:
        super().__init__(plan_of(together.stack).stack.rise_s)
        self._together, self._lane = together, lane
        self._at: _Stand | None = None
        self._head = [0.0] * SIZE
        self.durations_s: list[float] = []  # taken so far

    def advance(self, duration_s: float) -> StepReport | None:
        """Move by exactly `duration_s`; None where it would have to be moved alone."""
        stand = self._together.stand(len(self.durations_s), duration_s)
        if stand is None:
            return None
        self._at, self._head = stand, stand.heads[:, self._lane].tolist()
        self.durations_s.append(duration_s)
        return self.report()

    @property
    def head(self) -> list[float]:
        return self._head

    def _read(self, layer: int, what: int) -> Floats:
        if self._at is None:
            return np.zeros(self._together.stack.solvers[layer].layer.n_out)  # unpowered
        return np.array(self._at.layers[layer][what, :, self._lane])
