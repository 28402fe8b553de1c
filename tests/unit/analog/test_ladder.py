# SPDX-License-Identifier: Apache-2.0
"""test_ladder : engines agree rung by rung, and the budget of their differences sums."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from cosim.analog.ladder import Bound, error_budget, ladder
from cosim.design import load_design

SMALL = ["macro.tile.rows=16", "macro.tile.cols=16", "wires.enabled=true"]
SIZES = (33, 20, 5)


@pytest.mark.spice
@pytest.mark.parametrize("sets", [SMALL, [*SMALL, "device.mtj.bias_dependent=false"]])
def test_every_bound_of_the_small_macro_holds(sets: list[str], random_stack: Callable) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (20, 33))
    result = ladder(load_design("imac_14nm", sets), random_stack(*SIZES), bits)
    assert [bound.name for bound in result.bounds if not bound.ok] == []
    groups = {b.name for b in result.bounds if b.name.startswith("energy")}
    assert len(groups) == 5
    assert result.as_dict()["ok"] is True


def test_shares_of_the_budget_sum_to_one_and_wires_lead(random_stack: Callable) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (40, 33))
    rows, agreement, rms = error_budget(load_design("imac_14nm", SMALL), random_stack(*SIZES), bits)
    assert sum(row.share for row in rows) == pytest.approx(1.0, abs=1e-9)
    assert [row.cause for row in rows] == ["TMR bias", "amplifier", "neuron loading", "wires"]
    assert max(rows, key=lambda row: row.share).cause == "wires"
    assert 0.5 < agreement <= 1.0
    assert rms > 0


def test_a_bound_that_is_missed_or_not_a_number_is_not_ok() -> None:
    bound = Bound(name="x", value=1.0, limit=1.0, unit="V")
    assert bound.ok
    assert not dataclasses.replace(bound, value=1.1).ok
    assert not dataclasses.replace(bound, value=float("nan")).ok
