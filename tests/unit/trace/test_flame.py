# SPDX-License-Identifier: Apache-2.0
"""test_flame : boxes are as wide as their weight, and every name can be read or pointed at."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from cosim.trace.flame import MARGIN, WIDTH, flame_svg, parse_folded

SVG = "{http://www.w3.org/2000/svg}"


def boxes(text: str) -> dict[str, tuple[float, float]]:
    """Name -> (x, width) of each box."""
    found = {}
    for group in ElementTree.fromstring(text).iter(f"{SVG}g"):
        title, rect = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None
        assert title.text is not None
        assert rect is not None
        name = title.text.partition(":")[0]
        found[name] = (float(rect.attrib["x"]), float(rect.attrib["width"]))
    return found


def test_widths_are_shares_and_children_lie_inside_their_caller() -> None:
    stacks = {("main",): 10.0, ("main", "conv"): 60.0, ("main", "pool"): 30.0}
    found = boxes(flame_svg(stacks, title="t", unit="cycles"))
    whole = WIDTH - 2 * MARGIN
    assert found["all"][1] == pytest.approx(whole)
    assert found["conv"][1] == pytest.approx(0.6 * whole, abs=0.01)
    assert found["pool"][0] == pytest.approx(found["conv"][0] + found["conv"][1], abs=0.02)
    assert found["pool"][0] + found["pool"][1] <= found["main"][0] + found["main"][1] + 0.02


def test_folded_text_goes_there_and_back() -> None:
    assert parse_folded(["a;b 3", "a;b 4", "", "a 1"]) == {("a", "b"): 7.0, ("a",): 1.0}


def test_names_are_escaped_and_nothing_is_fetched() -> None:
    text = flame_svg({("<f&g>",): 1.0}, title="a<b", unit="J")
    ElementTree.fromstring(text)
    assert "&lt;f&amp;g&gt;" in text
    assert not re.search(r"<script|href|url\(", text)


def test_an_empty_profile_is_still_a_picture() -> None:
    assert boxes(flame_svg({}, title="nothing", unit="cycles")) == {}
