# SPDX-License-Identifier: Apache-2.0
"""page : report.html as data, and its rendering: one file, no script, nothing from the network.

Every figure is a `Cell` or a `Headline` with the exact value and, where it comes from result.json,
its path there: a test reads both back and compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cosim.units import si

__all__ = [
    "Cell",
    "Chart",
    "Confusion",
    "Headline",
    "Page",
    "Row",
    "Section",
    "Sources",
    "Table",
    "cell",
    "change",
    "confusion",
    "render",
    "share",
    "sources",
]


DARK = 0.179  # luminance below which white is easier to read than black


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One figure: what is read, the value behind it, its path in result.json."""

    text: str
    value: float | None = None
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table; `notes` are lines below it, each a heading and a text."""

    name: str
    cells: tuple[Cell, ...]
    total: bool = False
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of figures; the first of `heads` is for the rows' names; long ones `fold` up."""

    id: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    fold: bool = True


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing with its caption."""

    svg: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Headline:
    """One of the figures at the top."""

    name: str
    text: str
    value: float
    note: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Counts by label (rows) and class (columns)."""

    caption: str
    classes: tuple[int, ...]
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Constants of one part of the design, each with where it is from."""

    id: str
    title: str
    rows: tuple[Mapping[str, str], ...]
    open: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page, in the order in which its kinds are shown."""

    id: str
    title: str
    texts: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    confusion: Confusion | None = None
    lists: tuple[tuple[str, ...], ...] = ()
    sources: tuple[Sources, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole page."""

    title: str
    summary: str
    command: str
    sections: tuple[Section, ...]
    headline: tuple[Headline, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def render(page: Page, version: str) -> str:
    """The page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - stays light

    loader = PackageLoader("cosim.report", ".")
    world = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    fields = {name: getattr(page, name) for name in Page.__dataclass_fields__}
    return world.get_template("page.html.j2").render(version=version, **fields)


def cell(value: float | None, unit: str, path: str = "") -> Cell:
    """A figure in `unit`: "J", "s", "W" and "J s" get prefixes, "1" is a count, "%" a share."""
    if value is None:
        return Cell(text="–")
    if unit == "1":
        return Cell(text=f"{value:,.0f}", value=value, path=path)
    if unit == "%":
        return Cell(text=f"{100 * value:.2f} %", value=value, path=path)
    return Cell(text=si(value, unit, 4), value=value, path=path)


def share(part: float, whole: float) -> Cell:
    """A part of a whole."""
    return cell(part / whole, "%") if whole else cell(None, "%")


def change(new: float, old: float) -> Cell:
    """How much `new` lies above (+) or below (-) `old`."""
    if not old:
        return Cell(text="–")
    moved = new / old - 1
    return Cell(text=f"{100 * moved:+.2f} %", value=moved)


def confusion(pairs: Sequence[tuple[int, int]], classes: int) -> Confusion:
    """Counts of (label, class); darker is more, right ones are blue, wrong ones orange."""
    counts = [[0] * classes for _ in range(classes)]
    for label, found in pairs:
        counts[label][found] += 1
    rows = []
    for label, line in enumerate(counts):
        whole = max(sum(line), 1)
        cells = [
            _shade(count, count / whole, right=found == label) for found, count in enumerate(line)
        ]
        rows.append({"label": label, "cells": cells})
    right = sum(counts[k][k] for k in range(classes))
    return Confusion(
        caption=f"{right} of {len(pairs)} right; rows are labels, columns are classes",
        classes=tuple(range(classes)),
        rows=tuple(rows),
    )


def _shade(count: int, part: float, *, right: bool) -> dict[str, Any]:
    if not count:
        return {"count": count, "colour": "#ffffff", "ink": "#6b6b6b"}
    dark = (0, 84, 138) if right else (140, 52, 0)
    weight = 0.15 + 0.85 * part
    mixed = [round(255 + (channel - 255) * weight) for channel in dark]
    light = _luminance(mixed) < DARK
    return {
        "count": count,
        "colour": "#{:02x}{:02x}{:02x}".format(*mixed),
        "ink": "#ffffff" if light else "#000000",
    }


def _luminance(rgb: Sequence[int]) -> float:
    """Relative luminance of a colour, WCAG 2.1."""
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def sources(tree: Mapping[str, Any]) -> tuple[Sources, ...]:
    """Every constant of a resolved design file, one block for each top section."""
    blocks = []
    for name, part in tree.items():
        rows = tuple(_constants(part, name)) if isinstance(part, Mapping) else ()
        if rows:
            blocks.append(Sources(id=f"design-{name}", title=f"Design: {name}", rows=rows))
    return tuple(blocks)


def _constants(part: Mapping[str, Any], path: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for key, value in part.items():
        name = f"{path}.{key}"
        if isinstance(value, Mapping) and "value" in value:
            sigma = value.get("uncertainty")
            rows.append(
                {
                    "key": name,
                    "value": f"{value['value']:g}"
                    if isinstance(value["value"], int | float)
                    else str(value["value"]),
                    "unit": str(value.get("unit", "")),
                    "sigma": "" if sigma is None else f"{100 * sigma:g} %",
                    "source": str(value.get("source", "")),
                }
            )
        elif isinstance(value, Mapping):
            rows += _constants(value, name)
        else:
            rows.append(
                {"key": name, "value": str(value), "unit": "", "sigma": "", "source": "a choice"}
            )
    return rows
