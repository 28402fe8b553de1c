# SPDX-License-Identifier: Apache-2.0
"""fast_build : compiles the cell kernel once per content and processor, and loads it."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cosim import tools
from cosim.errors import ToolError

__all__ = ["kernel"]

SOURCE = Path(__file__).parent / "fast_kernel.c"
# not -ffast-math: gcc then links a start-up file that flushes small numbers in the whole process
MATH = (
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"),
    *("-fassociative-math", "-freciprocal-math", "-ffinite-math-only"),
)
FLAGS = (
    "-std=gnu11",
    "-O3",
    "-march=native",
    *MATH,
    "-Wall",
    "-Wextra",
    "-shared",
    "-fPIC",
)


@lru_cache(maxsize=1)
def kernel() -> ctypes.CDLL:
    """The compiled kernel; built on first use."""
    digest = sha256(" ".join((*FLAGS, platform.machine(), _cpu())).encode())
    digest.update(SOURCE.read_bytes())
    target = tools.cache_dir() / "worker" / f"fast-{digest.hexdigest()[:20]}.so"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _compile(target)
    library = ctypes.CDLL(str(target))
    library.fast_step.restype = ctypes.c_int
    library.fast_amplifiers.restype = ctypes.c_long
    return library


def _cpu() -> str:
    """What -march=native depends on: a cache may be shared between machines."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    return next((line for line in text.splitlines() if line.startswith("flags")), "")


def _compile(target: Path) -> None:
    gcc = shutil.which("gcc") or shutil.which("cc")
    if gcc is None:
        raise ToolError("gcc is not on PATH: `apt-get install gcc libc6-dev`")
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    done = subprocess.run(
        [gcc, *FLAGS, str(SOURCE), "-o", str(partial), "-lm"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        reason = next((line for line in lines if "error" in line), f"exit {done.returncode}")
        raise ToolError(f"the kernel of engine fast does not compile: {reason}")
    partial.replace(target)
