# SPDX-License-Identifier: Apache-2.0
"""fast_amplifier : amplifiers and buffers at DC: the Verilog-A equations over arrays.

diff_amp.va at rest: 0 = tanh(k vid) - k w/a0 - 2 (up(w) - down(w)), k = 2 pi gbw/sr, with
w = out + r_out * i(out): one falling equation in `out`, solved by Newton inside a bracket (kernel).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_failure import BEYOND, failure
from cosim.analog.tables_buffer import buffer_table
from cosim.analog.tables_neuron import NeuronTable
from cosim.design import Design

__all__ = [
    "AmplifierBank",
    "AmplifierValues",
    "BankState",
    "buffer_drop",
    "buffer_state",
    "pair_current",
    "sigmoid",
    "softplus",
    "supply_share",
]

Floats = NDArray[np.float64]
V_SOFT_AMPLIFIER, V_SOFT_BUFFER, V_ON = 5e-3, 2e-3, 0.2  # defaults of the Verilog-A models
PAIR_A2 = 1e-18
TIE_TURNS = 4  # Newton, to 1e-11 V: a tie of 1 ohm needs one, 1 Mohm four
NUMBERS = (
    *("k", "a0", "rout", "swing", "soft", "r1", "r3", "rail", "ref", "low", "per_v"),
    "load_a",
)
MOST_DROP = 0.99  # of a buffer's largest current: beyond, its soft limit has no inverse


def softplus(x: Floats) -> Floats:
    return np.asarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


def sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def supply_share(supply_v: float) -> float:
    """How much of the bias currents flows at this supply: v_s/sqrt(v_s^2 + v_on^2)."""
    return float(supply_v / np.hypot(supply_v, V_ON))


def pair_current(out_a: Floats, pair_a: float) -> Floats:
    """Current from the upper supply of a class-AB pair that delivers `out_a`."""
    return np.asarray(0.5 * (out_a + np.sqrt(out_a**2 + 4 * pair_a**2 + PAIR_A2)))


class AmplifierValues(ctypes.Structure):
    """struct amplifier of the kernel."""

    _fields_ = (
        *((key, ctypes.c_double) for key in NUMBERS),
        *((key, ctypes.c_long) for key in ("points", "ideal")),
        *((key, ctypes.c_void_p) for key in ("offset", "shift", "spline")),
    )


@dataclass(frozen=True, kw_only=True)
class AmplifierBank:
    """The amplifiers of one layer with the neurons that load them.

    `amplifier_offset_v` (ports, n_out) adds to v(inp), `neuron_offset_v` (n_out,) to the neurons'
    inputs; 0.0 without a die.
    """

    design: Design
    neuron: NeuronTable
    gain: float
    amplifier_offset_v: Floats | float = 0.0
    neuron_offset_v: Floats | float = 0.0

    @property
    def r1(self) -> float:
        """Input resistor."""
        return self.design.macro.amplifier.r1_ohm

    @property
    def r3(self) -> float:
        """Feedback resistor."""
        return self.gain * self.r1

    @property
    def ref_v(self) -> float:
        """End of the non-inverting feedback resistor."""
        shifted = self.design.macro.amplifier.reference == "shifted"
        return self.design.macro.neuron.shift_v if shifted else 0.0

    @property
    def ideal(self) -> bool:
        """Exact op-amps: vid is 0 whatever they deliver."""
        return self.design.macro.amplifier.kind == "ideal"

    @property
    def tie_ohm(self) -> float:
        """From an output to the neurons' input; 0: one amplifier, no tie."""
        partition = self.design.macro.partition
        return partition.tie_ohm if partition.outputs == "tied" else 0.0

    def signal_v(self, a_v: Floats) -> Floats:
        """What the neurons' curve is read at for amplifier outputs (..., n_out)."""
        return np.asarray(a_v - self.ref_v + self.neuron_offset_v)

    def admittance(self) -> Floats:
        """d(i_plus, i_minus)/d(u_plus, u_minus) of an amplifier in its linear range."""
        r1, r3 = self.r1, self.r3
        return np.array([[1 / (r1 + r3), 0.0], [-r3 / ((r1 + r3) * r1), 1 / r1]])

    def values(self, ports: int, n_out: int) -> tuple[AmplifierValues, dict[str, Floats]]:
        """The kernel's structure, and the arrays whose addresses it holds."""
        amplifier = self.design.macro.amplifier
        held = {
            "offset": np.full((ports, n_out), self.amplifier_offset_v),
            "shift": np.full(n_out, self.neuron_offset_v),
            "spline": self.neuron.input_spline,
        }
        numbers = (
            2 * np.pi * amplifier.gbw_hz / amplifier.slew_v_per_s,
            amplifier.a0,
            amplifier.rout_ohm,
            amplifier.rail_v - amplifier.head_v,
            V_SOFT_AMPLIFIER,
            self.r1,
            self.r3,
            amplifier.rail_v,
            self.ref_v,
            self.neuron.low_v,
            self.neuron.per_v,
            self.neuron.most_input_a,
        )
        found = AmplifierValues(
            **dict(zip(NUMBERS, numbers, strict=True)),
            points=len(self.neuron.input_spline),
            ideal=self.ideal,
            **{key: array.ctypes.data for key, array in held.items()},
        )
        return found, held

    def target_v(self, u: Floats, n_out: int) -> Floats:
        """What exact op-amps would deliver without rails for lines `u` (n, ports, 2, >= n_out)."""
        r1, r3 = self.r1, self.r3
        inp = (u[:, :, 0, :n_out] * r3 + self.ref_v * r1) / (r1 + r3) + self.amplifier_offset_v
        return np.asarray(inp - (u[:, :, 1, :n_out] - inp) * r3 / r1)

    def state(self, u: Floats, out_v: Floats) -> BankState:
        """Amplifiers that stand at `out_v` (n, ports, n_out; before the rails of exact op-amps)."""
        end_s, n_out = 1 / (self.r1 + self.r3), out_v.shape[-1]
        plus_a = (u[:, :, 0, :n_out] - self.ref_v) * end_s
        minus_a = (u[:, :, 1, :n_out] - out_v) * end_s
        a_v = self.neuron_in_v(out_v)
        if self.ideal:
            rail_v = self.design.macro.amplifier.rail_v
            clipped = np.clip(out_v, -rail_v, rail_v)
            return BankState(plus_a=plus_a, minus_a=minus_a, out_v=clipped, a_v=a_v, out_a=None)
        if self.tie_ohm:
            load = (out_v - a_v[:, None]) / self.tie_ohm
        else:
            load, _ = self.neuron.input_a(self.signal_v(out_v))
        return BankState(plus_a=plus_a, minus_a=minus_a, out_v=out_v, a_v=a_v, out_a=load - minus_a)

    def neuron_in_v(self, out_v: Floats) -> Floats:
        """Neuron inputs (n, n_out) behind amplifiers at `out_v`, as for `state`."""
        rail_v, tie = self.design.macro.amplifier.rail_v, self.tie_ohm / out_v.shape[1]
        mean = (np.clip(out_v, -rail_v, rail_v) if self.ideal else out_v).mean(axis=1)
        a = mean
        for _ in range(TIE_TURNS if tie else 0):
            load, slope = self.neuron.input_a(self.signal_v(a))
            a = a - (a - mean + load * tie) / (1 + slope * tie)
        return np.asarray(a)


@dataclass(frozen=True, kw_only=True)
class BankState:
    """Solved amplifiers: line currents and outputs (n, ports, n_out), neuron inputs a (n, n_out).

    `out_a` is what each op-amp delivers; None for exact op-amps, which have no supplies.
    """

    plus_a: Floats
    minus_a: Floats
    out_v: Floats
    a_v: Floats
    out_a: Floats | None


def buffer_state(y_v: Floats, design: Design) -> Floats:
    """Inner voltage w of buffer_amp.va at rest for inputs `y_v`."""
    buffer = design.macro.buffer
    k = 2 * np.pi * buffer.bw_hz / buffer.slew_v_per_s
    return buffer_table(design.macro.vdd_v, buffer.gain, k, V_SOFT_BUFFER).at(y_v)[0]


def buffer_drop(out_a: Floats, design: Design) -> Floats:
    """Volts lost in buffers that deliver `out_a` (n, sources): their soft limit inverted."""
    buffer = design.macro.buffer
    share = out_a / buffer.imax_a
    beyond = ~(np.abs(share) <= MOST_DROP)
    if beyond.any():
        item, which = np.argwhere(beyond)[0]
        raise failure(BEYOND, int(item), int(which), 0.0, 0)
    return np.asarray(buffer.rout_ohm * buffer.imax_a * share / np.sqrt(1 - share**2))
