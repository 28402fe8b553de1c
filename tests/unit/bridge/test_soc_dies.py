# SPDX-License-Identifier: Apache-2.0
"""test_soc_dies : the die and the noise that a caller names reach the macro's engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cosim.analog.factory import make_engine
from cosim.analog.variation import sample_die
from cosim.bridge.soc_config import MacroSpec, make_macro
from cosim.design import load_design


def test_a_die_and_noise_reach_the_engine() -> None:
    """`make_macro` draws the die that the caller named, and wraps the engine in noise."""
    spec = MacroSpec(name="m0", kind="ideal", sizes=(4, 3), design="imac_14nm")
    plain = make_macro(spec)
    die = make_macro(replace(spec, die=5, seed=3))
    noisy = make_macro(replace(spec, die=5, seed=3, noise=True))
    expected = sample_die(load_design("imac_14nm"), (4, 3), 3, 5)
    weights = tuple([np.array([[1, -1, 1], [1, 1, -1], [-1, 1, 1], [1, 0, 0], [0, 1, 0]], float)])
    volts = []
    for engine in (plain, die, noisy):
        engine.program(weights)
        engine.start(0, {"en": 1})
        volts.append(engine.sample(("code[0]", "code[1]", "code[2]")).volts)
    alone = make_engine("ideal", "m1", load_design("imac_14nm"), (4, 3), die=expected)
    alone.program(weights)
    alone.start(0, {"en": 1})
    assert volts[1] == alone.sample(("code[0]",)).volts
    assert volts[0] != volts[1] != volts[2]
