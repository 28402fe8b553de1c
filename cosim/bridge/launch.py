# SPDX-License-Identifier: Apache-2.0
"""launch : starts a simulator with cocotb inside as a process group, and leaves none behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cosim import tools
from cosim.bridge.build import Simulator
from cosim.errors import RtlError, ToolError

__all__ = ["cocotb_environment", "kill_group", "run_cocotb", "running", "simulator_command"]

GRACE_S = 3.0  # between asking a process group to end and ending it
POLL_S = 0.05
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)


def simulator_command(simulator: Simulator, program: Path, plusargs: Sequence[str]) -> list[str]:
    """The argument vector that runs a built design with cocotb loaded."""
    from cocotb_tools import config  # noqa: PLC0415 - cosim stays light to import

    args = [f"+{arg}" for arg in plusargs]
    if simulator == "verilator":
        return [str(program), *args]
    library = config.lib_entry("vpi", "icarus")
    return [str(tools.vvp()), "-n", "-m", library, str(program), "-none", *args]


def cocotb_environment(
    simulator: Simulator, top: str, module: str, *, seed: int, results: Path
) -> dict[str, str]:
    """What cocotb reads: which Python to load, the top module, the module that holds the tests."""
    import find_libpython  # noqa: PLC0415
    from cocotb_tools import config  # noqa: PLC0415

    library = find_libpython.find_libpython()
    if library is None:
        raise ToolError(
            "this Python has no shared library (libpython3.x.so), cocotb needs one: "
            "`apt-get install libpython3-dev`, or a Python configured with --enable-shared"
        )
    return {
        "GPI_USERS": f"{library};{config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": module,
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_TRUST_INERTIAL_WRITES": "1" if simulator == "verilator" else "0",
        "COCOTB_ANSI_OUTPUT": "0",
        "TOPLEVEL_LANG": "verilog",
        # cocotb would rewrite and compile every module imported, NumPy's hundreds too (seconds).
        # Modules of cosim assert nothing; a user's explains itself without pytest's plugins.
        "COCOTB_REWRITE_ASSERTION_FILES": ""
        if module.startswith("cosim.")
        else f"{module.rpartition('.')[2]}.py",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        # NumPy's worker threads would spin beside the simulator and the circuits' processes.
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
    }


@contextmanager
def running(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log_file: Path,
    pass_fds: tuple[int, ...] = (),
    orphan_signal: int = signal.SIGKILL,
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, leader of its own group; when the block is left the whole group is gone.

    It gets `orphan_signal` when this process is killed; one that ends by SIGTERM closes its traces.
    """
    try:
        with log_file.open("ab") as out:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
                cwd=cwd,
                start_new_session=True,
                pass_fds=pass_fds,
                preexec_fn=partial(_die_with_parent, orphan_signal),  # noqa: PLW1509 - takes no lock
            )
    except OSError as error:
        raise ToolError(f"cannot start {argv[0]}: {error.strerror}") from error
    try:
        yield process
    finally:
        kill_group(process)


def _die_with_parent(number: int) -> None:
    """Even a caller that is killed leaves no simulator behind."""
    _LIBC.prctl(PR_SET_PDEATHSIG, number)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End every process of the group: asked first, then forced."""
    for sig, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        try:
            os.killpg(process.pid, sig)
        except (ProcessLookupError, PermissionError):
            break
        end = time.monotonic() + patience_s
        while time.monotonic() < end and _group_alive(process):
            time.sleep(POLL_S)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)


def _group_alive(process: subprocess.Popen[bytes]) -> bool:
    process.poll()  # collects the leader, which would count as alive
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def run_cocotb(
    simulator: Simulator,
    program: Path,
    *,
    top: str,
    module: str,
    folder: Path,
    plusargs: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    seed: int = 1,
    wall_limit_s: float = 600.0,
    watch: Callable[[], None] | None = None,
) -> int:
    """Run the cocotb tests of `module` to their end; the exit status. Log: folder/sim.log.

    `watch` is called a few times a second; what it raises ends the run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    argv = simulator_command(simulator, program, plusargs)
    environment = cocotb_environment(
        simulator, top, module, seed=seed, results=folder / "results.xml"
    )
    end = time.monotonic() + wall_limit_s
    log_file = folder / "sim.log"
    with running(
        argv, env={**environment, **(env or {})}, cwd=folder, log_file=log_file
    ) as process:
        while process.poll() is None:
            if watch is not None:
                watch()
            if time.monotonic() > end:
                raise RtlError(
                    f"the simulation did not end in {wall_limit_s:.0f} s (see {log_file})"
                )
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_S)
    return int(process.returncode)
