# SPDX-License-Identifier: Apache-2.0
"""integer : exact integer reference of the convolution part, the same numbers as the firmware.

`network.py` states the arithmetic. Images are uint8 (n, channels, rows, columns) or
(n, rows, columns); features come back as int8 (n, n_features), channel-major.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.network import ConvStage, Network

__all__ = ["feature_bits", "features", "fnv1a", "pack_bits", "stage_output"]

FNV_OFFSET, FNV_PRIME = 0x811C9DC5, 0x01000193
_IMAGE_NDIM, _BATCH_NDIM = 3, 4
_CHUNK = 500  # images at a time: bounds memory, not results


def stage_output(stage: ConvStage, x: NDArray[np.integer]) -> NDArray[np.int8]:
    """One stage on `x` (n, c_in, rows, cols); returns int8 (n, c_out, rows, cols)."""
    k = stage.kernel
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    n, c_in, rows, cols = windows.shape[:4]
    patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * rows * cols, c_in * k * k)
    # float64 is exact: the accumulator is below 2**31, far inside 53 bits, and BLAS is quick
    kernel = stage.weight.reshape(len(stage.weight), -1).T.astype(np.float64)
    acc = (patches.astype(np.float64) @ kernel).astype(np.int64) + stage.bias
    acc = acc.reshape(n, rows, cols, -1).transpose(0, 3, 1, 2)
    if stage.pool != "none":
        blocks = acc.reshape(n, acc.shape[1], rows // 2, 2, cols // 2, 2)
        acc = blocks.max(axis=(3, 5)) if stage.pool == "max" else blocks.sum(axis=(3, 5))
    low = 0 if stage.relu else -128
    y: NDArray[np.int8] = np.clip(acc >> stage.shift, low, 127).astype(np.int8)
    return y


def features(network: Network, images: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Features of `images`, int8 (n, n_features)."""
    x = _batch(network, images)
    parts = [_features(network, x[at : at + _CHUNK]) for at in range(0, len(x), _CHUNK)]
    return np.concatenate(parts) if parts else np.empty((0, network.n_features), np.int8)


def _features(network: Network, x: NDArray[np.uint8]) -> NDArray[np.int8]:
    pad = network.pad
    y: NDArray[np.integer] = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    for stage in network.convs:
        y = stage_output(stage, y)
    return y.reshape(len(x), -1).astype(np.int8)


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
