# SPDX-License-Identifier: Apache-2.0
"""integer : exact integer reference of all before the FC stack, the same numbers as the firmware.

`network.py` states the arithmetic. Images are uint8 (n, channels, rows, columns) or
(n, rows, columns); features come back as int8 (n, n_features), channel-major.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.network import PIXEL_MIDDLE, ConvStage, Network

__all__ = ["EXACT_FLOAT32", "feature_bits", "features", "fnv1a", "pack_bits", "stage_output"]

FNV_OFFSET, FNV_PRIME = 0x811C9DC5, 0x01000193
_IMAGE_NDIM, _BATCH_NDIM = 3, 4
_CHUNK = 50  # images at a time: their patches stay in the cache; bounds memory, not results
EXACT_FLOAT32 = 2**24  # integers up to here are float32 numbers


def stage_output(stage: ConvStage, x: NDArray[np.integer]) -> NDArray[np.int8]:
    """One stage on `x` (n, c_in, rows, cols); returns int8 (n, c_out, rows, cols)."""
    return np.ascontiguousarray(_stage(stage, x.transpose(1, 0, 2, 3)).transpose(1, 0, 2, 3))


def _stage(stage: ConvStage, x: NDArray[np.integer]) -> NDArray[np.int8]:
    """The same, channels first.

    BLAS in floating point is exact here in any order of summation: every product, partial sum and
    pooled sum is an integer no larger than the bound below, and so is a number of that format; a
    power of two scales it exactly, and floor is exact.
    """
    k, p = stage.kernel, stage.pad
    if p:
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    bound = stage.largest_accumulator(max(int(np.abs(x.astype(np.int32)).max(initial=0)), 1))
    number: Any = np.float32 if bound <= EXACT_FLOAT32 else np.float64  # bound < 2**31 either way
    c_in, n, rows, cols = x.shape
    rows, cols = rows - k + 1, cols - k + 1
    patches = np.empty((c_in, k, k, n, rows, cols), number)
    for i in range(k):
        for j in range(k):
            patches[:, i, j] = x[:, :, i : i + rows, j : j + cols]
    acc = stage.weight.reshape(-1, c_in * k * k).astype(number) @ patches.reshape(c_in * k * k, -1)
    acc += stage.bias[:, None].astype(number)
    acc = acc.reshape(-1, n, rows, cols)
    if stage.pool != "none":
        join = np.maximum if stage.pool == "max" else np.add
        acc = join(acc[:, :, ::2], acc[:, :, 1::2])
        acc = join(acc[..., ::2], acc[..., 1::2])
    low = 0 if stage.relu else -128
    y: NDArray[np.int8] = np.clip(np.floor(acc * number(0.5**stage.shift)), low, 127).astype(
        np.int8
    )
    return y


def features(network: Network, images: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Features of `images`, int8 (n, n_features)."""
    x = _batch(network, images)
    parts = [_features(network, x[at : at + _CHUNK]) for at in range(0, len(x), _CHUNK)]
    return np.concatenate(parts) if parts else np.empty((0, network.n_features), np.int8)


def _features(network: Network, x: NDArray[np.uint8]) -> NDArray[np.int8]:
    if not network.convs:
        return (x.reshape(len(x), -1).astype(np.int16) - PIXEL_MIDDLE).astype(np.int8)
    pad = network.pad
    y: NDArray[np.integer] = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = y.transpose(1, 0, 2, 3)
    for stage in network.convs:
        y = _stage(stage, y)
    return y.transpose(1, 0, 2, 3).reshape(len(x), -1).astype(np.int8)


def _batch(network: Network, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    x = images[:, None] if images.ndim == _IMAGE_NDIM else images
    if x.ndim != _BATCH_NDIM or x.dtype != np.uint8 or x.shape[1:] != network.image_shape:
        raise ModelError(
            f"{network.name} reads uint8 images {network.image_shape}, got {images.dtype}"
            f" {images.shape}"
        )
    return x


def feature_bits(values: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Input bits of the FC stack: 1 where the feature is not negative."""
    return (values >= 0).astype(np.uint8)


def pack_bits(bits: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Bits (n, inputs) as 32-bit words (n, ceil(inputs/32)), lowest input in the LSB."""
    n, width = bits.shape
    padded = np.zeros((n, -(-width // 32) * 32), np.uint8)
    padded[:, :width] = bits
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").astype(np.uint32)


def fnv1a(values: NDArray[np.int8]) -> int:
    """32-bit FNV-1a of the bytes: the checksum the firmware prints for its features."""
    digest = FNV_OFFSET
    for byte in values.astype(np.int8).tobytes():
        digest = ((digest ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return digest
