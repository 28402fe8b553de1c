# SPDX-License-Identifier: Apache-2.0
"""conftest : rules of the whole suite: markers by folder, fixed seeds, missing tools.

A test that meets a missing tool lets ToolError pass: it counts as skipped on a laptop and as failed
where CI is set, like any other skip whose reason does not begin with "optional:".
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import settings

from cosim.errors import ToolError
from cosim.tools import file_lock

Maker = Callable[[Path], object]

TESTS = Path(__file__).parent
FOLDER_MARKS = {"rtl": "rtl", "veriloga": "spice", "system": "system"}
# Files of these folders take longest: workers that take them first end together.
LONG_FIRST = ("system", "firmware", "rtl", "veriloga")
OPTIONAL = "optional:"  # skips that CI accepts: the test needs something only some users have

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


# A shell's background job ignores Ctrl-C and hands that down: tests that send it need it back.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def in_ci() -> bool:
    """Whether the CI job runs this."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def top_folder(item: pytest.Item) -> str:
    """`rtl` of tests/rtl/cpu/test_rv_alu.py."""
    return item.path.relative_to(TESTS).parts[0] if TESTS in item.path.parents else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test the marker of its top folder; long files come first."""
    for item in items:
        if top_folder(item) in FOLDER_MARKS:
            item.add_marker(FOLDER_MARKS[top_folder(item)])
    ranks = {folder: rank for rank, folder in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: ranks.get(top_folder(item), len(ranks)))


@pytest.fixture(scope="session")
def patience() -> Callable[[float], float]:
    """`patience(10.0)`: so many seconds as promised, longer by the load of a machine that is busy.

    The load of two workers with a process each is an idle machine's.
    """

    def longer(limit_s: float) -> float:
        return limit_s * max(1.0, os.getloadavg()[0] / (2 * (os.cpu_count() or 1)))

    return longer


@pytest.fixture(scope="session")
def once(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Maker], Path]:
    """`once("name", fill)`: a folder that `fill` filled, once a session for all workers.

    Whoever reads it must not write into it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base

    def made(name: str, fill: Maker) -> Path:
        folder, done = shared / f"once-{name}", shared / f"once-{name}.done"
        with file_lock(shared / f"once-{name}.lock"):
            if not done.exists():
                folder.mkdir(exist_ok=True)
                fill(folder)
                done.touch()
        return folder

    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Missing tools skip on a laptop; every unexplained skip fails in CI."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, ToolError) and not in_ci():
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"{call.excinfo.value}")
    elif report.skipped and in_ci() and not hasattr(report, "wasxfail"):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if OPTIONAL not in text:
            report.outcome = "failed"
            report.longrepr = f"skipped in CI: {text}"
    return report
