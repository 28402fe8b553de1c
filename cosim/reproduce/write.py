# SPDX-License-Identifier: Apache-2.0
"""write : reproduction.md, .json and .html of all rows."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from cosim.errors import RunFolderError
from cosim.report.page import Cell, Page, Row, Section, Table, render
from cosim.reproduce.run import Outcome

__all__ = ["as_dict", "markdown", "write_all"]

HEADS = ("result", "published", "ours", "deviation", "engine")
TITLE = "Published figures, reproduced"


def as_dict(outcomes: Sequence[Outcome], command: str, program: str) -> dict[str, Any]:
    """Plain values of everything."""
    return {
        "command": command,
        "program": program,
        "entries": [
            {
                "name": outcome.entry.name,
                "title": outcome.entry.title,
                "source": outcome.entry.source,
                "wall_s": round(outcome.wall_s, 1),
                "error": None if outcome.error is None else str(outcome.error),
                "rows": [
                    {**finding.as_dict(), "deviation": finding.deviation}
                    for finding in outcome.findings
                ],
            }
            for outcome in outcomes
        ],
    }


def markdown(outcomes: Sequence[Outcome], command: str, program: str) -> str:
    """One table; its first line is the command."""
    lines = [f"<!-- {command} -->", f"# {TITLE}", "", f"Made by `{command}`, cosim {program}.", ""]
    lines += ["| system | result | published | ours | deviation | engine | conditions | reason |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for outcome in outcomes:
        for finding in outcome.findings:
            words = (
                outcome.entry.title,
                finding.result,
                finding.published_text
                + (f", {finding.published.source}" if finding.published else ""),
                finding.ours_text,
                finding.deviation,
                finding.engine,
                finding.conditions,
                finding.reason,
            )
            lines.append("| " + " | ".join(_cell(word) for word in words) + " |")
        if outcome.error is not None:
            lines.append(
                f"| {_cell(outcome.entry.title)} | failed | – | – | – | – | – | "
                f"{_cell(str(outcome.error))} |"
            )
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def write_all(out: Path, outcomes: Sequence[Outcome], command: str, program: str) -> list[Path]:
    """Replace the three files; returns their paths."""
    texts = {
        "reproduction.md": markdown(outcomes, command, program),
        "reproduction.json": json.dumps(as_dict(outcomes, command, program), indent=1) + "\n",
        "reproduction.html": render(_page(outcomes, command, program), metadata.version("cosim")),
    }
    paths = []
    for name, text in texts.items():
        path = out / name
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise RunFolderError(f"cannot write {path}: {error.strerror}") from error
        paths.append(path)
    return paths


def _page(outcomes: Sequence[Outcome], command: str, program: str) -> Page:
    made = [outcome for outcome in outcomes if outcome.error is None]
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    rows = sum(len(outcome.findings) for outcome in made)
    return Page(
        title=TITLE,
        summary=f"{rows} results of {len(made)} systems, simulated here from circuit or RTL up, "
        f"beside what was published. Program {program}.",
        command=command,
        sections=tuple(_section(outcome) for outcome in made),
        warnings=tuple(f"{outcome.entry.title}: failed: {outcome.error}" for outcome in failed),
    )


def _section(outcome: Outcome) -> Section:
    entry = outcome.entry
    rows = tuple(
        Row(
            name=finding.result,
            cells=(
                Cell(text=finding.published_text),
                Cell(text=finding.ours_text, value=finding.ours),
                Cell(text=finding.deviation),
                Cell(text=finding.engine),
            ),
        )
        for finding in outcome.findings
    )
    texts = tuple(
        f"{finding.result}: {finding.conditions}. {finding.reason}."
        + (f" Published: {finding.published.source}." if finding.published else "")
        for finding in outcome.findings
    )
    table = Table(
        id=f"table-{entry.name}",
        caption=f"{entry.source}; {outcome.wall_s / 60:.1f} minutes",
        heads=HEADS,
        rows=rows,
    )
    return Section(id=entry.name, title=entry.title, tables=(table,), lists=(texts,))
