# SPDX-License-Identifier: Apache-2.0
"""fast_build : compiles the kernels of engine fast once per content and processor; loads them."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import threading
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

from cosim import tools
from cosim.errors import ToolError

__all__ = ["Real", "kernel", "library"]

Real = Literal["float", "double"]
FOLDER = Path(__file__).parent
SOURCES = (
    *("fast_batch.c", "fast_solve.c", "fast_tile.c"),
    *("fast_amplifier.c", "fast_columns.c", "fast_network.c"),
    *("fast_spline.c", "fast_tied.c", "fast_tied_lanes.c"),
)
HEADERS = (
    *("fast_kernel.h", "fast_blocks.h", "fast_vector.h"),
    *("fast_stage.h", "fast_network.h"),
)
# not -ffast-math: gcc then links a start-up file that flushes small numbers in the whole process.
# No -ffinite-math-only here: what is no number must fail every `below tolerance`.
MATH = ("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros")
WIDE = ("-mprefer-vector-width=512", "-Wno-psabi")
BUILDING = threading.Lock()
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-Wall", "-Wextra", "-shared", "-fPIC")


@lru_cache(maxsize=4)
def kernel(real: Real = "float", modes: int = 2) -> ctypes.CDLL:
    """The compiled kernel whose cells are solved in `real` with `modes` of fast_modes.py."""
    sources = [FOLDER / name for name in SOURCES]
    flags = (*MATH, *WIDE, f"-DSINGLE={int(real == 'float')}", f"-DMODES={modes}")
    found = library("fast", sources, flags, headers=[FOLDER / name for name in HEADERS])
    for name in ("fast_solve", "fast_network", "fast_spline"):
        getattr(found, name).restype = ctypes.c_long
    return found


def library(
    name: str, sources: Sequence[Path], flags: Sequence[str], headers: Sequence[Path] = ()
) -> ctypes.CDLL:
    """The shared library of some C files; built if the cache has none of this content."""
    digest = sha256(" ".join((*FLAGS, *flags, platform.machine(), _cpu())).encode())
    for path in (*sources, *headers):
        digest.update(path.read_bytes())
    target = tools.cache_dir() / "worker" / f"{name}-{digest.hexdigest()[:20]}.so"
    with BUILDING:  # threads of one process; processes each rename a file of their own
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _compile(target, sources, flags)
    return ctypes.CDLL(str(target))


def _cpu() -> str:
    """What -march=native depends on: a cache may be shared between machines."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    return next((line for line in text.splitlines() if line.startswith("flags")), "")


def _compile(target: Path, sources: Sequence[Path], flags: Sequence[str]) -> None:
    gcc = shutil.which("gcc") or shutil.which("cc")
    if gcc is None:
        raise ToolError("gcc is not on PATH: `apt-get install gcc libc6-dev`")
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    done = subprocess.run(
        [gcc, *FLAGS, *flags, *map(str, sources), "-o", str(partial), "-lm"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        reason = next((line for line in lines if "error" in line), f"exit {done.returncode}")
        raise ToolError(f"{sources[0].name} of engine fast does not compile: {reason}")
    partial.replace(target)
