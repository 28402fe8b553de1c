# SPDX-License-Identifier: Apache-2.0
"""test_programs : a sampled image is the complete one but for the words that say how much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sample_networks import random_network
from sample_vgg import random_vgg

from cosim.energy.decode import read_image
from cosim.errors import FirmwareError
from cosim.image.emit import Settings
from cosim.image.sample import Sample
from cosim.sampled.programs import Program, program_of

SAMPLE = Sample(rows=4, channels=2)


@pytest.fixture(scope="module")
def inside() -> Program:
    network = random_network(np.random.default_rng(2))
    return program_of("lenet5_cpu", network, np.ones((1, 28, 28), np.uint8), Settings())


def test_only_the_tables_of_the_stages_and_the_picture_differ(
    inside: Program, tmp_path: Path
) -> None:
    image = inside.sampled(SAMPLE, tmp_path, np.full((1, 28, 28), 2, np.uint8))
    old, new = read_image(inside.base.hex), read_image(image.hex)
    symbols = inside.base.manifest["symbols"]
    changed = {address: word for address, word in new.items() if old.get(address) != word}
    pixels = {a for a in changed if 0 <= a - symbols["image_pixels"] < 28 * 28}
    assert {changed.pop(address) for address in pixels} == {0x02020202}
    stages, twin = symbols["image_stages"], symbols["image_twin"]
    assert changed == {
        stages + 4: 2,  # two of six channels
        stages + 8: 8,  # rows of input for four of sums
        stages + 36: 2,
        stages + 40: 8,
        twin + 8: 1,  # one output of the first FC layer
        twin + 44: 0,  # and no other layer
    }


def test_a_table_that_is_not_where_it_should_be_is_refused(inside: Program, tmp_path: Path) -> None:
    symbols = {**inside.base.manifest["symbols"]}
    symbols["image_stages"] += 4
    moved = replace(inside.base, manifest={**inside.base.manifest, "symbols": symbols})
    with pytest.raises(FirmwareError, match=r"the table of the network says"):
        replace(inside, base=moved).sampled(SAMPLE, tmp_path)


def test_a_network_whose_buffers_do_not_fit_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    network = random_vgg(rng, image=(3, 96, 96), widths=((64, "none"), (64, "max"), (2, "none")))
    program = program_of("vgg_cpu", network, np.ones((1, 3, 96, 96), np.uint8), Settings())
    with pytest.raises(FirmwareError, match="buffers and stack take"):
        program.sampled(SAMPLE, tmp_path)
