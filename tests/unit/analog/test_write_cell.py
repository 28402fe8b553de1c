# SPDX-License-Identifier: Apache-2.0
"""test_write_cell : the design's program words cost what a write costs in the circuit."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.analog.write_cell import DATA, Write, measure_writes, read_writes, word_energy_j
from cosim.design import load_design
from cosim.errors import ConvergenceError, RangeError

STRIP_OHM = 500.0
EDGES = 0.03  # both edges and the current's fall as the driver warms into its knee
CSV_DIGITS = 1e-5


@pytest.fixture(scope="module")
def kept() -> tuple[Write, ...]:
    return read_writes(DATA / "write_imac_14nm.csv")


def test_every_write_ends_in_its_target(kept: tuple[Write, ...]) -> None:
    assert {(write.start, write.target) for write in kept} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    for write in kept:
        assert write.m_z * write.target > 0.9
        assert (write.t_switch_s > 0) == (write.start != write.target)


def test_a_write_costs_the_supply_times_the_current(kept: tuple[Write, ...]) -> None:
    design = load_design("imac_14nm")
    pulse_s = design.macro.write.pulse_ps * 1e-12
    for write in kept:
        supply_j = design.macro.vdd_v * write.peak_a * pulse_s
        assert write.energy_j == pytest.approx(supply_j, rel=EDGES)
        assert write.strip_j == pytest.approx(write.peak_a**2 * STRIP_OHM * pulse_s, rel=EDGES)


def test_the_designs_program_word_is_the_measured_one(kept: tuple[Write, ...]) -> None:
    macro, period_ps = load_design("imac_14nm").macro, load_design("imac_14nm").clock.period_ps
    assert macro.prog_word_j == pytest.approx(word_energy_j(kept), rel=1e-3)
    assert macro.write.pulse_ps < macro.timing.prog_cycles * period_ps
    assert max(w.t_switch_s for w in kept) < macro.write.pulse_ps * 1e-12


@pytest.mark.spice
def test_the_kept_figures_are_the_circuits(kept: tuple[Write, ...]) -> None:
    for got, want in zip(measure_writes(load_design("imac_14nm")), kept, strict=True):
        assert (got.start, got.target) == (want.start, want.target)
        assert got.energy_j == pytest.approx(want.energy_j, rel=CSV_DIGITS)
        assert got.t_switch_s == pytest.approx(want.t_switch_s, rel=1e-3, abs=1e-15)


@pytest.mark.spice
@pytest.mark.parametrize("fins", [1, 6])
def test_too_little_or_too_much_current_is_an_error(fins: int) -> None:
    design = load_design("imac_14nm", [f"macro.write.nfin={fins}"])
    with pytest.raises(ConvergenceError, match="after the pulse"):
        measure_writes(design)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "write.csv"
    path.write_text("# made by hand\nstart,target\n1,1\n")
    with pytest.raises(RangeError, match=r"write\.csv"):
        read_writes(path)
