# SPDX-License-Identifier: Apache-2.0
"""netlist_circuit : the whole macro as structured elements, before any simulator's syntax.

Data flow of a layer k: line drivers (inputs) or buffers (hidden neurons) -> row nodes of every
tile -> synapses -> I+ and I- -> differential amplifier -> neuron -> buffer of the next layer, or
converter. Macro nodes: `in<i>`, `bias`, `x<k>_<h>_<v>_<row>` (a tile row), `p<k>_<j>`, `n<k>_<j>`
(common I lines), `p<k>_<h>_<j>` (those of one row partition), `a<k>_<j>` (amplifier output),
`y<k>_<j>` (neuron output), `z<k>_<j>` (buffer output), `hold<j>` (converter input).
"""

from __future__ import annotations

from dataclasses import dataclass

from cosim.analog.netlist_tile import TileCircuit, build_tile
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
    """Differential amplifier: lines `minus` and `plus` to `out`, R3 = gain*r1."""

    name: str
    minus: str
    plus: str
    out: str
    r1_ohm: float
    gain: float


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A one-input one-output element: neuron, buffer or converter input."""

    name: str
    a: str
    out: str


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


def build_circuit(mapping: Mapping, design: Design) -> MacroCircuit:
    """The macro that holds the mapping's weights."""
    if (mapping.tile_rows, mapping.tile_cols) != (design.macro.tile.rows, design.macro.tile.cols):
        raise DesignError(
            f"mapping is for {mapping.tile_rows}x{mapping.tile_cols} tiles, design "
            f"{design.name} has {design.macro.tile.rows}x{design.macro.tile.cols}"
        )
    if design.macro.meter_cells and design.macro.access.enabled:
        raise DesignError("macro.meter_cells must be false with macro.access.enabled")
    tiles: list[TileUse] = []
    links: list[Link] = []
    for tile in mapping.tiles:
        circuit = build_tile(tile, mapping.tile_weights(tile), design)
        tiles.append(TileUse(circuit=circuit, nodes=_tile_nodes(tile, design)))
        links += _row_links(tile, mapping, design)
        links += _join_links(tile, design)
    amplifiers: list[Amplifier] = []
    neurons: list[Stage] = []
    buffers: list[Stage] = []
    last = len(mapping.weights) - 1
    for layer in range(last + 1):
        more_amplifiers, ties = _amplifiers(mapping, design, layer)
        amplifiers += more_amplifiers
        links += ties
        for j in range(mapping.sizes[layer + 1]):
            key = f"{layer}_{j}"
            neurons.append(Stage(name=f"neuron{key}", a=f"a{key}", out=f"y{key}"))
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


def _amplifiers(mapping: Mapping, design: Design, layer: int) -> tuple[list[Amplifier], list[Link]]:
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
            )
            for name, line, node in places
        ]
    return found, ties
