# SPDX-License-Identifier: Apache-2.0
"""check : a run that the samples must foresee, else the program is no sum of such loop nests.

Its loops have a third size and its picture other zeros, so work that grows otherwise than by the
loops' sizes, or depends on the data, shows as a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.energy.profile import Profile
from cosim.errors import MismatchError
from cosim.image.regions import region_name

__all__ = ["TOLERANCE", "Check", "Deviation", "contrast", "hold"]

TOLERANCE = 0.01  # of cycles and of energy


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One region in the held-out run: what it cost, what the samples foresaw, and what that
    difference makes in the whole run."""

    region: int
    measured: int
    foreseen: int
    whole: float  # cycles of the complete run's, per image

    @property
    def relative(self) -> float:
        return self.measured / self.foreseen - 1 if self.foreseen else float(self.measured > 0)

    @property
    def cycles(self) -> float:
        """What it may be off by in the whole run."""
        return abs(self.relative) * self.whole if self.foreseen else float(self.measured)


@dataclass(frozen=True, kw_only=True)
class Check:
    """All regions of the nests. `share` of the cycles is what the result may be off by."""

    deviations: tuple[Deviation, ...]
    cycles: int  # of an image

    @property
    def share(self) -> float:
        return sum(deviation.cycles for deviation in self.deviations) / self.cycles


def contrast(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with its zeros and the rest exchanged: whoever skips zeros takes other paths."""
    peak = int(picture.max(initial=0)) or 255
    return np.where(picture == 0, peak, 0).astype(np.uint8)


def hold(
    measured: Profile,
    foreseen: Profile,
    whole: Profile,
    regions: Sequence[int],
    place_of: Callable[[int], str] = hex,
) -> Check:
    """Compare the held-out run with what the samples foresaw of it; `whole` are an image's nests.

    Raises MismatchError beyond TOLERANCE; `place_of` names an instruction by its address.
    """
    check = Check(
        deviations=tuple(
            Deviation(
                region=region,
                measured=measured.cycles_of(region),
                foreseen=foreseen.cycles_of(region),
                whole=float(whole.cycles_of(region)),
            )
            for region in regions
        ),
        cycles=whole.cycles,
    )
    if check.share > TOLERANCE:
        worst = max(check.deviations, key=lambda deviation: deviation.cycles)
        pc = worst_pc(measured, foreseen, worst.region)
        raise MismatchError(
            f"{region_name(worst.region)} does not follow its loops' sizes: {worst.measured:,}"
            f" cycles in the held-out run, {worst.foreseen:,} foreseen"
            f" ({100 * worst.relative:+.1f} %), most of it at {place_of(pc)}; that may be"
            f" {100 * check.share:.1f} % of an image, the tolerance is {100 * TOLERANCE:.0f} %:"
            " run it whole (`cosim run`)"
        )
    return check


def worst_pc(measured: Profile, foreseen: Profile, region: int) -> int:
    """The instruction of a region whose cycles differ most."""
    off: dict[int, int] = {}
    for sign, profile in ((1, measured), (-1, foreseen)):
        for cell in profile.cells:
            if cell.region == region:
                off[cell.pc] = off.get(cell.pc, 0) + sign * cell.cycles
    return max(off, key=lambda pc: abs(off[pc]), default=0)
