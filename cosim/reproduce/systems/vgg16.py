# SPDX-License-Identifier: Apache-2.0
"""vgg16 : cycles, energy and the macro's share at the widths of VGG-16, weights random.

Both sides are sampled (cosim/sampled): loop nests of the convolutions from short runs of the RTL,
everything else, the FC stack 512-512-10 on the CPU or in the macro, run whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.energy.account import STANDBY
from cosim.model.datasets import Dataset
from cosim.model.network import ConvStage, Lut, Network
from cosim.model.store import load_network
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.sampled.flow import Sampled, sample_run
from cosim.sampled.judge import layers_of
from cosim.units import si

__all__ = ["ENTRY", "WIDTHS", "random_network"]

DESIGN, SEED = "vgg_14nm", 16
CONVS, POOLED = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512), (1, 3, 6, 9, 12)
WIDTHS = tuple((channels, index in POOLED) for index, channels in enumerate(CONVS))
HIDDEN, CLASSES, SIDE, COLOURS = (512,), 10, 32, 3
NEURON_OFF_W = 34e-9 * 0.8  # as in the design file: a gated neuron
NOT_OF_AN_IMAGE = ("boot", "program", "(no region)")
PUBLISHED = Published(value=10.0, source="arXiv:2105.13904, from analytical models")


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One image, on the CPU alone or with the macro; boot and writing weights are left out."""

    cycles: float
    energy_j: float
    fc_cycles: float
    fc_j: float
    standby_j: float
    simulated: int


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


def _sides(task: Task) -> tuple[_Side, _Side]:
    network = random_network(WIDTHS, SEED)
    neurons = sum(layer.shape[1] for layer in network.fc)
    pixels = np.random.default_rng(SEED).integers(0, 256, (1, COLOURS, SIDE, SIDE), np.uint8)
    sides = []
    for engine in ("none", "fast"):
        task.tell(f"macro's engine {engine}")
        run = sample_run(
            "vgg",
            task.folder / engine,
            images=1,
            engine=engine,
            design=DESIGN,
            sets=(f"macro.standby_w={neurons * NEURON_OFF_W!r}",),
            network=network,
            pictures=Dataset(images=pixels, labels=np.zeros(1, np.uint8), source="random pixels"),
            progress=task.tell,
        )
        sides.append(_side(run))
    return sides[0], sides[1]


def _side(run: Sampled) -> _Side:
    joules = {name: sum(parts) for name, parts in run.account.layers().items()}
    cycles = {layer.name: layer.cycles for layer in layers_of(run)}
    image = sum(count for name, count in cycles.items() if name not in NOT_OF_AN_IMAGE)
    standby_j = joules.pop(STANDBY, 0.0) * image / run.cycles
    return _Side(
        cycles=image,
        energy_j=standby_j + sum(j for name, j in joules.items() if name not in NOT_OF_AN_IMAGE),
        fc_cycles=sum(count for name, count in cycles.items() if name.startswith("fc")),
        fc_j=sum(j for name, j in joules.items() if name.startswith("fc")),
        standby_j=standby_j,
        simulated=run.simulated,
    )


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
    cpu, macro = _sides(task)
    saving = 1 - macro.energy_j / cpu.energy_j
    given = (
        f"an estimate: 13 convolutions of 64 to 512 channels (313 M multiplications), random "
        f"weights, sampled in {cpu.simulated / 1e6:.1f} M cycles of RTL (cosim/sampled); FC "
        f"512-512-10; design {DESIGN}, weights from LPDDR by DMA"
    )
    share = PUBLISHED.value / 100
    others_j = cpu.energy_j - cpu.fc_j
    needed_j = (share * others_j + macro.fc_j + macro.standby_j) / (1 - share)
    sides = (("CPU alone", "RTL, sampled", cpu), ("CPU and macro", "RTL, sampled, and fast", macro))
    return [
        Finding(
            result=result,
            unit="%",
            ours=100 * saving,
            published=PUBLISHED,
            conditions=f"{given}; the macro's standby counted",
            engine="RTL, sampled, and fast",
            reason="FC layers are 0.085 % of the multiplications and single bits on the CPU too: "
            f"{si(cpu.fc_j, 'J')} of {si(cpu.energy_j, 'J')}, and the macro's gated neurons leak "
            f"{si(macro.standby_j, 'J')} meanwhile. Equal if FC layers took {si(needed_j, 'J')}",
        ),
        Finding(
            result="share of the FC layers in the energy, VGG-16 widths, CPU alone",
            unit="%",
            ours=100 * cpu.fc_j / cpu.energy_j,
            conditions=given,
            engine="RTL, sampled",
            reason="The most that a macro for FC layers can save; not published",
        ),
        *(
            Finding(
                result=f"cycles of an image, VGG-16 widths, {side}",
                unit="cycles",
                ours=one.cycles,
                conditions=f"{given}; FC layers {one.fc_cycles:,.0f}",
                engine=engine,
                reason="Published without cycles",
            )
            for side, engine, one in sides
        ),
        *(
            Finding(
                result=f"energy of an image, VGG-16 widths, {side}",
                unit="J",
                ours=one.energy_j,
                conditions=f"{given}; FC layers {si(one.fc_j, 'J')}",
                engine=engine,
                reason="Published without absolute joules",
            )
            for side, engine, one in sides
        ),
    ]


ENTRY = Entry(
    name="vgg16",
    title="CPU-IMAC at the widths of VGG-16",
    source="arXiv:2105.13904",
    minutes=2.0,
    quick_minutes=0.05,
    run=_run,
    place=14,
)
