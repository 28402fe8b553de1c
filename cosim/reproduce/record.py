# SPDX-License-Identifier: Apache-2.0
"""record : rows of finished reproductions, kept until their inputs or the program change.

One JSON file an entry, replaced as a whole, so an interrupted `cosim reproduce` goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from cosim import tools
from cosim.errors import RunFolderError
from cosim.reproduce.entry import Entry, Finding, Task

__all__ = ["Kept", "key_of", "load", "program_digest", "save"]

CODE = {
    "cosim": {".py", ".c", ".h", ".cpp", ".yaml", ".npz", ".csv"},
    "rtl": {".v", ".vh", ".f"},
    "veriloga": {".va", ".lib"},
    "firmware": {".c", ".h", ".S", ".ld", ".mk"},
}
SHOWS_ONLY = {"report", "cli"}  # of cosim/: prints figures, makes none


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A finished reproduction."""

    findings: tuple[Finding, ...]
    wall_s: float
    cpu_s: float


@cache
def program_digest() -> str:
    """Version, and a hash of everything that makes a figure here."""
    root = tools.repo_root()
    digest = hashlib.sha256()
    for folder, endings in CODE.items():
        for path in sorted((root / folder).rglob("*")):
            top = path.relative_to(root / folder).parts[0].partition("_")[0].removesuffix(".py")
            if path.suffix not in endings or (folder == "cosim" and top in SHOWS_ONLY):
                continue
            digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return f"{metadata.version('cosim')} {digest.hexdigest()[:12]}"


def key_of(entry: Entry, task: Task) -> str:
    """Hash of all that decides an entry's rows."""
    digest = hashlib.sha256(f"{entry.name} {task.quick} {program_digest()}\n".encode())
    for need in entry.uses:
        folder = task.data(need)
        digest.update(f"{need} {_data_digest(folder) if folder else 'shipped'}\n".encode())
    return digest.hexdigest()[:16]


@cache
def _data_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def load(path: Path, key: str) -> Kept | None:
    """The rows if they are of this key; another key, or a file cut short, is as if it was not."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["key"] != key:
            return None
        findings = tuple(Finding.of(row) for row in data["rows"])
        wall_s, cpu_s = float(data["wall_s"]), float(data["cpu_s"])
        return Kept(findings=findings, wall_s=wall_s, cpu_s=cpu_s)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(path: Path, key: str, kept: Kept) -> None:
    """Replace the file."""
    rows = [finding.as_dict() for finding in kept.findings]
    times = {"wall_s": round(kept.wall_s, 1), "cpu_s": round(kept.cpu_s, 1)}
    text = json.dumps({"key": key, **times, "rows": rows}, indent=1)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror}") from error
