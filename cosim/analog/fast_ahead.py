# SPDX-License-Identifier: Apache-2.0
"""fast_ahead : operating points of inputs that will probably come, solved side by side.

The kernel solves LANES inputs in the time of one, and a caller that knows its data knows what its
firmware will push. An input that was not foreseen is solved when it comes; one that was foreseen
and never comes costs time and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import BankState
from cosim.analog.fast_cells import LayerState
from cosim.analog.fast_forward import LANES, FastStack, StackState

__all__ = ["Ahead", "one_of"]

Bits = NDArray[np.generic]


class Ahead:
    """Operating points of one stack, solved LANES foreseen inputs at a time."""

    def __init__(self, stack: FastStack, foreseen: Sequence[Bits]) -> None:
        self._stack = stack
        self._foreseen = [np.asarray(bits, dtype=np.int8) for bits in foreseen]
        self._place = {bits.tobytes(): at for at, bits in reversed(list(enumerate(self._foreseen)))}
        self._block: tuple[int, StackState] | None = None

    def solve(self, bits: Bits) -> StackState:
        """The operating point for `bits` (n_in,), a batch of one."""
        at = self._place.get(np.asarray(bits, dtype=np.int8).tobytes())
        if at is None:
            return self._stack.solve(self._stack.drive_of(bits))
        block, lane = divmod(at, LANES)
        if self._block is None or self._block[0] != block:
            inputs = np.stack(self._foreseen[block * LANES : (block + 1) * LANES])
            self._block = block, self._stack.solve(self._stack.drive_of(inputs))
        return one_of(self._block[1], lane)


def one_of(state: StackState, index: int) -> StackState:
    """One input of a batch, as if it had been solved alone."""
    here = slice(index, index + 1)
    return StackState(
        layers=tuple(_layer(layer, here) for layer in state.layers),
        amplifier_v=tuple(volts[here] for volts in state.amplifier_v),
        neuron_v=tuple(volts[here] for volts in state.neuron_v),
        find_power_w=lambda: {key: watts[here] for key, watts in state.power_w.items()},
    )


def _layer(layer: LayerState, here: slice) -> LayerState:
    return LayerState(
        source_v=layer.source_v[here],
        out_v=layer.out_v[here],
        residual_v=layer.residual_v,
        steps=layer.steps,
        find_source_a=lambda: layer.source_a[here],
        find_u=lambda: layer.u[here],
        find_bank=lambda _u, _out: _bank(layer.bank, here),
        find_heat=lambda _source, _u: (layer.heat_w[here], layer.wire_w[here]),
    )


def _bank(bank: BankState, here: slice) -> BankState:
    return BankState(
        plus_a=bank.plus_a[here],
        minus_a=bank.minus_a[here],
        out_v=bank.out_v[here],
        a_v=bank.a_v[here],
        out_a=None if bank.out_a is None else bank.out_a[here],
    )
