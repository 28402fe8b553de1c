# SPDX-License-Identifier: Apache-2.0
"""mapping : a trained stack on crossbar tiles: cells, partitions, program words, schedule."""

from __future__ import annotations

from cosim.mapping.files import load_mapping, save_mapping
from cosim.mapping.packing import check_stack, pack, unpack, word_count
from cosim.mapping.stack import (
    Mapping,
    Schedule,
    Tile,
    bounds,
    cell_states,
    column_bounds,
    map_stack,
    partitions,
)
from cosim.mapping.wires import CellWires, cell_wires

__all__ = [
    "CellWires",
    "Mapping",
    "Schedule",
    "Tile",
    "bounds",
    "cell_states",
    "cell_wires",
    "check_stack",
    "column_bounds",
    "load_mapping",
    "map_stack",
    "pack",
    "partitions",
    "save_mapping",
    "unpack",
    "word_count",
]
