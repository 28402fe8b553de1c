# SPDX-License-Identifier: Apache-2.0
"""test_ledger : a macro's energy closes, or the run fails with the two sums."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosim.errors import MismatchError
from cosim.report.ledger import close_ledger
from cosim.trace.events import Asleep, Evaluation, Programmed

EVALUATION = Evaluation(
    macro=0,
    index=0,
    t_start_ps=0,
    t_strobe_ps=8_000,
    t_done_ps=9_000,
    codes=(1,),
    volts=(0.1,),
    energy_j=3e-12,
    energy_by_supply={"vdd": 2e-12, "vss": 1e-12},
    energy_by_group={"cells": 3e-12},
)
EVENTS = (
    Programmed(macro=0, t_ps=0, words=10, energy_j=0.0),
    EVALUATION,
    Asleep(macro=0, t_begin_ps=9_000, t_end_ps=20_000, energy_j=1e-12),
    replace(
        EVALUATION,
        macro=1,
        energy_j=7e-12,
        energy_by_supply={"vdd": 7e-12},
        energy_by_group={"cells": 7e-12},
    ),
)
TOTALS = (4e-12, {"vdd": 3e-12, "vss": 1e-12}, {"cells": 4e-12})


def test_events_of_one_macro_add_up_to_its_supplies() -> None:
    ledger = close_ledger(0, EVENTS, programming_j_per_word=1e-14, totals=TOTALS)
    assert ledger.evaluations == 1
    assert ledger.energy_j == pytest.approx(4e-12)
    assert ledger.programming_j == pytest.approx(1e-13)  # ten words
    assert ledger.idle_j == pytest.approx(9e-13)


def test_weights_that_were_written_for_nothing_fail() -> None:
    with pytest.raises(MismatchError, match="writing the weights alone takes"):
        close_ledger(0, EVENTS, programming_j_per_word=1e-12, totals=TOTALS)


def test_run_cut_short_counts_evaluations_alone() -> None:
    ledger = close_ledger(1, EVENTS, programming_j_per_word=0.0, totals=None)
    assert (ledger.evaluation_j, ledger.by_group) == (7e-12, {"cells": 7e-12})


@pytest.mark.parametrize(
    ("totals", "what"),
    [
        ((4e-12, {"vdd": 3e-12}, {"cells": 4e-12}), "its supplies"),
        ((4e-12, {"vdd": 4e-12}, {"cells": 3e-12}), "its groups"),
        ((5e-12, {"vdd": 5e-12}, {"cells": 5e-12}), "its events"),
    ],
)
def test_a_sum_that_does_not_close_fails(
    totals: tuple[float, dict[str, float], dict[str, float]], what: str
) -> None:
    with pytest.raises(MismatchError, match=f"ledger of macro 0: the run and {what} differ"):
        close_ledger(0, EVENTS, programming_j_per_word=0.0, totals=totals)


def test_an_evaluation_whose_parts_do_not_close_fails() -> None:
    bad = replace(EVALUATION, energy_by_group={"cells": 2e-12})
    with pytest.raises(MismatchError, match="evaluation 0 and its groups"):
        close_ledger(0, [bad], programming_j_per_word=0.0, totals=None)
