# SPDX-License-Identifier: Apache-2.0
"""test_soc_run : firmware on the real SoC with closed-form macros: answers, faults, and endings."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from soc_job import Job, children_named, wait_for

from cosim.bridge.soc import SocOutcome, read_outcome, run_soc
from cosim.errors import (
    ConvergenceError,
    CosimError,
    FirmwareError,
    RtlError,
    RunFolderError,
    WorkerLostError,
)
from cosim.trace.events import Asleep, Programmed

LONG = 20_000_000  # loops before the first evaluation: minutes of simulation on Icarus
START_S = 600.0  # until the first event on a machine that is busy
DIES_WITHIN_S = 10.0  # what the product promises for a dead, hung or diverging engine


def check_codes(job: Job, outcome: SocOutcome) -> None:
    """The firmware printed, and the events hold, what the closed form says."""
    want = job.expected()
    printed = [
        [list(bytes.fromhex(word))[::-1] for word in line.split()]
        for line in outcome.console.splitlines()
    ]
    assert printed == want
    by_macro: dict[int, list[list[int]]] = {}
    for evaluation in outcome.evaluations:
        by_macro.setdefault(evaluation.macro, []).append(list(evaluation.codes))
    assert by_macro == {m: [row[m] for row in want] for m in range(len(job.kinds))}


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_two_macros_answer_each_for_itself(simulator: str, tmp_path: Path) -> None:
    job = Job(tmp_path, kinds=("good", "good"), options={"simulator": simulator})
    outcome = job.run()
    check_codes(job, outcome)
    assert outcome.complete
    assert outcome.exit_code == 0
    assert [event.macro for event in outcome.events if isinstance(event, Programmed)] == [0, 1]
    for evaluation in outcome.evaluations:
        assert evaluation.t_strobe_ps - evaluation.t_start_ps == job.settle * 1000
        assert evaluation.t_start_ps % 1000 == 0
    for k in range(2):
        parts = sum(
            event.energy_j
            for event in outcome.events
            if getattr(event, "macro", None) == k and not isinstance(event, Programmed)
        )
        (total,) = outcome.energies[f"m{k}"]
        assert parts == pytest.approx(total.total_j, rel=1e-12)
    assert len(outcome.marks.regions) == job.evaluations
    assert any(isinstance(event, Asleep) for event in outcome.events)


def test_a_macro_that_is_never_used_is_reported(tmp_path: Path) -> None:
    outcome = Job(tmp_path, evaluations=0).run()
    assert outcome.warnings == ("macro m0: was never evaluated, its strobe never rose",)


def test_the_firmwares_exit_code_comes_back(tmp_path: Path) -> None:
    assert Job(tmp_path, evaluations=1, exit_code=3).run().exit_code == 3


@pytest.mark.parametrize(
    ("fault", "kind", "match"),
    [
        ("nan", ConvergenceError, r"gave nan V.*macro=m0, t_ps=\d+, node=code\[1\]"),
        ("missing", ConvergenceError, r"gave no code.*macro=m0"),
        ("stale", WorkerLostError, r"sampled at .*macro=m0"),
        ("killed", WorkerLostError, r"the worker is gone.*macro=m0, t_ps=\d+"),
    ],
)
def test_a_faulty_engine_ends_the_run_with_its_own_error(
    fault: str, kind: type[CosimError], match: str, tmp_path: Path
) -> None:
    job = Job(tmp_path, kinds=(fault,))
    with pytest.raises(kind, match=match):
        job.run()


def test_an_engine_that_dies_while_nobody_talks_to_it_ends_the_run(
    tmp_path: Path, patience: Callable[[float], float]
) -> None:
    job = Job(tmp_path, kinds=("process",), idle_loops=LONG)
    killed_s: list[float] = []

    def kill(event: object) -> None:
        (pid,) = children_named("sleep 1000", job.run_dir)
        os.kill(pid, signal.SIGKILL)
        killed_s.append(time.monotonic())

    with pytest.raises(WorkerLostError, match=r"died while its macro was asleep.*macro=m0, t_ps"):
        run_soc(job.spec(), progress=kill)
    assert time.monotonic() - killed_s[0] < patience(DIES_WITHIN_S)
    assert not children_named(str(job.run_dir))
    partial = read_outcome(job.run_dir)
    assert not partial.complete
    assert len(partial.events) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_caller_leaves_no_process_and_keeps_the_files(
    how: signal.Signals, tmp_path: Path, patience: Callable[[float], float]
) -> None:
    job = Job(tmp_path, kinds=("process",), idle_loops=LONG)
    log = tmp_path / "caller.log"
    caller = job.call(log)
    wait_for(lambda: len(read_events(job.run_dir)) > 0, START_S, caller)
    limit_s = patience(DIES_WITHIN_S)
    began_s = time.monotonic()
    caller.send_signal(how)
    caller.wait(limit_s)
    wait_for(lambda: not children_named(str(job.run_dir)), limit_s)
    wait_for(lambda: not children_named("sleep 1000", job.run_dir), limit_s)
    assert time.monotonic() - began_s < limit_s
    if how == signal.SIGINT:
        assert "KeyboardInterrupt" in log.read_text()
    assert len(read_outcome(job.run_dir).events) == 1


def test_limits_end_a_run_that_does_not(tmp_path: Path) -> None:
    job = Job(tmp_path, idle_loops=LONG, options={"max_cycles": 3000})
    with pytest.raises(RtlError, match="did not exit within 3000 cycles"):
        job.run()
    job = Job(tmp_path, idle_loops=LONG, options={"wall_limit_s": 3.0})
    with pytest.raises(RtlError, match="did not end in 3 s"):
        job.run()
    assert not children_named(str(job.run_dir))


def test_bad_input_says_what_is_wrong(tmp_path: Path) -> None:
    job = Job(tmp_path, options={"image": tmp_path / "none.hex"})
    with pytest.raises(FirmwareError, match=r"there is no firmware image .*none\.hex"):
        job.run()
    (tmp_path / "file").write_text("")
    job = Job(tmp_path, options={"run_dir": tmp_path / "file" / "run"})
    with pytest.raises(RunFolderError, match="cannot write the run folder"):
        job.run()


def test_a_full_disk_is_an_error_of_the_run_folder(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.run_dir.mkdir()
    (job.run_dir / "events.jsonl").symlink_to("/dev/full")
    with pytest.raises(RunFolderError, match=r"cannot write the run folder .*No space left"):
        job.run()


def test_an_engine_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    job = Job(tmp_path)
    spec = job.spec()
    broken = replace(spec.macros[0], factory="fake_engines:nothing")
    with pytest.raises(WorkerLostError, match=r"no attribute 'nothing'.*macro=m0"):
        run_soc(replace(spec, macros=(broken,)))


def read_events(run_dir: Path) -> list[str]:
    path = run_dir / "events.jsonl"
    return path.read_text().splitlines() if path.exists() else []
