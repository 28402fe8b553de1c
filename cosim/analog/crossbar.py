# SPDX-License-Identifier: Apache-2.0
"""crossbar : one linear crossbar with wires, from word-line volts to bit-line currents.

Word lines are driven at the left, bit lines grounded at the bottom; a segment stands before the
first cell of a word line and behind the last one of a bit line. Blocks of cells are merged two by
two (nested dissection): a block is the conductance matrix Y of its ports (left, right, top,
bottom), and joining two of them eliminates the nodes e between them,

    Y = Y_kk - Y_ke Y_ee^-1 Y_ek

Off-diagonals only ever grow and diagonals are their sums, so no digits cancel. The last merge of an
N x N array costs O(N^3), all others together about as much: O(n^1.5) in its n cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.errors import DesignError

__all__ = ["crossbar_currents", "crossbar_transfer"]

Floats = NDArray[np.float64]
Move = tuple[slice, slice]
FEW = 2  # nodes between two blocks that are eliminated by hand
SIDES = ("left", "right", "top", "bottom")


def crossbar_currents(g_s: Floats, v: Floats, r_in_ohm: float, r_out_ohm: float) -> Floats:
    """Bit-line currents (n, cols) in amperes for word-line volts `v` (n, rows)."""
    return np.asarray(v @ crossbar_transfer(g_s, r_in_ohm, r_out_ohm))


def crossbar_transfer(g_s: Floats, r_in_ohm: float, r_out_ohm: float) -> Floats:
    """Siemens (rows, cols) from word lines to bit lines of cells `g_s` (rows, cols).

    `r_in_ohm` is a word line's resistance per cell, `r_out_ohm` a bit line's: both 0, or neither.
    """
    cells = np.asarray(g_s, dtype=np.float64)
    if cells.ndim != 2 or not cells.size or not np.isfinite(cells).all() or (cells < 0).any():
        raise DesignError("a crossbar's conductances must be (rows, cols), finite and at least 0")
    if r_in_ohm == 0 and r_out_ohm == 0:
        return cells.copy()
    if not (r_in_ohm > 0 and r_out_ohm > 0):
        raise DesignError(
            f"wires of a crossbar must both have a resistance, or none: {r_in_ohm}, {r_out_ohm} ohm"
        )
    rows, cols = cells.shape
    ports = _block(cells[None], 1 / r_in_ohm, 1 / r_out_ohm)[0]
    left, inside = slice(0, rows), slice(rows, 2 * rows + cols)  # right and top ends are open
    bottom = slice(2 * rows + cols, None)
    through = np.linalg.solve(ports[inside, inside], ports[inside, left])
    return np.asarray(-(ports[bottom, left] - ports[bottom, inside] @ through).T)


def _block(g: Floats, in_s: float, out_s: float) -> Floats:
    """Y (batch, 2h + 2w, 2h + 2w) of blocks `g` (batch, h, w): left, right, top, bottom ports."""
    _, h, w = g.shape
    if h == w == 1:
        return _cell(g[:, 0, 0], in_s, out_s)
    beside = w >= h
    one, two = _pair(g, 2 if beside else 1, in_s, out_s)
    size_one, size_two = (
        ((h, w // 2), (h, w - w // 2)) if beside else ((h // 2, w), (h - h // 2, w))
    )
    first, second = _sides(*size_one), _sides(*size_two)
    joint = (first.pop("right" if beside else "bottom"), second.pop("left" if beside else "top"))
    moves: tuple[list[Move], list[Move]] = ([], [])
    end = 0
    for name in SIDES:
        for side, own in ((first, moves[0]), (second, moves[1])):
            if name in side:
                size = side[name].stop - side[name].start
                own.append((side[name], slice(end, end + size)))
                end += size
    return _merge((one, two), joint, moves, end)


def _sides(h: int, w: int) -> dict[str, slice]:
    """Places of a block's ports."""
    cuts = (0, h, 2 * h, 2 * h + w, 2 * h + 2 * w)
    return dict(zip(SIDES, map(slice, cuts[:-1], cuts[1:]), strict=True))


def _cell(g: Floats, in_s: float, out_s: float) -> Floats:
    """One cell between its word node (right port) and bit node (top port)."""
    y = _empty(len(g), 4, 4)
    y[:] = 0.0
    for a, b, value in ((0, 1, in_s), (1, 2, g), (2, 3, out_s)):
        y[:, a, b] = y[:, b, a] = -value
    return _balanced(y)


def _pair(g: Floats, axis: int, in_s: float, out_s: float) -> tuple[Floats, Floats]:
    """Both halves along `axis`; in one batch if they are equal."""
    half = g.shape[axis] // 2
    one, two = np.split(g, [half], axis=axis)
    if one.shape != two.shape:
        return _block(one, in_s, out_s), _block(two, in_s, out_s)
    both = _block(np.concatenate([one, two]), in_s, out_s)
    return both[: len(g)], both[len(g) :]


def _merge(
    blocks: tuple[Floats, Floats],
    joint: tuple[slice, slice],
    moves: tuple[list[Move], list[Move]],
    size: int,
) -> Floats:
    """Blocks with their `joint` ports connected and eliminated; the others where `moves` say."""
    inner = blocks[0][:, joint[0], joint[0]] + blocks[1][:, joint[1], joint[1]]
    to_inner = _empty(len(inner), inner.shape[1], size)
    for block, at, own in zip(blocks, joint, moves, strict=True):
        for old, new in own:
            to_inner[:, :, new] = block[:, at, old]
    y = _through(inner, to_inner)
    for block, own in zip(blocks, moves, strict=True):
        for old, new in own:
            for old_2, new_2 in own:
                y[:, new, new_2] += block[:, old, old_2]
    return _balanced(y)


def _through(inner: Floats, to_inner: Floats) -> Floats:
    """-K^T E^-1 K; by hand for the thousands of tiny ones."""
    if inner.shape[1] > FEW:
        return np.asarray(-(to_inner.transpose(0, 2, 1) @ np.linalg.solve(inner, to_inner)))
    a = to_inner[:, 0] / -inner[:, 0, 0, None]
    y = a[:, :, None] * to_inner[:, 0, None, :]
    if inner.shape[1] == 2:
        left = inner[:, 1, 1] - inner[:, 0, 1] * inner[:, 1, 0] / inner[:, 0, 0]
        b = to_inner[:, 1] + a * inner[:, 1, 0, None]
        y -= (b / left[:, None])[:, :, None] * b[:, None, :]
    return np.asarray(y)


def _balanced(y: Floats) -> Floats:
    """Diagonals that are the sums of their rows: no block has a path to ground of its own."""
    diagonal = np.einsum("bii->bi", y)
    diagonal[:] = 0.0
    diagonal[:] = -y.sum(axis=2)
    return y


def _empty(batch: int, a: int, b: int) -> Floats:
    """(batch, a, b); with the batch innermost in memory while blocks are tiny and many."""
    if a <= FEW or a == b == 4:
        return np.empty((a, b, batch)).transpose(2, 0, 1)
    return np.empty((batch, a, b))
