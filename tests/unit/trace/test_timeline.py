# SPDX-License-Identifier: Apache-2.0
"""test_timeline : phases follow each other without a gap; the file nests and counts rightly."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cosim.errors import MismatchError
from cosim.trace.calls import CallTrace, Instruction, Span
from cosim.trace.events import Asleep, Evaluation, Event, Programmed, RegionPass
from cosim.trace.phases import PHASES, macro_phases
from cosim.trace.timeline import (
    SOC_PID,
    THREADS,
    check_timeline,
    macro_pid,
    timeline,
    timeline_text,
)

END_PS = 100_000


def evaluation(index: int, start_ps: int, macro: int = 0) -> Evaluation:
    return Evaluation(
        macro=macro,
        index=index,
        t_start_ps=start_ps,
        t_strobe_ps=start_ps + 4000,
        t_done_ps=start_ps + 6000,
        codes=(1,),
        volts=(0.1,),
        energy_j=3e-9,
        energy_by_supply={"vdd": 3e-9},
        energy_by_group={"drivers": 3e-9},
    )


def region(ident: int, name: str, begin_ps: int, end_ps: int) -> RegionPass:
    cycles = (end_ps - begin_ps) // 1000
    return RegionPass(
        id=ident,
        name=name,
        t_begin_ps=begin_ps,
        t_end_ps=end_ps,
        cycles=cycles,
        instructions=cycles - 1,
    )


EVENTS: tuple[Event, ...] = (
    Programmed(macro=0, t_ps=20_000, words=3, energy_j=0.0, t_begin_ps=12_000),
    Asleep(macro=0, t_begin_ps=20_000, t_end_ps=40_000, energy_j=1e-9),
    evaluation(0, 40_000),
    Asleep(macro=0, t_begin_ps=46_000, t_end_ps=70_000, energy_j=2e-9),
    evaluation(1, 70_000),
)
REGIONS = (
    region(5, "fc_stack", 37_000, 50_000),
    region(3, "image", 30_000, 55_000),
    region(5, "fc_stack", 68_000, 80_000),
)
CALLS = CallTrace(
    spans=(
        Span(name="main", depth=0, t_begin_ps=0, t_end_ps=END_PS),
        Span(name="conv", depth=1, t_begin_ps=5000, t_end_ps=9000),
    ),
    instructions=(Instruction(f3=2, t_begin_ps=39_000, t_end_ps=40_000),),
    self_ps={},
    t_end_ps=END_PS,
)


@pytest.fixture
def data() -> dict[str, Any]:
    return timeline(
        EVENTS, REGIONS, END_PS, macros=["m0"], calls=CALLS, mnemonics={2: "imac.start"}
    )


def spans(data: dict[str, Any], pid: int, tid: int) -> Iterator[tuple[str, int, int]]:
    for record in data["traceEvents"]:
        if record["ph"] == "X" and (record["pid"], record["tid"]) == (pid, tid):
            yield record["name"], record["args"]["t_begin_ps"], record["args"]["t_end_ps"]


def test_phases_of_a_macro_cover_the_run_without_gap_or_overlap() -> None:
    phases = macro_phases(0, EVENTS, REGIONS, END_PS)
    assert [(p.name, p.t_begin_ps, p.t_end_ps) for p in phases] == [
        ("standby", 0, 12_000),
        ("program", 12_000, 20_000),
        ("standby", 20_000, 37_000),
        ("load", 37_000, 40_000),
        ("settle", 40_000, 44_000),
        ("sample", 44_000, 46_000),
        ("read out", 46_000, 50_000),
        ("standby", 50_000, 68_000),
        ("load", 68_000, 70_000),
        ("settle", 70_000, 74_000),
        ("sample", 74_000, 76_000),
        ("read out", 76_000, 80_000),
        ("standby", 80_000, END_PS),
    ]
    assert {phase.name for phase in phases} == set(PHASES)


def test_phases_without_regions_still_cover_the_run() -> None:
    phases = macro_phases(0, EVENTS, (), END_PS)
    edges = [0, *(phase.t_end_ps for phase in phases)]
    assert [phase.t_begin_ps for phase in phases] == edges[:-1]
    assert edges[-1] == END_PS


def test_layers_functions_and_instructions_are_threads_of_the_soc(data: dict[str, Any]) -> None:
    assert next(iter(spans(data, SOC_PID, THREADS["layers"]))) == ("image", 30_000, 55_000)
    assert ("conv", 5000, 9000) in list(spans(data, SOC_PID, THREADS["functions"]))
    assert list(spans(data, SOC_PID, THREADS["co-processor"])) == [("imac.start", 39_000, 40_000)]


def test_counters_integrate_to_the_energy_of_the_events(data: dict[str, Any]) -> None:
    counters = [r for r in data["traceEvents"] if r["ph"] == "C" and r["pid"] == macro_pid(0)]
    energy = [(r["ts"], r["args"]["J"]) for r in counters if "J" in r["args"]]
    assert energy[-1] == (0.076, pytest.approx(9e-9))
    power = [(r["ts"], r["args"]["W"]) for r in counters if "W" in r["args"]]
    joules = sum(
        watts * (after - ts) * 1e-6 for (ts, watts), (after, _) in itertools.pairwise(power)
    )
    assert joules == pytest.approx(9e-9)


def test_the_file_is_json_with_the_formats_fields(data: dict[str, Any]) -> None:
    again = json.loads(timeline_text(data))
    assert again == data
    for record in again["traceEvents"]:
        needed = {"X": {"ts", "dur", "pid", "tid"}, "C": {"ts", "args"}, "M": {"args"}}
        assert needed[record["ph"]] <= set(record)
        if record["ph"] == "X":
            assert record["ts"] * 1e6 == pytest.approx(record["args"]["t_begin_ps"])
            length_ps = record["args"]["t_end_ps"] - record["args"]["t_begin_ps"]
            assert record["dur"] * 1e6 == pytest.approx(length_ps)
    check_timeline(again)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"t_end_ps": END_PS + 1}, "the run ends"),
        ({"t_begin_ps": 9000, "t_end_ps": 8000}, "the run ends"),
    ],
)
def test_a_span_outside_the_run_is_an_error(
    change: dict[str, int], complaint: str, data: dict[str, Any]
) -> None:
    broken = copy.deepcopy(data)
    record = next(r for r in broken["traceEvents"] if r["name"] == "conv")
    record["args"].update(change)
    with pytest.raises(MismatchError, match=complaint):
        check_timeline(broken)


def test_spans_that_cross_are_an_error() -> None:
    crossing = (region(1, "a", 1000, 5000), region(2, "b", 3000, 8000))
    with pytest.raises(MismatchError, match=r"\(b\): ends after a"):
        check_timeline(timeline((), crossing, END_PS, macros=()))
