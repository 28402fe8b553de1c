# SPDX-License-Identifier: Apache-2.0
"""factory : makes the engine of one mixed-signal macro by the name of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosim.analog.factory import ngspice_options
from cosim.analog.protocol import MacroEngine
from cosim.errors import UserInputError
from cosim.mapping import Mapping as Stack
from cosim.mixed.design import MixedDesign
from cosim.mixed.engine import MixedEngine
from cosim.mixed.rest import make_rest
from cosim.mixed.section import QuickSection, Section, feedback_shares
from cosim.mixed.spice import SpiceSection

__all__ = ["KINDS", "make_mixed_engine", "no_dies"]

KINDS = ("ideal", "fast", "ngspice")


def make_mixed_engine(
    kind: str,
    name: str,
    design: MixedDesign,
    sizes: Sequence[int],
    *,
    log: Path | None = None,
    noise_seed: int | None = None,
) -> MacroEngine:
    """An engine for the macro `name`; `sizes` are inputs, then the outputs of each layer."""
    if noise_seed is not None:
        raise UserInputError("a mixed-signal macro has no noise: leave --noise out")
    if kind not in KINDS:
        raise UserInputError(f"engine must be one of {', '.join(KINDS)}, got {kind}")

    def make(section: str, stack: Stack, layer: int, given: MixedDesign) -> Section:
        if kind == "ngspice":
            return SpiceSection(section, stack, layer, given, ngspice_options(given, log=log))
        return QuickSection(
            make_rest(kind, stack, layer, given),
            feedback_shares(stack, layer, given),
            given,
            hidden=layer > 0,
            timed=kind == "fast",
        )

    return MixedEngine(name, design, tuple(sizes), kind=kind, make=make)


def no_dies(design: MixedDesign, sizes: Sequence[int], seed: int, index: int) -> object:
    """Dies of this macro are not made."""
    del design, sizes, seed, index
    raise UserInputError("a mixed-signal macro has no dies: leave --die out")
