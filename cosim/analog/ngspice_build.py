# SPDX-License-Identifier: Apache-2.0
"""ngspice_build : compiles the worker and its device library, once per content of their sources."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cosim import tools
from cosim.errors import ToolError

__all__ = ["WorkerFiles", "worker_files"]

SOURCES = Path(__file__).parent / "worker"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wshadow")
PROGRAM = ("main.c", "lockstep.c", "crossing.c", "account.c", "serial_omp.c")
LIBRARY = ("pins.c",)


@dataclass(frozen=True, kw_only=True)
class WorkerFiles:
    """The worker program, and the library of boundary devices that ngspice loads."""

    program: Path
    library: Path


def worker_files() -> WorkerFiles:
    """Both files, built on first use; later calls find them by the hash of the sources."""
    digest = sha256(" ".join(FLAGS).encode())
    for file in sorted(SOURCES.glob("*.[ch]")):
        digest.update(file.name.encode() + file.read_bytes())
    folder = tools.cache_dir() / "worker" / digest.hexdigest()[:20]
    files = WorkerFiles(program=folder / "worker", library=folder / "cosim_pins.osdi")
    if not (files.program.exists() and files.library.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        _compile(LIBRARY, files.library, ("-shared", "-fPIC"), ())
        # -rdynamic: the library's open ends are the program's own tables
        _compile(PROGRAM, files.program, ("-rdynamic",), ("-ldl", "-lm", "-lpthread"))
    return files


def _compile(
    sources: tuple[str, ...], target: Path, first: tuple[str, ...], last: tuple[str, ...]
) -> None:
    gcc = shutil.which("gcc") or shutil.which("cc")
    if gcc is None:
        raise ToolError("gcc is not on PATH: `apt-get install gcc libc6-dev`")
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    paths = [str(SOURCES / name) for name in sources]
    done = subprocess.run(
        [gcc, *FLAGS, *first, *paths, "-o", str(partial), *last],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        reason = next((line for line in lines if "error" in line), f"exit {done.returncode}")
        raise ToolError(f"the ngspice worker does not compile: {reason}")
    partial.replace(target)
