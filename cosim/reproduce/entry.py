# SPDX-License-Identifier: Apache-2.0
"""entry : what a reproduction is: published figures beside ours, conditions, reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cosim.units import si

__all__ = ["Entry", "Finding", "Need", "Published", "Task", "figure_text", "no_cifar10"]

Need = Literal["mnist", "cifar10"]
FACTOR = 2.0  # from this ratio on a deviation is told as a factor instead of per cent
MANY = 9999.5  # from here on four digits are fewer than a plain figure has
PLAIN = ("%", "x", "V", "V/V", "TOPS/W")  # units that take no prefix


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure as it was published: a value, or with `high` a range; `source` is the citation.

    `reference`: nobody published it, but others can get it, from a public netlist say.
    """

    value: float
    source: str
    high: float | None = None
    reference: bool = False

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("a published figure needs its source")
        if self.high is not None and self.high < self.value:
            raise ValueError(f"the range must go up, got {self.value:g} to {self.high:g}")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row: `ours` is None where nothing could be simulated, then `reason` says why.

    `unit` is "%" for shares in per cent, "x" for ratios, else an SI unit. `engine` is what made
    `ours`; `conditions` all that decides it; `reason` why it differs from the published figure, or
    what would have to be true for both to be equal. A row without `published` stands beside others.
    """

    result: str
    unit: str
    ours: float | None
    conditions: str
    engine: str
    reason: str
    published: Published | None = None

    def __post_init__(self) -> None:
        for name in ("result", "conditions", "engine", "reason"):
            if not getattr(self, name).strip():
                raise ValueError(f"{self.result or 'a finding'}: {name} must say something")
        if self.ours is not None and not math.isfinite(self.ours):
            raise ValueError(f"{self.result}: ours must be a number, got {self.ours}")

    @property
    def published_text(self) -> str:
        """As it stands in tables."""
        if self.published is None:
            return "–"
        low, high = self.published.value, self.published.high
        text = figure_text(low, self.unit)
        text += "" if high is None else f" to {figure_text(high, self.unit)}"
        return f"{text} (reference)" if self.published.reference else text

    @property
    def ours_text(self) -> str:
        """As it stands in tables."""
        return "not simulated" if self.ours is None else figure_text(self.ours, self.unit)

    @property
    def deviation(self) -> str:
        """Ours against the published value: points of per cent, per cent, or a factor."""
        if self.published is None or self.ours is None:
            return "–"
        low, high = self.published.value, self.published.high
        if high is not None and low <= self.ours <= high:
            return "inside"
        near = low if high is None or self.ours < low else high
        if self.unit == "%":
            return f"{self.ours - near:+.2f} points"
        if near == 0.0 or self.ours * near <= 0.0:
            return figure_text(self.ours - near, self.unit)
        ratio = self.ours / near
        if 1 / FACTOR < ratio < FACTOR:
            return f"{100 * (ratio - 1):+.1f} %"
        return f"{ratio:.3g} times"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON files."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Finding:
        """What `as_dict` gave."""
        published = data["published"]
        return cls(**{**data, "published": published and Published(**published)})


def figure_text(value: float, unit: str) -> str:
    """Four digits and the unit: `3.250 W`, `94.84 %`, `12.0 x`."""
    if unit in PLAIN:
        return f"{value:,.0f} {unit}" if abs(value) >= MANY else f"{value:.4g} {unit}"
    return si(value, unit, 4)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What an entry is given: `quick` or in full, data sets, a folder for its runs.

    `mnist` and `cifar10` are folders of the user's; None means the images that are shipped.
    """

    quick: bool
    folder: Path
    tell: Callable[[str], None]
    mnist: Path | None = None
    cifar10: Path | None = None

    def data(self, need: Need) -> Path | None:
        """The folder of a data set."""
        return self.mnist if need == "mnist" else self.cifar10


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One reproduction. `minutes` on two cores: of the full one, and of the quick one.

    `uses` are the data sets that decide its rows; `place` orders the table.
    """

    name: str
    title: str
    source: str
    minutes: float
    quick_minutes: float
    run: Callable[[Task], Sequence[Finding]]
    uses: tuple[Need, ...] = ()
    place: int = 100

    def minutes_of(self, quick: bool) -> float:
        """What it takes about."""
        return self.quick_minutes if quick else self.minutes


def no_cifar10(result: str, published: Published | None = None) -> Finding:
    """The row of an accuracy for which no test images were given."""
    return Finding(
        result=result,
        unit="%",
        ours=None,
        published=published,
        conditions="no folder of test images was given (--cifar10 DIR)",
        engine="none",
        reason="The images built in are eight drawings: they show no accuracy",
    )
