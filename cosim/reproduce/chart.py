# SPDX-License-Identifier: Apache-2.0
"""chart : every figure of ours over the published one, drawn on one logarithmic axis as SVG.

A grey bar is what was published: one tick at 1, or up to the upper end of a range. A dot is ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from cosim.reproduce.entry import Finding

__all__ = ["ratio_chart", "ratio_of"]

LABEL, PLOT, VALUE = 410, 320, 110  # widths
ROW, HEAD, FOOT, LETTERS = 20, 8, 40, 66
BLUE, ORANGE, GREY, LINE = "#0072B2", "#D55E00", "#c8c8c8", "#e3e3e3"


def ratio_of(finding: Finding) -> tuple[float, float] | None:
    """Ours, and the upper end, both over the published lower end; None where there is no ratio."""
    published = finding.published
    if published is None or finding.ours is None or published.value <= 0 or finding.ours <= 0:
        return None
    return finding.ours / published.value, (published.high or published.value) / published.value


def ratio_chart(systems: Sequence[tuple[str, Sequence[Finding]]]) -> str:
    """One row a figure, a heading a system; empty without any figure to draw."""
    drawn = [
        (title, [(row, ratio) for row in rows if (ratio := ratio_of(row)) is not None])
        for title, rows in systems
    ]
    drawn = [(title, rows) for title, rows in drawn if rows]
    if not drawn:
        return ""
    ends = [edge for _, rows in drawn for _, ratio in rows for edge in ratio]
    low = min(-1, math.floor(math.log10(min(ends))))
    high = max(1, math.ceil(math.log10(max(ends))))
    lines = sum(len(rows) + 1 for _, rows in drawn)
    height, width = HEAD + ROW * lines + FOOT, LABEL + PLOT + VALUE

    def x(ratio: float) -> float:
        return LABEL + PLOT * (math.log10(ratio) - low) / (high - low)

    parts = [_axis(10.0**power, x(10.0**power), height) for power in range(low, high + 1)]
    y = HEAD
    for title, rows in drawn:
        parts.append(_text(0, y + 15, title, weight="600"))
        y += ROW
        for finding, (ours, upper) in rows:
            parts += _row(finding, y + ROW / 2, x(ours), x(1.0), x(upper))
            y += ROW
    said = "; ".join(
        f"{title}, {row.result}: {row.ours_text} against {row.published_text}"
        for title, rows in drawn
        for row, _ in rows
    )
    return (
        f'<svg id="ratios" class="drawing" role="img" viewBox="0 0 {width} {height}" '
        'style="max-width:56rem" font-family="sans-serif" font-size="12" '
        'aria-labelledby="ratios-title ratios-text">'
        f'<title id="ratios-title">Ours over published</title>'
        f'<desc id="ratios-text">{escape(said)}</desc>{"".join(parts)}</svg>'
    )


def _axis(value: float, x: float, height: int) -> str:
    bottom = height - FOOT
    one = value == 1.0
    stroke = 'stroke="#1b1b1b" stroke-width="1.2"' if one else f'stroke="{LINE}"'
    line = f'<line x1="{x:.1f}" y1="{HEAD}" x2="{x:.1f}" y2="{bottom}" {stroke}/>'
    words = [_text(x, bottom + 16, f"{value:g}x", anchor="middle")]
    if one:
        words.append(_text(x, bottom + 31, "published", anchor="middle"))
    return line + "".join(words)


def _row(finding: Finding, y: float, ours: float, one: float, upper: float) -> list[str]:
    colour = BLUE if finding.deviation == "inside" or abs(ours - one) < 8 else ORANGE
    result = finding.result
    short = result if len(result) <= LETTERS else result[: LETTERS - 1] + "…"
    return [
        f"<g><title>{escape(result)}</title>" + _text(12, y + 4, short) + "</g>",
        f'<line x1="{one:.1f}" y1="{y}" x2="{max(upper, one + 1):.1f}" y2="{y}" '
        f'stroke="{GREY}" stroke-width="8"/>',
        f'<line x1="{one:.1f}" y1="{y}" x2="{ours:.1f}" y2="{y}" stroke="{colour}"/>',
        f'<circle cx="{ours:.1f}" cy="{y}" r="4.5" fill="{colour}"/>',
        _text(LABEL + PLOT + VALUE, y + 4, finding.ours_text, anchor="end"),
    ]


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="#1b1b1b">{escape(words)}</text>'
    )
