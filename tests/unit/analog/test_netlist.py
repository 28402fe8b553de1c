# SPDX-License-Identifier: Apache-2.0
"""test_netlist : the macro's text holds every weight once, and its pins are those of the RTL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import numpy as np
import pytest

from cosim.analog.netlist import build_macro
from cosim.analog.netlist_circuit import build_circuit
from cosim.analog.netlist_tile import build_tile
from cosim.analog.pins import subckt_ports
from cosim.design import load_design
from cosim.errors import DesignError
from cosim.mapping import map_stack

LENET = (400, 120, 84, 10)
MAX_BUILD_S = 5.0
UNMETERED = "macro.meter_cells=false"


def subckts(netlist: str) -> dict[str, list[str]]:
    """Body lines of every .subckt, continuation lines joined."""
    joined = re.sub(r"\n\+ ", " ", netlist)
    found: dict[str, list[str]] = {}
    body: list[str] = []
    for line in joined.splitlines():
        if line.startswith(".subckt"):
            body = found.setdefault(line.split()[1], [])
        elif not line.startswith((".", "*")):
            body.append(line)
    return found


def test_every_weight_is_one_synapse_with_its_states(random_stack: Callable) -> None:
    design = load_design(
        "imac_14nm", ["wires.enabled=false", "macro.tile={rows: 8, cols: 6}", UNMETERED]
    )
    mapping = map_stack(random_stack(33, 20, 5), design)
    bodies = subckts(build_macro(mapping, design).netlist)
    for tile in mapping.tiles:
        seen = np.full((tile.rows, tile.cols), 9)
        for line in bodies[tile.name]:
            words = line.split()
            row, col = int(words[1][1:]), int(words[2][1:])
            assert words[1:5] == [f"i{row}", f"p{col}", f"n{col}", "synapse"]
            state = {"": 0, "state=1": -1, "state_n=1": 1}["".join(words[5:])]
            assert seen[row, col] == 9
            seen[row, col] = state
        np.testing.assert_array_equal(seen, mapping.tile_weights(tile))


def test_wires_put_a_segment_at_every_cell_of_three_lines(random_stack: Callable) -> None:
    design = load_design("imac_14nm", ["wires.enabled=true", UNMETERED])
    mapping = map_stack(random_stack(6, 4), design)
    circuit = build_tile(mapping.tiles[0], mapping.weights[0], design)
    cells = 7 * 4
    assert len(circuit.nodes) == 7 + 2 * 4 + 3 * cells
    assert len(circuit.resistors.ohm) == len(circuit.c_f) == 3 * cells
    # every inner node has exactly two wire ends, except the far ends of the lines
    ends = np.bincount(
        np.concatenate([circuit.resistors.a, circuit.resistors.b]), minlength=len(circuit.nodes)
    )
    far = [f"a{r}_3" for r in range(7)] + [f"{x}0_{c}" for x in "bc" for c in range(4)]
    for node, count in zip(circuit.nodes, ends.tolist(), strict=True):
        assert count == (1 if node in circuit.ports or node in far else 2), node


def test_access_transistors_stand_in_every_cell(random_stack: Callable) -> None:
    design = load_design("imac_14nm", ["macro.access={enabled: true, nfin: 3}", UNMETERED])
    macro = build_macro(map_stack(random_stack(5, 3), design), design)
    body = subckts(macro.netlist)["tile_l0_h0_v0"]
    assert sum(line.startswith("nf") and line.endswith("nfin=3") for line in body) == 2 * 6 * 3
    assert sum(line.startswith("nc") for line in body) == 2 * 6 * 3
    assert [s.gate for s in macro.supplies if s.name == "wl"] == [None]


@pytest.mark.parametrize(("outputs", "amplifiers"), [("summed", 120 + 84 + 10), ("tied", 1926)])
def test_partitions_decide_the_number_of_amplifiers(
    outputs: str, amplifiers: int, random_stack: Callable
) -> None:
    # tied: 13 * 120 + 4 * 84 + 3 * 10
    design = load_design("imac_14nm", [f"macro.partition.outputs={outputs}"])
    circuit = build_circuit(map_stack(random_stack(*LENET), design), design)
    assert len(circuit.amplifiers) == amplifiers
    assert len(circuit.tiles) == 67
    assert len(circuit.neurons) == 214
    assert len(circuit.buffers) == 204


@pytest.mark.parametrize("wires", ["false", "true"])
def test_the_full_macro_is_written_in_seconds(wires: str, random_stack: Callable) -> None:
    design = load_design("imac_14nm", [f"wires.enabled={wires}"])
    mapping = map_stack(random_stack(*LENET), design)
    start_s = time.process_time()
    macro = build_macro(mapping, design)
    assert time.process_time() - start_s < MAX_BUILD_S
    assert macro.netlist.count(" synapse") == 401 * 120 + 121 * 84 + 85 * 10 + 1  # and its .model


def test_metered_cells_all_hang_on_the_meter(random_stack: Callable) -> None:
    design = load_design("imac_14nm", ["wires.enabled=false"])
    macro = build_macro(map_stack(random_stack(5, 3), design), design)
    cells = [line.split() for line in subckts(macro.netlist)["tile_l0_h0_v0"]]
    assert [words[4] for words in cells] == ["meter"] * 18
    assert [(m.group, m.taken_from) for m in macro.meters] == [("cells", "drivers")]
    both = load_design("imac_14nm", ["macro.access.enabled=true"])
    with pytest.raises(DesignError, match="meter_cells must be false with"):
        build_macro(map_stack(random_stack(5, 3), both), both)


def test_pins_are_the_names_the_bridge_drives_and_reads(random_stack: Callable) -> None:
    design = load_design("imac_14nm")
    macro = build_macro(map_stack(random_stack(5, 4, 3), design), design)
    assert [pin.name for pin in macro.inputs] == ["en", *(f"in[{i}]" for i in range(5))]
    assert [c.name for c in macro.converters] == [f"code[{j}]" for j in range(3)]
    line = macro.inputs[1]
    assert [line.volts(0, True), line.volts(1, True), line.volts(1, False)] == [-0.8, 0.8, 0.0]
    assert {s.name: (s.volts, s.group) for s in macro.supplies} == {
        "bias": (0.8, "bias"),
        "amp_vdd": (0.8, "amplifiers"),
        "amp_vss": (-0.8, "amplifiers"),
        "amp_ref": (0.4, "amplifiers"),
        "neuron_vdd": (0.8, "neurons"),
        "buffer_vdd": (0.8, "drivers"),
    }
    assert all(s.gate == "en" for s in macro.supplies)
    assert macro.probes["layer0.neuron"] == ("y0_0", "y0_1", "y0_2", "y0_3")
    assert set(subckt_ports(macro.netlist, "imac")) >= {"en", "in4", "hold2"}


def test_a_mapping_for_other_tiles_is_refused(random_stack: Callable) -> None:
    mapping = map_stack(random_stack(5, 3), load_design("imac_14nm"))
    with pytest.raises(DesignError, match="mapping is for 32x32 tiles, design imac_14nm has 16x32"):
        build_macro(mapping, load_design("imac_14nm", ["macro.tile.rows=16"]))


@pytest.mark.parametrize(
    ("sets", "text"),
    [
        (["device.fet.model=nowhere.va"], "device.fet.model: nowhere.va does not exist"),
        (["device.fet.card=nowhere.lib"], "device.fet.card: cannot read nowhere.lib"),
        (["device.fet.n_name=bsim_n"], r"device.fet.n_name: .*has no .model bsim_n"),
    ],
)
def test_wrong_transistor_files_are_named(
    sets: list[str], text: str, random_stack: Callable
) -> None:
    design = load_design("imac_14nm", sets)
    with pytest.raises(DesignError, match=text):
        build_macro(map_stack(random_stack(5, 3), design), design)
