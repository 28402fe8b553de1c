# SPDX-License-Identifier: Apache-2.0
"""mixed_rows : the mixed-signal macro of the MLP beside the analog one and the CPU alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cosim.applications import application
from cosim.mixed.design import load_mixed
from cosim.mixed.forward import classify_mixed
from cosim.model.datasets import Dataset
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network
from cosim.reproduce.entry import Finding, Published, Task
from cosim.study.firmware import measured
from cosim.study.mixed import PUBLISHED, VARIANTS, MacroFigures, compare

__all__ = ["mixed_rows"]

SOURCE = "arXiv:2012.02695"
EVALUATED = 3  # images in the mixed-signal macros
WHY = {
    "power": "Ours draws most in its crossbars, which are on for all of its evaluation; theirs may "
    "rest while converters go on",
    "latency": "Conversions, one after the other in each converter, and two layers of logic; with "
    "as many converters as columns little of it is left",
    "energy": "Published as power times latency: rows that stay on through all conversions. With a "
    "hold for each column they need not",
}


def mixed_rows(task: Task, network: Network, data: Dataset, *, count: int) -> list[Finding]:
    """Accuracy, evaluations of several macros over the analog one's, and firmware's figures.

    The same crossbars with converters between the layers; weights are trained for either macro.
    """
    entry = application(network.name)
    assert entry.mixed is not None
    name, design = entry.mixed
    own, bits = load_network(name), feature_bits(features(network, data.images))
    pick = np.linspace(0, len(bits) - 1, count).astype(np.int64)  # over all classes
    task.tell(f"{count} images through the mixed-signal macro")
    right = classify_mixed(own.fc, bits[pick], load_mixed(design))[0] == data.labels[pick]
    variants = tuple(VARIANTS)[: 1 if task.quick else None]
    analog, *others = compare(
        network.fc,
        bits[:EVALUATED].astype(np.int64),
        own=own.fc,
        analog=entry.design,
        mixed=design,
        variants=variants,
        tell=task.tell,
    )
    found = [
        Finding(
            result="accuracy of the mixed-signal macro, 784-16-10",
            unit="%",
            ours=100 * float(right.mean()),
            conditions=f"{count} images: {data.source}; weights trained for it, converters and sums"
            f" of 8 bits; wires on, tiles of 32x32, design {design}",
            engine="fast",
            reason="Not published; the same shape, training images and pixels as the analog macro",
        ),
        *_ratios(analog, others, f"designs {entry.design} and {design}"),
    ]
    return found if task.quick else [*found, *_firmware(task, entry.name, design)]


def _ratios(analog: MacroFigures, others: Sequence[MacroFigures], designs: str) -> list[Finding]:
    given = f"one evaluation, mean of {EVALUATED} images; {designs}"
    found = [
        Finding(
            result=f"mixed-signal {what} over ours: {macro.name}",
            unit="x",
            ours=ratio,
            published=Published(value=PUBLISHED[what], source="arXiv:2204.09918"),
            conditions=f"{given}; {macro.converters} converters, {_figures(macro)}; ours "
            f"{_figures(analog)}",
            engine="fast and Yosys",
            reason=WHY[what],
        )
        for macro in others
        for what, ratio in macro.over(analog).items()
    ]
    if len(others) < len(VARIANTS):
        return found
    slowest = max(others, key=lambda macro: macro.latency_s)
    return [
        *found,
        Finding(
            result="mixed-signal latency over ours, the slowest of these",
            unit="x",
            ours=slowest.latency_s / analog.latency_s,
            published=Published(value=100.0, source=f"{SOURCE}: at least two orders of magnitude"),
            conditions=f"{given}; {slowest.name}: {slowest.converters} converters",
            engine="fast and Yosys",
            reason="Ours has two cycles of conversion in it; its stack alone settles sooner",
        ),
    ]


def _figures(macro: MacroFigures) -> str:
    return f"{macro.latency_s * 1e9:.3g} ns and {macro.energy_j * 1e9:.3g} nJ"


def _firmware(task: Task, name: str, design: str) -> list[Finding]:
    task.tell("firmware with the mixed-signal macro")
    run = measured(name, design)
    given = f"firmware on the RTL, mean of two shipped images, design {design}"
    return [
        Finding(
            result="FC layers with the mixed-signal macro, first push to last pop",
            unit="s",
            ours=run.seconds,
            conditions=f"{given}; {run.cycles:.0f} cycles, a converter for each row part",
            engine="RTL and fast",
            reason="Not published; the same firmware as with the analog macro",
        ),
        Finding(
            result="energy of the FC layers of the MLP, CPU and mixed-signal macro",
            unit="J",
            ours=run.joules,
            conditions=f"{given}; bits in, codes out; writing of weights not counted",
            engine="RTL and fast",
            reason="Published without joules",
        ),
    ]
