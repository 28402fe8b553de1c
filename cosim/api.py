# SPDX-License-Identifier: Apache-2.0
"""api : the commands as calls, each returning as typed values what the command prints.

import cosim
result = cosim.run("lenet5", images=3, engine="fast")
result.accuracy, result.layers["fc_stack"].cycles
cosim.table(result.images)          # list of dicts; .frame() for pandas
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.errors import UserInputError

if TYPE_CHECKING:
    from cosim.flow import Progress
    from cosim.flow_inputs import RunOptions
    from cosim.report.compare import Comparison

__all__ = ["ImageResult", "LayerResult", "RunResult", "compare", "load", "run", "table"]

RUNS = Path("runs")
ENGINES = ("fast", "ngspice", "ideal")


@dataclass(frozen=True, kw_only=True)
class LayerResult:
    """One layer: where it ran and what it cost; means over the images in `RunResult.layers`."""

    name: str
    unit: str  # cpu or macro
    cycles: float
    time_s: float
    macro_energy_j: float


@dataclass(frozen=True, kw_only=True)
class ImageResult:
    """One image: what it is, what it was taken for, what that cost."""

    index: int
    label: int
    predicted: int
    correct: bool
    reference_class: int
    cycles: int
    time_s: float
    macro_energy_j: float
    outputs_v: tuple[float, ...]
    codes: tuple[int, ...]
    layers: Mapping[str, LayerResult] = field(repr=False)
    energy_by_group: Mapping[str, float] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A run: `data` is result.json, `folder` where everything else lies."""

    folder: Path
    data: Mapping[str, Any] = field(repr=False)

    @cached_property
    def images(self) -> tuple[ImageResult, ...]:
        return tuple(_image(entry) for entry in self.data["images"])

    @cached_property
    def layers(self) -> Mapping[str, LayerResult]:
        """Means over the images, by name."""
        return {entry["name"]: LayerResult(**entry) for entry in self.data["layers"]}

    @property
    def complete(self) -> bool:
        return bool(self.data["complete"])

    @property
    def engine(self) -> str:
        """What solved the macro: fast, ngspice, ideal, or none."""
        return str(self.data["engine"])

    @property
    def accuracy(self) -> float:
        """Share of the images that were classified as labelled."""
        return float(self.data["totals"]["correct"]) / max(1, len(self.images))

    @property
    def cycles(self) -> int:
        """From reset to the exit store."""
        return int(self.data["totals"]["cycles"])

    @property
    def time_s(self) -> float:
        return float(self.data["totals"]["time_s"])

    @property
    def macro_energy_j(self) -> float:
        return float(self.data["totals"]["macro_energy_j"])

    @property
    def perf(self) -> Mapping[str, Any]:
        """Where the wall time went (perf.json); empty for a run cut short."""
        return dict(self.data.get("perf", {}))

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self.data["warnings"])

    def file(self, name: str) -> Path:
        """A file of the run folder; UserInputError if the run did not write it."""
        path = self.folder / name
        if not path.is_file():
            there = ", ".join(sorted(entry.name for entry in self.folder.iterdir()))
            raise UserInputError(f"{self.folder} holds no {name} (it holds {there})")
        return path


def _image(entry: Mapping[str, Any]) -> ImageResult:
    values = {key: value for key, value in entry.items() if key != "class"}
    values["predicted"] = entry["class"]
    values["outputs_v"], values["codes"] = tuple(entry["outputs_v"]), tuple(entry["codes"])
    values["layers"] = {layer["name"]: LayerResult(**layer) for layer in entry["layers"]}
    return ImageResult(**values)


def run(
    application: str = "lenet5",
    *,
    images: int = 3,
    engine: str = "fast",
    cpu_only: bool = False,
    design: str | Path | None = None,
    sets: Sequence[str] = (),
    data: str | Path | None = None,
    model: str | Path | None = None,
    trace: str | None = None,
    saif: str | None = None,
    trace_functions: bool = False,
    trace_grid_ps: int = 50,
    die: int | None = None,
    noise: bool = False,
    seed: int = 1,
    run_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    progress: Progress | None = None,
) -> RunResult:
    """`cosim run`: images through the firmware on the RTL SoC, FC layers in the macro.

    `trace` and `saif` are windows (`fc_stack..argmax`, `10us..12us`, `macro_en+20ns`, `all`).
    `die` is a die of `seed` instead of the nominal circuit; `noise` that of conversions.
    `design` and `model` are the application's own by default. Everything is written to `run_dir`,
    or to a new folder under `runs`.
    """
    from cosim.flow import run_application  # noqa: PLC0415 - `import cosim` stays light
    from cosim.trace.run_folder import RunFolder  # noqa: PLC0415

    if engine not in ENGINES:
        raise UserInputError(f"engine must be fast, ngspice or ideal, got {engine!r}")
    options = _options(
        application,
        images=images,
        engine="none" if cpu_only else engine,
        design=design,
        sets=tuple(sets),
        data=None if data is None else Path(data),
        model=model,
        trace=trace,
        saif=saif,
        trace_functions=trace_functions,
        trace_grid_ps=trace_grid_ps,
        die=die,
        noise=noise,
        seed=seed,
    )
    stamp = time.strftime("%Y%m%d-%H%M%S")

    def open_folder() -> RunFolder:
        """Called once the options are known to be good: a typing error leaves no folder."""
        if run_dir is not None:
            return RunFolder(Path(run_dir))
        return RunFolder.create(Path(runs), stamp, options.name)

    folder, result = run_application(options, open_folder, progress=progress, clock=time.monotonic)
    return RunResult(folder=folder.path, data=result)


def compare(
    application: str = "lenet5",
    *,
    images: int = 3,
    engine: str = "fast",
    design: str | Path | None = None,
    sets: Sequence[str] = (),
    data: str | Path | None = None,
    model: str | Path | None = None,
    run_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    progress: Progress | None = None,
    command: str = "cosim.compare(...)",
) -> tuple[Path, Comparison]:
    """`cosim compare`: the same images on the CPU alone and with the macro.

    Returns the folder (runs in `cpu/` and one named after the macro, compare.json, report.html) and
    the comparison.
    """
    from cosim.flow_compare import run_comparison  # noqa: PLC0415 - `import cosim` stays light
    from cosim.trace.run_folder import RunFolder  # noqa: PLC0415

    options = _options(
        application,
        images=images,
        engine=engine,
        design=design,
        sets=tuple(sets),
        data=None if data is None else Path(data),
        model=model,
    )
    stamp = time.strftime("%Y%m%d-%H%M%S")

    def open_folder() -> RunFolder:
        if run_dir is not None:
            return RunFolder(Path(run_dir))
        return RunFolder.create(Path(runs), stamp, f"{application}-compare")

    return run_comparison(options, open_folder, command, progress=progress, clock=time.monotonic)


def _options(
    application: str,
    *,
    images: int,
    engine: str,
    design: str | Path | None,
    model: str | Path | None,
    **others: Any,
) -> RunOptions:
    """Options of a run, refused here if they cannot be."""
    from cosim.applications import application as find  # noqa: PLC0415 - as above
    from cosim.flow_inputs import RunOptions, default_model  # noqa: PLC0415 - as above

    default = find(application)
    if engine not in (*ENGINES, "none"):
        raise UserInputError(f"engine must be fast, ngspice or ideal, got {engine!r}")
    if images < 1:
        raise UserInputError(f"images must be at least 1, got {images}")
    options = RunOptions(
        application=application,
        images=images,
        engine=engine,
        design=str(design or default.design),
        model=str(model or default_model(default, design)),
        **others,
    )
    if engine == "none" and (options.die is not None or options.noise):
        raise UserInputError("a die and noise need a macro: leave cpu_only away")
    if options.seed < 0 or (options.die or 0) < 0:
        raise UserInputError(f"seed and die must be at least 0, got {options.seed}, {options.die}")
    return options


def load(run_dir: str | Path | None = None, *, runs: str | Path = RUNS) -> RunResult:
    """`cosim report`: the result of a run folder, the latest under `runs` without one."""
    from cosim.trace.result import read_result  # noqa: PLC0415 - `import cosim` stays light
    from cosim.trace.run_folder import latest_run  # noqa: PLC0415

    folder = latest_run(Path(runs)) if run_dir is None else Path(run_dir)
    return RunResult(folder=folder, data=read_result(folder))


class Table(list[dict[str, Any]]):
    """Rows as dicts, one value a column: what a notebook wants."""

    def frame(self) -> Any:
        """The table as a pandas DataFrame, where pandas is installed."""
        try:
            pandas = importlib.import_module("pandas")  # optional: nothing here depends on it
        except ImportError as error:
            raise UserInputError("pandas is not installed: `pip install pandas`") from error
        return pandas.DataFrame(list(self))


def table(rows: Iterable[Any] | Mapping[str, Any]) -> Table:
    """Tidy rows of images, layers or any results: fields that hold many values become columns.

    A mapping of numbers gives `field.key`, a sequence `field.0`, `field.1`; deeper values are left
    out.
    """
    values = rows.values() if isinstance(rows, Mapping) else rows
    return Table(dict(_columns(_fields(row))) for row in values)


def _fields(row: Any) -> Mapping[str, Any]:
    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else row


def _columns(row: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            inner: Iterable[tuple[Any, Any]] = value.items()
        elif isinstance(value, list | tuple):
            inner = enumerate(value)
        else:
            yield name, value
            continue
        for key, item in inner:
            if not isinstance(item, Mapping | list | tuple):
                yield f"{name}.{key}", item
