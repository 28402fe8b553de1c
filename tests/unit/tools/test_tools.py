# SPDX-License-Identifier: Apache-2.0
"""test_tools : tools are found, made usable, and named with a fix when they are missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cosim import tools
from cosim.errors import NetlistError, ToolError, UserInputError

RESISTOR = """\
`include "disciplines.vams"
`include "value.inc"
module probe(a, b); inout a, b; electrical a, b;
analog I(a, b) <+ V(a, b)/`OHM;
endmodule
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Each test looks at the machine anew."""
    found = (tools.ngspice, tools.verilator, tools.riscv_gcc)
    for function in found:
        function.cache_clear()
    yield
    for function in found:
        function.cache_clear()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("COSIM_CACHE", str(folder))
    return folder


def one_line_with_fix(error: pytest.ExceptionInfo[Exception], *words: str) -> bool:
    text = str(error.value)
    return "\n" not in text and all(word in text for word in words)


def private_ngspice(cache: Path, version: str) -> Path:
    libs = cache / f"ngspice-{version}" / "usr" / "lib" / "x86_64-linux-gnu"
    libs.mkdir(parents=True)
    for name in ("libngspice.so.0", "ld-linux-x86-64.so.2"):
        (libs / name).touch()
    return libs


def test_missing_ngspice_names_the_fix(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_system_lib", lambda: None)
    with pytest.raises(ToolError) as error:
        tools.ngspice()
    assert one_line_with_fix(error, "44", "make setup")


def test_system_ngspice_without_osdi_is_passed_over(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "libngspice.so.0"
    old.write_bytes(b"\x0039.3\x00")
    monkeypatch.setattr(tools, "_system_lib", lambda: old)
    with pytest.raises(ToolError, match="has no OSDI"):
        tools.ngspice()
    libs = private_ngspice(cache, "44.2")
    assert tools.ngspice().lib == libs / "libngspice.so.0"


def test_system_ngspice_with_osdi_is_used_without_a_loader(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "libngspice.so.0"
    new.write_bytes(b"\x00pre_osdi\x00\x0044.2\x00")
    monkeypatch.setattr(tools, "_system_lib", lambda: new)
    found = tools.ngspice()
    assert (found.version, found.lib, found.prefix) == ("44.2", new, ())


def test_the_newest_private_ngspice_is_taken_with_its_own_loader(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "_system_lib", lambda: None)
    private_ngspice(cache, "9.9")
    libs = private_ngspice(cache, "45.1")
    found = tools.ngspice()
    assert found.version == "45.1"
    assert found.prefix == (str(libs / "ld-linux-x86-64.so.2"), "--library-path", str(libs))


@pytest.mark.parametrize("before", [None, b""])
def test_spice_scripts_points_at_a_spinit_of_one_thread(
    before: bytes | None, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "_system_lib", lambda: None)
    private_ngspice(cache, "44.2")
    if before is not None:  # of an earlier version
        (cache / "spice-scripts").mkdir()
        (cache / "spice-scripts" / "spinit").write_bytes(before)
    scripts = Path(tools.ngspice().env["SPICE_SCRIPTS"])
    found = [(path.name, path.read_text()) for path in scripts.iterdir()]
    assert found == [("spinit", "set num_threads=1\n")]


@pytest.mark.parametrize(
    ("find", "package"),
    [
        (tools.iverilog, "iverilog"),
        (tools.vvp, "iverilog"),
        (tools.yosys, "yosys"),
        (tools.riscv_gcc, "gcc-riscv64-unknown-elf"),
        (tools.verilator, "perl"),
    ],
)
def test_program_not_on_path_names_its_package(
    find: object, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as error:
        find()  # type: ignore[operator]
    assert one_line_with_fix(error, f"apt-get install {package}")


def test_missing_wheel_names_the_fix() -> None:
    with pytest.raises(ToolError, match=r"no-such-wheel is not installed: run `make setup`"):
        tools._wheel_dir("no_such_module", "no-such-wheel")


def test_program_of_a_wheel_is_made_executable(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.touch(mode=0o644)
    tools._executable(program, "wheel")
    assert os.access(program, os.X_OK)


def test_cache_that_cannot_be_made_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("COSIM_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ToolError, match="set COSIM_CACHE"):
        tools.cache_dir()


@pytest.mark.spice
class TestCompileVa:
    @pytest.fixture
    def source(self, tmp_path: Path, cache: Path) -> Path:
        (tmp_path / "include").mkdir()
        (tmp_path / "include" / "value.inc").write_text("`define OHM 100.0\n")
        path = tmp_path / "probe.va"
        path.write_text(RESISTOR)
        return path

    def compiled(self, source: Path) -> Path:
        return tools.compile_va(source, include=[source.parent / "include"])

    def test_same_content_is_compiled_once(self, source: Path) -> None:
        first = self.compiled(source)
        written_ns = first.stat().st_mtime_ns
        assert self.compiled(source) == first
        assert first.stat().st_mtime_ns == written_ns

    def test_changed_include_gives_another_file(self, source: Path) -> None:
        first = self.compiled(source)
        (source.parent / "include" / "value.inc").write_text("`define OHM 200.0\n")
        second = self.compiled(source)
        assert second != first
        assert first.exists()
        assert second.exists()

    def test_parallel_callers_get_one_whole_file(self, source: Path) -> None:
        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(self.compiled, [source] * 4))
        assert len(found) == 1
        assert found.pop().read_bytes()[:4] == b"\x7fELF"

    def test_model_that_does_not_compile_is_one_line_with_its_place(self, source: Path) -> None:
        source.write_text(RESISTOR.replace("`OHM", "ohm_"))
        with pytest.raises(NetlistError, match=r"probe\.va does not compile: .*'ohm_'.*:4:") as e:
            self.compiled(source)
        assert one_line_with_fix(e)
        assert not list((tools.cache_dir() / "osdi").iterdir())

    def test_missing_model_file_is_the_users_error(self, cache: Path) -> None:
        with pytest.raises(UserInputError, match=r"cannot read .*none\.va"):
            tools.compile_va("none.va")
