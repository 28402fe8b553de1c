# SPDX-License-Identifier: Apache-2.0
"""test_mixed : the mixed-signal macro's gates against its reference, ratios against arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cosim.analog.gate_energy import CLOCK, FET_PAIRS, GateTiming, gates_file, read_gates
from cosim.errors import RtlError
from cosim.mixed.shape import DRAIN_CYCLES, Shape
from cosim.study import mixed_logic
from cosim.study.mixed import MacroFigures
from cosim.study.mixed_logic import logic_block, logic_figures

SMALL = Shape(
    sizes=(12, 3, 2), heights=(3, 1), lanes=1, parts=2, adc_bits=6,
    muls=(90, 33), shifts=(6, 5), offsets=(-12, 3), neuron=1,
)  # fmt: skip
DELAY_S = 1e-11
TIMING = {kind: GateTiming(delay_s=DELAY_S, leakage_w=1e-9) for kind in FET_PAIRS}


def codes(seed: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    pairs = zip(SMALL.heights, SMALL.outs, strict=True)
    return [rng.integers(0, 64, (4, height, n_out)) for height, n_out in pairs]


def test_gates_give_the_reference_and_cost_what_moves() -> None:
    joules = read_gates(gates_file("imac_14nm"))
    found = logic_figures(SMALL, codes(), conv_cycles=2, joules=joules, timing=TIMING)
    counts = logic_block(SMALL).counts
    assert found.flops == counts["DFF"]
    assert found.gates == sum(counts.values()) - counts["DFF"]
    cycles = 2 * (2 * 3 + 1 * 2) + 2 * DRAIN_CYCLES
    assert found.clock_j == pytest.approx(joules[CLOCK] * found.flops * cycles)
    assert found.round_j * (2 * 3 + 2) == pytest.approx(found.evaluation_j)
    moved = found.evaluation_j - found.clock_j
    assert 0 < moved < sum(n * joules[kind] for kind, n in counts.items()) * cycles
    assert found.leakage_w == pytest.approx(1e-9 * sum(counts.values()))
    levels = found.delay_s / DELAY_S  # gates on the longest path, and the flip-flop
    assert levels == pytest.approx(round(levels))
    still = [np.full_like(layer, 32) for layer in codes()]
    quiet = logic_figures(SMALL, still, conv_cycles=2, joules=joules, timing=TIMING)
    assert quiet.evaluation_j - quiet.clock_j < 0.5 * moved
    wider = logic_figures(
        replace(SMALL, lanes=3), codes(), conv_cycles=2, joules=joules, timing=TIMING
    )
    assert wider.flops == found.flops + 2 * (2 * 6 + SMALL.acc_w + 16)


def test_gates_that_compute_something_else_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    other = logic_block(SMALL)
    monkeypatch.setattr(mixed_logic, "logic_block", lambda shape: other)
    wrong = replace(SMALL, offsets=(-12, 9))
    joules = read_gates(gates_file("imac_14nm"))
    with pytest.raises(RtlError, match="other codes"):
        logic_figures(wrong, codes(), conv_cycles=2, joules=joules, timing=TIMING)


def test_ratios_are_of_means() -> None:
    one = MacroFigures(name="a", converters=1, latency_s=2e-9, energy_j=4e-9, by_group={})
    two = MacroFigures(name="b", converters=1, latency_s=6e-9, energy_j=8e-9, by_group={})
    assert two.over(one) == pytest.approx({"power": 2 / 3, "latency": 3.0, "energy": 2.0})
