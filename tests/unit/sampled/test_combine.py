# SPDX-License-Identifier: Apache-2.0
"""test_combine : counts that are a constant and two loops are found again exactly."""

from __future__ import annotations

import numpy as np
import pytest
from sample_networks import random_network
from sample_vgg import random_vgg

from cosim.energy.profile import Cell, Profile, RegionCount
from cosim.errors import FirmwareError
from cosim.image.regions import region_ident
from cosim.image.sample import Sample
from cosim.sampled.combine import combine
from cosim.sampled.nests import POINTS, Nest, nests_of

CONV, IMAGE, BOOT, FC = (region_ident(name) for name in ("conv1", "image", "boot", "fc1"))


def counted(rows: int, channels: int) -> int:
    """Cycles of one instruction of a nest: the four terms of a double loop."""
    return 11 + 5 * rows + 7 * channels + 13 * rows * channels


def profile(rows: int, channels: int, *, tail: bool, images: int = 1) -> Profile:
    """A run with `rows` and `channels` in conv1; the FC layer only with `tail`."""
    n = counted(rows, channels)
    zero = dict.fromkeys(("fetches", "device", "active"), 0)
    cells = [
        Cell(region=BOOT, pc=0, retired=3, cycles=4, **zero),
        Cell(region=IMAGE, pc=4, retired=images, cycles=2 * images, **zero),
        Cell(region=CONV, pc=8, retired=images * n, cycles=3 * images * n, **zero),
    ]
    if tail:
        cells.append(Cell(region=FC, pc=12, retired=50 * images, cycles=60 * images, **zero))
    names = ("fetch_wait", "data_wait", "traps", "trap_cycles", "trap_fetches", "trap_active")
    rest = dict.fromkeys((*names, "rest_cycles", "rest_fetches", "rest_active"), 0)
    regions = [RegionCount(id=ident, **rest) for ident in (BOOT, IMAGE, FC)]
    words = images * rows * channels
    regions.append(RegionCount(id=CONV, **rest, dma_requests=words, dma_reads=9 * words))
    return Profile(
        cycles=sum(cell.cycles for cell in cells),
        retired=sum(cell.retired for cell in cells),
        cells=tuple(cells),
        regions=tuple(regions),
    )


@pytest.mark.parametrize(
    ("rows", "channels"), [(32, 16), (28, 6), (4, 128), (2, 9), (6, 1), (2, 1)]
)
@pytest.mark.parametrize("images", [1, 7])
def test_a_double_loop_is_found_again_exactly(rows: int, channels: int, images: int) -> None:
    nest = Nest(regions=frozenset({CONV}), rows=rows, channels=channels)
    runs = {
        point: profile(min(point.rows, rows), min(point.channels, channels), tail=point.tail)
        for point in POINTS
    }
    whole = combine(runs, [nest], images)
    want = profile(rows, channels, tail=True, images=images)
    assert sorted(whole.cells, key=lambda cell: cell.pc) == list(want.cells)
    assert {r.id: r for r in whole.regions} == {r.id: r for r in want.regions}
    assert (whole.cycles, whole.retired) == (want.cycles, want.retired)


def test_a_branch_that_one_sample_never_took_does_not_count_below_zero() -> None:
    nest = Nest(regions=frozenset({CONV}), rows=8, channels=8)
    runs = {point: profile(point.rows, point.channels, tail=point.tail) for point in POINTS}
    rare = Cell(region=CONV, pc=16, retired=1, cycles=1, fetches=1, device=0, active=0)
    point = Sample(rows=2, channels=2)
    point = next(p for p in POINTS if (p.rows, p.channels) == (point.rows, point.channels))
    old = runs[point]
    runs[point] = Profile(
        cycles=old.cycles + 1,
        retired=old.retired + 1,
        cells=(*old.cells, rare),
        regions=old.regions,
    )
    found = {cell.pc: cell for cell in combine(runs, [nest], 1).cells}
    assert nest.weights()[point] < 0
    assert found[16].retired == found[16].cycles == 0


def test_only_the_first_run_goes_behind_the_convolutions() -> None:
    assert [point.tail for point in POINTS] == [True, False, False, False]


def test_nests_are_the_loops_of_the_firmware() -> None:
    rng = np.random.default_rng(1)
    grey = nests_of(random_network(rng), grouped=False)
    assert [(nest.rows, nest.channels) for nest in grey] == [(28, 6), (10, 16)]
    colour = nests_of(random_vgg(rng, widths=((5, "max"), (6, "none"))), grouped=True)
    assert [(nest.rows, nest.channels) for nest in colour] == [(8, 3), (4, 3)]
    assert colour[0].regions == {region_ident("conv1"), region_ident("pool1")}
    assert colour[1].share == pytest.approx((2 * 1 + 2 * 2 + 4 * 1 + 4 * 2) / (4 * 3))


@pytest.mark.parametrize(("rows", "channels"), [(3, 1), (0, 1), (2, 0)])
def test_samples_that_cannot_be_are_refused(rows: int, channels: int) -> None:
    with pytest.raises(FirmwareError, match="sampled"):
        Sample(rows=rows, channels=channels)
