# SPDX-License-Identifier: Apache-2.0
"""test_spline : coefficients against SciPy's, on even and uneven points, one and many columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline, PchipInterpolator

from cosim.analog import spline
from cosim.errors import RangeError


def points(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.uniform(0.1, 1.0, n)) - 2.0


@pytest.mark.parametrize("n", [4, 5, 6, 300])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3)])
def test_smooth_is_the_cubic_spline_without_knots_at_the_ends(
    n: int, shape: tuple[int, ...]
) -> None:
    x = points(n, n)
    y = np.random.default_rng(n + 1).normal(size=(n, *shape))
    want = CubicSpline(x, y).c
    assert np.abs(spline.smooth(x, y) - want).max() < 1e-11 * np.abs(want).max()


def test_smooth_holds_a_cubic_exactly() -> None:
    x = points(9, 3)
    parts = spline.smooth(x, x**3 - 2 * x)
    where = np.linspace(x[0] - 1, x[-1] + 1, 41)
    assert np.allclose(spline.at(x, parts, where), where**3 - 2 * where, rtol=0, atol=1e-11)


@pytest.mark.parametrize("seed", range(8))
def test_monotone_is_the_interpolator_that_keeps_shape(seed: int) -> None:
    x = points(12, seed)
    rng = np.random.default_rng(seed + 100)
    y = np.round(rng.normal(size=12), 0 if seed % 2 else 3)  # also level stretches
    parts, want = spline.monotone(x, y), PchipInterpolator(x, y)
    where = np.linspace(x[0], x[-1], 200)
    assert np.abs(parts - want.c).max() < 1e-11 * np.abs(want.c).max()
    assert np.abs(spline.at(x, parts, where) - want(where)).max() < 1e-12
    k = np.clip(np.searchsorted(x, where, side="right") - 1, 0, 10)
    low, high = np.minimum(y[k], y[k + 1]), np.maximum(y[k], y[k + 1])
    assert (spline.at(x, parts, where) > low - 1e-12).all()
    assert (spline.at(x, parts, where) < high + 1e-12).all()


def test_values_have_the_shape_of_their_places() -> None:
    x = points(20, 1)
    y = np.random.default_rng(2).normal(size=(20, 3))
    where = np.random.default_rng(3).uniform(x[0], x[-1], (4, 7))
    found = spline.at(x, spline.smooth(x, y), where)
    assert found.shape == (4, 7, 3)
    assert np.abs(found - CubicSpline(x, y)(where)).max() < 1e-12


def test_points_that_cannot_be_are_refused() -> None:
    with pytest.raises(RangeError, match="at least 4"):
        spline.smooth(np.arange(3.0), np.zeros(3))
    with pytest.raises(RangeError, match="rise"):
        spline.monotone(np.array([0.0, 1.0, 1.0, 2.0]), np.zeros(4))
