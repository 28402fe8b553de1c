# SPDX-License-Identifier: Apache-2.0
"""spline : piecewise cubics through measured curves, as coefficients.

Both functions give (4, intervals, ...) coefficients of (x - x[k]), highest power first, as
`scipy.interpolate` does, whose import would cost every process of engine fast a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.errors import RangeError

__all__ = ["at", "monotone", "smooth"]

Floats = NDArray[np.float64]
LEAST = 4  # points of a cubic whose ends have no condition of their own


def smooth(x: Floats, y: Floats) -> Floats:
    """Twice differentiable, thrice at the second and last but one point. `y` (points, ...)."""
    if len(x) < LEAST:
        raise RangeError(f"a spline needs at least {LEAST} points, got {len(x)}")
    h, slope = _steps(x, y)
    lower, upper = np.empty(len(x)), np.empty(len(x))  # factors of the slope before and after
    main, right = np.empty(len(x)), np.empty_like(y, dtype=np.float64)
    lower[1:-1], upper[1:-1] = h[1:], h[:-1]
    main[1:-1] = 2.0 * (h[:-1] + h[1:])
    weight = _beside(h, slope)
    right[1:-1] = 3.0 * (weight[1:] * slope[:-1] + weight[:-1] * slope[1:])
    main[0], upper[0], right[0] = _end(h[0], h[1], slope[0], slope[1])
    main[-1], lower[-1], right[-1] = _end(h[-1], h[-2], slope[-1], slope[-2])
    return _hermite(h, y, slope, _solve(lower, main, upper, right))


def monotone(x: Floats, y: Floats) -> Floats:
    """Once differentiable, and between two points never outside their values. `y` (points,)."""
    h, slope = _steps(x, y)
    before, after = slope[:-1], slope[1:]
    left, right = h[:-1] + 2.0 * h[1:], 2.0 * h[:-1] + h[1:]
    same = before * after > 0.0
    inverse = left / np.where(same, before, 1.0) + right / np.where(same, after, 1.0)
    inner = np.where(same, (left + right) / inverse, 0.0)
    ends = (_edge(h[0], h[1], slope[0], slope[1]), _edge(h[-1], h[-2], slope[-1], slope[-2]))
    return _hermite(h, y, slope, np.concatenate([[ends[0]], inner, [ends[1]]]))


def at(x: Floats, parts: Floats, where: Floats) -> Floats:
    """Values at `where` (...), shaped (..., ...); the outermost cubics go on outside."""
    index = np.clip(np.searchsorted(x, where, side="right") - 1, 0, len(x) - 2)
    t = np.asarray(where - x[index]).reshape(np.shape(where) + (1,) * (parts.ndim - 2))
    c = parts[:, index]
    return np.asarray(((c[0] * t + c[1]) * t + c[2]) * t + c[3])


def _steps(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    h = np.diff(x)
    if (h <= 0.0).any():
        raise RangeError("the points of a spline must rise")
    return h, np.diff(y, axis=0) / _beside(h, y)


def _beside(h: Floats, y: Floats) -> Floats:
    """`h` shaped so that it multiplies rows of `y`."""
    return h.reshape(-1, *[1] * (y.ndim - 1))


def _end(h0: float, h1: float, slope0: Floats, slope1: Floats) -> tuple[float, float, Floats]:
    """First row of the equations, its third derivative being that of the interval beside it."""
    both = h0 + h1
    return h1, both, ((h0 + 2.0 * both) * h1 * slope0 + h0 * h0 * slope1) / both


def _edge(h0: float, h1: float, slope0: float, slope1: float) -> float:
    """Slope of the parabola through the outer three points, bent back where it overshoots."""
    found = ((2.0 * h0 + h1) * slope0 - h0 * slope1) / (h0 + h1)
    if found * slope0 <= 0.0:
        return 0.0
    return 3.0 * slope0 if slope0 * slope1 < 0.0 and abs(found) > 3.0 * abs(slope0) else found


def _solve(lower: Floats, main: Floats, upper: Floats, right: Floats) -> Floats:
    """Slopes at the points: elimination downwards, substitution upwards."""
    main, found = main.copy(), right.copy()
    for k in range(1, len(main)):
        share = lower[k] / main[k - 1]
        main[k] -= share * upper[k - 1]
        found[k] -= share * found[k - 1]
    found[-1] /= main[-1]
    for k in range(len(main) - 2, -1, -1):
        found[k] = (found[k] - upper[k] * found[k + 1]) / main[k]
    return found


def _hermite(h: Floats, y: Floats, slope: Floats, ends: Floats) -> Floats:
    """Cubics with values `y` and slopes `ends` at the points."""
    h = _beside(h, y)
    bend = (ends[:-1] + ends[1:] - 2.0 * slope) / h
    return np.stack([bend / h, (slope - ends[:-1]) / h - bend, ends[:-1], y[:-1]])
