# SPDX-License-Identifier: Apache-2.0
"""golden : text files of expected figures with tolerances, and what a run differs from them.

    # expected figures; `pytest --update-golden` rewrites the values and keeps the tolerances
    cycles                  1009015        exact
    macro_energy_j          3.5472e-08     1%
    layer.conv1.cycles      344454         100

A tolerance is `exact`, a percentage of the value, or a number in the value's own unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosim.errors import RunFolderError, UserInputError

__all__ = ["Expected", "differences", "read_golden", "write_golden"]

HEAD = "# expected figures; `pytest --update-golden` rewrites the values and keeps the tolerances"
EXACT, LOOSE = "exact", "1%"  # of figures seen for the first time: integers, floats


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One figure: its value and how far a run may be from it."""

    value: float
    tolerance: str

    def __post_init__(self) -> None:
        self.limit()

    def limit(self) -> float:
        """The largest difference allowed."""
        if self.tolerance == EXACT:
            return 0.0
        text = self.tolerance.removesuffix("%")
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not number >= 0:
            raise UserInputError(
                f"a tolerance is `exact`, a percentage or a number >= 0, got {self.tolerance!r}"
            )
        return number / 100 * abs(self.value) if text != self.tolerance else number


def read_golden(path: Path) -> dict[str, Expected]:
    """The figures of a file; UserInputError names the line that is wrong."""
    found: dict[str, Expected] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            name, value, tolerance = words
            found[name] = Expected(value=float(value), tolerance=tolerance)
        except ValueError as error:
            raise UserInputError(f"{path}:{number}: want `name value tolerance`") from error
        except UserInputError as error:
            raise UserInputError(f"{path}:{number}: {error}") from error
    return found


def write_golden(path: Path, figures: Mapping[str, float]) -> None:
    """Put the figures into a file, whole or not at all; tolerances that are there stay."""
    old = read_golden(path) if path.exists() else {}
    width = max((len(name) for name in figures), default=0) + 2
    lines = [HEAD]
    for name, value in figures.items():
        fresh = EXACT if isinstance(value, int) else LOOSE
        tolerance = old[name].tolerance if name in old else fresh
        lines.append(f"{name:<{width}} {value!r:<24} {tolerance}")
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text("\n".join(lines) + "\n")
        partial.replace(path)
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror}") from error


def differences(figures: Mapping[str, float], expected: Mapping[str, Expected]) -> list[str]:
    """One line for each figure that is too far off, missing, or not expected at all."""
    lines = []
    for name, want in expected.items():
        if name not in figures:
            lines.append(f"{name}: expected {want.value:.9g}, the run has no such figure")
            continue
        got, limit = figures[name], want.limit()
        if not abs(got - want.value) <= limit:
            share = f" ({100 * (got / want.value - 1):+.3g} %)" if want.value else ""
            lines.append(
                f"{name}: expected {want.value:.9g} within {want.tolerance}, got {got:.9g}{share}"
            )
    lines += [
        f"{name}: got {value:.9g}, the file has no such figure"
        for name, value in figures.items()
        if name not in expected
    ]
    return lines
