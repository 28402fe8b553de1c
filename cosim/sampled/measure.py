# SPDX-License-Identifier: Apache-2.0
"""measure : a complete run and its sampled one in one process, one after the other, both timed.

Simulator and firmware of both are built before either is timed, so what is compared is what a user
waits for who runs the same network again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cosim.applications import application
from cosim.design import Design, load_design
from cosim.energy.account import Account
from cosim.energy.decode import read_image
from cosim.energy.ledger import digital_ledger
from cosim.flow import run_application
from cosim.flow_inputs import CPU_ONLY, RunOptions, prepare
from cosim.image.build import build_image
from cosim.image.regions import region_name
from cosim.model.datasets import Dataset
from cosim.model.network import Network
from cosim.report.console import parse_console
from cosim.sampled.flow import Sampled, sample_run, settings_of
from cosim.sampled.judge import OUTSIDE, Verdict, Whole, judge, whole_of
from cosim.sampled.runs import chip_of, with_macros
from cosim.trace.perf import PARTS
from cosim.trace.run_folder import RunFolder

__all__ = ["Measured", "measure", "measure_block"]

Clock = Callable[[], float]
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds of a run; `cpu_s` counts the processes that it started as well."""

    wall_s: float
    cpu_s: float
    parts_s: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Both runs and what they took."""

    run: Sampled
    verdict: Verdict
    complete: Spent
    sampled: Spent

    @property
    def wall_ratio(self) -> float:
        return self.complete.wall_s / self.sampled.wall_s

    @property
    def cpu_ratio(self) -> float:
        return self.complete.cpu_s / self.sampled.cpu_s

    def as_dict(self) -> dict[str, Any]:
        return {
            "complete": vars(self.complete),
            "sampled": vars(self.sampled),
            "wall_ratio": self.wall_ratio,
            "cpu_ratio": self.cpu_ratio,
        }


def measure(
    name: str,
    folder: Path,
    *,
    images: int,
    engine: str,
    design: str | None,
    sets: Sequence[str],
    model: str | None,
    data: Path | None,
    clock: Clock,
    cpu: Clock,
    say: Callable[[str], None],
) -> Measured:
    """An application, whole and sampled."""
    default = application(name)
    options = RunOptions(
        application=name,
        images=images,
        engine=engine,
        design=design or default.design,
        sets=tuple(sets),
        data=data,
        model=model or default.model,
    )

    def sampled(place: str) -> Sampled:
        return sample_run(
            name,
            folder / place,
            images=images,
            engine=engine,
            design=design,
            sets=sets,
            model=model,
            data=data,
        )

    def complete(place: str) -> dict[str, Any]:
        return run_application(options, lambda: RunFolder(folder / place), clock=clock)[1]

    say("building (a minute the first time)")
    sampled("warm")  # the chip and all images but the complete run's
    prepare(options)
    say("complete run")
    result, whole_s = _timed(lambda: complete("complete"), clock, cpu)
    say("sampled run")
    run, sampled_s = _timed(lambda: sampled("sampled"), clock, cpu)
    parts_s = {name: result["perf"][name] for name in PARTS}
    return Measured(
        run=run,
        verdict=judge(run, whole_of(result)),
        complete=Spent(wall_s=whole_s[0], cpu_s=whole_s[1], parts_s=parts_s),
        sampled=Spent(wall_s=sampled_s[0], cpu_s=sampled_s[1], parts_s=run.parts_s),
    )


def measure_block(
    name: str,
    folder: Path,
    network: Network,
    pictures: Dataset,
    *,
    design: str | None,
    sets: Sequence[str],
    clock: Clock,
    cpu: Clock,
    say: Callable[[str], None],
) -> Measured:
    """A block of convolutions, whole and sampled, on the CPU alone."""
    images = len(pictures.images)

    def sampled(place: str) -> Sampled:
        return sample_run(
            name,
            folder / place,
            images=images,
            design=design,
            sets=sets,
            network=network,
            pictures=pictures,
        )

    def complete() -> Whole:
        point = load_design(design or application(name).design, sets)
        return _block_whole(name, folder / "complete", network, pictures, point)

    say("building (a minute the first time)")
    sampled("warm")
    point = load_design(design or application(name).design, sets)
    build_image(f"{name}_cpu", network, pictures.images, settings=settings_of(point))
    say("complete run")
    whole, whole_s = _timed(complete, clock, cpu)
    say("sampled run")
    run, sampled_s = _timed(lambda: sampled("sampled"), clock, cpu)
    return Measured(
        run=run,
        verdict=judge(run, whole),
        complete=Spent(wall_s=whole_s[0], cpu_s=whole_s[1], parts_s={}),
        sampled=Spent(wall_s=sampled_s[0], cpu_s=sampled_s[1], parts_s=run.parts_s),
    )


def _block_whole(
    name: str, folder: Path, network: Network, pictures: Dataset, point: Design
) -> Whole:
    """The complete run of a block, as `cosim run --cpu-only` runs an application."""
    app = f"{name}_cpu"
    image = build_image(app, network, pictures.images, settings=settings_of(point))
    ran = with_macros(image, chip_of(image, point, network, folder), point)
    ledger = digital_ledger(ran.profile, read_image(image.hex), point)
    account = Account(ledger=ledger, name_of=region_name)
    return Whole(
        application=name,
        engine=CPU_ONLY,
        classes=tuple(picture.label for picture in parse_console(ran.outcome.console)),
        cycles=ran.profile.cycles,
        digital_j=ledger.total_j,
        analog_j=0.0,
        components=account.components(),
        layers={
            region_name(count.id) if count.id else OUTSIDE: ran.profile.cycles_of(count.id)
            for count in ran.profile.regions
        },
    )


def _timed(
    action: Callable[[], Result], clock: Clock, cpu: Clock
) -> tuple[Result, tuple[float, float]]:
    begin_s, begin_cpu_s = clock(), cpu()
    result = action()
    return result, (clock() - begin_s, cpu() - begin_cpu_s)
