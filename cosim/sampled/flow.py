# SPDX-License-Identifier: Apache-2.0
"""flow : a run from samples of its loop nests: cycles, classes, joules of chip and macros.

Short runs of the same program on the RTL stand for the convolutions of the complete one; everything
else runs whole, on the integer reference's features.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from cosim.applications import application
from cosim.design import Design, load_design
from cosim.energy.account import Account, MacroPart
from cosim.energy.decode import read_image
from cosim.energy.ledger import Ledger, digital_ledger
from cosim.energy.places import Place, read_places
from cosim.energy.profile import Profile
from cosim.errors import MismatchError
from cosim.flow_inputs import CPU_ONLY
from cosim.image.build import APPS_EXTERNAL
from cosim.image.emit import Settings
from cosim.image.regions import region_name
from cosim.image.sample import Sample
from cosim.model.colour import load_for
from cosim.model.datasets import Dataset
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes
from cosim.report.console import parse_console
from cosim.sampled.check import Check, contrast, hold
from cosim.sampled.combine import Counts, joined, only
from cosim.sampled.nests import Grid, Nest, grid_of, nests_of
from cosim.sampled.programs import Program, program_of
from cosim.sampled.runs import Ran, alone, chip_of, simulator_of, with_macros
from cosim.sampled.sleep import stretched_macros
from cosim.sampled.stack import Stack, StackImage, stack_image, stack_of

__all__ = ["JOBS", "Sampled", "sample_run", "settings_of"]

Progress = Callable[[str], None]
JOBS = 2  # short runs at a time
# two programs share addresses, so an address has no one place
UNKNOWN = Place(function="?", symbol="?", file="(two programs)", line=0)


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What the complete run would give. `engine` is none on the CPU alone. `simulated` are the
    cycles that were run for it, `parts_s` the seconds of each step (the short runs overlap)."""

    application: str
    engine: str
    images: int
    account: Account
    classes: tuple[int, ...]
    labels: tuple[int, ...]
    check: Check
    simulated: int
    parts_s: dict[str, float]

    @property
    def ledger(self) -> Ledger:
        """The digital part."""
        return self.account.ledger

    @property
    def profile(self) -> Profile:
        return self.ledger.profile

    @property
    def cycles(self) -> int:
        """From reset to the exit store, all images."""
        return self.profile.cycles

    @property
    def factor(self) -> float:
        """Cycles of the complete run for each simulated one."""
        return self.cycles / self.simulated

    @property
    def wall_s(self) -> float:
        return sum(self.parts_s.values())


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """What is to be run, checked."""

    name: str
    engine: str
    design: Design
    network: Network
    data: Dataset


def sample_run(
    name: str,
    folder: Path,
    *,
    images: int,
    engine: str = CPU_ONLY,
    design: str | None = None,
    sets: Sequence[str] = (),
    model: str | None = None,
    data: Path | None = None,
    network: Network | None = None,
    pictures: Dataset | None = None,
    progress: Progress = lambda _: None,
    jobs: int = JOBS,
    clock: Callable[[], float] = time.perf_counter,
) -> Sampled:
    """Samples application `name` with its macros solved by `engine`, or on the CPU alone.

    `network` and `pictures` go before names.
    """
    laps = _Laps(clock)
    default = application(name)
    net = network or load_network(model or default.model)
    given = _Inputs(
        name=name,
        engine=engine,
        design=load_design(design or default.design, sets),
        network=net,
        data=(pictures or load_for(net, data)).first(images),
    )
    nests = nests_of(net, grouped=f"{name}_cpu" in APPS_EXTERNAL)
    grid = grid_of(nests)
    laps.end("inputs_s")
    values = features(net, given.data.images)
    classes = argmax_class(twin_codes(net, feature_bits(values)))
    laps.end("reference_s")
    settings = settings_of(given.design)
    quiet = replace(settings, print_checksum=False)  # of features that mean nothing
    program = program_of(f"{name}_cpu", net, given.data.images[:1], quiet)
    built = stack_image(name, net, values, settings, engine)
    laps.end("images_s")
    chip = chip_of(built.image, given.design, net, folder / "stack")
    simulator = simulator_of(chip)
    laps.end("build_s")
    runs = _Runs(given, folder, simulator, progress)
    nested = frozenset(ident for nest in nests for ident in nest.regions)
    todo = [*grid.points, grid.check]
    with ThreadPoolExecutor(jobs) as pool:
        tail = pool.submit(runs.stack, built)
        parts = {
            point: pool.submit(runs.sample, program, point, index, point is grid.check)
            for index, point in enumerate(todo, start=1)
        }
        ran = {point: future.result() for point, future in parts.items()}
        stack = stack_of(built, tail.result(), images, nested)
    laps.end("runs_s")
    whole, check = _image_nests(program, nests, grid, ran)
    account = _account(given, whole, stack, ran[grid.points[0]])
    laps.end("account_s")
    return Sampled(
        application=name,
        engine=engine,
        images=images,
        account=account,
        classes=tuple(int(label) for label in classes) if engine == CPU_ONLY else stack.classes,
        labels=tuple(int(label) for label in given.data.labels),
        check=check,
        simulated=sum(one.profile.cycles for one in (*ran.values(), stack.ran)),
        parts_s=laps.parts_s,
    )


class _Laps:
    """Seconds of one step after another."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._since_s = clock, clock()
        self.parts_s: dict[str, float] = {}

    def end(self, name: str) -> None:
        now_s = self._clock()
        self.parts_s[name] = now_s - self._since_s
        self._since_s = now_s


class _Runs:
    """Starts simulations, from several threads."""

    def __init__(self, given: _Inputs, folder: Path, simulator: Path, progress: Progress) -> None:
        self._given, self._folder = given, folder
        self._simulator, self._progress = simulator, progress

    def sample(self, program: Program, point: Sample, index: int, held_out: bool) -> Ran:
        folder = self._folder / f"sample{index}"
        picture = contrast(program.picture) if held_out else None
        image = program.sampled(point, folder, picture)
        inputs = "" if point.inputs is None else f", {point.inputs} inputs"
        self._progress(f"sample {index}: {point.rows} rows, {point.channels} deep{inputs}")
        chip = chip_of(image, self._given.design, self._given.network, folder)
        return alone(image, chip, self._simulator)

    def stack(self, built: StackImage) -> Ran:
        given, folder = self._given, self._folder / "stack"
        cpu_only = given.engine == CPU_ONLY
        self._progress("FC stack")
        chip = chip_of(
            built.image,
            given.design,
            given.network,
            folder,
            engine="ideal" if cpu_only else given.engine,
            foreseen=built.foreseen,
        )
        if cpu_only:
            return alone(built.image, chip, self._simulator)
        return with_macros(built.image, chip, given.design)


def settings_of(design: Design) -> Settings:
    timing = design.macro.timing
    return Settings(
        n_macro=design.soc.n_macro,
        settle_cycles=timing.settle_cycles,
        conv_cycles=timing.conv_cycles,
        prog_cycles=timing.prog_cycles,
        print_checksum=True,
    )


def _image_nests(
    program: Program, nests: Sequence[Nest], grid: Grid, ran: dict[Sample, Ran]
) -> tuple[Profile, Check]:
    """One image's nests, held against the run that the samples must foresee."""
    profiles = {point: one.profile for point, one in ran.items()}
    counts = Counts(profiles, nests, grid)
    whole = counts.at()
    regions = [region.id for region in whole.regions]

    def place(pc: int) -> str:
        found = read_places(program.base.elf, [pc])[pc]
        return f"{found.function}, {found.source}"

    foreseen = counts.at(grid.check)
    return whole, hold(profiles[grid.check], foreseen, whole, regions, place)


def _account(given: _Inputs, whole: Profile, stack: Stack, first: Ran) -> Account:
    """The complete run's energy: nests of all images, what was run whole, and the macros."""
    images, design = len(given.data.images), given.design
    many = only(whole, lambda _: True, lambda _: images)
    nest_words = read_image(first.image.hex)
    parts = (
        digital_ledger(stack.profile, stack.words, design),
        digital_ledger(many, nest_words, design),
    )
    ledger = Ledger(
        items=tuple(item for part in parts for item in part.items),
        profile=joined([part.profile for part in parts]),
        values=parts[0].values,
        sigmas=parts[0].sigmas,
        period_s=parts[0].period_s,
    )
    macros: tuple[MacroPart, ...] = ()
    if given.engine != CPU_ONLY:
        _check_codes(stack.ran)
        period_ps = design.clock.period_ps
        macros = stretched_macros(
            stack.ran.outcome,
            design,
            before_ps=(whole.cycles - stack.replaced) * period_ps,
            after_ps=-stack.added * period_ps,
        )
    places = dict.fromkeys((cell.pc for cell in ledger.profile.cells), UNKNOWN)
    return Account(ledger=ledger, name_of=region_name, places=places, macros=macros)


def _check_codes(ran: Ran) -> None:
    """The firmware read what the macros gave."""
    by_time = sorted(ran.outcome.evaluations, key=lambda event: event.t_start_ps)
    for picture in parse_console(ran.outcome.console):
        if picture.codes != by_time[picture.index].codes:
            raise MismatchError(
                f"image {picture.index}: the macro gave codes {list(by_time[picture.index].codes)},"
                f" the firmware read {list(picture.codes)}"
            )
