# SPDX-License-Identifier: Apache-2.0
"""marks : reads the event file of the RTL: regions that firmware opened and closed, and the exit.

Lines, written by rtl/sim (times in picoseconds):
    M open <id> <t_ps> <mcycle> <minstret>      M close <id> <t_ps> <mcycle> <minstret>
    X <code> <t_ps> <cycle> <instret>           the last line of a run that ended by itself
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cosim.errors import FirmwareError, RtlError

__all__ = ["Exit", "Marks", "Region", "parse_marks", "read_marks"]

MARK_WORDS = 6
EXIT_WORDS = 5


@dataclass(frozen=True, kw_only=True)
class Region:
    """One pass through a region: from its open mark to its close mark."""

    id: int
    t_begin_ps: int
    t_end_ps: int
    cycles: int
    instructions: int


@dataclass(frozen=True, kw_only=True)
class Exit:
    """The store that ended the simulation."""

    code: int
    t_ps: int
    cycles: int
    instructions: int


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Regions in the order they closed; `open_ids` never closed; `exit` is None if cut short."""

    regions: tuple[Region, ...]
    open_ids: tuple[int, ...]
    exit: Exit | None

    def of(self, region_id: int) -> tuple[Region, ...]:
        """Every pass through one region."""
        return tuple(region for region in self.regions if region.id == region_id)


def parse_marks(lines: Iterable[str], *, name: str = "events") -> Marks:
    """Pair the marks of one run. Nested regions are fine; a region inside itself is an error."""
    opened: dict[int, tuple[int, int, int]] = {}
    regions: list[Region] = []
    end: Exit | None = None
    for number, line in enumerate(lines, start=1):
        words = line.split()
        try:
            if words[:1] == ["M"] and len(words) == MARK_WORDS:
                _mark(words, opened, regions)
            elif words[:1] == ["X"] and len(words) == EXIT_WORDS:
                code, t_ps, cycles, instructions = (int(word) for word in words[1:])
                end = Exit(code=code, t_ps=t_ps, cycles=cycles, instructions=instructions)
            elif words:
                raise ValueError(f"not an event: {line.strip()[:60]!r}")
        except FirmwareError as error:
            raise FirmwareError(f"{name}:{number}: {error}") from error
        except ValueError as error:
            raise RtlError(f"{name}:{number}: {error}") from error
    return Marks(regions=tuple(regions), open_ids=tuple(opened), exit=end)


def _mark(words: list[str], opened: dict[int, tuple[int, int, int]], done: list[Region]) -> None:
    verb = words[1]
    region_id, t_ps, cycle, instret = (int(word) for word in words[2:])
    if verb == "open":
        if region_id in opened:
            raise FirmwareError(f"region {region_id} is opened inside itself")
        opened[region_id] = (t_ps, cycle, instret)
    elif verb == "close":
        if region_id not in opened:
            raise FirmwareError(f"region {region_id} is closed but was not open")
        begin_ps, begin_cycle, begin_instret = opened.pop(region_id)
        done.append(
            Region(
                id=region_id,
                t_begin_ps=begin_ps,
                t_end_ps=t_ps,
                cycles=cycle - begin_cycle,
                instructions=instret - begin_instret,
            )
        )
    else:
        raise ValueError(f"neither open nor close: {verb!r}")


def read_marks(path: Path) -> Marks:
    """The marks of an event file; a line the simulator did not finish writing is left out."""
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise RtlError(f"cannot read {path}: {error.strerror}") from error
    return parse_marks(text[: text.rfind("\n") + 1].splitlines(), name=path.name)
