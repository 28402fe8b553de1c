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
    """An entry with its rows, or with the error that ended it.

    `cpu_s` are seconds of processors, those of programs it started included: unlike `wall_s` they
    say little of what else the machine did.
    """

    entry: Entry
    findings: tuple[Finding, ...] = ()
    wall_s: float = 0.0
    cpu_s: float = 0.0
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
    spent: Callable[[], float],
    done: Callable[[list[Outcome]], None],
) -> list[Outcome]:
    """Run what is not there; `done` is called after each entry with all outcomes so far.

    `clock` gives seconds of time, `spent` of processors.
    """
    outcomes: list[Outcome] = []
    for item in plans:
        outcomes.append(_kept(item) if item.kept else _made(item, clock, spent))
        done(outcomes)
    return outcomes


def _kept(item: Plan) -> Outcome:
    kept = item.kept
    assert kept is not None  # asked by the caller
    return Outcome(entry=item.entry, findings=kept.findings, wall_s=kept.wall_s, cpu_s=kept.cpu_s)


def _made(item: Plan, clock: Callable[[], float], spent: Callable[[], float]) -> Outcome:
    begin_s, spent_s = clock(), spent()
    try:
        item.task.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot make {item.task.folder}: {error.strerror}") from error
    try:
        findings = tuple(_without_folders(row, item.task) for row in item.entry.run(item.task))
    except CosimError as error:
        log.error("%s: %s", item.entry.name, error)
        return Outcome(entry=item.entry, error=error, wall_s=clock() - begin_s)
    made = Outcome(
        entry=item.entry,
        findings=findings,
        wall_s=clock() - begin_s,
        cpu_s=spent() - spent_s,
    )
    record.save(
        item.path,
        item.key,
        record.Kept(findings=findings, wall_s=made.wall_s, cpu_s=made.cpu_s),
    )
    return made


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
