# SPDX-License-Identifier: Apache-2.0
"""test_simulation_speed : what cocotb, an idle macro and engine fast may cost over the bare RTL.

Ratios of processor time within one test, the best of some turns: other work on the machine slows
both sides, and a turn that it spoils is taken again.
"""

from __future__ import annotations

import pytest

from cosim.bench.images import IMAGE_MAX, image_ratio
from cosim.bench.lockstep import RATIO_MIN
from cosim.bridge.speed import rtl_speed

pytestmark = pytest.mark.slow  # two programs of half a minute of compilation


def test_an_idle_macro_under_cocotb_costs_less_than_a_tenth() -> None:
    speed = rtl_speed(cycles=500_000, rounds=10, enough=RATIO_MIN)
    assert speed.ratio >= RATIO_MIN, speed


def test_images_after_the_first_cost_little_more_than_their_rtl() -> None:
    assert image_ratio(rounds=4) <= IMAGE_MAX
