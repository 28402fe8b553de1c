# SPDX-License-Identifier: Apache-2.0
"""tables_grid : quantities measured over a rectangular grid of two voltages, as smooth functions.

Between the grid's points runs a bicubic spline; outside is a RangeError, never an extrapolation.
A table belongs to a key, the hash of all that shapes it: `known_table` takes a shipped file with
that key, else one from the cache, else has it measured.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.characterise import DATA_DIR
from cosim.errors import RangeError

if TYPE_CHECKING:
    from scipy.interpolate import RectBivariateSpline

__all__ = ["GridTable", "known_table", "read_table", "write_table"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GridTable:
    """`values` (nx, ny) by name over rising `x` and `y`; `axes` names x, y and the device."""

    key: str
    axes: tuple[str, str, str]
    x: Floats
    y: Floats
    values: Mapping[str, Floats]

    def __post_init__(self) -> None:
        for name, axis in zip(self.axes, (self.x, self.y), strict=False):
            if axis.ndim != 1 or len(axis) < 4 or (np.diff(axis) <= 0).any():
                raise RangeError(f"{self.axes[2]} table: {name} must rise over at least 4 points")
        for name, value in self.values.items():
            if value.shape != (len(self.x), len(self.y)) or not np.isfinite(value).all():
                raise RangeError(f"{self.axes[2]} table: {name} must be finite over the whole grid")

    @cached_property
    def _splines(self) -> dict[str, RectBivariateSpline]:
        from scipy.interpolate import RectBivariateSpline  # noqa: PLC0415 - slow, few need it

        return {
            name: RectBivariateSpline(self.x, self.y, value) for name, value in self.values.items()
        }

    def at(self, name: str, x: Floats, y: Floats, *, dx: int = 0, dy: int = 0) -> Floats:
        """Value (or a derivative of order `dx`, `dy`) at points of one shape."""
        self.check(x, y)
        x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
        found = self._splines[name].ev(x.ravel(), y.ravel(), dx=dx, dy=dy)
        return np.asarray(found).reshape(x.shape)

    def check(self, x: Floats, y: Floats) -> None:
        """RangeError unless every point is inside the grid."""
        for name, axis, value in zip(self.axes, (self.x, self.y), (x, y), strict=False):
            values = np.asarray(value, np.float64)
            good = (values >= axis[0]) & (values <= axis[-1])  # NaN is not good
            if not good.all():
                worst = values[~good].ravel()[0]
                raise RangeError(
                    f"{self.axes[2]} {name} {worst:.4g} V is outside its table, "
                    f"{axis[0]:g}..{axis[-1]:g} V"
                )


def known_table(
    kind: str, key: str, axes: tuple[str, str, str], measure: Callable[[], GridTable]
) -> GridTable:
    """The table of that key: shipped, cached, or measured now."""
    cached = tools.cache_dir() / "tables" / f"{kind}-{key}.csv"
    for path in [*sorted(DATA_DIR.glob(f"{kind}_*.csv")), cached]:
        if path.is_file() and _header_key(path) == key:
            return read_table(path, axes)
    table = measure()
    cached.parent.mkdir(parents=True, exist_ok=True)
    write_table(table, cached, f"{kind} table in the cache")
    return table


def write_table(table: GridTable, path: Path, how: str) -> None:
    """One line a point: x, y, values; `how` and the key stand in the first line."""
    names = list(table.values)
    lines = [f"# {how} ; key={table.key}", "# " + ",".join([*table.axes[:2], *names])]
    for i, x in enumerate(table.x):
        for j, y in enumerate(table.y):
            numbers = [f"{table.values[name][i, j]:.6g}" for name in names]
            lines.append(",".join([f"{x:.10g}", f"{y:.10g}", *numbers]))
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_table(path: Path, axes: tuple[str, str, str]) -> GridTable:
    """A table that `write_table` wrote."""
    try:
        with path.open(encoding="utf-8") as lines:
            next(lines)
            names = next(lines).lstrip("# ").strip().split(",")[2:]
        data = np.loadtxt(path, delimiter=",", comments="#", ndmin=2)
        x, y = np.unique(data[:, 0]), np.unique(data[:, 1])
        grids = data[:, 2:].T.reshape(len(names), len(x), len(y))
    except (OSError, ValueError, IndexError, StopIteration) as error:
        raise RangeError(f"cannot read table {path}: {error}") from error
    values = {name: grid.copy() for name, grid in zip(names, grids, strict=True)}
    return GridTable(key=_header_key(path), axes=axes, x=x, y=y, values=values)


def _header_key(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        match = re.search(r"key=([0-9a-f]{16})", lines.readline())
    return match.group(1) if match else ""
