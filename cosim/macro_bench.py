# SPDX-License-Identifier: Apache-2.0
"""macro_bench : one macro by itself, evaluated as the chip would, without a chip.

bench = MacroBench(weights, engine="fast")
answer = bench.evaluate(bits)      # bits (n_in,) of 0 and 1
answer.codes, answer.volts, answer.energy_j
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.analog.factory import make_engine
from cosim.analog.netlist import ENABLE, input_pin, output_pin
from cosim.design import Design, load_design
from cosim.errors import UserInputError

__all__ = ["MacroAnswer", "MacroBench"]

OFF_LIMIT_PS = 1_000_000  # how long a macro may keep moving after it was switched off


@dataclass(frozen=True, kw_only=True)
class MacroAnswer:
    """Codes and volts of the converters at the strobe, neuron volts by layer, joules."""

    codes: tuple[int, ...]
    volts: tuple[float, ...]
    layers: Mapping[str, NDArray[np.float64]] = field(repr=False)
    energy_j: float
    energy_by_group: Mapping[str, float] = field(repr=False)


class MacroBench:
    """Programmed when made. Weights are (n_in + 1, n_out) of -1, 0, 1, the bias in the last row."""

    def __init__(
        self,
        weights: Sequence[ArrayLike],
        *,
        design: str | Design = "imac_14nm",
        sets: Sequence[str] = (),
        engine: str = "fast",
    ) -> None:
        self.design = design if isinstance(design, Design) else load_design(design, tuple(sets))
        layers = tuple(np.asarray(layer, dtype=np.float64) for layer in weights)
        if not layers or any(layer.ndim != 2 for layer in layers):
            raise UserInputError("weights must be a sequence of matrices, one a layer")
        self.sizes = (layers[0].shape[0] - 1, *(layer.shape[1] for layer in layers))
        self._engine = make_engine(engine, "bench", self.design, self.sizes)
        self._t_ps = 0
        try:
            self._engine.program(layers)
            self._engine.start(0, {ENABLE: 0, **{input_pin(i): 0 for i in range(self.sizes[0])}})
        except BaseException:
            self._engine.close()
            raise

    def evaluate(self, bits: ArrayLike) -> MacroAnswer:
        """Apply bits, settle for the design's cycles, strobe, convert, switch off."""
        levels = np.asarray(bits, dtype=np.int64).ravel()
        if levels.shape != (self.sizes[0],) or not np.isin(levels, (0, 1)).all():
            raise UserInputError(f"bits must be {self.sizes[0]} zeros and ones")
        engine, clock_ps = self._engine, self.design.clock.period_ps
        timing = self.design.macro.timing
        before = engine.energy()
        inputs = {input_pin(i): int(level) for i, level in enumerate(levels)}
        engine.drive(self._t_ps, {ENABLE: 1, **inputs})
        self._advance(timing.settle_cycles * clock_ps)
        pins = tuple(output_pin(j) for j in range(self.sizes[-1]))
        sample = engine.sample(pins)
        self._advance(timing.conv_cycles * clock_ps)
        after = engine.energy()
        engine.drive(self._t_ps, {ENABLE: 0})
        limit_ps = self._t_ps + OFF_LIMIT_PS
        while not self._advance(clock_ps, grid=False) and self._t_ps < limit_ps:
            pass
        return MacroAnswer(
            codes=tuple(int(sample.codes[pin]) for pin in pins),
            volts=tuple(float(sample.volts[pin]) for pin in pins),
            layers={name: np.asarray(volts) for name, volts in sample.layers.items()},
            energy_j=after.total_j - before.total_j,
            energy_by_group={
                group: joules - before.by_group.get(group, 0.0)
                for group, joules in after.by_group.items()
            },
        )

    def _advance(self, span_ps: int, *, grid: bool = True) -> bool:
        self._t_ps += span_ps
        grid_ps = self.design.clock.period_ps if grid else 0
        return self._engine.advance(self._t_ps, grid_ps=grid_ps, stop_on_crossing=False).settled

    def close(self) -> None:
        """End the engine and its process."""
        self._engine.close()

    def __enter__(self) -> MacroBench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self.close()
