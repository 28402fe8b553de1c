# SPDX-License-Identifier: Apache-2.0
"""sigmoid_circuits : the MRAM neuron and analog alternatives to it as netlists of the same FETs.

Each is `.subckt sigmoid in out vdd` with inputs and output in 0..VDD and the design's own load. The
alternatives have no resistor and no MTJ; their fins are stated here and are this project's choice:
the smallest whole numbers with which the steepest slope comes within a sixth of the MRAM neuron's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cosim.design import Design

__all__ = ["CIRCUITS", "NOMINAL", "Corner", "Sigmoid", "fins_of"]


@dataclass(frozen=True, kw_only=True)
class Corner:
    """Shifts of all devices alike: volts added to both thresholds' magnitudes, factor on RA."""

    name: str = "TT"
    dvt_n_v: float = 0.0
    dvt_p_v: float = 0.0
    f_ra: float = 1.0


NOMINAL = Corner()
Fets = list[tuple[str, str, str, str, int]]  # kind n or p, drain, gate, source, fins


@dataclass(frozen=True, kw_only=True)
class Sigmoid:
    """`fets` of a design; `mtjs` are node pairs with a state (0 P, 1 AP); `falls` with input."""

    name: str
    text: str
    fets: Callable[[Design], Fets]
    mtjs: tuple[tuple[str, str, int], ...] = ()
    falls: bool = True

    def subckt(self, design: Design, corner: Corner) -> str:
        """The circuit's netlist."""
        fet = design.device.fet
        names = {"n": (fet.n_name, "0", corner.dvt_n_v), "p": (fet.p_name, "vdd", corner.dvt_p_v)}
        lines = [".subckt sigmoid in out vdd"]
        for k, (kind, drain, gate, source, fins) in enumerate(self.fets(design)):
            model, bulk, dvt = names[kind]
            lines.append(f"nf{k} {drain} {gate} {source} {bulk} {model} nfin={fins} dvt={dvt!r}")
        for k, (one, other, state) in enumerate(self.mtjs):
            lines.append(f"nm{k} {one} {other} cell state={state} f_ra={corner.f_ra!r}")
        return "\n".join([*lines, f"cload out 0 {design.macro.neuron.load_f!r}", ".ends"])


def _inverter(into: str, out: str, n: int, p: int) -> Fets:
    return [("n", out, into, "0", n), ("p", out, into, "vdd", p)]


def _mram(design: Design) -> Fets:
    neuron = design.macro.neuron
    return _inverter("x", "out", neuron.nfin_n, neuron.nfin_p)


def _loaded(design: Design) -> Fets:
    del design
    return [*_inverter("in", "out", 10, 10), *_inverter("out", "out", 4, 4)]


def _pair(design: Design) -> Fets:
    """Input pair, tail, mirror load; the third inverter's trip point is its reference."""
    del design
    return [
        *_inverter("ref", "ref", 1, 1),  # VDD/2: reference of the pair and bias of the tail
        ("n", "tail", "ref", "0", 8),
        ("n", "m", "ref", "tail", 8),
        ("n", "out", "in", "tail", 8),
        ("p", "m", "m", "vdd", 8),
        ("p", "out", "m", "vdd", 8),
        *_inverter("out", "out", 1, 1),  # turns the pair's current into a voltage around VDD/2
    ]


CIRCUITS: dict[str, Sigmoid] = {
    circuit.name: circuit
    for circuit in (
        Sigmoid(
            name="mram",
            text="inverter with SOT-MRAM feedback (the design's neuron)",
            fets=_mram,
            mtjs=(("in", "x", 0), ("x", "out", 1)),
        ),
        Sigmoid(
            name="cmos",
            text="resistor-free: inverter loaded by a smaller one tied to itself",
            fets=_loaded,
        ),
        Sigmoid(
            name="pair",
            text="differential pair with mirror, loaded by an inverter tied to itself",
            fets=_pair,
        ),
    )
}


def fins_of(circuit: Sigmoid, design: Design) -> tuple[list[int], list[int]]:
    """Fins of every n and of every p FET."""
    fets = circuit.fets(design)
    return tuple([fins for kind, *_, fins in fets if kind == which] for which in "np")  # type: ignore[return-value]
