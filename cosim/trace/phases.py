# SPDX-License-Identifier: Apache-2.0
"""phases : what a macro did when: program, load, settle, sample, read out, standby.

    program   first program word to the last          settle   inputs applied, to the strobe
    load      first push to the start                 sample   strobe, to the codes in the RTL
    read out  codes in the RTL, to the last pop       standby  all other time

Loading and reading out are seen from the CPU: the region of the fully-connected stack reaches from
the first push to the last pop. The phases of a macro follow each other without a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosim.trace.events import Evaluation, Event, Programmed, RegionPass

__all__ = ["PHASES", "STACK_REGION", "Phase", "macro_phases"]

STACK_REGION = "fc_stack"
PHASES = ("program", "load", "settle", "sample", "read out", "standby")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of one macro; `index` is the evaluation it belongs to, if any."""

    name: str
    t_begin_ps: int
    t_end_ps: int
    index: int | None = None


def macro_phases(
    macro: int, events: Iterable[Event], regions: Sequence[RegionPass], t_end_ps: int
) -> tuple[Phase, ...]:
    """The phases of one macro from time 0 to `t_end_ps`, in order."""
    stacks = [region for region in regions if region.name == STACK_REGION]
    busy: list[Phase] = []
    for event in events:
        if isinstance(event, Programmed) and event.macro == macro:
            begin_ps = event.t_ps if event.t_begin_ps is None else event.t_begin_ps
            busy.append(Phase(name="program", t_begin_ps=begin_ps, t_end_ps=event.t_ps))
        elif isinstance(event, Evaluation) and event.macro == macro:
            busy += _evaluation(event, stacks)
    phases: list[Phase] = []
    now_ps = 0
    for phase in sorted(busy, key=lambda phase: (phase.t_begin_ps, phase.t_end_ps)):
        if phase.t_begin_ps > now_ps:
            phases.append(Phase(name="standby", t_begin_ps=now_ps, t_end_ps=phase.t_begin_ps))
        if phase.t_end_ps > phase.t_begin_ps:
            phases.append(phase)
        now_ps = phase.t_end_ps
    if t_end_ps > now_ps:
        phases.append(Phase(name="standby", t_begin_ps=now_ps, t_end_ps=t_end_ps))
    return tuple(phases)


def _evaluation(event: Evaluation, stacks: Sequence[RegionPass]) -> list[Phase]:
    marks = [event.t_start_ps, event.t_strobe_ps, event.t_done_ps]
    names = ["settle", "sample"]
    for region in stacks:
        if region.t_begin_ps <= event.t_start_ps and event.t_done_ps <= region.t_end_ps:
            marks = [region.t_begin_ps, *marks, region.t_end_ps]
            names = ["load", *names, "read out"]
            break
    return [
        Phase(name=name, t_begin_ps=begin_ps, t_end_ps=end_ps, index=event.index)
        for name, begin_ps, end_ps in zip(names, marks[:-1], marks[1:], strict=True)
    ]
