# SPDX-License-Identifier: Apache-2.0
"""noise_engine : any engine with noise on its converted samples.

Time, volts of layers and energy are the inner engine's; a conversion adds Gaussian noise to every
output (noise.py, at the operating point of the present bits) before the code is taken. The stream
is the die's own, drawn once a conversion: the same seed, die and order of images give the same
noise in every engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import NeuronCurve, neuron_curve
from cosim.analog.netlist import ENABLE, converters, input_pin
from cosim.analog.noise import OutputNoise, output_noise
from cosim.analog.protocol import Advance, Energy, MacroEngine, Sample
from cosim.analog.variation import Die, stream
from cosim.design import Design

__all__ = ["NoisyEngine"]

Floats = NDArray[np.float64]


class NoisyEngine:
    """`inner` with noise from the stream of `seed` and of `die`, or of die 0 without one."""

    def __init__(
        self,
        inner: MacroEngine,
        design: Design,
        sizes: tuple[int, ...],
        *,
        seed: int,
        die: Die | None,
    ) -> None:
        self.inner, self.design, self.sizes, self.die = inner, design, sizes, die
        self.name, self.engine = inner.name, inner.engine
        self._rng = stream(seed, die.index if die else 0, "noise")
        self._inputs = {input_pin(i): i for i in range(sizes[0])}
        self._converters = converters(sizes[-1], design)
        self._bits = np.zeros(sizes[0], dtype=np.int64)
        self._enabled = 0
        self._weights: tuple[Floats, ...] = ()
        self._noise: OutputNoise | None = None

    @cached_property
    def curve(self) -> NeuronCurve:
        """The neuron's curve."""
        return neuron_curve(self.design)

    def program(self, weights: tuple[Floats, ...]) -> None:
        self._weights, self._noise = weights, None
        self.inner.program(weights)

    def expect(self, inputs: Sequence[NDArray[np.generic]]) -> None:
        """Handed on to an engine that gains by it."""
        expect = getattr(self.inner, "expect", None)
        if expect is not None:
            expect(inputs)

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        self._see(levels)
        self.inner.start(t_ps, levels)

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        self._see(levels)
        self.inner.drive(t_ps, levels)

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        return self.inner.advance(until_ps, grid_ps=grid_ps, stop_on_crossing=stop_on_crossing)

    def propose(self, until_ps: int) -> int:
        return self.inner.propose(until_ps)

    def sleep(self, t_ps: int) -> None:
        self.inner.sleep(t_ps)

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        clean = self.inner.sample(pins)
        if not pins or not self._enabled:
            return clean
        noise_v = self._draw(clean).tolist()
        volts, codes = dict(clean.volts), dict(clean.codes)
        for converter, more_v in zip(self._converters, noise_v, strict=True):
            volts[converter.name] += more_v
            if converter.name in codes:
                codes[converter.name], _ = converter.code(volts[converter.name])
        return replace(clean, volts=volts, codes=codes)

    def energy(self) -> Energy:
        return self.inner.energy()

    def snapshot(self) -> Mapping[str, Floats]:
        return self.inner.snapshot()

    def close(self) -> None:
        self.inner.close()

    def _see(self, levels: Mapping[str, int]) -> None:
        for name, level in levels.items():
            if name == ENABLE:
                self._enabled = int(level)
            elif name in self._inputs:
                self._bits[self._inputs[name]] = int(level)
                self._noise = None

    def _draw(self, clean: Sample) -> Floats:
        if self._noise is None:
            self._noise = output_noise(
                self._weights, self._bits, self.design, self.curve, die=self.die
            )
        last = len(self.sizes) - 2
        amplifier, neuron = self.design.macro.amplifier, self.design.macro.neuron
        ref_v = neuron.shift_v if amplifier.reference == "shifted" else 0.0
        signal_v = np.asarray(clean.layers[f"layer{last}.amplifier"]) - ref_v
        if self.die is not None:
            signal_v = signal_v + self.die.layers[last].neuron_offset_v
        return np.asarray(self._noise.draw(signal_v[None], self._rng)[0])
