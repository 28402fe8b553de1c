# SPDX-License-Identifier: Apache-2.0
"""rtl_runner : builds one RTL module for Icarus, runs its cocotb coroutines, reports to pytest.

    def test_fifo() -> None:
        run_icarus("imac_fifo", [RTL / "imac/imac_fifo.v"], __file__, parameters={"DEPTH": 4})

Builds are kept in build/rtl under a hash of sources, headers, parameters and defines. Test files
import this inside the simulator too: what only builds need is imported where it is used.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

__all__ = [
    "BUILD",
    "COPROCESSOR",
    "GEN",
    "ROOT",
    "RTL",
    "content_key",
    "file_list",
    "icarus_program",
    "run_icarus",
    "verilator_program",
]

ROOT = Path(__file__).resolve().parents[2]
RTL = ROOT / "rtl"
BUILD = ROOT / "build" / "rtl"
GEN = ROOT / "build" / "gen"  # regmap.vh; also the include folder
COPROCESSOR = ("xif", "imac", "neuron", "mixed", "macro", "stt")  # folders, every kind of macro
TAIL_LINES = 60


def file_list(*folders: str) -> list[Path]:
    """The files of rtl/files.f, of the named folders only when any is named."""
    paths = [
        RTL.parent / line.strip()
        for line in (RTL / "files.f").read_text().splitlines()
        if line.strip() and not line.startswith(("#", "//", "+", "-"))
    ]
    return [path for path in paths if not folders or path.parent.name in folders]


def content_key(sources: Sequence[Path], *settings: object) -> str:
    """Twelve hex digits that change with any source, header or setting."""
    digest = hashlib.sha256(repr(settings).encode())
    for path in [*sources, GEN / "regmap.vh", *sorted(RTL.rglob("*.vh"))]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def run_icarus(
    top: str,
    sources: Sequence[Path],
    module: str | Path,
    *,
    parameters: Mapping[str, int] | None = None,
    defines: Mapping[str, object] | None = None,
    testcase: str | Sequence[str] | None = None,
    plusargs: Sequence[str] = (),
    extra_env: Mapping[str, str] | None = None,
    seed: int = 1,
    timescale: tuple[str, str] = ("1ns", "1ps"),
) -> Path:
    """Build `top`, run the cocotb tests of the file `module` (`__file__`); returns the run folder.

    Fails the pytest test with the end of the simulator's log if any coroutine fails, if the
    simulator fails, or if no coroutine ran at all.
    """
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    _write_headers()
    parameters, defines = dict(parameters or {}), dict(defines or {})
    if shutil.which("iverilog") is None:
        _missing("iverilog is not installed; run `make setup`")
    key = content_key(sources, top, parameters, defines, timescale)
    build_dir = BUILD / f"{top}-{key}"
    runner = get_runner("icarus")
    if not (build_dir / "sim.vvp").exists():
        _build(runner, top, sources, build_dir, parameters, defines, timescale)
    name = re.sub(r"\W+", "_", os.environ.get("PYTEST_CURRENT_TEST", "run").split("::")[-1])
    test_dir = BUILD / "runs" / f"{Path(module).stem}-{name.removesuffix('_call_')}"
    shutil.rmtree(test_dir, ignore_errors=True)
    test_dir.mkdir(parents=True)
    results, log = test_dir / "results.xml", test_dir / "sim.log"
    folder = Path(module).resolve().parent
    search = [str(folder), str(ROOT / "tests" / "rtl"), str(ROOT)]
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        for path in reversed(search):  # the runner hands sys.path to the simulator
            patch.syspath_prepend(path)
        try:
            runner.test(
                test_module=Path(module).stem,
                hdl_toplevel=top,
                hdl_toplevel_lang="verilog",
                testcase=testcase,
                seed=seed,
                build_dir=build_dir,
                test_dir=test_dir,
                plusargs=list(plusargs),
                extra_env=_rewriting(Path(module)) | dict(extra_env or {}),
                results_xml=str(results),
                timescale=timescale,
                log_file=log,
            )
        except (SystemExit, RuntimeError) as error:
            pytest.fail(f"{top}: {error}\n{_tail(log)}", pytrace=False)
    ran, failed = get_results(results)
    if ran == 0 or failed:
        pytest.fail(f"{top}: {failed} of {ran} coroutines failed\n{_tail(log)}", pytrace=False)
    return test_dir


def _write_headers() -> None:
    from cosim import gen

    gen.write_all(GEN)


def _rewriting(module: Path) -> dict[str, str]:
    """Assertions explain themselves in the test file alone: in all of NumPy that takes a second."""
    return {
        "COCOTB_REWRITE_ASSERTION_FILES": f"{module.stem}.py",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def _build(  # noqa: PLR0917
    runner: object,
    top: str,
    sources: Sequence[Path],
    build_dir: Path,
    parameters: Mapping[str, int],
    defines: Mapping[str, object],
    timescale: tuple[str, str],
) -> None:
    """Build beside the final place and move there at once: parallel tests share builds."""
    BUILD.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{top}-", dir=BUILD))
    log = work / "build.log"
    try:
        runner.build(  # type: ignore[attr-defined]
            sources=list(sources),
            includes=[GEN, RTL / "cpu"],
            hdl_toplevel=top,
            parameters=parameters,
            defines=defines,
            build_args=["-g2005", "-Wall", "-Wno-timescale"],
            build_dir=work,
            timescale=timescale,
            log_file=log,
        )
        if not build_dir.exists():
            work.replace(build_dir)
    except (SystemExit, RuntimeError) as error:
        pytest.fail(f"{top} does not build: {error}\n{_tail(log)}", pytrace=False)
    except OSError:  # another process won the race
        if not (build_dir / "sim.vvp").exists():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _missing(why: str) -> None:
    """A missing tool skips on a laptop, fails in CI."""
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def _tail(log: Path) -> str:
    """The last lines of a log file."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else ["(no log)"]
    return "\n".join(lines[-TAIL_LINES:])


def icarus_program(top: str, sources: Sequence[Path]) -> list[str]:
    """Compile a self-running Verilog bench for Icarus; returns the command that starts it."""
    _write_headers()
    if shutil.which("iverilog") is None:
        _missing("iverilog is not installed; run `make setup`")
    target = BUILD / f"{top}-{content_key(sources, 'icarus')}.vvp"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as work:
            built = Path(work) / "out.vvp"
            flags = ["-g2005", "-Wall", "-Wno-timescale", f"-I{GEN}", f"-I{RTL / 'cpu'}"]
            done = subprocess.run(
                ["iverilog", *flags, "-s", top, "-o", str(built), *map(str, sources)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                pytest.fail(f"{top} does not build:\n{done.stdout}{done.stderr}", pytrace=False)
            built.replace(target)
    return ["vvp", "-n", str(target)]


def verilator_program(top: str, sources: Sequence[Path]) -> list[str]:
    """Compile a self-running Verilog bench with Verilator; returns the command that starts it."""
    from cosim import tools
    from cosim.bridge.build import Rtl, verilate_bare
    from cosim.errors import ToolError

    _write_headers()
    try:
        tools.verilator()
    except ToolError as error:
        _missing(str(error))
    bench = Rtl(top=top, sources=tuple(sources), includes=(GEN, RTL / "cpu"))
    return [str(verilate_bare(bench))]
