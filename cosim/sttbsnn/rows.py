# SPDX-License-Identifier: Apache-2.0
"""rows : the weights of a tile, from the form that every macro is programmed with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.errors import ModelError
from cosim.sttbsnn.design import BsnnDesign

__all__ = ["layer_of", "rows_of"]


def rows_of(weights: Sequence[ArrayLike], design: BsnnDesign, rows: int) -> NDArray[np.int8]:
    """Rows (rows, inputs) of one layer (inputs + 1, rows) in {-1, +1} whose bias row is 0."""
    if len(weights) != 1:
        raise ModelError(f"a spiking tile holds one layer, got {len(weights)}")
    layer = np.asarray(weights[0])
    shape = (design.row.inputs + 1, rows)
    if layer.shape != shape:
        raise ModelError(f"weights must be {shape} (inputs and bias, rows), got {layer.shape}")
    if layer[-1].any():
        raise ModelError("the bias row must be 0: a row's threshold holds its bias")
    if not np.isin(layer[:-1], (-1, 1)).all():
        wrong = layer[:-1][~np.isin(layer[:-1], (-1, 1))].flat[0]
        raise ModelError(f"weights must be -1 or +1, got {wrong}")
    return np.ascontiguousarray(layer[:-1].T).astype(np.int8)


def layer_of(weights: NDArray[np.integer]) -> NDArray[np.float64]:
    """The way back: rows (rows, inputs) as a layer with its bias row."""
    return np.vstack([weights.T, np.zeros((1, len(weights)))]).astype(np.float64)
