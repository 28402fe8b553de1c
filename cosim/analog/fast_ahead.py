# SPDX-License-Identifier: Apache-2.0
"""fast_ahead : what inputs that will probably come do, found side by side.

The kernels solve and move LANES inputs in less time than four one by one, and a caller that knows
its data knows what its firmware will push. An input that was not foreseen is solved when it comes;
one that was foreseen and never comes costs time and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import BankState
from cosim.analog.fast_cells import LayerState
from cosim.analog.fast_forward import LANES, FastStack, StackState
from cosim.analog.fast_together import LEAST, Lane, Together
from cosim.errors import CosimError

__all__ = ["Ahead", "one_of"]

Bits = NDArray[np.generic]
BLOCKS = 2  # that are worked on while another one is used


@dataclass(frozen=True, kw_only=True)
class _Block:
    """LANES inputs; no `goal` where not all have one, `together` where they are moved so."""

    number: int
    goal: StackState | None
    together: Together | None


class Ahead:
    """Operating points and motions of one stack, for LANES foreseen inputs at a time.

    While inputs of one block come, the next ones are solved and moved in threads, by the slices
    that this one has taken by then: what is found does not depend on how fast a thread is.
    """

    def __init__(self, stack: FastStack, foreseen: Sequence[Bits]) -> None:
        self._stack = stack
        self._foreseen = [np.asarray(bits, dtype=np.int8) for bits in foreseen]
        self._places: dict[bytes, list[int]] = {}
        for at, one in enumerate(self._foreseen):
            self._places.setdefault(one.tobytes(), []).append(at)
        self._block: _Block | None = None
        self._next: dict[int, Future[_Block]] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._apart = False

    def solve(self, bits: Bits) -> StackState:
        """The operating point for `bits` (n_in,), a batch of one."""
        at = self._place_of(bits)
        goal = None if at is None else self._block_of(at).goal
        if at is None or goal is None:
            return self._stack.solve(self._stack.drive_of(bits))
        return one_of(goal, at % LANES)

    def lane(self, bits: Bits) -> Lane | None:
        """The motion from off for `bits`; None where that must be made alone."""
        at = self._place_of(bits)
        if at is None or self._apart:
            return None
        block = self._block_of(at)
        if block.together is None:
            return None
        for number in range(block.number + 1, block.number + 1 + BLOCKS):
            self._prepare(number, block.together.durations_s)
        return Lane(block.together, at % LANES)

    def apart(self) -> None:
        """A motion went otherwise than those beside it: all to come are made alone."""
        self._apart = True

    def close(self) -> None:
        """No thread works on."""
        self._next.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _place_of(self, bits: Bits) -> int | None:
        """Which of the foreseen inputs comes, rather a later one if it was foreseen more often."""
        places = self._places.get(np.asarray(bits, dtype=np.int8).tobytes())
        if places is None:
            return None
        begin = 0 if self._block is None else self._block.number * LANES
        return next((at for at in places if at >= begin), places[0])

    def _block_of(self, at: int) -> _Block:
        number = at // LANES
        if self._block is None or self._block.number != number:
            ready = self._next.pop(number, None)
            self._block = self._made(number, ()) if ready is None else ready.result()
            for other in [k for k in self._next if k < number]:  # passed over
                del self._next[other]
        return self._block

    def _prepare(self, number: int, durations_s: Sequence[float]) -> None:
        """A block in the background, once it is known what slices are taken."""
        if not durations_s or number in self._next or number * LANES >= len(self._foreseen):
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(BLOCKS)
        self._next[number] = self._pool.submit(self._made, number, tuple(durations_s))

    def _made(self, number: int, durations_s: Sequence[float]) -> _Block:
        inputs = self._foreseen[number * LANES : (number + 1) * LANES]
        try:
            goal = self._stack.solve(self._stack.drive_of(np.stack(inputs)))
        except CosimError:  # whose it is shows when that one is solved alone
            return _Block(number=number, goal=None, together=None)
        together = None
        if len(inputs) >= LEAST and not self._apart:
            together = Together(self._stack, goal)
            together.move(durations_s)
        return _Block(number=number, goal=goal, together=together)


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
