# SPDX-License-Identifier: Apache-2.0
"""test_pytest : the plugin in a pytest of its own: golden files, markers, workers, JUnit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from cosim.macro_bench import MacroBench

SUITE = """
import pytest
CYCLES = {cycles}

@pytest.mark.parametrize("n", range(6))
def test_costs(golden, n):
    golden({{"cycles": CYCLES + n, "energy_j": 1e-9 * (n + 1)}})

@pytest.mark.needs("nothing_like_it")
def test_needs(): pass

@pytest.mark.needs("riscv_gcc")
def test_has_gcc(): pass
"""
RUN_SUITE = """
def test_runs(run_firmware, golden, monkeypatch):
    from cosim import api
    made = []
    def fake(application, *, run_dir, **options):
        made.append(options)
        layers = [dict(name="conv1", unit="cpu", cycles=5.0, time_s=1.0, macro_energy_j=0.0)]
        totals = dict(correct=1, cycles=12, time_s=1.0, macro_energy_j=2.5e-9)
        data = dict(totals=totals, layers=layers, images=[{{}}], energy=None, warnings=[])
        return api.RunResult(folder=run_dir, data=data)
    monkeypatch.setattr(api, "run", fake)
    golden(run_firmware("lenet5", images=1))
    run_firmware("lenet5", images=1)
    run_firmware("lenet5", images=2)
    assert [each["images"] for each in made] == [1, 2]
"""

SHARED_SUITE = """
import json, os, time
import pytest
from cosim import api

def load(folder):
    return api.RunResult(folder=folder, data=json.loads((folder / "result.json").read_text()))

def fake(application, *, run_dir, **options):
    with open({log!r}, "a") as log:
        log.write(f"{{options['images']}} {{os.environ['PYTEST_XDIST_WORKER']}}\\n")
    time.sleep(0.5)  # long enough for the other worker to ask meanwhile
    run_dir.mkdir()
    data = dict(complete=True, totals=dict(correct=1, cycles=12, macro_energy_j=0.0), layers=[])
    (run_dir / "result.json").write_text(json.dumps(data))
    return load(run_dir)

@pytest.mark.parametrize("n", range(4))
def test_one_of_four(n, run_firmware, monkeypatch):
    monkeypatch.setattr(api, "run", fake)
    monkeypatch.setattr(api, "load", load)
    assert run_firmware("lenet5", images=1).cycles == 12
    assert run_firmware("lenet5", images=2).cycles == 12
"""


def pytest_in(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """A pytest run that knows only the plugin."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    argv = [sys.executable, "-m", "pytest", "-p", "cosim.pytest", "-q", *args, str(folder)]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)


def suite(folder: Path, cycles: int) -> None:
    (folder / "test_it.py").write_text(SUITE.format(cycles=cycles))


def test_golden_files_are_written_met_and_missed(tmp_path: Path) -> None:
    suite(tmp_path, 100)
    first = pytest_in(tmp_path, "-k", "costs")
    assert first.returncode == 1
    assert "`pytest --update-golden` writes it" in first.stdout
    assert pytest_in(tmp_path, "-k", "costs", "--update-golden", "-n", "2").returncode == 0
    files = sorted(path.name for path in (tmp_path / "golden").iterdir())
    assert files == [f"test_it.test_costs_{n}.txt" for n in range(6)]
    assert pytest_in(tmp_path, "-k", "costs", "-n", "2").returncode == 0
    suite(tmp_path, 101)
    missed = pytest_in(tmp_path, "-k", "costs")
    assert missed.stdout.count("cycles: expected") >= 6
    assert "energy_j: expected" not in missed.stdout


def test_markers_look_for_tools(tmp_path: Path) -> None:
    suite(tmp_path, 100)
    done = pytest_in(tmp_path, "-k", "needs or gcc", "-rs")
    assert "no tool 'nothing_like_it' (there are ngspice, riscv_gcc" in done.stdout
    assert "1 error" in done.stdout


def test_equal_runs_are_made_once_and_junit_has_their_figures(tmp_path: Path) -> None:
    (tmp_path / "test_run.py").write_text(RUN_SUITE.format())
    done = pytest_in(tmp_path, "--update-golden", f"--junitxml={tmp_path / 'out.xml'}")
    assert done.returncode == 0, done.stdout
    case = next(ElementTree.parse(tmp_path / "out.xml").iter("testcase"))
    properties = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
    assert properties["cycles"] == "12"
    assert properties["macro_energy_j"] == "2.5e-09"
    assert "layer.conv1.cycles" in (tmp_path / "golden" / "test_run.test_runs.txt").read_text()


def test_workers_share_equal_runs(tmp_path: Path) -> None:
    log = tmp_path / "made.txt"
    (tmp_path / "test_run.py").write_text(SHARED_SUITE.format(log=str(log)))
    done = pytest_in(tmp_path, "-n", "2")
    assert done.returncode == 0, done.stdout
    assert sorted(line.split()[0] for line in log.read_text().splitlines()) == ["1", "2"]


def test_a_macro_by_itself_gives_the_codes_of_its_stack() -> None:
    rng = np.random.default_rng(3)
    weights = [rng.choice([-1.0, 1.0], size=(9, 4)), rng.choice([-1.0, 1.0], size=(5, 3))]
    with MacroBench(weights, engine="ideal") as bench:
        assert bench.sizes == (8, 4, 3)
        bits = rng.integers(0, 2, 8)
        first, again = bench.evaluate(bits), bench.evaluate(bits)
        other = bench.evaluate(1 - bits)
    assert first.codes == again.codes
    assert first.codes != other.codes
    assert first.energy_j == pytest.approx(again.energy_j, rel=1e-9)
    assert first.energy_j == pytest.approx(sum(first.energy_by_group.values()), rel=1e-9)
    assert first.layers["layer0.neuron"].shape == (4,)
