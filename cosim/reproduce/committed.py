# SPDX-License-Identifier: Apache-2.0
"""committed : the table that lies with the source: rows of full runs, replaced an entry at a time.

`results/reproduction.json` is the truth; `reproduction.md` beside it and the README's table are
made from it. What depends on the machine (processor minutes) or the commit
(program) stands under `made`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cosim import tools
from cosim.errors import RunFolderError, UserInputError
from cosim.reproduce.entry import Entry, Finding, Need
from cosim.reproduce.run import Outcome
from cosim.reproduce.text import heading, replace_file, table

__all__ = [
    "COMMAND",
    "FOLDER",
    "System",
    "as_text",
    "check",
    "command_of",
    "markdown",
    "read",
    "store",
]

FOLDER = Path(__file__).parent / "results"
FORMAT = "cosim-reproduction-1"
COMMAND = "cosim reproduce all --mnist DIR --cifar10 DIR --write"
DIGITS = 6  # of figures: the seventh depends on the machine's linear algebra
OPTION: dict[Need, str] = {"mnist": "--mnist", "cifar10": "--cifar10"}


@dataclass(frozen=True, kw_only=True)
class System:
    """An entry with the rows of its last full run, and what made them."""

    name: str
    title: str
    source: str
    command: str
    program: str
    cpu_minutes: float
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        for key in ("name", "title", "source", "command", "program"):
            if not isinstance(getattr(self, key), str) or not getattr(self, key):
                raise ValueError(f"{self.name}: {key} must be a text")
        if not isinstance(self.cpu_minutes, float) or not self.findings:
            raise ValueError(f"{self.name}: minutes and rows must be there")
        results = [finding.result for finding in self.findings]
        if len(set(results)) != len(results):
            raise ValueError(f"{self.name}: two rows of one name")


def command_of(entry: Entry) -> str:
    """The command that makes its rows, with folders of test images as DIR."""
    words = ["cosim", "reproduce", entry.name]
    for need in entry.uses:
        words += [OPTION[need], "DIR"]
    return shlex.join(words)


def read(path: Path = FOLDER / "reproduction.json") -> dict[str, System]:
    """The file's systems by name; nothing of the file is passed over."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"format must be {FORMAT}, got {data['format']!r}")
        systems = {each["name"]: _system(each) for each in data["entries"]}
        if as_text(systems.values()) != text:
            raise ValueError("figures, deviations or order are not as they are written")
    except OSError as error:
        raise UserInputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserInputError(f"{path} is no table of reproductions: {error!r}") from error
    return systems


def _system(data: Mapping[str, Any]) -> System:
    made = data["made"]
    return System(
        name=data["name"],
        title=data["title"],
        source=data["source"],
        command=data["command"],
        program=made["program"],
        cpu_minutes=made["cpu_minutes"],
        findings=tuple(
            Finding.of({key: value for key, value in row.items() if key != "deviation"})
            for row in data["rows"]
        ),
    )


def as_text(systems: Iterable[System]) -> str:
    """The JSON file."""
    entries = [
        {
            "name": system.name,
            "title": system.title,
            "source": system.source,
            "command": system.command,
            "made": {"program": system.program, "cpu_minutes": system.cpu_minutes},
            "rows": [{**asdict(row), "deviation": row.deviation} for row in system.findings],
        }
        for system in systems
    ]
    return json.dumps({"format": FORMAT, "entries": entries}, indent=1) + "\n"


def markdown(systems: Iterable[System]) -> str:
    """The table for readers, with the command of each system."""
    systems = list(systems)
    lines = heading(COMMAND)
    lines += ["| system | source | command | processor minutes |", "|---|---|---|---|"]
    for each in systems:
        minutes = f"{each.cpu_minutes:.1f}"
        lines.append(f"| {each.title} | {each.source} | `{each.command}` | {minutes} |")
    lines.append("")
    lines += table((each.title, each.findings, None) for each in systems)
    return "\n".join(lines) + "\n"


def check(entries: Iterable[Entry], *, quick: bool, given: Mapping[Need, Path | None]) -> None:
    """Refuse before anything runs what must not be kept: quick rows, rows without test images."""
    if quick:
        raise UserInputError("the table that is kept holds full runs: leave --quick away")
    for entry in entries:
        for need in entry.uses:
            if given[need] is None:
                raise UserInputError(
                    f"{entry.name}: rows that are kept are of test images: give {OPTION[need]} DIR"
                )


def store(outcome: Outcome, program: str, order: Sequence[str], folder: Path = FOLDER) -> None:
    """Put a finished entry in the place of its last rows; systems that are not in `order` go."""
    entry = outcome.entry
    path = folder / "reproduction.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot make {folder}: {error.strerror}") from error
    with tools.file_lock(tools.build_dir() / "reproduction.lock"):  # others may write their rows
        systems = read(path) if path.exists() else {}
        systems[entry.name] = System(
            name=entry.name,
            title=entry.title,
            source=entry.source,
            command=command_of(entry),
            program=program,
            cpu_minutes=round(outcome.cpu_s / 60, 1),
            findings=tuple(_rounded(finding) for finding in outcome.findings),
        )
        kept = [systems[name] for name in order if name in systems]
        replace_file(path, as_text(kept))
        replace_file(folder / "reproduction.md", markdown(kept))


def _rounded(finding: Finding) -> Finding:
    if finding.ours is None:
        return finding
    return replace(finding, ours=float(f"{finding.ours:.{DIGITS}g}"))
