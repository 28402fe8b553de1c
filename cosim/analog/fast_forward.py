# SPDX-License-Identifier: Apache-2.0
"""fast_forward : a stack at DC for a batch of inputs: volts of every layer, watts by supply."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import ThreadpoolController

from cosim.analog.characterise import NeuronCurve, neuron_curve
from cosim.analog.fast_amplifier import (
    AmplifierBank,
    buffer_state,
    pair_current,
    supply_share,
)
from cosim.analog.fast_cells import TOL_V, LayerSolver, LayerState
from cosim.analog.fast_failure import in_layer
from cosim.analog.fast_layer import tiled_layer
from cosim.analog.fast_loaded import solve_loaded, source_conductance
from cosim.analog.tables_loaded import LoadedNeuron, loaded_neuron
from cosim.analog.tables_neuron import NeuronTable
from cosim.analog.variation import Die
from cosim.design import Design
from cosim.errors import ModelError
from cosim.mapping import Mapping, map_stack

__all__ = ["GROUPS", "FastStack", "StackState", "fast_stack"]

Floats = NDArray[np.float64]
GROUPS = {
    "drivers": "drivers",
    "buffer_vdd": "drivers",
    "bias": "bias",
    "amp_vdd": "amplifiers",
    "amp_vss": "amplifiers",
    "amp_ref": "amplifiers",
    "neuron_vdd": "neurons",
}
BATCH_TOL_V = 5e-6  # of evaluate(): an output follows a line 31 times at most, so 0.16 mV
CHUNK = 64  # inputs solved together, in a few calls without Python
LINEAR_CHUNK = 512
LANES = 16  # inputs that the kernel solves side by side
THREADS = len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class StackState:
    """Solved layers, in order; `drive_v` (n, n_in) are the input lines."""

    layers: tuple[LayerState, ...]
    amplifier_v: tuple[Floats, ...]
    neuron_v: tuple[Floats, ...]
    find_power_w: Callable[[], dict[str, Floats]]

    @cached_property
    def power_w(self) -> dict[str, Floats]:
        """Watts delivered by each supply, (n,) each; worked out when first asked for."""
        return self.find_power_w()

    @property
    def heat_w(self) -> Floats:
        """What the cells turn into heat, (n,)."""
        return np.asarray(np.sum([layer.heat_w for layer in self.layers], axis=0))

    @property
    def wire_w(self) -> Floats:
        """What segments and joins of the tiles turn into heat, (n,)."""
        return np.asarray(np.sum([layer.wire_w for layer in self.layers], axis=0))

    @property
    def residual_v(self) -> float:
        """Largest Kirchhoff residual left in any layer."""
        return max(layer.residual_v for layer in self.layers)


@dataclass(frozen=True, kw_only=True)
class FastStack:
    """A programmed macro, ready for any number of evaluations.

    `loaded` is there when hidden neurons feed the next layer's lines themselves.
    """

    mapping: Mapping
    design: Design
    solvers: tuple[LayerSolver, ...]
    neuron: NeuronTable
    loaded: LoadedNeuron | None = None

    @cached_property
    def _seen_s(self) -> tuple[Floats, ...]:
        """What each layer's sources see, needed where these are neurons."""
        return tuple(source_conductance(solver) for solver in self.solvers)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, then the outputs of each layer."""
        return self.mapping.sizes

    def solve(
        self,
        drive_v: Floats,
        *,
        tol_v: float = TOL_V,
    ) -> StackState:
        """Operating points for input line volts (n, n_in); the bias line is at VDD."""
        vdd_v = self.design.macro.vdd_v
        source_v = np.hstack([drive_v, np.full((len(drive_v), 1), vdd_v)])
        layers: list[LayerState] = []
        amplifier_v: list[Floats] = []
        neuron_v: list[Floats] = []
        for index, solver in enumerate(self.solvers):
            with in_layer(index):
                if index and self.loaded is not None:
                    state, neuron_v[-1] = solve_loaded(
                        solver,
                        seen_s=self._seen_s[index],
                        neuron=self.loaded,
                        signal_v=self.solvers[index - 1].bank.signal_v(amplifier_v[-1]),
                        start_v=neuron_v[-1],
                        bias_v=vdd_v,
                        tol_v=tol_v,
                    )
                else:
                    state = solver.solve(source_v, tol_v=tol_v)
                a_v = solver.bank.neuron_in_v(state.out_v)
                y_v = self.neuron.output_v(solver.bank.signal_v(a_v))
                layers.append(state)
                amplifier_v.append(a_v)
                neuron_v.append(y_v)
                if index < len(self.solvers) - 1 and self.loaded is None:
                    source_v = np.hstack(
                        [buffer_state(y_v, self.design), np.full((len(y_v), 1), vdd_v)]
                    )
        return StackState(
            layers=tuple(layers),
            amplifier_v=tuple(amplifier_v),
            neuron_v=tuple(neuron_v),
            find_power_w=lambda: self._power(layers, neuron_v),
        )

    def _power(self, layers: Sequence[LayerState], neuron_v: Sequence[Floats]) -> dict[str, Floats]:
        """Watts delivered by each supply, (n,) each."""
        macro = self.design.macro
        amplifier, buffer, vdd_v = macro.amplifier, macro.buffer, macro.vdd_v
        power = {supply: np.zeros(len(layers[0].source_v)) for supply in GROUPS}
        amplifier_on, buffer_on = supply_share(2 * amplifier.rail_v), supply_share(vdd_v)
        for index, (state, solver) in enumerate(zip(layers, self.solvers, strict=True)):
            line_a = state.source_a
            power["bias"] += vdd_v * line_a[:, -1]
            if index == 0:
                power["drivers"] += np.sum(state.source_v[:, :-1] * line_a[:, :-1], axis=1)
            elif self.loaded is None:
                high_a = pair_current(line_a[:, :-1], buffer.iab_a * buffer_on)
                power["buffer_vdd"] += vdd_v * (high_a + buffer.iq_a * buffer_on).sum(axis=1)
            bank = state.bank
            signal_v = solver.bank.signal_v(bank.a_v)
            if self.loaded is None or index == len(layers) - 1:
                neuron_a = self.neuron.supply_a(signal_v)
            else:
                neuron_a = self.loaded.supply_a(signal_v, neuron_v[index])
            power["neuron_vdd"] += vdd_v * neuron_a.sum(axis=1)
            power["amp_ref"] -= solver.bank.ref_v * bank.plus_a.sum(axis=(1, 2))
            if bank.out_a is not None:
                up_a = pair_current(bank.out_a, amplifier.iab_a * amplifier_on)
                quiet_a = amplifier.iq_a * amplifier_on
                power["amp_vdd"] += amplifier.rail_v * (up_a + quiet_a).sum(axis=(1, 2))
                down_a = up_a - bank.out_a + quiet_a
                power["amp_vss"] += amplifier.rail_v * down_a.sum(axis=(1, 2))
        return power

    def evaluate(
        self,
        drive_v: Floats,
        keep: Callable[[StackState], tuple[Floats, ...]],
        *,
        tol_v: float = BATCH_TOL_V,
    ) -> tuple[Floats, ...]:
        """What `keep` returns for every input of a large batch, in chunks on all threads.

        `keep` maps a StackState to arrays whose first axis is the inputs.
        """
        size = LINEAR_CHUNK if all(s.linear for s in self.solvers) else CHUNK
        size = min(size, -(-len(drive_v) // (THREADS * LANES)) * LANES)
        chunks = [drive_v[k : k + size] for k in range(0, len(drive_v), size)]
        with _blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
            parts = list(pool.map(lambda chunk: keep(self.solve(chunk, tol_v=tol_v)), chunks))
        return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))

    def drive_of(self, bits: ArrayLike) -> Floats:
        """Input line volts of bits (n, n_in) or (n_in,), 0 or 1."""
        inputs = np.atleast_2d(np.asarray(bits))
        if inputs.shape[1] != self.sizes[0]:
            raise ModelError(f"stack takes {self.sizes[0]} input bits, got {inputs.shape[1]}")
        ones = inputs == 1
        if not (ones | (inputs == 0)).all():
            raise ModelError("input bits must be 0 or 1")
        vdd_v = self.design.macro.vdd_v
        return np.asarray(ones * (2 * vdd_v) - vdd_v)  # exact: 2 VDD is


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    """Products get one thread each while chunks have all of them."""
    return ThreadpoolController()


def fast_stack(
    weights: Sequence[ArrayLike],
    design: Design,
    curve: NeuronCurve | None = None,
    die: Die | None = None,
) -> FastStack:
    """Programme a macro: arrange the tiles, reduce their wires, join them; `die` spreads them."""
    mapping = map_stack(weights, design)
    if die is not None:
        die.check(mapping.sizes)
    last = len(mapping.weights) - 1
    neuron = NeuronTable(curve or neuron_curve(design))
    return FastStack(
        mapping=mapping,
        design=design,
        neuron=neuron,
        loaded=loaded_neuron(design) if last and not design.macro.buffer.enabled else None,
        solvers=tuple(_solver(mapping, design, layer, neuron, die) for layer in range(last + 1)),
    )


def _solver(
    mapping: Mapping, design: Design, layer: int, neuron: NeuronTable, die: Die | None
) -> LayerSolver:
    amplifier = design.macro.amplifier
    last = layer == len(mapping.weights) - 1
    gain = amplifier.gain_output if last else amplifier.gain_hidden
    if die is None:
        tiles = tiled_layer(mapping, design, layer)
        bank = AmplifierBank(design=design, neuron=neuron, gain=gain)
    else:
        own = die.layers[layer]
        tiles = tiled_layer(mapping, design, layer, own, die.open_ohm)
        bank = AmplifierBank(
            design=design,
            neuron=neuron,
            gain=gain,
            amplifier_offset_v=own.amplifier_offset_v,
            neuron_offset_v=own.neuron_offset_v,
        )
    buffered = layer > 0 and design.macro.buffer.enabled
    solver = LayerSolver(tiles, bank, buffered=buffered)
    if solver.linear:
        solver.network.prepare()
    else:
        solver.cells.prepare()
    return solver
