# SPDX-License-Identifier: Apache-2.0
"""profile : reads profile.txt, what rtl/sim/sim_profile.v counted for each instruction.

README.md of this folder states the file's lines. Whatever was counted adds up to the totals that
the RTL's own counters gave, to the last cycle, or reading fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

from cosim.errors import FirmwareError, MismatchError, RtlError

__all__ = ["Cell", "Profile", "RegionCount", "parse_profile", "read_profile"]

FIRST = "cosim-profile 1"
REGION_WORDS = 14
CELL_WORDS = 6
DMA, DMA_WORDS = "dma", 4
WHY = {"crossed": "regions are crossed: they must nest", "many": "too many or too deep regions"}


class Cell(NamedTuple):  # a run has thousands
    """One instruction under one innermost region (0: none).

    `cycles`, `fetches` and `active` (macro busy) run from the retirement before to this one;
    `device` counts accesses to devices.
    """

    region: int
    pc: int
    retired: int
    cycles: int
    fetches: int
    device: int
    active: int


@dataclass(frozen=True, kw_only=True)
class RegionCount:
    """What belongs to no instruction: entries into traps, cycles cut off by a mark or the end.

    `*_wait` are cycles in which a bus did not take a request. `dma_*`: requests to external memory
    and words that came from it and went there while the region was open.
    """

    id: int
    fetch_wait: int
    data_wait: int
    traps: int
    trap_cycles: int
    trap_fetches: int
    trap_active: int
    rest_cycles: int
    rest_fetches: int
    rest_active: int
    dma_requests: int = 0
    dma_reads: int = 0
    dma_writes: int = 0


_REGION = tuple(item.name for item in fields(RegionCount))[:-3]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A whole run. `cycles` and `retired` are mcycle and minstret at the end."""

    cycles: int
    retired: int
    cells: tuple[Cell, ...]
    regions: tuple[RegionCount, ...]

    def __post_init__(self) -> None:
        counted = sum(cell.cycles for cell in self.cells)
        counted += sum(region.trap_cycles + region.rest_cycles for region in self.regions)
        retired = sum(cell.retired for cell in self.cells)
        for what, got, want in (
            ("cycles", counted, self.cycles),
            ("instructions", retired, self.retired),
        ):
            if got != want:
                raise MismatchError(
                    f"profile: {got} {what} were counted, the CPU's counter says {want}: does the "
                    "firmware write mcycle, minstret or mcountinhibit?"
                )

    def cycles_of(self, region: int) -> int:
        """Cycles under an innermost region."""
        inner = sum(cell.cycles for cell in self.cells if cell.region == region)
        return inner + sum(
            count.trap_cycles + count.rest_cycles for count in self.regions if count.id == region
        )


def parse_profile(lines: Sequence[str], *, name: str = "profile.txt") -> Profile:
    """The profile of a file's lines."""
    if len(lines) < 2 or lines[0] != FIRST or lines[-1] != "end":
        raise RtlError(f"{name} is not a whole profile of version 1: the run did not end by itself")
    cells: list[Cell] = []
    regions: list[RegionCount] = []
    try:
        words = lines[1].split()
        cycles, retired, broken, outside = int(words[1]), int(words[2]), words[4], int(words[6])
        for number, line in enumerate(lines[2:-1], start=3):
            words = line.split()
            if len(words) == CELL_WORDS:
                cells.append(Cell(regions[-1].id, int(words[0], 16), *map(int, words[1:])))
            elif len(words) == REGION_WORDS and words[0] == "region":
                numbers = [int(word) for word in words if word.isdigit()]
                regions.append(RegionCount(**dict(zip(_REGION, numbers, strict=True))))
            elif len(words) == DMA_WORDS and words[0] == DMA:
                asked, came, went = (int(word) for word in words[1:])
                regions[-1] = replace(
                    regions[-1], dma_requests=asked, dma_reads=came, dma_writes=went
                )
            else:
                raise ValueError(f"line {number} is neither a region nor an instruction")
    except (ValueError, IndexError) as error:
        raise RtlError(f"{name} cannot be read: {error}") from error
    if broken != "none":
        raise FirmwareError(f"{name}: {WHY.get(broken, broken)}")
    if outside:
        raise FirmwareError(
            f"{name}: {outside} instructions ran beyond the code that the profile counts: "
            "raise CODE_WORDS of rtl/sim/sim_profile.v"
        )
    return Profile(cycles=cycles, retired=retired, cells=tuple(cells), regions=tuple(regions))


def read_profile(path: Path) -> Profile:
    """The profile of a run folder's profile.txt."""
    try:
        text = path.read_text()
    except OSError as error:
        raise RtlError(f"cannot read {path}: {error.strerror}") from error
    return parse_profile(text.splitlines(), name=path.name)
