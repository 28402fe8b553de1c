# SPDX-License-Identifier: Apache-2.0
"""sample : how much of each loop nest an image leaves in, for runs that are extrapolated."""

from __future__ import annotations

from dataclasses import dataclass

from cosim.errors import FirmwareError

__all__ = ["Sample"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows of sums, output channels (or groups of them) and input channels that each stage works
    out at most; None is all of them.

    The program is the same, its tables say less; features and classes mean nothing then. Weights of
    input channels beyond the first `live` are 0, so that samples of more inputs have the same sums.
    """

    rows: int
    channels: int
    inputs: int | None = None
    live: int | None = None

    def __post_init__(self) -> None:
        if self.rows < 2 or self.rows % 2:
            raise FirmwareError(f"sampled rows must be even, for pooling, got {self.rows}")
        if self.channels < 1:
            raise FirmwareError(f"sampled channels must be 1 or more, got {self.channels}")
        if self.inputs is not None and self.inputs < 1:
            raise FirmwareError(f"sampled inputs must be 1 or more, got {self.inputs}")
