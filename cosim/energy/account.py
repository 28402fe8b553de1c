# SPDX-License-Identifier: Apache-2.0
"""account : digital and analog energy of a run in one account that has to balance.

Views of the digital part (component, class, layer, function, line) are sums over one list of items;
the macros' parts come from their closed ledgers. What the supplies delivered must equal the parts,
else BALANCE fails the run and names the residue.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cosim.energy.ledger import DMA, Item, Ledger
from cosim.energy.places import DMA_PLACE, NOWHERE, UNKNOWN_PLACE, Place
from cosim.errors import MismatchError
from cosim.trace.events import Asleep, Evaluation, Event, Programmed, RegionPass
from cosim.trace.phases import PHASES, macro_phases
from cosim.units import seconds

__all__ = ["BALANCE", "OUTSIDE", "STANDBY", "Account", "MacroPart", "macro_part"]

BALANCE = 1e-3  # of the supplies' total
OUTSIDE = "(no region)"
STANDBY = "(standby)"  # the macros' time between evaluations
PROGRAM = "program"  # the region in which weights are written


@dataclass(frozen=True, kw_only=True)
class MacroPart:
    """One macro's joules by supply, by group, by phase and by layer."""

    name: str
    by_supply: Mapping[str, float]
    by_group: Mapping[str, float]
    by_phase: Mapping[str, float]
    by_layer: Mapping[str, float]


def macro_part(
    name: str,
    macro: int,
    events: Sequence[Event],
    regions: Sequence[RegionPass],
    *,
    by_supply: Mapping[str, float],
    by_group: Mapping[str, float],
    programming_j: float,
    standby_w: float,
    t_end_ps: int,
) -> MacroPart:
    """A macro's share. Of the time between evaluations the standby power is spread over load, read
    out and standby by their length; the rest of it, the discharge, is read out's.
    """
    phases = dict.fromkeys(PHASES, 0.0)
    mine = [event for event in events if getattr(event, "macro", None) == macro]
    phases["program"] = programming_j
    between_j = -programming_j  # engines bill it with the time in which it happens
    for event in mine:
        if isinstance(event, Evaluation):
            settle_j = event.settle_j if event.settle_j is not None else event.energy_j
            phases["settle"] += settle_j
            phases["sample"] += event.energy_j - settle_j
        elif isinstance(event, Programmed | Asleep):
            between_j += event.energy_j
    for phase in macro_phases(macro, mine, regions, t_end_ps):
        if phase.name in ("load", "standby"):
            phases[phase.name] += standby_w * seconds(phase.t_end_ps - phase.t_begin_ps)
    asleep_s = seconds(sum(e.t_end_ps - e.t_begin_ps for e in mine if isinstance(e, Asleep)))
    spread_j = phases["load"] + phases["standby"]
    most_j = min(between_j, standby_w * asleep_s)  # before its first use a macro has no supply
    if spread_j > most_j > 0.0:
        phases["load"] *= most_j / spread_j
        phases["standby"] *= most_j / spread_j
    phases["read out"] = between_j - phases["load"] - phases["standby"]
    layers = {PROGRAM: programming_j}
    for event in mine:
        if isinstance(event, Evaluation):
            layer = _innermost(event, regions)
            layers[layer] = layers.get(layer, 0.0) + event.energy_j
    return MacroPart(
        name=name,
        by_supply=by_supply,
        by_group=by_group,
        by_phase=phases,
        by_layer={**layers, STANDBY: between_j},
    )


def _innermost(event: Evaluation, regions: Sequence[RegionPass]) -> str:
    """The region that an evaluation falls into."""
    around = [
        region
        for region in regions
        if region.t_begin_ps <= event.t_start_ps and event.t_done_ps <= region.t_end_ps
    ]
    return min(around, key=lambda r: r.t_end_ps - r.t_begin_ps).name if around else OUTSIDE


@dataclass(frozen=True, kw_only=True)
class Account:
    """The whole chip. `name_of` names a region id; `places` an instruction's source."""

    ledger: Ledger
    name_of: Callable[[int], str]
    places: Mapping[int, Place] = field(default_factory=dict)
    macros: tuple[MacroPart, ...] = ()

    def __post_init__(self) -> None:
        views: Mapping[str, Mapping[str, float]] = {
            "components": self.components(),
            "layers": {name: sum(parts) for name, parts in self.layers().items()},
        }
        analog_j = self.analog_j
        for what, macro_view in (("groups", "by_group"), ("phases", "by_phase")):
            parts = [math.fsum(getattr(macro, macro_view).values()) for macro in self.macros]
            views = {**views, what: {"digital": self.ledger.total_j, "macros": math.fsum(parts)}}
        classes, functions = self.ledger.across(self.kind), self.ledger.by(self.function)
        for name, view in (("classes", classes), ("functions", functions)):
            views = {**views, name: {**view, "macros": analog_j}}
        for what, parts_j in views.items():
            residue_j = self.total_j - math.fsum(parts_j.values())
            if not abs(residue_j) <= BALANCE * abs(self.total_j):
                raise MismatchError(
                    f"energy account: the supplies delivered {self.total_j:.6e} J, the {what} add "
                    f"up to {residue_j:.3e} J less; largest: {_largest(parts_j)}"
                )

    def layer(self, item: Item) -> str:
        """The region of an item, by name."""
        return self.name_of(item.region) if item.region else OUTSIDE

    def kind(self, item: Item) -> str:
        """The instruction class of an item."""
        return item.kind

    def place(self, item: Item) -> Place:
        if item.pc is None:
            return DMA_PLACE if item.kind == DMA else NOWHERE
        return self.places.get(item.pc, UNKNOWN_PLACE)

    def function(self, item: Item) -> str:
        return self.place(item).function

    def line(self, item: Item) -> str:
        return self.place(item).source

    @property
    def supplies(self) -> dict[str, float]:
        """What each supply delivered: the digital one by its counts, the macros' by the engines."""
        ledger = self.ledger
        digital_j = math.fsum(ledger.count(name) * value for name, value in ledger.values.items())
        macros = {
            f"{macro.name} {name}": joules
            for macro in self.macros
            for name, joules in macro.by_supply.items()
        }
        return {"digital": digital_j, **macros}

    @property
    def total_j(self) -> float:
        return math.fsum(self.supplies.values())

    @property
    def analog_j(self) -> float:
        return math.fsum(value for macro in self.macros for value in macro.by_group.values())

    def components(self) -> dict[str, float]:
        """Joules by part of the chip: digital components, then the macros' groups."""
        parts = self.ledger.by_component()
        for macro in self.macros:
            for name, joules in macro.by_group.items():
                parts[f"{macro.name} {name}"] = joules
        return parts

    def layers(self) -> dict[str, tuple[float, float]]:
        """Digital and analog joules by innermost region, in the order of their first cycle."""
        digital = self.ledger.across(self.layer)
        analog: dict[str, float] = {}
        for macro in self.macros:
            for name, joules in macro.by_layer.items():
                analog[name] = analog.get(name, 0.0) + joules
        names = dict.fromkeys([*digital, *analog])
        return {name: (digital.get(name, 0.0), analog.get(name, 0.0)) for name in names}

    def grid(self) -> list[list[Any]]:
        """Component x layer, first row and first column the names: energy.csv."""
        cells = self.ledger.across(lambda item: f"{item.component}|{self.layer(item)}")
        names = list(self.layers())
        rows: list[list[Any]] = [["component", *names, "total"]]
        for component, total_j in self.ledger.by_component().items():
            rows.append([component, *(cells.get(f"{component}|{n}", 0.0) for n in names), total_j])
        for macro in self.macros:
            row = [macro.by_layer.get(name, 0.0) for name in names]
            rows.append([macro.name, *row, math.fsum(macro.by_layer.values())])
        return rows


def _largest(parts: Mapping[str, float]) -> str:
    name = max(parts, key=lambda key: abs(parts[key]))
    return f"{name} {parts[name]:.3e} J"
