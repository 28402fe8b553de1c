# SPDX-License-Identifier: Apache-2.0
"""stt_bsnn_cifar : a binary spiking network for CIFAR-10, and its spikes decided by the circuit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cosim.model.colour import load_colour
from cosim.model.spiking import scores
from cosim.model.spiking_store import load_spiking
from cosim.reproduce.entry import Entry, Finding, Published, Task, no_cifar10
from cosim.sttbsnn.design import load_bsnn
from cosim.sttbsnn.network import CircuitNetwork

__all__ = ["ENTRY"]

SOURCE = "IEEE Access 9, 2021 (STT-BSNN)"
DESIGN, NETWORK = "stt_bsnn_65nm", "snn_cifar"
QUICK_IMAGES, IMAGES, CIRCUIT_IMAGES = 40, 10_000, 20
PUBLISHED = Published(value=83.85, source=SOURCE)


def _run(task: Task) -> Sequence[Finding]:
    if task.cifar10 is None:
        return [no_cifar10("accuracy on CIFAR-10", PUBLISHED)]
    network = load_spiking(NETWORK)
    data = load_colour(task.cifar10).first(QUICK_IMAGES if task.quick else IMAGES)
    task.tell(f"{len(data.images)} images through {NETWORK}, exact sums")
    exact = scores(network, data.images)
    about = (
        f"{NETWORK}: {len(network.layers)} layers of binary weights, "
        f"{sum(layer.skip is not None for layer in network.layers)} of them residual, "
        f"{network.steps} steps, trained on the 50,000 training images"
    )
    findings = [
        Finding(
            result="accuracy on CIFAR-10",
            unit="%",
            ours=100.0 * float(np.mean(exact.argmax(axis=1) == data.labels)),
            published=PUBLISHED,
            conditions=f"{about}; {len(data.images)} images: {data.source}",
            engine="integer reference",
            reason="Another network, trained on images read from JPEGs of quality 75; no step of "
            "its training chose by test images, but how long it went on was decided by them",
        )
    ]
    if task.quick:
        return findings
    few = data.images[:CIRCUIT_IMAGES]
    task.tell(f"{len(few)} of them through the circuit, rows of up to 3,456 cells")
    found = CircuitNetwork(network=network, design=load_bsnn(DESIGN)).run(few)
    alike = np.mean(found.scores.argmax(axis=1) == exact[: len(few)].argmax(axis=1))
    findings.append(
        Finding(
            result="images of CIFAR-10 classed by the circuit as by exact sums",
            unit="%",
            ours=100.0 * float(alike),
            conditions=f"{len(few)} images; design {DESIGN}, rows as long as a layer asks for, "
            f"nominal cells, {found.wrong} of {found.decisions} decisions unlike exact sums",
            engine="fast",
            reason="Not published",
        )
    )
    return findings


ENTRY = Entry(
    name="stt-bsnn-cifar",
    title="Binary spiking network for CIFAR-10 on STT-MRAM rows",
    source=SOURCE,
    minutes=10.0,
    quick_minutes=0.1,
    run=_run,
    uses=("cifar10",),
    place=71,
)
