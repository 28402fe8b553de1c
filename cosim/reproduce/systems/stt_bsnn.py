# SPDX-License-Identifier: Apache-2.0
"""stt_bsnn : operations per joule and accuracy of the spiking macro with STT-MRAM rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cosim.model.datasets import load_images
from cosim.model.spiking_store import load_spiking
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.sttbsnn.design import load_bsnn
from cosim.sttbsnn.errors import step_cost
from cosim.sttbsnn.network import CircuitNetwork

__all__ = ["ENTRY"]

SOURCE = "IEEE Access 9, 2021 (STT-BSNN)"
DESIGN, NETWORK, SEED = "stt_bsnn_65nm", "snn_mnist", 1
QUICK_IMAGES, IMAGES = 60, 10_000


def _energy(task: Task) -> Finding:
    engine = "fast" if task.quick else "ngspice"
    task.tell(f"one step of a row of 288 cells in {engine}")
    cost = step_cost(load_bsnn(DESIGN), rows=1, seed=SEED, kind=engine)
    return Finding(
        result="operations per joule, 1x288 subarray",
        unit="TOPS/W",
        ours=cost.tops_per_w,
        published=Published(value=176.6, source=SOURCE),
        conditions=f"design {DESIGN}, one step, half of the inputs spiking; an operation is half "
        "of what a cell does, 576 a step; joules of all supplies of the tile, its logic and "
        "references' buffers not",
        engine=engine,
        reason="Read voltage, junction and step time of the publication are not public; ours are "
        "choices of this project, and half the step time alone would give 1.6 times as much",
    )


def _accuracy(task: Task) -> Finding:
    images = load_images(task.mnist).first(QUICK_IMAGES if task.quick else IMAGES)
    task.tell(f"{len(images.images)} images through {NETWORK}")
    network = CircuitNetwork(network=load_spiking(NETWORK), design=load_bsnn(DESIGN))
    found = network.run(images.images)
    right = np.mean(found.scores.argmax(axis=1) == images.labels)
    return Finding(
        result="accuracy on MNIST, every spike decided by the circuit",
        unit="%",
        ours=100.0 * float(right),
        published=Published(value=97.92, source=SOURCE),
        conditions=f"{NETWORK}: three residual layers of binary weights, 2 steps, trained on the "
        f"60,000 training images; {len(images.images)} of {images.source}; nominal cells, "
        f"{found.wrong} of {found.decisions} decisions unlike exact sums",
        engine="fast",
        reason="Another network: layers and steps of the publication are not public",
    )


def _colour() -> Finding:
    return Finding(
        result="accuracy on CIFAR-10",
        unit="%",
        ours=None,
        published=Published(value=83.85, source=SOURCE),
        conditions="no network for it is shipped",
        engine="none",
        reason="snn_cifar has a plan (cosim/model/README.md) but was not trained yet",
    )


def _run(task: Task) -> Sequence[Finding]:
    return [_energy(task), _accuracy(task), _colour()]


ENTRY = Entry(
    name="stt-bsnn",
    title="Binary spiking network on STT-MRAM rows (STT-BSNN)",
    source=SOURCE,
    minutes=6.0,
    quick_minutes=0.3,
    run=_run,
    uses=("mnist",),
    place=70,
)
