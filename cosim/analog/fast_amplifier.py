# SPDX-License-Identifier: Apache-2.0
"""fast_amplifier : amplifiers and buffers at DC: the Verilog-A equations over arrays.

diff_amp.va at rest: 0 = tanh(k vid) - k w/a0 - 2 (up(w) - down(w)), k = 2 pi gbw/sr, with
w = out + r_out * i(out): one falling equation in `out`, solved by Newton inside a bracket (kernel).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_build import kernel
from cosim.analog.tables_neuron import NeuronTable
from cosim.design import Design
from cosim.errors import ConvergenceError

__all__ = [
    "AmplifierBank",
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
TOL_V = 1e-9
MAX_TURNS = 60


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


def solve_rising(
    function: Callable[[Floats], tuple[Floats, Floats]], start: Floats, low: float, high: float
) -> Floats:
    """Roots of a falling `function` (value, slope) in [low, high], Newton kept in its bracket."""
    x = np.clip(start, low, high)
    lows, highs = np.full_like(x, low), np.full_like(x, high)
    for _ in range(MAX_TURNS):
        value, slope = function(x)
        lows = np.where(value > 0, x, lows)
        highs = np.where(value > 0, highs, x)
        new = x - value / slope
        outside = ~((new > lows) & (new < highs))
        new = np.where(outside, 0.5 * (lows + highs), new)
        move = float(np.abs(new - x).max(initial=0.0))
        x = new
        if move < TOL_V:
            return np.asarray(x)
    raise ConvergenceError(f"an amplifier still moves by {move:.3g} V")


class _Amplifier(ctypes.Structure):
    _fields_ = (
        *(
            (key, ctypes.c_double)
            for key in (
                *("k", "a0", "rout", "swing", "soft", "r1", "r3", "rail", "ref", "low", "per_v"),
            )
        ),
        ("points", ctypes.c_long),
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

    def signal_v(self, a_v: Floats) -> Floats:
        """What the neurons' curve is read at for amplifier outputs (..., n_out)."""
        return np.asarray(a_v - self.ref_v + self.neuron_offset_v)

    def admittance(self) -> Floats:
        """d(i_plus, i_minus)/d(u_plus, u_minus) of an amplifier in its linear range."""
        r1, r3 = self.r1, self.r3
        return np.array([[1 / (r1 + r3), 0.0], [-r3 / ((r1 + r3) * r1), 1 / r1]])

    def solve(self, u_plus: Floats, u_minus: Floats, start: Floats | None) -> BankState:
        """Outputs for line voltages (n, ports, n_out); `start` is an earlier solution's `out_v`."""
        amplifier, partition = self.design.macro.amplifier, self.design.macro.partition
        r1, r3 = self.r1, self.r3
        inp = (u_plus * r3 + self.ref_v * r1) / (r1 + r3)
        inp = inp + self.amplifier_offset_v
        plus_a = (u_plus - self.ref_v) / (r1 + r3)
        target = inp - (u_minus - inp) * r3 / r1
        parts = u_plus.shape[1]
        if amplifier.kind == "ideal":
            out = np.clip(target, -amplifier.rail_v, amplifier.rail_v)
            a = out.mean(axis=1)
            if parts > 1 or partition.outputs == "tied":
                load, slope = self.neuron.input_a(self.signal_v(a))
                a = a - load * (partition.tie_ohm / parts) / (1 + slope * partition.tie_ohm / parts)
            return BankState(
                plus_a=plus_a, minus_a=(u_minus - target) / (r1 + r3), out_v=out, a_v=a, out_a=None
            )
        return self._realisable(inp, plus_a, u_minus, target if start is None else start)

    def _realisable(self, inp: Floats, plus_a: Floats, u_minus: Floats, start: Floats) -> BankState:
        amplifier = self.design.macro.amplifier
        out, minus = np.array(start, order="C"), np.ascontiguousarray(u_minus)
        inp = np.ascontiguousarray(inp)
        shift = np.array(np.broadcast_to(self.neuron_offset_v, out.shape[-1:]), dtype=np.float64)
        values = _Amplifier(
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
            self.neuron.input_spline.shape[1],
        )
        lost = kernel().fast_amplifiers(
            ctypes.byref(values),
            ctypes.c_long(out.size),
            ctypes.c_long(out.shape[-1]),
            *(
                ctypes.c_void_p(a.ctypes.data)
                for a in (inp, minus, shift, self.neuron.input_spline, out)
            ),
        )
        if lost:
            raise ConvergenceError(f"{lost} amplifiers have no operating point")
        load, _ = self.neuron.input_a(self.signal_v(out))
        back = (out - u_minus) / (self.r1 + self.r3)
        return BankState(plus_a=plus_a, minus_a=-back, out_v=out, a_v=out[:, 0], out_a=back + load)


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
    buffer, vdd = design.macro.buffer, design.macro.vdd_v
    k = 2 * np.pi * buffer.bw_hz / buffer.slew_v_per_s
    swing = V_SOFT_BUFFER * float(softplus(np.array(0.5 * vdd / V_SOFT_BUFFER)))

    def balance(w: Floats) -> tuple[Floats, Floats]:
        step = np.tanh(k * (buffer.gain * y_v - w))
        over = (w - 0.5 * vdd - swing) / V_SOFT_BUFFER
        under = (0.5 * vdd - w - swing) / V_SOFT_BUFFER
        value = step - 2 * (softplus(over) - softplus(under))
        slope = -k * (1 - step**2) - 2 / V_SOFT_BUFFER * (sigmoid(over) + sigmoid(under))
        return value, slope

    return solve_rising(balance, buffer.gain * y_v, -0.1 * vdd, 1.1 * vdd)


def buffer_drop(out_a: Floats, design: Design) -> Floats:
    """Volts lost inside the buffer when it delivers `out_a`: the inverse of its soft limit."""
    buffer = design.macro.buffer
    share = np.clip(out_a / buffer.imax_a, -0.99, 0.99)
    return np.asarray(buffer.rout_ohm * buffer.imax_a * share / np.sqrt(1 - share**2))
