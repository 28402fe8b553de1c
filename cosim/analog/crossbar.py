# SPDX-License-Identifier: Apache-2.0
"""crossbar : linear crossbars with wires, reduced to the ends of their lines; their currents.

Word lines are driven at the left, bit lines end at the bottom; a segment stands before the first
cell of a word line and behind the last one of a bit line, and a word line may meet several bit
lines in each column. Blocks of cells are merged two by two (nested dissection, crossbar_tree.c): a
block is the conductance matrix Y of its ports (left, right, top, bottom), and joining two of them
eliminates the nodes e between them,

    Y = Y_kk - U^T U        U = L^-1 Y_ek        L L^T = Y_ee

Off-diagonals only ever grow and diagonals are their sums, so no digits cancel. The last merge of an
N x N array costs O(N^3), all others together about as much: O(n^1.5) in its n cells. Right and top
ends are open and go early.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_build import library
from cosim.errors import DesignError

__all__ = ["crossbar_currents", "crossbar_ends", "crossbar_transfer"]

Floats = NDArray[np.float64]
FLAGS = ("-mprefer-vector-width=512", "-Wno-psabi")
LEAF = 8  # cells along a block, at most: larger ones leave the cache, smaller ones join too often
SINGULAR = 2


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
    (rows, cols), in_s, out_s = cells.shape, 1 / r_in_ohm, 1 / r_out_ohm
    left, below = np.full((1, rows), in_s), np.full((1, cols, 1), out_s)
    return _ends(cells[None, :, :, None], left, below, in_s, out_s, every=False)[0][0, :, 0]


def crossbar_ends(
    cell_s: Floats, left_s: Floats, below_s: Floats, in_s: float, out_s: float
) -> tuple[Floats, Floats, Floats]:
    """Crossbars alike, as seen from their lines' ends.

    Siemens: `cell_s` (tiles, rows, cols, lines), `left_s` (tiles, rows) before the first cell of a
    word line, `below_s` (tiles, cols, lines) behind the last one of a bit line, `in_s` and `out_s`
    of all other segments. Returns T (tiles, rows, lines, cols), Y (tiles, lines*cols, lines*cols)
    and Q (tiles, rows, rows): currents out of the bit lines are T x - Y u for volts x at the left
    and u at the bottom, into the word lines Q x - T u.
    """
    t, y, q = _ends(cell_s, left_s, below_s, in_s, out_s, every=True)
    return t, y, q


def _ends(
    cell_s: Floats, left_s: Floats, below_s: Floats, in_s: float, out_s: float, *, every: bool
) -> tuple[Floats, Floats, Floats]:
    tiles, rows, cols, lines = cell_s.shape
    (down, h), (across, w) = _cut(rows), _cut(cols)
    if down * across == 1:
        across, w = 2, -(-cols // 2)
    full = np.zeros((tiles, down * h, across * w, lines))  # lines of no cells at the open ends
    above = down * h - rows  # change nothing
    full[:, above:, :cols] = cell_s
    left = np.full((tiles, down * h), in_s)
    left[:, above:] = left_s
    below = np.full((tiles, across * w, lines), out_s)
    below[:, :cols] = below_s
    t = np.empty((tiles, rows, lines, cols))
    y = np.empty((tiles, lines * cols, lines * cols) if every else (0, 0, 0))
    q = np.empty((tiles, rows, rows) if every else (0, 0, 0))
    failed = _kernel().crossbar_reduce(
        *map(ctypes.c_long, (tiles, rows, cols)),
        (ctypes.c_long * 5)(down * h, across * w, lines, h, w),
        *map(ctypes.c_double, (in_s, out_s)),
        *(ctypes.c_void_p(array.ctypes.data) for array in (full, left, below, t)),
        *(ctypes.c_void_p(array.ctypes.data if every else None) for array in (y, q)),
    )
    if failed == SINGULAR:
        raise DesignError("a crossbar's conductances and wires differ too much to be solved")
    if failed:
        raise MemoryError
    return t, y, q


def _cut(size: int) -> tuple[int, int]:
    """Blocks along `size` cells, and the cells of each: at most LEAF."""
    parts = -(-size // LEAF)
    return parts, -(-size // parts)


@lru_cache(maxsize=1)
def _kernel() -> ctypes.CDLL:
    folder = Path(__file__).parent
    sources = [folder / f"crossbar_{name}.c" for name in ("block", "join", "tree")]
    found = library("crossbar", sources, FLAGS, headers=[folder / "crossbar.h"])
    found.crossbar_reduce.restype = ctypes.c_long
    return found
