# SPDX-License-Identifier: Apache-2.0
"""engine : the mixed-signal macro as the bridge sees it: sections, holds, converters, their bill.

Pins: `en` (an evaluation runs), `in[i]`, `aux[k]` (shape.py says what each is) and the converters
`code[n]`. A hold that rises keeps the columns of the layer that is on; sampling converts those that
the select pins name. The logic between the layers is RTL: only its joules are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist import ENABLE, input_pin
from cosim.analog.protocol import Advance, Energy, Sample
from cosim.errors import CircuitError, ConvergenceError
from cosim.mapping import Mapping as Stack
from cosim.mapping import map_stack, word_count
from cosim.mixed.design import DAC_BITS, MixedDesign
from cosim.mixed.forward import column_codes
from cosim.mixed.noise import HoldNoise
from cosim.mixed.rest import SUPPLIES
from cosim.mixed.section import Section
from cosim.mixed.shape import aux_pin, shape_of

__all__ = ["MixedEngine"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MakeSection = Callable[[str, Stack, int, MixedDesign], Section]
MakeNoise = Callable[[Stack, MixedDesign], HoldNoise | None]


class MixedEngine:
    """One macro; `make` gives the analog part of a layer, `noise` what holds have of it, if any."""

    def __init__(
        self,
        name: str,
        design: MixedDesign,
        sizes: tuple[int, ...],
        *,
        kind: str,
        make: MakeSection,
        noise: MakeNoise,
    ) -> None:
        self.name, self.design, self.engine = name, design, kind
        self.shape = shape_of(sizes, design)
        self.clipped: set[str] = set()  # converters whose last code was out of range
        self._make, self._make_noise = make, noise
        self._noise: HoldNoise | None = None
        self._sections: tuple[Section, ...] = ()
        self._now_ps: int | None = None
        self._aux = {aux_pin(k): what for k, what in enumerate(self.shape.aux_pins)}
        self._inputs = {input_pin(i): i for i in range(self.shape.sizes[0])}
        self._bits = np.zeros(self.shape.sizes[0], dtype=np.int64)
        self._levels = dict.fromkeys((ENABLE, *self.shape.aux_pins), 0)
        self._held: list[Floats] = [np.zeros((h, n)) for h, n in self._layers()]
        self._layer = -1  # whose columns are held
        self._quiet: set[int] = set()  # sections that are off and at rest
        self._conversions = self._rounds = self._words = 0
        self._busy_ps, self._since_ps = 0, 0
        self._past: dict[str, float] = {}

    # -- life ----------------------------------------------------------------------------------

    def program(self, weights: tuple[Floats, ...]) -> None:
        stack = map_stack(weights, self.design)
        if stack.sizes != self.shape.sizes:
            raise CircuitError(
                f"weights are {stack.sizes}, the macro is {self.shape.sizes}", macro=self.name
            )
        if self._now_ps is not None:
            raise CircuitError("programmed while it runs: make a new engine", macro=self.name)
        self.close()
        self._words += word_count(stack.sizes)
        self._sections = tuple(
            self._make(f"{self.name}.layer{k}", stack, k, self.design)
            for k in range(self.shape.layers)
        )
        self._noise = self._make_noise(stack, self.design)

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        if not self._sections:
            raise CircuitError("not programmed", macro=self.name, t_ps=t_ps)
        self._now_ps = self._since_ps = t_ps
        self._take(levels)
        if any(self._levels[f"layer[{k}]"] for k in range(self.shape.layers)):
            raise CircuitError("started with a layer on", macro=self.name, t_ps=t_ps)
        for section in self._sections:
            section.start(t_ps)

    def close(self) -> None:
        for section in self._sections:
            section.close()

    # -- time ----------------------------------------------------------------------------------

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        if t_ps != self._now():
            raise ValueError(f"{self.name}: drive at {t_ps} ps, but the time is {self._now_ps} ps")
        before = dict(self._levels)
        self._take(levels)
        if self._levels[ENABLE] != before[ENABLE]:
            if before[ENABLE]:
                self._busy_ps += t_ps - self._since_ps
            self._since_ps = t_ps
        if self._levels["hold"] and not before["hold"]:
            self._hold(t_ps, before)
        for k, section in enumerate(self._sections):
            on = bool(self._levels[f"layer[{k}]"])
            section.drive(t_ps, on, self._codes(k))
            if on or before[f"layer[{k}]"]:
                self._quiet.discard(k)

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        self._now()
        for k, section in enumerate(self._sections):
            if k in self._quiet:  # off and at rest: nothing to solve
                section.sleep(until_ps)
            elif section.advance(until_ps, grid_ps) and not self._levels[f"layer[{k}]"]:
                self._quiet.add(k)
        self._now_ps = until_ps
        return Advance(t_ps=until_ps, settled=len(self._quiet) == len(self._sections))

    def propose(self, until_ps: int) -> int:
        return max(until_ps, self._now())

    def sleep(self, t_ps: int) -> None:
        for section in self._sections:
            section.sleep(t_ps)
        self._now_ps = t_ps

    # -- answers -------------------------------------------------------------------------------

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        shape, known = self.shape, {pin: n for n, pin in enumerate(self.shape.converter_pins)}
        for pin in pins:
            if pin not in known:
                raise KeyError(f"{self.name}: no output pin {pin}")
        volts = dict.fromkeys(known, 0.0)
        codes = dict.fromkeys(pins, 0)
        column, part = (
            sum(self._levels[f"{name}[{b}]"] << b for b in range(width))
            for name, width in (("column", shape.column_w), ("part", shape.part_w))
        )
        if pins and self._layer < 0:
            raise CircuitError("conversion before a hold", macro=self.name, t_ps=self._now_ps)
        held = self._held[self._layer]
        for pin, n in known.items():
            j, h = column + n // shape.parts, part + n % shape.parts
            if self._layer >= 0 and h < held.shape[0] and j < held.shape[1]:
                volts[pin] = float(held[h, j])
                if pin in codes:
                    code, beyond = column_codes(held[h, j], self.design)
                    codes[pin] = int(code)
                    self._conversions += 1
                    (self.clipped.add if beyond else self.clipped.discard)(pin)
        self._rounds += bool(pins)
        return Sample(t_ps=self._now(), volts=volts, codes=codes, layers=self.snapshot())

    def energy(self) -> Energy:
        macro, digital = self.design.macro, self.design.mixed.digital
        supplies = {**dict.fromkeys(SUPPLIES, 0.0), "converters": 0.0, "digital": 0.0}
        groups = dict.fromkeys((*SUPPLIES.values(), "cells", "wires", "converters", "digital"), 0.0)
        for k, section in enumerate(self._sections):
            bill = section.bill()
            for supply, joules in bill.joules.items():
                supplies[supply] += joules
                groups[SUPPLIES[supply]] += joules
            groups["dacs" if k else "drivers"] -= bill.cells_j + bill.wires_j
            groups["cells"] += bill.cells_j
            groups["wires"] += bill.wires_j
        t_ps = self._now()
        busy_ps = self._busy_ps + (t_ps - self._since_ps if self._levels[ENABLE] else 0)
        more = {
            "converters": ("converters", self._conversions * macro.converter.energy_j),
            "digital": (
                "digital",
                self._rounds * digital.round_j + digital.leakage_w * t_ps * 1e-12,
            ),
            "standby": ("amplifiers", macro.standby_w * (t_ps - busy_ps) * 1e-12),
            "write": ("cells", macro.prog_word_j * self._words),
        }
        for supply, (group, joules) in more.items():
            supplies[supply] = supplies.get(supply, 0.0) + joules
            groups[group] += joules
        return Energy(
            t_ps=t_ps, total_j=sum(supplies.values()), by_supply=supplies, by_group=groups
        )

    def snapshot(self) -> Mapping[str, Floats]:
        """Hold capacitors of each layer, (height * n_out,), part by part."""
        return {f"layer{k}.column": s.hold_v().ravel() for k, s in enumerate(self._sections)}

    # -- helpers -------------------------------------------------------------------------------

    def _layers(self) -> list[tuple[int, int]]:
        return list(zip(self.shape.heights, self.shape.outs, strict=True))

    def _now(self) -> int:
        if self._now_ps is None:
            raise CircuitError("the engine has not been started", macro=self.name)
        return self._now_ps

    def _take(self, levels: Mapping[str, int]) -> None:
        for name, level in levels.items():
            if name in self._inputs:
                self._bits[self._inputs[name]] = int(level)
            elif name in self._aux:
                self._levels[self._aux[name]] = int(level)
            elif name == ENABLE:
                self._levels[ENABLE] = int(level)
            else:
                raise KeyError(f"{self.name}: no input pin {name}")

    def _codes(self, layer: int) -> Ints:
        """What a layer's rows are given: bits, or DAC codes."""
        if layer == 0:
            return self._bits
        bits = np.array(
            [
                [self._levels[f"dac[{DAC_BITS * j + b}]"] for b in range(DAC_BITS)]
                for j in range(self.shape.sizes[layer])
            ]
        )
        return np.asarray(bits @ (1 << np.arange(DAC_BITS)), dtype=np.int64)

    def _hold(self, t_ps: int, before: Mapping[str, int]) -> None:
        """The columns of the layer that was on until this edge stay as they are."""
        on = [k for k in range(self.shape.layers) if before[f"layer[{k}]"]]
        if len(on) != 1:
            raise CircuitError(f"hold with {len(on)} layers on", macro=self.name, t_ps=t_ps)
        found = self._sections[on[0]].hold_v()
        if not np.isfinite(found).all():
            raise ConvergenceError(
                f"a column of layer {on[0]} is no number", macro=self.name, t_ps=t_ps
            )
        if self._noise is not None:
            found = found + self._noise.draw(on[0], self._codes(on[0])[None])[0]
        self._layer, self._held[on[0]] = on[0], found
