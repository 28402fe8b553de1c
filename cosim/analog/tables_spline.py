# SPDX-License-Identifier: Apache-2.0
"""tables_spline : a cubic spline on an even grid, evaluated by the kernel of engine fast."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog import spline
from cosim.analog.fast_build import kernel
from cosim.errors import RangeError

__all__ = ["Spline", "spline_through"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Spline:
    """`parts` (intervals, 4), highest power first, from `low` to `high`; `what` names its input."""

    parts: Floats
    low: float
    high: float
    per_v: float
    what: str

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Values and slopes at `x`, shaped as `x`; RangeError outside, never an extrapolation."""
        values = np.ascontiguousarray(x, dtype=np.float64)
        found, slope = np.empty_like(values), np.empty_like(values)
        outside = kernel().fast_spline(
            ctypes.c_void_p(self.parts.ctypes.data),
            ctypes.c_long(len(self.parts)),
            *(ctypes.c_double(x) for x in (self.low, self.high, self.per_v)),
            ctypes.c_long(values.size),
            *(ctypes.c_void_p(a.ctypes.data) for a in (values, found, slope)),
        )
        if outside:
            worst = values.ravel()[outside - 1]  # NaN is outside
            which = f" {(outside - 1) % values.shape[-1]}:" if values.ndim > 1 else ""
            raise RangeError(
                f"{self.what}{which} {worst:.4g} V is outside its curve, "
                f"{self.low:g}..{self.high:g} V"
            )
        return found, slope


def spline_through(grid: Floats, values: Floats, what: str) -> Spline:
    """The spline through `values` at `grid`, which must be even."""
    step = np.diff(grid)
    if np.abs(step - step[0]).max() > 1e-6:
        raise RangeError(f"curve of {what} must have evenly spaced inputs")
    return Spline(
        parts=np.ascontiguousarray(spline.smooth(grid, values).T),
        low=float(grid[0]),
        high=float(grid[-1]),
        per_v=float((len(grid) - 1) / (grid[-1] - grid[0])),
        what=what,
    )
