# SPDX-License-Identifier: Apache-2.0
"""die : dies of a mixed-signal macro: the analog macro's, with an op-amp for every row part.

Die `index` of a seed has the cells, stuck cells and open connections of the same die of the analog
macro (`cosim/analog/variation.py`): they are drawn from the same streams. Its op-amps are more, one
for each column of each row part. Converters, ladders and buffers are alike on all dies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cosim.analog.variation import Die, nominal_die, sample_die
from cosim.errors import UserInputError
from cosim.mixed.design import MixedDesign

__all__ = ["mixed_dies", "nominal_mixed_die", "one_layer", "sample_mixed_die"]


def sample_mixed_die(design: MixedDesign, sizes: Sequence[int], seed: int, index: int = 0) -> Die:
    """Die `index` of `seed` for a stack of these sizes (inputs, outputs of each layer)."""
    return sample_die(_alone(design), sizes, seed, index)


def mixed_dies(design: MixedDesign, sizes: Sequence[int], seed: int, count: int) -> list[Die]:
    """Dies 0..count-1 of `seed`."""
    if count < 1:
        raise UserInputError(f"dies must be at least 1, got {count}")
    return [sample_mixed_die(design, sizes, seed, index) for index in range(count)]


def nominal_mixed_die(design: MixedDesign, sizes: Sequence[int]) -> Die:
    """A die without spread and defects."""
    return nominal_die(_alone(design), sizes)


def one_layer(die: Die, layer: int) -> Die:
    """A layer of a die as the die of a stack of its own."""
    return replace(die, layers=(die.layers[layer],))


def _alone(design: MixedDesign) -> MixedDesign:
    """The design with an op-amp a row part, as variation.py asks for it."""
    macro = design.macro
    partition = macro.partition.model_copy(update={"outputs": "tied"})
    return design.model_copy(update={"macro": macro.model_copy(update={"partition": partition})})
