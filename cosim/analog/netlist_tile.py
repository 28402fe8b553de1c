# SPDX-License-Identifier: Apache-2.0
"""netlist_tile : one crossbar tile as arrays of resistors, capacitors and synapses, and as SPICE.

Local nodes of a tile: the ports `i<row>` (input lines), `p<col>`, `n<col>` (ends of I+ and I-),
`wl` with access transistors, `meter` with metered cells. With wires every cell has its own nodes:
`a<row>_<col>` on the input line, `b<row>_<col>` on I+, `c<row>_<col>` on I-. Input lines are fed at
column 0; I lines are read below the last row. Access transistors add `d<row>_<col>` and
`e<row>_<col>` between transistor and MTJ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.variation import LayerDie
from cosim.design import Design
from cosim.mapping import CellWires, Tile, cell_states, cell_wires

__all__ = ["AccessFets", "Resistors", "TileCircuit", "build_tile", "tile_text"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
States = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Resistors:
    """Resistors between nodes `a` and `b`, indices into a tile's `nodes`."""

    a: Ints
    b: Ints
    ohm: Floats


@dataclass(frozen=True, kw_only=True)
class AccessFets:
    """Access transistors in series with each cell, gates on `gate`; arrays over synapses."""

    gate: int
    plus: Ints
    minus: Ints
    nfin: int


@dataclass(frozen=True, kw_only=True)
class TileCircuit:
    """One tile. `nodes` names its local nodes, the first `n_ports` of them its ports in order.

    A synapse is two cells from node `line`: to `plus` in state `state_plus`, to `minus` in state
    `state_minus` (0 P, 1 AP). Capacitors go from `c_node` to ground. `factors` (4, synapses) are
    a die's factors on R_P of the plus and the minus cell, then on their TMR.
    """

    tile: Tile
    nodes: tuple[str, ...]
    n_ports: int
    line: Ints
    plus: Ints
    minus: Ints
    state_plus: States
    state_minus: States
    resistors: Resistors
    c_node: Ints
    c_f: Floats
    access: AccessFets | None = None
    factors: Floats | None = None

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the ports: input lines, ends of I+, ends of I-, then `wl`, `meter` if any."""
        return self.nodes[: self.n_ports]


def build_tile(
    tile: Tile, weights: NDArray[np.int8], design: Design, die: LayerDie | None = None
) -> TileCircuit:
    """The circuit of `tile` with these weights (rows, cols); `die` is its whole layer's."""
    rows, cols = weights.shape
    nodes = [f"i{r}" for r in range(rows)]
    nodes += [f"p{c}" for c in range(cols)]
    nodes += [f"n{c}" for c in range(cols)]
    access = design.macro.access
    if access.enabled:
        nodes.append("wl")
    if design.macro.meter_cells:
        nodes.append("meter")
    n_ports = len(nodes)
    row, col = (index.ravel() for index in np.indices((rows, cols)))
    if design.wires.enabled:
        for letter in "abc":
            nodes += [f"{letter}{r}_{c}" for r in range(rows) for c in range(cols)]
        cells = n_ports + np.arange(3 * rows * cols).reshape(3, rows, cols)
        line, plus, minus = cells.reshape(3, -1)
        resistors, c_node, c_f = _wires(cells, cell_wires(design.wires))
        if not design.wires.capacitance:
            c_node, c_f = c_node[:0], c_f[:0]
    else:
        line, plus, minus = row, rows + col, rows + cols + col
        nothing = np.zeros(0, dtype=np.int64)
        resistors = Resistors(a=nothing, b=nothing, ohm=np.zeros(0))
        c_node, c_f = nothing, np.zeros(0)
    fets = None
    if access.enabled:
        start = len(nodes)
        for letter in "de":
            nodes += [f"{letter}{r}_{c}" for r in range(rows) for c in range(cols)]
        fets = AccessFets(
            gate=nodes.index("wl"),
            plus=start + np.arange(rows * cols),
            minus=start + rows * cols + np.arange(rows * cols),
            nfin=access.nfin,
        )
    states, factors = np.stack(cell_states(weights), axis=2), None
    if die is not None:
        cut = (slice(tile.row0, tile.row1), slice(tile.col0, tile.col1))
        states = die.states(weights, cut)
        both = np.concatenate([die.r_factor[cut], die.tmr_factor[cut]], axis=2)
        factors = both.reshape(-1, 4).T
    return TileCircuit(
        tile=tile,
        nodes=tuple(nodes),
        n_ports=n_ports,
        line=line,
        plus=plus,
        minus=minus,
        state_plus=states[:, :, 0].ravel(),
        state_minus=states[:, :, 1].ravel(),
        resistors=resistors,
        c_node=c_node,
        c_f=c_f,
        access=fets,
        factors=factors,
    )


def _wires(cells: Ints, wires: CellWires) -> tuple[Resistors, Ints, Floats]:
    """One segment before every cell on its input line, one after it on each I line.

    `cells` (3, rows, cols) are the nodes of each cell on the input line, I+ and I-.
    """
    _, rows, cols = cells.shape
    n = rows * cols
    before = np.empty((rows, cols), dtype=np.int64)
    before[:, 0] = np.arange(rows)
    before[:, 1:] = cells[0, :, :-1]
    after = np.empty((2, rows, cols), dtype=np.int64)
    after[:, :-1] = cells[1:, 1:]
    after[:, -1] = rows + np.arange(2 * cols).reshape(2, cols)
    resistors = Resistors(
        a=np.concatenate([before.ravel(), cells[1:].ravel()]),
        b=np.concatenate([cells[0].ravel(), after.ravel()]),
        ohm=np.repeat([wires.r_in_ohm, wires.r_out_ohm, wires.r_out_ohm], n),
    )
    return resistors, cells.ravel(), np.repeat([wires.c_in_f, wires.c_out_f, wires.c_out_f], n)


def tile_text(circuit: TileCircuit, fet_model: str) -> str:
    """The `.subckt` of a tile; `synapse`, or `bitcell` and the FET, are its models."""
    names = circuit.nodes
    lines = [wrapped([".subckt", circuit.tile.name, *circuit.ports])]
    line, plus, minus = (x.tolist() for x in (circuit.line, circuit.plus, circuit.minus))
    states = list(zip(circuit.state_plus.tolist(), circuit.state_minus.tolist(), strict=True))
    both, plus_cells, minus_cells = _factor_texts(circuit)
    if circuit.access is None:
        text = {(p, n): " state=1" * p + " state_n=1" * n for p in (0, 1) for n in (0, 1)}
        meter = " meter" if "meter" in circuit.ports else ""
        lines += [
            f"ns{k} {names[a]} {names[p]} {names[n]}{meter} synapse{text[state]}{both[k]}"
            for k, (a, p, n, state) in enumerate(zip(line, plus, minus, states, strict=True))
        ]
    else:
        fets = circuit.access
        gate = names[fets.gate]
        for side, inner, ends, factors in (
            ("p", fets.plus, plus, plus_cells),
            ("n", fets.minus, minus, minus_cells),
        ):
            for k, (a, m, end, state) in enumerate(
                zip(line, inner.tolist(), ends, states, strict=True)
            ):
                ap = state[0] if side == "p" else state[1]
                lines.append(
                    f"nf{side}{k} {names[a]} {gate} {names[m]} 0 {fet_model} nfin={fets.nfin}"
                )
                lines.append(f"nc{side}{k} {names[m]} {names[end]} bitcell state={ap}{factors[k]}")
    wires = circuit.resistors
    lines += [
        f"r{k} {names[a]} {names[b]} {ohm:.10g}"
        for k, (a, b, ohm) in enumerate(
            zip(wires.a.tolist(), wires.b.tolist(), wires.ohm.tolist(), strict=True)
        )
    ]
    lines += [
        f"c{k} {names[a]} 0 {farad:.10g}"
        for k, (a, farad) in enumerate(
            zip(circuit.c_node.tolist(), circuit.c_f.tolist(), strict=True)
        )
    ]
    lines.append(".ends")
    return "\n".join(lines)


def _factor_texts(circuit: TileCircuit) -> tuple[list[str], list[str], list[str]]:
    """A die's factors as instance parameters: of each synapse, and of its two cells alone."""
    if circuit.factors is None:
        none = [""] * len(circuit.line)
        return none, none, none
    both, plus, minus = [], [], []
    for f_p, f_n, t_p, t_n in circuit.factors.T.tolist():
        plus.append(f" f_ra={f_p:.10g} f_tmr={t_p:.10g}")
        minus.append(f" f_ra={f_n:.10g} f_tmr={t_n:.10g}")
        both.append(f"{plus[-1]} f_ra_n={f_n:.10g} f_tmr_n={t_n:.10g}")
    return both, plus, minus


def wrapped(words: list[str], per_line: int = 16) -> str:
    """A SPICE statement over as many lines as it needs."""
    parts = [" ".join(words[k : k + per_line]) for k in range(0, len(words), per_line)]
    return "\n+ ".join(parts)
