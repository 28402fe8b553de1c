# SPDX-License-Identifier: Apache-2.0
"""test_judge : the judge fails on two percent of anything, and on another run's figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from counted import BODY, nest, profile

from cosim.design import load_design
from cosim.energy.account import Account
from cosim.energy.ledger import digital_ledger
from cosim.errors import MismatchError
from cosim.image.regions import region_name
from cosim.sampled.check import Check
from cosim.sampled.flow import Sampled
from cosim.sampled.judge import OUTSIDE, Whole, judge, whole_of

NOP = 0x13


@pytest.fixture(scope="module")
def run() -> Sampled:
    whole = profile(nest(8, 8, 8), None)
    ledger = digital_ledger(whole, {0: NOP, BODY: NOP}, load_design("vgg_14nm"))
    return Sampled(
        application="lenet5",
        engine="none",
        images=2,
        account=Account(ledger=ledger, name_of=region_name),
        classes=(7, 2),
        labels=(7, 1),
        check=Check(deviations=()),
        simulated=100,
        parts_s={},
    )


@pytest.fixture
def complete(run: Sampled) -> Whole:
    """What the sampled run says, to the last cycle."""
    regions = run.profile.regions
    return Whole(
        application="lenet5",
        engine="none",
        classes=(7, 2),
        cycles=run.cycles,
        digital_j=run.ledger.total_j,
        analog_j=0.0,
        components=run.account.components(),
        layers={
            region_name(r.id) if r.id else OUTSIDE: run.profile.cycles_of(r.id) for r in regions
        },
    )


def test_the_same_figures_are_good(run: Sampled, complete: Whole) -> None:
    verdict = judge(run, complete)
    assert verdict.good
    assert (verdict.cycles, verdict.energy, verdict.component_energy) == (0.0, 0.0, 0.0)
    assert verdict.factor == run.cycles / 100


@pytest.mark.parametrize("what", ["cycles", "digital_j"])
@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_two_percent_are_too_much(run: Sampled, complete: Whole, what: str, factor: float) -> None:
    changed: Any = {what: getattr(complete, what) * factor}
    assert not judge(run, replace(complete, **changed)).good


def test_one_component_is_enough_to_fail(run: Sampled, complete: Whole) -> None:
    components = {**complete.components, "clock tree": complete.components["clock tree"] * 1.02}
    verdict = judge(run, replace(complete, components=components))
    assert verdict.component == "clock tree"
    assert not verdict.good


def test_macros_that_should_not_be_there_fail(run: Sampled, complete: Whole) -> None:
    with_macros = replace(complete, analog_j=1e-9, components={**complete.components, "x": 1e-9})
    verdict = judge(run, with_macros)
    assert (verdict.analog, verdict.component, verdict.good) == (-1.0, "x", False)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"application": "vgg"}, "is vgg with engine none"),
        ({"engine": "fast"}, "with engine fast, not lenet5 with engine none"),
        ({"classes": (7,)}, "has 1 images, the sampled one 2"),
        ({"classes": (7, 3)}, r"classes \(7, 3\) of the complete run"),
    ],
)
def test_another_run_is_refused(
    run: Sampled, complete: Whole, changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(MismatchError, match=why):
        judge(run, replace(complete, **changed))


def test_a_run_cut_short_is_no_complete_run() -> None:
    with pytest.raises(MismatchError, match="the run ended early \\(interrupted\\)"):
        whole_of({"energy": None, "complete": False, "reason": "interrupted"})
