# SPDX-License-Identifier: Apache-2.0
"""crossbar : one linear crossbar with wires, from word-line volts to bit-line currents.

Word lines are driven at the left, bit lines grounded at the bottom; a segment stands before the
first cell of a word line and behind the last one of a bit line. Blocks of cells are merged two by
two (nested dissection): a block is the conductance matrix Y of its ports (left, right, top,
bottom), and joining two of them eliminates the nodes e between them,

    Y = Y_kk - U^T U        U = L^-1 Y_ek        L L^T = Y_ee

Off-diagonals only ever grow and diagonals are their sums, so no digits cancel. The last merge of an
N x N array costs O(N^3), all others together about as much: O(n^1.5) in its n cells. Blocks of at
most LEAF x LEAF cells come from C; right and top ends of the array, which are open, go early.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_build import library
from cosim.errors import DesignError

__all__ = ["crossbar_currents", "crossbar_transfer"]

Floats = NDArray[np.float64]
Names = Sequence[str]
FLAGS = ("-mprefer-vector-width=512", "-Wno-psabi")
SPARE = 2  # times what the smallest blocks need: square arrays need 1.2, thin ones more
LEAF = 16  # cells along a block from C, at most
BESIDE = (("left", "joint", "top", "bottom"), ("joint", "right", "top 2", "bottom 2"))
BESIDE_LEFT = ("left", "right", "top", "top 2", "bottom", "bottom 2")
ABOVE = (("left", "right", "top", "joint"), ("left 2", "right 2", "joint", "bottom"))
ABOVE_LEFT = ("left", "left 2", "right", "right 2", "top", "bottom")


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
    (down, h), (across, w) = map(_cut, cells.shape)
    full = np.zeros((down * h, across * w))  # lines of no cells at the open ends change nothing
    above = down * h - len(cells)
    full[above:, : cells.shape[1]] = cells
    need = SPARE * down * across * (2 * (h + w)) ** 2
    rooms = (
        np.empty(need),
        np.empty(need),
    )  # fresh memory for every level costs more than its sums
    blocks = _leaves(full, (h, w), 1 / r_in_ohm, 1 / r_out_ohm, rooms[0])
    while max(blocks.shape[:2]) > 2:
        beside = blocks.shape[0] == 1 or (blocks.shape[1] > 1 and w <= h)
        names, kept = (BESIDE, BESIDE_LEFT) if beside else (ABOVE, ABOVE_LEFT)
        size = {name: w if name[0] in "tb" else h for name in kept}
        size["joint"] = h if beside else w
        halves = (blocks[:, ::2], blocks[:, 1::2]) if beside else (blocks[::2], blocks[1::2])
        blocks = _joined(tuple(zip(halves, names, strict=True)), size, ("joint",), kept, rooms[1])
        rooms = rooms[::-1]
        h, w = (h, 2 * w) if beside else (2 * h, w)
    return _ends(blocks, h, w)[above:, : cells.shape[1]]


def _cut(size: int) -> tuple[int, int]:
    """A power of two, and how many cells at most LEAF that many blocks need along `size`."""
    parts = 1
    while parts * LEAF < size:
        parts *= 2
    return parts, -(-size // parts)


def _leaves(g: Floats, shape: tuple[int, int], in_s: float, out_s: float, room: Floats) -> Floats:
    """Y (down, across, ports, ports) of all blocks of `shape` in `g`."""
    h, w = shape
    ports = 2 * (h + w)
    y = _inside(room, (g.shape[0] // h, g.shape[1] // w, ports, ports))
    failed = _kernel().crossbar_blocks(
        ctypes.c_void_p(g.ctypes.data),
        *(ctypes.c_long(size) for size in (*g.shape, h, w)),
        *(ctypes.c_double(siemens) for siemens in (in_s, out_s)),
        ctypes.c_void_p(y.ctypes.data),
    )
    if failed:
        raise MemoryError
    return y


@lru_cache(maxsize=1)
def _kernel() -> ctypes.CDLL:
    sources = [Path(__file__).with_name(f"crossbar_{name}.c") for name in ("block", "join")]
    found = library("crossbar", sources, FLAGS)
    for name in ("crossbar_blocks", "crossbar_join"):
        getattr(found, name).restype = ctypes.c_long
    return found


def _ends(blocks: Floats, h: int, w: int) -> Floats:
    """Left to bottom siemens of at most 2 x 2 blocks; right and top are open."""
    down, across = blocks.shape[:2]
    size = {f"{side}{i}{j}": n for side, n in (("v", h), ("h", w)) for i, j in np.ndindex(3, 3)}
    halves = []
    for i in range(down):
        parts = [
            (blocks[i, j], (f"v{i}{j}", f"v{i}{j + 1}", f"h{i}{j}", f"h{i + 1}{j}"))
            for j in range(across)
        ]
        tops, bottoms = ([f"h{k}{j}" for j in range(across)] for k in (i, i + 1))
        gone = [f"v{i}{j + 1}" for j in range(across)] + (tops if i == 0 else [])
        kept = [f"v{i}0"] + (tops if i else []) + bottoms
        halves.append((_joined(parts, size, gone, kept), kept))
    y = halves[0][0]
    if down == 2:
        joint = [f"h1{j}" for j in range(across)]
        y = _joined(halves, size, joint, ["v00", "v10", *(f"h2{j}" for j in range(across))])
    return -y[: down * h, down * h :]


def _joined(
    parts: Sequence[tuple[Floats, Names]],
    size: Mapping[str, int],
    gone: Names,
    kept: Names,
    room: Floats | None = None,
) -> Floats:
    """Parts (..., ports, ports) connected where names are equal; the `gone` ones eliminated."""
    place, end = {}, 0
    for name in (*gone, *kept):
        place[name] = end
        end += size[name]
    e = sum(size[name] for name in gone)
    batch = parts[0][0].shape[:-2]
    places = [_addresses(part) for part, _ in parts]
    runs = []
    for _, names in parts:
        own = 0
        for name in names:
            runs.append((own, place[name], size[name]))
            own += size[name]
    y = _inside(room, (*batch, end - e, end - e))
    failed = _kernel().crossbar_join(
        *map(ctypes.c_long, (math.prod(batch), len(parts))),
        np.concatenate(places).ctypes.data_as(ctypes.c_void_p),
        (ctypes.c_long * len(parts))(*(part.shape[-1] for part, _ in parts)),
        (ctypes.c_long * len(parts))(*(len(names) for _, names in parts)),
        (ctypes.c_long * (3 * len(runs)))(*itertools.chain(*runs)),
        *map(ctypes.c_long, (e, end - e)),
        ctypes.c_void_p(y.ctypes.data),
    )
    if failed == 1:
        raise MemoryError
    if failed:
        raise DesignError("a crossbar's conductances and wires differ too much to be solved")
    return y


def _inside(room: Floats | None, shape: tuple[int, ...]) -> Floats:
    """An array without values; in `room` if that is large enough."""
    need = math.prod(shape)
    return np.empty(shape) if room is None or room.size < need else room[:need].reshape(shape)


def _addresses(blocks: Floats) -> NDArray[np.intp]:
    """Where each matrix of blocks (..., ports, ports) begins; its rows are contiguous."""
    found = np.array([blocks.ctypes.data], dtype=np.intp)
    for size, stride in zip(blocks.shape[:-2], blocks.strides[:-2], strict=True):
        found = (found[:, None] + np.arange(size) * stride).ravel()
    return found
