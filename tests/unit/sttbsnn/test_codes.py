# SPDX-License-Identifier: Apache-2.0
"""test_codes : a tile's registers decide as the integer reference of the shipped network does."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.errors import ModelError
from cosim.image.spiking import map_checksum
from cosim.model.datasets import load_images
from cosim.model.integer import fnv1a
from cosim.model.spiking import run_steps
from cosim.model.spiking_store import load_spiking
from cosim.sttbsnn.chip import load_stt_chip
from cosim.sttbsnn.codes import copied_rows, register_codes, shell_code
from cosim.sttbsnn.levels import match_levels, matches

IMAGES = 2


def test_every_decision_of_the_shipped_network_is_that_of_whole_numbers() -> None:
    network, design = load_spiking("snn_mnist"), load_stt_chip("snn_65nm")
    levels = match_levels(design)
    steps = list(run_steps(network, load_images(None).first(IMAGES).images[:, None]))
    for k, layer in enumerate(network.layers, start=1):
        rows, codes = copied_rows(layer, network.steps), register_codes(layer, levels)
        seen = np.zeros(rows.shape[1], np.int64)
        mine = [step for step in steps if step.layer == k]
        shape = mine[0].spikes.shape
        fired = np.zeros((shape[0], *shape[2:], shape[1]), np.int64)
        skipped, inputs = fired.copy(), np.tile(seen, (*fired.shape[:3], 1))
        for t, step in enumerate(mine):
            assert step.spikes_in is not None
            half = rows.shape[1] // network.steps
            inputs[..., t * half : (t + 1) * half] = places(step.spikes_in)
            skipped += np.moveaxis(step.spikes_in, 1, -1)
            code = shell_code(codes, t, fired, skipped, levels.bits)
            found = levels.row_v[matches(rows, inputs)] > levels.code_v(code)
            assert np.array_equal(found, np.moveaxis(step.spikes, 1, -1)), (k, t)
            fired += found


def places(spikes: np.ndarray) -> np.ndarray:
    """3x3 surroundings (n, y, x, 9 * 32) of spikes (n, 32, y, x): place by place, then channel."""
    edged = np.pad(np.moveaxis(spikes, 1, -1), ((0, 0), (1, 1), (1, 1), (0, 0)))
    side = spikes.shape[-1]
    parts = [edged[:, i : i + side, j : j + side] for i in range(3) for j in range(3)]
    return np.concatenate(parts, axis=-1)


def test_a_layer_of_another_size_is_refused() -> None:
    network, design = load_spiking("snn_mnist"), load_stt_chip("snn_65nm", ["row.inputs=288"])
    with pytest.raises(ModelError, match="a row has 288 cells, the layer 576"):
        register_codes(network.layers[0], match_levels(design))


def test_the_checksum_is_that_of_the_words_in_memory() -> None:
    spikes = np.zeros((1, 32, 1, 1), np.uint8)
    spikes[0, 9] = 1
    memory = np.zeros((3, 3), "<u4")
    memory[1, 1] = 1 << 9
    assert map_checksum(spikes) == fnv1a(np.frombuffer(memory.tobytes(), np.int8))
