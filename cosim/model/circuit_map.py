# SPDX-License-Identifier: Apache-2.0
"""circuit_map : what training has to know of a circuit: each layer as a linear map of its sources.

A column, its cells as secants g, its lines as one node each (`ideal_column.py` on the amplifier):

    u+ = (S+ + ref/(R1 + R3))/(G+ + 1/(R1 + R3))    S = sum t g x,  G = sum t g
    n  = ref + (u+ - ref) R3/(R1 + R3)
    u- = (S- + n/R1)/(G- + 1/R1)                    out = n - (u- - n) R3/R1

`t` is the share of a cell's current that wires and drivers let through. The equations leave out
what columns do to each other; `across` and `offset_v` add it, so that at `weight` the sum is the
reduced layer exactly. `gain`, `shift_v`, `residual_v` come from the circuit's own operating points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.fc import Circuit, Column, amplifier_v
from cosim.model.network import Network

__all__ = ["CellSpread", "CircuitMap", "Corner", "IdealMapper", "LayerMap", "Mapper", "column_v"]

Floats = NDArray[np.float64]
Weights = Sequence[NDArray[np.int8]]
IDEAL_NOISE_V = 0.01  # of ideal layers in training: no solution may hang on less


def column_v(x: Any, g_plus: Any, g_minus: Any, *, r1: float, r3: float, ref_v: float) -> Any:
    """Amplifier outputs less `ref_v`; arrays or tensors: x (n, n_in + 1), g (n_in + 1, n_out)."""
    plus = (x @ g_plus + ref_v / (r1 + r3)) / (g_plus.sum(0) + 1 / (r1 + r3))
    middle = ref_v + (plus - ref_v) * (r3 / (r1 + r3))
    minus = (x @ g_minus + middle / r1) / (g_minus.sum(0) + 1 / r1)
    return middle - (minus - middle) * (r3 / r1) - ref_v


@dataclass(frozen=True, kw_only=True)
class LayerMap:
    """One layer around the cells of `weight` (n_in + 1, n_out) of -1 and +1.

    `t_plus`, `t_minus` like `weight`; `g_ap_s` (n_out,) secant of an AP cell by column; `across`
    (n_in + 1, n_out) volts per volt and `offset_v` (n_out,) on top of `column_v`; then
    signal = clip(gain*(...) + shift_v, low_v, high_v), off by `residual_v` rms. The signal is
    what the neuron sees: the amplifier's output less `ref_v`.
    """

    weight: NDArray[np.int8]
    t_plus: Floats
    t_minus: Floats
    g_p_s: float
    g_ap_s: Floats
    r1_ohm: float
    r3_ohm: float
    ref_v: float
    low_v: float
    high_v: float
    across: Floats
    offset_v: Floats
    gain: Floats
    shift_v: Floats
    residual_v: float

    def __post_init__(self) -> None:
        shape = self.weight.shape
        if {self.t_plus.shape, self.t_minus.shape, self.across.shape} != {shape}:
            raise ModelError(f"a layer's map must have arrays {shape}")
        if not np.isin(self.weight, (-1, 1)).all():
            raise ModelError("training knows weights of -1 and +1 alone")

    def conductances(self) -> tuple[Floats, Floats]:
        """Cells of both lines as seen from the ports, like `weight`."""
        mean, half = 0.5 * (self.g_p_s + self.g_ap_s), 0.5 * (self.g_p_s - self.g_ap_s)
        return (mean + half * self.weight) * self.t_plus, (mean - half * self.weight) * self.t_minus

    def linear_v(self, x_v: Floats) -> Floats:
        """Signals (n, n_out) for sources (n, n_in + 1), before gain and rails."""
        own = column_v(x_v, *self.conductances(), r1=self.r1_ohm, r3=self.r3_ohm, ref_v=self.ref_v)
        return np.asarray(own + x_v @ self.across + self.offset_v)

    def signal_v(self, x_v: Floats) -> Floats:
        """Signals (n, n_out) for sources (n, n_in + 1)."""
        return np.clip(self.gain * self.linear_v(x_v) + self.shift_v, self.low_v, self.high_v)


@dataclass(frozen=True, kw_only=True)
class CircuitMap:
    """All layers, and the neurons between them: `vout_v` over evenly spaced `vin_v`."""

    layers: tuple[LayerMap, ...]
    vdd_v: float
    vin_v: Floats
    vout_v: Floats
    buffer_gain: float


@dataclass(frozen=True, kw_only=True)
class CellSpread:
    """Sigmas from die to die: relative of a cell, of amplifier and neuron offsets."""

    cell_sigma: float
    amplifier_offset_v: float
    neuron_offset_v: float


class Mapper(Protocol):
    """A circuit that training sees: maps weights; with `bits` it also measures gain and shift."""

    def __call__(self, weights: Weights, bits: NDArray[np.uint8] | None) -> CircuitMap: ...


@dataclass(frozen=True, kw_only=True)
class Corner:
    """A circuit, the share of batches that see it, and the spread of its dies."""

    name: str
    share: float
    mapper: Mapper
    spread: CellSpread


@dataclass(frozen=True)
class IdealMapper:
    """The equations of `fc.py`, with the neuron curve that `network` carries."""

    network: Network
    circuit: Circuit
    column: Column

    def __call__(self, weights: Weights, bits: NDArray[np.uint8] | None) -> CircuitMap:
        """Maps of `weights`; there is nothing to measure."""
        return CircuitMap(
            layers=tuple(map(self._layer, weights, self.circuit.gains)),
            vdd_v=self.circuit.vdd_v,
            vin_v=self.network.neuron_vin_v,
            vout_v=self.network.neuron_vout_v,
            buffer_gain=1.0,
        )

    def _layer(self, weight: NDArray[np.int8], gain: float) -> LayerMap:
        circuit, (n_rows, n_out) = self.circuit, weight.shape
        r1, r3 = circuit.r1_ohm, gain * circuit.r1_ohm
        g_p, g_ap = 1 / circuit.r_p_ohm, 1 / circuit.r_ap_ohm
        ones = np.ones(weight.shape)
        plus, minus = np.where(weight > 0, g_p, g_ap), np.where(weight > 0, g_ap, g_p)
        own = column_v(np.eye(n_rows), plus, minus, r1=r1, r3=r3, ref_v=0.0)
        # a thousandth of a volt: far from the rails that amplifier_v clips at
        true = 1e3 * amplifier_v(1e-3 * np.eye(n_rows), weight, gain, circuit, self.column)
        return LayerMap(
            weight=weight,
            t_plus=ones,
            t_minus=ones,
            g_p_s=g_p,
            g_ap_s=np.full(n_out, g_ap),
            r1_ohm=r1,
            r3_ohm=r3,
            ref_v=0.0,
            low_v=-circuit.rail_v,
            high_v=circuit.rail_v,
            across=true - own,
            offset_v=np.zeros(n_out),
            gain=np.ones(n_out),
            shift_v=np.zeros(n_out),
            residual_v=IDEAL_NOISE_V,
        )
