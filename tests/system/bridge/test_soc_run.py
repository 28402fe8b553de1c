# SPDX-License-Identifier: Apache-2.0
"""test_soc_run : firmware on the real SoC with closed-form macros: answers, faults, and endings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engines import expected_codes
from small_firmware import build_firmware

from cosim.bridge.soc import SocOutcome, SocRun, read_outcome, run_soc
from cosim.bridge.soc_config import MacroSpec
from cosim.errors import (
    ConvergenceError,
    CosimError,
    FirmwareError,
    RtlError,
    RunFolderError,
    WorkerLostError,
)
from cosim.mapping.packing import pack
from cosim.trace.events import Asleep, Programmed

SIZES = (20, 5, 4)
LONG = 20_000_000  # loops before the first evaluation: minutes of simulation on Icarus
DIES_WITHIN_S = 10.0  # what the product promises for a dead, hung or diverging engine


@dataclass
class Job:
    """One small run: macros, weights, inputs, and what the codes must be."""

    folder: Path
    kinds: tuple[str, ...] = ("good",)
    evaluations: int = 3
    settle: int = 8
    idle_loops: int = 0
    exit_code: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(5)
        self.weights = [
            tuple(rng.choice([-1, 1], size=(a + 1, b)).astype(np.int8) for a, b in pairwise(SIZES))
            for _ in self.kinds
        ]
        self.bits = rng.integers(0, 2, (max(1, self.evaluations), len(self.kinds), SIZES[0]))
        self.run_dir = self.folder / "run"

    def spec(self) -> SocRun:
        image = build_firmware(
            self.folder / "fw",
            words=[[int(word) for word in pack(stack)] for stack in self.weights],
            inputs=[
                [[sum(int(bit) << i for i, bit in enumerate(bits))] for bits in row]
                for row in self.bits
            ],
            evaluations=self.evaluations,
            settle=self.settle,
            idle_loops=self.idle_loops,
            exit_code=self.exit_code,
        )
        macros = tuple(
            MacroSpec(name=f"m{k}", kind=kind, sizes=SIZES, factory="fake_engines:make")
            for k, kind in enumerate(self.kinds)
        )
        settings: dict[str, Any] = {
            "image": image,
            "run_dir": self.run_dir,
            "macros": macros,
            "in_w": SIZES[0],
            "out_n": SIZES[-1],
            "ram_words": 16384,
            "simulator": "icarus",
            "wall_limit_s": 120.0,
        }
        return SocRun(**{**settings, **self.options})

    def run(self) -> SocOutcome:
        return run_soc(self.spec())

    def expected(self) -> list[list[list[int]]]:
        """Codes by evaluation and macro."""
        return [
            [expected_codes(stack, bits) for stack, bits in zip(self.weights, row, strict=True)]
            for row in self.bits
        ]


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


def test_an_engine_that_dies_while_nobody_talks_to_it_ends_the_run(tmp_path: Path) -> None:
    job = Job(tmp_path, kinds=("process",), idle_loops=LONG)
    killed_s: list[float] = []

    def kill(event: object) -> None:
        (pid,) = children_named("sleep 1000")
        os.kill(pid, signal.SIGKILL)
        killed_s.append(time.monotonic())

    with pytest.raises(WorkerLostError, match=r"died while its macro was asleep.*macro=m0, t_ps"):
        run_soc(job.spec(), progress=kill)
    assert time.monotonic() - killed_s[0] < DIES_WITHIN_S
    assert not children_named(str(job.run_dir))
    partial = read_outcome(job.run_dir)
    assert not partial.complete
    assert len(partial.events) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_caller_leaves_no_process_and_keeps_the_files(
    how: signal.Signals, tmp_path: Path
) -> None:
    job = Job(tmp_path, kinds=("process",), idle_loops=LONG)
    spec = job.spec()
    text = (
        "from pathlib import Path, PosixPath\n"
        "from cosim.bridge.soc import SocRun, run_soc\n"
        "from cosim.bridge.soc_config import MacroSpec\n"
        f"run_soc({spec!r})\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    caller = subprocess.Popen(
        [sys.executable, "-c", text], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    wait_for(lambda: len(read_events(job.run_dir)) > 0, 60.0)
    began_s = time.monotonic()
    caller.send_signal(how)
    output, _ = caller.communicate(timeout=30.0)
    wait_for(lambda: not children_named(str(job.run_dir)), DIES_WITHIN_S)
    wait_for(lambda: not children_named("sleep 1000"), DIES_WITHIN_S)
    assert time.monotonic() - began_s < DIES_WITHIN_S
    if how == signal.SIGINT:
        assert b"KeyboardInterrupt" in output
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


def children_named(text: str) -> list[int]:
    """Live processes of this user whose command line holds `text`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if text in command and state not in ("Z", "X") and "python -c" not in command:
            found.append(int(folder.name))
    return found


def wait_for(condition: Callable[[], bool], limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"not true after {limit_s} s"
        time.sleep(0.05)
