# SPDX-License-Identifier: Apache-2.0
"""emit : a network, pictures and settings as C sources for the firmware.

image_config.h holds the sizes, image_data.c the tables that firmware/lib/image.h declares, and
image_blobs.S takes in the arrays, one binary file each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import FirmwareError
from cosim.mapping.packing import pack
from cosim.model.integer import pack_bits
from cosim.model.network import Lut, Network

__all__ = ["Settings", "config_text", "data_text", "write_sources"]

KERNEL = 5  # the only side nn_conv.c knows
WORD_BYTES = 4
_POOL = {"none": "NN_POOL_NONE", "max": "NN_POOL_MAX", "sum": "NN_POOL_SUM"}
_SPDX = "/* SPDX-License-Identifier: Apache-2.0 */"
_CYCLES_MAX = 65_535  # width of the macro's cycle registers


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a run, as firmware/lib/image.h has them; times in clock cycles."""

    n_macro: int = 1
    settle_cycles: int = 8
    conv_cycles: int = 1
    prog_cycles: int = 1
    wait_interrupt: bool = True
    print_checksum: bool = False
    print_features: bool = False

    def __post_init__(self) -> None:
        if self.n_macro < 1:
            raise FirmwareError(f"n_macro must be 1 or more, got {self.n_macro}")
        for name in ("settle_cycles", "conv_cycles", "prog_cycles"):
            value = getattr(self, name)
            if not 1 <= value <= _CYCLES_MAX:
                raise FirmwareError(f"{name} must be 1..{_CYCLES_MAX}, got {value}")


def write_sources(
    folder: Path,
    network: Network,
    images: NDArray[np.uint8],
    settings: Settings,
) -> None:
    """Writes image_config.h, image_data.c, image_blobs.S and the binary files into `folder`."""
    blobs = _blobs(network, images)
    (folder / "image_config.h").write_text(config_text(network, len(images)))
    (folder / "image_data.c").write_text(data_text(network, settings))
    lines = [
        _SPDX,
        "/* image_blobs.S : generated; arrays of the image */",
        '\t.section .image, "a"',
    ]
    for name, array in blobs.items():
        (folder / f"{name}.bin").write_bytes(array.tobytes())
        lines += [f"\t.globl {name}", "\t.balign 4", f"{name}:", f'\t.incbin "{name}.bin"']
    (folder / "image_blobs.S").write_text("\n".join([*lines, ""]))


def _blobs(network: Network, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    if not network.convs and network.n_features % WORD_BYTES:
        raise FirmwareError(
            f"without convolutions a picture must be whole words, got {network.n_features} pixels"
        )
    blobs: dict[str, NDArray[Any]] = {}
    for index, stage in enumerate(network.convs, start=1):
        blobs[f"conv{index}_weight"] = stage.weight
        blobs[f"conv{index}_bias"] = stage.bias.astype("<i4")
    first, *rest = network.fc_cpu
    blobs["fc1_plus"] = pack_bits((first.T == 1).astype(np.uint8)).astype("<u4")
    blobs["fc1_used"] = pack_bits((first.T != 0).astype(np.uint8)).astype("<u4")
    blobs["fc1_n_used"] = (first != 0).sum(axis=0).astype("<i2")
    for index, weight in enumerate(rest, start=2):
        blobs[f"fc{index}_weight"] = np.ascontiguousarray(weight.T)
    for index, lut in enumerate(network.luts, start=1):
        blobs[f"fc{index}_table"] = lut.table
    blobs["image_program"] = pack(network.fc).astype("<u4")
    blobs["image_pixels"] = images
    return blobs


def config_text(network: Network, n_images: int) -> str:
    """image_config.h."""
    channels, rows, cols = network.image_shape
    inputs = _inputs(network)
    sums = [
        len(stage.weight) * (shape[1] - stage.kernel + 1) * (shape[2] - stage.kernel + 1)
        for stage, shape in zip(network.convs, inputs, strict=True)
    ]
    values = {
        "COUNT": n_images,
        "CHANNELS": channels,
        "ROWS": rows,
        "COLS": cols,
        "PAD": network.pad,
        "STAGES": len(network.convs),
        "ACTIVATION_BYTES": max((int(np.prod(shape)) for shape in inputs), default=0),
        "ACCUMULATORS": max(sums, default=0),
        "FEATURES": network.n_features,
        "CLASSES": network.n_classes,
        "PROGRAM_WORDS": len(pack(network.fc)),
    }
    return "\n".join(
        [
            _SPDX,
            "/* image_config.h : generated; sizes of the image */",
            "#ifndef IMAGE_CONFIG_H",
            "#define IMAGE_CONFIG_H",
            *(f"#define IMAGE_{name:<17} {value}u" for name, value in values.items()),
            "#endif",
            "",
        ]
    )


def data_text(network: Network, settings: Settings) -> str:
    """image_data.c."""
    stages, extern = [], []
    inputs = _inputs(network)
    for index, (stage, shape) in enumerate(zip(network.convs, inputs, strict=True), start=1):
        if stage.kernel != KERNEL:
            raise FirmwareError(
                f"conv{index}: the firmware has {KERNEL}x{KERNEL} kernels only,"
                f" got {stage.kernel}x{stage.kernel}"
            )
        if stage.pad:
            raise FirmwareError(f"conv{index}: this firmware pads the picture, not its stages")
        extern += [f"extern const int8_t conv{index}_weight[];"]
        extern += [f"extern const int32_t conv{index}_bias[];"]
        sides = f"{{{shape[0]}, {len(stage.weight)}, {shape[1]}, {shape[2]}}}"
        stages.append(
            f"\t{{{sides}, {_POOL[stage.pool]}, {stage.shift}, conv{index}_weight,"
            f" conv{index}_bias}},"
        )
    first, *rest = network.fc_cpu
    words = -(-len(first) // 32)
    extern += ["extern const uint32_t fc1_plus[];", "extern const uint32_t fc1_used[];"]
    extern += ["extern const int16_t fc1_n_used[];"]
    extern += [f"extern const uint8_t fc{k}_table[];" for k in range(1, len(network.fc) + 1)]
    extern += [f"extern const int8_t fc{k}_weight[];" for k in range(2, len(network.fc) + 1)]
    layers = [
        f"\t{{{len(weight) - 1}, {weight.shape[1]}, fc{index}_weight, {_lut(index, lut)}}},"
        for index, (weight, lut) in enumerate(zip(rest, network.luts[1:], strict=True), start=2)
    ]
    widest = max(int(weight.shape[1]) for weight in network.fc)
    layers_name = "layers" if layers else "0"
    layer_lines = ["static const nn_layer_t layers[] = {", *layers, "};"] if layers else []
    return "\n".join(
        [
            _SPDX,
            "/* image_data.c : generated; tables of the image */",
            '#include "image.h"',
            "",
            *extern,
            "",
            "const image_settings_t image_settings = {",
            *(f"\t.{name} = {int(value)}u," for name, value in vars(settings).items()),
            "};",
            "",
            *_table("const image_stage_t image_stages[IMAGE_STAGES] = {", stages),
            *layer_lines,
            f"static uint32_t twin_bits[{words}];",
            f"static uint8_t twin_codes[{2 * widest}];",
            "const nn_stack_t image_twin = {",
            f"\t{network.n_features}, {words}, {first.shape[1]}, fc1_plus, fc1_used, fc1_n_used,",
            f"\t{_lut(1, network.luts[0])},",
            f"\t{layers_name}, {len(layers)}, twin_bits, twin_codes, {widest},",
            "};",
            "",
        ]
    )


def _inputs(network: Network) -> tuple[tuple[int, int, int], ...]:
    """Shape that each stage reads."""
    return (network.padded_shape, *network.stage_shapes())[: len(network.convs)]


def _table(head: str, lines: list[str]) -> list[str]:
    """An array, or nothing where it would be empty."""
    return [head, *lines, "};", ""] if lines else []


def _lut(index: int, lut: Lut) -> str:
    return f"{{fc{index}_table, {len(lut.table)}, {lut.shift}, {lut.offset}}}"
