# SPDX-License-Identifier: Apache-2.0
"""test_crossbar : one crossbar with wires against a dense nodal matrix of the test's own."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.analog.crossbar import crossbar_currents, crossbar_ends, crossbar_transfer
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


def nodal_ends(
    cell: np.ndarray, left: np.ndarray, below: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """T, Y, Q of one tile: its dense nodal matrix without all but the ends of its lines."""
    rows, cols, lines = cell.shape
    word = np.arange(rows * cols).reshape(rows, cols)
    bit = rows * cols + np.arange(cell.size).reshape(rows, cols, lines)
    inner = rows * cols + cell.size
    end_word, end_bit = inner + np.arange(rows), inner + rows + np.arange(cols * lines)
    y = np.zeros((inner + rows + cols * lines, inner + rows + cols * lines))

    def link(a: int, b: int, s: float) -> None:
        y[a, a] += s
        y[b, b] += s
        y[a, b] -= s
        y[b, a] -= s

    for r, c in np.ndindex(rows, cols):
        link(word[r, c], word[r, c - 1] if c else end_word[r], 1 / R_IN if c else left[r])
        for k in range(lines):
            last = r == rows - 1
            link(word[r, c], bit[r, c, k], cell[r, c, k])
            to = end_bit[c * lines + k] if last else bit[r + 1, c, k]
            link(bit[r, c, k], to, below[c, k] if last else 1 / R_OUT)
    gone = np.linalg.solve(y[:inner, :inner], y[:inner, inner:])
    seen = y[inner:, inner:] - y[inner:, :inner] @ gone
    order = np.concatenate([rows + np.arange(k, cols * lines, lines) for k in range(lines)])
    return -seen[:rows, order], seen[np.ix_(order, order)], seen[:rows, :rows]


@pytest.mark.parametrize("shape", [(1, 1, 2), (1, 7, 2), (9, 1, 3), (8, 8, 2), (17, 11, 2)])
def test_lines_ends_see_the_nodal_matrix(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    cell = rng.uniform(1e-6, 1e-4, (2, *shape)) * (rng.random((2, *shape)) < 0.9)
    left, below = rng.uniform(0.01, 0.5, (2, shape[0])), rng.uniform(0.01, 0.3, (2, *shape[1:]))
    left[0, 0], below[1, 0, 0] = 1e-9, 1e-9  # open
    t, y, q = crossbar_ends(cell, left, below, 1 / R_IN, 1 / R_OUT)
    for k in range(2):
        want_t, want_y, want_q = nodal_ends(cell[k], left[k], below[k])
        assert np.allclose(t[k].reshape(shape[0], -1), want_t, rtol=REL, atol=1e-17)
        assert np.allclose(y[k], want_y, rtol=1e-9, atol=1e-15)  # the reference loses digits
        assert np.allclose(q[k], want_q, rtol=1e-9, atol=1e-15)


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
