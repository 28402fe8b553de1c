# SPDX-License-Identifier: Apache-2.0
"""test_run_vgg : `cosim.run("vgg")` from options to an energy account that balances."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

import cosim
from cosim.errors import FirmwareError
from cosim.model.store import save_network

pytestmark = pytest.mark.system

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "model"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of random numbers that reads the built-in drawings."""
    from sample_vgg import random_vgg

    path = tmp_path_factory.mktemp("vgg") / "small.npz"
    widths = ((4, "max"), (4, "max"), (8, "max"))
    save_network(
        random_vgg(np.random.default_rng(1), image=(3, 32, 32), widths=widths, hidden=(12,)), path
    )
    return path


def test_a_design_without_external_memory_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(FirmwareError, match=r"vgg needs external memory: soc\.memory\.present"):
        cosim.run("vgg", images=1, model=model, design="imac_14nm", runs=tmp_path)
    small = ("soc.memory.size_bytes=4096",)
    with pytest.raises(FirmwareError, match=r"bytes of external memory, soc\.memory\.size_bytes"):
        cosim.run("vgg", images=1, model=model, sets=small, runs=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_both_sides_run_and_their_accounts_balance(model: Path, tmp_path: Path) -> None:
    """The flow itself holds features, codes and energies against their references."""
    sides = {
        cpu_only: cosim.run(
            "vgg",
            images=2,
            engine="ideal",
            cpu_only=cpu_only,
            model=model,
            run_dir=tmp_path / str(cpu_only),
        )
        for cpu_only in (True, False)
    }
    for cpu_only, run in sides.items():
        energy = run.data["energy"]
        assert run.complete
        assert len(run.images) == 2
        assert all(image.predicted == image.reference_class for image in run.images)
        for view in ("components", "supplies"):
            assert math.fsum(energy[view].values()) == pytest.approx(energy["total_j"], rel=1e-6)
        standby_w = energy["components"]["external memory, standby"] / run.time_s
        assert standby_w == pytest.approx(3e-3)
        moved = {entry["name"]: entry["count"] for entry in energy["constants"]}
        assert moved["memory.byte_j"] == 4 * moved["memory.dma_word_j"]
        assert ("imac0 neurons" in energy["components"]) is not cpu_only
    convs = [
        {name: layer.cycles for name, layer in run.layers.items() if name.startswith("conv")}
        for run in sides.values()
    ]
    assert convs[0] == pytest.approx(convs[1], rel=1e-4)
