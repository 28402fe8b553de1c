# SPDX-License-Identifier: Apache-2.0
"""test_combine : counts that are sums of products of three loops are found again exactly."""

from __future__ import annotations

import numpy as np
import pytest
from counted import BODY, CONV, ID, WAIT, nest, profile
from sample_networks import random_network
from sample_vgg import random_vgg

from cosim.energy.profile import Profile
from cosim.errors import FirmwareError
from cosim.image.regions import region_ident
from cosim.image.sample import Sample
from cosim.sampled.combine import combine, only
from cosim.sampled.nests import grid_of, nests_of


def conv_of(whole: Profile) -> Profile:
    return only(whole, lambda ident: ident == CONV)


@pytest.mark.parametrize(
    ("rows", "channels", "inputs"),
    [(32, 16, 3), (28, 6, 1), (4, 128, 64), (2, 9, 256), (6, 1, 17), (2, 1, 2)],
)
def test_a_triple_loop_is_found_again_exactly(rows: int, channels: int, inputs: int) -> None:
    whole = nest(rows, channels, inputs)
    grid = grid_of([whole])
    runs = {point: profile(whole, point) for point in grid.points}
    assert len(runs) == (8 if inputs > 16 else 4)
    assert combine(runs, [whole], grid) == conv_of(profile(whole, None))
    held_out = conv_of(profile(whole, grid.check))
    assert combine(runs, [whole], grid, at=grid.check) == held_out


def test_a_wait_that_longer_loops_hide_does_not_count_below_zero() -> None:
    """A transfer that takes 90 cycles behind work of 10 a row and input: max(0, ...) each."""
    whole = nest(32, 16, 3)
    grid = grid_of([whole])

    def wait(rows: int, channels: int, inputs: int) -> int:
        return max(0, (90 - 10 * rows * inputs) * (channels - 1))

    runs = {point: profile(whole, point, wait=wait) for point in grid.points}
    assert any(cell.pc == WAIT for run in runs.values() for cell in run.cells)
    found = {cell.pc: cell for cell in combine(runs, [whole], grid).cells}
    assert found[WAIT].cycles == wait(32, 16, 3) == 0
    want = {cell.pc: cell for cell in profile(whole, None).cells}
    assert found[BODY] == want[BODY]


def test_a_wait_outside_of_all_loops_is_no_slope() -> None:
    """One that takes 100 or 101 cycles, as it happens."""
    whole = nest(32, 64, 64)
    grid = grid_of([whole])
    runs = {
        point: profile(whole, point, wait=lambda *sizes: 100 + sum(sizes) % 2)
        for point in grid.points
    }
    found = {cell.pc: cell for cell in combine(runs, [whole], grid).cells}
    assert found[WAIT].cycles in (100, 101)


def test_only_keeps_regions_and_repeats_them() -> None:
    whole = nest(8, 8, 1)
    run = profile(whole, None)
    twice = only(run, lambda ident: ident == CONV, lambda _: 2)
    assert twice.cycles == 2 * run.cycles_of(CONV)
    assert [region.id for region in twice.regions] == [CONV]
    without = only(run, lambda _: True, drop=frozenset({BODY}))
    assert without.cycles == run.cycles_of(ID["boot"])


def test_nests_are_the_loops_of_the_firmware() -> None:
    rng = np.random.default_rng(1)
    grey = nests_of(random_network(rng), grouped=False)
    assert [(nest.rows, nest.channels, nest.inputs) for nest in grey] == [
        (32, 1, 1),  # loading: no output channels
        (28, 6, 1),
        (10, 16, 6),
    ]
    colour = nests_of(random_vgg(rng, widths=((5, "max"), (6, "none"))), grouped=True)
    assert [(nest.rows, nest.channels, nest.inputs) for nest in colour] == [
        (8, 1, 3),
        (8, 3, 3),
        (4, 3, 5),
    ]
    assert colour[0].regions == {region_ident("load")}
    assert colour[1].regions == {region_ident(name) for name in ("conv1", "pool1")}
    assert colour[2].regions == {region_ident("conv2"), region_ident("pool2")}


def test_a_network_without_convolutions_is_refused() -> None:
    rng = np.random.default_rng(1)
    flat = random_network(rng, image=(1, 4, 4), pad=0, channels=(), pools=())
    with pytest.raises(FirmwareError, match="no loop nest to sample"):
        nests_of(flat, grouped=False)


@pytest.mark.parametrize(
    ("rows", "channels", "inputs"), [(3, 1, None), (0, 1, None), (2, 0, None), (2, 1, 0)]
)
def test_samples_that_cannot_be_are_refused(rows: int, channels: int, inputs: int | None) -> None:
    with pytest.raises(FirmwareError, match="sampled"):
        Sample(rows=rows, channels=channels, inputs=inputs)
