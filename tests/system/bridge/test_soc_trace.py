# SPDX-License-Identifier: Apache-2.0
"""test_soc_trace : trace files are whole and right however the run ends; read by wellen."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pywellen
from fake_engines import ON_W
from soc_job import Job, children_named, wait_for

from cosim.bridge.soc import run_soc, soc_rtl
from cosim.bridge.soc_trace import Tracing
from cosim.errors import RunFolderError, UserInputError, WorkerLostError
from cosim.trace.events import Evaluation, read_events
from cosim.trace.fst import check_fst
from cosim.trace.window import Window

REGION = 7  # of the small firmware: one evaluation
GRID_PS = 50
LONG = 20_000_000  # loops before the first evaluation
START_S = 600.0  # build and start on a machine that is busy
DIES_WITHIN_S = 10.0


def traced(folder: Path, window: Window, kind: Any = "fst", **options: Any) -> Job:
    tracing = Tracing(kind=kind, window=window, grid_ps=GRID_PS)
    job = Job(folder, options={"simulator": "verilator", "tracing": tracing, **options})
    job.settle = 3
    return job


def changes(path: Path, name: str) -> list[tuple[int, Any]]:
    """Times and values of one signal of an FST file, by the last part of its name."""
    found = [v for v in pywellen.Waveform(str(path)).all_vars() if v.full_name.endswith(name)]
    assert found, name
    return list(found[0].tv)


@pytest.fixture(scope="module")
def by_region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    job = traced(tmp_path_factory.mktemp("region"), Window(open_id=REGION, close_id=REGION))
    outcome = run_soc(job.spec())
    assert outcome.complete
    return job.run_dir


def evaluations(run_dir: Path) -> list[Evaluation]:
    return [e for e in read_events(run_dir / "events.jsonl") if isinstance(e, Evaluation)]


def marks(run_dir: Path, verb: str) -> list[int]:
    text = (run_dir / "marks.txt").read_text()
    return [int(t) for t in re.findall(rf"^M {verb} {REGION} (\d+)", text, re.MULTILINE)]


def test_a_window_opens_and_closes_with_its_region(by_region: Path) -> None:
    window = changes(by_region / "trace.fst", "sim_top.o_window")
    assert [t for t, level in window if level == 1] == marks(by_region, "open")
    assert [t for t, level in window if level == 0] == marks(by_region, "close")
    span = check_fst(by_region / "trace.fst")
    assert (span.begin, span.end) == (marks(by_region, "open")[0], marks(by_region, "close")[-1])


def test_pins_in_the_trace_change_when_the_events_say(by_region: Path) -> None:
    enable = changes(by_region / "trace.fst", "sim_top.o_macro_en")
    assert [t for t, level in enable if level == 1] == [
        e.t_start_ps for e in evaluations(by_region)
    ]
    assert [t for t, level in enable if level == 0][1:] == [
        e.t_done_ps for e in evaluations(by_region)
    ]


def test_power_in_the_trace_adds_up_to_the_energy_of_each_evaluation(by_region: Path) -> None:
    power = changes(by_region / "trace.fst", "analog.m0.power_w")
    for event in evaluations(by_region):
        times = range(event.t_start_ps + GRID_PS, event.t_done_ps + 1, GRID_PS)
        held = [[w for t, w in power if t <= at][-1] for at in times]
        assert held[0] == pytest.approx(ON_W)
        assert sum(held) * GRID_PS * 1e-12 == pytest.approx(event.energy_j, rel=1e-9)


def test_untraced_runs_have_the_model_that_they_always_had() -> None:
    plain = soc_rtl()
    assert plain.trace is None
    assert not {"WINDOW", "CALLS"} & set(plain.parameters)
    assert "o_window" not in plain.read


@pytest.mark.parametrize(
    ("window", "begin", "end"),
    [
        (Window(from_ps=20_500, to_ps=31_250), 20_500, 31_250),
        (Window(pin=1, pin_ps=5000), None, None),
    ],
    ids=["time", "pin"],
)
def test_windows_by_time_and_by_pin(
    window: Window, begin: int | None, end: int | None, tmp_path: Path
) -> None:
    job = traced(tmp_path, window)
    outcome = run_soc(job.spec())
    strobes = [event.t_strobe_ps for event in outcome.evaluations]
    levels = changes(job.run_dir / "trace.fst", "sim_top.o_window")
    opened = [t for t, level in levels if level == 1]
    closed = [t for t, level in levels if level == 0]
    if begin is not None:
        assert (opened, closed) == ([begin], [end])
    else:
        assert opened == strobes
        assert closed == [t + 5000 for t in strobes]


def test_a_window_that_never_opened_is_a_warning(tmp_path: Path) -> None:
    outcome = run_soc(traced(tmp_path, Window(open_id=99, close_id=99)).spec())
    assert "the trace window never opened: there is no trace file" in outcome.warnings


def test_a_dead_worker_leaves_a_whole_trace(tmp_path: Path) -> None:
    job = traced(tmp_path, Window(from_ps=0))
    job.kinds = ("killed",)
    with pytest.raises(WorkerLostError, match="the worker is gone"):
        job.run()
    assert check_fst(job.run_dir / "trace.fst").end > 0
    levels = [level for _, level in changes(job.run_dir / "trace.fst", "sim_top.o_macro_en")]
    assert levels[:2] == [0, 1]  # up to the evaluation in which it died


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_caller_leaves_a_whole_trace(
    how: signal.Signals, tmp_path: Path, patience: Callable[[float], float]
) -> None:
    job = traced(tmp_path, Window(from_ps=0, to_ps=1_000_000))
    job.idle_loops = LONG
    caller = job.call(tmp_path / "caller.log")
    wait_for((job.run_dir / "trace.fst").exists, START_S, caller)
    time.sleep(0.2)
    caller.send_signal(how)
    limit_s = patience(DIES_WITHIN_S)
    caller.wait(limit_s)
    wait_for(lambda: not children_named(str(job.run_dir)), limit_s)
    assert check_fst(job.run_dir / "trace.fst").end > 0
    assert changes(job.run_dir / "trace.fst", "sim_top.o_window")[0][1] == 1


def test_a_trace_that_is_not_whole_is_told(tmp_path: Path) -> None:
    job = traced(tmp_path, Window(from_ps=0, to_ps=100_000))
    run_soc(job.spec())
    path = job.run_dir / "trace.fst"
    path.write_bytes(path.read_bytes()[:-40])  # what a full disk leaves
    with pytest.raises(RunFolderError, match="is not whole"):
        job.spec().tracing.check(job.run_dir)


def test_saif_has_the_time_of_its_window_and_toggles(tmp_path: Path) -> None:
    job = traced(tmp_path, Window(from_ps=20_000, to_ps=60_000), kind="saif")
    assert run_soc(job.spec()).complete
    text = (job.run_dir / "trace.saif").read_text()
    assert "(DURATION 40000)" in text
    clock = re.search(r"\(clk\s*\(T0 (\d+)\) \(T1 (\d+)\).*?\(TC (\d+)\)", text)
    assert clock is not None
    assert int(clock[1]) + int(clock[2]) == 40_000
    assert int(clock[3]) == pytest.approx(2 * 40, abs=1)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="traces need Verilator, not icarus"):
        run_soc(traced(tmp_path, Window(from_ps=0), simulator="icarus").spec())
    with pytest.raises(UserInputError, match="both a kind and a window"):
        Tracing(kind="fst")
    with pytest.raises(UserInputError, match=">= 1 ps, got 0"):
        Tracing(grid_ps=0)
