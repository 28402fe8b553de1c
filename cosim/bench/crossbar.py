# SPDX-License-Identifier: Apache-2.0
"""crossbar : one linear tile, many vectors: engine fast's crossbar against badcrossbar 1.1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from cosim.bench.figure import Bench, Figure
from cosim.errors import ToolError

__all__ = ["crossbar"]

SIDE, VECTORS = 128, 100
RATIO_MIN, DIFFERENCE_MAX = 50.0, 1e-9
TIMEOUT_S = 900.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def crossbar(bench: Bench) -> Iterator[Figure]:
    """Ratio of processor times and largest relative difference of the output currents."""
    bench.say(f"{SIDE}x{SIDE} crossbar, {VECTORS} vectors, by badcrossbar 1.1 and by fast")
    done = subprocess.run(
        [sys.executable, "-m", "cosim.bench.crossbar_child", str(SIDE), str(VECTORS)],
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        fix = ": `make bench` installs it" if "badcrossbar" in last else ""
        raise ToolError(f"bench: no comparison with badcrossbar 1.1 ({last}){fix}")
    measured = json.loads(done.stdout)
    yield Figure(
        name=f"badcrossbar 1.1 over fast, {SIDE}x{SIDE} linear tile, {VECTORS} vectors",
        value=measured["theirs_s"] / measured["ours_s"],
        unit="x",
        bound=RATIO_MIN,
        at_least=True,
    )
    yield Figure(
        name="the same, largest relative difference of currents",
        value=measured["difference"],
        unit="x",
        bound=DIFFERENCE_MAX,
        at_least=False,
    )
