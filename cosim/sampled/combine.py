# SPDX-License-Identifier: Apache-2.0
"""combine : the profiles of sampled runs as the profile of the complete one.

Counts of a nest's instructions are the weighted sums of nests.py, whole and never negative: a wait
that only the shorter samples show is extrapolated below zero, where it is none. Totals are sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from operator import attrgetter

from cosim.energy.profile import Cell, Profile, RegionCount
from cosim.image.sample import Sample
from cosim.sampled.nests import Grid, Nest

__all__ = ["combine", "joined", "only", "profile_of"]

_CELL = tuple(item.name for item in fields(Cell))[2:]
_REGION = tuple(item.name for item in fields(RegionCount))[1:]
_cell_counts, _region_counts = attrgetter(*_CELL), attrgetter(*_REGION)
Profiles = Mapping[Sample, Profile]


def combine(
    profiles: Profiles, nests: Sequence[Nest], grid: Grid, *, at: Sample | None = None
) -> Profile:
    """One image's nests, whole or the part `at` of each; `profiles` has one run a point."""
    weights = {ident: nest.weights(grid, at) for nest in nests for ident in nest.regions}
    cells: dict[tuple[int, int], list[float]] = {}
    regions: dict[int, list[float]] = {}
    for point in grid.points:
        for cell in profiles[point].cells:
            weight = weights.get(cell.region, {}).get(point)
            if weight:
                key = (cell.region, cell.pc)
                cells[key] = _added(cells.get(key), weight, _cell_counts(cell))
        for region in profiles[point].regions:
            weight = weights.get(region.id, {}).get(point)
            if weight:
                regions[region.id] = _added(regions.get(region.id), weight, _region_counts(region))
    return profile_of(
        [Cell(region=ident, pc=pc, **_whole(_CELL, s)) for (ident, pc), s in cells.items()],
        [RegionCount(id=ident, **_whole(_REGION, sums)) for ident, sums in regions.items()],
    )


def _added(sums: list[float] | None, weight: float, counts: Sequence[int]) -> list[float]:
    if sums is None:
        return [weight * count for count in counts]
    return [s + weight * count for s, count in zip(sums, counts, strict=True)]


def _whole(names: Sequence[str], sums: Sequence[float]) -> dict[str, int]:
    return {name: max(0, round(value)) for name, value in zip(names, sums, strict=True)}


def only(
    profile: Profile,
    keep: Callable[[int], bool],
    times: Callable[[int], int] = lambda _: 1,
    drop: frozenset[int] = frozenset(),
) -> Profile:
    """The regions that `keep` names, each `times` as often, without instructions at `drop`."""
    return profile_of(
        [
            replace(cell, **_scaled(cell, _CELL, times(cell.region)))
            for cell in profile.cells
            if keep(cell.region) and cell.pc not in drop
        ],
        [
            replace(region, **_scaled(region, _REGION, times(region.id)))
            for region in profile.regions
            if keep(region.id)
        ],
    )


def _scaled(counts: Cell | RegionCount, names: Sequence[str], times: int) -> dict[str, int]:
    return {name: times * getattr(counts, name) for name in names}


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
