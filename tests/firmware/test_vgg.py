# SPDX-License-Identifier: Apache-2.0
"""test_vgg : networks in external memory on the RTL: bit-exact, whatever the memory's speed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sample_vgg import random_vgg

from cosim.bridge.build import compile_icarus, verilate_bare
from cosim.bridge.soc import ExternalMemory, soc_rtl
from cosim.energy.profile import Profile, read_profile
from cosim.image.build import Image, build_image
from cosim.image.emit import Settings
from cosim.image.regions import region_ident
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.twin import twin_codes
from cosim.trace.marks import Marks, read_marks

pytestmark = pytest.mark.system

EXT_WORDS = 65_536
PRINT = Settings(print_checksum=True, print_features=True)
CYCLES_A_PRODUCT_MAX = 2.6  # of a stage with 16 input channels or more


@dataclass(frozen=True, kw_only=True)
class Outcome:
    console: str
    marks: Marks
    profile: Profile

    def cycles(self, name: str) -> int:
        ident = region_ident(name)
        return sum(region.cycles for region in self.marks.regions if region.id == ident)


def run(
    image: Image, folder: Path, *, latency: int = 20, rate: int = 1024, icarus: bool = False
) -> Outcome:
    """Runs an image on the SoC alone."""
    rtl = soc_rtl(ext_words=EXT_WORDS, profile=True)
    program = compile_icarus(rtl) if icarus else verilate_bare(rtl)
    assert image.external is not None
    memory = ExternalMemory(image=image.external, words=EXT_WORDS, latency=latency, rate=rate)
    names = {name: folder / name for name in ("console", "events", "profile")}
    argv = ["vvp", "-n", str(program)] if icarus else [str(program)]
    argv += [f"+{text}" for text in memory.plusargs]
    argv += [f"+image={image.hex}", *(f"+{name}={path}" for name, path in names.items())]
    subprocess.run([*argv, "+max_cycles=30000000"], check=True, capture_output=True)
    return Outcome(
        console=names["console"].read_text(),
        marks=read_marks(names["events"]),
        profile=read_profile(names["profile"]),
    )


def check_exact(network: Network, images: np.ndarray, outcome: Outcome) -> None:
    """Every feature and code, and a good end."""
    assert outcome.marks.exit is not None
    assert outcome.marks.exit.code == 0, outcome.console
    assert not outcome.marks.open_ids
    want = features(network, images)
    codes = twin_codes(network, feature_bits(want))
    for index, (row, code) in enumerate(zip(want, codes, strict=True)):
        dump = re.search(rf"^features {index} ([0-9a-f]+)$", outcome.console, re.M)
        line = re.search(rf"^codes {index}((?: \d+)+)$", outcome.console, re.M)
        assert dump is not None
        assert line is not None
        assert np.frombuffer(bytes.fromhex(dump[1]), np.int8).tolist() == row.tolist()
        assert [int(word) for word in line[1].split()] == code.tolist()


def words_fetched(network: Network, pictures: int) -> int:
    """What the DMA must bring for the pictures: every pixel and weight once, by whole words."""
    total, c_in = int(np.prod(network.image_shape)), network.image_shape[0]
    for stage in network.convs:
        groups = -(-len(stage.weight) // 2)
        total += groups * -(-(8 + 18 * c_in) // 4) * 4
        c_in = len(stage.weight)
    for index, weight in enumerate(network.fc):
        rows, parts = len(weight), -(-weight.shape[1] // 8)
        one = 8 * (2 * 4 * -(-rows // 32) + 2) if index == 0 else 8 * rows
        total += parts * (-(-one // 4) * 4) + 512
    return pictures * total // 4


def images_of(network: Network, count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *network.image_shape)).astype(np.uint8)


def test_a_small_network_is_exact_and_fetches_every_weight_once(tmp_path: Path) -> None:
    network = random_vgg(np.random.default_rng(3), widths=((2, "max"), (3, "none")), hidden=(9,))
    images = images_of(network, 1)
    image = build_image("vgg_cpu", network, images, settings=PRINT)
    outcome = run(image, tmp_path, icarus=True)
    check_exact(network, images, outcome)
    inside = [r for r in outcome.profile.regions if r.id != region_ident("program")]
    assert sum(region.dma_reads for region in inside) == words_fetched(network, 1)
    assert sum(region.dma_writes for region in outcome.profile.regions) == 0


WIDE = ((6, "max"), (16, "none"), (32, "max"), (32, "none"), (34, "max"), (5, "sum"))
NETWORKS: Sequence[Network] = (
    random_vgg(np.random.default_rng(1)),
    random_vgg(np.random.default_rng(2), image=(3, 32, 32), widths=WIDE, hidden=(19, 12)),
    random_vgg(np.random.default_rng(4), image=(1, 6, 12), widths=((3, "none"),), hidden=()),
    random_vgg(np.random.default_rng(5), widths=((4, "sum"), (4, "max")), relu=True, classes=3),
)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_networks_of_many_shapes_are_exact(network: Network, tmp_path: Path) -> None:
    images = images_of(network, 2)
    outcome = run(build_image("vgg_cpu", network, images, settings=PRINT), tmp_path)
    check_exact(network, images, outcome)
    if network.image_shape[1] == 32:
        for index in (2, 3, 4):
            c_in, rows, cols = network.stage_shapes()[index - 1]
            products = 9 * c_in * rows * cols * len(network.convs[index].weight)
            assert outcome.cycles(f"conv{index + 1}") <= CYCLES_A_PRODUCT_MAX * products * 2


@pytest.mark.slow
@pytest.mark.parametrize(("latency", "rate"), [(1, 1024), (300, 100)])
def test_results_do_not_depend_on_the_memorys_speed(
    latency: int, rate: int, tmp_path: Path
) -> None:
    network = NETWORKS[0]
    images = images_of(network, 1)
    image = build_image("vgg_cpu", network, images, settings=PRINT)
    outcome = run(image, tmp_path, latency=latency, rate=rate)
    check_exact(network, images, outcome)


@pytest.mark.slow
def test_both_simulators_take_the_same_cycles(tmp_path: Path) -> None:
    network = NETWORKS[0]
    image = build_image("vgg_cpu", network, images_of(network, 1), settings=PRINT)
    ends = []
    for icarus in (True, False):
        folder = tmp_path / str(icarus)
        folder.mkdir()
        outcome = run(image, folder, icarus=icarus)
        ends.append((outcome.marks, outcome.profile))
    assert ends[0] == ends[1]


@pytest.mark.slow
def test_an_empty_external_memory_is_refused_by_the_firmware(tmp_path: Path) -> None:
    network = NETWORKS[0]
    image = build_image("vgg_cpu", network, images_of(network, 1), settings=PRINT)
    empty = tmp_path / "empty.hex"
    empty.write_text("@0\n" + "00000000\n" * 64)
    bad = Image(elf=image.elf, hex=image.hex, manifest=image.manifest, external=empty)
    outcome = run(bad, tmp_path)
    assert outcome.console == "error: external memory status 65\n"
    assert outcome.marks.exit is not None
    assert outcome.marks.exit.code == 0x41
