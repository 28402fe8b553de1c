# SPDX-License-Identifier: Apache-2.0
"""reference : the macro's digital part in whole numbers: converter codes in, neurons' codes out.

The same arithmetic as rtl/mixed/mixed_lane.v, from its description: the sum of a column's codes
less the middle code, times -mul over 2^shift with halves rounded up, plus an offset, within +-127,
then a sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.errors import CircuitError
from cosim.mixed.design import DAC_BITS, MixedDesign
from cosim.mixed.shape import Shape, shape_of

__all__ = ["activations", "layer_codes", "outputs_of", "sigmoid_codes"]

Ints = NDArray[np.int64]
LIMIT = 127
STEP = 16.0  # neuron inputs in one unit of x


def sigmoid_codes(x: Ints, neuron: int) -> Ints:
    """Codes 0..255 of neuron inputs -128..127: by table (0) or straight pieces (1)."""
    if neuron == 0:
        return np.floor(255 / (1 + np.exp(-x / STEP)) + 0.5).astype(np.int64)
    size = np.abs(x)
    upper = np.select(
        [size < 16, size < 38, size < 80],
        [128 + 4 * size, 160 + 2 * size, 216 + size // 2],
        256,
    )
    return np.asarray(np.minimum(np.where(x < 0, 256 - upper, upper), 255), dtype=np.int64)


def activations(codes: Ints, layer: int, shape: Shape) -> Ints:
    """Neurons' codes (..., n_out) of converter codes (..., height, n_out)."""
    total = (codes.astype(np.int64) - (1 << (shape.adc_bits - 1))).sum(axis=-2)
    shift = shape.shifts[layer]
    scaled = (-total * shape.muls[layer] + (1 << (shift - 1))) >> shift
    x = np.clip(scaled + shape.offsets[layer], -LIMIT, LIMIT)
    return sigmoid_codes(x, shape.neuron)


def layer_codes(sampled: Sequence[Sequence[int]], shape: Shape) -> list[Ints]:
    """Codes (height, n_out) of each layer from what the converters gave in each round."""
    wanted = sum(len(shape.rounds(k)) for k in range(shape.layers))
    if len(sampled) != wanted:
        raise CircuitError(f"an evaluation has {wanted} rounds of conversions, got {len(sampled)}")
    rounds, found = iter(sampled), []
    for layer, (height, n_out) in enumerate(zip(shape.heights, shape.outs, strict=True)):
        codes = np.zeros((height, n_out), dtype=np.int64)
        for column, part in shape.rounds(layer):
            given = np.asarray(next(rounds)).reshape(shape.lanes, shape.parts)
            lanes = min(shape.lanes, n_out - column)
            parts = min(shape.parts, height - part)
            codes[part : part + parts, column : column + lanes] = given[:lanes, :parts].T
        found.append(codes)
    return found


def outputs_of(
    codes: Sequence[int], design: MixedDesign, sizes: Sequence[int]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """What the macro's outputs must be after an evaluation whose samples gave these codes.

    And as volts that a row's DAC would make of them.
    """
    shape = shape_of(sizes, design)
    each = np.asarray(codes, dtype=np.int64).reshape(-1, shape.converters)
    last = layer_codes(each.tolist(), shape)[-1]
    found = tuple(activations(last, shape.layers - 1, shape).tolist())
    return found, tuple(design.macro.vdd_v * code / (1 << DAC_BITS) for code in found)
