# SPDX-License-Identifier: Apache-2.0
"""stack : a trained stack of layers laid onto crossbar tiles, with its programming and schedule.

Layer k has H_P = ceil((n_in + 1)/rows) row partitions (the bias row is the last row of the last
one) and V_P = ceil(n_out/cols) column partitions, full ones and a rest, or about equal (`split`).
A weight is two cells, one on I+ and one on I-: +1 is (P, AP), -1 is (AP, P), 0 is (P, P).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.design import Design
from cosim.errors import DesignError
from cosim.mapping.packing import Weights, check_stack, pack

__all__ = [
    "Mapping",
    "Schedule",
    "Tile",
    "bounds",
    "cell_states",
    "column_bounds",
    "map_stack",
    "partitions",
]

Split = Literal["full", "even"]


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One crossbar: rows [row0, row1) and columns [col0, col1) of layer `layer`."""

    layer: int
    h: int
    v: int
    row0: int
    row1: int
    col0: int
    col1: int

    @property
    def name(self) -> str:
        """Its subcircuit: `tile_l<layer>_h<row partition>_v<column partition>`."""
        return f"tile_l{self.layer}_h{self.h}_v{self.v}"

    @property
    def rows(self) -> int:
        """Inputs of the tile, bias row included."""
        return self.row1 - self.row0

    @property
    def cols(self) -> int:
        """Outputs of the tile."""
        return self.col1 - self.col0


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Sequencer settings in clock cycles, and the size of a programming."""

    settle_cycles: int
    conv_cycles: int
    prog_cycles: int
    prog_words: int

    def __post_init__(self) -> None:
        for name in ("settle_cycles", "conv_cycles", "prog_cycles", "prog_words"):
            if getattr(self, name) < 1:
                raise DesignError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Where every weight of a stack is, and how it is programmed and read."""

    weights: Weights
    tile_rows: int
    tile_cols: int
    schedule: Schedule
    split: Split = "full"

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, then the outputs of each layer."""
        return (self.weights[0].shape[0] - 1, *(w.shape[1] for w in self.weights))

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """Every tile, by layer, row partition, column partition."""
        out: list[Tile] = []
        for layer, weights in enumerate(self.weights):
            rows, cols = weights.shape
            out += [
                Tile(layer=layer, h=h, v=v, row0=row0, row1=row1, col0=col0, col1=col1)
                for h, (row0, row1) in enumerate(bounds(rows, self.tile_rows, self.split))
                for v, (col0, col1) in enumerate(column_bounds(cols, self.tile_cols, self.split))
            ]
        return tuple(out)

    @cached_property
    def words(self) -> NDArray[np.uint32]:
        """Program words in writing order."""
        return pack(self.weights)

    def layer_partitions(self, layer: int) -> tuple[int, int]:
        """(H_P, V_P) of one layer."""
        rows, cols = self.weights[layer].shape
        return partitions(rows - 1, cols, self.tile_rows, self.tile_cols)

    def tile_weights(self, tile: Tile) -> NDArray[np.int8]:
        """The weights of one tile, (rows, cols)."""
        return self.weights[tile.layer][tile.row0 : tile.row1, tile.col0 : tile.col1]


def partitions(n_in: int, n_out: int, rows: int, cols: int) -> tuple[int, int]:
    """(H_P, V_P) of a layer with `n_in` inputs and a bias in tiles of rows x cols."""
    return -(-(n_in + 1) // rows), -(-n_out // cols)


def bounds(n: int, size: int, split: Split) -> list[tuple[int, int]]:
    """(first, end) of each part of `n` rows in tiles of `size`.

    `even` ends part k of m at ceil(k n/m): 401 rows by 32 are 13 parts of 30 or 31.
    """
    parts = -(-n // size)
    if split == "even":
        ends = [-(-k * n // parts) for k in range(parts + 1)]
    else:
        ends = [min(k * size, n) for k in range(parts + 1)]
    return list(pairwise(ends))


def column_bounds(n: int, size: int, split: Split) -> list[tuple[int, int]]:
    """(first, end) of each part of `n` columns; `even` ones are alike but for a smaller last."""
    return bounds(n, size if split == "full" else -(-n // -(-n // size)), "full")


def cell_states(weights: ArrayLike) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """States (0 P, 1 AP) of the cells on I+ and on I- for these weights."""
    array = np.asarray(weights)
    return (array < 0).astype(np.int8), (array > 0).astype(np.int8)


def map_stack(weights: Sequence[ArrayLike], design: Design) -> Mapping:
    """Lay layers (n_in + 1, n_out) with values -1, 0, +1 and the bias row last onto tiles."""
    layers = check_stack(weights)
    timing = design.macro.timing
    return Mapping(
        weights=layers,
        tile_rows=design.macro.tile.rows,
        tile_cols=design.macro.tile.cols,
        split=design.macro.tile.split,
        schedule=Schedule(
            settle_cycles=timing.settle_cycles,
            conv_cycles=timing.conv_cycles,
            prog_cycles=timing.prog_cycles,
            prog_words=int(pack(layers).size),
        ),
    )
