# SPDX-License-Identifier: Apache-2.0
"""packing : weights as the 32-bit words that the sequencer writes, and back.

Layers in order; per layer its output columns in order; per column ceil((n_in + 1)/16) words of 16
synapses, two bits each, least significant first, inputs 0..n_in-1 then the bias. 00 is 0, 01 is +1,
10 is -1, 11 is illegal; the unused synapses of a column's last word are 00.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.errors import ModelError

__all__ = ["SYNAPSES_PER_WORD", "check_stack", "pack", "unpack", "word_count", "words_per_column"]

SYNAPSES_PER_WORD = 16
_SHIFTS = 2 * np.arange(SYNAPSES_PER_WORD, dtype=np.uint32)
_CODE_OF = np.array([2, 0, 1], dtype=np.uint32)  # of weight + 1
_WEIGHT_OF = np.array([0, 1, -1], dtype=np.int8)  # of code
_ILLEGAL = 3

Weights = tuple[NDArray[np.int8], ...]


def words_per_column(n_in: int) -> int:
    """Program words of one output of a layer with `n_in` inputs and a bias."""
    return -(-(n_in + 1) // SYNAPSES_PER_WORD)


def word_count(sizes: Sequence[int]) -> int:
    """Program words of a stack; `sizes` are inputs, then the outputs of each layer."""
    pairs = itertools.pairwise(sizes)
    return sum(n_out * words_per_column(n_in) for n_in, n_out in pairs)


def check_stack(weights: Sequence[ArrayLike]) -> Weights:
    """The layers as int8 arrays (n_in + 1, n_out), bias row last; checks values and chaining."""
    if not weights:
        raise ModelError("a stack needs at least one layer")
    layers: list[NDArray[np.int8]] = []
    for index, given in enumerate(weights):
        array = np.asarray(given)
        if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] < 1:
            raise ModelError(
                f"layer {index}: weights must be (inputs + 1, outputs), got shape {array.shape}"
            )
        wrong = ~np.isin(array, (-1, 0, 1))
        if wrong.any():
            row, col = (int(i) for i in np.argwhere(wrong)[0])
            raise ModelError(
                f"layer {index}: weight [{row}, {col}] is {array[row, col]}, must be -1, 0 or +1"
            )
        if layers and array.shape[0] - 1 != layers[-1].shape[1]:
            raise ModelError(
                f"layer {index} takes {array.shape[0] - 1} inputs, "
                f"but layer {index - 1} has {layers[-1].shape[1]} outputs"
            )
        layers.append(array.astype(np.int8))
    return tuple(layers)


def pack(weights: Sequence[ArrayLike]) -> NDArray[np.uint32]:
    """The program words of a stack, in the order the firmware writes them."""
    words = []
    for layer in check_stack(weights):
        rows, cols = layer.shape
        padded = np.zeros((cols, words_per_column(rows - 1) * SYNAPSES_PER_WORD), dtype=np.uint32)
        padded[:, :rows] = _CODE_OF[layer.T + 1]
        groups = padded.reshape(-1, SYNAPSES_PER_WORD)
        words.append(np.bitwise_or.reduce(groups << _SHIFTS, axis=1))
    return np.concatenate(words).astype(np.uint32)


def unpack(words: ArrayLike, sizes: Sequence[int]) -> Weights:
    """The weights in program words; `sizes` are inputs, then the outputs of each layer."""
    data = np.asarray(words, dtype=np.uint32).ravel()
    if len(sizes) < 2 or min(sizes) < 1:
        raise ModelError(f"layer sizes must be two or more positive numbers, got {list(sizes)}")
    if data.size != word_count(sizes):
        raise ModelError(
            f"a {'-'.join(map(str, sizes))} stack has {word_count(sizes)} program words, "
            f"got {data.size}"
        )
    layers = []
    start = 0
    for n_in, n_out in itertools.pairwise(sizes):
        per_column = words_per_column(n_in)
        block = data[start : start + per_column * n_out].reshape(n_out, per_column)
        codes = ((block[:, :, None] >> _SHIFTS) & 3).reshape(n_out, -1)
        wrong = codes == _ILLEGAL
        wrong[:, n_in + 1 :] = codes[:, n_in + 1 :] != 0
        if wrong.any():
            col, row = (int(i) for i in np.argwhere(wrong)[0])
            word = start + col * per_column + row // SYNAPSES_PER_WORD
            raise ModelError(
                f"program word {word} is 0x{int(data[word]):08x}: "
                f"synapse {row} of column {col} holds code {int(codes[col, row])}"
            )
        layers.append(np.ascontiguousarray(_WEIGHT_OF[codes[:, : n_in + 1]].T))
        start += per_column * n_out
    return tuple(layers)
