# SPDX-License-Identifier: Apache-2.0
"""complete : the complete run that a sampled one stands for, of an application or of a block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosim.applications import CPU_ONLY, application
from cosim.design import load_design
from cosim.energy.account import Account
from cosim.energy.decode import read_image
from cosim.energy.ledger import digital_ledger
from cosim.flow import run_application
from cosim.flow_inputs import RunOptions, prepare
from cosim.image.build import build_image
from cosim.image.regions import region_name
from cosim.report.console import parse_console
from cosim.sampled.block import load_block
from cosim.sampled.flow import settings_of
from cosim.sampled.job import Job
from cosim.sampled.judge import OUTSIDE, Whole, whole_of
from cosim.sampled.runs import chip_of, with_macros
from cosim.trace.perf import PARTS
from cosim.trace.run_folder import RunFolder

__all__ = ["Completed", "build_complete", "complete_run"]


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A complete run and the seconds of its parts."""

    whole: Whole
    parts_s: Mapping[str, float]


def _options(job: Job) -> RunOptions:
    """As `cosim run` takes them."""
    default = application(job.name)
    return RunOptions(
        application=job.name,
        images=job.images,
        engine=job.engine,
        design=job.design or default.design,
        sets=tuple(job.sets),
        data=job.data,
        model=job.model or default.model,
    )


def build_complete(job: Job) -> None:
    """Its firmware, for runs to come."""
    if job.block is None:
        prepare(_options(job))
        return
    network, pictures = load_block(job.name, job.block, job.images, job.model, job.data)
    point = load_design(job.design or application(job.name).design, job.sets)
    build_image(f"{job.name}_cpu", network, pictures.images, settings=settings_of(point))


def complete_run(job: Job, folder: Path, clock: Callable[[], float]) -> Completed:
    """Runs all of it."""
    if job.block is not None:
        begin_s = clock()
        whole = _block(job, job.block, folder)
        return Completed(whole=whole, parts_s={"run_s": clock() - begin_s})
    result = run_application(_options(job), lambda: RunFolder(folder), clock=clock)[1]
    parts_s = {name: result["perf"][name] for name in (*PARTS, "residue_s")}
    return Completed(whole=whole_of(result), parts_s=parts_s)


def _block(job: Job, block: int, folder: Path) -> Whole:
    """A block's complete run, as `cosim run --cpu-only` runs an application."""
    app = f"{job.name}_cpu"
    network, pictures = load_block(job.name, block, job.images, job.model, job.data)
    point = load_design(job.design or application(job.name).design, job.sets)
    image = build_image(app, network, pictures.images, settings=settings_of(point))
    ran = with_macros(image, chip_of(image, point, network, folder), point)
    ledger = digital_ledger(ran.profile, read_image(image.hex), point)
    account = Account(ledger=ledger, name_of=region_name)
    return Whole(
        application=job.name,
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
