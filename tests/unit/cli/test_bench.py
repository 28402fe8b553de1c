# SPDX-License-Identifier: Apache-2.0
"""test_bench : figures keep or miss their bounds, parts are chosen, small measurements run."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cosim import bench
from cosim.bench.figure import Bench, Figure, median_s
from cosim.errors import ToolError, UserInputError


def todo(out: Path, **changed: object) -> Bench:
    options = {"say": lambda text: None, "clock": time.monotonic, "cpu": time.process_time}
    return Bench(**{**options, "command": "cosim bench", "out": out, **changed})  # type: ignore[arg-type]


def figure(value: float, *, at_least: bool) -> Figure:
    return Figure(name="x", value=value, unit="s", bound=2.0, at_least=at_least)


@pytest.mark.parametrize(
    ("value", "at_least", "ok"),
    [(2.0, True, True), (1.9, True, False), (2.0, False, True), (2.1, False, False)],
)
def test_bound_is_a_least_or_a_most(value: float, at_least: bool, ok: bool) -> None:
    assert figure(value, at_least=at_least).ok is ok
    assert figure(value, at_least=at_least).as_dict()["bound"] == (">= 2" if at_least else "<= 2")


def test_not_a_number_keeps_no_bound() -> None:
    assert not figure(float("nan"), at_least=True).ok
    assert not figure(float("nan"), at_least=False).ok


def test_median_ignores_one_slow_round() -> None:
    times = iter([0.0, 1.0, 10.0, 100.0, 200.0, 201.0])
    assert median_s(lambda: None, lambda: next(times), 3) == 1.0


def test_only_the_chosen_parts_run_in_the_order_of_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def part(name: str) -> object:
        def run(work: Bench) -> Iterator[Figure]:
            ran.append(name)
            yield figure(1.0, at_least=False)

        return run

    monkeypatch.setattr(bench, "PARTS", {name: part(name) for name in ("soc", "fast", "fc")})
    assert len(list(bench.measure(("fc", "soc"), todo(tmp_path)))) == 2
    assert ran == ["soc", "fc"]


def test_ratio_needs_the_ngspice_figure_of_the_same_run() -> None:
    order = list(bench.PARTS)
    assert order.index("fc-wires") < order.index("fast")


def test_accuracy_without_data_measures_nothing_and_few_images_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("cosim.bench.fast")
    assert list(module.accuracy(todo(tmp_path))) == []
    few = module.builtin_mnist().first(5)
    monkeypatch.setattr(module, "load_images", lambda data: few)
    with pytest.raises(UserInputError, match="10,000"):
        list(module.accuracy(todo(tmp_path, data=tmp_path)))


def test_scaling_writes_its_table_and_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("cosim.bench.scaling")
    monkeypatch.setattr(module, "SIDES", (8, 16))
    figures = list(module.scaling(todo(tmp_path)))
    assert len(figures) == 2
    assert all(np.isfinite(found.value) for found in figures)
    lines = (tmp_path / "scaling.csv").read_text().splitlines()
    assert lines[0] == "# cosim bench"
    assert [line.split(",")[1] for line in lines[3:]] == ["64", "256"]
    assert b"cosim bench" in (tmp_path / "scaling.png").read_bytes()


def test_fitted_exponent_is_the_slope_of_a_power_law() -> None:
    module = importlib.import_module("cosim.bench.scaling")
    rows = [{"cells": n, "s": 3e-6 * n**1.25} for n in (64, 256, 4096)]
    assert module._exponent(rows, "s") == pytest.approx(1.25)


def test_missing_yardstick_is_a_tool_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("cosim.bench.crossbar")

    class Done:
        returncode, stdout = 1, ""
        stderr = "ModuleNotFoundError: No module named 'badcrossbar'"

    monkeypatch.setattr(module.subprocess, "run", lambda *args, **options: Done)
    with pytest.raises(ToolError, match="make bench"):
        list(module.crossbar(todo(tmp_path)))


def test_memory_child_states_its_peak() -> None:
    module = importlib.import_module("cosim.bench.memory_child")
    peak = module.peak_bytes(["wires.enabled=false"])
    assert 50e6 < peak < 16e9
