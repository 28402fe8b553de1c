# SPDX-License-Identifier: Apache-2.0
"""accounting : what was simulated as the profile and the energy account of the complete run."""

from __future__ import annotations

from collections.abc import Sequence

from cosim.applications import CPU_ONLY
from cosim.design import Design
from cosim.energy.account import Account, MacroPart
from cosim.energy.decode import read_image
from cosim.energy.ledger import Ledger, digital_ledger
from cosim.energy.places import Place, read_places
from cosim.energy.profile import Profile
from cosim.errors import MismatchError
from cosim.image.regions import region_name
from cosim.image.sample import Sample
from cosim.report.console import parse_console
from cosim.sampled.check import Check, hold
from cosim.sampled.combine import Counts, joined, only
from cosim.sampled.nests import Grid, Nest
from cosim.sampled.programs import Program
from cosim.sampled.runs import Ran
from cosim.sampled.sleep import stretched_macros
from cosim.sampled.stack import Stack

__all__ = ["account_of", "image_nests"]

# two programs share addresses, so an address has no one place
UNKNOWN = Place(function="?", symbol="?", file="(two programs)", line=0)


def image_nests(
    program: Program, nests: Sequence[Nest], grid: Grid, ran: dict[Sample, Ran]
) -> tuple[Profile, Check]:
    """One image's nests, held against the run that the samples must foresee."""
    profiles = {point: one.profile for point, one in ran.items()}
    counts = Counts(profiles, nests, grid)
    whole = counts.at()
    regions = [region.id for region in whole.regions]

    def place(pc: int) -> str:
        found = read_places(program.base.elf, [pc])[pc]
        return f"{found.function}, {found.source}"

    foreseen = counts.at(grid.check)
    return whole, hold(profiles[grid.check], foreseen, whole, regions, place)


def account_of(
    design: Design, whole: Profile, stack: Stack, first: Ran, *, engine: str, images: int
) -> Account:
    """The complete run's energy: nests of all images, what was run whole, and the macros."""
    many = only(whole, lambda _: True, lambda _: images)
    nest_words = read_image(first.image.hex)
    parts = (
        digital_ledger(stack.profile, stack.words, design),
        digital_ledger(many, nest_words, design),
    )
    ledger = Ledger(
        items=tuple(item for part in parts for item in part.items),
        profile=joined([part.profile for part in parts]),
        values=parts[0].values,
        sigmas=parts[0].sigmas,
        period_s=parts[0].period_s,
    )
    macros: tuple[MacroPart, ...] = ()
    if engine != CPU_ONLY:
        _check_codes(stack.ran)
        period_ps = design.clock.period_ps
        macros = stretched_macros(
            stack.ran.outcome,
            design,
            before_ps=(whole.cycles - stack.replaced) * period_ps,
            after_ps=-stack.added * period_ps,
        )
    places = dict.fromkeys((cell.pc for cell in ledger.profile.cells), UNKNOWN)
    return Account(ledger=ledger, name_of=region_name, places=places, macros=macros)


def _check_codes(ran: Ran) -> None:
    """The firmware read what the macros gave."""
    by_time = sorted(ran.outcome.evaluations, key=lambda event: event.t_start_ps)
    for picture in parse_console(ran.outcome.console):
        if picture.codes != by_time[picture.index].codes:
            raise MismatchError(
                f"image {picture.index}: the macro gave codes {list(by_time[picture.index].codes)},"
                f" the firmware read {list(picture.codes)}"
            )
