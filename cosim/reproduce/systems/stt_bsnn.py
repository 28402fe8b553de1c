# SPDX-License-Identifier: Apache-2.0
"""stt_bsnn : the spiking macro with STT-MRAM rows: operations per joule, accuracy, on a chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cosim import api
from cosim.model.datasets import load_images
from cosim.model.spiking_store import load_spiking
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.sttbsnn.design import load_bsnn
from cosim.sttbsnn.errors import step_cost
from cosim.sttbsnn.network import CircuitNetwork

__all__ = ["ENTRY"]

SOURCE = "IEEE Access 9, 2021 (STT-BSNN)"
DESIGN, CHIP, NETWORK, SEED = "stt_bsnn_65nm", "snn_65nm", "snn_mnist", 1
QUICK_IMAGES, IMAGES = 60, 10_000
BINARY = ("conv2", "conv3", "conv4")  # layers that tiles take


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


def _chip(task: Task) -> list[Finding]:
    """The network whole on the chip: CPU alone beside CPU and tiles."""
    folder, found = api.compare(
        "snn",
        images=1,  # others differ by a few parts in a thousand
        data=task.mnist,
        run_dir=task.folder,
        command="cosim reproduce stt-bsnn",
        progress=lambda text, done: task.tell(f"{text}, {done} of 2 images"),
    )
    task.tell(f"report: {folder / 'report.html'}")
    binary = [layer for layer in found.layers if layer.name in BINARY]
    alone, tiles = (sum(layer.cycles[side] for layer in binary) for side in (0, 1))
    given = (
        f"firmware on the RTL, 1 image, {NETWORK} whole, design {CHIP}: three tiles of 32 "
        "rows of 2 x 288 cells, the digital part a 45 nm core; encoder and readout are the CPU's "
        "in both"
    )
    reason = "The published figures are of the macro, without a processor around it"
    sides = (("CPU alone", "RTL"), ("CPU and tiles", "RTL and fast"))
    return [
        Finding(
            result="binary layers of the spiking network: cycles on the CPU over those with tiles",
            unit="x",
            ours=alone / tiles,
            conditions=f"{given}; {alone:,.0f} over {tiles:,.0f} cycles; bits of weights & spikes "
            "counted with carries added first on the CPU",
            engine="RTL",
            reason=reason,
        ),
        *(
            Finding(
                result=f"cycles of an image of the spiking network, {name}",
                unit="cycles",
                ours=found.figures["cycles"][side],
                conditions=given,
                engine=engine,
                reason=reason,
            )
            for side, (name, engine) in enumerate(sides)
        ),
        *(
            Finding(
                result=f"energy of an image of the spiking network, {name}",
                unit="J",
                ours=found.figures["energy_j"][side],
                conditions=f"{given}; the encoder takes most of what is left with tiles",
                engine=engine,
                reason=reason,
            )
            for side, (name, engine) in enumerate(sides)
        ),
    ]


def _run(task: Task) -> Sequence[Finding]:
    return [_energy(task), _accuracy(task), *_chip(task)]


ENTRY = Entry(
    name="stt-bsnn",
    title="Binary spiking network on STT-MRAM rows (STT-BSNN)",
    source=SOURCE,
    minutes=6.0,
    quick_minutes=0.8,
    run=_run,
    uses=("mnist",),
    place=70,
)
