# SPDX-License-Identifier: Apache-2.0
"""vgg_accuracy : a VGG for 32x32 colour images, its FC layers in the circuit, on CIFAR-10."""

from __future__ import annotations

from collections.abc import Sequence

from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.design import load_design
from cosim.model.colour import load_colour
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes
from cosim.reproduce.entry import Entry, Finding, Task, no_cifar10

__all__ = ["ENTRY"]

NAME, DESIGN = "vgg", "vgg_14nm"
QUICK_IMAGES, IMAGES = 200, 10_000
GIVEN = "64 M 64 M 128 128 M 256 256 M in int8, FC 1024-128-10 of weights +-1"


def _run(task: Task) -> Sequence[Finding]:
    if task.cifar10 is None:
        return [no_cifar10("accuracy on CIFAR-10, FC layers in the circuit")]
    images = QUICK_IMAGES if task.quick else IMAGES
    data = load_colour(task.cifar10).first(images)
    network, design = load_network(NAME), load_design(DESIGN)
    task.tell(f"{images} images through the integer convolutions")
    bits = feature_bits(features(network, data.images))
    task.tell("and through the circuit")
    right = classify(fast_stack(network.fc, design), bits) == data.labels
    twin = argmax_class(twin_codes(network, bits)) == data.labels
    given = f"{images} images: {data.source}; {GIVEN}"
    return [
        Finding(
            result="accuracy on CIFAR-10, FC layers in the circuit",
            unit="%",
            ours=100.0 * float(right.mean()),
            conditions=f"{given}; design {DESIGN}, wires on, tiles of 32x32",
            engine="integer reference and fast",
            reason="Published without widths and number formats of its network",
        ),
        Finding(
            result="accuracy on CIFAR-10, CPU alone",
            unit="%",
            ours=100.0 * float(twin.mean()),
            conditions=f"{given}; FC layers in integers, as the CPU-only firmware computes them",
            engine="integer reference",
            reason="What the circuit costs in accuracy is the difference of both rows",
        ),
    ]


ENTRY = Entry(
    name="vgg-accuracy",
    title="VGG on CIFAR-10 with the circuit",
    source="arXiv:2105.13904",
    minutes=2.0,
    quick_minutes=0.05,
    run=_run,
    uses=("cifar10",),
    place=12,
)
