# SPDX-License-Identifier: Apache-2.0
"""nests : the loop nests of a network's convolutions, and which parts of them are simulated.

A stage's work is a loop over output channels (a group of two where the network lies in external
memory) around a loop over rows, around one over input channels. Every count of every instruction
is then linear in each loop, so runs with two sizes of each loop fix it (`Grid.points`); a further
one, with a third size of each, shows whether that is so (`Grid.check`). Input channels beyond the
first sample's have weights of 0 in the points: the branches behind the sums are the same then, and
their counts are not taken for a loop's.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosim.errors import FirmwareError
from cosim.image.external import GROUP
from cosim.image.regions import region_ident
from cosim.image.sample import Sample
from cosim.model.network import Network

__all__ = ["Grid", "Nest", "grid_of", "nests_of"]

# inputs are even: the weights of an odd number are no whole words
ROWS, CHANNELS, INPUTS = (2, 4), (1, 2), (2, 4)
CHECK_ROWS, CHECK_CHANNELS, CHECK_INPUTS = 6, 3, 6
LOAD = "load"  # a nest of rows and input channels: no loop over output channels around them
DEEP = 16  # with more input channels than this somewhere, that loop is cut as well


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The runs: `points` fix the counts, `check` is held against what they foresee."""

    points: tuple[Sample, ...]
    check: Sample


@dataclass(frozen=True, kw_only=True)
class Nest:
    """One stage, or loading, and the sizes of its loops. `regions` are those its instructions run
    under."""

    name: str
    regions: frozenset[int]
    rows: int
    channels: int
    inputs: int

    def weights(self, grid: Grid, at: Sample | None = None) -> Mapping[Sample, float]:
        """What each point counts in the whole nest, or in the part `at` of it; they add up to 1."""
        deep = grid.check.inputs is not None
        rows, channels, inputs = self.rows, self.channels, self.inputs
        if at is not None:
            rows, channels = min(rows, at.rows), min(channels, at.channels)
            inputs = inputs if at.inputs is None else min(inputs, at.inputs)
        along = _line(rows, ROWS, self.rows)
        across = _line(channels, CHANNELS, self.channels)
        into: dict[int | None, float] = _line(inputs, INPUTS, self.inputs) if deep else {None: 1.0}
        return {
            point: along[point.rows] * across[point.channels] * into[point.inputs]
            for point in grid.points
        }


def _line(at: int, sizes: tuple[int, int], whole: int) -> dict[int | None, float]:
    """Of a straight line through two sizes, at `at`; a loop that is no longer than one of them
    was run whole there."""
    low, high = (min(size, whole) for size in sizes)
    upper = (at - low) / (high - low) if high > low else 0.0
    return {sizes[0]: 1.0 - upper, sizes[1]: upper}


def grid_of(nests: Sequence[Nest]) -> Grid:
    """The runs that these nests need."""
    deep = max(nest.inputs for nest in nests) > DEEP
    return Grid(
        points=tuple(
            Sample(rows=rows, channels=channels, inputs=inputs, live=INPUTS[0] if deep else None)
            for inputs in (INPUTS if deep else (None,))
            for rows, channels in itertools.product(ROWS, CHANNELS)
        ),
        check=Sample(
            rows=CHECK_ROWS, channels=CHECK_CHANNELS, inputs=CHECK_INPUTS if deep else None
        ),
    )


def nests_of(network: Network, *, grouped: bool) -> tuple[Nest, ...]:
    """One nest a stage, and loading; `grouped` where the network lies in external memory."""
    if not network.convs:
        raise FirmwareError(
            f"{network.name} has no convolution, so no loop nest to sample: use `cosim run`"
        )
    shapes = [network.padded_shape, *network.stage_shapes()[:-1]]
    load = region_ident(LOAD)
    nests = [
        Nest(
            name=LOAD,
            regions=frozenset(() if load is None else (load,)),
            rows=network.padded_shape[1],
            channels=1,
            inputs=network.padded_shape[0],
        )
    ]
    for index, (stage, shape) in enumerate(zip(network.convs, shapes, strict=True), start=1):
        names = (f"conv{index}", f"pool{index}")
        idents = (region_ident(name) for name in names)
        channels, inputs = stage.weight.shape[:2]
        nests.append(
            Nest(
                name=names[0],
                regions=frozenset(ident for ident in idents if ident is not None),
                rows=shape[1] + 2 * stage.pad - stage.kernel + 1,
                channels=-(-channels // GROUP) if grouped else channels,
                inputs=inputs,
            )
        )
    return tuple(nests)
