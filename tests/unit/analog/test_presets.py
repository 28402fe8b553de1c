# SPDX-License-Identifier: Apache-2.0
"""test_presets : every shipped design on a small circuit, against node equations written out here.

Two inputs, a bias, two outputs, one tile. Unknown are all nodes: input lines, I lines, the node
between a transistor and its device, the op-amps' inputs. Op-amps are exact and gains 1, so that
nothing clips; cells, wires, drivers, ties and references are the preset's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import root

from cosim.analog.characterise import neuron_curve
from cosim.analog.fast_forward import fast_stack
from cosim.analog.ideal_forward import ideal_forward
from cosim.analog.tables_access import access_fet
from cosim.design import Design, design_names, load_design
from cosim.mapping import cell_wires

Floats = NDArray[np.float64]
WEIGHTS = np.array([[1, -1], [0, 1], [-1, 1]], np.int8)
BITS = np.array([1, 0])
EXACT = ["macro.amplifier={kind: ideal, gain_output: 1.0}", "macro.meter_cells=false"]
TOL_V = 2e-6  # op-amp of gain 1e9, splines of transistors; milliohm ties that neurons load
TOL_FIT_V = 1e-4
ACCESS = [name for name in design_names() if load_design(name).macro.access.enabled]
# r_low, r_high, or None for the MTJ of 50 x 30 nm: what each preset stands for
CELLS = {
    "rram": (2.5e3, 1e5),
    "cbram": (1e4, 1e6),
    "pcm": (78e3, 202e3),
    "imac_sim": (8.5e3, 25.5e3),
    "imac_sim_pcm": (78e3, 202e3),
    "lasana": (78e3, 202e3),
}
R_P_OHM, TMR, V_H = 10e-12 / (np.pi / 4 * 50e-9 * 30e-9), 2.0, 0.5


@dataclass
class Hand:
    """The circuit's equations; `wired` False leaves wires and drivers out.

    `parallel` equal cells stand in every place.
    """

    design: Design
    name: str
    wired: bool
    parallel: int = 1

    def device_a(self, volts: float, ap: bool) -> float:
        """Current of the memory device with its strip."""
        if self.name in CELLS:
            return self.parallel * volts / CELLS[self.name][int(ap)]
        strip = 0.5 * 500.0
        low, high = sorted((0.0, volts))
        for _ in range(80):  # halving: volts over the junction
            mid = 0.5 * (low + high)
            r = R_P_OHM * (1 + (TMR / (1 + (mid / V_H) ** 2) if ap else 0.0))
            over = mid + strip * mid / r - volts
            low, high = (low, mid) if over > 0 else (mid, high)
        r = R_P_OHM * (1 + (TMR / (1 + (low / V_H) ** 2) if ap else 0.0))
        return low / r

    def outputs(self) -> Floats:
        """Op-amp outputs of the two columns."""
        guess = np.full(3 * 2 * 5 + 4, 0.1)
        found = root(self.leftover, guess, method="hybr", tol=1e-14)
        assert np.abs(found.fun).max() < 1e-7, found.message
        return np.asarray(found.x[-2:])

    def leftover(self, unknown: Floats) -> Floats:
        """Kirchhoff's leftovers (scaled to volts), one a node."""
        macro = self.design.macro
        cells = unknown[:30].reshape(5, 3, 2)  # input line, I+, I-, inner +, inner -
        n, out = unknown[30:32], unknown[32:]
        wires = cell_wires(self.design.wires) if self.design.wires.enabled and self.wired else None
        r_in, r_out = (wires.r_in_ohm, wires.r_out_ohm) if wires else (1e-3, 1e-3)
        join = macro.partition.join_ohm if wires and macro.partition.outputs == "summed" else 0.0
        drive = macro.driver.r_ohm if self.wired else 1e-3
        ref = 0.4 if macro.amplifier.reference == "shifted" else 0.0
        r1 = r3 = macro.amplifier.r1_ohm
        x = [0.8, -0.8, 0.8]
        fet = access_fet(self.design) if macro.access.enabled else None
        left = np.zeros((5, 3, 2))
        ends = np.zeros(4)
        for r in range(3):
            for c in range(2):
                before, ohm = (x[r], drive + r_in) if c == 0 else (cells[0, r, c - 1], r_in)
                flow = (before - cells[0, r, c]) / ohm
                left[0, r, c] += flow
                if c == 1:
                    left[0, r, 0] -= flow
                for side, ap_weight in ((1, -1), (2, 1)):
                    line, inner = cells[side, r, c], cells[side + 2, r, c]
                    device = self.device_a(inner - line, bool(WEIGHTS[r, c] == ap_weight))
                    if fet is None:
                        left[side + 2, r, c] = 1e-4 * (cells[0, r, c] - inner)
                        given = device
                    else:
                        at = np.array(cells[0, r, c]), np.array(cells[0, r, c] - inner)
                        given = float(fet.at("i_a", *at))
                        left[side + 2, r, c] = given - device
                    left[0, r, c] -= given
                    left[side, r, c] += device
                    if r < 2:
                        down = (line - cells[side, r + 1, c]) / r_out
                        left[side, r, c] -= down
                        left[side, r + 1, c] += down
                    else:
                        far = (ref, r1 + r3) if side == 1 else (n[c], r1)
                        foot = (line - far[0]) / (far[1] + r_out + join)
                        left[side, r, c] -= foot
                        if side == 1:
                            ends[c] = n[c] - (ref + foot * r3)
                        else:
                            ends[2 + c] = out[c] - (n[c] - foot * r3)
        return np.concatenate([1e4 * left.ravel(), ends])


def hand(name: str, sets: list[str], *, wired: bool) -> tuple[Design, Floats]:
    design = load_design(name, [*EXACT, *sets])
    return design, Hand(design, name, wired).outputs()


def test_every_preset_has_its_published_values() -> None:
    for name, (low, high) in CELLS.items():
        cell = load_design(name).device.cell
        assert (cell.kind, cell.r_low_ohm, cell.r_high_ohm) == ("fixed", low, high)
    widths = {name: load_design(name).wires.cell_x_lambda for name in ACCESS}
    assert widths == {"sot_2t1r": 23.0, "sot_3t1r": 38.0, "sot_1tg1t1r": 56.0}


@pytest.mark.parametrize("name", design_names())
def test_ideal_follows_the_node_equations_without_wires(name: str) -> None:
    design, want = hand(name, [], wired=False)
    (layer,) = ideal_forward([WEIGHTS], BITS, design, neuron_curve(design))
    assert layer.amplifier_v[0] == pytest.approx(want, abs=20 * TOL_V)


@pytest.mark.parametrize("name", design_names())
@pytest.mark.parametrize("wires", ["true", "false"])
def test_fast_follows_the_node_equations(name: str, wires: str) -> None:
    design, want = hand(name, [f"wires.enabled={wires}"], wired=True)
    stack = fast_stack([WEIGHTS], design)
    state = stack.solve(stack.drive_of(BITS), tol_v=1e-8)
    # drops of transistors are fitted within 0.1 mV, with gain 1 as much at an amplifier
    tol_v = TOL_FIT_V if name in ACCESS else TOL_V
    assert state.amplifier_v[0][0] == pytest.approx(want, abs=tol_v)


@pytest.mark.spice
@pytest.mark.parametrize("name", design_names())
def test_ngspice_follows_the_node_equations(name: str, operating_point: Callable) -> None:
    design, want = hand(name, ["wires.enabled=true"], wired=True)
    volts = operating_point([WEIGHTS], BITS, design)
    assert [volts["a0_0"], volts["a0_1"]] == pytest.approx(want, abs=20 * TOL_V)


@pytest.mark.parametrize(("outputs", "parallel"), [("tied", 1), ("summed", 2)])
def test_tied_partitions_average_and_summed_ones_share_a_line(outputs: str, parallel: int) -> None:
    """Two equal row partitions: tied they give what one gives; summed each cell counts twice."""
    sets = ["macro.tile={rows: 3, cols: 2}", "wires.enabled=false", "macro.driver.r_ohm=1e-6"]
    sets += [f"macro.partition={{outputs: {outputs}, tie_ohm: 1e-6}}"]
    design = load_design("rram", [*EXACT, *sets])
    want = Hand(design, "rram", wired=False, parallel=parallel).outputs()
    stack = fast_stack([np.vstack([WEIGHTS, WEIGHTS])], design)
    state = stack.solve(stack.drive_of(np.array([1, 0, 1, 1, 0])), tol_v=1e-9)
    assert state.amplifier_v[0][0] == pytest.approx(want, abs=2 * TOL_V)
