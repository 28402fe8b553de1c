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
    """Cycles, or words to and from external memory, of one region in the held-out run: counted and
    foreseen there, and in an image."""

    region: int
    unit: str
    measured: int
    foreseen: int
    whole: int

    @property
    def relative(self) -> float:
        return self.measured / self.foreseen - 1 if self.foreseen else float(self.measured > 0)

    @property
    def off(self) -> float:
        """What it may be off by in an image."""
        return abs(self.relative) * self.whole if self.foreseen else float(self.measured)


@dataclass(frozen=True, kw_only=True)
class Check:
    """All regions of the nests, in cycles and in words."""

    deviations: tuple[Deviation, ...]

    @property
    def share(self) -> float:
        """What the result may be off by: the larger one of both shares."""
        return max((self.share_of(unit) for unit in UNITS), default=0.0)

    def share_of(self, unit: str) -> float:
        mine = [deviation for deviation in self.deviations if deviation.unit == unit]
        whole = sum(deviation.whole for deviation in mine)
        return sum(deviation.off for deviation in mine) / whole if whole else 0.0


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
                unit=unit,
                measured=count(measured, region),
                foreseen=count(foreseen, region),
                whole=count(whole, region),
            )
            for unit, count in UNITS.items()
            for region in regions
        )
    )
    for unit in UNITS:
        share = check.share_of(unit)
        if share > TOLERANCE:
            mine = [deviation for deviation in check.deviations if deviation.unit == unit]
            worst = max(mine, key=lambda deviation: deviation.off)
            place = place_of(worst_pc(measured, foreseen, worst.region))
            raise MismatchError(
                f"{region_name(worst.region)} does not follow its loops' sizes: {worst.measured:,}"
                f" {unit} in the held-out run, {worst.foreseen:,} foreseen"
                f" ({100 * worst.relative:+.1f} %), most of its cycles' difference at {place}; that"
                f" may be {100 * share:.1f} % of an image, the tolerance is"
                f" {100 * TOLERANCE:.0f} %: run it whole (`cosim run`)"
            )
    return check


def _cycles(profile: Profile, region: int) -> int:
    return profile.cycles_of(region)


def _words(profile: Profile, region: int) -> int:
    return sum(r.dma_reads + r.dma_writes for r in profile.regions if r.id == region)


UNITS = {"cycles": _cycles, "words": _words}


def worst_pc(measured: Profile, foreseen: Profile, region: int) -> int:
    """The instruction of a region whose cycles differ most."""
    off: dict[int, int] = {}
    for sign, profile in ((1, measured), (-1, foreseen)):
        for cell in profile.cells:
            if cell.region == region:
                off[cell.pc] = off.get(cell.pc, 0) + sign * cell.cycles
    return max(off, key=lambda pc: abs(off[pc]), default=0)
