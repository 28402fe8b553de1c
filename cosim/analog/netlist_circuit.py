# SPDX-License-Identifier: Apache-2.0
"""netlist_circuit : the whole macro as structured elements, before any simulator's syntax.

Data flow of a layer k: line drivers (inputs) or buffers (hidden neurons) -> row nodes of every
tile -> synapses -> I+ and I- -> differential amplifier -> neuron -> buffer of the next layer, or
converter. Macro nodes: `in<i>`, `bias`, `x<k>_<h>_<v>_<row>` (a tile row), `p<k>_<j>`, `n<k>_<j>`
(common I lines), `p<k>_<h>_<j>` (those of one row partition), `a<k>_<j>` (amplifier output),
`y<k>_<j>` (neuron output), `z<k>_<j>` (buffer output), `hold<j>` (converter input). On a die with
an open line `op<k>_<h>_<j>` or `on<k>_<h>_<j>` is what hangs on the leak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cosim.analog.netlist_tile import TileCircuit, build_tile
from cosim.analog.variation import Die
from cosim.design import Design
from cosim.errors import DesignError
from cosim.mapping import Mapping, Tile

__all__ = ["Amplifier", "Link", "MacroCircuit", "Stage", "TileUse", "build_circuit"]


@dataclass(frozen=True, kw_only=True)
class Link:
    """A resistor of the macro level (driver output, join, tie)."""

    name: str
    a: str
    b: str
    ohm: float


@dataclass(frozen=True, kw_only=True)
class TileUse:
    """A tile and the macro nodes on its ports: rows, ends of I+, ends of I-, `wl`, `meter`."""

    circuit: TileCircuit
    nodes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Amplifier:
    """Differential amplifier: lines `minus` and `plus` to `out`, R3 = gain*r1.

    `offset_v` adds to the op-amp's input voltage; None: nominal.
    """

    name: str
    minus: str
    plus: str
    out: str
    r1_ohm: float
    gain: float
    offset_v: float | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A one-input one-output element: neuron, buffer or converter input.

    `offset_v` stands in series with the input; None: nominal.
    """

    name: str
    a: str
    out: str
    offset_v: float | None = None


@dataclass(frozen=True, kw_only=True)
class MacroCircuit:
    """Everything in the macro. `inputs` are the driven line nodes, `outputs` the held ones."""

    mapping: Mapping
    design: Design
    tiles: tuple[TileUse, ...]
    links: tuple[Link, ...]
    amplifiers: tuple[Amplifier, ...]
    neurons: tuple[Stage, ...]
    buffers: tuple[Stage, ...]
    holds: tuple[Stage, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Nodes of the input bits."""
        return tuple(f"in{i}" for i in range(self.mapping.sizes[0]))

    def layer_nodes(self, letter: str, layer: int) -> tuple[str, ...]:
        """Nodes of one kind in a layer: `a` amplifiers, `y` neurons, `z` buffers."""
        return tuple(f"{letter}{layer}_{j}" for j in range(self.mapping.sizes[layer + 1]))


def build_circuit(mapping: Mapping, design: Design, die: Die | None = None) -> MacroCircuit:
    """The macro that holds the mapping's weights, on a die or nominal."""
    if (mapping.tile_rows, mapping.tile_cols) != (design.macro.tile.rows, design.macro.tile.cols):
        raise DesignError(
            f"mapping is for {mapping.tile_rows}x{mapping.tile_cols} tiles, design "
            f"{design.name} has {design.macro.tile.rows}x{design.macro.tile.cols}"
        )
    if design.macro.meter_cells and design.macro.access.enabled:
        raise DesignError("macro.meter_cells must be false with macro.access.enabled")
    die = die.check(mapping.sizes) if die else None
    tiles: list[TileUse] = []
    links: list[Link] = []
    for tile in mapping.tiles:
        layer_die = die.layers[tile.layer] if die else None
        circuit = build_tile(tile, mapping.tile_weights(tile), design, layer_die)
        nodes = _tile_nodes(tile, design)
        rows = _row_links(tile, mapping, design)
        if die:
            rows = _open_rows(tile, rows, die)
            nodes, leaks = _open_lines(tile, nodes, die)
            links += leaks
        tiles.append(TileUse(circuit=circuit, nodes=nodes))
        links += rows
        links += _join_links(tile, design)
    amplifiers: list[Amplifier] = []
    neurons: list[Stage] = []
    buffers: list[Stage] = []
    last = len(mapping.weights) - 1
    for layer in range(last + 1):
        more_amplifiers, ties = _amplifiers(mapping, design, layer, die)
        amplifiers += more_amplifiers
        links += ties
        for j in range(mapping.sizes[layer + 1]):
            key = f"{layer}_{j}"
            offset_v = float(die.layers[layer].neuron_offset_v[j]) if die else None
            neurons.append(
                Stage(name=f"neuron{key}", a=f"a{key}", out=f"y{key}", offset_v=offset_v)
            )
            if layer < last and design.macro.buffer.enabled:
                buffers.append(Stage(name=f"buffer{key}", a=f"y{key}", out=f"z{key}"))
    return MacroCircuit(
        mapping=mapping,
        design=design,
        tiles=tuple(tiles),
        links=tuple(links),
        amplifiers=tuple(amplifiers),
        neurons=tuple(neurons),
        buffers=tuple(buffers),
        holds=tuple(
            Stage(name=f"hold{j}", a=f"y{last}_{j}", out=f"hold{j}")
            for j in range(mapping.sizes[-1])
        ),
    )


def _summed_in_place(design: Design) -> bool:
    """Summed partitions without wires: the I lines of all row partitions are one node."""
    return design.macro.partition.outputs == "summed" and not design.wires.enabled


def _line(side: str, tile: Tile, col: int, design: Design) -> str:
    if _summed_in_place(design):
        return f"{side}{tile.layer}_{col}"
    return f"{side}{tile.layer}_{tile.h}_{col}"


def _row_node(tile: Tile, row: int) -> str:
    return f"x{tile.layer}_{tile.h}_{tile.v}_{row}"


def _tile_nodes(tile: Tile, design: Design) -> tuple[str, ...]:
    nodes = [_row_node(tile, row) for row in range(tile.row0, tile.row1)]
    for side in "pn":
        nodes += [_line(side, tile, col, design) for col in range(tile.col0, tile.col1)]
    if design.macro.access.enabled:
        nodes.append("wl")
    if design.macro.meter_cells:
        nodes.append("meter")
    return tuple(nodes)


def _row_links(tile: Tile, mapping: Mapping, design: Design) -> list[Link]:
    """The driver (or the wire from the buffer) of each row of a tile."""
    n_in = mapping.sizes[tile.layer]
    driver, buffer = design.macro.driver, design.macro.buffer
    source = "in{}" if tile.layer == 0 else f"{'z' if buffer.enabled else 'y'}{tile.layer - 1}_{{}}"
    links = []
    for row in range(tile.row0, tile.row1):
        bias = row == n_in
        links.append(
            Link(
                name=f"d{_row_node(tile, row)}",
                a="bias" if bias else source.format(row),
                b=_row_node(tile, row),
                ohm=driver.r_ohm if bias or tile.layer == 0 else buffer.r_row_ohm,
            )
        )
    return links


def _open_rows(tile: Tile, links: list[Link], die: Die) -> list[Link]:
    """The feeds of a tile's rows (one link each, in order), the open ones leaking."""
    cut = die.layers[tile.layer].row_open[tile.row0 : tile.row1, tile.v].tolist()
    return [
        replace(link, ohm=die.open_ohm) if is_open else link
        for link, is_open in zip(links, cut, strict=True)
    ]


def _open_lines(tile: Tile, nodes: tuple[str, ...], die: Die) -> tuple[tuple[str, ...], list[Link]]:
    """The tile's nodes with every open I line on a node of its own, and the leaks between."""
    found, leaks = list(nodes), []
    for side, flags in enumerate(die.layers[tile.layer].line_open[tile.h].T):
        for col in tile.col0 + np.flatnonzero(flags[tile.col0 : tile.col1]):
            place = tile.rows + side * tile.cols + int(col) - tile.col0
            alone = f"o{'pn'[side]}{tile.layer}_{tile.h}_{col}"
            leaks.append(Link(name=alone, a=alone, b=found[place], ohm=die.open_ohm))
            found[place] = alone
    return tuple(found), leaks


def _join_links(tile: Tile, design: Design) -> list[Link]:
    if design.macro.partition.outputs != "summed" or _summed_in_place(design):
        return []
    return [
        Link(
            name=f"j{_line(side, tile, col, design)}",
            a=_line(side, tile, col, design),
            b=f"{side}{tile.layer}_{col}",
            ohm=design.macro.partition.join_ohm,
        )
        for side in "pn"
        for col in range(tile.col0, tile.col1)
    ]


def _amplifiers(
    mapping: Mapping, design: Design, layer: int, die: Die | None
) -> tuple[list[Amplifier], list[Link]]:
    """One amplifier per output, or one per row partition with their outputs tied."""
    amplifier, partition = design.macro.amplifier, design.macro.partition
    last = layer == len(mapping.weights) - 1
    gain = amplifier.gain_output if last else amplifier.gain_hidden
    h_p, _ = mapping.layer_partitions(layer)
    found: list[Amplifier] = []
    ties: list[Link] = []
    for j in range(mapping.sizes[layer + 1]):
        out = f"a{layer}_{j}"
        if partition.outputs == "summed":
            places = [(f"amp{layer}_{j}", f"{layer}_{j}", out)]
        else:
            places = [
                (f"amp{layer}_{h}_{j}", f"{layer}_{h}_{j}", f"a{layer}_{h}_{j}") for h in range(h_p)
            ]
            ties += [
                Link(name=f"t{node}", a=node, b=out, ohm=partition.tie_ohm) for _, _, node in places
            ]
        found += [
            Amplifier(
                name=name,
                minus=f"n{line}",
                plus=f"p{line}",
                out=node,
                r1_ohm=amplifier.r1_ohm,
                gain=gain,
                offset_v=float(die.layers[layer].amplifier_offset_v[port, j]) if die else None,
            )
            for port, (name, line, node) in enumerate(places)
        ]
    return found, ties
