# SPDX-License-Identifier: Apache-2.0
"""partitions : circuit accuracy of the partitioned 400-120-84-10 macro."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.study.subject import classified, load_subject, programmed

__all__ = ["ENTRY"]

SOURCE = "arXiv:2201.12480"
PUBLISHED = Published(
    value=94.84, source=f"{SOURCE}, SPICE, partitions H 16, 8, 8 and V 8, 8, 1 of the three layers"
)
TILE = (26, 15)  # gives the published partitions of the first and largest layer
QUICK_IMAGES, IMAGES = 200, 10_000


def _run(task: Task) -> Sequence[Finding]:
    images = QUICK_IMAGES if task.quick else IMAGES
    found = []
    for rows, cols in (TILE, (32, 32)):
        task.tell(f"tiles of {rows}x{cols}")
        subject = load_subject(
            model="lenet5",
            data=task.mnist,
            images=images,
            design="imac_sim",
            sets=(f"macro.tile.rows={rows}", f"macro.tile.cols={cols}"),
        )
        right = classified(programmed(subject, subject.base), subject)
        layers = [layer.shape for layer in subject.weights]  # the bias row is one of the rows
        parts = [
            ", ".join(str(ceil(shape[axis] / size)) for shape in layers)
            for axis, size in ((0, rows), (1, cols))
        ]
        found.append(
            Finding(
                result=f"accuracy of the circuit, tiles of {rows}x{cols}",
                unit="%",
                ours=100.0 * float(right["accuracy"]),
                published=PUBLISHED if (rows, cols) == TILE else None,
                conditions=f"design imac_sim, partitions H {parts[0]} and V {parts[1]}, tied "
                f"outputs, 9 nm wires, {subject.identity['images'].rpartition(' ')[0]}",
                engine="fast",
                reason="Our weights, trained with a circuit in the loop, instead of the published "
                "ones; one tile size for all layers, so layers 2 and 3 are cut less finely"
                if (rows, cols) == TILE
                else "The size that the power figures are published for",
            )
        )
    return found


ENTRY = Entry(
    name="partitions",
    title="Partitioned crossbars, 400-120-84-10",
    source=SOURCE,
    minutes=1.0,
    quick_minutes=0.3,
    run=_run,
    uses=("mnist",),
    place=41,
)
