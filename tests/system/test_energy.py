# SPDX-License-Identifier: Apache-2.0
"""test_energy : the account of whole runs balances in every view, with and without macro."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cosim import RunResult
from cosim.trace.marks import Marks, read_marks
from cosim.trace.result import read_result

ROUNDING = 1e-9
# Runs that other files make too.
KINDS: dict[str, dict[str, Any]] = {
    "cpu": {"images": 1, "cpu_only": True},
    "hybrid": {"images": 2, "engine": "ideal"},
}


@pytest.fixture(params=sorted(KINDS))
def run(
    request: pytest.FixtureRequest, run_firmware: Callable[..., RunResult]
) -> tuple[Path, dict[str, Any]]:
    folder = run_firmware("lenet5", **KINDS[request.param]).folder
    return folder, dict(read_result(folder))


def test_every_view_has_the_supplies_total(run: tuple[Path, dict[str, Any]]) -> None:
    energy = run[1]["energy"]
    total_j, analog_j = energy["total_j"], energy["analog_j"]
    rows = {key: math.fsum(row["energy_j"] for row in energy[key]) for key in (
        "classes", "functions", "constants")}  # fmt: skip
    views = {
        "supplies": math.fsum(energy["supplies"].values()),
        "components": math.fsum(energy["components"].values()),
        "layers": math.fsum(row["digital_j"] + row["analog_j"] for row in energy["layers"]),
        **{key: joules + analog_j for key, joules in rows.items()},
    }
    for name, joules in views.items():
        assert joules == pytest.approx(total_j, rel=ROUNDING), name
    assert abs(energy["residue_j"]) <= ROUNDING * total_j


def test_files_hold_the_same_joules(run: tuple[Path, dict[str, Any]]) -> None:
    folder, result = run
    energy = result["energy"]
    head, *rows = list(csv.reader((folder / "energy.csv").read_text().splitlines()))
    assert head[1:-1] == [row["name"] for row in energy["layers"]]
    cells = math.fsum(float(value) for row in rows for value in row[1:-1])
    assert cells == pytest.approx(energy["total_j"], rel=ROUNDING)
    lines = list(csv.DictReader((folder / "energy_lines.csv").read_text().splitlines()))
    assert math.fsum(float(row["energy_j"]) for row in lines) == pytest.approx(energy["digital_j"])
    assert lines[0]["line"].startswith("lib/nn_conv.c:")


def exclusive(marks: Marks) -> dict[int, int]:
    """Cycles of each region without the regions inside it, from the marks alone."""
    out: dict[int, int] = {}
    for region in marks.regions:
        inner = [
            other
            for other in marks.regions
            if other is not region
            and region.t_begin_ps <= other.t_begin_ps
            and other.t_end_ps <= region.t_end_ps
        ]
        direct = [
            one
            for one in inner
            if not any(
                two is not one and two.t_begin_ps <= one.t_begin_ps and one.t_end_ps <= two.t_end_ps
                for two in inner
            )
        ]
        spent = region.cycles - sum(one.cycles for one in direct)
        out[region.id] = out.get(region.id, 0) + spent
    return out


def test_layers_have_the_cycles_of_their_marks(run: tuple[Path, dict[str, Any]]) -> None:
    folder, result = run
    marks = read_marks(folder / "marks.txt")
    assert marks.exit is not None
    want = sorted(exclusive(marks).values())
    rest = marks.exit.cycles - sum(want)
    cycles = [row["cycles"] for row in result["energy"]["layers"] if row["name"] != "(standby)"]
    assert sorted(cycles) == sorted([*want, rest])


def test_instructions_and_cycles_are_the_cpus(run: tuple[Path, dict[str, Any]]) -> None:
    folder, result = run
    end = read_marks(folder / "marks.txt").exit
    assert end is not None
    for key in ("classes", "functions"):
        rows = result["energy"][key]
        assert sum(row["instructions"] for row in rows) == end.instructions
        assert sum(row["cycles"] for row in rows) == end.cycles


def test_macro_phases_are_the_macros_energy(run: tuple[Path, dict[str, Any]]) -> None:
    result = run[1]
    phases = result["energy"]["phases"]
    assert len(phases) == result["n_macro"]
    for phase, macro in zip(phases, result["macros"], strict=True):
        parts = {name: joules for name, joules in phase.items() if name != "macro"}
        assert math.fsum(parts.values()) == pytest.approx(macro["energy_j"], rel=1e-6)
        assert parts["program"] == macro["programming_j"]
        assert parts["settle"] + parts["sample"] == pytest.approx(macro["evaluation_j"])
        assert min(parts.values()) >= 0.0


def test_report_prints_the_account_again(run: tuple[Path, dict[str, Any]]) -> None:
    argv = [sys.executable, "-m", "cosim.cli", "report", str(run[0])]
    done = subprocess.run([*argv, "--json"], capture_output=True, text=True, check=True)
    shown = done.stdout[done.stdout.index("{") :]
    assert json.loads(shown)["energy"] == run[1]["energy"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert "Energy of the run" in done.stdout
