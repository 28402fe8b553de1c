# SPDX-License-Identifier: Apache-2.0
"""venv : the checkout's .venv with cosim installed editable, made once per pyproject.toml."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from cosim.setup.progress import Progress

__all__ = ["ensure"]

STAMP = ".cosim-installed"
FIX = "check the network and pip's configuration, then run `make setup` again"


def _stamp_text(root: Path) -> str:
    digest = sha256((root / "pyproject.toml").read_bytes()).hexdigest()
    return f"{root} {digest}\n"


def _alive(python: Path) -> bool:
    """Whether the environment has a Python 3.11 or later with pip: an interrupted one has not."""
    code = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([str(python), "-c", code], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def base_python() -> str:
    """A Python that can make environments: the running one, else Debian's."""
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return sys.executable
    return "/usr/bin/python3"


def ensure(root: Path, progress: Progress) -> None:
    """Make `.venv` under `root` match pyproject.toml; returns at once where it does."""
    folder = root / ".venv"
    python = folder / "bin" / "python"
    stamp = folder / STAMP
    wanted = _stamp_text(root)
    if stamp.exists() and stamp.read_text() == wanted and _alive(python):
        return
    if not _alive(python):
        progress.say("Python environment: .venv")
        shutil.rmtree(folder, ignore_errors=True)
        make = [base_python(), "-m", "venv", str(folder)]
        progress.run(make, fix="`apt-get install python3-venv`")
    progress.say("Python packages (about 2 minutes when nothing is cached)")
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    progress.run([*pip, "--editable", f"{root}[dev]"], fix=FIX)
    stamp.write_text(wanted)
