# SPDX-License-Identifier: Apache-2.0
"""fast_bend : what bends in a hidden layer's cells while its sources move.

An AP cell's current is slope*v + h(v). h is an odd polynomial here, so sums over a layer's cells of
h(x_i - u_j) are products of powers of x and of u with the layer's pattern: no cell is visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_layer import PADDING, TiledLayer

__all__ = ["Bend"]

Floats = NDArray[np.float64]
DEGREE = 7
REACH_V = 0.9  # cell voltages of the fit; neurons give 0..0.8 V, lines stay between
POINTS = 181


@dataclass(frozen=True)
class Bend:
    """The bend of one layer; lines are centred at `centre_v`."""

    layer: TiledLayer
    centre_v: float

    @cached_property
    def _coefficients(self) -> Floats:
        """a_k of h(v) = sum a_k v^k, even ones 0."""
        volts = np.linspace(-REACH_V, REACH_V, POINTS)
        current, _ = self.layer.cell.current_ap(volts)
        h = current - self.layer.g_ap_s * volts
        odd = np.arange(1, DEGREE + 1, 2)
        fitted, *_ = np.linalg.lstsq(volts[:, None] ** odd, h, rcond=None)
        found = np.zeros(DEGREE + 1)
        found[odd] = fitted
        return found

    @cached_property
    def _pattern(self) -> Floats:
        """Where AP cells are: (n_in + 1, 2*width)."""
        h_p, v_p, rows, cols = self.layer.w.shape
        found = []
        for ap in (-1.0, 1.0):
            on = ((self.layer.w == ap) & (self.layer.w != PADDING)).astype(np.float64)
            flat = on.transpose(0, 2, 1, 3).reshape(h_p * rows, v_p * cols)
            found.append(flat[self.layer.row_place])
        return np.ascontiguousarray(np.concatenate(found, axis=1))

    def currents(self, x_v: Floats, u: Floats) -> tuple[Floats, Floats]:
        """Sums of h: into lines, shaped as `u` (n, 1, 2, width), and out of sources."""
        if np.isinf(self.layer.cell.v_h_v):
            return np.zeros_like(u), np.zeros_like(x_v)
        x = x_v - self.centre_v
        w = u.reshape(len(u), -1) - self.centre_v
        x_powers, w_powers = [np.ones_like(x)], [np.ones_like(w)]
        for _ in range(DEGREE):  # products: powers of arrays are slow
            x_powers.append(x_powers[-1] * x)
            w_powers.append(w_powers[-1] * w)
        lines, sources = np.zeros_like(w), np.zeros_like(x)
        for m in range(DEGREE + 1):
            of_w, of_x = np.zeros_like(w), np.zeros_like(x)
            for k in range(max(m, 1), DEGREE + 1, 1):
                if self._coefficients[k]:
                    factor = self._coefficients[k] * comb(k, m)
                    of_w += factor * (-1.0) ** (k - m) * w_powers[k - m]
                    of_x += factor * (-1.0) ** m * x_powers[k - m]
            lines += (x_powers[m] @ self._pattern) * of_w
            sources += (w_powers[m] @ self._pattern.T) * of_x
        return lines.reshape(u.shape), sources
