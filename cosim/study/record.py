# SPDX-License-Identifier: Apache-2.0
"""record : a study's CSV file: its origin in the first two lines, points kept when run again.

The file is replaced as a whole after each point, so an interrupted study leaves a good one.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cosim.errors import RunFolderError, UserInputError

__all__ = ["OK", "Origin", "Record", "Row", "Value", "key_of"]

Value = float | int | str
Row = dict[str, Value]
OK = "ok"  # status of a solved point; any other status says why there is no figure


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where figures come from: the command, and all that decides them."""

    command: str
    identity: Mapping[str, str]

    @property
    def lines(self) -> tuple[str, str]:
        """The two comment lines of a file."""
        return f"# {self.command}", f"# {json.dumps(dict(self.identity))}"

    @property
    def caption(self) -> str:
        """The same in words."""
        return ", ".join(f"{key} {value}" for key, value in self.identity.items())


def key_of(row: Mapping[str, Value], keys: Sequence[str]) -> tuple[str, ...]:
    """What tells a point from others, as text."""
    return tuple(_text(row[key]) for key in keys)


@dataclass(kw_only=True)
class Record:
    """Rows of one study; `columns` are names and types, `keys` the columns that name a point."""

    path: Path
    origin: Origin
    columns: Mapping[str, type]
    keys: Sequence[str]
    rows: list[Row] = field(default_factory=list)

    def load(self, *, fresh: bool) -> None:
        """Take over the points of an earlier run; refuse a file of another origin."""
        self._writable()
        if fresh or not self.path.exists():
            return
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserInputError(f"cannot read {self.path}: {error}") from error
        lines = text.splitlines()
        if len(lines) < 3 or lines[1] != self.origin.lines[1]:
            made = lines[0].removeprefix("# ") if lines else "nothing"
            raise UserInputError(
                f"{self.path} has other figures ({made}; inputs, design or program differ): "
                "give another --out, or --fresh to replace it"
            )
        table = csv.DictReader(io.StringIO("\n".join(lines[2:])))
        if table.fieldnames != list(self.columns):
            raise UserInputError(f"{self.path}: columns are not this study's; --fresh replaces it")
        try:
            self.rows += [
                {key: kind(found[key]) for key, kind in self.columns.items()}
                for found in table
                if found["status"] == OK
            ]
        except (TypeError, ValueError) as error:
            raise UserInputError(f"{self.path}: {error}; --fresh replaces it") from error

    @property
    def solved(self) -> set[tuple[str, ...]]:
        """Points that have their figures."""
        return {key_of(row, self.keys) for row in self.rows if row["status"] == OK}

    def add(self, rows: Sequence[Row]) -> None:
        """Write a point's rows."""
        self.rows += [{key: row.get(key, "") for key in self.columns} for row in rows]
        self._write()

    def arrange(self, points: Sequence[Mapping[str, Value]]) -> None:
        """Put the rows in the order of the points, whenever each was solved."""
        place = {key_of(point, self.keys): index for index, point in enumerate(points)}
        last = len(place)
        ordered = sorted(self.rows, key=lambda row: place.get(key_of(row, self.keys), last))
        if ordered != self.rows:
            self.rows = ordered
            self._write()

    def _write(self) -> None:
        out = io.StringIO()
        out.write("\n".join(self.origin.lines) + "\n")
        table = csv.writer(out, lineterminator="\n")
        table.writerow(self.columns)
        table.writerows([_text(value) for value in row.values()] for row in self.rows)
        part = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_text(out.getvalue(), encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            raise RunFolderError(f"cannot write {self.path}: {error.strerror}") from error

    def _writable(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(
                f"cannot make {self.path.parent}: {error.strerror}; give another --out"
            ) from error


def _text(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
