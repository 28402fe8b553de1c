# SPDX-License-Identifier: Apache-2.0
"""test_stack : tiles cover every weight once; cells and partitions are those of the contract."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cosim.design import load_design
from cosim.mapping import bounds, cell_states, column_bounds, map_stack
from cosim.mapping.stack import Mapping


def mapping_of(sizes: tuple[int, ...], rows: int = 32, cols: int = 32) -> Mapping:
    rng = np.random.default_rng(3)
    pairs = itertools.pairwise(sizes)
    stack = [rng.integers(-1, 2, (n_in + 1, n_out), dtype=np.int8) for n_in, n_out in pairs]
    design = load_design("imac_14nm", [f"macro.tile.rows={rows}", f"macro.tile.cols={cols}"])
    return map_stack(stack, design)


def test_lenet_stack_takes_67_tiles_of_32x32() -> None:
    mapping = mapping_of((400, 120, 84, 10))
    assert [mapping.layer_partitions(k) for k in range(3)] == [(13, 4), (4, 3), (3, 1)]
    assert len(mapping.tiles) == 13 * 4 + 4 * 3 + 3 * 1 == 67
    assert mapping.schedule.prog_words == 3852


@pytest.mark.parametrize(("rows", "cols"), [(32, 32), (5, 7), (1, 1), (64, 16), (1000, 1000)])
def test_tiles_cover_every_weight_exactly_once(rows: int, cols: int) -> None:
    mapping = mapping_of((33, 20, 5), rows, cols)
    for layer, weights in enumerate(mapping.weights):
        seen = np.zeros(weights.shape, dtype=int)
        for tile in mapping.tiles:
            if tile.layer == layer:
                assert 1 <= tile.rows <= rows
                assert 1 <= tile.cols <= cols
                seen[tile.row0 : tile.row1, tile.col0 : tile.col1] += 1
                np.testing.assert_array_equal(
                    mapping.tile_weights(tile),
                    weights[tile.row0 : tile.row1, tile.col0 : tile.col1],
                )
        assert (seen == 1).all()


def test_tile_names_are_unique() -> None:
    names = [tile.name for tile in mapping_of((400, 120, 84, 10)).tiles]
    assert len(set(names)) == len(names)


def test_differential_cells_of_each_weight() -> None:
    plus, minus = cell_states(np.array([1, -1, 0]))
    assert plus.tolist() == [0, 1, 0]  # +1: low resistance on I+; 0: low on both
    assert minus.tolist() == [1, 0, 0]


def test_an_even_split_ends_parts_where_the_public_netlist_does() -> None:
    rng = np.random.default_rng(3)
    stack = [rng.integers(-1, 2, shape, dtype=np.int8) for shape in ((401, 120), (121, 84))]
    mapping = map_stack(stack, load_design("imac_14nm", ["macro.tile.split=even"]))
    ends = [tile.row1 for tile in mapping.tiles if tile.layer == 0 and tile.v == 0]
    # floor(n k/m + min((n mod m)/k, 1)) of arXiv:2304.09252's netlist, n = 401, m = 13
    published = [int(401 * k / 13 + min((401 % 13) / k, 1)) for k in range(1, 14)]
    assert ends == published
    assert {tile.cols for tile in mapping.tiles if tile.layer == 0} == {30}
    assert {tile.rows for tile in mapping.tiles if tile.layer == 1} == {30, 31}
    full = map_stack(stack, load_design("imac_14nm"))
    assert [mapping.layer_partitions(k) for k in (0, 1)] == [
        full.layer_partitions(k) for k in (0, 1)
    ]
    assert sum(tile.rows * tile.cols for tile in mapping.tiles) == 401 * 120 + 121 * 84


def test_even_columns_are_alike_but_for_a_smaller_last_tile() -> None:
    assert column_bounds(85, 32, "even") == [(0, 29), (29, 58), (58, 85)]
    assert column_bounds(85, 32, "full") == [(0, 32), (32, 64), (64, 85)]
    assert bounds(85, 32, "even") == [(0, 29), (29, 57), (57, 85)]
