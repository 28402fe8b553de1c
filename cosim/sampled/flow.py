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
from typing import TYPE_CHECKING

from cosim.applications import CPU_ONLY, application
from cosim.design import Design, load_design
from cosim.image.build import APPS_EXTERNAL
from cosim.image.emit import Settings
from cosim.image.sample import Sample
from cosim.model.colour import load_for
from cosim.model.datasets import Dataset
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes
from cosim.sampled.check import Check, contrast
from cosim.sampled.nests import grid_of, nests_of
from cosim.sampled.programs import Program, program_of
from cosim.sampled.runs import Ran, alone, chip_of, simulator_of, with_macros
from cosim.sampled.stack import StackImage, stack_image, stack_of

if TYPE_CHECKING:
    from cosim.energy.account import Account
    from cosim.energy.ledger import Ledger
    from cosim.energy.profile import Profile

__all__ = ["JOBS", "Sampled", "sample_run", "settings_of"]

Progress = Callable[[str], None]
JOBS = 2  # short runs at a time


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
    todo = [grid.check, *grid.points]  # the longest ones first
    with ThreadPoolExecutor(jobs) as pool:
        tail = pool.submit(runs.stack, built)
        parts = {
            point: pool.submit(runs.sample, program, point, index, point is grid.check)
            for index, point in enumerate(todo)
        }
        # the rest of Python is loaded while simulators run
        from cosim.sampled.accounting import account_of, image_nests  # noqa: PLC0415

        ran = {point: future.result() for point, future in parts.items()}
        stack = stack_of(built, tail.result(), images, nested)
    laps.end("runs_s")
    whole, check = image_nests(program, nests, grid, ran)
    account = account_of(
        given.design, whole, stack, ran[grid.points[0]], engine=engine, images=images
    )
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
        folder = self._folder / ("held-out" if held_out else f"sample{index}")
        picture = contrast(program.picture) if held_out else None
        image = program.sampled(point, folder, picture)
        inputs = "" if point.inputs is None else f", {point.inputs} inputs"
        self._progress(f"{folder.name}: {point.rows} rows, {point.channels} deep{inputs}")
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
