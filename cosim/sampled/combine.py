# SPDX-License-Identifier: Apache-2.0
"""combine : the profiles of sampled runs as the profile of the complete one.

Counts of a nest's instructions are the weighted sums of nests.py, whole and never negative: a wait
that only the shorter samples show is extrapolated below zero, where it is none. Totals are sums.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cosim.energy.profile import Cell, Profile, RegionCount
from cosim.image.sample import Sample
from cosim.sampled.nests import Grid, Nest

__all__ = ["Counts", "combine", "joined", "only", "profile_of"]

_CELL = Cell._fields[2:]
_REGION = tuple(item.name for item in fields(RegionCount))[1:]
_region_counts = attrgetter(*_REGION)
Key = TypeVar("Key")


class Counts:
    """What every instruction and region of the nests counted at each point of the grid."""

    def __init__(
        self, profiles: Mapping[Sample, Profile], nests: Sequence[Nest], grid: Grid
    ) -> None:
        self._nests, self._grid = nests, grid
        mine = {ident for nest in nests for ident in nest.regions}
        cells = [_cells(profiles[point], mine) for point in grid.points]
        regions = [_regions(profiles[point], mine) for point in grid.points]
        self._cells, self._cell_counts = _table(cells, len(_CELL))
        _outside_loops(self._cell_counts)
        self._regions, self._region_counts = _table(regions, len(_REGION))

    def at(self, part: Sample | None = None) -> Profile:
        """One image's nests, whole or the part `part` of each."""
        weights = {
            ident: list(nest.weights(self._grid, part).values())
            for nest in self._nests
            for ident in nest.regions
        }
        cells = _summed(self._cell_counts, [weights[ident] for ident, _ in self._cells])
        regions = _summed(self._region_counts, [weights[ident] for ident in self._regions])
        return profile_of(
            [Cell(*key, *row) for key, row in zip(self._cells, cells, strict=True)],
            [
                RegionCount(id=ident, **dict(zip(_REGION, row, strict=True)))
                for ident, row in zip(self._regions, regions, strict=True)
            ],
        )


def combine(
    profiles: Mapping[Sample, Profile],
    nests: Sequence[Nest],
    grid: Grid,
    *,
    at: Sample | None = None,
) -> Profile:
    """One image's nests, whole or the part `at` of each; `profiles` has one run a point."""
    return Counts(profiles, nests, grid).at(at)


def _cells(profile: Profile, regions: set[int]) -> dict[tuple[int, int], tuple[int, ...]]:
    return {cell[:2]: cell[2:] for cell in profile.cells if cell.region in regions}


def _regions(profile: Profile, regions: set[int]) -> dict[int, tuple[int, ...]]:
    return {r.id: _region_counts(r) for r in profile.regions if r.id in regions}


def _table(
    points: Sequence[Mapping[Key, tuple[int, ...]]], width: int
) -> tuple[list[Key], NDArray[np.float64]]:
    """Keys in order of first appearance; counts (points, keys, width)."""
    places = {key: k for k, key in enumerate(dict.fromkeys(itertools.chain(*points)))}
    counts = np.zeros((len(points), len(places), width))
    for found, point in zip(counts, points, strict=True):
        numbers = itertools.chain(*point.values())
        rows = np.fromiter(numbers, np.float64, len(point) * width).reshape(-1, width)
        found[[places[key] for key in point]] = rows
    return list(places), counts


def _outside_loops(counts: NDArray[np.float64]) -> None:
    """What retires equally often at all points is in no loop that was cut: its cycles differ by how
    a transfer happened to fall, which is no slope. Takes their mean."""
    retired = counts[:, :, _CELL.index("retired")]
    same = (retired == retired[0]).all(axis=0)
    counts[:, same] = counts[:, same].mean(axis=0)


def _summed(counts: NDArray[np.float64], weights: list[list[float]]) -> list[list[int]]:
    """Weighted sums over the points, `weights` (keys, points): whole, never negative."""
    sums = np.einsum("pkc,kp->kc", counts, np.array(weights).reshape(-1, len(counts)))
    found: list[list[int]] = np.maximum(np.rint(sums), 0).astype(np.int64).tolist()
    return found


def only(
    profile: Profile,
    keep: Callable[[int], bool],
    times: Callable[[int], int] = lambda _: 1,
    drop: frozenset[int] = frozenset(),
) -> Profile:
    """The regions that `keep` names, each `times` as often, without instructions at `drop`."""
    factors = {region.id: times(region.id) for region in profile.regions if keep(region.id)}
    return profile_of(
        [
            Cell(*cell[:2], *(factors[cell.region] * count for count in cell[2:]))
            for cell in profile.cells
            if cell.region in factors and cell.pc not in drop
        ],
        [
            RegionCount(
                id=region.id,
                **{name: factors[region.id] * getattr(region, name) for name in _REGION},
            )
            for region in profile.regions
            if region.id in factors
        ],
    )


def profile_of(cells: Sequence[Cell], regions: Sequence[RegionCount]) -> Profile:
    """Totals are the sums of the parts."""
    cycles = sum(cell.cycles for cell in cells)
    cycles += sum(region.trap_cycles + region.rest_cycles for region in regions)
    return Profile(
        cycles=cycles,
        retired=sum(cell.retired for cell in cells),
        cells=tuple(cells),
        regions=tuple(regions),
    )


def joined(profiles: Sequence[Profile]) -> Profile:
    """Parts of one run whose regions differ."""
    return profile_of(
        [cell for profile in profiles for cell in profile.cells],
        [region for profile in profiles for region in profile.regions],
    )
