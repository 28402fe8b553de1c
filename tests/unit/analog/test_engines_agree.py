# SPDX-License-Identifier: Apache-2.0
"""test_engines_agree : the ideal engine and ngspice give the same macro, within stated volts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cosim.analog.factory import make_engine
from cosim.analog.protocol import Energy, Sample
from cosim.design import Design, load_design
from cosim.errors import CircuitError, UserInputError

SIZES = (33, 20, 5)
PINS = tuple(f"code[{j}]" for j in range(5))
# With exact op-amps and no resistance in drivers and buffers only the buffers' soft rails differ.
BARE = "wires.enabled=false"  # ideal knows no wires
EXACT = [
    BARE,
    "macro.amplifier.kind=ideal",
    "macro.driver.r_ohm=1e-3",
    "macro.buffer.r_row_ohm=1e-3",
    "macro.buffer.rout_ohm=1e-3",
    "macro.buffer.gain=1.0",
]
TOL_EXACT_V = 4e-3  # 3 mV at 11 mV from the rail, where a saturated neuron's buffer stands
TOL_DEFAULT_V = 20e-3  # finite gain (1 %) and 10 ohm per tile row of 5 mS (5 %), at slope 2.3
TOL_ENERGY = 0.1


def evaluate(
    kind: str, design: Design, stack: list[np.ndarray], bits: np.ndarray
) -> tuple[Sample, Energy]:
    engine = make_engine(kind, "m0", design, SIZES)
    try:
        engine.program(tuple(layer.astype(float) for layer in stack))
        engine.start(0, {"en": 0})
        engine.drive(0, {"en": 1, **{f"in[{i}]": int(bit) for i, bit in enumerate(bits)}})
        assert engine.advance(20_000).settled
        sample = engine.sample(PINS)
        return sample, engine.energy()
    finally:
        engine.close()


@pytest.mark.spice
@pytest.mark.parametrize(
    ("sets", "tolerance"),
    [
        (EXACT, TOL_EXACT_V),
        ([*EXACT, "macro.meter_cells=false"], TOL_EXACT_V),
        ([BARE], TOL_DEFAULT_V),
    ],
)
def test_volts_class_and_energy_agree(
    sets: list[str], tolerance: float, random_stack: Callable
) -> None:
    design, stack = load_design("imac_14nm", sets), random_stack(*SIZES)
    bits = np.arange(33) % 5 % 2
    (ideal, ideal_j), (circuit, circuit_j) = (
        evaluate(kind, design, stack, bits) for kind in ("ideal", "ngspice")
    )
    for name in ("layer0.neuron", "layer1.neuron"):
        assert circuit.layers[name] == pytest.approx(ideal.layers[name], abs=tolerance), name
    assert np.argmax(circuit.layers["layer1.neuron"]) == np.argmax(ideal.layers["layer1.neuron"])
    assert circuit_j.total_j == pytest.approx(ideal_j.total_j, rel=TOL_ENERGY, abs=0.0)
    for supply, joules in ideal_j.by_supply.items():
        if joules > 1e-3 * ideal_j.total_j:  # the reference of exact op-amps takes microwatts
            assert circuit_j.by_supply[supply] == pytest.approx(joules, rel=TOL_ENERGY, abs=0.0), (
                supply
            )
    assert circuit_j.by_group.keys() == ideal_j.by_group.keys()
    for group in (
        "cells",
        "bias",
        "neurons",
    ):  # drivers keep the heat of resistors that ideal lacks
        assert circuit_j.by_group[group] == pytest.approx(
            ideal_j.by_group[group], rel=TOL_ENERGY, abs=0.0
        )


@pytest.mark.spice
def test_reprogramming_gives_ngspice_a_new_circuit(random_stack: Callable) -> None:
    design = load_design("imac_14nm")
    engine = make_engine("ngspice", "m0", design, (4, 3))
    try:
        volts = []
        for seed in (1, 2):
            engine.program(tuple(w.astype(float) for w in random_stack(4, 3, seed=seed)))
            engine.start(0, {"en": 1})
            volts.append(engine.sample().layers["layer0.neuron"].copy())
        assert np.abs(volts[0] - volts[1]).max() > 0.01
        words = engine.energy().by_supply["write"] / design.macro.prog_word_j
        assert words == pytest.approx(2 * 3)  # three columns of one word, written twice
    finally:
        engine.close()


def test_unknown_kinds_and_wrong_weights_are_refused() -> None:
    design = load_design("imac_14nm")
    with pytest.raises(
        UserInputError, match="engine must be one of ideal, fast, ngspice, got spectre"
    ):
        make_engine("spectre", "m0", design, SIZES)
    engine = make_engine("ngspice", "m0", design, SIZES)
    with pytest.raises(CircuitError, match=r"weights are \(2, 1\), the macro is \(33, 20, 5\)"):
        engine.program((np.ones((3, 1)),))
    engine.close()
