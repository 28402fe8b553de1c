# SPDX-License-Identifier: Apache-2.0
"""test_second_opinion : the CPU as gates runs LeNet-5 to the cycle, its energy is of one size."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.flow_gates import WINDOW_CYCLES, second_opinion

# The small preset and the gates are two cores of one class in one technology: no more than a factor
# apart. Glitches and clock gates, which the gates lack, move them by about so much.
FACTOR = 2.0


@pytest.mark.slow
def test_gates_and_constants_agree_within_a_factor(tmp_path: Path) -> None:
    found = second_opinion(tmp_path, lambda text: None)  # fails itself if the marks differ
    assert found.switching.cycles == WINDOW_CYCLES
    first = sum(found.first["core_14nm_small"].values())
    assert first / FACTOR < found.switching.cycle_j < first * FACTOR
    assert found.flops == found.switching.cells["DFF"]
