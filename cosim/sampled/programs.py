# SPDX-License-Identifier: Apache-2.0
"""programs : the complete run's program with tables that say less, one image for each sample.

Code and data are those of the complete run. Where the network lies in the RAM a few words of its
tables are written over, else external memory holds the part that is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.energy.decode import read_image
from cosim.errors import FirmwareError
from cosim.image.build import APPS_EXTERNAL, STACK_BYTES, Image, build_image
from cosim.image.emit import Settings
from cosim.image.external import external_image
from cosim.image.sample import Sample
from cosim.model.network import Network
from cosim.sampled.carrier import carried, carrier

__all__ = ["Program", "program_of"]

WORD = 4
# words of firmware/lib/image.h and nn_stack.h: image_stage_t, nn_stack_t
STAGE_WORDS, C_IN, C_OUT, STAGE_ROWS = 8, 0, 1, 2
TWIN_OUT, TWIN_LAYERS = 2, 11


@dataclass(frozen=True, kw_only=True)
class Program:
    """A CPU-only program and the network whose parts it is to run."""

    app: str
    network: Network
    settings: Settings
    base: Image
    picture: NDArray[np.uint8]  # (1, ...)

    @property
    def external(self) -> bool:
        return self.app in APPS_EXTERNAL

    def sampled(
        self, sample: Sample, folder: Path, picture: NDArray[np.uint8] | None = None
    ) -> Image:
        """An image of that part, with another picture if one is given."""
        folder.mkdir(parents=True, exist_ok=True)
        shown = self.picture if picture is None else picture
        return (self._outside if self.external else self._inside)(sample, folder, shown)

    def _outside(self, sample: Sample, folder: Path, picture: NDArray[np.uint8]) -> Image:
        external = external_image(self.network, picture, self.settings, sample)
        code = {".text", ".rodata", ".image", ".data", ".bss", ".noinit"}
        sizes = self.base.manifest["sections_bytes"]
        needed = sum(size for name, size in sizes.items() if name in code)
        needed += external.arena_bytes + STACK_BYTES
        if needed > self.base.manifest["ram_bytes"]:
            raise FirmwareError(
                f"{self.app}: code, buffers and stack take {needed} bytes, the RAM has"
                f" {self.base.manifest['ram_bytes']}: use smaller layers or more RAM"
            )
        path = folder / "external.hex"
        path.write_text(external.hex_words())
        sizes = {**self.base.manifest, "external_bytes": len(external.data)}
        return replace(self.base, external=path, manifest=sizes)

    def _inside(self, sample: Sample, folder: Path, picture: NDArray[np.uint8]) -> Image:
        path = folder / f"{self.app}.hex"
        lines = [self.base.hex.read_text()]
        words = read_image(self.base.hex)
        for address, old, new in self._patches(sample, picture):
            if old is not None and words.get(address) != old:
                raise FirmwareError(
                    f"{self.app}: the word at 0x{address:x} is {words.get(address)}, the table of"
                    f" the network says {old}: firmware/lib/image.h or nn_stack.h changed"
                )
            lines.append(f"@{address // WORD:x} {new:08x}\n")
        path.write_text("".join(lines))
        return replace(self.base, hex=path)

    def _patches(
        self, sample: Sample, picture: NDArray[np.uint8]
    ) -> Iterator[tuple[int, int | None, int]]:
        """Address, present word where it is known, new word."""
        symbols = self.base.manifest["symbols"]
        shapes = [self.network.padded_shape, *self.network.stage_shapes()[:-1]]
        for index, (stage, shape) in enumerate(zip(self.network.convs, shapes, strict=True)):
            at = symbols["image_stages"] + WORD * STAGE_WORDS * index
            c_out, c_in = stage.weight.shape[:2]
            rows = min(shape[1], sample.rows + stage.kernel - 1)
            inputs = c_in if sample.inputs is None else min(c_in, sample.inputs)
            yield at + WORD * C_IN, c_in, inputs
            yield at + WORD * C_OUT, c_out, min(c_out, sample.channels)
            yield at + WORD * STAGE_ROWS, shape[1], rows
        twin, first = symbols["image_twin"], self.network.fc_cpu[0]
        yield twin + WORD * TWIN_OUT, first.shape[1], 1
        yield twin + WORD * TWIN_LAYERS, len(self.network.fc_cpu) - 1, 0
        pixels = np.frombuffer(picture.tobytes().ljust(-(-picture.nbytes // WORD) * WORD), "<u4")
        for index, word in enumerate(pixels.tolist()):
            yield symbols["image_pixels"] + WORD * index, None, word


def program_of(
    app: str, network: Network, picture: NDArray[np.uint8], settings: Settings
) -> Program:
    """Builds `app` for one picture (1, ...); built before, it costs nothing."""
    if app in APPS_EXTERNAL:  # the code is the same whatever network lies outside
        net = carrier(network, external=True)
        shown = carried(net, np.zeros((1, network.n_features), np.int8))
        base = build_image(app, net, shown, settings=settings)
    else:
        base = build_image(app, network, picture, settings=settings)
    return Program(app=app, network=network, settings=settings, base=base, picture=picture)
