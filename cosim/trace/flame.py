# SPDX-License-Identifier: Apache-2.0
"""flame : draws collapsed stacks as a flame graph, one SVG without script or network.

A box is a function under its caller, as wide as its own weight and that of everything it called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

__all__ = ["flame_svg", "parse_folded"]

WIDTH, ROW, MARGIN, HEAD = 1200.0, 18, 10, 40
LEAST = 0.3  # a box narrower than this many pixels is left out
CHAR = 6.6  # pixels of a letter at font size 11
# Light fills under black text; neighbours differ in lightness too, not only in hue.
FILLS = ("#f4c28f", "#f2d8a7", "#e7b06f", "#f7e3bd", "#eaa05f")

Stacks = Mapping[tuple[str, ...], float]


@dataclass(kw_only=True)
class _Box:
    """One function under one caller."""

    name: str
    own: float = 0.0
    below: dict[str, _Box] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.own + sum(box.total for box in self.below.values())

    @property
    def height(self) -> int:
        return 1 + max((box.height for box in self.below.values()), default=0)


def parse_folded(lines: Iterable[str]) -> dict[tuple[str, ...], float]:
    """Stacks of a folded file: names from the bottom up, joined by semicolons, then the weight."""
    stacks: dict[tuple[str, ...], float] = {}
    for line in lines:
        names, _, weight = line.strip().rpartition(" ")
        if names:
            key = tuple(names.split(";"))
            stacks[key] = stacks.get(key, 0.0) + float(weight)
    return stacks


def flame_svg(stacks: Stacks, *, title: str, unit: str) -> str:
    """The picture; `unit` names what widths mean (cycles, J)."""
    root = _Box(name="all")
    for names, weight in stacks.items():
        if not weight > 0:
            continue
        box = root
        for name in names:
            box = box.below.setdefault(name, _Box(name=name))
        box.own += weight
    height = HEAD + ROW * root.height + 2 * MARGIN
    total = root.total
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height}" '
        f'width="{WIDTH:.0f}" height="{height}" font-family="monospace" font-size="11">',
        f'<rect width="100%" height="100%" fill="#ffffff"/><title>{escape(title)}</title>',
        f'<text x="{MARGIN}" y="24" font-size="15">{escape(title)}</text>',
    ]
    if total > 0:
        scale = (WIDTH - 2 * MARGIN) / total
        place = _Place(bottom=height - MARGIN, scale=scale, total=total, unit=unit)
        lines += _boxes(root, 0, MARGIN, place)
    return "\n".join([*lines, "</svg>", ""])


@dataclass(frozen=True, kw_only=True)
class _Place:
    """How weights become pixels."""

    bottom: float
    scale: float
    total: float
    unit: str


def _boxes(box: _Box, depth: int, x: float, place: _Place) -> Iterator[str]:
    width = box.total * place.scale
    if width < LEAST:
        return
    y = place.bottom - ROW * (depth + 1)
    share = 100 * box.total / place.total
    about = f"{box.name}: {_number(box.total)} {place.unit}, {share:.1f} %"
    about += f", {_number(box.own)} by itself" if box.below else ""
    fill = FILLS[sum(map(ord, box.name)) % len(FILLS)]
    yield f"<g><title>{escape(about)}</title>"
    yield (
        f'<rect x="{x:.2f}" y="{y:.0f}" width="{width:.2f}" height="{ROW - 1}" fill="{fill}" '
        'stroke="#ffffff" stroke-width="0.5" rx="1"/>'
    )
    fits = int((width - 4) / CHAR)
    if fits >= 3:
        text = box.name if len(box.name) <= fits else box.name[: fits - 1] + "…"
        yield f'<text x="{x + 3:.2f}" y="{y + 12:.0f}">{escape(text)}</text>'
    yield "</g>"
    for child in sorted(box.below.values(), key=lambda child: (-child.total, child.name)):
        yield from _boxes(child, depth + 1, x, place)
        x += child.total * place.scale


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"
