# SPDX-License-Identifier: Apache-2.0
"""test_run_folder : files of a run are whole or old, and a refusing disk is one clear line."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosim.errors import MismatchError, RunFolderError
from cosim.trace.result import read_result, schema, validate
from cosim.trace.run_folder import RunFolder, latest_run


def result(**changes: object) -> dict[str, object]:
    """The smallest valid result."""
    return {
        "schema": "cosim-result-2",
        "complete": True,
        "reason": None,
        "application": "lenet5",
        "engine": "ideal",
        "model": {"name": "lenet5", "sha256": "0" * 64},
        "design": {"name": "imac_14nm", "digest": "0", "wires": False},
        "data": {"source": "none", "asked": 1},
        "clock_period_s": 1e-9,
        "n_macro": 1,
        "images": [],
        "layers": [],
        "totals": {
            "images": 0,
            "correct": 0,
            "agree_reference": 0,
            "cycles": 0,
            "time_s": 0.0,
            "macro_energy_j": 0.0,
            "wall_s": 0.0,
        },
        "macros": [],
        "energy": None,
        "warnings": [],
        **changes,
    }


def test_two_runs_of_one_second_get_two_folders(tmp_path: Path) -> None:
    names = [RunFolder.create(tmp_path, "20300101-000000", "x").path.name for _ in range(3)]
    assert names == ["20300101-000000-x", "20300101-000000-x-2", "20300101-000000-x-3"]


def test_result_is_validated_and_read_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write_result(result())
    assert read_result(folder.path) == result()
    assert latest_run(tmp_path) == folder.path


def test_schema_is_itself_valid() -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"engine": "magic"}, "engine"),
        ({"images": [{"index": 0}]}, r"images\.0"),
        ({"extra": 1}, "the top"),
        ({"model": {"name": "x", "sha256": "short"}}, r"model\.sha256"),
    ],
)
def test_result_that_breaks_the_schema_names_the_place(
    change: dict[str, object], place: str
) -> None:
    with pytest.raises(MismatchError, match=f"breaks its schema at {place}"):
        validate(result(**change))


def test_nan_never_reaches_a_file(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(RunFolderError, match="NaN"):
        folder.write_json("x.json", {"value": float("nan")})
    assert not (tmp_path / "x.json").exists()


def test_read_only_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # a file in the way refuses root too, permissions do not
    with pytest.raises(RunFolderError, match=r"cannot write .*: choose another with --run-dir"):
        RunFolder(tmp_path / "file" / "run")


def test_run_folder_without_result_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cosim run"):
        latest_run(tmp_path)
    with pytest.raises(RunFolderError, match="cannot read"):
        read_result(tmp_path)


def test_a_run_begins_without_what_another_left(tmp_path: Path) -> None:
    RunFolder(tmp_path).write_result(result())
    for name in ("report.html", "report-against-x.html", "trace.fst", "mine.txt"):
        (tmp_path / name).touch()
    RunFolder(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.txt", "mine.txt"]


def test_file_size_limit_keeps_the_old_file_whole(tmp_path: Path) -> None:
    """The kernel refuses the write, as on a full disk: the last good result stays, no debris."""
    folder = RunFolder(tmp_path)
    folder.write_json("result.json", {"old": True})
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from cosim.errors import RunFolderError\n"
        "from cosim.trace.run_folder import RunFolder\n"
        f"folder = RunFolder.at(Path({str(tmp_path)!r}))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    folder.write_json('result.json', {'new': 'x' * 100_000})\n"
        "except RunFolderError as error:\n"
        "    sys.exit(str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("cannot write ")
    assert done.stderr.count("\n") == 1
    assert json.loads((tmp_path / "result.json").read_text()) == {"old": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.txt", "result.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="optional: no /dev/full here")
def test_full_disk_says_so(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    partial = tmp_path / f".result.json.{os.getpid()}.part"
    partial.symlink_to("/dev/full")  # every write there is "No space left on device"
    with pytest.raises(RunFolderError, match="No space left on device: free some space"):
        folder.write_json("result.json", {"new": True})
    assert not (tmp_path / "result.json").exists()


def test_log_takes_what_cosim_says_and_lets_go(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with folder.logging():
        logging.getLogger("cosim.anything").info("inside")
    logging.getLogger("cosim.anything").warning("outside")
    text = (tmp_path / "log.txt").read_text()
    assert "cosim.anything: inside" in text
    assert "outside" not in text
