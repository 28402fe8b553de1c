# SPDX-License-Identifier: Apache-2.0
"""spiking : a binary spiking network as arrays, and its exact integer reference.

Spikes are 0 and 1, weights -1 and +1, everything else whole numbers; no step rounds:

    encoder   acc = sum(weight * pixel) + bias, then the largest of 2x2 if it pools; the same in
              every step: pixels are not turned into spike trains, the neurons do that
    layer     acc = sum(weight * spike) + skip * spike at the same place of the layer's input
    neuron    m  += acc                 integrate: m is 0 before the first step
              spike = m >= threshold[step]
              m  -= reset * spike       fire
              "or" pooling: one spike of 2x2 is a spike
    readout   score = sum over steps of sum(weight * spike) + bias; class = largest, lowest index

Convolutions are 3x3 with a border of no spikes, so 32 input channels are a row of 288 cells.
Threshold, reset and skip carry batch norm: gamma*(acc - mean)/sigma + beta, threshold 1, divided by
gamma/sigma > 0. What the comparator of one row sees in a step is `acc >= threshold[step] - m`, less
`skip` where the input spikes (`Step.level`): its dynamic threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.integer import EXACT_FLOAT32

__all__ = [
    "KERNEL",
    "ROW_CELLS",
    "Encoder",
    "Neurons",
    "SpikingLayer",
    "SpikingNetwork",
    "Step",
    "run_steps",
    "scores",
]

KERNEL = 3
ROW_CELLS = 288  # of one subarray: 3x3 places of 32 channels
CHUNK = 100  # images at a time: bounds memory, not results

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Spikes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Neurons:
    """One layer's neurons: `threshold` (steps, channels), `reset` (channels,); `pool` 2x2 by or."""

    threshold: Int32
    reset: Int32
    pool: bool

    def __post_init__(self) -> None:
        _require("threshold", self.threshold, np.int32, 2)
        _require("reset", self.reset, np.int32, 1)
        if self.threshold.shape[1:] != self.reset.shape:
            raise ModelError(
                f"thresholds {self.threshold.shape} and resets {self.reset.shape} do not agree"
            )
        if self.reset.min() < 1:
            raise ModelError(f"a reset must be 1 or more, got {int(self.reset.min())}")


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """First layer, on pixels: int8 `weight` (c, c_in, 3, 3), `bias` (c,); `pool` 2x2 maxima."""

    weight: Int8
    bias: Int32
    pool: bool
    neurons: Neurons

    def __post_init__(self) -> None:
        _require("encoder weight", self.weight, np.int8, 4)
        _require("encoder bias", self.bias, np.int32, 1)
        _check_kernel("encoder", self.weight, self.neurons)
        if self.bias.shape != self.neurons.reset.shape:
            raise ModelError(f"encoder has {self.bias.size} biases")

    def currents(self, images: NDArray[np.uint8]) -> Int32:
        """What the neurons integrate in every step, (n, c, rows, cols), for (n, c_in, ...)."""
        acc = _convolve(self.weight, images) + self.bias[:, None, None]
        if self.pool:
            n, c, rows, cols = acc.shape
            acc = acc.reshape(n, c, rows // 2, 2, cols // 2, 2).max(axis=(3, 5))
        return acc


@dataclass(frozen=True, kw_only=True)
class SpikingLayer:
    """A layer of the macro: `weight` (c_out, c_in, 3, 3) of -1 and +1, `skip` (c_out,) or none."""

    weight: Int8
    neurons: Neurons
    skip: Int32 | None = None

    def __post_init__(self) -> None:
        _require("weight", self.weight, np.int8, 4)
        _check_kernel("layer", self.weight, self.neurons)
        if not np.isin(self.weight, (-1, 1)).all():
            raise ModelError("weights must be -1 or +1")
        if self.skip is not None:
            _require("skip", self.skip, np.int32, 1)
            if (
                self.skip.shape != (self.weight.shape[1],)
                or self.skip.shape != self.weight.shape[:1]
            ):
                raise ModelError(
                    f"a skip needs as many channels in as out, got weight {self.weight.shape}"
                )

    def rows(self) -> Int8:
        """Cells of each output channel (c_out, 9*c_in): channel, then row, then column.

        Cells 288*k .. 288*k + 287 are subarray k's.
        """
        return self.weight.reshape(len(self.weight), -1)


@dataclass(frozen=True, kw_only=True)
class SpikingNetwork:
    """A whole network; `readout` (features + 1, classes): -1 and +1, last row the int32 bias."""

    name: str
    image_shape: tuple[int, int, int]
    steps: int
    encoder: Encoder
    layers: tuple[SpikingLayer, ...]
    readout: Int8
    readout_bias: Int32
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = _shape_after("encoder", self.encoder.weight, self.image_shape, self.encoder.pool)
        shape = _pooled("encoder", shape, self.encoder.neurons.pool)
        self._check_steps("encoder", self.encoder.neurons)
        for index, layer in enumerate(self.layers, start=1):
            what = f"layer{index}"
            shape = _shape_after(what, layer.weight, shape, layer.neurons.pool)
            self._check_steps(what, layer.neurons)
        _require("readout", self.readout, np.int8, 2)
        _require("readout bias", self.readout_bias, np.int32, 1)
        if len(self.readout) != int(np.prod(shape)):
            raise ModelError(f"readout has {len(self.readout)} rows for features {shape}")
        if self.readout_bias.shape != self.readout.shape[1:]:
            raise ModelError(
                f"readout has {self.readout_bias.size} biases for {self.readout.shape[1]} classes"
            )
        if not np.isin(self.readout, (-1, 1)).all():
            raise ModelError("readout weights must be -1 or +1")

    def _check_steps(self, what: str, neurons: Neurons) -> None:
        if len(neurons.threshold) != self.steps:
            raise ModelError(f"{what}: {len(neurons.threshold)} thresholds for {self.steps} steps")

    @property
    def operations(self) -> int:
        """Weights times places that the macro's layers meet for one image, all steps."""
        total, shape = 0, self.image_shape
        shape = _shape_after("encoder", self.encoder.weight, shape, self.encoder.pool)
        shape = _pooled("encoder", shape, self.encoder.neurons.pool)
        for layer in self.layers:
            total += layer.weight.size * shape[1] * shape[2]
            shape = _shape_after("layer", layer.weight, shape, layer.neurons.pool)
        return total * self.steps


@dataclass(frozen=True, kw_only=True)
class Step:
    """One layer in one step: `spikes_in` (n, c_in, r, c), `level` and `spikes` (n, c_out, r, c).

    A neuron spikes iff its row's sum reaches `level`. `spikes` are before pooling, `out` after.
    `layer` 0 is the encoder, whose `spikes_in` is None and whose sum is its current.
    """

    step: int
    layer: int
    spikes_in: Spikes | None
    level: Int32
    spikes: Spikes
    out: Spikes


def run_steps(network: SpikingNetwork, images: NDArray[np.uint8]) -> Iterator[Step]:
    """Every layer of every step, in the order in which they run, for images (n, c, rows, cols)."""
    x = _batch(network, images)
    current = network.encoder.currents(x)
    membranes: list[Int32 | None] = [None] * (1 + len(network.layers))
    for step in range(network.steps):
        spikes: Spikes | None = None
        for index in range(1 + len(network.layers)):
            skipped: Int32 | int = 0
            if index == 0:
                acc, neurons = current, network.encoder.neurons
            else:
                layer = network.layers[index - 1]
                assert spikes is not None
                acc, neurons = _convolve(layer.weight, spikes), layer.neurons
                if layer.skip is not None:
                    skipped = layer.skip[:, None, None] * spikes.astype(np.int32)
            before = membranes[index]
            m = np.zeros_like(acc) if before is None else before
            level = neurons.threshold[step][:, None, None] - m - skipped
            fired = acc >= level
            membranes[index] = m + acc + skipped - neurons.reset[:, None, None] * fired
            out = _or_pool(fired) if neurons.pool else fired
            found = Step(
                step=step,
                layer=index,
                spikes_in=spikes,
                level=level.astype(np.int32),
                spikes=fired.astype(np.uint8),
                out=out.astype(np.uint8),
            )
            spikes = found.out
            yield found


def scores(network: SpikingNetwork, images: NDArray[np.uint8]) -> Int32:
    """Scores (n, classes) of images (n, c, rows, cols) or, with one channel, (n, rows, cols)."""
    x, last, parts = _batch(network, images), len(network.layers), []
    for at in range(0, len(x), CHUNK):
        some = x[at : at + CHUNK]
        counts = np.zeros((len(some), len(network.readout)), np.int32)
        for step in run_steps(network, some):
            if step.layer == last:
                counts += step.out.reshape(len(some), -1)
        parts.append(counts @ network.readout.astype(np.int32) + network.readout_bias)
    found: Int32 = np.concatenate(parts).astype(np.int32)
    return found


def _convolve(weight: Int8, x: NDArray[np.integer]) -> Int32:
    """3x3 sums with a border of zeros; BLAS in floating point is exact below 2**24."""
    c_out, c_in = weight.shape[:2]
    largest = int(np.abs(weight.astype(np.int64)).sum(axis=(1, 2, 3)).max())
    number: Any = np.float32 if largest * max(int(x.max()), 1) <= EXACT_FLOAT32 else np.float64
    n, _, rows, cols = x.shape
    edged = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    patches = np.empty((c_in, KERNEL, KERNEL, n, rows, cols), number)
    for i in range(KERNEL):
        for j in range(KERNEL):
            patches[:, i, j] = edged[:, :, i : i + rows, j : j + cols].transpose(1, 0, 2, 3)
    acc = weight.reshape(c_out, -1).astype(number) @ patches.reshape(9 * c_in, -1)
    found: Int32 = acc.reshape(c_out, n, rows, cols).transpose(1, 0, 2, 3).astype(np.int32)
    return found


def _or_pool(fired: NDArray[np.bool_]) -> NDArray[np.bool_]:
    n, c, rows, cols = fired.shape
    return np.asarray(fired.reshape(n, c, rows // 2, 2, cols // 2, 2).any(axis=(3, 5)))


def _batch(network: SpikingNetwork, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    x = images[:, None] if images.ndim == 3 else images
    if x.dtype != np.uint8 or x.shape[1:] != network.image_shape:
        raise ModelError(
            f"{network.name} reads uint8 images {network.image_shape}, got {images.dtype}"
            f" {images.shape}"
        )
    return x


def _shape_after(
    what: str, weight: Int8, shape: tuple[int, int, int], pool: bool
) -> tuple[int, int, int]:
    if weight.shape[1] != shape[0]:
        raise ModelError(
            f"{what} reads {weight.shape[1]} channels, the layer before gives {shape[0]}"
        )
    return _pooled(what, (int(weight.shape[0]), *shape[1:]), pool)


def _pooled(what: str, shape: tuple[int, int, int], pool: bool) -> tuple[int, int, int]:
    if not pool:
        return shape
    if shape[1] % 2 or shape[2] % 2:
        raise ModelError(f"{what}: 2x2 pooling needs even sides, got {shape[1]}x{shape[2]}")
    return (shape[0], shape[1] // 2, shape[2] // 2)


def _check_kernel(what: str, weight: Int8, neurons: Neurons) -> None:
    if weight.shape[2:] != (KERNEL, KERNEL):
        raise ModelError(f"{what} kernel must be 3x3, got {weight.shape[2]}x{weight.shape[3]}")
    if weight.shape[:1] != neurons.reset.shape:
        raise ModelError(f"{what} has {len(weight)} channels and {neurons.reset.size} neurons")


def _require(what: str, array: Any, dtype: type[np.generic], ndim: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != np.dtype(dtype):
        got = getattr(array, "dtype", type(array).__name__)
        raise ModelError(f"{what} must be {np.dtype(dtype)}, got {got}")
    if array.ndim != ndim or array.size == 0:
        raise ModelError(f"{what} must have {ndim} non-empty dimensions, got {array.shape}")
