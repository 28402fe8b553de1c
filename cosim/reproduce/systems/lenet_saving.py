# SPDX-License-Identifier: Apache-2.0
"""lenet_saving : what the macro saves of LeNet-5's energy, firmware on the RTL with and without."""

from __future__ import annotations

from collections.abc import Sequence

from cosim import api
from cosim.reproduce.entry import Entry, Finding, Published, Task

__all__ = ["ENTRY"]

SOURCE = "arXiv:2105.13904"
QUICK_IMAGES, IMAGES = 1, 10


def _run(task: Task) -> Sequence[Finding]:
    images = QUICK_IMAGES if task.quick else IMAGES
    folder, found = api.compare(
        "lenet5",
        images=images,
        data=task.mnist,
        run_dir=task.folder,
        command="cosim reproduce lenet-saving",
        progress=lambda text, done: task.tell(f"{text}, {done} of {2 * images} images"),
    )
    task.tell(f"report: {folder / 'report.html'}")
    swings = [swing for swing in found.swings if "sigma" in swing.how]
    low, high = min(s.low for s in swings), max(s.high for s in swings)
    given = f"firmware on the RTL, {images} images, mobile-class 14 nm core (design imac_14nm)"
    fully = next(layer for layer in found.layers if layer.name == "fully connected")
    return [
        Finding(
            result="energy saved by the macro, LeNet-5",
            unit="%",
            ours=100 * found.saving,
            published=Published(value=6.5, source=f"{SOURCE}, from analytical models"),
            conditions=given,
            engine="RTL and fast",
            reason="Their CPU, clock and memories are not stated. Here every cycle of the FC "
            "layers counts, weight traffic included; one sigma of the constants moves it from "
            f"{100 * low:.1f} to {100 * high:.1f} %. Equal if the FC layers took "
            f"{0.065 / found.saving:.2f} of the energy that they take here",
        ),
        Finding(
            result="energy of an image, CPU alone",
            unit="J",
            ours=found.figures["energy_j"][0],
            conditions=given,
            engine="RTL",
            reason="Published without absolute joules",
        ),
        Finding(
            result="energy of an image, CPU and macro",
            unit="J",
            ours=found.figures["energy_j"][1],
            conditions=given,
            engine="RTL and fast",
            reason="Published without absolute joules",
        ),
        Finding(
            result="FC layers: cycles on the CPU over cycles with the macro",
            unit="x",
            ours=fully.cycles[0] / fully.cycles[1],
            conditions=f"{given}; from the first push to the last pop",
            engine="RTL",
            reason="Published without cycles",
        ),
    ]


ENTRY = Entry(
    name="lenet-saving",
    title="CPU-IMAC, LeNet-5 on MNIST",
    source=SOURCE,
    minutes=2.0,
    quick_minutes=0.7,
    run=_run,
    uses=("mnist",),
    place=10,
)
