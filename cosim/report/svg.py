# SPDX-License-Identifier: Apache-2.0
"""svg : bars, curves, axes and legends as one SVG element whose letters stay letters.

Places are points from the upper left corner. Written out here, for a drawing library would take
every run a quarter of its processor time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

__all__ = ["LETTERS", "SMALL", "WIDTH", "Drawing", "Legend", "Scale", "letters_width"]

WIDTH = 403.0
LETTERS = 10.0  # height of letters
SMALL = 9.0
WIDE = 0.6  # of a letter's height: the mean width of one, on the safe side
INK, GREY, GRID = "#222222", "#666666", "#e3e3e3"
TICK_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
Anchor = Literal["start", "middle", "end"]


def letters_width(text: str, size: float = LETTERS) -> float:
    """About how wide a text is."""
    return WIDE * size * len(text)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Values `low` to `high` from place `begin` to `end`, which may be the smaller one."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self, about: int = 6) -> Iterator[tuple[float, str]]:
        """Round values within the scale, with their text."""
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(m * power for m in TICK_STEPS if m * power >= rough * (1 - 1e-9))
        for k in range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1):
            yield k * step, f"{k * step:.6g}"


@dataclass(frozen=True, kw_only=True)
class Legend:
    """Names with their colours in centred lines that fit the drawing."""

    names: Sequence[tuple[str, str]]
    line: float = 14.0
    box: float = 9.0

    @property
    def height(self) -> float:
        return self.line * len(self._lines())

    def draw(self, drawing: Drawing, top: float) -> None:
        for k, names in enumerate(self._lines()):
            x = (WIDTH - sum(map(self._width, names))) / 2
            y = top + k * self.line
            for name, colour in names:
                drawing.box(x, y, self.box, self.box, colour)
                drawing.text(x + self.box + 4, y + self.box - 1, name, size=SMALL)
                x += self._width((name, colour))

    def _width(self, entry: tuple[str, str]) -> float:
        return self.box + 4 + letters_width(entry[0], SMALL) + 8

    def _lines(self) -> list[list[tuple[str, str]]]:
        lines: list[list[tuple[str, str]]] = []
        for entry in self.names:
            if lines and sum(map(self._width, [*lines[-1], entry])) <= WIDTH:
                lines[-1].append(entry)
            else:
                lines.append([entry])
        return lines


@dataclass(kw_only=True)
class Drawing:
    """What has been drawn; later parts lie over earlier ones."""

    height: float
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        """A filled rectangle; a negative width reaches to the left."""
        self.parts.append(
            f'<rect x="{min(x, x + wide):.2f}" y="{y:.2f}" width="{abs(wide):.2f}" '
            f'height="{tall:.2f}" fill="{colour}"/>'
        )

    def line(
        self,
        points: Sequence[tuple[float, float]],
        colour: str = INK,
        wide: float = 1.0,
        dots: str = "",
    ) -> None:
        """Straight pieces through all points; `dots` are lengths of dashes and gaps."""
        places = "L".join(f"{x:.2f} {y:.2f}" for x, y in points)
        dashes = f' stroke-dasharray="{dots}"' if dots else ""
        self.parts.append(
            f'<path d="M{places}" fill="none" stroke="{colour}" stroke-width="{wide:g}"{dashes}/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = LETTERS,
        anchor: Anchor = "start",
        colour: str = INK,
        upwards: bool = False,
    ) -> None:
        """Letters whose foot stands at `y`; `upwards` turned left."""
        turned = f' transform="rotate(-90 {x:.2f} {y:.2f})"' if upwards else ""
        self.parts.append(
            f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size:g}" text-anchor="{anchor}" '
            f'fill="{colour}"{turned}>{escape(text)}</text>'
        )

    def rows(self, names: Sequence[str], top: float, row: float, left: float) -> None:
        """Names of rows of height `row`, right before `left`."""
        for k, name in enumerate(names):
            self.text(left - 5, top + (k + 0.5) * row + 3.5, name, anchor="end")

    def axis_x(
        self, scale: Scale, top: float, bottom: float, label: str = "", *, named: bool = True
    ) -> None:
        """Grid lines from `top` to `bottom`, and the values and name below."""
        for value, text in scale.ticks():
            x = scale.at(value)
            self.line([(x, top), (x, bottom)], GRID, 0.8)
            if named:
                self.text(x, bottom + 12, text, size=SMALL, anchor="middle", colour=GREY)
        self.line([(scale.begin, bottom), (scale.end, bottom)])
        if label:
            half = min(letters_width(label) / 2, WIDTH / 2)
            middle = min(max((scale.begin + scale.end) / 2, half), WIDTH - half)
            self.text(middle, bottom + 26, label, anchor="middle")

    def axis_y(self, scale: Scale, left: float, right: float, label: str) -> None:
        """Grid lines from `left` to `right`; the values and name to the left."""
        for value, text in scale.ticks(4):
            y = scale.at(value)
            self.line([(left, y), (right, y)], GRID, 0.8)
            self.text(left - 4, y + 3, text, size=SMALL, anchor="end", colour=GREY)
        self.line([(left, scale.begin), (left, scale.end)])
        self.text(12, (scale.begin + scale.end) / 2, label, anchor="middle", upwards=True)

    def curve(
        self,
        scales: tuple[Scale, Scale],
        x: Sequence[float],
        y: Sequence[float],
        colour: str,
        wide: float,
    ) -> None:
        """`y` over `x`, in the scales of both."""
        along, up = scales
        self.line([(along.at(a), up.at(b)) for a, b in zip(x, y, strict=True)], colour, wide)

    def element(self, name: str, title: str, text: str) -> str:
        """The `<svg>` of id `name`, with a title and a description for screen readers."""
        return (
            f'<svg id="{name}" class="drawing" role="img" viewBox="0 0 {WIDTH:g} {self.height:g}" '
            f'aria-labelledby="{name}-title {name}-text" font-family="sans-serif">'
            f'<title id="{name}-title">{escape(title)}</title>'
            f'<desc id="{name}-text">{escape(text)}</desc>'
            f'<rect width="{WIDTH:g}" height="{self.height:g}" fill="white"/>'
            f"{''.join(self.parts)}</svg>"
        )
