# SPDX-License-Identifier: Apache-2.0
"""job : what `cosim sampled` is asked for, by samples or whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosim.applications import CPU_ONLY
from cosim.sampled.block import load_block
from cosim.sampled.flow import Sampled, sample_run

__all__ = ["Job", "sampled_run"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """An application, or a block of its convolutions on the CPU; None is the application's own."""

    name: str
    images: int
    engine: str = CPU_ONLY
    block: int | None = None
    design: str | None = None
    sets: Sequence[str] = ()
    model: str | None = None
    data: Path | None = None


def sampled_run(job: Job, folder: Path, say: Callable[[str], None] = lambda _: None) -> Sampled:
    """An application, or a block of one, by samples."""
    network, pictures = None, None
    if job.block is not None:
        network, pictures = load_block(job.name, job.block, job.images, job.model, job.data)
    return sample_run(
        job.name,
        folder,
        images=job.images,
        engine=job.engine,
        design=job.design,
        sets=job.sets,
        model=job.model,
        data=job.data,
        network=network,
        pictures=pictures,
        progress=say,
    )
