# SPDX-License-Identifier: Apache-2.0
"""test_calls : a function trace gives the stack at every time, and self times that add up."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cosim.errors import RtlError
from cosim.trace.calls import Instruction, Span, folded, parse_calls, read_calls
from cosim.trace.symbols import Function, Functions

FUNCTIONS = Functions(
    Function(name=name, begin=begin, size=0x100)
    for name, begin in (("_start", 0), ("main", 0x100), ("conv", 0x200), ("irq", 0x300))
)
PLAIN = """\
C 1000 100 20
C 3000 200 108
R 7000 108
R 9000 20
"""


def test_spans_nest_and_self_times_add_up_to_the_run() -> None:
    trace = parse_calls(PLAIN.splitlines(), FUNCTIONS, 10_000)
    assert trace.spans == (
        Span(name="_start", depth=0, t_begin_ps=0, t_end_ps=10_000),
        Span(name="main", depth=1, t_begin_ps=1000, t_end_ps=9000),
        Span(name="conv", depth=2, t_begin_ps=3000, t_end_ps=7000),
    )
    assert trace.self_ps == {
        ("_start",): 2000,
        ("_start", "main"): 4000,
        ("_start", "main", "conv"): 4000,
    }
    assert folded(trace, 1000).splitlines() == ["_start 2", "_start;main 4", "_start;main;conv 4"]


def test_a_return_closes_every_frame_above_the_one_it_goes_to() -> None:
    trace = parse_calls(["C 1000 100 20", "C 2000 200 108", "R 5000 20"], FUNCTIONS, 6000)
    assert trace.self_ps[("_start", "main", "conv")] == 3000
    assert trace.self_ps[("_start",)] == 2000


def test_a_tail_call_replaces_the_frame_and_returns_for_it() -> None:
    lines = ["C 1000 100 20", "J 2000 200", "R 5000 20"]
    trace = parse_calls(lines, FUNCTIONS, 6000)
    assert trace.self_ps == {("_start",): 2000, ("_start", "main"): 1000, ("_start", "conv"): 3000}


def test_an_interrupt_is_a_frame_that_mret_closes() -> None:
    lines = ["C 1000 100 20", "T 2000 300", "C 2500 200 308", "E 4000 114", "R 5000 20"]
    trace = parse_calls(lines, FUNCTIONS, 6000)
    assert trace.self_ps[("_start", "main", "irq", "conv")] == 1500
    assert trace.self_ps[("_start", "main")] == 2000


def test_co_processor_instructions_keep_their_times() -> None:
    trace = parse_calls(["I 100 250 3"], FUNCTIONS, 1000)
    assert trace.instructions == (Instruction(f3=3, t_begin_ps=100, t_end_ps=250),)


def test_random_traces_of_matched_calls_lose_no_time() -> None:
    rng = random.Random(3)
    for _ in range(50):
        lines, stack, t_ps = [], [], 0
        for _ in range(rng.randrange(1, 60)):
            t_ps += rng.randrange(1, 9) * 1000
            if stack and rng.random() < 0.5:
                lines.append(f"R {t_ps} {stack.pop():x}")
            else:
                back = 0x1000 + 4 * rng.randrange(1000)
                stack.append(back)
                lines.append(f"C {t_ps} {rng.choice((0x100, 0x200)):x} {back:x}")
        trace = parse_calls(lines, FUNCTIONS, t_ps + 1000)
        assert sum(trace.self_ps.values()) == t_ps + 1000
        assert all(0 <= s.t_begin_ps <= s.t_end_ps <= t_ps + 1000 for s in trace.spans)


def test_an_unfinished_last_line_is_left_out_and_nonsense_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calls.txt"
    path.write_text(PLAIN + "C 99")
    assert read_calls(path, FUNCTIONS, 10_000).t_end_ps == 10_000
    path.write_text("C 1000 100 20\nZ 2000 1\n")
    with pytest.raises(RtlError, match=r"calls\.txt:2: not a line of a function trace"):
        read_calls(path, FUNCTIONS, 10_000)
