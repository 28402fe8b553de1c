# SPDX-License-Identifier: Apache-2.0
"""fc : the FC stack as ideal circuit equations in floating point, for training and accuracy.

One column of n lines (bias included), each line's weight a pair of cells, r_p on one side and r_ap
on the other (both r_p for weight 0). With S+ and S- the sums of conductance times input voltage and
g the conductance of one line of the column, the amplifier gives

    vout = gain*r1/(1 + g*r1) * (S+ - S-) = alpha * sum(w*v)

and the neuron its measured inverting sigmoid of vout. `column="balanced"` takes g of a column with
as many +1 as -1; `column="exact"` solves the amplifier with each column's own two conductances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cosim.model.network import Network

__all__ = [
    "CODE_MAX",
    "Circuit",
    "Column",
    "alpha",
    "alphas",
    "amplifier_v",
    "codes_from_volts",
    "fc_volts",
    "neuron_v",
]

Floats = NDArray[np.float64]
Column = Literal["balanced", "exact"]
CODE_MAX = 255  # largest code of an 8-bit converter


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """Values of the default design that the equations need; a gain per layer."""

    vdd_v: float = 0.8
    rail_v: float = 0.8
    r1_ohm: float = 1e3
    gains: tuple[float, ...] = (30.0, 30.0, 10.0)
    r_p_ohm: float = 8488.26  # RA 10 ohm.um2, ellipse 50 nm x 30 nm
    r_ap_ohm: float = 25464.79  # TMR 200 %

    @classmethod
    def of_layers(cls, layers: int) -> Circuit:
        """The default design's gains for that many FC layers: 30, and 10 for the last."""
        return cls(gains=(*[30.0] * (layers - 1), 10.0))

    @classmethod
    def of(cls, network: Network) -> Circuit:
        """The gains that `network` was trained for: those in its meta, or the default design's."""
        gains = network.meta.get("gains")
        return cls.of_layers(len(network.fc)) if gains is None else cls(gains=tuple(gains))

    @property
    def g_mean_s(self) -> float:
        """Conductance of one line's share of a +-1 cell pair, averaged over the two sides."""
        return 0.5 * (1 / self.r_p_ohm + 1 / self.r_ap_ohm)

    @property
    def g_half_s(self) -> float:
        """Half of the difference between the two states."""
        return 0.5 * (1 / self.r_p_ohm - 1 / self.r_ap_ohm)


def alpha(circuit: Circuit, gain: float, rows: int) -> float:
    """Gain from sum(w*v) to amplifier output, balanced columns of that many lines."""
    return (
        gain
        * circuit.r1_ohm
        * 2
        * circuit.g_half_s
        / (1 + rows * circuit.g_mean_s * circuit.r1_ohm)
    )


def alphas(network: Network, circuit: Circuit) -> tuple[float, ...]:
    """The same, one per layer."""
    return tuple(
        alpha(circuit, gain, len(w)) for gain, w in zip(circuit.gains, network.fc, strict=True)
    )


def amplifier_v(
    v: Floats, weight: NDArray[np.int8], gain: float, circuit: Circuit, column: Column
) -> Floats:
    """Amplifier outputs (n, n_out), inside the rails, for line voltages (n, n_in + 1)."""
    r1, r3 = circuit.r1_ohm, gain * circuit.r1_ohm
    w = weight.astype(np.float64)
    if column == "balanced":
        g = len(w) * circuit.g_mean_s
        vout = r3 / (1 + g * r1) * 2 * circuit.g_half_s * (v @ w)
    else:
        plus = np.where(w < 0, 1 / circuit.r_ap_ohm, 1 / circuit.r_p_ohm)
        minus = np.where(w > 0, 1 / circuit.r_ap_ohm, 1 / circuit.r_p_ohm)
        # plus side: divider r1 + r3 to ground; minus side: r1, then r3 to the output
        v_in = (v @ plus) * (r3 / (r1 + r3)) / (plus.sum(axis=0) + 1 / (r1 + r3))
        v_line = (v @ minus + v_in / r1) / (minus.sum(axis=0) + 1 / r1)
        vout = v_in * (1 + r3 / r1) - v_line * (r3 / r1)
    return np.clip(vout, -circuit.rail_v, circuit.rail_v)


def neuron_v(network: Network, vin: Floats) -> Floats:
    """Neuron output voltages; the curve's ends hold outside its measured range."""
    return np.interp(vin, network.neuron_vin_v, network.neuron_vout_v)


def fc_volts(
    network: Network,
    bits: NDArray[np.uint8],
    circuit: Circuit | None = None,
    *,
    column: Column = "balanced",
) -> Floats:
    """Output neuron voltages (n, n_classes) for input bits (n, n_features)."""
    circuit = circuit or Circuit.of(network)
    v = np.where(bits > 0, circuit.vdd_v, -circuit.vdd_v)
    for gain, weight in zip(circuit.gains, network.fc, strict=True):
        v = np.hstack([v, np.full((len(v), 1), circuit.vdd_v)])
        v = neuron_v(network, amplifier_v(v, weight, gain, circuit, column))
    return v


def codes_from_volts(volts: Floats, circuit: Circuit | None = None) -> NDArray[np.uint8]:
    """Codes of 8-bit converters over 0..vdd, nearest code."""
    vdd_v = (circuit or Circuit()).vdd_v
    return np.clip(np.rint(volts / vdd_v * CODE_MAX), 0, CODE_MAX).astype(np.uint8)
