# SPDX-License-Identifier: Apache-2.0
"""test_switching : gates of a small module, toggles of a SAIF text, and joules counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.analog.gate_energy import CELLS, CLOCK, gates_file, read_gates
from cosim.energy.netlist import Cell, core_gates
from cosim.energy.switching import read_toggles, switching_energy
from cosim.errors import RangeError, RtlError

SAIF = """(SAIFILE
(SAIFVERSION "2.0")
(TIMESCALE 1ps)
(DURATION 4000)
(INSTANCE TOP
 (INSTANCE u_core
  (NET
   (g1 (T0 0) (T1 4000) (TZ 0) (TX 0) (TB 0) (TC 99))
  )
  (INSTANCE u_gates
   (NET
    (g1 (T0 2000) (T1 2000) (TZ 0) (TX 0) (TB 0) (TC 3))
    (bus\\[1\\] (T0 2000) (T1 2000) (TZ 0) (TX 0) (TB 0) (TC 5))
   )
  )
  (INSTANCE u_other
   (NET
    (g9 (T0 2000) (T1 2000) (TZ 0) (TX 0) (TB 0) (TC 7))
   )
  )
 )
)
)
"""
CPU = """module rv_core (
   input wire i_clk, input wire [1:0] i_a, output reg o_q, output wire rvfi_x);
   assign rvfi_x = i_a[0] ^ i_a[1];
   always @(posedge i_clk) o_q <= i_a[0] & i_a[1];
endmodule
"""


@pytest.fixture
def saif(tmp_path: Path) -> Path:
    path = tmp_path / "trace.saif"
    path.write_text(SAIF)
    return path


def test_toggles_are_those_of_one_instance(saif: Path) -> None:
    assert read_toggles(saif, "u_gates") == ({"g1": 3, "bus[1]": 5}, 4000)


def test_a_file_without_the_instance_is_an_error(saif: Path) -> None:
    with pytest.raises(RtlError, match="no switching of an instance u_rtl"):
        read_toggles(saif, "u_rtl")


def test_joules_are_toggles_and_clocks() -> None:
    cells = [Cell(kind="AND", net="a"), Cell(kind="AND", net="b"), Cell(kind="DFF", net="q")]
    joules = {"AND": 2.0, "DFF": 5.0, CLOCK: 0.5}
    found = switching_energy(cells, {"a": 3, "b": 1, "q": 2}, joules, cycles=10)
    assert found.energy_j == {"AND": 8.0, "DFF": 10.0, CLOCK: 5.0}
    assert found.cycle_j == pytest.approx(2.3)


def test_a_net_without_a_trace_or_a_cell_without_a_figure_is_an_error() -> None:
    cells = [Cell(kind="AND", net="a")]
    with pytest.raises(RtlError, match="lacks net a"):
        switching_energy(cells, {}, {"AND": 1.0, CLOCK: 1.0}, cycles=1)
    with pytest.raises(RtlError, match="cell AND"):
        switching_energy(cells, {"a": 1}, {CLOCK: 1.0}, cycles=1)


def test_the_netlist_has_the_modules_gates_and_no_retirement_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosim.tools.build_dir", lambda: tmp_path)
    source = tmp_path / "rv_core.v"
    source.write_text(CPU)
    gates = core_gates([source], [])
    assert dict(gates.counts) == {"AND": 1, "DFF": 1}  # the XOR served rvfi_x alone
    shell = gates.sources[1].read_text()
    assert "assign rvfi_x = 1'd0;" in shell
    assert ".o_q (o_q)" in shell


def test_the_kept_figures_cover_every_cell_that_yosys_makes() -> None:
    joules = read_gates(gates_file("imac_14nm"))
    assert set(joules) == {*CELLS, "DFF", CLOCK}
    # one stage, two stages, three: an inverter's load alone is 3 gates of 2 + 2 fins and 1 fF
    assert 5e-16 < joules["NAND"] < joules["AND"] < joules["XOR"] < 2e-15


def test_a_table_with_a_cell_missing_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "gates.csv"
    path.write_text("# by hand\ncell,energy_j\nNOT,1e-15\n")
    with pytest.raises(RangeError, match="lacks cells"):
        read_gates(path)
