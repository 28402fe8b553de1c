# SPDX-License-Identifier: Apache-2.0
"""test_run_traces : the timeline, trace, stacks and timings of a run agree with its result."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pywellen

from cosim.trace.events import Evaluation, read_events
from cosim.trace.flame import parse_folded
from cosim.trace.perf import PARTS, RESIDUE, RESIDUE_S
from cosim.trace.result import read_result
from cosim.trace.run_folder import RunFolder
from cosim.trace.timeline import SOC_PID, THREADS, check_timeline, macro_pid

COMMAND = [sys.executable, "-m", "cosim.cli", "run", "lenet5"]
PS = 1e-12
TOL_CYCLES = 0.01  # of a layer: calls and loop set-up between the mark and the function
PERIOD_PS = 1000


def run(*args: str | Path, limit_s: float = 900) -> subprocess.CompletedProcess[str]:
    argv = [*COMMAND, *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=limit_s, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images, traced in every way that goes together."""
    path = tmp_path_factory.mktemp("traced")
    args = ("--engine", "ideal", "--trace", "fc1..argmax", "--trace-functions")
    done = run("--images", "2", *args, "--run-dir", path, "--json")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def records(folder: Path) -> list[dict[str, Any]]:
    data = json.loads((folder / "timeline.json").read_text())
    check_timeline(data)
    return list(data["traceEvents"])


def spans(records: list[dict[str, Any]], pid: int, tid: int) -> list[tuple[str, int, int]]:
    return [
        (r["name"], r["args"]["t_begin_ps"], r["args"]["t_end_ps"])
        for r in records
        if r["ph"] == "X" and (r["pid"], r["tid"]) == (pid, tid)
    ]


def test_layers_of_the_timeline_last_as_long_as_the_result_says(
    folder: Path, records: list[dict[str, Any]]
) -> None:
    layers = spans(records, SOC_PID, THREADS["layers"])
    images = [span for span in layers if span[0] == "image"]
    for image, (_, begin_ps, end_ps) in zip(read_result(folder)["images"], images, strict=True):
        assert (end_ps - begin_ps) * PS == pytest.approx(image["time_s"])
        for layer in image["layers"][:-1]:  # the last is the rest
            (span,) = [s for s in layers if s[0] == layer["name"] and begin_ps <= s[1] < end_ps]
            assert (span[2] - span[1]) * PS == pytest.approx(layer["time_s"])


def test_counters_end_at_the_results_energy(folder: Path, records: list[dict[str, Any]]) -> None:
    joules = [r["args"]["J"] for r in records if r["ph"] == "C" and "J" in r["args"]]
    assert joules == sorted(joules)
    assert joules[-1] == pytest.approx(read_result(folder)["totals"]["macro_energy_j"], rel=1e-9)


def test_macro_phases_are_those_of_the_events(folder: Path, records: list[dict[str, Any]]) -> None:
    phases = spans(records, macro_pid(0), 1)
    for event in evaluations(folder):
        assert ("settle", event.t_start_ps, event.t_strobe_ps) in phases
        assert ("sample", event.t_strobe_ps, event.t_done_ps) in phases
    assert sum(end - begin for _, begin, end in phases) == phases[-1][2]
    assert [name for name, *_ in phases].count("program") == 1


def test_instructions_of_the_co_processor_are_there(records: list[dict[str, Any]]) -> None:
    names = [name for name, *_ in spans(records, SOC_PID, THREADS["co-processor"])]
    assert names.count("imac.start") == 2
    assert names.count("imac.push") == 2 * 13  # 400 bits
    assert names.count("imac.pop") == 2 * 3  # 10 codes


def test_stacks_add_up_to_the_run_and_to_its_layers(folder: Path) -> None:
    stacks = parse_folded((folder / "stacks.txt").read_text().splitlines())
    result = read_result(folder)
    assert sum(stacks.values()) == pytest.approx(result["totals"]["cycles"], abs=len(stacks))
    conv = sum(cycles for names, cycles in stacks.items() if names[-1] == "nn_conv5")
    want = sum(
        layer["cycles"]
        for image in result["images"]
        for layer in image["layers"]
        if layer["name"].startswith("conv")
    )
    assert conv == pytest.approx(want, rel=TOL_CYCLES)
    assert "nn_conv5" in (folder / "flame.svg").read_text()


def evaluations(folder: Path) -> list[Evaluation]:
    return [e for e in read_events(folder / "events.jsonl") if isinstance(e, Evaluation)]


def test_neurons_in_the_trace_have_the_volts_that_the_converters_saw(folder: Path) -> None:
    waves = {v.full_name: v for v in pywellen.Waveform(str(folder / "trace.fst")).all_vars()}
    for event in evaluations(folder):
        for layer in range(3):
            volts = event.layers[f"layer{layer}.neuron"]
            for j, want in enumerate(volts):
                wave = waves[f"analog.imac0.layer{layer}.neuron_{j}"]
                seen = [v for t, v in wave.tv if t <= event.t_strobe_ps][-1]
                assert seen == pytest.approx(want, abs=1e-12)


def test_parts_of_the_wall_time_add_up(folder: Path) -> None:
    perf = json.loads((folder / "perf.json").read_text())
    assert perf == read_result(folder)["perf"]
    assert sum(perf[part] for part in PARTS) + perf["residue_s"] == pytest.approx(perf["wall_s"])
    assert abs(perf["residue_s"]) <= RESIDUE * perf["wall_s"] + RESIDUE_S
    assert all(perf[part] >= 0 for part in PARTS)
    assert perf["rtl_s"] > perf["solve_s"]  # engine ideal


def test_another_run_in_the_folder_begins_with_nothing(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(folder, again)
    (again / "notes.md").write_text("a user's own")
    RunFolder(again)
    assert sorted(path.name for path in again.iterdir()) == ["log.txt", "notes.md"]


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("--trace", "conv9x"), "no region 'conv9x'"),
        (("--trace", "all", "--saif", "all"), "give one of them"),
        (("--trace", "5us..1us"), "before it begins"),
    ],
)
def test_a_window_that_cannot_be_is_one_line_and_leaves_no_folder(
    args: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    done = run("--images", "1", *args, "--run-dir", tmp_path / "run")
    assert done.returncode == 2
    assert complaint in done.stderr.splitlines()[-1]
    assert not (tmp_path / "run").exists()
