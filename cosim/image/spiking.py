# SPDX-License-Identifier: Apache-2.0
"""spiking : a spiking network, pictures and what its tiles are programmed with, as C sources.

snn_config.h holds the sizes, snn_data.c the tables that firmware/lib/snn.h declares. 32 channels of
a place are one word, channel 0 in the LSB; the nine places of a row go row by row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import FirmwareError
from cosim.model.spiking import KERNEL, SpikingNetwork

__all__ = ["CHANNELS", "SpikingImage", "map_checksum", "write_spiking"]

CHANNELS = 32  # of every layer: one word
PLACES = KERNEL * KERNEL
_SPDX = "/* SPDX-License-Identifier: Apache-2.0 */"
_FNV_PRIME, _WORD = 0x01000193, 0xFFFFFFFF
FNV_START = 0x811C9DC5


@dataclass(frozen=True, kw_only=True)
class SpikingImage:
    """A network and pictures (n, side, side); of each layer its tile's words and codes.

    `programs` (layers, words) uint32, `codes` (layers, rows, steps + 2); times in cycles.
    """

    network: SpikingNetwork
    images: NDArray[np.uint8]
    programs: NDArray[np.uint32]
    codes: NDArray[np.int64]
    settle_cycles: int
    sense_cycles: int
    prog_cycles: int

    def __post_init__(self) -> None:
        net = self.network
        sides = net.image_shape
        if sides[0] != 1 or sides[1] != sides[2] or self.images.shape[1:] != sides[1:]:
            raise FirmwareError(f"pictures must be square and grey, got {self.images.shape[1:]}")
        shapes = {layer.weight.shape[:2] for layer in net.layers} | {
            (len(net.encoder.weight), CHANNELS)
        }
        if shapes != {(CHANNELS, CHANNELS)}:
            raise FirmwareError(f"every layer must have {CHANNELS} channels, got {shapes}")
        if not net.encoder.pool or net.encoder.neurons.pool:
            raise FirmwareError("the encoder must pool its sums by 2x2, and no spikes")

    @property
    def sides(self) -> list[int]:
        """Of each layer's input, then of the output."""
        found = [self.network.image_shape[1] // 2]
        for layer in self.network.layers:
            found.append(found[-1] // (2 if layer.neurons.pool else 1))
        return found

    def digest_parts(self) -> Iterable[bytes]:
        """Everything that the image depends on."""
        yield repr((self.settle_cycles, self.sense_cycles, self.prog_cycles)).encode()
        yield _data_text(self).encode()


def write_spiking(folder: Path, image: SpikingImage) -> None:
    """Writes snn_config.h and snn_data.c into `folder`."""
    (folder / "snn_config.h").write_text(_config_text(image))
    (folder / "snn_data.c").write_text(_data_text(image))


def map_checksum(spikes: NDArray[np.uint8]) -> int:
    """What the firmware prints of the last layer's spikes (steps, 32, side, side)."""
    value = 0
    for step in spikes:
        words = np.pad(_words(np.moveaxis(step, 0, -1)), 1)
        digest = FNV_START
        for byte in words.astype("<u4").tobytes():
            digest = ((digest ^ byte) * _FNV_PRIME) & _WORD
        value = ((value * _FNV_PRIME) & _WORD) ^ digest
    return value


def _words(bits: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Bits (..., 32) as words, the first in the LSB."""
    shifts = np.arange(CHANNELS, dtype=np.uint32)
    return np.asarray(np.bitwise_or.reduce(np.asarray(bits, np.uint32) << shifts, axis=-1))


def _config_text(image: SpikingImage) -> str:
    net, sides = image.network, image.sides
    sizes = {
        "STEPS": net.steps,
        "LAYERS": len(net.layers),
        "IMAGE_SIDE": net.image_shape[1],
        "SIDE": sides[0],
        "OUT_SIDE": sides[-1],
        "CLASSES": len(net.readout_bias),
        "COUNT": len(image.images),
        "PROGRAM_WORDS": image.programs.shape[1],
    }
    lines = [_SPDX, "/* snn_config.h : generated from a network; do not edit */"]
    lines += ["#ifndef SNN_CONFIG_H", "#define SNN_CONFIG_H", ""]
    lines += [f"#define SNN_{name:<16} {value}u" for name, value in sizes.items()]
    return "\n".join([*lines, "", "#endif", ""])


def _data_text(image: SpikingImage) -> str:
    net, sides = image.network, image.sides
    lines = [_SPDX, "/* snn_data.c : generated from a network; do not edit */", '#include "snn.h"']
    lines.append(
        "const snn_settings_t snn_settings = "
        f"{{{image.settle_cycles}, {image.sense_cycles}, {image.prog_cycles}}};"
    )
    encoder = net.encoder
    lines += [
        _array("int8_t", "snn_encoder_weight", encoder.weight),
        _array("int32_t", "snn_encoder_bias", encoder.bias),
        _array("int32_t", "snn_encoder_threshold", encoder.neurons.threshold),
        _array("int32_t", "snn_encoder_reset", encoder.neurons.reset),
    ]
    rows = []
    for k, layer in enumerate(net.layers):
        places = layer.weight.reshape(CHANNELS, CHANNELS, PLACES).transpose(0, 2, 1)
        skip = layer.skip if layer.skip is not None else np.zeros(CHANNELS, np.int32)
        for name, kind, values in (
            ("plus", "uint32_t", _words(places > 0)),
            ("threshold", "int32_t", layer.neurons.threshold),
            ("reset", "int32_t", layer.neurons.reset),
            ("skip", "int32_t", skip),
            ("program", "uint32_t", image.programs[k]),
            ("codes", "uint16_t", image.codes[k]),
        ):
            lines.append("static " + _array(kind, f"{name}{k}", values))
        pool = int(layer.neurons.pool)
        rows.append(
            f"{{{sides[k]}, {pool}, plus{k}, threshold{k}, reset{k}, skip{k}, program{k}, "
            f"codes{k}}}"
        )
    lines.append(f"const snn_layer_t snn_layers[SNN_LAYERS] = {{{', '.join(rows)}}};")
    features = net.readout.reshape(CHANNELS, sides[-1] ** 2, -1)
    lines.append(_array("uint32_t", "snn_readout", _words(features.transpose(2, 1, 0) > 0)))
    lines.append(_array("int32_t", "snn_readout_bias", net.readout_bias))
    pictures = ", ".join(
        "{" + ", ".join(map(str, picture.ravel().tolist())) + "}" for picture in image.images
    )
    lines.append(
        "const uint8_t snn_pixels[SNN_COUNT][SNN_IMAGE_SIDE * SNN_IMAGE_SIDE] = {" + pictures + "};"
    )
    return "\n".join([*lines, ""])


def _array(kind: str, name: str, values: NDArray[Any]) -> str:
    tail = "u" if kind.startswith("u") else ""
    numbers = ", ".join(f"{int(value)}{tail}" for value in values.ravel())
    return f"const {kind} {name}[{values.size}] = {{{numbers}}};"
