# SPDX-License-Identifier: Apache-2.0
"""test_crossbar : one crossbar with wires against a dense nodal matrix of the test's own."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.analog.crossbar import crossbar_currents, crossbar_transfer
from cosim.errors import DesignError

R_IN, R_OUT = 2.0, 3.0
REL = 1e-9


def nodal_currents(g: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Currents out of the bit lines: word nodes first, then bit nodes, row by row."""
    rows, cols = g.shape
    word = np.arange(rows * cols).reshape(rows, cols)
    bit = word + rows * cols
    y = np.zeros((2 * rows * cols, 2 * rows * cols))
    driven = np.zeros((len(v), 2 * rows * cols))

    def link(a: int, b: int, s: float) -> None:
        y[a, a] += s
        y[b, b] += s
        y[a, b] -= s
        y[b, a] -= s

    for r, c in np.ndindex(rows, cols):
        link(word[r, c], bit[r, c], g[r, c])
        if c:
            link(word[r, c - 1], word[r, c], 1 / R_IN)
        if r:
            link(bit[r - 1, c], bit[r, c], 1 / R_OUT)
    for r in range(rows):
        y[word[r, 0], word[r, 0]] += 1 / R_IN
        driven[:, word[r, 0]] = v[:, r] / R_IN
    for c in range(cols):
        y[bit[-1, c], bit[-1, c]] += 1 / R_OUT
    return np.linalg.solve(y, driven.T)[bit[-1]].T / R_OUT


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 5), (4, 1), (3, 2), (8, 8), (7, 13), (20, 11), (70, 5), (5, 70), (40, 36)]
)
def test_currents_equal_the_nodal_solution(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    g, v = rng.uniform(1e-6, 1e-4, shape), rng.uniform(0.1, 1.0, (3, shape[0]))
    found = crossbar_currents(g, v, R_IN, R_OUT)
    assert found == pytest.approx(nodal_currents(g, v), rel=REL, abs=0.0)


def test_one_cell_is_three_resistors_in_series() -> None:
    current = crossbar_currents(np.array([[1e-3]]), np.array([[1.0]]), R_IN, R_OUT)
    assert current[0, 0] == pytest.approx(1 / (1000 + R_IN + R_OUT), rel=1e-12)


def test_missing_cells_and_ideal_wires_are_exact() -> None:
    g = np.array([[1e-4, 0.0], [0.0, 2e-4]])
    assert (crossbar_transfer(g, 0.0, 0.0) == g).all()
    v = np.array([[1.0, 0.5]])
    assert crossbar_currents(g, v, R_IN, R_OUT) == pytest.approx(nodal_currents(g, v), rel=REL)


@pytest.mark.parametrize(
    ("g", "r_in", "match"),
    [
        (np.ones(3), R_IN, "rows, cols"),
        (-np.ones((2, 2)), R_IN, "at least 0"),
        (np.full((2, 2), np.nan), R_IN, "finite"),
        (np.ones((2, 2)), 0.0, "both have a resistance"),
    ],
)
def test_what_is_no_crossbar_is_refused(g: np.ndarray, r_in: float, match: str) -> None:
    with pytest.raises(DesignError, match=match):
        crossbar_transfer(g, r_in, R_OUT)
