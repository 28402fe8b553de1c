# SPDX-License-Identifier: Apache-2.0
"""test_api : calls give typed results of what commands print, and tables for a notebook."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import cosim
from cosim.errors import RunFolderError, UserInputError

LAYER = {"name": "conv1", "unit": "cpu", "cycles": 10.0, "time_s": 1e-8, "macro_energy_j": 0.0}
STACK = {"name": "fc_stack", "unit": "macro", "cycles": 2, "time_s": 2e-9, "macro_energy_j": 3e-8}


def result() -> dict[str, Any]:
    """A result.json of two images, one right."""
    image = {
        "index": 0,
        "label": 7,
        "class": 7,
        "correct": True,
        "reference_class": 7,
        "cycles": 12,
        "time_s": 1.2e-8,
        "outputs_v": [0.1, 0.7],
        "codes": [32, 220],
        "layers": [LAYER, STACK],
        "macro_energy_j": 3e-8,
        "energy_by_group": {"drivers": 3e-8},
    }
    wrong = {**image, "index": 1, "class": 2, "correct": False}
    totals = {
        "images": 2,
        "correct": 1,
        "agree_reference": 1,
        "cycles": 30,
        "time_s": 3e-8,
        "macro_energy_j": 7e-8,
        "wall_s": 1.0,
    }
    return {
        "complete": True,
        "engine": "ideal",
        "images": [image, wrong],
        "layers": [LAYER, STACK],
        "totals": totals,
        "warnings": ["w"],
    }


@pytest.fixture
def run(tmp_path: Path) -> cosim.RunResult:
    (tmp_path / "timeline.json").write_text("{}")
    return cosim.RunResult(folder=tmp_path, data=result())


def test_figures_have_names_and_types(run: cosim.RunResult) -> None:
    assert (run.accuracy, run.cycles, run.engine, run.complete) == (0.5, 30, "ideal", True)
    assert (run.images[1].predicted, run.images[1].label) == (2, 7)
    assert run.layers["fc_stack"].macro_energy_j == 3e-8
    assert run.images[0].layers["conv1"].unit == "cpu"
    assert (run.warnings, run.perf) == (("w",), {})


def test_a_file_of_the_run_is_found_or_its_neighbours_are_named(run: cosim.RunResult) -> None:
    assert run.file("timeline.json").is_file()
    with pytest.raises(UserInputError, match=r"no trace\.fst \(it holds timeline\.json\)"):
        run.file("trace.fst")


def test_tables_are_tidy(run: cosim.RunResult) -> None:
    rows = cosim.table(run.images)
    assert rows[0]["outputs_v.1"] == 0.7
    assert rows[0]["energy_by_group.drivers"] == 3e-8
    assert rows[1]["predicted"] == 2
    assert not any(isinstance(value, dict | list | tuple) for row in rows for value in row.values())
    assert [row["name"] for row in cosim.table(run.layers)] == ["conv1", "fc_stack"]
    json.dumps(rows)


def test_pandas_is_asked_for_only_when_it_is_used(
    run: cosim.RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserInputError, match="pip install pandas"):
        cosim.table(run.images).frame()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"engine": "magic"}, "engine must be fast, ngspice or ideal, got 'magic'"),
        ({"images": 0}, "images must be at least 1, got 0"),
        ({"application": "alexnet"}, "must be lenet5 or mlp or vgg or snn, got 'alexnet'"),
        ({"trace": "nowhere"}, "no region 'nowhere'"),
    ],
)
def test_wrong_options_are_named_and_leave_nothing(
    options: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(UserInputError, match=complaint):
        cosim.run(**options, runs=tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="holds no run"):
        cosim.load(runs=tmp_path)


def test_every_public_name_is_there() -> None:
    assert all(getattr(cosim, name) is not None for name in cosim.__all__)
    with pytest.raises(AttributeError, match="no attribute nonsense"):
        cosim.nonsense  # noqa: B018
