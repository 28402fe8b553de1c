# SPDX-License-Identifier: Apache-2.0
"""test_sampled : samples of loop nests give the cycles and joules of complete runs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from cosim.design import load_design
from cosim.energy.decode import read_image
from cosim.energy.ledger import digital_ledger
from cosim.image.build import build_image
from cosim.image.emit import Settings
from cosim.model.colour import load_for
from cosim.model.datasets import Dataset
from cosim.model.network import Network
from cosim.model.store import load_network
from cosim.sampled.flow import sample_run, simulate
from cosim.sampled.judge import TOLERANCE

pytestmark = [pytest.mark.system, pytest.mark.slow]

FACTOR_MIN = 20.0
IMAGES = 10


def block() -> tuple[Network, Dataset]:
    """Third and fourth convolution of the default VGG, on random maps of 64 channels."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "model"))
    from sample_vgg import random_vgg

    rng = np.random.default_rng(5)
    network = random_vgg(rng, image=(64, 8, 8), widths=((128, "none"), (128, "max")), hidden=(16,))
    pixels = rng.integers(0, 128, (1, 64, 8, 8)).astype(np.uint8)
    return network, Dataset(images=pixels, labels=np.zeros(1, np.uint8), source="random maps")


@pytest.mark.parametrize(("name", "images"), [("lenet5", IMAGES), ("vgg", 1)])
def test_cycles_and_joules_are_within_one_percent_at_a_twentieth(
    name: str, images: int, tmp_path: Path
) -> None:
    if name == "vgg":
        network, data = block()
    else:
        network = load_network(name)
        data = load_for(network, None).first(images)
    design = load_design("vgg_14nm" if name == "vgg" else "imac_14nm")
    run = sample_run(name, tmp_path, images=images, network=network, pictures=data)
    timing = design.macro.timing
    settings = Settings(
        settle_cycles=timing.settle_cycles,
        conv_cycles=timing.conv_cycles,
        prog_cycles=timing.prog_cycles,
        print_checksum=True,
    )
    image = build_image(f"{name}_cpu", network, data.images, settings=settings)
    profile, _ = simulate(image, design, network, tmp_path / "complete")
    ledger = digital_ledger(profile, read_image(image.hex), design)
    assert run.cycles == pytest.approx(profile.cycles, rel=TOLERANCE)
    assert run.ledger.total_j == pytest.approx(ledger.total_j, rel=TOLERANCE)
    assert profile.cycles / run.simulated >= FACTOR_MIN
    want = ledger.by_component()
    for component, joules in run.ledger.by_component().items():
        if want[component] > 0.01 * ledger.total_j:
            assert joules == pytest.approx(want[component], rel=TOLERANCE), component
