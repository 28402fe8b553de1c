# SPDX-License-Identifier: Apache-2.0
"""test_profile_speed : counting every instruction slows the RTL by less than a tenth."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cosim.bridge.build import verilate_bare
from cosim.bridge.soc import soc_rtl
from cosim.image.build import build_image
from cosim.model.datasets import load_images
from cosim.model.store import load_network

LIMIT = 1.10
ROUNDS = 12  # at most; other work on the machine spoils single ones


def seconds(program: Path, image: Path, folder: Path) -> float:
    """Processor time of one image on the CPU alone, 1.1 M cycles."""
    argv = [str(program), f"+image={image}", f"+console={folder / 'c.txt'}"]
    argv += [f"+events={folder / 'e.txt'}", f"+profile={folder / 'profile.txt'}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("{"))
    return float(json.loads(line)["cpu_s"])


@pytest.mark.slow  # a busy machine moves the ratio by more than the margin
def test_counting_costs_less_than_a_tenth(tmp_path: Path) -> None:
    image = build_image("lenet5_cpu", load_network("lenet5"), load_images(None).first(1).images).hex
    plain, counting = verilate_bare(soc_rtl()), verilate_bare(soc_rtl(profile=True))
    without, with_profile = [], []
    for _ in range(ROUNDS):
        without.append(seconds(plain, image, tmp_path))
        with_profile.append(seconds(counting, image, tmp_path))
        if len(without) >= 3 and min(with_profile) <= LIMIT * min(without):
            break
    assert (tmp_path / "profile.txt").read_text().endswith("end\n")
    assert min(with_profile) <= LIMIT * min(without)
