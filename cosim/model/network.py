# SPDX-License-Identifier: Apache-2.0
"""network : a quantised CNN or MLP as arrays, checked so that every later stage can trust it.

Integer meaning of one convolution stage (floor shift, saturation; the same in NumPy and in C):

    acc = sum(weight * x) + bias            int32, stride 1, x with `pad` zeros on every side
    acc = max or sum over 2x2, or as it is  int32, stride 2
    y   = clip(acc >> shift, lo, 127)       int8, lo = 0 with ReLU, else -128

Stage 1 reads pixels 0..255, every later stage 0..127. The signs of the last stage's features
(0 counts as positive) drive the fully-connected stack, channel-major; without any convolution the
features are pixels - 128. An FC layer is an int8 array (n_in + 1, n_out) of -1, 0, +1; its last row
is the bias. The CPU-only twin computes with the macro's weights unless it has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError

__all__ = ["PIXEL_MIDDLE", "POOLS", "ConvStage", "Lut", "Network", "Pool"]

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Pool = Literal["none", "max", "sum"]
POOLS: tuple[Pool, ...] = ("none", "max", "sum")

PIXEL_MAX = 255
PIXEL_MIDDLE = 128  # a pixel from here on is a positive feature where there is no convolution
PAD_MAX = 7
ACTIVATION_MAX = 127
INT32_MAX = 2**31 - 1
IMAGE_NDIM = 3  # channels, rows, columns
WEIGHT_NDIM = 4  # c_out, c_in, rows, columns


@dataclass(frozen=True, kw_only=True)
class ConvStage:
    """One convolution with its pooling and requantisation. `weight` (c_out, c_in, k, k)."""

    weight: Int8
    bias: Int32
    shift: int
    relu: bool
    pool: Pool
    pad: int = 0  # rows and columns of zeros around the input

    def __post_init__(self) -> None:
        _require_array("convolution weight", self.weight, np.int8, WEIGHT_NDIM)
        _require_array("convolution bias", self.bias, np.int32, 1)
        c_out, _, rows, cols = self.weight.shape
        if rows != cols:
            raise ModelError(f"convolution kernel must be square, got {rows}x{cols}")
        if self.bias.shape != (c_out,):
            raise ModelError(
                f"convolution bias has {self.bias.size} values for {c_out} output channels"
            )
        if self.weight.min() < -ACTIVATION_MAX:
            raise ModelError("convolution weight -128 is outside -127..127")
        if not 0 <= self.shift <= 31:
            raise ModelError(f"requantisation shift must be 0..31, got {self.shift}")
        if not 0 <= self.pad <= PAD_MAX:
            raise ModelError(f"pad must be 0..{PAD_MAX}, got {self.pad}")
        if self.pool not in POOLS:
            raise ModelError(f"pooling must be one of {', '.join(POOLS)}, got {self.pool!r}")

    @property
    def kernel(self) -> int:
        """Rows (and columns) of the kernel."""
        return int(self.weight.shape[2])

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Channels, rows and columns that come out when `shape` goes in."""
        channels, rows, cols = shape
        if channels != self.weight.shape[1]:
            raise ModelError(
                f"convolution reads {self.weight.shape[1]} channels, the stage before gives"
                f" {channels}"
            )
        grown = 2 * self.pad - self.kernel + 1
        rows, cols = rows + grown, cols + grown
        if rows < 1 or cols < 1:
            raise ModelError(f"a {self.kernel}x{self.kernel} kernel does not fit in {shape}")
        if self.pool == "none":
            return (int(self.weight.shape[0]), rows, cols)
        if rows % 2 or cols % 2:
            raise ModelError(f"2x2 pooling needs even sides, got {rows}x{cols}")
        return (int(self.weight.shape[0]), rows // 2, cols // 2)

    def largest_accumulator(self, x_max: int) -> int:
        """Bound of |acc| for inputs 0..x_max, pooling included."""
        products = np.abs(self.weight.astype(np.int64)).sum(axis=(1, 2, 3)) * x_max
        bound = int((products + np.abs(self.bias.astype(np.int64))).max())
        return 4 * bound if self.pool == "sum" else bound


@dataclass(frozen=True, kw_only=True)
class Lut:
    """Neuron of the CPU-only twin: code = table[clip((s >> shift) + offset, 0, len - 1)]."""

    table: NDArray[np.uint8]
    shift: int
    offset: int

    def __post_init__(self) -> None:
        _require_array("neuron table", self.table, np.uint8, 1)
        if not 0 <= self.shift <= 31:
            raise ModelError(f"neuron table shift must be 0..31, got {self.shift}")


@dataclass(frozen=True, kw_only=True)
class Network:
    """A CNN or MLP for mapping and firmware. `luts` belong to the CPU-only twin, one a layer.

    `fc_own` are weights that the twin has for its own, in the shapes of `fc`; () where it has none.
    """

    name: str
    image_shape: tuple[int, int, int]  # channels, rows, columns as the data set has them
    pad: int  # zeros added on every side
    convs: tuple[ConvStage, ...]
    fc: tuple[Int8, ...]
    luts: tuple[Lut, ...]
    neuron_vin_v: NDArray[np.float64]  # neuron curve the network was trained with
    neuron_vout_v: NDArray[np.float64]
    meta: Mapping[str, Any] = field(default_factory=dict)
    fc_own: tuple[Int8, ...] = ()

    def __post_init__(self) -> None:
        if len(self.image_shape) != IMAGE_NDIM or min(self.image_shape) < 1:
            raise ModelError(f"image shape must be (channels, rows, cols), got {self.image_shape}")
        if self.pad < 0:
            raise ModelError(f"pad must be 0 or more, got {self.pad}")
        if not self.fc:
            raise ModelError("a network needs an FC layer")
        if not self.convs and self.pad:
            raise ModelError(f"pad is for convolutions, got {self.pad} and none of them")
        self._check_convs()
        self._check_fc()
        self._check_curve()

    def _check_convs(self) -> None:
        shape, x_max = self.padded_shape, PIXEL_MAX
        for index, stage in enumerate(self.convs, start=1):
            try:
                shape = stage.output_shape(shape)
            except ModelError as error:
                raise ModelError(f"conv{index}: {error}") from None
            if stage.largest_accumulator(x_max) > INT32_MAX:
                raise ModelError(f"conv{index}: the accumulator can exceed 32 bits")
            if not stage.relu and index < len(self.convs):
                raise ModelError(f"conv{index}: only the last stage may go without ReLU")
            x_max = ACTIVATION_MAX

    def _check_fc(self) -> None:
        n_in, source = self.n_features, "features"
        for index, weight in enumerate(self.fc, start=1):
            _require_weight(f"fc{index}", weight)
            if weight.shape[0] != n_in + 1:
                raise ModelError(
                    f"fc{index}: {weight.shape[0]} rows do not fit {n_in} {source} and a bias row"
                )
            n_in, source = int(weight.shape[1]), f"outputs of fc{index}"
        for index, weight in enumerate(self.fc_own, start=1):
            _require_weight(f"the CPU's fc{index}", weight)
        own, shapes = ([weight.shape for weight in each] for each in (self.fc_own, self.fc))
        if own and own != shapes:
            raise ModelError(
                f"the CPU's own weights must have the macro's shapes {shapes}, got {own}"
            )
        if len(self.luts) != len(self.fc):
            raise ModelError(f"{len(self.luts)} neuron tables for {len(self.fc)} FC layers")

    def _check_curve(self) -> None:
        vin, vout = self.neuron_vin_v, self.neuron_vout_v
        _require_array("neuron curve input", vin, np.float64, 1)
        _require_array("neuron curve output", vout, np.float64, 1)
        if vin.shape != vout.shape or vin.size < 2:
            raise ModelError(f"neuron curve has {vin.size} inputs and {vout.size} outputs")
        if not (np.isfinite(vin).all() and np.isfinite(vout).all() and (np.diff(vin) > 0).all()):
            raise ModelError("neuron curve must be finite, with rising input voltages")

    @property
    def padded_shape(self) -> tuple[int, int, int]:
        """Shape that the first convolution reads."""
        channels, rows, cols = self.image_shape
        return (channels, rows + 2 * self.pad, cols + 2 * self.pad)

    def stage_shapes(self) -> tuple[tuple[int, int, int], ...]:
        """Shape after each convolution stage."""
        shapes, shape = [], self.padded_shape
        for stage in self.convs:
            shape = stage.output_shape(shape)
            shapes.append(shape)
        return tuple(shapes)

    @property
    def fc_cpu(self) -> tuple[Int8, ...]:
        """FC weights that the CPU-only twin computes with."""
        return self.fc_own or self.fc

    @property
    def n_features(self) -> int:
        """Inputs of the FC stack, bias not counted."""
        channels, rows, cols = (self.padded_shape, *self.stage_shapes())[-1]
        return channels * rows * cols

    @property
    def n_classes(self) -> int:
        """Outputs of the FC stack."""
        return int(self.fc[-1].shape[1])

    @property
    def fc_sizes(self) -> tuple[int, ...]:
        """Such as (400, 120, 84, 10)."""
        return (self.n_features, *(int(weight.shape[1]) for weight in self.fc))


def _require_weight(what: str, weight: Any) -> None:
    _require_array(f"{what} weight", weight, np.int8, 2)
    bad = weight[(weight < -1) | (weight > 1)]
    if bad.size:
        raise ModelError(f"{what}: weight {int(bad[0])} is outside {{-1, 0, +1}} ({bad.size} such)")


def _require_array(what: str, array: Any, dtype: type[np.generic], ndim: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != np.dtype(dtype):
        got = getattr(array, "dtype", type(array).__name__)
        raise ModelError(f"{what} must be {np.dtype(dtype)}, got {got}")
    if array.ndim != ndim or array.size == 0:
        raise ModelError(f"{what} must have {ndim} non-empty dimensions, got {array.shape}")
