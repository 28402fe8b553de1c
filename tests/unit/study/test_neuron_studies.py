# SPDX-License-Identifier: Apache-2.0
"""test_neuron_studies : sigmoid circuits, their areas and digital ones against hand and formula."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from cosim.analog.characterise import neuron_curve
from cosim.analog.gate_energy import CELLS, GateTiming, measure_timing
from cosim.analog.layout_area import area_m2
from cosim.analog.sigmoid_bench import WINDOW_S, measure_sigmoid
from cosim.analog.sigmoid_circuits import CIRCUITS, Corner, fins_of
from cosim.design import load_design
from cosim.errors import ConvergenceError, RtlError
from cosim.study.digital import block_figures, evaluate, map_block
from cosim.tools import repo_root

NEURONS = repo_root() / "rtl" / "neuron"
JOULES = {"NOT": 2.0, "DFF": 3.0, "clock": 5.0, "NAND": 7.0}
TIMING = {kind: GateTiming(delay_s=1.0, leakage_w=1.0) for kind in JOULES}


@pytest.mark.spice
def test_the_neurons_curve_is_the_engines() -> None:
    design = load_design("imac_14nm")
    found, curve = measure_sigmoid(CIRCUITS["mram"], design), neuron_curve(design)
    expected = curve.output_v(found.vin_v - design.macro.neuron.shift_v)
    assert np.abs(found.vout_v - expected).max() < 1e-4
    middle_w = curve.supply_a(np.array([0.0]))[0] * design.macro.vdd_v
    assert found.middle_w == pytest.approx(middle_w, rel=0.01)  # MTJ-A carries next to nothing
    assert 0 < found.dynamic_j < 0.1 * found.energy_j


@pytest.mark.spice
def test_power_of_a_held_input_is_that_of_the_sweep() -> None:
    """What a window takes at its end is the DC power at 0.1 and 0.9 VDD."""
    design = load_design("imac_14nm")
    for circuit in CIRCUITS.values():
        found = measure_sigmoid(circuit, design)
        held_w = (found.energy_j - found.dynamic_j) / WINDOW_S
        low_w, high_w = (np.interp(x * 0.8, found.vin_v, found.power_w) for x in (0.1, 0.9))
        assert held_w == pytest.approx((low_w + high_w) / 2, rel=0.01), circuit.name


@pytest.mark.spice
def test_alternatives_are_as_steep_as_the_neuron_and_corners_move_power() -> None:
    design = load_design("imac_14nm")
    neuron = measure_sigmoid(CIRCUITS["mram"], design)
    for name in ("cmos", "pair"):
        found = measure_sigmoid(CIRCUITS[name], design)
        assert abs(found.slope / neuron.slope - 1) < 1 / 6, name
        assert found.fit_v < 0.03 * found.swing_v
    slow = measure_sigmoid(CIRCUITS["mram"], design, corner=Corner(dvt_n_v=0.03, dvt_p_v=0.03))
    assert slow.static_w < 0.9 * neuron.static_w
    with pytest.raises(ConvergenceError, match="logistic"):
        measure_sigmoid(CIRCUITS["mram"], design, corner=Corner(f_ra=1e-6))


def test_area_counts_columns_by_hand() -> None:
    column = 70e-9 * 12 * 42e-9
    assert area_m2([10], [10]) == pytest.approx((3 + 1) * column, rel=1e-9, abs=0)
    assert area_m2([4, 4], [1]) == pytest.approx((2 + 1) * column, rel=1e-9, abs=0)
    assert area_m2([1], [1], mtjs=10) == pytest.approx(10 * (150e-9) ** 2, rel=1e-9, abs=0)
    design = load_design("imac_14nm")
    assert fins_of(CIRCUITS["mram"], design) == ([10], [10])
    assert fins_of(CIRCUITS["pair"], design) == ([1, 8, 8, 8, 1], [1, 8, 8, 1])


@pytest.mark.parametrize("name", ["lut", "pwl"])
def test_mapped_gates_compute_the_sigmoid(name: str) -> None:
    block = map_block(NEURONS / f"neuron_{name}.v")
    codes = np.arange(256)
    nets = evaluate(block, codes, "i_code")
    found = sum(nets[bit].astype(int) << k for k, bit in enumerate(block.outputs["o_code"]))
    signed = np.where(codes < 128, codes, codes - 256) / 16
    exact = 1 / (1 + np.exp(-signed))
    assert np.abs(found / 255 - exact).max() < (0.002 if name == "lut" else 0.025)
    assert block.counts["DFF"] == 8


def test_a_blocks_figures_by_hand(tmp_path: Path) -> None:
    """An inverter before a flip-flop; its input moves at every second cycle."""
    path = tmp_path / "turn.v"
    path.write_text(
        "module turn(input i_clk, input i_code, output reg o_code);"
        " always @(posedge i_clk) o_code <= ~i_code; endmodule\n"
    )
    codes = np.array([0, 0, 1, 1, 0, 0, 1, 1, 0])
    found = block_figures(map_block(path), JOULES, TIMING, codes, port="i_code")
    area = pytest.approx((1 + 1 + 10 + 1) * 70e-9 * 12 * 42e-9, rel=1e-9, abs=0)
    assert (found.gates, found.leakage_w, found.delay_s) == (2, 2.0, 2.0)
    assert found.dynamic_j == pytest.approx(0.5 * (2.0 + 3.0) + 5.0)
    assert found.area_m2 == area


def test_a_block_that_is_no_verilog_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text("module bad(\n")
    with pytest.raises(RtlError, match=r"^yosys: "):
        map_block(path)


@pytest.mark.spice
def test_gates_are_ordered_by_their_stages() -> None:
    timing = measure_timing(load_design("imac_14nm"))
    assert set(timing) == {*CELLS, "DFF"}
    assert timing["NOT"].delay_s < timing["NAND"].delay_s < timing["XOR"].delay_s
    ratio = timing["XOR"].leakage_w / timing["NAND"].leakage_w
    assert math.isclose(ratio, 4, rel_tol=0.2)  # four NANDs
