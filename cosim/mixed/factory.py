# SPDX-License-Identifier: Apache-2.0
"""factory : makes the engine of one mixed-signal macro by the name of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosim.analog.factory import ngspice_options
from cosim.analog.protocol import MacroEngine
from cosim.analog.variation import Die
from cosim.errors import UserInputError
from cosim.mapping import Mapping as Stack
from cosim.mixed.design import MixedDesign
from cosim.mixed.engine import MixedEngine
from cosim.mixed.noise import HoldNoise
from cosim.mixed.rest import make_rest
from cosim.mixed.section import QuickSection, Section, feedback_shares
from cosim.mixed.spice import SpiceSection

__all__ = ["KINDS", "make_mixed_engine"]

KINDS = ("ideal", "fast", "ngspice")


def make_mixed_engine(
    kind: str,
    name: str,
    design: MixedDesign,
    sizes: Sequence[int],
    *,
    log: Path | None = None,
    die: Die | None = None,
    noise_seed: int | None = None,
) -> MacroEngine:
    """An engine for the macro `name`; `sizes` are inputs, then the outputs of each layer.

    With `die` every programming meets that die's spread and defects; with `noise_seed` every hold
    has noise from the die's stream.
    """
    if die is not None:
        die.check(sizes)
    if kind not in KINDS:
        raise UserInputError(f"engine must be one of {', '.join(KINDS)}, got {kind}")

    def make(section: str, stack: Stack, layer: int, given: MixedDesign) -> Section:
        if kind == "ngspice":
            return SpiceSection(
                section, stack, layer, given, options=ngspice_options(given, log=log), die=die
            )
        return QuickSection(
            make_rest(kind, stack, layer, given, die),
            feedback_shares(stack, layer, given, die),
            given,
            hidden=layer > 0,
            timed=kind == "fast",
        )

    def noise(stack: Stack, given: MixedDesign) -> HoldNoise | None:
        if noise_seed is None:
            return None
        return HoldNoise(stack, given, seed=noise_seed, die=die)

    return MixedEngine(name, design, tuple(sizes), kind=kind, make=make, noise=noise)
