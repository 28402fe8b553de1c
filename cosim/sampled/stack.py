# SPDX-License-Identifier: Apache-2.0
"""stack : everything but the convolutions, run whole: the FC stack on exact features, the reports.

With macros every picture's stack runs, in RTL and circuit; on the CPU alone the first picture's
does. The firmware's checksum and codes are held against the integer reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.applications import CPU_ONLY
from cosim.energy.decode import read_image
from cosim.energy.places import read_places
from cosim.energy.profile import Profile
from cosim.errors import MismatchError
from cosim.image.build import APPS_EXTERNAL, Image, build_image
from cosim.image.emit import Settings
from cosim.image.regions import region_ident, region_name
from cosim.model.integer import feature_bits, fnv1a
from cosim.model.network import Network
from cosim.model.twin import argmax_class, twin_codes
from cosim.report.console import Picture, parse_console
from cosim.sampled.carrier import carried, carrier
from cosim.sampled.combine import only
from cosim.sampled.runs import Ran

__all__ = ["Stack", "StackImage", "stack_image", "stack_of"]

ONCE = ("boot", "program")  # regions that do not belong to an image
# infer.c makes features for the report of what has no convolution: a complete run has them
NOT_THERE = "expand"


@dataclass(frozen=True, kw_only=True)
class StackImage:
    """Program, the network that carries the features, and what will come of them."""

    image: Image
    network: Network
    checksums: tuple[int, ...]
    foreseen: tuple[str, ...]
    codes: NDArray[np.uint8] | None  # on the CPU


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What a whole run has besides its nests. Times in clock cycles, of one picture."""

    ran: Ran
    profile: Profile
    classes: tuple[int, ...]
    replaced: int  # cycles before the stack that belong to the carrier
    added: int  # cycles behind it that a complete run does not have

    @property
    def words(self) -> dict[int, int]:
        return read_image(self.ran.image.hex)


def stack_image(
    name: str, network: Network, values: NDArray[np.int8], settings: Settings, engine: str
) -> StackImage:
    """Builds application `name` for features `values` (n, features)."""
    cpu_only = engine == CPU_ONLY
    app = f"{name}_cpu" if cpu_only else name
    net = carrier(network, external=app in APPS_EXTERNAL)
    shown = values[:1] if cpu_only else values
    bits = feature_bits(shown)
    return StackImage(
        image=build_image(app, net, carried(net, shown), settings=settings),
        network=net,
        checksums=tuple(fnv1a(row) for row in shown),
        foreseen=() if cpu_only else tuple(_hex(row) for row in bits),
        codes=twin_codes(network, bits) if cpu_only else None,
    )


def stack_of(built: StackImage, ran: Ran, images: int, nested: frozenset[int]) -> Stack:
    """The part of a finished run that counts, `images` times where only one picture ran.

    `nested` are the regions that the samples of the nests bring.
    """
    pictures = parse_console(ran.outcome.console)
    _check(built, pictures)
    mine = {region.id for region in ran.profile.regions} & nested
    drop = frozenset[int]()
    if not built.network.convs:
        report = region_ident("report")
        pcs = [cell.pc for cell in ran.profile.cells if cell.region == report]
        places = read_places(ran.image.elf, pcs)
        drop = frozenset(pc for pc, place in places.items() if place.function == NOT_THERE)
    repeat = 1 if built.codes is None else images
    shown = len(pictures)
    return Stack(
        ran=ran,
        profile=only(
            ran.profile,
            lambda ident: ident not in mine,
            lambda ident: repeat if _of_image(ident) else 1,
            drop,
        ),
        classes=tuple(picture.label for picture in pictures),
        replaced=sum(ran.profile.cycles_of(ident) for ident in mine) // shown,
        added=sum(cell.cycles for cell in ran.profile.cells if cell.pc in drop) // shown,
    )


def _of_image(ident: int) -> bool:
    return ident != 0 and region_name(ident) not in ONCE


def _check(built: StackImage, pictures: tuple[Picture, ...]) -> None:
    if len(pictures) != len(built.checksums):
        raise MismatchError(
            f"the firmware reported {len(pictures)} of {len(built.checksums)} images"
        )
    for picture, want in zip(pictures, built.checksums, strict=True):
        if picture.checksum != want:
            raise MismatchError(
                f"image {picture.index}: the checksum of the features in the firmware's memory is"
                f" {picture.checksum}, the integer reference's {want}"
            )
    if built.codes is not None:
        codes, label = tuple(built.codes[0].tolist()), int(argmax_class(built.codes)[0])
        if (pictures[0].codes, pictures[0].label) != (codes, label):
            raise MismatchError(
                f"image 0: the CPU's codes are {list(pictures[0].codes)}, the integer reference's"
                f" {list(codes)}"
            )


def _hex(bits: NDArray[np.uint8]) -> str:
    """Bits as one number in hex, bit 0 first."""
    packed = np.packbits(bits, bitorder="little").tobytes()
    return f"{int.from_bytes(packed, 'little'):x}"
