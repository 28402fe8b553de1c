# SPDX-License-Identifier: Apache-2.0
"""noise : what thermal and shot noise do to the sampled outputs, in closed form.

Noise is white at its source, passes the one-pole amplifiers between there and the hold capacitor,
and is sampled. At the output of an amplifier whose lines conduct g+ and g- (sums of di/dv):

    NG = 1 + R3/(R1 + 1/g-)           noise gain; pole f = GBW/NG + GBW/a0
    cells   S+ (NG R3/(R1+R3) / (g+ + 1/(R1+R3)))^2 + S- (R3/(1 + R1 g-))^2
    op-amp  e^2 NG^2
    R1..R4  4kT [R1 (R3/(R1+1/g-))^2 + R3 + NG^2 (R1 R3^2 + R3 (R1+1/g+)^2)/(R1+R3+1/g+)^2]

all over (1 + NG/a0)^2. S+, S- sum 2qI coth(qV/2kT) over cells. The sample adds the neuron's own
noise and kT/C of the hold. Hidden layers pass through the slopes of neurons and columns, so outputs
are correlated. Operating points are the ideal engine's; left out are drivers, buffers and wires
(10 ohm before 8 kohm: a thousandth of a cell's noise), 1/f noise, and poles of neuron and buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_continuous_lyapunov

from cosim.analog.characterise import NeuronCurve
from cosim.analog.ideal_column import Column
from cosim.analog.ideal_die import die_cells
from cosim.analog.ideal_forward import LayerVolts, ideal_forward, row_parts
from cosim.analog.noise_neuron import BOLTZMANN, NeuronNoise, junction_noise, neuron_noise
from cosim.analog.variation import Die, LayerDie, nominal_die
from cosim.design import Design
from cosim.errors import DesignError
from cosim.mapping import check_stack

__all__ = ["AmplifierNoise", "OutputNoise", "amplifier_noise", "bandwidth_hz", "output_noise"]

Floats = NDArray[np.float64]
POINTS = 8  # sigma of one input alone is 10 to 20 % (one deviation) off the mean of many
SMALL_V = 1e-5


def bandwidth_hz(poles_hz: Sequence[float]) -> float:
    """Noise bandwidth of a chain of poles: the integral of prod 1/(1 + (f/f_i)^2)."""
    n = len(poles_hz)
    rates = 2 * np.pi * np.asarray(poles_hz, dtype=np.float64)
    matrix = np.diag(-rates) + np.diag(rates[1:], -1)
    drive = np.zeros((n, n))
    drive[0, 0] = 0.5 * rates[0] ** 2  # one-sided noise of 1 per hertz
    return float(solve_continuous_lyapunov(matrix, -drive)[-1, -1])


@dataclass(frozen=True, kw_only=True)
class AmplifierNoise:
    """Noise at amplifier outputs in V2/Hz by cause, (m, n_out) each; what moves them.

    `gain` (m, n_out, rows) is d(output)/d(row voltage), `pole_hz` (m, n_out) the closed loop's.
    """

    psd: dict[str, Floats]
    gain: Floats
    pole_hz: Floats

    @property
    def total(self) -> Floats:
        """All causes together."""
        return np.asarray(np.sum(list(self.psd.values()), axis=0))


def amplifier_noise(
    lines_s: tuple[Floats, Floats], lines_a2: tuple[Floats, Floats], gain: float, design: Design
) -> AmplifierNoise:
    """Noise of amplifiers whose I+ and I- have cells of slopes `lines_s` (m, rows, n_out).

    `lines_a2` (m, n_out) is the current noise of each line's cells.
    """
    amplifier, kelvin = design.macro.amplifier, design.variation.temperature_k
    r1 = amplifier.r1_ohm
    r3 = gain * r1
    plus_s, minus_s = (g.sum(axis=1) for g in lines_s)
    ng = 1 + r3 / (r1 + 1 / minus_s)
    loop = 1 / (1 + ng / amplifier.a0)
    plus_ohm = ng * r3 / (r1 + r3) / (plus_s + 1 / (r1 + r3)) * loop
    minus_ohm = r3 / (1 + r1 * minus_s) * loop
    behind = r1 + r3 + 1 / plus_s
    resistors = (
        r1 * (r3 / (r1 + 1 / minus_s)) ** 2
        + r3
        + ng**2 * (r1 * r3**2 + r3 * (r1 + 1 / plus_s) ** 2) / behind**2
    )
    return AmplifierNoise(
        psd={
            "cells": lines_a2[0] * plus_ohm**2 + lines_a2[1] * minus_ohm**2,
            "amplifiers": (design.variation.amplifier_noise_v * ng * loop) ** 2,
            "resistors": 4 * BOLTZMANN * kelvin * resistors * loop**2,
        },
        gain=(lines_s[0] * plus_ohm[:, None, :] - lines_s[1] * minus_ohm[:, None, :]).transpose(
            0, 2, 1
        ),
        pole_hz=amplifier.gbw_hz / ng + amplifier.gbw_hz / amplifier.a0,
    )


@dataclass(frozen=True, kw_only=True)
class OutputNoise:
    """Gaussian noise of the sampled outputs.

    `covariance` (n_out, n_out) in V2 is at the last amplifiers, by what reaches the sample;
    `causes` are its parts (and the neurons' and the hold's at a mean sample) per output.
    """

    covariance: Floats
    causes: dict[str, Floats]
    neuron: NeuronNoise
    neuron_hz: float
    hold_v2: float

    def sigma_v(self, signal_v: Floats) -> Floats:
        """Standard deviation of samples (n, n_out) whose neurons see `signal_v`."""
        slope = self.neuron.gain_at(signal_v)
        own = self.neuron.psd_at(signal_v) * self.neuron_hz + self.hold_v2
        return np.asarray(np.sqrt(slope**2 * np.diag(self.covariance) + own))

    def draw(self, signal_v: Floats, rng: np.random.Generator) -> Floats:
        """Noise volts to add to samples (n, n_out)."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        shared = rng.standard_normal(signal_v.shape) @ root.T
        own = self.neuron.psd_at(signal_v) * self.neuron_hz + self.hold_v2
        return np.asarray(
            self.neuron.gain_at(signal_v) * shared
            + np.sqrt(own) * rng.standard_normal(signal_v.shape)
        )


def output_noise(
    weights: Sequence[ArrayLike],
    bits: ArrayLike,
    design: Design,
    curve: NeuronCurve,
    *,
    die: Die | None = None,
) -> OutputNoise:
    """Noise of the outputs, averaged over the first POINTS operating points of `bits`."""
    if design.macro.amplifier.kind != "realisable":
        raise DesignError(
            "noise needs macro.amplifier.kind realisable: an exact op-amp has no bandwidth"
        )
    layers = check_stack(weights)
    inputs = np.atleast_2d(np.asarray(bits))[:POINTS]
    sizes = (inputs.shape[1], *(layer.shape[1] for layer in layers))
    device = die or nominal_die(design, sizes)
    states = ideal_forward(layers, inputs, design, curve, die=device)
    neuron, macro = neuron_noise(design), design.macro
    found = [
        _layer_noise(
            layer,
            state,
            device.layers[k],
            macro.amplifier.gain_output if k == len(layers) - 1 else macro.amplifier.gain_hidden,
            design,
        )
        for k, (layer, state) in enumerate(zip(layers, states, strict=True))
    ]
    converter = macro.converter
    poles = [float(noise.pole_hz.mean()) for noise in found]
    poles.append(1 / (2 * np.pi * converter.ron_ohm * converter.hold_f))
    last = found[-1]
    band_hz = bandwidth_hz(poles[-2:])
    covariance = np.diag(last.total.mean(axis=0) * band_hz)
    causes = {name: psd.mean(axis=0) * band_hz for name, psd in last.psd.items()}
    hidden = np.zeros_like(covariance)
    path = last.gain[:, :, :-1]  # the bias row carries no neuron
    for k in range(len(found) - 2, -1, -1):
        signal_v = states[k].signal_v
        own = neuron.psd_at(signal_v)[:, None, :] * bandwidth_hz(poles[k + 1 :])
        hidden += ((path * own) @ path.transpose(0, 2, 1)).mean(axis=0)
        path = path * neuron.gain_at(signal_v)[:, None, :]
        amplified = found[k].total[:, None, :] * bandwidth_hz(poles[k:])
        hidden += ((path * amplified) @ path.transpose(0, 2, 1)).mean(axis=0)
        path = path @ found[k].gain[:, :, :-1]
    slope2 = np.mean(neuron.gain_at(states[-1].signal_v) ** 2, axis=0)
    neuron_hz = bandwidth_hz(poles[-1:])
    hold_v2 = BOLTZMANN * design.variation.temperature_k / converter.hold_f
    causes = {name: slope2 * v2 for name, v2 in (causes | {"hidden": np.diag(hidden)}).items()}
    causes["neurons"] = neuron.psd_at(states[-1].signal_v).mean(axis=0) * neuron_hz
    causes["hold"] = np.full(sizes[-1], hold_v2)
    return OutputNoise(
        covariance=covariance + hidden,
        causes=causes,
        neuron=neuron,
        neuron_hz=neuron_hz,
        hold_v2=hold_v2,
    )


def _layer_noise(
    weights: NDArray[np.int8], state: LayerVolts, die: LayerDie, gain: float, design: Design
) -> AmplifierNoise:
    """Noise of a layer's amplifiers; tied ones are averaged."""
    parts = row_parts(len(weights), design)
    found = []
    for port, ((row0, row1), column) in enumerate(zip(parts, state.columns, strict=True)):
        own = die if len(parts) == 1 else die.part(row0, row1, port)
        found.append(
            _column_noise(weights[row0:row1], state.line_v[:, row0:row1], column, own, gain, design)
        )
    if len(found) == 1:
        return found[0]
    n = len(found)
    return AmplifierNoise(
        psd={k: np.sum([part.psd[k] for part in found], axis=0) / n**2 for k in found[0].psd},
        gain=np.concatenate([part.gain for part in found], axis=2) / n,
        pole_hz=np.mean([part.pole_hz for part in found], axis=0),
    )


def _column_noise(  # noqa: PLR0917 - one argument for each thing of the circuit
    weights: NDArray[np.int8],
    x_v: Floats,
    column: Column,
    die: LayerDie,
    gain: float,
    design: Design,
) -> AmplifierNoise:
    cells, _ = die_cells(weights, die, design)
    slopes, noises = [], []
    for side, line_v in zip(cells, (column.plus_v, column.minus_v), strict=True):
        volts = x_v[:, :, None] - line_v[:, None, :]
        volts = np.where(np.abs(volts) < SMALL_V, SMALL_V, volts)
        current, slope = side.current(volts, (slice(None), slice(None)))
        noise = junction_noise(current / volts, volts, design.variation.temperature_k)
        slopes.append(slope * side.live)
        noises.append((noise * side.live).sum(axis=1))
    return amplifier_noise((slopes[0], slopes[1]), (noises[0], noises[1]), gain, design)
