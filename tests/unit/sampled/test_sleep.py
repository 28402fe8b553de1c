# SPDX-License-Identifier: Apache-2.0
"""test_sleep : stretching sleep adds standby energy, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cosim.analog.protocol import Energy
from cosim.bridge.soc import SocOutcome
from cosim.design import load_design
from cosim.errors import MismatchError
from cosim.image.regions import region_ident
from cosim.sampled.sleep import Stretch, stretched_macros
from cosim.trace.events import Asleep, Evaluation, Programmed
from cosim.trace.marks import Exit, Marks, Region

DESIGN = load_design("imac_14nm")
WORDS, EACH_J, DISCHARGE_J = 100, 2e-9, 3e-12
NS = 1000  # ps


def region(name: str, begin_ns: int, end_ns: int) -> Region:
    ident = region_ident(name)
    assert ident is not None
    return Region(
        id=ident,
        t_begin_ps=begin_ns * NS,
        t_end_ps=end_ns * NS,
        cycles=end_ns - begin_ns,
        instructions=1,
    )


def evaluation(index: int, begin_ns: int) -> Evaluation:
    parts = {"circuit": EACH_J}
    return Evaluation(
        macro=0,
        index=index,
        t_start_ps=begin_ns * NS,
        t_strobe_ps=(begin_ns + 8) * NS,
        t_done_ps=(begin_ns + 9) * NS,
        codes=(1,),
        volts=(0.1,),
        energy_j=EACH_J,
        energy_by_supply=parts,
        energy_by_group=parts,
        settle_j=EACH_J / 2,
    )


def outcome(standby_w: float) -> SocOutcome:
    """Programmed at 100 ns, evaluations at 1,000 and 3,000 ns, the end at 4,000 ns."""
    write_j = WORDS * DESIGN.macro.prog_word_j
    spans = ((100, 1000, write_j), (1009, 3000, DISCHARGE_J), (3009, 4000, DISCHARGE_J))
    sleeps = [
        Asleep(
            macro=0,
            t_begin_ps=begin * NS,
            t_end_ps=end * NS,
            energy_j=more_j + standby_w * (end - begin) * 1e-9,
        )
        for begin, end, more_j in spans
    ]
    first, second = evaluation(0, 1000), evaluation(1, 3000)
    programmed = Programmed(macro=0, t_ps=100 * NS, words=WORDS, energy_j=0.0, t_begin_ps=50 * NS)
    asleep_j = standby_w * (900 + 1991 + 991) * 1e-9
    supplies = {"circuit": 2 * EACH_J + 2 * DISCHARGE_J, "standby": asleep_j, "write": write_j}
    groups = {"circuit": supplies["circuit"], "neurons": asleep_j, "cells": write_j}
    total_j = sum(supplies.values())
    return SocOutcome(
        run_dir=Path(),
        console="",
        marks=Marks(
            regions=(
                region("program", 40, 110),
                region("fc_stack", 990, 1020),
                region("image", 200, 1030),
                region("fc_stack", 2990, 3020),
                region("image", 2200, 3030),
            ),
            open_ids=(),
            exit=Exit(code=0, t_ps=4000 * NS, cycles=4000, instructions=1),
        ),
        evaluations=(first, second),
        events=(programmed, sleeps[0], first, sleeps[1], second, sleeps[2]),
        energies={
            "imac0": (Energy(t_ps=4000 * NS, total_j=total_j, by_supply=supplies, by_group=groups),)
        },
        complete=True,
    )


def stretched(standby_w: float = DESIGN.macro.standby_w, **more: int) -> Any:
    shift = {"before_ps": 0, "after_ps": 0, **more}
    (part,) = stretched_macros(outcome(standby_w), DESIGN, **shift)
    return part


def test_time_is_added_ahead_of_each_stack_and_behind_each_picture() -> None:
    stretch = Stretch(before_ps=1000, after_ps=-10, opened_ps=(100, 300), closed_ps=(150, 350))
    assert [stretch.at(t) for t in (99, 100, 149, 150, 299, 300, 400)] == [
        *(99, 1100, 1149, 1140),
        *(1289, 2290, 2380),
    ]


def test_longer_sleep_costs_standby_power_and_nothing_else() -> None:
    short, long = stretched(), stretched(before_ps=5000 * NS)
    more_j = DESIGN.macro.standby_w * 10_000e-9
    assert long.by_supply["standby"] == pytest.approx(short.by_supply["standby"] + more_j)
    assert long.by_group["neurons"] == pytest.approx(short.by_group["neurons"] + more_j)
    assert long.by_group["circuit"] == short.by_group["circuit"]
    for phase in ("program", "settle", "sample"):
        assert long.by_phase[phase] == short.by_phase[phase]
    total_j = sum(short.by_group.values()) + more_j
    for view in (long.by_supply, long.by_group, long.by_phase, long.by_layer):
        assert sum(view.values()) == pytest.approx(total_j)


def test_a_macro_that_bills_sleep_otherwise_is_refused() -> None:
    with pytest.raises(MismatchError, match="its sleep cannot be stretched"):
        stretched(standby_w=1.5 * DESIGN.macro.standby_w)
