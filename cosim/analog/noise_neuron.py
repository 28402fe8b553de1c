# SPDX-License-Identifier: Apache-2.0
"""noise_neuron : white noise at a neuron's output, from its small-signal circuit in ngspice.

Small sources move a neuron's DC output: a current into x (z_x), a current into the output (z_o), a
voltage at the gates (a_g). Noise at the output, per hertz, of MTJ-A, MTJ-B and the channels:

    S = S_A z_x^2 + S_B (z_x - z_o)^2 + 4 k T gamma |a_g z_o|,   a_g = gm z_o

S_A, S_B are the junctions': 2 q I coth(q V/2 k T), which is 4 k T g at rest and 2 q I far from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import curve_key
from cosim.analog.ideal_column import mtj_of
from cosim.analog.netlist_parts import model_cards, neuron_models
from cosim.analog.ngspice_run import run_deck
from cosim.design import Design

__all__ = ["BOLTZMANN", "CHARGE", "NeuronNoise", "junction_noise", "neuron_noise"]

Floats = NDArray[np.float64]
BOLTZMANN = 1.380649e-23  # J/K, exact in the SI
CHARGE = 1.602176634e-19  # C, exact in the SI
STEP_A, STEP_V = 1e-7, 5e-4  # the output moves by 3 mV at most
GRID_V = 5e-3
SMALL_V = 1e-5


def junction_noise(conductance_s: Floats, volts: Floats, temperature_k: float) -> Floats:
    """Current noise in A2/Hz of a tunnel junction with I = conductance * volts."""
    z = np.maximum(np.abs(volts), SMALL_V) * CHARGE / (2 * BOLTZMANN * temperature_k)
    return np.asarray(4 * BOLTZMANN * temperature_k * conductance_s * z / np.tanh(z))


@dataclass(frozen=True, kw_only=True)
class NeuronNoise:
    """Output noise `psd` (V2/Hz) and slope `gain` of a neuron over its signals `vin_v`."""

    vin_v: Floats
    psd: Floats
    gain: Floats

    def psd_at(self, signal_v: Floats) -> Floats:
        """Noise at the output for these signals."""
        return np.interp(signal_v, self.vin_v, self.psd)

    def gain_at(self, signal_v: Floats) -> Floats:
        """dy/da for these signals."""
        return np.interp(signal_v, self.vin_v, self.gain)


_KEPT: dict[tuple[str, float, float], NeuronNoise] = {}


def neuron_noise(design: Design) -> NeuronNoise:
    """Noise of the design's neuron, from one sweep of seven neurons; kept for the process."""
    spread = design.variation
    key = (curve_key(design), spread.temperature_k, spread.fet_noise_gamma)
    if key not in _KEPT:
        _KEPT[key] = _measure(design)
    return _KEPT[key]


def _measure(design: Design) -> NeuronNoise:
    plot = run_deck(_deck(design), models=neuron_models(design), name="neuron noise")
    vin, y = plot["v(in)"], plot["v(o0)"]
    x = plot["v(x0)"]

    def slope(up: int, down: int, step: float) -> Floats:
        return np.asarray((plot[f"v(o{up})"] - plot[f"v(o{down})"]) / (2 * step))

    z_x, z_o, a_g = slope(1, 2, STEP_A), slope(3, 4, STEP_A), slope(5, 6, STEP_V)
    cell, spread = mtj_of(design), design.variation
    bias = np.where(np.abs(x - y) < SMALL_V, SMALL_V, x - y)
    g_b = cell.current_ap(bias)[0] / bias
    kelvin = spread.temperature_k
    a_noise = junction_noise(np.full_like(x, cell.g_p_s), vin - x, kelvin)
    b_noise = junction_noise(g_b, bias, kelvin)
    channels = 4 * BOLTZMANN * kelvin * spread.fet_noise_gamma * np.abs(a_g * z_o)
    return NeuronNoise(
        vin_v=vin - design.macro.neuron.shift_v,
        psd=a_noise * z_x**2 + b_noise * (z_x - z_o) ** 2 + channels,
        gain=np.gradient(y, vin),
    )


def _deck(design: Design) -> str:
    """A neuron as it is and six that are moved by small sources, up and down."""
    neuron, fet, amplifier = design.macro.neuron, design.device.fet, design.macro.amplifier
    moves = [(0.0, 0.0, 0.0)]
    for step in (STEP_A, 0.0, 0.0), (0.0, STEP_A, 0.0), (0.0, 0.0, STEP_V):
        moves += [step, (-step[0], -step[1], -step[2])]
    lines = [
        model_cards(design, whole_macro=False),
        f"vdd vdd 0 {design.macro.vdd_v!r}",
        "vin in 0 0",
    ]
    for k, (at_x, at_o, at_gate) in enumerate(moves):
        lines += [
            f"na{k} in x{k} cell state=0",
            f"nb{k} x{k} o{k} cell state=1",
            f"vg{k} g{k} x{k} {at_gate!r}",
            f"nn{k} o{k} g{k} 0 0 {fet.n_name} nfin={neuron.nfin_n}",
            f"np{k} o{k} g{k} vdd vdd {fet.p_name} nfin={neuron.nfin_p}",
            f"ix{k} 0 x{k} {at_x!r}",
            f"io{k} 0 o{k} {at_o!r}",
        ]
    reach_v = min(amplifier.rail_v, 1.0) + neuron.shift_v
    lines += [
        ".options klu reltol=1e-7 abstol=1e-14 vntol=1e-10 noacct",
        ".save v(in) v(x0) " + " ".join(f"v(o{k})" for k in range(len(moves))),
        f".dc vin {-reach_v!r} {reach_v + neuron.shift_v!r} {GRID_V!r}",
    ]
    return "\n".join(lines)
