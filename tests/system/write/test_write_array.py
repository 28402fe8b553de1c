# SPDX-License-Identifier: Apache-2.0
"""test_write_array : 2x2 cells really written in lockstep: RTL pulses, ngspice moves the layers.

What the engine bills for it must be the design's energy of so many writes, which was measured on a
single cell with ideal pulses.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from cosim.analog.netlist_parts import VERILOGA, model_cards, neuron_models
from cosim.analog.write_cell import CELLS_PER_WORD
from cosim.bridge.build import Rtl, build
from cosim.bridge.launch import run_cocotb
from cosim.design import Design, load_design

HERE = Path(__file__).resolve().parent
WRITES = 8  # four cells, twice
ANGLE = 0.1
# The same pulse between half levels; the solver's tolerance, three digits of the design's value and
# the rest current of 16 FETs over 17 ns are left.
TOL = 0.005


def array_text(design: Design) -> str:
    """`.subckt`: cells 0..3, gates a and b, states y; every cell starts antiparallel."""
    mtj, fet, fins = design.device.mtj, design.device.fet, design.macro.write.nfin
    cells = range(4)
    lines = [
        model_cards(design, whole_macro=False),
        f".model wcell sot_mtj_write ra={mtj.ra_ohm_um2!r} tmr0={mtj.tmr0!r} v_h={mtj.v_h_v!r} "
        f"length={mtj.length_nm * 1e-9!r} width={mtj.width_nm * 1e-9!r}",
        ".subckt array vdd " + " ".join(f"{p}{k}" for p in ("a", "b", "y") for k in cells),
    ]
    for k in cells:
        for gate, end in ((f"a{k}", f"p{k}"), (f"b{k}", f"q{k}")):
            lines.append(f"nn{gate} {end} {gate} 0 0 {fet.n_name} nfin={fins}")
            lines.append(f"np{gate} {end} {gate} vdd vdd {fet.p_name} nfin={fins}")
        lines += [f"ncell{k} t{k} p{k} q{k} x{k} w{k} y{k} wcell", f"rt{k} t{k} 0 1e12"]
        start = f"v(x{k})={math.sin(ANGLE)!r} v(w{k})=0 v(y{k})={-math.cos(ANGLE)!r}"
        lines.append(f".ic {start}")
    return "\n".join([*lines, ".ends", ""])


def array_yaml(design: Design) -> str:
    vdd = design.macro.vdd_v
    models = [*neuron_models(design), VERILOGA / "sot_mtj_write.va"]
    gate = f"{{vol: 0.0, voh: {vdd}, rise_ps: 20, fall_ps: 20}}"
    return "\n".join(
        [
            "subckt: array",
            "file: array.cir",
            f"models: [{', '.join(map(str, models))}]",
            f"supplies: {{vdd: {{volts: {vdd}, group: write}}}}",
            "inputs:",
            *(f"  {name}[3:0]: {gate}" for name in ("a", "b")),
            "outputs:",
            "  y[3:0]: {threshold: 0.0, async: true}",
            "",
        ]
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, object]]:
    folder = tmp_path_factory.mktemp("write")
    design = load_design("imac_14nm")
    (folder / "array.cir").write_text(array_text(design))
    (folder / "array.yaml").write_text(array_yaml(design))
    rtl = Rtl(top="write_dut", sources=(HERE / "write_dut.v",), read=("a", "b", "done"))
    status = run_cocotb(
        "icarus",
        build("icarus", rtl),
        top="write_dut",
        module="write_child",
        folder=folder,
        plusargs=[f"states={folder / 'states.txt'}"],
        env={"WRITE_MACRO": str(folder / "array.yaml"), "WRITE_RESULT": str(folder / "r.json")},
        wall_limit_s=300.0,
    )
    assert (folder / "r.json").exists(), (status, (folder / "sim.log").read_text()[-3000:])
    states = (folder / "states.txt").read_text().splitlines()
    return states, json.loads((folder / "r.json").read_text())


def test_every_cell_holds_what_was_written(written: tuple[list[str], dict[str, object]]) -> None:
    states, _ = written
    assert states == ["1001 1001", "0110 0110"]


def test_the_layers_end_at_their_poles(written: tuple[list[str], dict[str, object]]) -> None:
    m_z = written[1]["m_z"]
    assert isinstance(m_z, list)
    assert [round(value) for value in m_z] == [-1, 1, 1, -1]


def test_the_engine_bills_what_the_design_says(
    written: tuple[list[str], dict[str, object]],
) -> None:
    design = load_design("imac_14nm")
    want = WRITES * design.macro.prog_word_j / CELLS_PER_WORD
    assert written[1]["total_j"] == pytest.approx(want, rel=TOL)
