# SPDX-License-Identifier: Apache-2.0
"""pytest : the pytest plugin: firmware, chip and macro as fixtures, golden timing and energy.

    import pytest

    @pytest.mark.cosim(images=2, engine="fast")
    def test_lenet5_costs_what_it_did(run_firmware, golden):
        golden(run_firmware("lenet5"))

Loaded by itself wherever cosim is installed. Runs are kept in pytest's temporary folders; equal
runs of one session are made once, under `-n` by the first worker that asks. With `--junitxml` each
run's figures are properties of its test.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cosim.errors import ToolError, UserInputError

if TYPE_CHECKING:
    from cosim.api import RunResult
    from cosim.bridge.soc import SocOutcome
    from cosim.macro_bench import MacroBench

__all__ = ["Golden", "figures_of"]

MARKERS = (
    "cosim(**options): options of run_firmware for this test, such as images=2, engine='fast'",
    "needs(tool, ...): skipped where a tool is missing: ngspice, riscv_gcc, verilator, iverilog",
)
TOOLS = ("ngspice", "riscv_gcc", "verilator", "iverilog")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cosim")
    group.addoption(
        "--update-golden",
        action="store_true",
        help="write what runs give into their golden files, keeping the tolerances",
    )
    parser.addini("cosim_golden", "folder of golden files, from the test file", default="golden")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a tool that is not there."""
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            _look_for(str(name))


def _look_for(name: str) -> None:
    from cosim import tools  # noqa: PLC0415 - a test run that uses nothing of cosim loads nothing

    if name not in TOOLS:
        raise UserInputError(f"marker needs: no tool {name!r} (there are {', '.join(TOOLS)})")
    try:
        getattr(tools, name)()
    except ToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _cosim_runs() -> dict[str, RunResult]:
    """Runs of this session, by their options."""
    return {}


@pytest.fixture
def run_firmware(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _cosim_runs: dict[str, RunResult],
) -> Callable[..., RunResult]:
    """`run_firmware("lenet5", images=2, engine="fast")`: cosim.run in a folder of its own."""
    marked: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("cosim"))):
        marked |= marker.kwargs

    def run(application: str = "lenet5", **options: Any) -> RunResult:
        from cosim import api  # noqa: PLC0415

        wanted = {**marked, **options}
        key = repr((application, sorted(wanted.items())))
        if key not in _cosim_runs:
            if "run_dir" in wanted:
                _cosim_runs[key] = api.run(application, **wanted)
            else:
                digest = hashlib.sha256(key.encode()).hexdigest()[:12]
                folder = _session_folder(request.config, tmp_path_factory) / f"run-{digest}"
                _cosim_runs[key] = _run_once(application, folder, wanted)
        result = _cosim_runs[key]
        request.node.user_properties.append(("cosim_run", str(result.folder)))
        request.node.user_properties.extend(figures_of(result).items())
        return result

    return run


def _session_folder(config: pytest.Config, factory: pytest.TempPathFactory) -> Path:
    """A folder of this session alone; under `-n` all workers have the same."""
    base = factory.getbasetemp()
    return base.parent if hasattr(config, "workerinput") else base


def _run_once(application: str, folder: Path, options: Mapping[str, Any]) -> RunResult:
    """The run in `folder`, made now unless another worker has made it."""
    from cosim import api  # noqa: PLC0415
    from cosim.tools import file_lock  # noqa: PLC0415

    with file_lock(folder.with_suffix(".lock")):
        if (folder / "result.json").exists():
            found = api.load(folder)
            if found.complete:
                return found
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
        return api.run(application, run_dir=folder, **options)


@pytest.fixture
def soc(tmp_path: Path) -> Callable[..., SocOutcome]:
    """`soc(image, macros=[...])`: any firmware image on the chip; keywords are those of SocRun."""
    runs = iter(range(1_000_000))

    def run(image: Path, macros: Sequence[Any] = (), **options: Any) -> SocOutcome:
        from cosim.bridge.soc import SocRun, run_soc  # noqa: PLC0415
        from cosim.bridge.soc_config import MacroSpec  # noqa: PLC0415

        idle = MacroSpec(name="idle", kind="ideal", sizes=(400, 120, 84, 10))
        options.setdefault("run_dir", tmp_path / f"soc{next(runs)}")
        return run_soc(SocRun(image=image, macros=tuple(macros) or (idle,), **options))

    return run


@pytest.fixture
def macro() -> Iterator[Callable[..., MacroBench]]:
    """`macro(weights, engine="fast").evaluate(bits)`: a macro by itself, its codes and volts."""
    made: list[MacroBench] = []

    def make(weights: Sequence[Any], **options: Any) -> MacroBench:
        from cosim.macro_bench import MacroBench  # noqa: PLC0415

        made.append(MacroBench(weights, **options))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


class Golden:
    """Holds figures against a file of the test: `golden(result)` or `golden({"cycles": 12})`."""

    def __init__(self, path: Path, *, update: bool) -> None:
        self.path, self.update = path, update
        self._used: set[Path] = set()

    def __call__(self, what: RunResult | Mapping[str, float], name: str = "") -> None:
        from cosim.golden import differences, read_golden, write_golden  # noqa: PLC0415

        figures = dict(what) if isinstance(what, Mapping) else figures_of(what)
        path = self.path.with_name(f"{self.path.stem}-{name}.txt") if name else self.path
        if path in self._used:
            raise UserInputError(f"{path.name} was used before in this test: give each its name")
        self._used.add(path)
        if self.update:
            write_golden(path, figures)
            return
        if not path.exists():
            pytest.fail(f"there is no {path}: `pytest --update-golden` writes it", pytrace=False)
        lines = differences(figures, read_golden(path))
        if lines:
            pytest.fail("\n".join([f"{path} is not met:", *lines]), pytrace=False)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Figures of this test and their tolerances, in a text file beside the test's file."""
    folder = request.path.parent / str(request.config.getini("cosim_golden"))
    name = re.sub(r"[^\w.=-]+", "_", request.node.name).strip("_")
    path = folder / f"{request.path.stem}.{name}.txt"
    return Golden(path, update=bool(request.config.getoption("--update-golden")))


def figures_of(result: RunResult) -> dict[str, float]:
    """Timing and energy of a run, as golden files hold them."""
    figures: dict[str, float] = {
        "correct": int(result.data["totals"]["correct"]),
        "cycles": result.cycles,
        "macro_energy_j": result.macro_energy_j,
    }
    energy = result.data.get("energy")
    if isinstance(energy, Mapping):
        figures["digital_energy_j"] = float(energy["digital_j"])
    for name, layer in result.layers.items():
        cycles = layer.cycles  # a mean over the images
        figures[f"layer.{name}.cycles"] = int(cycles) if cycles == int(cycles) else cycles
        if layer.unit == "macro":
            figures[f"layer.{name}.macro_energy_j"] = layer.macro_energy_j
    return figures
