# SPDX-License-Identifier: Apache-2.0
"""tables_buffer : buffer_amp.va at rest as a spline: inner voltage w over input.

Roots of 0 = tanh(k (gain y - w)) - 2 (up(w) - down(w)) by Newton in a bracket on a grid a twentieth
of the rails' corner wide; between its points the spline is off by less than 1e-9 V.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim.analog.tables_spline import Spline, spline_through
from cosim.errors import ConvergenceError

__all__ = ["buffer_table"]

Floats = NDArray[np.float64]
BEYOND = 0.05  # of the supply: inputs below ground and above the supply that the table covers
PER_CORNER = 20
TOL_V = 1e-12
MAX_TURNS = 200


@lru_cache(maxsize=8)
def buffer_table(vdd_v: float, gain: float, k: float, soft_v: float) -> Spline:
    """The spline; `k` is 2 pi bandwidth over slew rate in 1/V, `soft_v` the corner of the rails."""
    span_v = (1 + 2 * BEYOND) * vdd_v
    points = int(np.ceil(span_v * PER_CORNER / soft_v)) + 1
    y = np.linspace(-BEYOND * vdd_v, (1 + BEYOND) * vdd_v, points)
    mid = 0.5 * vdd_v
    swing = soft_v * float(np.logaddexp(0.0, mid / soft_v))
    w, low, high = gain * y, np.full(points, -0.5 * vdd_v), np.full(points, 1.5 * vdd_v)
    for _ in range(MAX_TURNS):
        step = np.tanh(k * (gain * y - w))
        over, under = (w - mid - swing) / soft_v, (mid - w - swing) / soft_v
        value = step - 2 * (np.logaddexp(0.0, over) - np.logaddexp(0.0, under))
        corners = 0.5 * (2 + np.tanh(0.5 * over) + np.tanh(0.5 * under))
        new = w + value / (k * (1 - step**2) + 2 / soft_v * corners)
        low, high = np.where(value > 0, w, low), np.where(value > 0, high, w)
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        moved = float(np.abs(new - w).max())
        w = new
        if moved < TOL_V:
            return spline_through(y, w, "buffer input")
    raise ConvergenceError(f"a buffer still moves by {moved:.3g} V")
