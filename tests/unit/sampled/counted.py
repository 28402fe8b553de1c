# SPDX-License-Identifier: Apache-2.0
"""counted : profiles of a program whose loops have any cost that a test wants."""

from __future__ import annotations

from collections.abc import Callable

from cosim.energy.profile import Cell, Profile, RegionCount
from cosim.image.regions import region_ident
from cosim.image.sample import Sample
from cosim.sampled.combine import profile_of
from cosim.sampled.nests import Nest

__all__ = ["BODY", "CONV", "ID", "WAIT", "counts", "nest", "profile", "trilinear"]

ID = {name: region_ident(name) or 0 for name in ("boot", "image", "conv1", "load", "report")}
CONV = ID["conv1"]
BODY, WAIT = 8, 16  # addresses: of the loop's work, of a wait
Cost = Callable[[int, int, int], int]


def trilinear(rows: int, channels: int, inputs: int) -> int:
    """Cycles of an instruction of a nest: every product of the three loops has a part."""
    return (
        11 + 5 * rows + 7 * channels + 3 * inputs + 13 * rows * channels + 2 * rows * inputs
    ) + 17 * (channels * inputs + rows * channels * inputs)


def counts(ident: int, **values: int) -> RegionCount:
    names = ("fetch_wait", "data_wait", "traps", "trap_cycles", "trap_fetches", "trap_active")
    rest = ("rest_cycles", "rest_fetches", "rest_active")
    return RegionCount(id=ident, **{**dict.fromkeys((*names, *rest), 0), **values})


def nest(rows: int, channels: int, inputs: int) -> Nest:
    return Nest(
        name="conv1", regions=frozenset({CONV}), rows=rows, channels=channels, inputs=inputs
    )


def profile(
    whole: Nest, part: Sample | None, cost: Cost = trilinear, wait: Cost = lambda *_: 0
) -> Profile:
    """A run of `part` of the nest, or of all of it; the wait's instruction retires once."""
    sizes = (whole.rows, whole.channels, whole.inputs)
    if part is not None:
        limits = (part.rows, part.channels, part.inputs or whole.inputs)
        sizes = tuple(min(pair) for pair in zip(sizes, limits, strict=True))  # type: ignore[assignment]  # three
    n, words = cost(*sizes), sizes[0] * sizes[1] * sizes[2]
    common = dict.fromkeys(("device", "active"), 0)
    cells = [
        Cell(region=ID["boot"], pc=0, retired=3, cycles=4, fetches=3, **common),
        Cell(region=CONV, pc=BODY, retired=n, cycles=3 * n, fetches=n, **common),
    ]
    if wait(*sizes):
        cells.append(
            Cell(region=CONV, pc=WAIT, retired=1, cycles=wait(*sizes), fetches=1, **common)
        )
    return profile_of(
        cells, [counts(ID["boot"]), counts(CONV, dma_requests=words, dma_reads=9 * words)]
    )
