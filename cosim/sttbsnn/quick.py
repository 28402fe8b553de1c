# SPDX-License-Identifier: Apache-2.0
"""quick : source lines of a tile for very many inputs: one matrix product and a short polynomial.

As tile.py, but every bit line stands where rows at the middle put it, and what the rows' mean
distance from the middle moves all lines by is added to first order: within a microvolt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from cosim.sttbsnn.curves import Window, slope_curves, values
from cosim.sttbsnn.tile import Tile

__all__ = ["QuickRows"]

Floats = NDArray[np.float64]
TERMS = 6  # of the polynomials
LOW, HIGH = 0.3, 0.7  # their window, in read voltages
NEWTONS = 4
PROBES = 8  # inputs solved exactly, for the last correction
SETTLE = 40  # rounds of the bit lines at the middle, each a twentieth of the one before


@dataclass(frozen=True, kw_only=True)
class QuickRows:
    """`tile` over `window`; ask `volts`."""

    tile: Tile

    @property
    def window(self) -> Window:
        """Where the polynomials hold."""
        read_v = self.tile.design.row.read_v
        return Window(low_v=LOW * read_v, high_v=HIGH * read_v)

    def volts(self, spikes: NDArray[np.number]) -> Floats:
        """Source lines (n, rows) of inputs (n, inputs)."""
        found = self._alone(spikes)
        rest, slope = self._pull
        mean = (found - 0.5 * self.tile.design.row.read_v).mean(axis=1, keepdims=True)
        return np.asarray(found + rest + slope * mean)

    def _alone(self, spikes: NDArray[np.number]) -> Floats:
        """The same with every bit line where the middle puts it."""
        ones, zeros = self._curves
        rows = len(self.tile.weights)
        s = np.asarray(spikes, np.float64)
        curves = (s @ ones.reshape(ones.shape[0], -1) + zeros.ravel()).reshape(-1, TERMS, rows)
        curves = np.ascontiguousarray(np.moveaxis(curves, 1, 0))
        slopes = slope_curves(curves)
        x = np.zeros(curves.shape[1:])
        for _ in range(NEWTONS):
            x = np.clip(x - values(curves, x) / values(slopes, x), -1.2, 1.2)
        return self.window.volts(x)

    @cached_property
    def _curves(self) -> tuple[Floats, Floats]:
        """What an input at 1 adds over one at 0 (inputs, TERMS, rows), and the sum of all at 0."""
        tile = self.tile
        nodes = np.cos(np.pi * (np.arange(2 * TERMS) + 0.5) / (2 * TERMS))
        at = tile.window.scaled(self.window.volts(nodes))
        change = chebyshev.chebvander(nodes, TERMS - 1).T / TERMS
        change[0] *= 0.5
        into = change @ chebyshev.chebvander(at, tile.curves.shape[0] - 1)  # old terms to new
        ohm = tile.design.row.driver_ohm / len(tile.weights)
        kept = []
        for source, top in ((0, tile.design.row.read_v), (1, 0.0)):
            cells, lift = tile.curves[:, :, source], np.zeros(tile.curves.shape[-2:])
            for _ in range(SETTLE):
                here = cells[:, 0] + cells[:, 1] * lift + cells[:, 2] * (lift * lift)
                amps = values(here, np.zeros(here.shape[1:])).sum(axis=0)
                new = top - ohm * amps - tile.line_v[source]
                moved, lift = float(np.abs(new - lift).max()), new
                if moved < 1e-12:
                    break
            kept.append(np.tensordot(into, here, axes=1))  # (TERMS, rows, inputs, 2)
        high, low = kept
        at_1, at_0 = high[..., 0] + low[..., 1], low[..., 0] + high[..., 1]
        ones = np.ascontiguousarray(np.moveaxis(at_1 - at_0, -1, 0))
        return ones, np.asarray(at_0.sum(axis=-1))

    @cached_property
    def _pull(self) -> tuple[float, float]:
        """What is left (V), and its slope over the rows' mean, from a few inputs solved exactly."""
        rng = np.random.default_rng(0)
        rates = np.linspace(0.05, 0.95, PROBES)[:, None]
        spikes = (rng.random((PROBES, self.tile.weights.shape[1])) < rates).astype(np.int64)
        exact, _ = self.tile.batch(spikes)
        alone = self._alone(spikes)
        mean = (alone - 0.5 * self.tile.design.row.read_v).mean(axis=1)
        slope, rest = np.polyfit(mean, (exact - alone).mean(axis=1), 1)
        return float(rest), float(slope)
