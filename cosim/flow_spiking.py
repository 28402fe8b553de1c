# SPDX-License-Identifier: Apache-2.0
"""flow_spiking : what a run of a spiking network needs, and how it is held against whole numbers.

Each binary layer has a tile of its own: a row an output channel, its cells the 3x3 surroundings of
a place, once for each time step. The CPU computes encoder and readout.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import DesignError, MismatchError
from cosim.flow_inputs import CPU_ONLY, Prepared, RunOptions, hex_bits
from cosim.image.build import build_image
from cosim.image.spiking import SpikingImage, map_checksum
from cosim.mapping.packing import pack
from cosim.model.datasets import load_images
from cosim.model.spiking import KERNEL, SpikingNetwork, Step, run_steps, scores
from cosim.model.spiking_store import load_spiking
from cosim.sttbsnn.chip import SttChip, load_stt_chip
from cosim.sttbsnn.codes import copied_rows, register_codes
from cosim.sttbsnn.levels import match_levels
from cosim.sttbsnn.rows import layer_of
from cosim.sttbsnn.waveform import step_waveform
from cosim.trace.events import Evaluation

__all__ = ["check_spikes", "prepare_spiking", "spike_checksums", "spiking_drawing"]


def prepare_spiking(options: RunOptions) -> Prepared:
    """Read and check all inputs, work out the reference, build the firmware image."""
    design = load_stt_chip(options.design, options.sets)
    network = load_spiking(options.model)
    data = load_images(options.data).first(options.images)
    _check_fits(design, network)
    levels = match_levels(design)
    tile = design.tile
    rows = [copied_rows(layer, network.steps) for layer in network.layers]
    image = build_image(
        options.program,
        spiking=SpikingImage(
            network=network,
            images=data.images,
            programs=np.stack([pack([layer_of(each).astype(np.int8)]) for each in rows]),
            codes=np.stack([register_codes(layer, levels) for layer in network.layers]),
            settle_cycles=tile.settle_cycles,
            sense_cycles=tile.sense_cycles,
            prog_cycles=tile.prog_cycles,
        ),
    )
    classes = scores(network, data.images[:, None]).argmax(axis=1)
    steps = list(run_steps(network, data.images[:, None]))
    last = [step.out for step in steps if step.layer == len(network.layers)]
    return Prepared(
        options=options,
        design=design,
        network=network,
        data=data,
        image=image,
        sizes=(rows[0].shape[1], len(rows[0])),
        reference=tuple(int(label) for label in classes),
        checksums=tuple(map_checksum(np.stack(each)) for each in zip(*last, strict=True)),
        foreseen=(),
        foreseen_by=tuple(
            _foreseen([step for step in steps if step.layer == tile + 1])
            for tile in range(len(network.layers))
        )
        if options.engine != CPU_ONLY
        else (),
        codes=None,
        model_sha256=_sha256(network),
    )


def _check_fits(design: SttChip, network: SpikingNetwork) -> None:
    """One tile a layer, a copy of the cells a step."""
    for what, has, needs in (
        ("soc.n_macro", design.soc.n_macro, len(network.layers)),
        ("tile.steps", design.tile.steps, network.steps),
        ("tile.rows", design.tile.rows, len(network.layers[0].weight)),
        ("row.inputs", design.row.inputs, network.steps * network.layers[0].weight[0].size),
    ):
        if has != needs:
            raise DesignError(f"{design.name}: {what} is {has}, {network.name} needs {needs}")


def check_spikes(prepared: Prepared, evaluations: Sequence[Evaluation]) -> tuple[str, ...]:
    """Every decision of every tile, against the sums of whole numbers.

    A die or noise may decide otherwise: then what is returned says how often.
    """
    network, images = prepared.network, prepared.data.images
    if prepared.options.engine == CPU_ONLY or not isinstance(network, SpikingNetwork):
        return ()
    steps = list(run_steps(network, images[:, None]))
    unlike = total = 0
    for tile in range(len(network.layers)):
        want = _spikes_of([step for step in steps if step.layer == tile + 1])
        mine = [event.codes for event in evaluations if event.macro == tile]
        if len(mine) != len(want):
            raise MismatchError(f"tile {tile}: {len(mine)} steps were run of {len(want)}")
        wrong = np.argwhere(np.array(mine) != want)
        unlike, total = unlike + len(wrong), total + want.size
        if len(wrong) and not _may_differ(prepared):
            step, row = (int(value) for value in wrong[0])
            raise MismatchError(
                f"tile {tile}: {len(wrong)} of {want.size} decisions are not those of whole "
                f"numbers, the first in its step {step}, row {row}"
            )
    if not _may_differ(prepared):
        return ()
    return (f"{unlike:,} of {total:,} decisions are unlike the integer reference's",)


def spike_checksums(prepared: Prepared, evaluations: Sequence[Evaluation]) -> tuple[int, ...]:
    """What the firmware must report of each picture's last spikes.

    The reference's; where a die or noise decides, those that the last tile gave.
    """
    network = prepared.network
    if not isinstance(network, SpikingNetwork) or not _may_differ(prepared):
        return prepared.checksums
    last = len(network.layers) - 1
    codes = [event.codes for event in evaluations if event.macro == last]
    pictures, steps, rows = prepared.options.images, network.steps, prepared.sizes[1]
    side = math.isqrt(len(codes) // (pictures * steps))
    if len(codes) != pictures * side * side * steps:
        raise MismatchError(f"tile {last}: {len(codes)} steps are not those of {pictures} pictures")
    spikes = np.array(codes, np.uint8).reshape(pictures, side, side, steps, rows)
    maps = spikes.transpose(0, 3, 4, 1, 2)
    if network.layers[last].neurons.pool:
        half = side // 2
        maps = maps.reshape(pictures, steps, rows, half, 2, half, 2).max(axis=(4, 6))
    return tuple(map_checksum(each) for each in maps)


def _may_differ(prepared: Prepared) -> bool:
    return prepared.options.die is not None or prepared.options.noise


def _foreseen(steps: Sequence[Step]) -> tuple[str, ...]:
    """Inputs of one layer's tile, as it gets them: picture, place, step."""
    parts = []
    for step in steps:
        assert step.spikes_in is not None  # a tile's layer has inputs
        n, _, side, wide = step.spikes_in.shape
        edged = np.pad(np.moveaxis(step.spikes_in, 1, -1), ((0, 0), (1, 1), (1, 1), (0, 0)))
        places = [
            edged[:, i : i + side, j : j + wide] for i in range(KERNEL) for j in range(KERNEL)
        ]
        parts.append(np.concatenate(places, axis=-1).reshape(n * side * wide, -1))
    none = np.zeros_like(parts[0])
    found = [
        np.concatenate([*parts[: t + 1], *[none] * (len(parts) - t - 1)], axis=1)
        for t in range(len(parts))
    ]
    return tuple(hex_bits(row) for rows in zip(*found, strict=True) for row in rows)


def spiking_drawing(prepared: Prepared, design: SttChip, kind: str) -> dict[str, Any]:
    """The step of the first tile that has the most input spikes, solved once more."""
    assert isinstance(prepared.network, SpikingNetwork)  # what a chip with tiles runs
    layer = prepared.network.layers[0]
    inputs = prepared.sizes[0]
    words = prepared.foreseen_by[0][:: design.tile.steps]  # first steps: nothing has spiked yet
    word = max((int(text, 16) for text in words), key=int.bit_count)
    spikes = np.array([(word >> bit) & 1 for bit in range(inputs)])
    codes = register_codes(layer, match_levels(design))[:, 0]
    wave = step_waveform(kind, design, copied_rows(layer, design.tile.steps), codes, spikes)
    caption = (
        f"A step of the first tile, solved again by engine {kind}: latches of its first rows "
        "(up: a spike) and power by group."
    )
    return {**wave.as_dict(), "caption": caption}


def _spikes_of(steps: Sequence[Step]) -> NDArray[np.uint8]:
    """Of one layer, as its tile runs them: picture, place, step; rows last."""
    spikes = np.stack([step.spikes for step in steps])  # step, picture, row, y, x
    ordered = spikes.transpose(1, 3, 4, 0, 2)
    return np.ascontiguousarray(ordered.reshape(-1, spikes.shape[2]))


def _sha256(network: SpikingNetwork) -> str:
    """Of all weights, thresholds and biases."""
    digest = hashlib.sha256(network.encoder.weight.tobytes() + network.encoder.bias.tobytes())
    for neurons in (network.encoder.neurons, *(layer.neurons for layer in network.layers)):
        digest.update(neurons.threshold.tobytes() + neurons.reset.tobytes())
    for layer in network.layers:
        digest.update(layer.weight.tobytes())
        digest.update(b"" if layer.skip is None else layer.skip.tobytes())
    digest.update(network.readout.tobytes() + network.readout_bias.tobytes())
    return digest.hexdigest()
