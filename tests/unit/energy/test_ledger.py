# SPDX-License-Identifier: Apache-2.0
"""test_ledger : joules are counts times constants; any two views have the same total."""

from __future__ import annotations

import dataclasses
import math

import pytest
from sample_profile import TEXT, WORDS

from cosim.design import Design, design_names, load_design
from cosim.energy.account import Account, MacroPart, macro_part
from cosim.energy.ledger import COMPONENT_OF, Ledger, digital_ledger
from cosim.energy.places import Place
from cosim.energy.profile import parse_profile
from cosim.energy.tidy import energy_section
from cosim.errors import FirmwareError, MismatchError
from cosim.trace.events import Asleep, Evaluation, Programmed, RegionPass

PERIOD_S = 1e-9
ROUNDING = 1e-12  # of a sum of some hundred doubles
PROGRAMMING_J, STANDBY_W = 4e-9, 2e-6


@pytest.fixture(scope="module")
def design() -> Design:
    return load_design("imac_14nm")


@pytest.fixture
def ledger(design: Design) -> Ledger:
    return digital_ledger(parse_profile(TEXT.splitlines()), WORDS, design)


def test_every_constant_meets_the_count_made_by_hand(ledger: Ledger) -> None:
    want = {
        "instruction.alu_j": 1,
        "instruction.store_j": 2,
        "instruction.mul_j": 4,
        "instruction.load_j": 2,
        "instruction.div_j": 1,
        "instruction.system_j": 1,
        "instruction.xif_j": 1,
        "instruction.trap_j": 1,
        "regfile_read_j": 2 * 2 + 2 * 4 + 2 * 1 + 2 * 1 + 1,  # sw, mul, lb, div, push (x0 free)
        "regfile_write_j": 1 + 4 + 2 + 1,
        "multiply_j": 4,
        "divide_j": 1,
        "fetch_j": 4 + 3 + 4 + 2 + 1 + 1 + 1 + 2 + 1,
        "store_word_j": 1,  # one of two went to a device
        "device_j": 1,
        "load_byte_j": 2,
        "bus_j": 4,
        "shell_instruction_j": 1,
        "shell_active_j": 26,
        "clock_j": 120 - 40,
        "idle_j": 40,
        "leakage_w": 120 * PERIOD_S,
    }
    for name in COMPONENT_OF:
        assert ledger.count(name) == pytest.approx(want.get(name, 0)), name


DMA_LINES = {0: "dma 1 0 3", 5: "dma 2 40 0"}  # requests, words that came, words that went


def test_the_dma_and_external_memory_are_billed_where_they_are_present() -> None:
    lines = []
    for line in TEXT.splitlines():
        lines.append(line)
        if line.startswith("region"):
            lines.append(DMA_LINES[int(line.split()[1])])
    profile = parse_profile(lines)
    design = load_design("imac_14nm", ["soc.memory.present=true", "soc.memory.request_j=1e-9"])
    ledger, memory, energy = (
        digital_ledger(profile, WORDS, design),
        design.soc.memory,
        design.energy,
    )
    parts = ledger.by_component()
    assert parts["external memory"] == pytest.approx(3 * 1e-9 + 4 * 43 * memory.byte_j)
    assert parts["external memory, standby"] == pytest.approx(120e-9 * memory.standby_w)
    assert parts["DMA"] == pytest.approx(43 * memory.dma_word_j)
    assert ledger.count("store_word_j") == 1 + 40
    assert ledger.count("load_word_j") == 3
    assert ledger.count("bus_j") == 4 + 43
    dma = 3e-9 + 43 * (4 * memory.byte_j + memory.dma_word_j + energy.bus_j)
    dma += 40 * energy.store_word_j + 3 * energy.load_word_j
    assert ledger.by_class()["dma"] == pytest.approx(dma)
    assert math.fsum(parts.values()) == pytest.approx(ledger.total_j, rel=ROUNDING)
    account = Account(ledger=ledger, name_of=str)  # holds all views against the supplies
    assert account.ledger.by(account.function)["(DMA)"] == pytest.approx(dma)
    with pytest.raises(MismatchError, match=r"soc\.memory\.present"):
        digital_ledger(profile, WORDS, load_design("imac_14nm"))


def test_external_memory_that_is_not_used_costs_its_standby_alone(ledger: Ledger) -> None:
    design = load_design("imac_14nm", ["soc.memory.present=true"])
    idle = digital_ledger(parse_profile(TEXT.splitlines()), WORDS, design)
    assert "external memory" not in ledger.by_component()
    assert idle.by_component()["external memory"] == 0.0
    extra = 120e-9 * design.soc.memory.standby_w
    assert idle.total_j - ledger.total_j == pytest.approx(extra)


def test_joules_are_counts_times_the_designs_constants(ledger: Ledger, design: Design) -> None:
    energy = design.energy
    assert ledger.by_component()["multiplier"] == pytest.approx(4 * energy.multiply_j)
    assert ledger.by_component()["leakage"] == pytest.approx(120e-9 * energy.leakage_w)
    trap = energy.instruction.trap_j + 2 * energy.fetch_j + 3 * energy.clock_j
    assert ledger.by_class()["trap"] == pytest.approx(trap + 3e-9 * energy.leakage_w)


def test_sums_over_instructions_tell_what_the_items_do(ledger: Ledger) -> None:
    again = tuple(item._replace(pc=4096, joules=3 * item.joules) for item in ledger.items)
    more = dataclasses.replace(ledger, items=ledger.items + again)
    views = (lambda i: i.kind, lambda i: i.component, lambda i: f"{i.region} {i.constant}")
    for view in views:
        assert list(more.across(view)) == list(more.by(view))
        assert more.across(view) == pytest.approx(more.by(view), rel=1e-12)
    assert len(more.sums) == len(ledger.sums) < len(more.items)
    assert {item.pc for item in more.sums} == {None}
    assert more.count("fetch_j") == 2 * ledger.count("fetch_j")


def test_one_uncertain_constant_makes_its_share_of_sigma(design: Design) -> None:
    only = {f"energy.{name}": 0.0 for name in COMPONENT_OF} | {"energy.fetch_j": 0.3}
    certain = design.model_copy(update={"uncertainties": only})
    ledger = digital_ledger(parse_profile(TEXT.splitlines()), WORDS, certain)
    assert ledger.sigma_j == pytest.approx(0.3 * 19 * design.energy.fetch_j)


def test_an_instruction_outside_the_image_is_an_error(design: Design) -> None:
    words = {pc: word for pc, word in WORDS.items() if pc != 0x10}
    with pytest.raises(FirmwareError, match="0x10"):
        digital_ledger(parse_profile(TEXT.splitlines()), words, design)


def test_a_ledger_that_lost_cycles_is_refused(
    design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosim.energy.ledger._rest_counts", lambda *_: iter(()))
    with pytest.raises(MismatchError, match="cycles awake and asleep add up to 118, not to 120"):
        digital_ledger(parse_profile(TEXT.splitlines()), WORDS, design)


EVENTS = (
    Programmed(macro=0, t_ps=10_000, words=7, energy_j=0.0, t_begin_ps=4_000),
    Asleep(macro=0, t_begin_ps=10_000, t_end_ps=60_000, energy_j=4e-9 + 5e-14),
    Evaluation(
        macro=0, index=0, t_start_ps=60_000, t_strobe_ps=64_000, t_done_ps=66_000, codes=(1,),
        volts=(0.1,), energy_j=3e-8, settle_j=2e-8,
        energy_by_supply={"vdd": 3e-8}, energy_by_group={"cells": 3e-8},
    ),
    Asleep(macro=0, t_begin_ps=66_000, t_end_ps=120_000, energy_j=2e-12),
)  # fmt: skip
STACK = RegionPass(
    id=5, name="fc_stack", t_begin_ps=50_000, t_end_ps=70_000, cycles=20, instructions=9
)
ANALOG_J = 3e-8 + 4e-9 + 5e-14 + 2e-12


def part() -> MacroPart:
    return macro_part(
        "m0", 0, EVENTS, [STACK], by_supply={"vdd": ANALOG_J}, by_group={"cells": ANALOG_J},
        programming_j=PROGRAMMING_J, standby_w=STANDBY_W, t_end_ps=120_000,
    )  # fmt: skip


def account(ledger: Ledger, *macros: MacroPart) -> Account:
    places = {
        pc: Place(function=f"f{pc // 12}", symbol="main", file="main.c", line=pc) for pc in WORDS
    }
    return Account(
        ledger=ledger,
        name_of={5: "fc_stack"}.__getitem__,
        places=places,
        macros=macros,
    )


def test_phases_of_the_macro_add_up_to_its_energy() -> None:
    phases = part().by_phase
    assert math.fsum(phases.values()) == pytest.approx(ANALOG_J, rel=ROUNDING)
    assert phases["program"] == PROGRAMMING_J
    assert (phases["settle"], phases["sample"]) == pytest.approx((2e-8, 1e-8))
    assert phases["load"] == pytest.approx(STANDBY_W * 10e-9)


@pytest.mark.parametrize("macros", [(), (part(),)], ids=["cpu", "hybrid"])
def test_any_two_views_have_the_same_total(ledger: Ledger, macros: tuple[MacroPart, ...]) -> None:
    whole = account(ledger, *macros)
    analog_j = ANALOG_J if macros else 0.0
    views = {
        "components": math.fsum(whole.components().values()) - analog_j,
        "classes": math.fsum(ledger.by(whole.kind).values()),
        "layers": math.fsum(digital for digital, _ in whole.layers().values()),
        "functions": math.fsum(ledger.by(whole.function).values()),
        "lines": math.fsum(ledger.by(whole.line).values()),
        "grid": math.fsum(row[-1] for row in whole.grid()[1:]) - analog_j,
        "cells of the grid": math.fsum(v for row in whole.grid()[1:] for v in row[1:-1]) - analog_j,
        "supplies": whole.supplies["digital"],
    }
    for name, joules in views.items():
        assert joules == pytest.approx(ledger.total_j, rel=1e-9), name
    assert math.fsum(analog for _, analog in whole.layers().values()) == pytest.approx(analog_j)


def test_a_macro_whose_parts_miss_its_supplies_fails_the_run(ledger: Ledger) -> None:
    broken = dataclasses.replace(part(), by_group={"cells": 0.5 * ANALOG_J})
    with pytest.raises(MismatchError, match=r"the components add up to .* less; largest"):
        account(ledger, broken)


def test_the_section_says_what_the_ledger_says(ledger: Ledger, design: Design) -> None:
    section = energy_section(account(ledger, part()), design, images=1, inside={"fc_stack"})
    assert section["total_j"] == pytest.approx(ledger.total_j + ANALOG_J)
    assert abs(section["residue_j"]) <= ROUNDING * section["total_j"]
    assert sum(row["cycles"] for row in section["layers"]) == 120
    assert sum(row["cycles"] for row in section["functions"]) == 120
    assert sum(row["instructions"] for row in section["classes"]) == 12
    spent = sum(row["count"] * row["value"] for row in section["constants"])
    assert spent == pytest.approx(ledger.total_j)
    inside = next(row for row in section["layers"] if row["name"] == "fc_stack")
    assert section["image_j"] == pytest.approx(inside["digital_j"] + 3e-8)


def test_shipped_designs_state_every_uncertainty() -> None:
    for name in design_names():
        design = load_design(name)
        missing = [k for k in COMPONENT_OF if f"energy.{k}" not in design.uncertainties]
        assert missing == []
