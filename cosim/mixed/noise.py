# SPDX-License-Identifier: Apache-2.0
"""noise : what thermal and shot noise do to the columns that a hold keeps, in closed form.

Sources and poles of a column are those of `cosim/analog/noise.py`: cells, the op-amp and its
resistors, then the hold's switch and kT/C. Before a hidden row stands its ladder, whose output has
the noise of one R behind the poles of ladder and buffer. Every hold is a sample of its own: columns
are independent but for ladders, whose part in a column is kept and whose correlation is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.analog.ideal_die import DieCells, die_cells
from cosim.analog.noise import AmplifierNoise, amplifier_noise, bandwidth_hz
from cosim.analog.noise_neuron import BOLTZMANN, junction_noise
from cosim.analog.tables_delay import BUFFER_INPUT_F
from cosim.analog.variation import Die, stream
from cosim.mapping import Mapping as Stack
from cosim.mixed.design import MixedDesign
from cosim.mixed.die import nominal_mixed_die
from cosim.mixed.rest import Part, ideal_parts

__all__ = ["HoldNoise", "column_sigma"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
POINTS = 8  # inputs whose operating points are averaged
SMALL_V = 1e-5


class HoldNoise:
    """Noise of a macro's holds: a stream for each layer, drawn once an evaluation, in order.

    So the same seed, die and order of inputs give the same noise in a batch and in every engine.
    """

    def __init__(
        self, stack: Stack, design: MixedDesign, *, seed: int, die: Die | None = None
    ) -> None:
        self._stack, self._design, self._die = stack, design, die
        index = die.index if die else 0
        layers = range(len(stack.weights))
        self._rngs = [stream(seed, index, "noise", layer) for layer in layers]

    def draw(self, layer: int, codes: Ints) -> Floats:
        """Volts (n, height, n_out) to add to holds of inputs (n, n_in), the next n evaluations."""
        sigma_v = column_sigma(self._stack, layer, codes, self._design, self._die)
        return np.asarray(sigma_v * self._rngs[layer].standard_normal((len(codes), *sigma_v.shape)))


def column_sigma(
    stack: Stack, layer: int, codes: Ints, design: MixedDesign, die: Die | None = None
) -> Floats:
    """Standard deviation (height, n_out) in volts of held columns, mean of the first POINTS inputs.

    Operating points are those of exact arithmetic, without wires.
    """
    device = die or nominal_mixed_die(design, stack.sizes)
    kelvin, converter = design.variation.temperature_k, design.macro.converter
    buffer, unit_ohm = design.macro.buffer, design.mixed.dac.unit_ohm
    hold_hz = 1 / (2 * np.pi * converter.ron_ohm * converter.hold_f)
    row_hz = (1 / (2 * np.pi * unit_ohm * BUFFER_INPUT_F), buffer.bw_hz)
    gain, found = design.gain(layer, len(stack.weights)), []
    rows_left = stack.sizes[layer]  # rows with a ladder: not the bias
    for part in ideal_parts(stack, layer, codes[:POINTS], design, device):
        noise = _part_noise(part, gain, design)
        poles = (float(noise.pole_hz.mean()), hold_hz)
        squared_v2 = noise.total.mean(axis=0) * bandwidth_hz(poles)
        squared_v2 += BOLTZMANN * kelvin / converter.hold_f
        if layer:
            through = (noise.gain[:, :, :rows_left] ** 2).sum(axis=2).mean(axis=0)
            ladder = 4 * BOLTZMANN * kelvin * unit_ohm * bandwidth_hz((*row_hz, *poles))
            squared_v2 += through * ladder
        rows_left -= len(part.weights)
        found.append(np.sqrt(squared_v2))
    return np.stack(found)


def _part_noise(part: Part, gain: float, design: MixedDesign) -> AmplifierNoise:
    assert part.die is not None  # `column_sigma` asks for parts of a die
    cells, _ = die_cells(part.weights, part.die, design)
    leak_s = 1 / design.variation.open_ohm  # what an open line still sees
    slopes, noises = [], []
    for side, line_v in zip(cells, (part.column.plus_v, part.column.minus_v), strict=True):
        slope, noise = _line(side, part.rows_v[:, :, None] - line_v[:, None, :], design)
        slopes.append(np.where(side.live, slope, leak_s))
        noises.append((noise * side.live).sum(axis=1))
    return amplifier_noise((slopes[0], slopes[1]), (noises[0], noises[1]), gain, design)


def _line(side: DieCells, volts: Floats, design: MixedDesign) -> tuple[Floats, Floats]:
    """Slopes and current noise of the cells on a line."""
    seen_v = np.where(np.abs(volts) < SMALL_V, SMALL_V, volts)
    current, slope = side.current(seen_v, (slice(None), slice(None)))
    noise = junction_noise(current / seen_v, seen_v, design.variation.temperature_k)
    return slope, noise
