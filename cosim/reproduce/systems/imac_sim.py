# SPDX-License-Identifier: Apache-2.0
"""imac_sim : power and accuracy of the published fully-analog 400-120-84-10 macro."""

from __future__ import annotations

from collections.abc import Sequence

from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.study.subject import Subject, classified, load_subject, mean_power, programmed

__all__ = ["ENTRY"]

SOURCE = "arXiv:2304.09252"
HSPICE = f"{SOURCE}, HSPICE, mean over 1 ns an image, 50 images"
# technology -> design, published watts and per cent
POINTS = {
    "MRAM": ("imac_sim", 3.25, 96.0),
    "PCM": ("imac_sim_pcm", 0.526, 98.0),
}
QUICK_IMAGES, IMAGES = 200, 10_000


def _subject(task: Task, design: str) -> Subject:
    images = QUICK_IMAGES if task.quick else IMAGES
    return load_subject(model="lenet5", data=task.mnist, images=images, design=design, sets=())


def _run(task: Task) -> Sequence[Finding]:
    found: list[Finding] = []
    for name, (design, power_w, accuracy) in POINTS.items():
        task.tell(f"{name}: design {design}")
        subject = _subject(task, design)
        stack = programmed(subject, subject.base)
        right = classified(stack, subject)
        watts = mean_power(stack, subject)
        given = f"design {design}: 32x32 tiles, 9 nm wires, network lenet5 of this project, "
        found.append(
            Finding(
                result=f"power, {name}",
                unit="W",
                ours=float(watts["power_drivers_w"])
                + float(watts["power_bias_w"])
                + float(watts["power_neurons_w"]),
                published=Published(value=power_w, source=HSPICE),
                conditions=f"{given}at rest, mean of 100 images, all supplies but the op-amps'",
                engine="fast",
                reason="At rest instead of the mean of a step; our weights and images, whose "
                "columns differ from the published network's; FETs fitted to the same 14 nm card",
            )
        )
        found.append(
            Finding(
                result=f"accuracy, {name}",
                unit="%",
                ours=100.0 * float(right["accuracy"]),
                published=Published(value=accuracy, source=HSPICE),
                conditions=f"{given}{subject.identity['images'].rpartition(' ')[0]}",
                engine="fast",
                reason="Our weights are trained with the circuit in the loop, for another design "
                "(buffers, summed partitions); 50 published images resolve 2 points",
            )
        )
    return found


ENTRY = Entry(
    name="imac-sim",
    title="Fully-analog macro, 400-120-84-10 (IMAC-Sim)",
    source=SOURCE,
    minutes=1.0,
    quick_minutes=0.3,
    run=_run,
    uses=("mnist",),
    place=40,
)
