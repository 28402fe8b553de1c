# SPDX-License-Identifier: Apache-2.0
"""factory : makes the engine of one macro by the name of its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.analog.fast import FastEngine
from cosim.analog.ideal import IdealEngine
from cosim.analog.netlist import ENABLE, build_macro
from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.pins import MacroDescription
from cosim.analog.protocol import Energy, MacroEngine
from cosim.analog.upkeep import Upkeep
from cosim.analog.variation import Die
from cosim.design import Design
from cosim.errors import CircuitError, UserInputError
from cosim.mapping import map_stack, word_count

__all__ = ["ENGINES", "EngineKind", "ImacNgspice", "make_engine", "ngspice_options"]

EngineKind = Literal["ideal", "fast", "ngspice"]
ENGINES: tuple[str, ...] = get_args(EngineKind)
Floats = NDArray[np.float64]


class ImacNgspice(NgspiceEngine):
    """The IMAC in ngspice: a netlist per programming, standby and write energy billed on top."""

    def __init__(
        self,
        name: str,
        design: Design,
        sizes: Sequence[int],
        *,
        options: NgspiceOptions,
        die: Die | None = None,
    ) -> None:
        self.design, self.sizes, self.die = design, tuple(sizes), die
        self._upkeep = Upkeep(design)
        super().__init__(name, options=options, describe=self._macro)

    def _macro(self, weights: Sequence[ArrayLike]) -> MacroDescription:
        mapping = map_stack(weights, self.design)
        if mapping.sizes != self.sizes:
            raise CircuitError(
                f"weights are {mapping.sizes}, the macro is {self.sizes}", macro=self.name
            )
        return build_macro(mapping, self.design, self.die)

    def program(self, weights: tuple[Floats, ...]) -> None:
        """Describe the macro with these weights and let a worker begin to read it."""
        super().program(weights)
        self._upkeep.programmed(word_count(self.sizes))

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        super().start(t_ps, levels)
        self._upkeep.enable(t_ps, levels.get(ENABLE, 0))

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        super().drive(t_ps, levels)
        if ENABLE in levels:
            self._upkeep.enable(t_ps, levels[ENABLE])

    def energy(self) -> Energy:
        return self._upkeep.bill(super().energy())


def ngspice_options(design: Design, *, log: Path | None = None) -> NgspiceOptions:
    """The solver section of a design as options of the ngspice engine."""
    solver = design.solver
    return NgspiceOptions(
        reltol=solver.reltol,
        trtol=solver.trtol,
        abstol=solver.abstol_a,
        vntol=solver.vntol_v,
        method=solver.method,
        max_step_ps=solver.max_step_ps,
        settle_v=solver.settle_tol_v,
        log=log,
    )


def make_engine(
    kind: str,
    name: str,
    design: Design,
    sizes: Sequence[int],
    *,
    log: Path | None = None,
    die: Die | None = None,
    noise_seed: int | None = None,
) -> MacroEngine:
    """An engine for the macro `name`; `sizes` are inputs, then the outputs of each layer.

    With `die` every programming meets the spread and the defects of that die; with `noise_seed`
    conversions are noisy.
    """
    if die is not None:
        die.check(sizes)
    engine = _engine(kind, name, design, sizes, log=log, die=die)
    if noise_seed is None:
        return engine
    from cosim.analog.noise_engine import NoisyEngine  # noqa: PLC0415 - slow, few need it

    return NoisyEngine(engine, design, tuple(sizes), seed=noise_seed, die=die)


def _engine(
    kind: str, name: str, design: Design, sizes: Sequence[int], *, log: Path | None, die: Die | None
) -> MacroEngine:
    if kind == "ideal":
        return IdealEngine(name, design, tuple(sizes), die=die)
    if kind == "fast":
        if die is None:
            return FastEngine(name, design, tuple(sizes))
        return FastEngine(name, design, tuple(sizes), die=die)
    if kind == "ngspice":
        return ImacNgspice(name, design, sizes, options=ngspice_options(design, log=log), die=die)
    raise UserInputError(f"engine must be one of {', '.join(ENGINES)}, got {kind}")
