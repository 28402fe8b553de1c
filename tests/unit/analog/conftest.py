# SPDX-License-Identifier: Apache-2.0
"""conftest : stacks of random weights, and the operating point of a generated macro in ngspice."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.analog.netlist import build_macro
from cosim.analog.ngspice_run import run_deck
from cosim.analog.variation import Die
from cosim.design import Design
from cosim.mapping import map_stack

NO_RAILS_V = 100.0
TIGHT = "reltol=1e-9 abstol=1e-15 vntol=1e-12"
USUAL = "reltol=1e-6 abstol=1e-12 vntol=1e-9"

Stack = list[NDArray[np.int8]]
OperatingPoint = Callable[..., dict[str, float]]


@pytest.fixture
def random_stack() -> Callable[..., Stack]:
    """Layers of random -1, 0, +1 for the given sizes."""

    def make(*sizes: int, seed: int = 11) -> Stack:
        rng = np.random.default_rng(seed)
        return [rng.integers(-1, 2, (a + 1, b), dtype=np.int8) for a, b in pairwise(sizes)]

    return make


@pytest.fixture
def operating_point() -> OperatingPoint:
    """Node volts of a macro with its enable high: `a0_3`, `y1_0`, inner ones such as `p0_1`."""

    def solve(
        stack: Stack, bits: NDArray[np.int64], design: Design, die: Die | None = None
    ) -> dict[str, float]:
        macro = build_macro(map_stack(stack, design), design, die)
        volts = {pin.node: pin.volts(1, True) for pin in macro.inputs}
        for index, bit in enumerate(bits):
            volts[f"in{index}"] = macro.inputs[index + 1].volts(int(bit), True)
        volts |= {supply.node: supply.volts for supply in macro.supplies}
        volts |= {meter.node: 0.0 for meter in macro.meters}
        deck = [macro.netlist, "xm " + " ".join(macro.ports) + f" {macro.subckt}"]
        deck += [f"v{node} {node} 0 {value!r}" for node, value in volts.items()]
        # amplifiers without rails: ten volts of signal leave no digits for the tight tolerances
        railed = design.macro.amplifier.rail_v < NO_RAILS_V
        tolerances = TIGHT if railed and design.macro.buffer.enabled else USUAL
        deck += [f".options klu gmin=1e-15 {tolerances}", ".op"]
        plot = run_deck("\n".join(deck), models=macro.models, timeout_s=120.0)
        found: dict[str, float] = {}
        for name, vector in plot.items():
            if name.startswith("v("):
                found[name[2:-1].removeprefix("xm.")] = float(vector[0])
        return found

    return solve
