# SPDX-License-Identifier: Apache-2.0
"""test_perf : the parts of the wall time add up, and a part that is missing is an error."""

from __future__ import annotations

import pytest

from cosim.errors import MismatchError
from cosim.trace.perf import PARTS, RESIDUE, RESIDUE_S, perf_figures, perf_line


def test_parts_and_residue_add_up_to_the_wall_time() -> None:
    perf = perf_figures({"rtl_s": 4.0, "solve_s": 5.9}, 10.0, 2_000_000)
    assert sum(perf[name] for name in PARTS) + perf["residue_s"] == pytest.approx(perf["wall_s"])
    assert perf["rtl_cycles_per_s"] == 500_000
    line = perf_line(perf)
    assert "RTL 4.00, circuit solve 5.90, rest 0.10; RTL 0.50 M cycles/s" in line


@pytest.mark.parametrize("sign", [1, -1])
def test_more_than_the_stated_residue_is_an_error(sign: int) -> None:
    limit_s = RESIDUE * 10 + RESIDUE_S
    perf_figures({"rtl_s": 10 - sign * 0.99 * limit_s}, 10.0, 1)
    with pytest.raises(MismatchError, match="the run took"):
        perf_figures({"rtl_s": 10 - sign * 1.01 * limit_s}, 10.0, 1)


def test_a_part_nobody_knows_is_an_error() -> None:
    with pytest.raises(MismatchError, match="no part lunch_s"):
        perf_figures({"lunch_s": 1.0}, 1.0, 1)
