# SPDX-License-Identifier: Apache-2.0
"""test_lag : on both simulators the RTL sees a circuit at most a picosecond late, with ngspice."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from fake_rc import response_ps

from cosim.bridge.build import Simulator, build
from cosim.bridge.lag import MACRO, LagResult, lag_rtl, lag_speed, random_gaps, read_edges, run_lag
from cosim.bridge.lag_env import MACRO_ENV, RESULT_ENV
from cosim.bridge.launch import run_cocotb

EDGES = 200
# ngspice at reltol 1e-3 on a 0.8 V swing against the closed form: 0.8 mV at the crossing's slope of
# 40 mV/ps is 0.02 ps; a quarter of a picosecond leaves room for its step control.
SOLVER_PS = 0.25


@pytest.mark.parametrize(
    ("simulator", "seed"),
    [
        ("icarus", 1),
        ("verilator", 7),
        pytest.param("icarus", 7, marks=pytest.mark.slow),
        pytest.param("verilator", 1, marks=pytest.mark.slow),
    ],
)
def test_every_edge_is_seen_at_most_a_picosecond_late(
    simulator: Simulator, seed: int, tmp_path: Path
) -> None:
    result = run_lag(simulator, EDGES, seed, folder=tmp_path)
    assert result.seen == EDGES
    assert result.max_error_ps <= 1.0
    assert result.min_error_ps >= -0.01
    assert result.passed
    # The design's own record against the closed form: nothing of ngspice in the expectation.
    seen = read_edges(tmp_path / "edges.txt")
    want = response_ps(seen["a"][1:])
    got = seen["y"][1:]
    assert [level for level, _ in got] == [level for level, _ in want]
    for (_, t_ps), (_, exact) in zip(got, want, strict=True):
        assert -SOLVER_PS <= t_ps - exact <= 1.0 + SOLVER_PS


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_ring_through_rtl_and_circuit_runs_at_the_circuits_speed(
    simulator: Simulator, tmp_path: Path
) -> None:
    rtl = lag_rtl(EDGES, feedback=True)
    result, edges = tmp_path / "r.json", tmp_path / "edges.txt"
    run_cocotb(
        simulator,
        build(simulator, rtl),
        top=rtl.top,
        module="cosim.bridge.lag_child",
        folder=tmp_path,
        plusargs=[f"edges={edges}"],
        env={MACRO_ENV: str(MACRO), RESULT_ENV: str(result)},
        wall_limit_s=120.0,
    )
    assert json.loads(result.read_text())["exchanges"] >= 2 * EDGES
    seen = read_edges(edges)
    driven, got = seen["a"][1:], [t for _, t in seen["y"][1:]]
    want = [exact for _, exact in response_ps(driven[:-1])]
    assert len(want) >= EDGES - 2
    for t_ps, exact in zip(got, want, strict=False):
        assert -SOLVER_PS <= t_ps - exact <= 1.0 + SOLVER_PS


def test_the_verdict_fails_where_it_must() -> None:
    good = {
        "simulator": "icarus",
        "edges": 2,
        "seen": 2,
        "max_error_ps": 0.9,
        "min_error_ps": 0.1,
        "mean_error_ps": 0.5,
        "mean_delay_ps": 8.0,
        "limit_ps": 1.0,
        "wall_s": 0.0,
    }
    assert LagResult(**good).passed
    for wrong in ({"max_error_ps": 1.01}, {"min_error_ps": -0.5}, {"seen": 1}):
        assert not LagResult(**{**good, **wrong}).passed


def test_lockstep_costs_little_over_plain_ngspice() -> None:
    speed = lag_speed(edges=1000, rounds=1)
    assert math.isfinite(speed.loop_ratio)
    # The product promises 2.5; a test on a shared machine only catches a change of kind.
    assert speed.loop_ratio < 10.0


def test_the_stimulus_depends_on_its_seed_alone() -> None:
    assert random_gaps(50, 3) == random_gaps(50, 3)
    assert random_gaps(50, 3) != random_gaps(50, 4)
