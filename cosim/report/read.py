# SPDX-License-Identifier: Apache-2.0
"""read : a run folder as reports need it; what is missing or damaged is named in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from cosim.errors import RunFolderError
from cosim.report.compare import Side, read_grid
from cosim.report.page_run import RunView
from cosim.trace.events import read_events
from cosim.trace.result import read_result

__all__ = ["MACRO_FILE", "read_run", "read_side"]

MACRO_FILE = "macro.json"


def read_run(folder: Path) -> RunView:
    """Everything of a run; files that an early end left out are empty here."""
    result = read_result(folder)
    grid_file = folder / "energy.csv"
    return RunView(
        folder=folder,
        result=result,
        grid=read_grid(_text(grid_file)) if grid_file.is_file() else {},
        events=tuple(read_events(folder / "events.jsonl")),
        identity=_json(folder / "identity.json"),
        design=_yaml(folder / "config.resolved.yaml"),
        macro=_json(folder / MACRO_FILE) if (folder / MACRO_FILE).is_file() else None,
        perf=result.get("perf"),
    )


def read_side(view: RunView) -> Side:
    """A run as one side of a comparison."""
    return Side(name=view.name, result=view.result, grid=view.grid)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path))
    except ValueError as error:
        raise RunFolderError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise RunFolderError(f"{path} must hold one object")
    return found


def _yaml(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise RunFolderError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise RunFolderError(f"{path} must hold sections of keys")
    return found
