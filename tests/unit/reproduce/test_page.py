# SPDX-License-Identifier: Apache-2.0
"""test_page : each row with its conditions and reason, and every dot where its ratio puts it."""

from __future__ import annotations

import math
import re

import pytest

from cosim.report.page import render
from cosim.reproduce.chart import LABEL, PLOT, ratio_chart, ratio_of
from cosim.reproduce.entry import Entry, Finding, Published
from cosim.reproduce.page import page_of
from cosim.reproduce.run import Outcome


def finding(result: str, ours: float | None, low: float | None, high: float | None) -> Finding:
    published = None if low is None else Published(value=low, high=high, source="arXiv:<0>")
    return Finding(
        result=result, unit="x", ours=ours, conditions="given", engine="fast", reason="a & b",
        published=published,
    )  # fmt: skip


ROWS = (
    finding("ten times", 20.0, 2.0, None),
    finding("a range", 5.0, 2.0, 200.0),
    finding("a thousandth", 2e-3, 2.0, None),
    finding("none published", 5.0, None, None),
    finding("not simulated", None, 2.0, None),
)


def test_ratios_are_over_the_lower_end() -> None:
    assert [ratio_of(row) for row in ROWS] == [(10, 1), (2.5, 100), (1e-3, 1), None, None]


def test_dots_lie_on_a_logarithmic_axis() -> None:
    svg = ratio_chart([("system", ROWS)])
    dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg)]
    low, high = -3, 2  # decades that hold all ratios
    want = [LABEL + PLOT * (math.log10(r) - low) / (high - low) for r in (10, 2.5, 1e-3)]
    assert dots == pytest.approx(want, abs=0.06)
    assert "ten times: 20 x against 2 x" in svg
    assert ratio_chart([("system", ROWS[3:])]) == ""


def test_the_page_says_all_of_every_row() -> None:
    entry = Entry(
        name="a", title="A", source="arXiv:<0>", minutes=1.0, quick_minutes=0.1, run=lambda _: []
    )
    made = Outcome(entry=entry, findings=ROWS * 4, wall_s=30.0)
    page = render(page_of([made], "cosim reproduce a", "0.0 abc"), "0.0")
    assert page.count("<b>Conditions</b> given") == page.count("<b>Reason</b> a &amp; b") == 20
    assert page.count("<b>Published</b> arXiv:&lt;0&gt;") == 16
    assert "<details>" not in page  # nothing is folded away
    assert "0.5 minutes" in page
    assert 'id="ratios"' in page
