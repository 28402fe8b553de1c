# SPDX-License-Identifier: Apache-2.0
"""test_spot_check : a share of a run is solved again by ngspice, and a wrong run is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cosim.analog.dies import classify_dies, sample_dies
from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.analog.netlist import build_macro
from cosim.analog.rest import rest_deck, rest_points
from cosim.analog.spot_check import against_ngspice, pick, spot_check, spot_check_dies
from cosim.design import load_design
from cosim.errors import UserInputError
from cosim.mapping import map_stack

SMALL = ["macro.tile.rows=16", "macro.tile.cols=16", "wires.enabled=true"]
SIZES = (20, 8, 4)
INPUTS = 20
REST_TOL_V = 1e-5  # of two solvers whose steps end at 1e-6 V


def bits() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 2, (INPUTS, SIZES[0]), dtype=np.uint8)


def test_pick_is_a_share_of_at_least_one_and_the_same_for_a_seed() -> None:
    assert len(pick(10_000, 0.01, 1)) == 100
    assert len(pick(5, 0.01, 1)) == 1
    assert pick(100, 1.0, 1).tolist() == list(range(100))
    assert pick(1000, 0.02, 1).tolist() == pick(1000, 0.02, 1).tolist()
    assert pick(1000, 0.02, 1).tolist() != pick(1000, 0.02, 2).tolist()
    picked = pick(1000, 0.1, 4)
    assert (np.diff(picked) > 0).all()


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_share_outside_0_to_1_is_the_users_error(share: float) -> None:
    with pytest.raises(UserInputError, match="--spot-check"):
        pick(10, share, 1)


@pytest.mark.spice
@pytest.mark.parametrize("sets", [SMALL, [*SMALL, "device.mtj.bias_dependent=false"]])
def test_run_of_fast_holds_the_bounds(sets: list[str], random_stack: Callable) -> None:
    stack = fast_stack(random_stack(*SIZES), load_design("imac_14nm", sets))
    drive_v = stack.drive_of(bits())
    found = spot_check(stack, drive_v, classify(stack, bits()), share=0.15, seed=1)
    assert found.ok, found.as_dict()
    assert (len(found.inputs), found.total) == (3, INPUTS)
    assert max(b.value for b in found.bounds if b.unit == "V") < REST_TOL_V
    assert [entry["ok"] for entry in found.as_dict()["bounds"]] == [True] * 3


@pytest.mark.spice
def test_run_over_dies_is_checked_on_the_dies_picked(random_stack: Callable) -> None:
    weights = random_stack(*SIZES)
    design = load_design("imac_14nm", [*SMALL, "variation.ra_sigma=0.2"])
    dies = sample_dies(design, SIZES, 5, 3)
    classes = classify_dies(weights, bits(), design, dies)
    found = spot_check_dies(weights, bits(), design, dies, classes, share=0.05, seed=2)
    flat = pick(3 * INPUTS, 0.05, 2)
    assert found.ok, found.as_dict()
    assert found.total == 3 * INPUTS
    assert found.dies == tuple(flat // INPUTS)
    assert found.inputs == tuple(flat % INPUTS)
    assert len(set(found.dies)) > 1
    assert max(b.value for b in found.bounds if b.unit == "V") < REST_TOL_V
    wrong = classes.copy()
    wrong[flat[-1] // INPUTS] = (wrong[flat[-1] // INPUTS] + 1) % SIZES[-1]  # of one die only
    missed = spot_check_dies(weights, bits(), design, dies, wrong, share=0.05, seed=2)
    assert missed.missed == "class differs"


@pytest.mark.spice
def test_wrong_volts_and_classes_are_found(random_stack: Callable) -> None:
    design = load_design("imac_14nm", SMALL)
    stack = fast_stack(random_stack(*SIZES), design)
    drive_v = stack.drive_of(bits()[:2])
    state = stack.solve(drive_v)
    shifted = [volts + 3e-3 for volts in state.neuron_v]
    least = state.neuron_v[-1].argmin(axis=1)
    bounds = against_ngspice(
        stack.mapping,
        design,
        drive_v,
        amplifier_v=state.amplifier_v,
        neuron_v=shifted,
        classes=least,
    )
    assert {bound.name: bound.ok for bound in bounds} == {
        "amplifier volts": True,
        "neuron volts": False,
        "class differs": False,
    }


@pytest.mark.spice
def test_one_input_alone_and_in_a_batch_rest_at_the_same_volts(random_stack: Callable) -> None:
    design = load_design("imac_14nm", ["macro.tile.rows=16", "macro.tile.cols=16"])
    macro = build_macro(map_stack(random_stack(*SIZES), design), design)
    drive_v = 0.8 * np.random.default_rng(2).uniform(-1, 1, (3, SIZES[0]))
    batch, single = rest_points(macro, drive_v), rest_points(macro, drive_v[1:2])
    for key, volts in single.items():
        assert volts.shape == (1, batch[key].shape[1])
        assert volts[0] == pytest.approx(batch[key][1], abs=1e-6)


def test_deck_drives_every_input_and_supply_once(random_stack: Callable) -> None:
    design = load_design("imac_14nm")
    macro = build_macro(map_stack(random_stack(*SIZES), design), design)
    deck = rest_deck(macro, np.zeros((2, SIZES[0])) + np.array([[0.1], [0.2]]))
    starts = [line.split()[0] for line in deck.splitlines() if line and line[0] in "vb"]
    assert sum(word.startswith("bin") for word in starts) == SIZES[0]
    assert "vmeter meter 0 0" in deck
    assert len(starts) == len(set(starts))
