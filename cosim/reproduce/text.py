# SPDX-License-Identifier: Apache-2.0
"""text : the table of rows in Markdown, and files that are replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cosim.errors import RunFolderError
from cosim.reproduce.entry import Finding

__all__ = ["TITLE", "cell", "heading", "replace_file", "table"]

TITLE = "Published figures, reproduced"
HEADS = (*("system", "result", "published", "ours", "deviation", "engine", "conditions", "reason"),)


def heading(command: str) -> list[str]:
    """First lines of a file; the very first is the command."""
    return [f"<!-- {command} -->", f"# {TITLE}", ""]


def table(systems: Iterable[tuple[str, Sequence[Finding], str | None]]) -> list[str]:
    """Lines of one table; a system is its title, its rows, and the error that ended it."""
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    for title, findings, error in systems:
        for finding in findings:
            source = f", {finding.published.source}" if finding.published else ""
            words = (
                title,
                finding.result,
                finding.published_text + source,
                finding.ours_text,
                finding.deviation,
                finding.engine,
                finding.conditions,
                finding.reason,
            )
            lines.append("| " + " | ".join(cell(word) for word in words) + " |")
        if error is not None:
            lines.append(f"| {cell(title)} | failed | – | – | – | – | – | {cell(error)} |")
    return lines


def cell(text: str) -> str:
    """Text that cannot break a table."""
    return " ".join(text.split()).replace("|", "\\|")


def replace_file(path: Path, text: str) -> None:
    """Write it whole or not at all."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror}") from error
