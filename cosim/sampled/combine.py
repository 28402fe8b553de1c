# SPDX-License-Identifier: Apache-2.0
"""combine : the profiles of sampled runs as the profile of the complete one.

Counts of a nest's instructions are the weighted sums of nests.py, whole and never negative: a wait
that only the shorter samples show is extrapolated below zero, where it is none. Totals are sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace

from cosim.energy.profile import Cell, Profile, RegionCount
from cosim.image.sample import Sample
from cosim.sampled.nests import Grid, Nest

__all__ = ["combine", "joined", "only", "profile_of"]

_CELL = tuple(item.name for item in fields(Cell))[2:]
_REGION = tuple(item.name for item in fields(RegionCount))[1:]
Profiles = Mapping[Sample, Profile]


def combine(
    profiles: Profiles, nests: Sequence[Nest], grid: Grid, *, at: Sample | None = None
) -> Profile:
    """One image's nests, whole or the part `at` of each; `profiles` has one run a point."""
    weights = {ident: nest.weights(grid, at) for nest in nests for ident in nest.regions}
    cells: dict[tuple[int, int], dict[str, float]] = {}
    regions: dict[int, dict[str, float]] = {}
    for point in grid.points:
        for cell in profiles[point].cells:
            if cell.region in weights:
                sums = cells.setdefault((cell.region, cell.pc), dict.fromkeys(_CELL, 0.0))
                _add(sums, cell, weights[cell.region][point])
        for region in profiles[point].regions:
            if region.id in weights:
                sums = regions.setdefault(region.id, dict.fromkeys(_REGION, 0.0))
                _add(sums, region, weights[region.id][point])
    return profile_of(
        [Cell(region=ident, pc=pc, **_whole(sums)) for (ident, pc), sums in cells.items()],
        [RegionCount(id=ident, **_whole(sums)) for ident, sums in regions.items()],
    )


def _add(sums: dict[str, float], counts: Cell | RegionCount, weight: float) -> None:
    for name in sums:
        sums[name] += weight * getattr(counts, name)


def _whole(sums: Mapping[str, float]) -> dict[str, int]:
    return {name: max(0, round(value)) for name, value in sums.items()}


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
