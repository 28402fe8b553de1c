# SPDX-License-Identifier: Apache-2.0
"""run : makes the rows of each chosen entry, keeps finished ones, goes on after a failed one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cosim.errors import CosimError, RunFolderError
from cosim.reproduce import record
from cosim.reproduce.entry import Entry, Finding, Task

__all__ = ["Outcome", "Plan", "plan", "reproduce"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An entry with its rows, or with the error that ended it."""

    entry: Entry
    findings: tuple[Finding, ...] = ()
    wall_s: float = 0.0
    error: CosimError | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done: an entry, its key, and its rows where they are kept."""

    entry: Entry
    task: Task
    key: str
    path: Path
    kept: record.Kept | None

    @property
    def minutes(self) -> float:
        """What it will take about."""
        return 0.0 if self.kept else self.entry.minutes_of(self.task.quick)


def plan(
    entries: Sequence[Entry],
    out: Path,
    *,
    quick: bool,
    fresh: bool,
    mnist: Path | None,
    cifar10: Path | None,
    tell: Callable[[str], None],
) -> list[Plan]:
    """Look what is there already; nothing is run yet."""
    kind = "quick" if quick else "full"
    plans = []
    for entry in entries:
        folder = out / kind / entry.name
        task = Task(quick=quick, folder=folder, tell=tell, mnist=mnist, cifar10=cifar10)
        key, path = record.key_of(entry, task), out / kind / f"{entry.name}.json"
        kept = None if fresh else record.load(path, key)
        plans.append(Plan(entry=entry, task=task, key=key, path=path, kept=kept))
    return plans


def reproduce(
    plans: Sequence[Plan],
    *,
    clock: Callable[[], float],
    done: Callable[[list[Outcome]], None],
) -> list[Outcome]:
    """Run what is not there; `done` is called after each entry with all outcomes so far."""
    outcomes: list[Outcome] = []
    for item in plans:
        outcomes.append(_kept(item) if item.kept else _made(item, clock))
        done(outcomes)
    return outcomes


def _kept(item: Plan) -> Outcome:
    assert item.kept is not None  # asked by the caller
    return Outcome(entry=item.entry, findings=item.kept.findings, wall_s=item.kept.wall_s)


def _made(item: Plan, clock: Callable[[], float]) -> Outcome:
    begin_s = clock()
    try:
        item.task.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot make {item.task.folder}: {error.strerror}") from error
    try:
        findings = tuple(_without_folders(row, item.task) for row in item.entry.run(item.task))
    except CosimError as error:
        log.error("%s: %s", item.entry.name, error)
        return Outcome(entry=item.entry, error=error, wall_s=clock() - begin_s)
    wall_s = clock() - begin_s
    record.save(item.path, item.key, findings, wall_s)
    return Outcome(entry=item.entry, findings=findings, wall_s=wall_s)


def _without_folders(finding: Finding, task: Task) -> Finding:
    """Where a machine keeps its data sets decides nothing."""
    texts = {}
    for name in ("result", "conditions", "engine", "reason"):
        text = getattr(finding, name)
        for folder in (task.mnist, task.cifar10):
            if folder is not None:
                text = text.replace(f" in {folder}", "").replace(str(folder), "DIR")
        texts[name] = text
    return replace(finding, **texts)
