# SPDX-License-Identifier: Apache-2.0
"""timeline : timeline.json of a run, in the trace event format that Chrome and Perfetto open.

Process 1 is the SoC (threads: layers, functions, co-processor instructions), process 10 + k macro k
(thread: phases; counters: power and energy since the start). Times in the file are microseconds as
the format wants; `args` holds the exact picoseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cosim.errors import MismatchError
from cosim.trace.calls import CallTrace
from cosim.trace.events import Asleep, Evaluation, Event, RegionPass
from cosim.trace.phases import macro_phases

__all__ = ["SOC_PID", "THREADS", "check_timeline", "macro_pid", "timeline", "timeline_text"]

PS_PER_US = 1e6
SOC_PID = 1
THREADS = {"layers": 1, "functions": 2, "co-processor": 3}
PHASES_TID = 1
POWER, ENERGY = "power (W)", "energy since the start (J)"

Record = dict[str, Any]


def macro_pid(macro: int) -> int:
    """Process number of a macro in the file."""
    return 10 + macro


def timeline(
    events: Sequence[Event],
    regions: Sequence[RegionPass],
    t_end_ps: int,
    *,
    macros: Sequence[str],
    calls: CallTrace | None = None,
    mnemonics: Mapping[int, str] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Record:
    """The whole file: `macros` by name, `mnemonics` of co-processor instructions by funct3.

    `about` goes along.
    """
    records = list(_meta(SOC_PID, "SoC", THREADS if calls else {"layers": THREADS["layers"]}))
    for region in sorted(regions, key=lambda region: (region.t_begin_ps, -region.t_end_ps)):
        more = {"cycles": region.cycles, "instructions": region.instructions, "id": region.id}
        span = (region.t_begin_ps, region.t_end_ps)
        records.append(_span(SOC_PID, "layers", region.name, span, more))
    if calls is not None:
        records += _functions(calls, mnemonics or {})
    for macro, name in enumerate(macros):
        pid = macro_pid(macro)
        records += _meta(pid, f"macro {name}", {"phases": PHASES_TID})
        for phase in macro_phases(macro, events, regions, t_end_ps):
            more = {} if phase.index is None else {"evaluation": phase.index}
            span = (phase.t_begin_ps, phase.t_end_ps)
            records.append(_span(pid, "phases", phase.name, span, more))
        records += _counters(pid, macro, events)
    return {
        "displayTimeUnit": "ns",
        "otherData": {"t_end_ps": t_end_ps, **(about or {})},
        "traceEvents": records,
    }


def _meta(pid: int, name: str, threads: Mapping[str, int]) -> Iterator[Record]:
    yield {"ph": "M", "pid": pid, "tid": 0, "name": "process_name", "args": {"name": name}}
    yield {
        "ph": "M",
        "pid": pid,
        "tid": 0,
        "name": "process_sort_index",
        "args": {"sort_index": pid},
    }
    for thread, tid in threads.items():
        yield {"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": thread}}


def _span(
    pid: int, thread: str, name: str, span_ps: tuple[int, int], more: Mapping[str, Any]
) -> Record:
    begin_ps, end_ps = span_ps
    return {
        "ph": "X",
        "pid": pid,
        "tid": THREADS.get(thread, PHASES_TID),
        "name": name,
        "cat": thread,
        "ts": begin_ps / PS_PER_US,
        "dur": (end_ps - begin_ps) / PS_PER_US,
        "args": {"t_begin_ps": begin_ps, "t_end_ps": end_ps, **more},
    }


def _functions(calls: CallTrace, mnemonics: Mapping[int, str]) -> Iterator[Record]:
    for span in calls.spans:
        yield _span(SOC_PID, "functions", span.name, (span.t_begin_ps, span.t_end_ps), {})
    for instruction in calls.instructions:
        name = mnemonics.get(instruction.f3, f"custom-0 {instruction.f3}")
        span_ps = (instruction.t_begin_ps, instruction.t_end_ps)
        yield _span(SOC_PID, "co-processor", name, span_ps, {})


def _counters(pid: int, macro: int, events: Iterable[Event]) -> Iterator[Record]:
    """Mean power of each evaluation and of each time between, and the energy at their ends."""
    spans = []
    for event in events:
        if isinstance(event, Evaluation) and event.macro == macro:
            spans.append((event.t_start_ps, event.t_done_ps, event.energy_j))
        elif isinstance(event, Asleep) and event.macro == macro:
            spans.append((event.t_begin_ps, event.t_end_ps, event.energy_j))
    spans.sort()
    total_j, last_ps = 0.0, 0
    if spans and spans[0][0] > 0:
        yield _counter(pid, POWER, 0, 0.0)
    if spans:
        yield _counter(pid, ENERGY, spans[0][0], 0.0)
    for begin_ps, end_ps, joules in spans:
        if end_ps > begin_ps:
            yield _counter(pid, POWER, begin_ps, joules / ((end_ps - begin_ps) * 1e-12))
        total_j += joules
        yield _counter(pid, ENERGY, end_ps, total_j)
        last_ps = end_ps
    if spans:
        yield _counter(pid, POWER, last_ps, 0.0)


def _counter(pid: int, name: str, t_ps: int, value: float) -> Record:
    args = {name.partition("(")[2].rstrip(")"): value}
    return {"ph": "C", "pid": pid, "name": name, "ts": t_ps / PS_PER_US, "args": args}


def timeline_text(data: Mapping[str, Any]) -> str:
    """The file, one record a line."""
    head = {key: value for key, value in data.items() if key != "traceEvents"}
    lines = ",\n".join(
        json.dumps(record, allow_nan=False, separators=(",", ":")) for record in data["traceEvents"]
    )
    return f'{json.dumps(head)[:-1]}, "traceEvents": [\n{lines}\n]}}\n'


def check_timeline(data: Mapping[str, Any]) -> None:
    """Raise MismatchError at the first record that a viewer would not show as it is meant.

    Spans of a thread nest or follow each other, none ends after the run, counters move forward.
    """
    end_ps = int(data["otherData"]["t_end_ps"])
    open_ends: dict[tuple[int, int], list[tuple[int, str]]] = {}
    counted: dict[tuple[int, str], float] = {}
    for number, record in enumerate(data["traceEvents"]):
        where = f"timeline.json, record {number} ({record['name']})"
        if record["ph"] == "X":
            begin_ps, stop_ps = record["args"]["t_begin_ps"], record["args"]["t_end_ps"]
            stack = open_ends.setdefault((record["pid"], record["tid"]), [])
            while stack and stack[-1][0] <= begin_ps:
                stack.pop()
            if not 0 <= begin_ps <= stop_ps <= end_ps:
                raise MismatchError(f"{where}: {begin_ps} to {stop_ps} ps, the run ends {end_ps}")
            if stack and stop_ps > stack[-1][0]:
                raise MismatchError(f"{where}: ends after {stack[-1][1]}, inside which it began")
            stack.append((stop_ps, record["name"]))
        elif record["ph"] == "C":
            key = (record["pid"], record["name"])
            if record["ts"] < counted.get(key, 0.0):
                raise MismatchError(f"{where}: goes back in time")
            counted[key] = record["ts"]
