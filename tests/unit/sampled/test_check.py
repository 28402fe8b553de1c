# SPDX-License-Identifier: Apache-2.0
"""test_check : work that does not follow its loops' sizes, or follows the data, is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from counted import CONV, nest, profile, trilinear

from cosim.errors import MismatchError
from cosim.sampled.check import TOLERANCE, Check, contrast, hold
from cosim.sampled.combine import combine
from cosim.sampled.nests import grid_of

Cost = Callable[[int, int, int], int]
WHOLE = nest(32, 64, 64)


def held(cost: Cost, held_out: Cost | None = None) -> Check:
    """Samples that cost `cost`; the held-out run costs `held_out`."""
    grid = grid_of([WHOLE])
    runs = {point: profile(WHOLE, point, cost) for point in grid.points}
    measured = profile(WHOLE, grid.check, held_out or cost)
    foreseen = combine(runs, [WHOLE], grid, at=grid.check)
    whole = combine(runs, [WHOLE], grid)
    return hold(measured, foreseen, whole, [CONV], lambda pc: f"nn_conv, line {pc}")


def test_loops_that_are_foreseen_pass() -> None:
    assert held(trilinear).share == 0.0


@pytest.mark.parametrize("loop", ["rows", "channels", "inputs"])
def test_a_loop_whose_work_grows_with_its_square_is_refused(loop: str) -> None:
    def squared(rows: int, channels: int, inputs: int) -> int:
        size = {"rows": rows, "channels": channels, "inputs": inputs}[loop]
        return trilinear(rows, channels, inputs) * (10 + size) // 10

    with pytest.raises(
        MismatchError, match=r"conv1 does not follow .* foreseen .* nn_conv, line 8"
    ):
        held(squared)


def test_work_that_depends_on_the_picture_is_refused_with_place_and_value() -> None:
    def other(rows: int, channels: int, inputs: int) -> int:
        return trilinear(rows, channels, inputs) * 4 // 5

    with pytest.raises(MismatchError, match=r"\(-20\.0 %\), most .* nn_conv, line 8.* 20\.0 %"):
        held(trilinear, other)


def test_what_may_be_off_is_the_tolerance_at_most() -> None:
    def near(rows: int, channels: int, inputs: int) -> int:
        return round(trilinear(rows, channels, inputs) * 1.005)

    assert held(trilinear, near).share == pytest.approx(0.005, rel=0.1)
    with pytest.raises(MismatchError):
        held(trilinear, lambda *sizes: round(trilinear(*sizes) * (1 + 1.5 * TOLERANCE)))


def test_words_of_external_memory_that_do_not_follow_are_refused() -> None:
    grid = grid_of([WHOLE])
    runs = {point: profile(WHOLE, point) for point in grid.points}
    whole = combine(runs, [WHOLE], grid)
    foreseen = combine(runs, [WHOLE], grid, at=grid.check)
    measured = profile(WHOLE, grid.check)
    rounded = [replace(r, dma_reads=r.dma_reads * 19 // 20) for r in measured.regions]
    with pytest.raises(
        MismatchError, match=r" words in the held-out run, .* foreseen \(-5\.\d %\)"
    ):
        hold(replace(measured, regions=tuple(rounded)), foreseen, whole, [CONV])


def test_the_contrast_exchanges_zeros_and_the_rest() -> None:
    picture = np.array([[0, 7], [200, 0]], np.uint8)
    assert contrast(picture).tolist() == [[200, 0], [0, 200]]
    assert contrast(np.zeros((2, 2), np.uint8)).tolist() == [[255, 255], [255, 255]]
