# SPDX-License-Identifier: Apache-2.0
"""write : reproduction.md, .json and .html of all rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from cosim.report.page import render
from cosim.reproduce.page import page_of
from cosim.reproduce.run import Outcome
from cosim.reproduce.text import heading, replace_file, table

__all__ = ["as_dict", "markdown", "write_all"]


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
    lines = [*heading(command), f"Made by `{command}`, cosim {program}.", ""]
    lines += table((o.entry.title, o.findings, str(o.error) if o.error else None) for o in outcomes)
    return "\n".join(lines) + "\n"


def write_all(out: Path, outcomes: Sequence[Outcome], command: str, program: str) -> list[Path]:
    """Replace the three files; returns their paths."""
    texts = {
        "reproduction.md": markdown(outcomes, command, program),
        "reproduction.json": json.dumps(as_dict(outcomes, command, program), indent=1) + "\n",
        "reproduction.html": render(page_of(outcomes, command, program), metadata.version("cosim")),
    }
    paths = []
    for name, text in texts.items():
        replace_file(out / name, text)
        paths.append(out / name)
    return paths
