# SPDX-License-Identifier: Apache-2.0
"""vgg_saving : what the macro saves of a VGG's energy on 32x32 colour images."""

from __future__ import annotations

from collections.abc import Sequence

from cosim import api
from cosim.reproduce.entry import Entry, Finding, Published, Task

__all__ = ["ENTRY"]

SOURCE = "arXiv:2105.13904"
REASON = (
    "FC layers are 0.4 % of this network's multiplications (0.085 % of VGG-16's, 512-512-10), so "
    "counting work cannot give a tenth: theirs needs larger FC layers, or weights that are fetched "
    "for each image and pay for most of the energy; their assumptions are not published"
)


def _run(task: Task) -> Sequence[Finding]:
    published = Published(value=10.0, source=f"{SOURCE}, from analytical models")
    result = "energy saved by the macro, VGG"
    if task.quick:
        return [
            Finding(
                result=result,
                unit="%",
                ours=None,
                published=published,
                conditions="left out with --quick: two complete RTL runs of 83 M cycles",
                engine="none",
                reason=REASON,
            )
        ]
    folder, found = api.compare(
        "vgg",
        images=1,
        data=task.cifar10,
        run_dir=task.folder,
        command="cosim reproduce vgg-saving",
        progress=lambda text, done: task.tell(f"{text}, {done} of 2 images"),
    )
    task.tell(f"report: {folder / 'report.html'}")
    return [
        Finding(
            result=result,
            unit="%",
            ours=100 * found.saving,
            published=published,
            conditions="complete RTL runs of one image, design vgg_14nm, weights from LPDDR by "
            "DMA; VGG of 33.9 M multiplications, FC 1024-128-10",
            engine="RTL and fast",
            reason=REASON,
        ),
        Finding(
            result="energy of an image, VGG, CPU alone",
            unit="J",
            ours=found.figures["energy_j"][0],
            conditions="as above",
            engine="RTL",
            reason="Published without absolute joules",
        ),
    ]


ENTRY = Entry(
    name="vgg-saving",
    title="CPU-IMAC, VGG on CIFAR-10",
    source=SOURCE,
    minutes=6.0,
    quick_minutes=0.05,
    run=_run,
    uses=("cifar10",),
    place=20,
)
