# SPDX-License-Identifier: Apache-2.0
"""test_page : the page says exactly the figures it is given, and nothing from outside it."""

from __future__ import annotations

import re

import pytest

from cosim.report.page import (
    Headline,
    Page,
    Row,
    Section,
    Table,
    cell,
    change,
    confusion,
    render,
    sources,
)
from cosim.report.page_charts import curve_chart, layer_chart, tornado_chart, waveform_chart
from cosim.report.svg import Legend, Scale


def page(*sections: Section) -> str:
    whole = Page(
        title="A <title>",
        summary="made up",
        command="cosim run lenet5 --set 'a=<b>'",
        sections=sections,
        headline=(Headline(name="cycles", text="1,234", value=1234, path="totals.cycles"),),
    )
    return render(whole, "1.2.3")


def test_a_figure_carries_its_exact_value_and_path() -> None:
    row = Row(name="energy", cells=(cell(1.23456789e-6, "J", "energy.total_j"),))
    text = page(
        Section(
            id="s", title="S", tables=(Table(id="t", caption="c", heads=("", "x"), rows=(row,)),)
        )
    )
    assert 'data-value="1.23456789e-06" data-path="energy.total_j">1.235 uJ</td>' in text
    assert 'data-value="1234" data-path="totals.cycles"' in text


def test_text_is_escaped_and_nothing_is_fetched() -> None:
    text = page(Section(id="s", title="S", texts=("a < b",)))
    assert "A &lt;title&gt;" in text
    assert "a &lt; b" in text
    assert "<script" not in text
    for url in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert url.startswith(("#", "data:")), url


def test_a_long_table_is_folded_away() -> None:
    rows = tuple(Row(name=str(k), cells=(cell(k, "1"),)) for k in range(17))
    short = Table(id="t", caption="c", heads=("", "x"), rows=rows[:16])
    long = Table(id="t", caption="c", heads=("", "x"), rows=rows)
    assert "<details>" not in page(Section(id="s", title="S", tables=(short,)))
    assert "c (17 rows)" in page(Section(id="s", title="S", tables=(long,)))


def test_confusion_counts_by_label_and_class() -> None:
    found = confusion([(0, 0), (0, 1), (1, 1), (1, 1)], 3)
    assert [[c["count"] for c in row["cells"]] for row in found.rows] == [
        [1, 1, 0],
        [0, 2, 0],
        [0, 0, 0],
    ]
    assert found.caption.startswith("3 of 4 right")


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("share", range(1, 11))
@pytest.mark.parametrize("right", [True, False])
def test_counts_can_be_read_on_every_shade(share: int, right: bool) -> None:
    pairs = [(0, 0 if right else 1)] * share + [(0, 2)] * (10 - share)
    shown = confusion(pairs, 3).rows[0]["cells"][0 if right else 1]
    light, dark = sorted((luminance(shown["colour"]), luminance(shown["ink"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.1 AA


def test_every_constant_is_listed_with_its_source() -> None:
    tree = {
        "name": "x",
        "macro": {
            "vdd_v": {"value": 0.8, "unit": "V", "source": "a paper", "uncertainty": 0.1},
            "tile": {"rows": 32},
        },
    }
    (block,) = sources(tree)
    assert [row["key"] for row in block.rows] == ["macro.vdd_v", "macro.tile.rows"]
    assert block.rows[0]["source"] == "a paper"
    assert block.rows[0]["sigma"] == "10 %"


def test_change_is_relative_and_has_a_sign() -> None:
    assert change(9.0, 10.0).text == "-10.00 %"
    assert change(1.0, 0.0).text == "–"


def test_charts_keep_their_letters_and_say_what_they_show() -> None:
    svg = layer_chart("a", [("conv1", {"core": 2e-6, "bus": 1e-6})], "Energy")
    assert ">conv1</text>" in svg
    assert "conv1: 3.00 uJ" in svg  # for screen readers
    assert 'role="img"' in svg
    assert "3 µJ" in svg
    other = layer_chart("b", [("conv1", {"core": 2e-6})], "Energy")
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (svg, other)]
    assert not ids[0] & ids[1]  # two drawings on one page


def test_tornado_puts_the_widest_first() -> None:
    svg = tornado_chart("t", 0.1, [("narrow", 0.09, 0.11), ("wide", 0.0, 0.2)], "Saving")
    assert svg.index("wide: 0 %") < svg.index("narrow: 9 %")


def test_small_components_share_one_colour_and_nothing_is_lost() -> None:
    parts = {f"part{k}": float(k + 1) for k in range(12)}
    svg = layer_chart("few", [("conv1", parts)], "Energy")
    assert ">4 more</text>" in svg
    assert ">part11</text>" in svg
    assert ">part0</text>" not in svg
    assert f"conv1: {sum(parts.values()):.1f} J" in svg


def test_the_waveform_names_the_largest_output_at_the_strobe() -> None:
    volts = {"0": [0.0, 0.2, 0.0], "1": [0.0, 0.7, 0.0], "2": [0.0, 0.1, 0.0]}
    times = [0.0, 4e-9, 6e-9]
    power = {"cells": [0.0, 1.0, 0.0]}
    svg = waveform_chart("w", t_s=times, volts=volts, power_w=power, strobe_s=4e-9, title="One")
    assert ">output 1</text>" in svg


def places(svg: str, tag: str, name: str) -> list[float]:
    """One attribute of every element of a kind, in order."""
    return [float(value) for value in re.findall(rf'<{tag} [^>]*?\b{name}="([-\d.]+)"', svg)]


def test_bars_are_as_long_as_their_figures_and_stand_end_to_end() -> None:
    svg = layer_chart("a", [("x", {"core": 2.0, "bus": 1.0}), ("y", {"core": 1.0})], "Energy")
    _, *wide = places(svg, "rect", "width")  # the first is the ground
    assert wide[:3] == pytest.approx([2 * wide[2], wide[2], wide[2]], abs=0.02)
    x = places(svg, "rect", "x")
    assert x[:3] == pytest.approx([x[0], x[0] + wide[0], x[0]], abs=0.02)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2e-4, 7.1e-4), (99.5, 101.0), (0, 4e5)])
def test_ticks_are_round_inside_and_neither_few_nor_many(low: float, high: float) -> None:
    scale = Scale(low=low, high=high, begin=10.0, end=110.0)
    ticks = list(scale.ticks())
    assert 3 <= len(ticks) <= 8
    for value, text in ticks:
        assert low - 1e-12 <= value <= high + 1e-12
        assert float(text) == pytest.approx(value, rel=1e-5)
        assert len(text.strip("-0.").replace(".", "").rstrip("0")) <= 5
    assert (scale.at(low), scale.at(high)) == pytest.approx((10.0, 110.0))


def test_a_curve_passes_its_points_in_both_scales() -> None:
    svg = curve_chart("c", [0.0, 1.0, 2.0], [5.0, 9.0, 5.0], ("x", "y"), "Curve")
    (points,) = re.findall(r'<path d="M([^"]+)"[^>]*stroke-width="2"', svg)
    xs, ys = zip(*(map(float, point.split()) for point in points.split("L")), strict=True)
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.02)
    assert ys[0] == ys[2] > ys[1]  # downwards on the page


def test_a_legend_that_is_too_wide_goes_on_below() -> None:
    short, long = (Legend(names=[("n" * size, "#000000")] * 5) for size in (4, 60))
    assert (short.height, long.height) == (short.line, 5 * long.line)
