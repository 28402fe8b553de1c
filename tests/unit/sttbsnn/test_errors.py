# SPDX-License-Identifier: Apache-2.0
"""test_errors : wrong decisions and the cost of a step, and the study that draws them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.sttbsnn.design import load_bsnn
from cosim.sttbsnn.errors import error_rate, step_cost
from cosim.study import bsnn

QUIET = [text for key, text in bsnn.QUIET.items() if key != "offset"]
SMALL = "row.inputs=72"


def test_offsets_alone_are_spent_by_trimming() -> None:
    design = load_bsnn("stt_bsnn_65nm", [*QUIET, SMALL])
    rates = {
        trimmed: error_rate(design, seed=2, rows=8, inputs=60, dies=1, trimmed=trimmed)
        for trimmed in (True, False)
    }
    assert rates[True].wrong == 0.0
    assert rates[False].wrong > 0.02
    assert rates[False].near >= rates[False].wrong
    assert rates[True].decisions == 8 * 60


def test_a_step_s_cost_is_a_divider_s_power_and_what_lines_take() -> None:
    design = load_bsnn("stt_bsnn_65nm", [SMALL])
    cost = step_cost(design, rows=2, seed=1)
    # 72 cells of 16.0 and 29.5 kohm in series across 0.6 V for a nanosecond
    cells_j = 72 * 0.6**2 / 45.5e3 * 1e-9
    assert cost.group_j["cells"] == pytest.approx(cells_j, rel=0.12)
    total_j = sum(cost.group_j.values())
    assert cost.tops_per_w == pytest.approx(2 * 72 / total_j * 1e-12, rel=1e-9)


@pytest.mark.slow
def test_the_study_draws_what_it_solved_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bsnn, "GRID", {"noise": (0.4,), "time": (1000.0,)})
    monkeypatch.setattr(bsnn, "QUICK_INPUTS", 20)
    monkeypatch.setattr(bsnn, "ROWS", 4)

    def make() -> bsnn.Made:
        return bsnn.make_bsnn_study(
            "stt_bsnn_65nm",
            [SMALL],
            command="cosim study bsnn",
            seed=1,
            out=tmp_path,
            quick=True,
            fresh=False,
            tell=lambda text, done: None,
        )

    made = make()
    assert made.refused == []
    assert made.csv.read_text().startswith("# cosim study bsnn\n")
    assert made.png.stat().st_size > 10_000
    assert make().counts["kept"] == made.counts["points"]
