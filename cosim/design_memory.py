# SPDX-License-Identifier: Apache-2.0
"""design_memory : design section `soc.memory`: external memory behind the DMA, if there is any."""

from __future__ import annotations

import math

from pydantic import Field

from cosim.design_section import Section, quantity

__all__ = ["ExternalMemory"]

WORD_BYTES = 4
RATE_CYCLES, RATE_MAX = 256, 1024  # of rtl/sim/sim_external.v: bytes in 256 cycles, a word a cycle
PS_PER_S = 1e12


class ExternalMemory(Section):
    """One device and its interface. Absent, it costs nothing, and neither does the DMA."""

    present: bool = Field(description="whether the chip has external memory and a DMA")
    size_bytes: int = quantity("B", "whole words", ge=4096, le=2**25, multiple_of=WORD_BYTES)
    latency_ps: int = quantity("ps", "from a request to its first word", ge=1)
    bandwidth_bytes_per_s: float = quantity("B/s", "words of one request", gt=0)
    request_j: float = quantity("J", "one request of up to 1 KiB, besides its bytes", ge=0)
    byte_j: float = quantity("J", "one byte moved, with its interface", ge=0)
    standby_w: float = quantity("W", "whether it is used or not", ge=0)
    dma_word_j: float = quantity("J", "the DMA's own part of moving one word", ge=0)

    def latency_cycles(self, period_ps: int) -> int:
        """Whole clock cycles that the latency takes."""
        return max(1, math.ceil(self.latency_ps / period_ps))

    def rate(self, period_ps: int) -> int:
        """Bytes in 256 clock cycles; the DMA's port takes a word a cycle at most."""
        offered = int(self.bandwidth_bytes_per_s * RATE_CYCLES * period_ps / PS_PER_S)
        return min(max(offered, 1), RATE_MAX)
