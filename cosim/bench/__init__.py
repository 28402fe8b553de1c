# SPDX-License-Identifier: Apache-2.0
"""bench : measures the speed figures of the README, each with the bound it has to keep.

Each figure is a ratio or a time within one run on this machine; another user of the machine shows
in the times, hardly in the ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cosim.bench.crossbar import crossbar
from cosim.bench.fast import accuracy, fast, memory
from cosim.bench.figure import Bench, Figure
from cosim.bench.images import images
from cosim.bench.lockstep import fc, fc_wires, lag, soc
from cosim.bench.scaling import scaling

__all__ = ["PARTS", "Bench", "Figure", "measure"]

Part = Callable[[Bench], Iterator[Figure]]
PARTS: dict[str, Part] = {  # fast after fc-wires: it states the ratio of both
    "soc": soc,
    "images": images,
    "lag": lag,
    "fc": fc,
    "fc-wires": fc_wires,
    "fast": fast,
    "memory": memory,
    "crossbar": crossbar,
    "scaling": scaling,
    "accuracy": accuracy,
}


def measure(parts: tuple[str, ...], bench: Bench) -> Iterator[Figure]:
    """The figures of each part, as soon as they are there."""
    for name, part in PARTS.items():
        if name in parts:
            yield from part(bench)
