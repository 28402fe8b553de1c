# SPDX-License-Identifier: Apache-2.0
"""sleep : the macros' energy of the complete run, from one in which they were asked sooner.

Evaluations, programming and discharges are the circuit's own. What the complete run has more of is
time in which the macros sleep: that costs the design's standby power.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cosim.bridge.soc import SocOutcome
from cosim.design import Design
from cosim.energy.account import MacroPart, macro_part
from cosim.errors import MismatchError, RtlError
from cosim.image.regions import region_name
from cosim.macros import macro_kind
from cosim.report.ledger import Ledger, close_ledger
from cosim.trace.events import Asleep, Evaluation, Event, Programmed, RegionPass
from cosim.units import seconds

__all__ = ["Stretch", "stretched_macros"]

STACK, IMAGE = "fc_stack", "image"
SUPPLY, GROUP = "standby", "neurons"  # as cosim/analog/upkeep.py bills sleep
TOL_RELATIVE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Time that every picture takes more: `before_ps` ahead of its stack, `after_ps` behind it."""

    before_ps: int
    after_ps: int
    opened_ps: tuple[int, ...]  # when each picture's stack began
    closed_ps: tuple[int, ...]  # when each picture was done

    def at(self, t_ps: int) -> int:
        """The complete run's time of `t_ps`."""
        more_ps = self.before_ps * bisect_right(self.opened_ps, t_ps)
        return t_ps + more_ps + self.after_ps * bisect_right(self.closed_ps, t_ps)


def stretched_macros(
    outcome: SocOutcome, design: Design, *, before_ps: int, after_ps: int
) -> tuple[MacroPart, ...]:
    """A part for every macro, over the complete run's time."""
    end = outcome.marks.exit
    if end is None:
        raise RtlError("the run has no end: its energy is not known")
    named = [(region_name(region.id), region) for region in outcome.marks.regions]
    stretch = Stretch(
        before_ps=before_ps,
        after_ps=after_ps,
        opened_ps=tuple(region.t_begin_ps for name, region in named if name == STACK),
        closed_ps=tuple(region.t_end_ps for name, region in named if name == IMAGE),
    )
    regions = tuple(
        RegionPass(
            id=region.id,
            name=name,
            t_begin_ps=stretch.at(region.t_begin_ps),
            t_end_ps=stretch.at(region.t_end_ps),
            cycles=region.cycles,
            instructions=region.instructions,
        )
        for name, region in named
    )
    kind, t_end_ps = macro_kind(design), stretch.at(end.t_ps)
    parts = []
    for index in range(design.soc.n_macro):
        ledger, events = _ledger(index, outcome, design, stretch)
        parts.append(
            macro_part(
                f"{kind.name}{index}",
                index,
                events,
                regions,
                by_supply=ledger.by_supply,
                by_group=ledger.by_group,
                programming_j=ledger.programming_j,
                standby_w=design.macro.standby_w,
                t_end_ps=t_end_ps,
            )
        )
    return tuple(parts)


def _ledger(
    index: int, outcome: SocOutcome, design: Design, stretch: Stretch
) -> tuple[Ledger, list[Event]]:
    """A macro's closed ledger and events, over the complete run's time."""
    kind, standby_w = macro_kind(design), design.macro.standby_w
    supplies: dict[str, float] = {}
    groups: dict[str, float] = {}
    for energy in outcome.energies.get(f"{kind.name}{index}", ()):
        for sums, parts in ((supplies, energy.by_supply), (groups, energy.by_group)):
            for name, joules in parts.items():
                sums[name] = sums.get(name, 0.0) + joules
    events, more_j = _stretched(index, outcome.events, stretch, standby_w)
    _check_standby(index, outcome.events, supplies, standby_w)
    if more_j:
        supplies[SUPPLY] = supplies.get(SUPPLY, 0.0) + more_j
        groups[GROUP] = groups.get(GROUP, 0.0) + more_j
    ledger = close_ledger(
        index,
        events,
        programming_j_per_word=design.macro.prog_word_j,
        totals=(sum(supplies.values()), supplies, groups),
    )
    return ledger, events


def _stretched(
    index: int, events: Sequence[Event], stretch: Stretch, standby_w: float
) -> tuple[list[Event], float]:
    """The macro's events at their times in the complete run; joules that its sleep costs more."""
    found: list[Event] = []
    more_j = 0.0
    for event in events:
        if getattr(event, "macro", None) != index:
            continue
        if isinstance(event, Programmed):
            begin_ps = None if event.t_begin_ps is None else stretch.at(event.t_begin_ps)
            found.append(replace(event, t_ps=stretch.at(event.t_ps), t_begin_ps=begin_ps))
        elif isinstance(event, Evaluation):
            found.append(
                replace(
                    event,
                    t_start_ps=stretch.at(event.t_start_ps),
                    t_strobe_ps=stretch.at(event.t_strobe_ps),
                    t_done_ps=stretch.at(event.t_done_ps),
                )
            )
        elif isinstance(event, Asleep):
            begin_ps, end_ps = stretch.at(event.t_begin_ps), stretch.at(event.t_end_ps)
            longer_ps = (end_ps - begin_ps) - (event.t_end_ps - event.t_begin_ps)
            extra_j = standby_w * seconds(longer_ps)
            more_j += extra_j
            found.append(
                replace(
                    event, t_begin_ps=begin_ps, t_end_ps=end_ps, energy_j=event.energy_j + extra_j
                )
            )
    return found, more_j


def _check_standby(
    index: int, events: Sequence[Event], supplies: Mapping[str, float], standby_w: float
) -> None:
    """The engine bills sleep as it is stretched here, or the result would be made up."""
    asleep_s = seconds(
        sum(
            event.t_end_ps - event.t_begin_ps
            for event in events
            if isinstance(event, Asleep) and event.macro == index
        )
    )
    want_j, got_j = standby_w * asleep_s, supplies.get(SUPPLY, 0.0)
    if not abs(got_j - want_j) <= TOL_RELATIVE * max(want_j, got_j):
        raise MismatchError(
            f"macro {index}: supply {SUPPLY} delivered {got_j:.6e} J, {asleep_s:.3e} s of sleep at"
            f" macro.standby_w are {want_j:.6e} J: its sleep cannot be stretched"
        )
