# SPDX-License-Identifier: Apache-2.0
"""ahead : source lines of inputs that will probably come, solved many at a time.

What was not foreseen is solved when it comes; both agree within microvolts (tile.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.sttbsnn.tile import Tile

__all__ = ["Ahead"]

Floats = NDArray[np.float64]
CHUNK = 32  # inputs solved together


class Ahead:
    """Inputs (inputs,) in the order in which they will come."""

    def __init__(self, tile: Tile, inputs: Sequence[NDArray[np.int64]]) -> None:
        self._tile = tile
        self._inputs = list(inputs)
        self._at: dict[bytes, int] = {}
        for place, bits in enumerate(self._inputs):
            self._at.setdefault(_key(bits), place)
        self._known: dict[bytes, tuple[Floats, float]] = {}

    def solve(self, bits: NDArray[np.int64]) -> tuple[Floats, float]:
        """Source lines (rows,), and current out of the read supply."""
        key = _key(bits)
        if key not in self._known:
            place = self._at.get(key)
            if place is None:
                found = self._tile.rest(bits)
                return found.sl_v, found.read_a
            some = self._inputs[place : place + CHUNK]
            lines_v, read_a = self._tile.batch(np.array(some, dtype=np.int64))
            for each, sl_v, amps in zip(some, lines_v, read_a, strict=True):
                self._known[_key(each)] = (sl_v, float(amps))
        return self._known[key]


def _key(bits: NDArray[np.integer]) -> bytes:
    return np.packbits(np.asarray(bits, np.uint8)).tobytes()
