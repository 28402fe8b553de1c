# SPDX-License-Identifier: Apache-2.0
"""flow_energy : the energy account of a finished run, written beside its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cosim.bridge.soc import SocOutcome
from cosim.energy.account import Account, macro_part
from cosim.energy.decode import read_image
from cosim.energy.ledger import digital_ledger
from cosim.energy.places import read_places
from cosim.energy.profile import read_profile
from cosim.energy.stacks import energy_stacks, folded_energy
from cosim.energy.tidy import energy_section, grid_csv, lines_csv
from cosim.errors import MismatchError, RtlError
from cosim.flow_inputs import Prepared
from cosim.flow_traces import region_passes
from cosim.image.regions import region_name
from cosim.macros import macro_kind
from cosim.report.ledger import Ledger
from cosim.trace.flame import flame_svg
from cosim.trace.run_folder import RunFolder

__all__ = ["account_energy"]

IMAGE = "image"


def account_energy(
    folder: RunFolder, prepared: Prepared, outcome: SocOutcome, macros: Sequence[Ledger]
) -> dict[str, Any]:
    """Section `energy` of the result; writes energy.csv, energy_lines.csv, its flame."""
    account = _account(prepared, outcome, macros)
    passes = region_passes(outcome)
    images = [region for region in passes if region.name == IMAGE]
    inside = {
        region.name
        for region in passes
        for image in images
        if image.t_begin_ps <= region.t_begin_ps and region.t_end_ps <= image.t_end_ps
    }
    folder.write_text("energy.csv", grid_csv(account))
    folder.write_text("energy_lines.csv", lines_csv(account))
    stacks = energy_stacks(account)
    folder.write_text("stacks_energy.txt", folded_energy(stacks))
    title = f"{folder.path.name}: energy by layer and function"
    folder.write_text("flame_energy.svg", flame_svg(stacks, title=title, unit="J"))
    return energy_section(account, prepared.design, images=len(images), inside=inside)


def _account(prepared: Prepared, outcome: SocOutcome, macros: Sequence[Ledger]) -> Account:
    profile = read_profile(outcome.run_dir / "profile.txt")
    end = outcome.marks.exit
    if end is None:
        raise RtlError("the run has no end: its energy is not known")
    for what, got, want in (
        ("cycles", profile.cycles, end.cycles),
        ("instructions", profile.retired, end.instructions),
    ):
        if got != want:
            raise MismatchError(f"profile.txt holds {got} {what}, marks.txt {want}")
    ledger = digital_ledger(profile, read_image(prepared.image.hex), prepared.design)
    kind = macro_kind(prepared.design)
    return Account(
        ledger=ledger,
        name_of=region_name,
        places=read_places(prepared.image.elf, [cell.pc for cell in profile.cells]),
        macros=tuple(
            macro_part(
                f"{kind.name}{macro.macro}",
                macro.macro,
                outcome.events,
                region_passes(outcome),
                by_supply=macro.by_supply,
                by_group=macro.by_group,
                programming_j=macro.programming_j,
                standby_w=kind.costs(prepared.design).standby_w,
                t_end_ps=end.t_ps,
            )
            for macro in macros
        ),
    )
