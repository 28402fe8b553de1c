# SPDX-License-Identifier: Apache-2.0
"""combine : the profiles of sampled runs as the profile of the complete one.

Counts of a nest's instructions are the weighted sums of nests.py; everything else is the first
run's, once for each image where it belongs to one. Counts are rounded to whole ones; the totals are
their sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from cosim.energy.profile import Cell, Profile, RegionCount
from cosim.errors import MismatchError
from cosim.image.regions import region_name
from cosim.image.sample import Sample
from cosim.sampled.nests import POINTS, Nest

__all__ = ["combine"]

ONCE = ("boot", "program")  # regions that do not belong to an image
_CELL = tuple(item.name for item in fields(Cell))[2:]
_REGION = tuple(item.name for item in fields(RegionCount))[1:]
Counts = dict[str, int]


def combine(profiles: Mapping[Sample, Profile], nests: Sequence[Nest], images: int) -> Profile:
    """The complete run of `images` images; each profile is of one image at one point."""
    first = profiles[POINTS[0]]
    weights = {ident: nest.weights() for nest in nests for ident in nest.regions}
    times = {region.id: images if _of_image(region.id) else 1 for region in first.regions}
    cells = [
        Cell(region=region, pc=pc, **_sum(parts, weights.get(region), times[region], _CELL))
        for (region, pc), parts in _cells(profiles).items()
    ]
    regions = [
        RegionCount(id=ident, **_sum(parts, weights.get(ident), times[ident], _REGION))
        for ident, parts in _regions(profiles).items()
    ]
    cycles = sum(cell.cycles for cell in cells)
    cycles += sum(region.trap_cycles + region.rest_cycles for region in regions)
    return Profile(
        cycles=cycles,
        retired=sum(cell.retired for cell in cells),
        cells=tuple(cells),
        regions=tuple(regions),
    )


def _of_image(ident: int) -> bool:
    return ident != 0 and region_name(ident) not in ONCE


def _cells(
    profiles: Mapping[Sample, Profile],
) -> dict[tuple[int, int], dict[Sample, Counts]]:
    found: dict[tuple[int, int], dict[Sample, Counts]] = {}
    for point, profile in profiles.items():
        for cell in profile.cells:
            counts = {name: getattr(cell, name) for name in _CELL}
            found.setdefault((cell.region, cell.pc), {})[point] = counts
    return found


def _regions(profiles: Mapping[Sample, Profile]) -> dict[int, dict[Sample, Counts]]:
    found: dict[int, dict[Sample, Counts]] = {}
    for point, profile in profiles.items():
        for region in profile.regions:
            counts = {name: getattr(region, name) for name in _REGION}
            found.setdefault(region.id, {})[point] = counts
    return found


def _sum(
    parts: Mapping[Sample, Counts],
    weights: Mapping[Sample, float] | None,
    times: int,
    names: Sequence[str],
) -> Counts:
    """Whole numbers, never negative: a rare branch may be seen in one sample and not in another."""
    if weights is None:
        counts = parts.get(POINTS[0], dict.fromkeys(names, 0))
        return {name: times * counts[name] for name in names}
    out = {}
    for name in names:
        found = [weights[point] * counts[name] for point, counts in parts.items()]
        out[name] = max(0, round(times * sum(found)))
    if not out:
        raise MismatchError("a nest without counts")
    return out
