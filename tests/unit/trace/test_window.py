# SPDX-License-Identifier: Apache-2.0
"""test_window : every way to say when a trace is wanted, and what is refused."""

from __future__ import annotations

import pytest

from cosim.errors import UserInputError
from cosim.trace.window import Window, parse_window

IDS = {"fc_stack": 5, "argmax": 6, "conv1": 32}


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("all", Window(from_ps=0)),
        ("fc_stack", Window(open_id=5, close_id=5)),
        ("conv1..argmax", Window(open_id=32, close_id=6)),
        ("10us..12us", Window(from_ps=10_000_000, to_ps=12_000_000)),
        ("0.5ns..", Window(from_ps=500)),
        ("macro_strobe+1.25ns", Window(pin=1, pin_ps=1250)),
    ],
)
def test_a_window_is_understood(text: str, window: Window) -> None:
    assert parse_window(text, IDS.get) == window


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("conv9", "no region 'conv9'"),
        ("conv1..", "no region 'conv1'|no region ''"),
        ("12us..10us", "ends at 10000000 ps, before it begins"),
        ("0.5ps..2ps", "not a whole number of picoseconds"),
        ("clk+5ns", "no pin clk"),
        ("macro_en+0ns", "at least 1 ps"),
        ("", "no region ''"),
    ],
)
def test_a_wrong_window_is_named(text: str, complaint: str) -> None:
    with pytest.raises(UserInputError, match=complaint):
        parse_window(text, IDS.get)


def test_the_simulation_is_told_only_what_is_set() -> None:
    assert Window(from_ps=0).plusargs() == ("window_from_ps=0",)
    assert Window(pin=0, pin_ps=7).plusargs() == ("window_pin=0", "window_ps=7")
    assert Window(open_id=5, close_id=6).plusargs() == ("window_open=5", "window_close=6")
