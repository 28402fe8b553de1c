# SPDX-License-Identifier: Apache-2.0
"""study : what a study is, and the loop over its points.

A point that an engine or the design rules refuse becomes a row whose `status` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from cosim.design import Design
from cosim.errors import CircuitError, DesignError
from cosim.study.record import OK, Record, Row, Value, key_of
from cosim.study.subject import Subject

__all__ = ["Point", "Study", "Tell", "run_study"]

Point = Mapping[str, Value]
Tell = Callable[[str, int], None]  # what happens now, points done


@dataclass(frozen=True, kw_only=True)
class Study:
    """One figure: its points, how one is solved, how all are drawn.

    `keys` and `figures` are column names with types: what names a point, what is found there.
    `sets` are the point's design values over the subject's. `solve` returns one row or several.
    """

    name: str
    title: str
    keys: Mapping[str, type]
    figures: Mapping[str, type]
    points: Callable[[Subject, bool], Sequence[Point]]
    sets: Callable[[Subject, Point], tuple[str, ...]]
    solve: Callable[[Subject, Design, Point], Sequence[Row]]
    draw: Callable[[Sequence[Row]], Figure]
    engine: str = "fast"
    code: tuple[str, ...] = ()  # folders that decide its figures besides those of every study

    @property
    def columns(self) -> dict[str, type]:
        """Of the CSV file, in order."""
        return {**self.keys, **self.figures, "design_digest": str, "status": str}


def run_study(
    study: Study, subject: Subject, record: Record, *, quick: bool, tell: Tell
) -> dict[str, int]:
    """Solve every point that `record` does not have; counts of points, kept, solved, refused."""
    points = study.points(subject, quick)
    known = record.solved
    counts = {"points": len(points), "kept": 0, "solved": 0, "refused": 0}
    for done, point in enumerate(points):
        if key_of(point, record.keys) in known:
            counts["kept"] += 1
            continue
        words = ", ".join(f"{key} {value}" for key, value in point.items())
        tell(words, done)
        rows = _solved(study, subject, point)
        record.add(rows)
        counts["solved" if rows[0]["status"] == OK else "refused"] += 1
    record.arrange(points)
    tell("all points there", len(points))
    return counts


def _solved(study: Study, subject: Subject, point: Point) -> list[Row]:
    row: Row = dict(point)
    try:
        design = subject.design(*study.sets(subject, point))
        row["design_digest"] = design.digest()
        found = study.solve(subject, design, point)
    except (CircuitError, DesignError) as error:
        reason = " ".join(str(error).split())
        return [{**row, "status": f"{type(error).__name__}: {reason}"}]
    return [{**row, **figures, "status": OK} for figures in found]
