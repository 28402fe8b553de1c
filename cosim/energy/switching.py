# SPDX-License-Identifier: Apache-2.0
"""switching : the core's energy a second way: toggles of its gates times joules a toggle."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosim.energy.netlist import Cell
from cosim.errors import RtlError

__all__ = ["CLOCK", "Switching", "read_toggles", "switching_energy"]

CLOCK = "clock"
FLOP = "DFF"
DURATION = re.compile(r"\(DURATION (\d+)\)")
TIMESCALE = re.compile(r"\(TIMESCALE (\d+) ?(ps|ns|us|s)\)")
PS = {"ps": 1, "ns": 10**3, "us": 10**6, "s": 10**12}
NET = re.compile(r"^\s*\((\S+) \(T0 .*\(TC (\d+)\)")
INSTANCE = re.compile(r"^\s*\(INSTANCE (?:\"[^\"]*\" )?(\w+)")


@dataclass(frozen=True, kw_only=True)
class Switching:
    """Joules over `cycles` clock cycles by kind of cell, and how often each kind moved."""

    cycles: int
    cells: Mapping[str, int]
    toggles: Mapping[str, int]
    energy_j: Mapping[str, float]

    @property
    def total_j(self) -> float:
        return sum(self.energy_j.values())

    @property
    def cycle_j(self) -> float:
        """Mean of a cycle."""
        return self.total_j / self.cycles


def read_toggles(path: Path, instance: str) -> tuple[dict[str, int], int]:
    """Toggles of every net of one instance of a SAIF file, and the window's length in ps."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise RtlError(f"cannot read {path}: {error.strerror}") from error
    found: dict[str, int] = {}
    depth, inside_depth = 0, -1
    duration, unit_ps = 0, 1
    for line in lines:
        if match := DURATION.search(line):
            duration = int(match[1])
        elif match := TIMESCALE.search(line):
            unit_ps = int(match[1]) * PS[match[2]]
        elif match := INSTANCE.match(line):
            if match[1] == instance and inside_depth < 0:
                inside_depth = depth
        elif inside_depth >= 0 and (match := NET.match(line)):
            found[match[1].replace("\\", "")] = int(match[2])
        depth += line.count("(") - line.count(")")
        if inside_depth >= 0 and depth <= inside_depth:
            break
    if not found or not duration:
        raise RtlError(f"{path} holds no switching of an instance {instance}")
    return found, duration * unit_ps


def switching_energy(
    cells: Iterable[Cell],
    toggles: Mapping[str, int],
    joules: Mapping[str, float],
    *,
    cycles: int,
) -> Switching:
    """Each cell's toggles times its joules; each flip-flop a clock cycle's joules on top."""
    counts: dict[str, int] = {}
    moved: dict[str, int] = {}
    for cell in cells:
        if cell.kind not in joules:
            raise RtlError(f"no energy is known of a cell {cell.kind}")
        if cell.net not in toggles:
            raise RtlError(f"the trace lacks net {cell.net}")
        counts[cell.kind] = counts.get(cell.kind, 0) + 1
        moved[cell.kind] = moved.get(cell.kind, 0) + toggles[cell.net]
    energy = {kind: moved[kind] * joules[kind] for kind in counts}
    energy[CLOCK] = counts.get(FLOP, 0) * cycles * joules[CLOCK]
    return Switching(cycles=cycles, cells=counts, toggles=moved, energy_j=energy)
