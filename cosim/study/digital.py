# SPDX-License-Identifier: Apache-2.0
"""digital : power, delay and area of a small RTL block, from its gates on the design's own FETs.

Yosys maps the block; ngspice has measured energy, delay and leakage of each gate
(`cosim/analog/gate_energy.py`). The gates are evaluated here without delays, so glitches are not
counted; the delay is the longest path of mean gate delays, from the clock to the register's input.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.gate_energy import CLOCK, FET_PAIRS, GateTiming
from cosim.analog.layout_area import area_m2
from cosim.errors import RtlError, ToolError

__all__ = ["FINS", "FLOP", "Block", "BlockFigures", "block_figures", "gate_value", "map_block"]

TIMEOUT_S = 120.0
FLOP = "DFF"
FINS = 2  # of each FET of a gate, as gate_energy measures them
Bits = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One cell: its inputs by pin and the net it drives; nets are numbers, or "0" and "1"."""

    kind: str
    pins: Mapping[str, int | str]
    net: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """A mapped module; each of `gates` follows what drives it, flip-flops come last."""

    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int | str, ...]]
    gates: tuple[Gate, ...]

    @property
    def counts(self) -> Counter[str]:
        return Counter(gate.kind for gate in self.gates)


@dataclass(frozen=True, kw_only=True)
class BlockFigures:
    """Joules of one evaluation (a clock cycle with a new input), and at rest; delay and area."""

    gates: int
    dynamic_j: float
    leakage_w: float
    delay_s: float
    area_m2: float


def map_block(
    path: Path, more: Sequence[Path] = (), parameters: Mapping[str, int] | None = None
) -> Block:
    """Module `path.stem` of a Verilog file as gates, by Yosys; `more` are files it needs."""
    files = " ".join(str(each) for each in (path, *more))
    set_to = "".join(f"chparam -set {k} {v} {path.stem}; " for k, v in (parameters or {}).items())
    with tempfile.TemporaryDirectory(prefix="cosim-map-") as folder:
        out = Path(folder) / "gates.json"
        script = (
            f"read_verilog {files}; {set_to}synth -flatten -top {path.stem}; "
            f"dfflegalize -cell $_DFF_P_ x; abc; opt_clean -purge; write_json {out}"
        )
        argv = [str(tools.yosys()), "-q", "-p", script]
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"yosys did not end in {TIMEOUT_S:.0f} s") from error
        if done.returncode != 0 or not out.is_file():
            lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise RtlError(f"yosys: {lines[-1] if lines else 'no message'}")
        module = json.loads(out.read_text())["modules"][path.stem]
    ports = module["ports"].items()
    cells = [_gate(cell) for cell in module["cells"].values()]
    inputs = {name: tuple(port["bits"]) for name, port in ports if port["direction"] == "input"}
    return Block(
        inputs=inputs,
        outputs={name: tuple(p["bits"]) for name, p in ports if p["direction"] == "output"},
        gates=_ordered(cells, {bit for bits in inputs.values() for bit in bits}),
    )


def _gate(cell: Mapping[str, object]) -> Gate:
    kind = str(cell["type"]).strip("$_")
    pins = cell["connections"]
    assert isinstance(pins, dict)
    if kind.startswith(FLOP):
        return Gate(kind=FLOP, pins={"D": pins["D"][0]}, net=pins["Q"][0])
    if kind not in FET_PAIRS:
        raise RtlError(f"no energy is known of a cell {cell['type']}")
    return Gate(kind=kind, pins={k: v[0] for k, v in pins.items() if k != "Y"}, net=pins["Y"][0])


def _ordered(cells: list[Gate], known: set[int]) -> tuple[Gate, ...]:
    flops = [gate for gate in cells if gate.kind == FLOP]
    known = known | {gate.net for gate in flops}
    waiting = [gate for gate in cells if gate.kind != FLOP]
    order: list[Gate] = []
    while waiting:
        ready = [
            g for g in waiting if all(p in known for p in g.pins.values() if isinstance(p, int))
        ]
        if not ready:
            raise RtlError(f"gates: a loop or an undriven net before net {waiting[0].net}")
        order += ready
        known |= {gate.net for gate in ready}
        waiting = [gate for gate in waiting if gate.net not in known]
    return (*order, *flops)


def evaluate(block: Block, codes: NDArray[np.integer], port: str) -> dict[int | str, Bits]:
    """Every net for each of `codes` (n,) at an input port; flip-flops pass their input on."""
    n = len(codes)
    nets: dict[int | str, Bits] = {"0": np.zeros(n, bool), "1": np.ones(n, bool)}
    for bits in block.inputs.values():
        nets |= dict.fromkeys(bits, np.zeros(n, bool))
    for place, bit in enumerate(block.inputs[port]):
        nets[bit] = (codes >> place & 1).astype(bool)
    for gate in block.gates:
        nets[gate.net] = gate_value(gate, {pin: nets[net] for pin, net in gate.pins.items()})
    return nets


def gate_value(gate: Gate, at: Mapping[str, Bits]) -> Bits:
    """A gate's output for its inputs by pin; a flip-flop's is its D."""
    a, b = at.get("A"), at.get("B")
    if gate.kind == FLOP:
        return at["D"]
    assert a is not None
    if gate.kind == "NOT":
        return ~a
    assert b is not None
    if gate.kind == "MUX":
        return np.where(at["S"], b, a)
    invert_b = gate.kind in ("ANDNOT", "ORNOT")
    b = ~b if invert_b else b
    kind = gate.kind.removesuffix("NOT") if invert_b else gate.kind
    inner = {"AND": a & b, "NAND": a & b, "OR": a | b, "NOR": a | b, "XOR": a ^ b, "XNOR": a ^ b}
    return ~inner[kind] if kind in ("NAND", "NOR", "XNOR") else inner[kind]


def block_figures(
    block: Block,
    joules: Mapping[str, float],
    timing: Mapping[str, GateTiming],
    codes: NDArray[np.integer],
    *,
    port: str,
) -> BlockFigures:
    """Means over a sequence of input codes (n,), one a clock cycle."""
    nets = evaluate(block, codes, port)
    late: dict[int | str, float] = {}
    worst_s, dynamic_j = 0.0, 0.0
    for gate in block.gates:
        moved = float(np.count_nonzero(np.diff(nets[gate.net].astype(np.int8)))) / (len(codes) - 1)
        dynamic_j += moved * joules[gate.kind]
        arrival = max(late.get(net, 0.0) for net in gate.pins.values())
        if gate.kind == FLOP:
            worst_s = max(worst_s, arrival)
        else:
            late[gate.net] = arrival + timing[gate.kind].delay_s
            worst_s = max(worst_s, late[gate.net])
    counts = block.counts
    dynamic_j += counts[FLOP] * joules[CLOCK]
    area = 0.0
    for kind, count in counts.items():
        fins = [FINS] * FET_PAIRS[kind]
        area += count * area_m2(fins, fins)
    return BlockFigures(
        gates=sum(counts.values()),
        dynamic_j=dynamic_j,
        leakage_w=sum(count * timing[kind].leakage_w for kind, count in counts.items()),
        delay_s=worst_s + timing[FLOP].delay_s,
        area_m2=area,
    )
