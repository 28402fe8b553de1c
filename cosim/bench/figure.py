# SPDX-License-Identifier: Apache-2.0
"""figure : one measured value with the bound it has to keep, and what a measurement is given."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Bench", "Figure", "median_s"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value and its bound; `unit` is x where there is none (ratios, exponents)."""

    name: str
    value: float
    unit: str
    bound: float
    at_least: bool

    @property
    def ok(self) -> bool:
        """Whether the bound is kept (not a number keeps none)."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def as_dict(self) -> dict[str, Any]:
        """For JSON and tables."""
        sign = ">=" if self.at_least else "<="
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "bound": f"{sign} {self.bound:g}",
            "ok": self.ok,
        }


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What measurements need: a clock, a place for plots, what earlier parts measured (`known`).

    `say` tells what happens now; `cpu` is the processor time of this process in seconds.
    """

    say: Callable[[str], None]
    clock: Callable[[], float]
    cpu: Callable[[], float]
    command: str
    out: Path
    data: Path | None = None
    known: dict[str, float] = field(default_factory=dict)


def median_s(action: Callable[[], object], clock: Callable[[], float], rounds: int) -> float:
    """Median seconds of so many rounds."""
    found = []
    for _ in range(rounds):
        begin_s = clock()
        action()
        found.append(clock() - begin_s)
    return statistics.median(found)
