# SPDX-License-Identifier: Apache-2.0
"""test_soc_perf : the six parts add up to the time measured, whoever computed or waited."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from fake_engines import ClosedForm

from cosim.bridge.soc_perf import PARTS, Meter, cpu_seconds, timed

SLEEP_S = 0.05
TOL_S = 0.03  # of a sleep on a busy machine, at its lower end only


def test_parts_add_up_and_none_is_negative() -> None:
    rng = random.Random(2)
    for _ in range(200):
        meter = Meter()
        for kind in ("load", "solve"):
            wall_s = rng.random()
            meter.add(kind, wall_s, rng.random() * 1.2 * wall_s)
        meter.worker_s = rng.random()
        callback_s = sum(meter.wall_s.values()) + rng.random()
        tracing_s = rng.random()
        wall_s = callback_s + tracing_s + rng.random()
        parts = meter.parts(wall_s, callback_s, tracing_s)
        assert tuple(parts) == PARTS
        assert sum(parts.values()) == pytest.approx(wall_s)
        assert min(parts.values()) >= 0


def test_a_call_that_sleeps_is_waiting_and_one_that_computes_is_solving() -> None:
    class Engine(ClosedForm):
        def advance(self, *args: Any, **kwargs: Any) -> Any:
            end = time.process_time() + SLEEP_S
            while time.process_time() < end:
                pass
            return None

        def sleep(self, t_ps: int) -> None:
            time.sleep(SLEEP_S)

    meter = Meter()
    engine = timed(Engine("m", (4, 2)), meter)
    engine.sleep(0)
    idle = meter.parts(meter.wall_s["solve"], meter.wall_s["solve"], 0.0)
    assert idle["waiting_s"] > SLEEP_S - TOL_S
    engine.advance(0)
    busy = meter.parts(meter.wall_s["solve"], meter.wall_s["solve"], 0.0)
    assert busy["solve_s"] > SLEEP_S - TOL_S
    assert busy["load_s"] == 0


def test_what_a_worker_computes_is_not_waiting() -> None:
    meter = Meter()
    meter.add("solve", 1.0, 0.1)
    meter.worker_s = 0.9
    assert meter.parts(1.0, 1.0, 0.0)["waiting_s"] == pytest.approx(0.0)
    assert meter.parts(1.0, 1.0, 0.0)["solve_s"] == pytest.approx(1.0)


def test_everything_else_of_an_engine_passes_through() -> None:
    engine = timed(ClosedForm("m", (4, 2)), Meter())
    assert engine.name == "m"
    assert engine.energy().total_j == 0.0
    with pytest.raises(AttributeError):
        _ = engine.nonsense  # type: ignore[attr-defined]


def test_processor_time_of_a_process_and_of_none() -> None:
    assert cpu_seconds(os.getpid()) == pytest.approx(time.process_time(), abs=1.0)
    gone = max(int(each.name) for each in Path("/proc").glob("[0-9]*")) + 100_000
    assert cpu_seconds(gone) == 0.0
