# SPDX-License-Identifier: Apache-2.0
"""ledger : joules of the digital part: what the RTL counted times the design's constants.

Every item is one count times one constant, at one place: an instruction under a region, or an entry
into a trap. Every view is a sum over the same items, so any two have the same total.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cosim.design import ChipDesign
from cosim.energy.decode import CLASSES, Use, decode
from cosim.energy.profile import Cell, Profile, RegionCount
from cosim.errors import FirmwareError, MismatchError
from cosim.units import PS_PER_S

__all__ = ["COMPONENTS", "COMPONENT_OF", "Item", "Ledger", "digital_ledger"]

# constant of design section `energy` -> component of the chip
COMPONENT_OF: Mapping[str, str] = {
    **{f"instruction.{kind}_j": "core" for kind in (*CLASSES, "trap")},
    "regfile_read_j": "register file",
    "regfile_write_j": "register file",
    "multiply_j": "multiplier",
    "divide_j": "divider",
    "fetch_j": "instruction memory",
    **{f"{verb}_byte_j": "data memory, 1 byte" for verb in ("load", "store")},
    **{f"{verb}_half_j": "data memory, 2 bytes" for verb in ("load", "store")},
    **{f"{verb}_word_j": "data memory, 4 bytes" for verb in ("load", "store")},
    "bus_j": "bus",
    "device_j": "devices",
    "shell_instruction_j": "co-processor shell",
    "shell_active_j": "co-processor shell",
    "clock_j": "clock tree",
    "idle_j": "idle",
    "leakage_w": "leakage",
}
# constant of design section `soc.memory`, spent only where there is external memory
EXTERNAL_OF: Mapping[str, str] = {
    "request_j": "external memory",
    "byte_j": "external memory",
    "standby_w": "external memory, standby",
    "dma_word_j": "DMA",
}
COMPONENTS = tuple(dict.fromkeys(COMPONENT_OF.values()))
EVERY_COMPONENT_OF: Mapping[str, str] = {
    **COMPONENT_OF,
    **{f"memory.{name}": component for name, component in EXTERNAL_OF.items()},
}
# Components whose constants come from one published figure are wrong together.
LOGIC, MEMORY = "core logic", "memory"
ORIGIN_OF: Mapping[str, str] = {
    name: LOGIC
    if name
    in ("core", "register file", "clock tree", "idle", "co-processor shell", "devices", "DMA")
    else MEMORY
    if name == "instruction memory" or name.startswith("data memory")
    else name
    for name in dict.fromkeys(EVERY_COMPONENT_OF.values())
}
SIZE_NAMES = {1: "byte", 2: "half", 4: "word"}
TRAP, REST, DMA = "trap", "none", "dma"  # classes of what belongs to no instruction
WORD_BYTES = 4
STANDBY = "memory.standby_w"
TOL_RELATIVE = 1e-9  # sums of some ten thousand doubles in two orders


class Item(NamedTuple):  # a run has tens of thousands
    """`count` times one constant. `pc` is None where no instruction retired."""

    constant: str
    kind: str
    region: int
    pc: int | None
    count: float  # type: ignore[assignment]  # hides tuple.count, which nobody asks for
    joules: float

    @property
    def component(self) -> str:
        return EVERY_COMPONENT_OF[self.constant]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The digital energy of a run. `values` are the constants, `sigmas` their uncertainties."""

    items: tuple[Item, ...]
    profile: Profile
    values: Mapping[str, float]
    sigmas: Mapping[str, float]
    period_s: float

    @cached_property
    def total_j(self) -> float:
        return math.fsum(item.joules for item in self.items)

    @property
    def sigma_j(self) -> float:
        """One sigma of the total: errors of one origin add up, origins are independent."""
        origins: dict[str, float] = {}
        for name, joules in self.across(lambda item: item.constant).items():
            origin = ORIGIN_OF[EVERY_COMPONENT_OF[name]]
            origins[origin] = origins.get(origin, 0.0) + self.sigmas[name] * joules
        return math.hypot(*origins.values())

    @property
    def idle_cycles(self) -> int:
        return round(self.count("idle_j"))

    @cached_property
    def counts(self) -> Mapping[str, float]:
        """How often each constant was spent."""
        parts: dict[str, list[float]] = {}
        for item in self.sums:
            parts.setdefault(item.constant, []).append(item.count)
        return {constant: math.fsum(counts) for constant, counts in parts.items()}

    def count(self, constant: str) -> float:
        """How often a constant was spent; seconds for the leakage."""
        return self.counts.get(constant, 0.0)

    @cached_property
    def sums(self) -> tuple[Item, ...]:
        """The items summed over instructions, in order of first appearance."""
        parts: dict[tuple[str, str, int], tuple[list[float], list[float]]] = {}
        for constant, kind, region, _, count, joules in self.items:
            found = parts.get((constant, kind, region))
            if found is None:
                parts[constant, kind, region] = ([count], [joules])
            else:
                found[0].append(count)
                found[1].append(joules)
        return tuple(
            Item(*place, None, math.fsum(counts), math.fsum(joules))
            for place, (counts, joules) in parts.items()
        )

    def by(self, key: Callable[[Item], str]) -> dict[str, float]:
        """Joules by whatever `key` says, in order of first appearance."""
        return _summed(self.items, key)

    def across(self, key: Callable[[Item], str]) -> dict[str, float]:
        """The same for a key that does not look at `pc`: there are a hundred times fewer sums."""
        return _summed(self.sums, key)

    def by_component(self) -> dict[str, float]:
        """Joules of every component, those without any included."""
        found = self.across(lambda item: item.component)
        there = dict.fromkeys(EVERY_COMPONENT_OF[name] for name in self.values)
        return {name: found.get(name, 0.0) for name in there}

    def by_class(self) -> dict[str, float]:
        found = self.across(lambda item: item.kind)
        return {name: found[name] for name in (*CLASSES, TRAP, REST, DMA) if name in found}


def _summed(items: Iterable[Item], key: Callable[[Item], str]) -> dict[str, float]:
    parts: dict[str, list[float]] = {}
    for item in items:
        parts.setdefault(key(item), []).append(item.joules)
    return {name: math.fsum(joules) for name, joules in parts.items()}


def digital_ledger(profile: Profile, words: Mapping[int, int], design: ChipDesign) -> Ledger:
    """The ledger of a profile; `words` are the firmware's instructions by address."""
    values = _values(design)
    period_s = design.clock.period_ps / PS_PER_S
    items: list[Item] = []

    def take(
        counts: Iterator[tuple[str, float]], kind: str, region: int, pc: int | None = None
    ) -> None:
        for name, count in counts:
            if count:
                value = values.get(name)
                if value is None:
                    if name == STANDBY:
                        continue
                    raise MismatchError(
                        f"the DMA moved words (region {region}), the design has no external"
                        " memory: soc.memory.present"
                    )
                items.append(Item(name, kind, region, pc, count, count * value))

    for cell in profile.cells:
        if cell.pc not in words:
            raise FirmwareError(f"an instruction retired at 0x{cell.pc:x}, outside the image")
        use = decode(words[cell.pc])
        take(_cell_counts(cell, use, period_s), use.kind, cell.region, cell.pc)
    for region in profile.regions:
        take(_trap_counts(region, period_s), TRAP, region.id)
        take(_rest_counts(region, period_s), REST, region.id)
        take(_dma_counts(region), DMA, region.id)
    ledger = Ledger(
        items=tuple(items),
        profile=profile,
        values=values,
        sigmas={name: design.uncertainties.get(_place_of(name), 0.0) for name in values},
        period_s=period_s,
    )
    _close(ledger)
    return ledger


def _values(design: ChipDesign) -> dict[str, float]:
    data = design.energy.model_dump()
    flat = {**data, **{f"instruction.{key}": value for key, value in data["instruction"].items()}}
    values = {name: float(flat[name]) for name in COMPONENT_OF}
    if design.soc.memory.present:
        memory = design.soc.memory.model_dump()
        values |= {f"memory.{name}": float(memory[name]) for name in EXTERNAL_OF}
    return values


def _place_of(constant: str) -> str:
    """Where a constant stands in a design file."""
    return f"soc.{constant}" if constant.startswith("memory.") else f"energy.{constant}"


def _cell_counts(cell: Cell, use: Use, period_s: float) -> Iterator[tuple[str, float]]:
    n = cell.retired
    yield f"instruction.{use.kind}_j", n
    yield "regfile_read_j", use.reads * n
    yield "regfile_write_j", use.writes * n
    if use.kind == "mul":
        yield "multiply_j", n
    if use.kind == "div":
        yield "divide_j", n
    if use.access is not None:
        yield f"{use.access}_{SIZE_NAMES[use.size]}_j", n - cell.device
        yield "device_j", cell.device
        yield "bus_j", n
    if use.kind == "xif":
        yield "shell_instruction_j", n
    asleep = max(cell.cycles - n, 0) if use.sleeps else 0
    yield "idle_j", asleep
    yield from _time_counts(cell.cycles, asleep, cell.fetches, cell.active, period_s)


def _trap_counts(region: RegionCount, period_s: float) -> Iterator[tuple[str, float]]:
    yield "instruction.trap_j", region.traps
    yield from _time_counts(
        region.trap_cycles, 0, region.trap_fetches, region.trap_active, period_s
    )


def _rest_counts(region: RegionCount, period_s: float) -> Iterator[tuple[str, float]]:
    return _time_counts(region.rest_cycles, 0, region.rest_fetches, region.rest_active, period_s)


def _dma_counts(region: RegionCount) -> Iterator[tuple[str, float]]:
    """Every word crosses the bus and one port of the RAM."""
    words = region.dma_reads + region.dma_writes
    yield "memory.request_j", region.dma_requests
    yield "memory.byte_j", WORD_BYTES * words
    yield "memory.dma_word_j", words
    yield "store_word_j", region.dma_reads
    yield "load_word_j", region.dma_writes
    yield "bus_j", words


def _time_counts(
    cycles: int, asleep: int, fetches: int, active: int, period_s: float
) -> Iterator[tuple[str, float]]:
    yield "fetch_j", fetches
    yield "shell_active_j", active
    yield "clock_j", cycles - asleep
    yield "leakage_w", cycles * period_s
    yield STANDBY, cycles * period_s


def _close(ledger: Ledger) -> None:
    """The counts against what the CPU's own counters say."""
    awake = ledger.count("clock_j") + ledger.count("idle_j")
    retired = sum(ledger.count(f"instruction.{kind}_j") for kind in CLASSES)
    seconds = ledger.profile.cycles * ledger.period_s
    for what, got, want in (
        ("cycles awake and asleep", awake, ledger.profile.cycles),
        ("instructions", retired, ledger.profile.retired),
        ("seconds", ledger.count("leakage_w"), seconds),
        (
            "seconds with external memory",
            ledger.count(STANDBY),
            seconds if STANDBY in ledger.values else 0.0,
        ),
    ):
        if not math.isclose(got, want, rel_tol=TOL_RELATIVE):
            raise MismatchError(f"energy ledger: {what} add up to {got:.9g}, not to {want:.9g}")
