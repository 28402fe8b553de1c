# SPDX-License-Identifier: Apache-2.0
"""test_stacks : stacks of a flame graph hold the whole chip's energy, inlined functions on top."""

from __future__ import annotations

import pytest
from sample_profile import TEXT, WORDS

from cosim.design import load_design
from cosim.energy.account import Account, MacroPart
from cosim.energy.ledger import digital_ledger
from cosim.energy.places import Place
from cosim.energy.profile import parse_profile
from cosim.energy.stacks import energy_stacks, folded_energy


def account() -> Account:
    places = {
        pc: Place(function="inner" if pc >= 8 else "main", symbol="main", file="m.c", line=1)
        for pc in WORDS
    }
    joules = {"settle": 2e-9}
    macro = MacroPart(
        name="imac0",
        by_supply={"vdd": 2e-9},
        by_group={"cells": 2e-9},
        by_phase=joules,
        by_layer={"fc_stack": 2e-9},
    )
    return Account(
        ledger=digital_ledger(parse_profile(TEXT.splitlines()), WORDS, load_design("imac_14nm")),
        name_of=lambda ident: f"region{ident}",
        places=places,
        macros=(macro,),
    )


def test_stacks_add_up_to_the_account() -> None:
    whole = account()
    stacks = energy_stacks(whole)
    assert sum(stacks.values()) == pytest.approx(whole.total_j, rel=1e-12)
    assert stacks["fc_stack", "imac0"] == 2e-9
    layers = {name: sum(parts) for name, parts in whole.layers().items()}
    for layer, joules in layers.items():
        mine = sum(value for names, value in stacks.items() if names[0] == layer)
        assert mine == pytest.approx(joules, rel=1e-12)


def test_what_was_inlined_lies_on_the_function_that_holds_it() -> None:
    stacks = energy_stacks(account())
    assert stacks["region5", "main", "inner"] > 0
    assert ("region5", "main") not in stacks


def test_folded_lines_are_picojoules_and_names_keep_their_place() -> None:
    assert folded_energy({("a;b", "c"): 2.4e-12}) == "a:b;c 2\n"
