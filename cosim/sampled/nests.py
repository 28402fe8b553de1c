# SPDX-License-Identifier: Apache-2.0
"""nests : the loop nests of a network's convolutions, and which part of them is simulated.

A stage's work is a loop over output channels (a group of two where the network lies in external
memory) around a loop over rows. Every count of every instruction in it is then a sum of four terms,
one constant, one for each loop and one for both, so four runs with two sizes of either loop fix it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cosim.image.external import GROUP
from cosim.image.regions import region_ident
from cosim.image.sample import Sample
from cosim.model.network import Network

__all__ = ["POINTS", "Nest", "nests_of"]

ROWS, CHANNELS = (2, 4), (1, 2)
# the first run has everything behind the convolutions, the others as little of it as possible
POINTS = tuple(
    Sample(rows=rows, channels=channels, tail=(rows, channels) == (ROWS[0], CHANNELS[0]))
    for rows in ROWS
    for channels in CHANNELS
)


@dataclass(frozen=True, kw_only=True)
class Nest:
    """One stage. `regions` are those its instructions run under."""

    regions: frozenset[int]
    rows: int
    channels: int

    def weights(self) -> Mapping[Sample, float]:
        """What each point counts in the whole nest; the weights add up to one."""
        along = _weights(self.rows, ROWS)
        across = _weights(self.channels, CHANNELS)
        return {
            point: along[ROWS.index(point.rows)] * across[CHANNELS.index(point.channels)]
            for point in POINTS
        }

    @property
    def share(self) -> float:
        """Of the nest's inner work, in all points together."""
        work = sum(min(p.rows, self.rows) * min(p.channels, self.channels) for p in POINTS)
        return work / (self.rows * self.channels)


def _weights(size: int, sizes: tuple[int, int]) -> tuple[float, float]:
    """Of a straight line through two sizes, at `size`; a loop that is no longer than one of them
    was run whole there."""
    if size <= sizes[0]:
        return 1.0, 0.0
    upper = (size - sizes[0]) / (min(size, sizes[1]) - sizes[0])
    return 1.0 - upper, upper


def nests_of(network: Network, *, grouped: bool) -> tuple[Nest, ...]:
    """One nest a stage; `grouped` where the network lies in external memory."""
    shapes = [network.padded_shape, *network.stage_shapes()[:-1]]
    nests = []
    for index, (stage, shape) in enumerate(zip(network.convs, shapes, strict=True), start=1):
        names = (f"conv{index}", f"pool{index}")
        idents = (region_ident(name) for name in names)
        channels = len(stage.weight)
        nests.append(
            Nest(
                regions=frozenset(ident for ident in idents if ident is not None),
                rows=shape[1] + 2 * stage.pad - stage.kernel + 1,
                channels=-(-channels // GROUP) if grouped else channels,
            )
        )
    return tuple(nests)
