# SPDX-License-Identifier: Apache-2.0
"""perf : perf.json, where the wall time of a run went.

inputs_s    reading and checking what the user gave, the reference, the firmware image
build_s     building the simulator program (nothing when it is cached)
start_s     starting it, with Python inside
rtl_s, python_s, load_s, solve_s, waiting_s, tracing_s
            the simulation: see cosim/bridge/soc_perf.py
end_s       from the end of the firmware to the end of the process
results_s   figures, checks, files
residue_s   what nobody measured; the parts and the residue add up to `wall_s`
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosim.errors import MismatchError

__all__ = ["PARTS", "PERF_ID", "RESIDUE", "perf_figures", "perf_line"]

PERF_ID = "cosim-perf-1"
SIMULATION = ("rtl_s", "python_s", "load_s", "solve_s", "waiting_s", "tracing_s")
PARTS = ("inputs_s", "build_s", "start_s", *SIMULATION, "end_s", "results_s")
RESIDUE = 0.02  # of the wall time, and this many seconds: polling between two processes
RESIDUE_S = 0.25


def perf_figures(parts_s: Mapping[str, float], wall_s: float, cycles: int) -> dict[str, Any]:
    """The file's content; MismatchError if more than the stated residue is unaccounted for."""
    unknown = sorted(set(parts_s) - set(PARTS))
    if unknown:
        raise MismatchError(f"perf.json has no part {unknown[0]}")
    parts = {name: float(parts_s.get(name, 0.0)) for name in PARTS}
    residue_s = wall_s - sum(parts.values())
    if abs(residue_s) > RESIDUE * wall_s + RESIDUE_S:
        raise MismatchError(
            f"perf.json: the parts of the wall time add up to {sum(parts.values()):.3f} s, "
            f"the run took {wall_s:.3f} s"
        )
    rtl_s = parts["rtl_s"]
    return {
        "schema": PERF_ID,
        "wall_s": wall_s,
        **parts,
        "residue_s": residue_s,
        "cycles": cycles,
        "rtl_cycles_per_s": cycles / rtl_s if rtl_s > 0 else 0.0,
    }


def perf_line(perf: Mapping[str, Any]) -> str:
    """One line for people: the largest parts, and the speed of the RTL."""
    words = [
        ("RTL", perf["rtl_s"]),
        ("Python", perf["python_s"]),
        ("circuit load", perf["load_s"]),
        ("circuit solve", perf["solve_s"]),
        ("waiting", perf["waiting_s"]),
        ("tracing", perf["tracing_s"]),
    ]
    known_s = sum(seconds for _, seconds in words)
    text = ", ".join(f"{name} {seconds:.2f}" for name, seconds in words if seconds >= 0.005)
    rest = f"rest {perf['wall_s'] - known_s:.2f}"
    speed = f"RTL {perf['rtl_cycles_per_s'] / 1e6:.2f} M cycles/s"
    return f"wall time {perf['wall_s']:.2f} s: {', '.join(filter(None, (text, rest)))}; {speed}"
