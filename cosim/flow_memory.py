# SPDX-License-Identifier: Apache-2.0
"""flow_memory : the external memory of a chip, with what an image lays into it."""

from __future__ import annotations

from cosim.bridge.soc import ExternalMemory
from cosim.design import ChipDesign
from cosim.design_memory import WORD_BYTES
from cosim.errors import FirmwareError
from cosim.image.build import Image

__all__ = ["external_memory"]


def external_memory(image: Image, design: ChipDesign) -> ExternalMemory | None:
    """What the chip's external memory is and holds; None where the design has none."""
    memory, period_ps = design.soc.memory, design.clock.period_ps
    if image.external is None:
        return None
    if not memory.present:
        raise FirmwareError(
            f"{image.manifest['app']} needs external memory: soc.memory.present is false"
        )
    needed = int(image.manifest["external_bytes"])
    if needed > memory.size_bytes:
        raise FirmwareError(
            f"{image.manifest['app']}: the network takes {needed} bytes of external memory,"
            f" soc.memory.size_bytes is {memory.size_bytes}"
        )
    return ExternalMemory(
        image=image.external,
        words=memory.size_bytes // WORD_BYTES,
        latency=memory.latency_cycles(period_ps),
        rate=memory.rate(period_ps),
    )
