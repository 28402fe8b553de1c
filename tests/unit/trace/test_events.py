# SPDX-License-Identifier: Apache-2.0
"""test_events : typed records survive the way through events.jsonl; foreign lines do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosim.errors import RtlError
from cosim.trace.events import (
    Asleep,
    Console,
    Evaluation,
    Event,
    Finish,
    Programmed,
    RegionPass,
    from_json,
    read_events,
    to_json,
)

volts = st.floats(-2, 2)
joules = st.dictionaries(st.text(min_size=1, max_size=8), volts, max_size=4)
times = st.integers(0, 2**62)
evaluations = st.builds(
    Evaluation,
    macro=st.integers(0, 15),
    index=st.integers(0, 9999),
    t_start_ps=times,
    t_strobe_ps=times,
    t_done_ps=times,
    codes=st.lists(st.integers(0, 255), max_size=10).map(tuple),
    volts=st.lists(volts, max_size=10).map(tuple),
    energy_j=volts,
    energy_by_supply=joules,
    energy_by_group=joules,
    layers=st.dictionaries(st.text(max_size=8), st.lists(volts, max_size=3).map(tuple), max_size=3),
)
OTHERS: tuple[Event, ...] = (
    Programmed(macro=0, t_ps=1, words=3852, energy_j=1e-9),
    Asleep(macro=1, t_begin_ps=5, t_end_ps=9, energy_j=0.0),
    RegionPass(id=3, name="image", t_begin_ps=1, t_end_ps=2, cycles=1, instructions=1),
    Console(text='a "quoted"\nline'),
    Finish(t_ps=7, code=None, reason="interrupted"),
)


@given(event=evaluations)
def test_evaluation_comes_back_equal(event: Evaluation) -> None:
    assert from_json(to_json(event)) == event


@pytest.mark.parametrize("event", OTHERS, ids=lambda event: type(event).__name__)
def test_every_other_record_comes_back_equal(event: Event) -> None:
    line = to_json(event)
    assert "\n" not in line
    assert from_json(line) == event


def test_nan_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(Programmed(macro=0, t_ps=1, words=1, energy_j=float("nan")))


def test_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(to_json(OTHERS[0]) + "\n" + to_json(OTHERS[1])[:20])
    assert list(read_events(path)) == [OTHERS[0]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{}", "events.jsonl:1: its `event` is none of"),
        ('{"event": "console", "txt": "x"}', "console has no field txt"),
        ('{"event": "console"}', "missing 1 required"),
        ("nonsense", "events.jsonl:1: Expecting value"),
    ],
)
def test_foreign_lines_are_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(RtlError, match=message):
        list(read_events(path))
