# SPDX-License-Identifier: Apache-2.0
"""vgg_saving : what the macro saves of a VGG's energy on 32x32 colour images."""

from __future__ import annotations

from collections.abc import Sequence

from cosim import api
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.units import si

__all__ = ["ENTRY"]

SOURCE = "arXiv:2105.13904"
NAME, DESIGN = "vgg", "vgg_14nm"
PUBLISHED = Published(value=10.0, source=f"{SOURCE}, from analytical models")
REASON = (
    "FC layers are 0.4 % of this network's multiplications, and their weights are single bits on "
    "the CPU too, so there is little to take; a tenth needs larger FC layers, or weights of many "
    "bits that are fetched for each image; their assumptions are not published"
)


def _run(task: Task) -> Sequence[Finding]:
    result = "energy saved by the macro, VGG"
    if task.quick:
        return [
            Finding(
                result=result,
                unit="%",
                ours=None,
                published=PUBLISHED,
                conditions="left out with --quick: two complete RTL runs of 83 M cycles",
                engine="none",
                reason=REASON,
            )
        ]
    folder, found = api.compare(
        NAME,
        images=1,
        data=task.cifar10,
        run_dir=task.folder,
        command="cosim reproduce vgg-saving",
        progress=lambda text, done: task.tell(f"{text}, {done} of 2 images"),
    )
    task.tell(f"report: {folder / 'report.html'}")
    swings = [swing for swing in found.swings if "sigma" in swing.how]
    low, high = min(s.low for s in swings), max(s.high for s in swings)
    fully = next(layer for layer in found.layers if layer.name == "fully connected")
    share = PUBLISHED.value / 100
    others_j = found.figures["energy_j"][0] - fully.energy_j[0]
    needed_j = (share * others_j + fully.energy_j[1]) / (1 - share)
    given = (
        f"complete RTL runs of one image, design {DESIGN}, weights from LPDDR by DMA; 33.9 M "
        "multiplications, FC 1024-128-10"
    )
    sides = (("CPU alone", "RTL", 0), ("CPU and macro", "RTL and fast", 1))
    return [
        Finding(
            result=result,
            unit="%",
            ours=100 * found.saving,
            published=PUBLISHED,
            conditions=given,
            engine="RTL and fast",
            reason=f"{REASON}. One sigma of the constants moves ours from {100 * low:.2f} to "
            f"{100 * high:.2f} %. Equal if the FC layers took {si(needed_j, 'J')} on the CPU",
        ),
        *(
            Finding(
                result=f"energy of an image, VGG, {side}",
                unit="J",
                ours=found.figures["energy_j"][index],
                conditions=f"{given}; {found.figures['cycles'][index] / 1e6:.2f} M cycles, FC "
                f"layers {fully.cycles[index]:,.0f} of them and {si(fully.energy_j[index], 'J')}",
                engine=engine,
                reason="Published without absolute joules",
            )
            for side, engine, index in sides
        ),
    ]


ENTRY = Entry(
    name="vgg-saving",
    title="CPU-IMAC, VGG on CIFAR-10",
    source=SOURCE,
    minutes=4.0,
    quick_minutes=0.05,
    run=_run,
    uses=("cifar10",),
    place=13,
)
