# SPDX-License-Identifier: Apache-2.0
"""vgg_saving : accuracy of a VGG with the circuit, and what the macro saves of its energy."""

from __future__ import annotations

from collections.abc import Sequence

from cosim import api
from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.design import load_design
from cosim.model.colour import load_colour
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.units import si

__all__ = ["ENTRY", "PUBLISHED"]

SOURCE = "arXiv:2105.13904"
NAME, DESIGN = "vgg", "vgg_14nm"
PUBLISHED = Published(value=10.0, source=f"{SOURCE}, from analytical models")
QUICK_IMAGES, IMAGES = 200, 10_000
REASON = (
    "FC layers are 0.4 % of this network's multiplications, and their weights are single bits on "
    "the CPU too, so there is little to take; a tenth needs larger FC layers, or weights of many "
    "bits that are fetched for each image; their assumptions are not published"
)


def _accuracy(task: Task) -> Finding:
    result = "accuracy on CIFAR-10, convolutions in int8, FC layers in the circuit"
    if task.cifar10 is None:
        return Finding(
            result=result,
            unit="%",
            ours=None,
            conditions="no folder of test images was given (--cifar10 DIR)",
            engine="none",
            reason="The images built in are eight drawings: they show no accuracy",
        )
    images = QUICK_IMAGES if task.quick else IMAGES
    task.tell(f"{images} images through the integer convolutions and the circuit")
    data = load_colour(task.cifar10).first(images)
    network, design = load_network(NAME), load_design(DESIGN)
    bits = feature_bits(features(network, data.images))
    right = classify(fast_stack(network.fc, design), bits) == data.labels
    return Finding(
        result=result,
        unit="%",
        ours=100.0 * float(right.mean()),
        conditions=f"{images} images: {data.source}; design {DESIGN}, wires on, tiles of 32x32; "
        "32 M 64 M 128 128 M 256 256 M, FC 1024-128-10 of weights +-1",
        engine="integer reference and fast",
        reason="Published without the network that it is of",
    )


def _saving(task: Task) -> list[Finding]:
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


def _run(task: Task) -> Sequence[Finding]:
    return [_accuracy(task), *_saving(task)]


ENTRY = Entry(
    name="vgg-saving",
    title="CPU-IMAC, VGG on CIFAR-10",
    source=SOURCE,
    minutes=8.0,
    quick_minutes=0.05,
    run=_run,
    uses=("cifar10",),
    place=20,
)
