# SPDX-License-Identifier: Apache-2.0
"""vgg16 : cycles, energy and the macro's share at the widths of VGG-16, weights random.

Convolutions are sampled (cosim/sampled): no complete run of them is made. The FC stack 512-512-10
runs complete in the RTL, on the CPU and in the macro, behind one small convolution that has as many
features; its part of the sampled run must agree with that.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim import api
from cosim.design import load_design
from cosim.errors import MismatchError
from cosim.model.datasets import Dataset
from cosim.model.network import ConvStage, Lut, Network
from cosim.model.store import load_network, save_network
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.sampled.flow import Sampled, sample_run
from cosim.sampled.judge import layers_of

__all__ = ["ENTRY", "WIDTHS", "random_network"]

DESIGN, SEED = "vgg_14nm", 16
CONVS, POOLED = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512), (1, 3, 6, 9, 12)
WIDTHS = tuple((channels, index in POOLED) for index, channels in enumerate(CONVS))
FEATURES_ALONE = ((2, True),)  # one stage that leaves 2x16x16 features, as many as 512x1x1
HIDDEN, CLASSES, SIDE, COLOURS = (512,), 10, 32, 3
NEURON_OFF_W = 34e-9 * 0.8  # as in the design file: a gated neuron
TOLERANCE = 0.02  # of the FC stack's cycles, sampled against complete
NOT_OF_AN_IMAGE = ("boot", "program", "(no region)")
PUBLISHED = Published(value=10.0, source="arXiv:2105.13904, from analytical models")


@dataclass(frozen=True, kw_only=True)
class _Cost:
    """One image's cycles and joules without and with the macro: in all, and of the FC stack."""

    cycles: tuple[float, float]
    energy_j: tuple[float, float]
    fc_cycles: tuple[float, float]
    fc_j: tuple[float, float]
    standby_j: float
    simulated: int

    @property
    def saving(self) -> float:
        return 1 - self.energy_j[1] / self.energy_j[0]


def random_network(widths: Sequence[tuple[int, bool]], seed: int) -> Network:
    """A network of random int8 weights whose features use most of int8; FC 512-512-10 of +-1."""
    rng, given = np.random.default_rng(seed), load_network("vgg")
    stages, c_in, side = [], COLOURS, SIDE
    for index, (c_out, pool) in enumerate(widths):
        spread = 73.0 * np.sqrt(9 * c_in) * (74.0 if index == 0 else 45.0)
        stages.append(
            ConvStage(
                weight=rng.integers(-127, 128, (c_out, c_in, 3, 3)).astype(np.int8),
                bias=np.zeros(c_out, np.int32),
                shift=max(0, int(np.log2(spread / 60.0))),
                relu=index < len(widths) - 1,
                pool="max" if pool else "none",
                pad=1,
            )
        )
        c_in, side = c_out, side // 2 if pool else side
    nodes = (c_in * side * side, *HIDDEN, CLASSES)
    fc: tuple[NDArray[Any], ...] = tuple(
        rng.choice([-1, 1], (n_in + 1, n_out)).astype(np.int8)
        for n_in, n_out in itertools.pairwise(nodes)
    )
    return Network(
        name="vgg16-widths",
        image_shape=(COLOURS, SIDE, SIDE),
        pad=0,
        convs=tuple(stages),
        fc=fc,
        luts=tuple(
            Lut(table=rng.integers(0, 256, 200).astype(np.uint8), shift=5 * (k > 0), offset=100)
            for k in range(len(fc))
        ),
        neuron_vin_v=given.neuron_vin_v,
        neuron_vout_v=given.neuron_vout_v,
    )


def _measured(task: Task) -> _Cost:
    network = random_network(WIDTHS, SEED)
    neurons = sum(layer.shape[1] for layer in network.fc)
    standby_w = neurons * NEURON_OFF_W
    sets = (f"macro.standby_w={standby_w!r}",)
    rng = np.random.default_rng(SEED)
    pixels = rng.integers(0, 256, (1, COLOURS, SIDE, SIDE)).astype(np.uint8)
    run = sample_run(
        "vgg",
        task.folder / "sampled",
        images=1,
        design=DESIGN,
        sets=sets,
        network=network,
        pictures=Dataset(images=pixels, labels=np.zeros(1, np.uint8), source="random pixels"),
        progress=task.tell,
    )
    small = task.folder / "fc.npz"
    save_network(random_network(FEATURES_ALONE, SEED), small)
    _, found = api.compare(
        "vgg",
        images=1,
        model=small,
        design=DESIGN,
        sets=sets,
        run_dir=task.folder / "fc",
        command="cosim reproduce vgg16",
        progress=lambda text, done: task.tell(f"FC stack: {text}, {done} of 2 images"),
    )
    fully = next(layer for layer in found.layers if layer.name == "fully connected")
    cycles, energy_j, fc_cycles = _of_image(run)
    if abs(fc_cycles / fully.cycles[0] - 1) > TOLERANCE:
        raise MismatchError(
            f"FC stack on the CPU: {fc_cycles} cycles sampled, {fully.cycles[0]:.0f} complete"
        )
    less = fully.cycles[0] - fully.cycles[1]
    period_s = load_design(DESIGN).clock.period_ps * 1e-12
    standby_j = standby_w * (cycles - less) * period_s
    return _Cost(
        cycles=(cycles, cycles - less),
        energy_j=(energy_j, energy_j - fully.energy_j[0] + fully.energy_j[1] + standby_j),
        fc_cycles=fully.cycles,
        fc_j=fully.energy_j,
        standby_j=standby_j,
        simulated=run.simulated,
    )


def _of_image(run: Sampled) -> tuple[int, float, int]:
    """Cycles and joules of an image, and the FC stack's cycles, all on the CPU alone."""
    layers = [layer for layer in layers_of(run) if layer.name not in NOT_OF_AN_IMAGE]
    fully = sum(layer.cycles for layer in layers if layer.name.startswith("fc"))
    return sum(x.cycles for x in layers), sum(x.energy_j for x in layers), fully


def _run(task: Task) -> Sequence[Finding]:
    result = "energy saved by the macro, VGG-16 widths"
    if task.quick:
        return [
            Finding(
                result=result,
                unit="%",
                ours=None,
                published=PUBLISHED,
                conditions="left out with --quick: 15 M cycles of RTL",
                engine="none",
                reason="See the full table",
            )
        ]
    cost = _measured(task)
    given = (
        f"an estimate: 13 convolutions of 64 to 512 channels (313 M multiplications), random "
        f"weights, sampled in {cost.simulated / 1e6:.1f} M cycles of RTL (cosim/sampled); FC "
        f"512-512-10 complete; design {DESIGN}, weights from LPDDR by DMA"
    )
    share = PUBLISHED.value / 100
    others_j = cost.energy_j[0] - cost.fc_j[0]
    needed_j = (share * others_j + cost.fc_j[1] + cost.standby_j) / (1 - share)
    sides = (("CPU alone", "RTL, sampled", 0), ("CPU and macro", "RTL, sampled, and fast", 1))
    return [
        Finding(
            result=result,
            unit="%",
            ours=100 * cost.saving,
            published=PUBLISHED,
            conditions=f"{given}; the macro's standby counted, {cost.standby_j:.3g} J an image",
            engine="RTL, sampled, and fast",
            reason="FC layers are 0.085 % of the multiplications and single bits on the CPU too: "
            f"{cost.fc_j[0]:.3g} J of {cost.energy_j[0]:.3g} J. Equal if they took "
            f"{needed_j:.3g} J",
        ),
        Finding(
            result="share of the FC layers in the energy, VGG-16 widths, CPU alone",
            unit="%",
            ours=100 * cost.fc_j[0] / cost.energy_j[0],
            conditions=given,
            engine="RTL, sampled",
            reason="The most that a macro for FC layers can save; not published",
        ),
        *(
            Finding(
                result=f"cycles of an image, VGG-16 widths, {side}",
                unit="cycles",
                ours=cost.cycles[index],
                conditions=f"{given}; FC layers {cost.fc_cycles[index]:,.0f}",
                engine=engine,
                reason="Published without cycles",
            )
            for side, engine, index in sides
        ),
        *(
            Finding(
                result=f"energy of an image, VGG-16 widths, {side}",
                unit="J",
                ours=cost.energy_j[index],
                conditions=f"{given}; FC layers {cost.fc_j[index]:.3g} J",
                engine=engine,
                reason="Published without absolute joules",
            )
            for side, engine, index in sides
        ),
    ]


ENTRY = Entry(
    name="vgg16",
    title="CPU-IMAC at the widths of VGG-16",
    source="arXiv:2105.13904",
    minutes=5.0,
    quick_minutes=0.05,
    run=_run,
    place=21,
)
