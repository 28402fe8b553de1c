# SPDX-License-Identifier: Apache-2.0
"""test_cli : bad input is one line on stderr and an exit code; figures have --json."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from cosim import cli, doctor, tools
from cosim.errors import CosimError, ToolError
from cosim.model.store import DATA_DIR


def idx(path: Path, array: np.ndarray) -> None:
    head = bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes()))


def test_help_lists_every_command(cosim) -> None:
    text = cosim("--help").out
    for command in (
        "run",
        "lag",
        "doctor",
        "image",
        "report",
        "accuracy",
        "ladder",
        "macro",
        "study",
        "lint",
    ):
        assert f" {command} " in text


def test_version(cosim) -> None:
    assert cosim("--version").out.startswith("cosim ")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["bogus"], ["bogus"]),
        (["run"], ["APP"]),
        (["run", "alexnet"], ["alexnet"]),
        (["run", "lenet5", "--images", "0"], ["--images"]),
        (["run", "lenet5", "--engine", "magic"], ["magic", "fast", "ngspice", "ideal"]),
        (["run", "lenet5", "--nope"], ["--nope"]),
        (["run", "lenet5", "--design", "imac_15nm"], ["imac_15nm", "imac_14nm"]),
        (["run", "lenet5", "--set", "macro.vdd=1"], ["macro.vdd"]),
        (["run", "lenet5", "--set", "macro.vdd_v=-1"], ["macro.vdd_v"]),
        (["run", "lenet5", "--set", "nonsense"], ["nonsense"]),
        (["run", "lenet5", "--model", "none.npz"], ["none.npz"]),
        (["run", "lenet5", "--data", "nowhere"], ["nowhere"]),
        (["run", "lenet5", "--images", "5001"], ["5000", "5001"]),
        (["run", "lenet5", "--spot-check", "2"], ["--spot-check", "2"]),
        (["run", "lenet5", "--spot-check", "0.1", "--cpu-only"], ["--spot-check", "fast"]),
        (["run", "lenet5", "--spot-check", "0.1", "--engine", "ngspice"], ["--spot-check", "fast"]),
        (["accuracy", "--spot-check", "0.1"], ["--spot-check", "--engine"]),
        (["accuracy", "--engine", "ideal", "--spot-check", "0.1"], ["--spot-check", "fast"]),
        (["accuracy", "--engine", "fast", "--spot-check", "0"], ["--spot-check", "0"]),
        (["accuracy", "--engine", "fast", "--spot-check", "x"], ["--spot-check", "number"]),
        (["accuracy", "--engine", "fast", "--spot-check", "1", "--seed", "-1"], ["--seed"]),
        (["ladder", "--second-opinion=maybe"], ["--second-opinion"]),
        (["bench", "--only", "nothing"], ["nothing", "fast", "scaling"]),
        (["bench", "--only", "accuracy"], ["--data"]),
        (["bench", "--only", "accuracy", "--data", "nowhere"], ["nowhere"]),
        (["study"], ["NAME"]),
        (["study", "drive", "--spot-check", "1.5"], ["--spot-check", "1.5"]),
        (["study", "neuron", "--spot-check", "0.1"], ["--spot-check", "neuron", "ngspice"]),
        (["study", "weather"], ["weather", "resistance", "technology", "drive", "neuron"]),
        (["study", "drive", "--images", "0"], ["--images"]),
        (["study", "drive", "--seed", "-1"], ["--seed"]),
        (["study", "drive", "--images", "5001"], ["5000", "5001"]),
        (["study", "drive", "--data", "nowhere"], ["nowhere"]),
        (["study", "drive", "--set", "macro.vdd_v=-1"], ["macro.vdd_v"]),
        (["study", "drive", "--model", "none.npz"], ["none.npz"]),
    ],
)
def test_wrong_words_are_the_users_error(cosim, args: list[str], words: list[str]) -> None:
    cosim(*args).complains(2, *words)
    assert not Path("runs").exists()


def test_design_file_error_names_line_and_key(cosim, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("base: imac_14nm\nname: mine\nmacro:\n  vddd_v: 0.7\n")
    cosim("run", "lenet5", "--design", tmp_path / "d.yaml").complains(2, "d.yaml", "4", "vddd_v")


@pytest.mark.parametrize("keep", [0, 100, 5000])
def test_truncated_model_is_the_users_error(cosim, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes((DATA_DIR / "lenet5.npz").read_bytes()[:keep])
    cosim("run", "lenet5", "--model", path).complains(2, "cut.npz")


def changed_model(path: Path, **arrays: np.ndarray) -> Path:
    with np.load(DATA_DIR / "lenet5.npz") as data:
        np.savez(path, **{**dict(data.items()), **arrays})
    return path


def test_shapes_that_do_not_chain_are_named(cosim, tmp_path: Path) -> None:
    path = changed_model(tmp_path / "m.npz", w1=np.ones((119, 84), np.int8))
    cosim("run", "lenet5", "--model", path).complains(2, "m.npz", "fc2", "120")


def test_weights_outside_the_three_values_are_named(cosim, tmp_path: Path) -> None:
    path = changed_model(tmp_path / "m.npz", w2=np.full((84, 10), 2, np.int8))
    cosim("run", "lenet5", "--model", path).complains(2, "m.npz", "2")


def test_image_folder_without_idx_files_is_named(cosim, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    result = cosim("run", "lenet5", "--data", tmp_path / "pictures")
    result.complains(2, "t10k-images-idx3-ubyte")


def test_truncated_idx_file_is_named(cosim, tmp_path: Path) -> None:
    idx(tmp_path / "t10k-images-idx3-ubyte.gz", np.zeros((3, 28, 28)))
    idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.zeros(3))
    data = gzip.decompress((tmp_path / "t10k-images-idx3-ubyte.gz").read_bytes())
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(data[:-1]))
    cosim("accuracy", "--data", tmp_path).complains(2, "t10k-images-idx3-ubyte.gz", "truncated")


def test_missing_tool_is_a_tool_error_with_its_fix(
    cosim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tools.riscv_gcc.cache_clear()
    cosim("run", "lenet5").complains(3, "gcc-riscv64-unknown-elf", "make setup")
    tools.riscv_gcc.cache_clear()


def test_run_folder_in_the_way_is_one_line(cosim, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = cosim("run", "lenet5", "--engine", "ideal", "--run-dir", tmp_path / "file" / "run")
    result.complains(7, "file/run", "--run-dir")


def test_report_without_runs_says_what_makes_one(cosim) -> None:
    cosim("report").complains(7, "cosim run lenet5")


def test_report_of_a_broken_result_is_one_line(cosim, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"schema": ')
    cosim("report", tmp_path).complains(7, "not JSON")


@pytest.mark.parametrize("raised", [RuntimeError("gone\nwrong"), KeyError("x")])
def test_bug_is_one_line_without_debug(
    cosim, raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise raised

    monkeypatch.setattr("cosim.model.store.load_network", broken)
    cosim("accuracy").complains(1, "internal error", type(raised).__name__, "--debug")
    with pytest.raises(type(raised)):
        cli.main(["--debug", "accuracy"])


def test_ctrl_c_is_130(cosim, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cosim.model.store.load_network", interrupted)
    cosim("accuracy").complains(130, "interrupted")


def test_accuracy_prints_json(cosim, tmp_path: Path) -> None:
    idx(tmp_path / "t10k-images-idx3-ubyte.gz", np.zeros((2, 28, 28)))
    idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.zeros(2))
    figures = json.loads(cosim("accuracy", "--data", tmp_path, "--json").out)
    assert figures["images"] == 2
    assert set(figures) >= {"hybrid", "cpu_only", "source"}


def fake_checks(*, good: bool) -> tuple[doctor.Check, ...]:
    def place() -> tuple[str, str]:
        return "1.0", "/here"

    def probe(folder: Path) -> str:
        assert folder.is_dir()
        if not good:
            raise ToolError("counted 9 of 10")
        return "counted 10 of 10"

    return (doctor.Check(name="one", purpose="counts", place=place, probe=probe, fix="buy it"),)


def test_doctor_is_0_when_all_works(cosim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", fake_checks(good=True))
    monkeypatch.setattr(doctor.examine, "__defaults__", (doctor.CHECKS,))
    ran = cosim("doctor")
    assert ran.code == 0
    assert "counted 10 of 10" in ran.out


def test_doctor_names_the_fix_and_fails(cosim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", fake_checks(good=False))
    monkeypatch.setattr(doctor.examine, "__defaults__", (doctor.CHECKS,))
    ran = cosim("doctor")
    assert ran.code == 3
    assert "fix: buy it" in ran.out
    found = json.loads(cosim("doctor", "--json").out)
    assert found["ok"] is False
    assert found["tools"][0]["fix"] == "buy it"


def test_doctor_reports_a_tool_that_is_not_there() -> None:
    def absent() -> tuple[str, str]:
        raise ToolError("not here")

    (finding,) = doctor.examine((doctor.Check(name="x", purpose="y", place=absent),))
    assert (finding.ok, finding.probe, finding.fix) == (False, "not here", "run `make setup`")


@pytest.mark.parametrize(("value", "code"), [(0.9, 0), (0.7, 8)])
def test_bench_fails_when_a_bound_is_missed(
    cosim, value: float, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cosim import bench

    figure = bench.Figure(name="ratio", value=value, unit="x", bound=0.8, at_least=True)
    monkeypatch.setattr(bench, "PARTS", {"soc": lambda todo: iter([figure])})
    ran = cosim("bench", "--only", "soc", "--json")
    assert ran.code == code
    assert json.loads(ran.out)["figures"][0]["ok"] is (code == 0)
    assert ("ratio" in ran.err) is (code == 8)


@pytest.mark.parametrize(("worst_v", "code"), [(1e-4, 0), (3e-3, 8)])
def test_spot_check_beyond_a_bound_is_8(
    cosim, worst_v: float, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cosim.analog import spot_check
    from cosim.analog.ladder import Bound

    def against(*args: object, **options: object) -> tuple[Bound, ...]:
        return (Bound(name="neuron volts", value=worst_v, limit=2e-3, unit="V"),)

    monkeypatch.setattr(spot_check, "against_ngspice", against)
    words = ["accuracy", "--engine", "fast", "--images", "4", "--spot-check", "0.5"]
    ran = cosim(*words)
    assert ran.code == code
    assert "2 of 4 inputs again in ngspice" in ran.out
    assert ("neuron volts beyond the bound" in ran.err) is (code == 8)
    found = json.loads(cosim(*words, "--json").out)["spot_check"]
    assert (found["ok"], len(found["inputs"])) == (code == 0, 2)


@pytest.mark.parametrize(("error_ps", "seen", "code"), [(0.9, 10, 0), (1.2, 10, 8), (0.9, 9, 8)])
def test_lag_fails_when_an_edge_is_late_or_lost(
    cosim, error_ps: float, seen: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cosim.bridge import lag

    result = lag.LagResult(
        simulator="icarus",
        edges=10,
        seen=seen,
        max_error_ps=error_ps,
        min_error_ps=0.0,
        mean_error_ps=0.1,
        mean_delay_ps=7.8,
        limit_ps=1.0,
        wall_s=0.1,
    )
    monkeypatch.setattr(lag, "run_lag", lambda *args, **options: result)
    ran = cosim("lag", "--simulator", "icarus", "--edges", "10", "--json")
    assert ran.code == code
    assert json.loads(ran.out)["ok"] is (code == 0)


def test_every_error_class_has_its_own_exit_code() -> None:
    codes = [cls.exit_code for cls in (CosimError, *CosimError.__subclasses__())]
    assert len(set(codes)) == len(codes)
