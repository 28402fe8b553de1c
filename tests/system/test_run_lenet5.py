# SPDX-License-Identifier: Apache-2.0
"""test_run_lenet5 : the command `cosim run` end to end: figures, refusing disks, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cosim import RunResult
from cosim.trace.events import Evaluation, Finish, Programmed, read_events
from cosim.trace.result import read_result

COMMAND = [sys.executable, "-m", "cosim.cli", "run", "lenet5"]
START_S = 900  # building the SoC on a busy machine
END_S = 15  # after Ctrl-C
MANY = 150  # images: a minute and more
PROGRAM_WORDS = 120 * 26 + 84 * 8 + 10 * 6  # per output, 16 weights a word, bias included


def run(*args: str | Path, limit_s: float = 600) -> subprocess.CompletedProcess[str]:
    argv = [*COMMAND, *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=limit_s, check=False)


def processes_about(folder: Path) -> list[str]:
    """Command lines and working directories of every process that has to do with `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in words or str(folder) in where:
            found.append(words)
    return found


@pytest.fixture
def ideal(run_firmware: Callable[..., RunResult]) -> Path:
    """One finished run with the ideal engine, which other files look at too."""
    return run_firmware("lenet5", images=2, engine="ideal").folder


def test_images_are_classified_as_the_reference_does(ideal: Path) -> None:
    result = read_result(ideal)
    assert result["complete"] is True
    assert [image["class"] for image in result["images"]] == [0, 1]
    assert result["totals"]["agree_reference"] == 2


def test_cycles_of_the_layers_add_up_and_offload_is_short(ideal: Path) -> None:
    for image in read_result(ideal)["images"]:
        layers = {layer["name"]: layer for layer in image["layers"]}
        assert sum(layer["cycles"] for layer in image["layers"]) == image["cycles"]
        assert layers["fc_stack"]["unit"] == "macro"
        assert layers["fc_stack"]["macro_energy_j"] == image["macro_energy_j"] > 0


def test_events_hold_the_whole_run_in_order_of_time(ideal: Path) -> None:
    events = list(read_events(ideal / "events.jsonl"))
    programmed = [event for event in events if isinstance(event, Programmed)]
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    assert [event.words for event in programmed] == [PROGRAM_WORDS]
    assert len(evaluations) == 2
    assert all(e.t_start_ps < e.t_strobe_ps < e.t_done_ps for e in evaluations)
    assert isinstance(events[-1], Finish)
    assert events[-1].code == 0


def test_run_folder_says_what_went_in(ideal: Path) -> None:
    identity = json.loads((ideal / "identity.json").read_text())
    assert len(identity["image_sha256"]) == 64
    assert "macro" in (ideal / "config.resolved.yaml").read_text()
    assert json.loads((ideal / "mapping.json").read_text())["sizes"] == [400, 120, 84, 10]
    assert "class 1" in (ideal / "log.txt").read_text()


def test_without_an_engine_the_circuit_is_solved_by_fast(tmp_path: Path) -> None:
    done = run("--images", "1", "--run-dir", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result == read_result(tmp_path)
    assert (result["engine"], result["totals"]["agree_reference"]) == ("fast", 1)
    assert 0.0 < result["totals"]["macro_energy_j"]


def test_cpu_only_run_has_the_integer_references_codes(
    run_firmware: Callable[..., RunResult],
) -> None:
    result = read_result(run_firmware("lenet5", images=1, cpu_only=True).folder)
    assert result["engine"] == "none"
    assert {"fc1", "fc2", "fc3"} <= {layer["name"] for layer in result["layers"]}
    assert result["totals"]["macro_energy_j"] == 0.0


def start(folder: Path, images: int) -> subprocess.Popen[str]:
    argv = [*COMMAND, "--images", str(images), "--engine", "ideal", "--run-dir", str(folder)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_images(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    deadline = time.monotonic() + START_S
    console = folder / "console.txt"
    while process.poll() is None and time.monotonic() < deadline:
        if console.exists() and console.read_text().count("checksum") >= count:
            return
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"no image within {START_S} s: {process.communicate()[1]}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_interrupted_run_keeps_what_was_finished_and_leaves_no_process(
    number: signal.Signals, tmp_path: Path, patience: Callable[[float], float]
) -> None:
    process = start(tmp_path, images=MANY)
    wait_for_images(process, tmp_path, 1)
    process.send_signal(number)
    out, err = process.communicate(timeout=patience(END_S))
    assert process.returncode == 130
    assert err.splitlines()[-1] == "cosim: interrupted"
    assert "Traceback" not in out + err
    result: dict[str, Any] = read_result(tmp_path)
    assert (result["complete"], result["reason"]) == (False, "interrupted")
    assert 1 <= result["totals"]["images"] < MANY
    assert processes_about(tmp_path) == []
    report = [sys.executable, "-m", "cosim.cli", "report", str(tmp_path)]
    shown = subprocess.run(report, capture_output=True, text=True, check=True).stdout
    assert "NOT COMPLETE: interrupted" in shown


def small_disk(size: str, folder: Path) -> list[str] | None:
    """Words that run a command with `folder` on a file system of `size`; None where not allowed."""
    mount = f"mount -t tmpfs -o size={size} tmpfs {folder}"
    prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    try:
        done = subprocess.run([*prefix, mount], capture_output=True, check=False)
    except OSError:
        return None
    return [*prefix, f'{mount} && exec "$@"', "sh"] if done.returncode == 0 else None


@pytest.mark.parametrize("size", ["12k", "60k"], ids=["at the start", "in the run"])
def test_full_disk_is_one_line_and_exit_7(size: str, tmp_path: Path) -> None:
    prefix = small_disk(size, tmp_path)
    if prefix is None:
        pytest.skip("optional: this machine does not let a test mount a small disk")
    argv = [*prefix, *COMMAND, "--images", "6", "--engine", "ideal", "--run-dir", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=START_S, check=False)
    complaint = [line for line in done.stderr.splitlines() if line.startswith("cosim: ")]
    assert done.returncode == 7, done.stderr
    assert len(complaint) == 1
    assert "No space left on device" in complaint[0]
    assert processes_about(tmp_path) == []


def test_read_only_run_folder_is_one_line_and_exit_7(tmp_path: Path) -> None:
    target = tmp_path / "run"
    (tmp_path / "file").touch()
    target.symlink_to(tmp_path / "file")
    done = run("--images", "1", "--engine", "ideal", "--run-dir", target)
    assert done.returncode == 7
    assert done.stderr.splitlines()[-1].startswith(f"cosim: cannot write {target}")
