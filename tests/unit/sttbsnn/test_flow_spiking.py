# SPDX-License-Identifier: Apache-2.0
"""test_flow_spiking : decisions of a run against the integer reference, with and without noise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cosim.errors import MismatchError
from cosim.flow_spiking import check_spikes, spike_checksums
from cosim.image.spiking import map_checksum
from cosim.model.datasets import load_images
from cosim.model.spiking import run_steps
from cosim.model.spiking_store import load_spiking

IMAGES = 2


@pytest.fixture(scope="module")
def ran() -> Any:
    """What a run of two pictures leaves, its tiles as whole numbers say."""
    network, data = load_spiking("snn_mnist"), load_images(None).first(IMAGES)
    steps = list(run_steps(network, data.images[:, None]))
    events = []
    for image in range(IMAGES):  # each tile goes through a picture's places, a place's steps
        for layer in range(1, len(network.layers) + 1):
            mine = [step.spikes[image] for step in steps if step.layer == layer]
            _, height, width = mine[0].shape
            events += [
                SimpleNamespace(macro=layer - 1, codes=tuple(map(int, each[:, y, x])))
                for y in range(height)
                for x in range(width)
                for each in mine
            ]
    last = [step.out for step in steps if step.layer == len(network.layers)]
    options = SimpleNamespace(engine="fast", die=None, noise=False, images=IMAGES)
    prepared = SimpleNamespace(
        network=network,
        data=data,
        options=options,
        sizes=(576, 32),
        checksums=tuple(map_checksum(np.stack(each)) for each in zip(*last, strict=True)),
    )
    return SimpleNamespace(prepared=prepared, events=events)


def noisy(ran: Any) -> Any:
    options = SimpleNamespace(**{**vars(ran.prepared.options), "noise": True})
    return SimpleNamespace(**{**vars(ran.prepared), "options": options})


def turned(ran: Any, place: int) -> Any:
    """The events with one row's decision turned."""
    event = ran.events[place]
    codes = (1 - event.codes[0], *event.codes[1:])
    events = list(ran.events)
    events[place] = SimpleNamespace(macro=event.macro, codes=codes)
    return events


def test_a_wrong_decision_ends_a_run_without_noise(ran: Any) -> None:
    assert check_spikes(ran.prepared, ran.events) == ()
    with pytest.raises(MismatchError, match=r"tile 0: 1 of 25088 .* step 3, row 0"):
        check_spikes(ran.prepared, turned(ran, 3))
    assert spike_checksums(ran.prepared, turned(ran, 3)) == ran.prepared.checksums


def test_with_noise_it_is_counted_and_the_tiles_own_spikes_are_reported(ran: Any) -> None:
    prepared = noisy(ran)
    assert check_spikes(prepared, ran.events)[0].startswith("0 of 37,632 decisions are unlike")
    assert spike_checksums(prepared, ran.events) == ran.prepared.checksums
    moved = turned(ran, len(ran.events) - 1)  # of the last tile, in the second picture
    assert check_spikes(prepared, moved)[0].startswith("1 of 37,632 ")
    first, second = spike_checksums(prepared, moved)
    assert first == ran.prepared.checksums[0]
    assert second != ran.prepared.checksums[1]
    with pytest.raises(MismatchError, match="steps are not those of 2 pictures"):
        spike_checksums(prepared, ran.events[:-1])
