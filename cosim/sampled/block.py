# SPDX-License-Identifier: Apache-2.0
"""block : one block of a network's convolutions, up to a pooling, as a network of its own.

Its pictures are the activations that the integer reference feeds into it; an FC layer of zeros
takes what comes out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cosim.applications import application
from cosim.errors import UserInputError
from cosim.model.colour import load_for
from cosim.model.datasets import Dataset
from cosim.model.integer import stage_output
from cosim.model.network import Network
from cosim.model.store import load_network

__all__ = ["block_of", "blocks", "load_block"]


def blocks(network: Network) -> tuple[range, ...]:
    """Stages (from 0) of each block; the last one may end without pooling."""
    ends = [index + 1 for index, stage in enumerate(network.convs) if stage.pool != "none"]
    if not ends or ends[-1] != len(network.convs):
        ends.append(len(network.convs))
    begins = [0, *ends[:-1]]
    return tuple(range(a, b) for a, b in zip(begins, ends, strict=True))


def block_of(network: Network, data: Dataset, number: int) -> tuple[Network, Dataset]:
    """Block `number` (from 1) and its pictures."""
    all_blocks = blocks(network)
    if not 1 <= number <= len(all_blocks):
        raise UserInputError(
            f"{network.name} has blocks 1..{len(all_blocks)} of convolutions, got {number}"
        )
    inside = all_blocks[number - 1]
    x = data.images
    if inside.start == 0:
        shape = network.image_shape
    else:
        if network.pad:
            raise UserInputError(f"{network.name}: blocks of a network that pads its pictures")
        for stage in network.convs[: inside.start]:
            x = stage_output(stage, x).astype(np.uint8)
        shape = network.stage_shapes()[inside.start - 1]
    stages = network.convs[inside.start : inside.stop]
    features = int(np.prod(network.stage_shapes()[inside.stop - 1]))
    block = Network(
        name=f"{network.name} block {number}",
        image_shape=shape,
        pad=network.pad,
        convs=stages,
        fc=(np.zeros((features + 1, network.n_classes), np.int8),),
        luts=network.luts[-1:],
        neuron_vin_v=network.neuron_vin_v,
        neuron_vout_v=network.neuron_vout_v,
    )
    return block, Dataset(images=x, labels=data.labels, source=f"{data.source}, {block.name}")


def load_block(
    name: str, number: int, images: int, model: str | None, data: Path | None
) -> tuple[Network, Dataset]:
    """Block `number` of application `name`'s network and its first pictures."""
    network = load_network(model or application(name).model)
    return block_of(network, load_for(network, data).first(images), number)
