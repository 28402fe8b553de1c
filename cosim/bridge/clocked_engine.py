# SPDX-License-Identifier: Apache-2.0
"""clocked_engine : the engine of one clocked macro over time: weights in, at an edge, asleep.

Program words are collected as they are written; with the last one a fresh engine gets the weights
and may load them while the RTL goes on. Time moves only to edges, or to samples of a trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cosim.analog.protocol import Energy, Floats, MacroEngine
from cosim.bridge.clocked_spikes import Spikes
from cosim.bridge.soc_config import MacroSpec, SocConfig
from cosim.errors import ConvergenceError, RtlError, WorkerLostError
from cosim.mapping.packing import unpack, word_count
from cosim.trace.events import Asleep, Event, Programmed

__all__ = ["EngineInTime"]


class EngineInTime:
    """`make` gives a fresh engine, `emit` takes events."""

    def __init__(
        self,
        index: int,
        spec: MacroSpec,
        config: SocConfig,
        *,
        make: Callable[[], MacroEngine],
        emit: Callable[[Event], None],
    ) -> None:
        self.index, self.name, self.sizes = index, spec.name, spec.sizes
        self._config, self._make, self._emit = config, make, emit
        self._engine: MacroEngine | None = None
        self._started = False
        self._asleep = True
        self._words: dict[int, int] = {}
        self._fresh = False  # words came in that the engine does not have
        self._n_words = word_count(self.sizes)
        self._programmed_ps = 0
        self._first_word_ps: int | None = None  # since the last programming
        self._t_ps = 0  # the engine's time
        self._off_ps = 0  # when it was last switched off or started
        self._en, self._inputs, self._aux = 0, 0, 0
        self._idle_since: tuple[int, float] | None = None  # time and energy when en fell
        self._spent_j: list[Energy] = []  # of engines already closed
        self._foreseen = tuple(_bits(text, spec.sizes[0]) for text in spec.foreseen)
        self._pins = spec.pins
        self._n_in = min(spec.sizes[0], spec.pins.in_w)
        self._spikes = Spikes(spec.name, spec.pins, config) if spec.pins.asynchronous else None

    def finish(self, t_ps: int) -> tuple[Energy, ...]:
        """The run ends: bring the engine here; energies of every engine this macro had."""
        t_ps = max(t_ps, self._t_ps)  # codes may have been followed to the end of a period
        if self._started:
            self._catch_up(t_ps)
            self._close_sleep(t_ps)
            self._retire()
        return tuple(self._spent_j)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    @property
    def moving(self) -> bool:
        """Whether time changes anything in the engine."""
        return self._started and (bool(self._en) or not self._asleep)

    def probe(self, t_ps: int) -> tuple[Mapping[str, Floats], Energy] | None:
        """Voltages and energy at `t_ps`, for a trace; None before the first evaluation."""
        if not self._started:
            return None
        self._catch_up(t_ps)
        engine = self._live(t_ps)
        return engine.snapshot(), engine.energy()

    @property
    def pid(self) -> int:
        """Process of the engine, -1 for an engine without one."""
        return int(getattr(self._engine, "pid", -1))

    # -- programming ---------------------------------------------------------------------------

    def _store(self, t_ps: int, address: int, word: int) -> None:
        if address >= self._n_words:
            raise RtlError(
                f"macro {self.name} at {t_ps} ps: program word {address} written, "
                f"{'-'.join(map(str, self.sizes))} has {self._n_words}"
            )
        if self._first_word_ps is None:
            self._first_word_ps = t_ps
        if self._words.get(address) != word:
            self._fresh = True
        self._words[address] = word
        if self._fresh and len(self._words) == self._n_words and address == self._n_words - 1:
            self._program(t_ps)

    def _program(self, t_ps: int) -> None:
        """Give the engine its weights; it may load them while the RTL goes on."""
        if self._started:
            self._catch_up(t_ps)
            self._close_sleep(t_ps)
            self._retire()
        self.close()
        words = np.array([self._words[k] for k in range(self._n_words)], dtype=np.uint32)
        weights = unpack(words, self.sizes)
        self._engine = self._make()
        expect = getattr(self._engine, "expect", None)  # only some engines gain by looking ahead
        if expect is not None and self._foreseen:
            expect(self._foreseen)
        self._engine.program(tuple(np.asarray(layer, dtype=np.float64) for layer in weights))
        self._fresh, self._programmed_ps = False, t_ps
        begin_ps, self._first_word_ps = self._first_word_ps, None
        self._emit(
            Programmed(
                macro=self.index,
                t_ps=t_ps,
                words=self._n_words,
                energy_j=0.0,
                t_begin_ps=begin_ps,
            )
        )

    def _retire(self) -> None:
        """Keep the energy of the present engine; it will not move again."""
        self._spent_j.append(self._live(self._t_ps).energy())
        self._started = False

    def _ready(self, t_ps: int) -> MacroEngine:
        """The engine with the present weights, started."""
        if self._fresh and len(self._words) == self._n_words:
            self._program(t_ps)
        if self._engine is None:
            raise RtlError(
                f"macro {self.name} at {t_ps} ps: evaluation before its weights: "
                f"{len(self._words)} of {self._n_words} program words were written"
            )
        if not self._started:
            begin_ps = self._programmed_ps
            self._engine.start(begin_ps, dict.fromkeys(self._pins.input_pins(self._n_in), 0))
            self._started, self._asleep = True, False
            self._t_ps, self._off_ps, self._inputs, self._aux = begin_ps, begin_ps, 0, 0
            self._idle_since = (begin_ps, 0.0)
        return self._engine

    def _live(self, t_ps: int) -> MacroEngine:
        if self._engine is None:
            raise WorkerLostError("the engine is gone", macro=self.name, t_ps=t_ps)
        return self._engine

    # -- time ----------------------------------------------------------------------------------

    def _advance(self, t_ps: int) -> bool:
        """Bring the engine to `t_ps`; whether it has settled there. While on, by clock edges."""
        grid_ps = self._config.clock_ps if self._en else 0
        watched = self._spikes is not None
        at = self._live(t_ps).advance(t_ps, grid_ps=grid_ps, stop_on_crossing=watched)
        if at.crossings and watched:
            first = at.crossings[0]
            raise ConvergenceError(
                f"{first.pin} changed outside a strobe", macro=self.name, t_ps=first.t_ps
            )
        if at.t_ps != t_ps:
            raise WorkerLostError(
                f"the engine answered for {at.t_ps} ps when asked for {t_ps} ps",
                macro=self.name,
                t_ps=t_ps,
            )
        self._t_ps = t_ps
        return at.settled

    def _catch_up(self, t_ps: int) -> None:
        """Bring the engine to `t_ps`: solving while the macro is on or still moves, else asleep."""
        if self._en:
            self._advance(t_ps)
            return
        clock_ps, chunk = self._config.clock_ps, 1
        limit_ps = self._off_ps + self._config.settle_limit_ps
        while not self._asleep and self._t_ps < t_ps:
            if self._t_ps >= limit_ps:
                raise ConvergenceError(
                    f"still moving {self._config.settle_limit_ps} ps after it was switched off",
                    macro=self.name,
                    t_ps=self._t_ps,
                )
            edge_ps = (self._t_ps // clock_ps + chunk) * clock_ps
            self._asleep = self._advance(min(edge_ps, t_ps))
            chunk *= 2
        if self._asleep and self._t_ps < t_ps:
            self._live(t_ps).sleep(t_ps)
            self._t_ps = t_ps

    def _close_sleep(self, t_ps: int) -> None:
        """Bill the idle time since the last evaluation, its discharge included."""
        if self._idle_since is None:
            return
        (begin_ps, before_j), self._idle_since = self._idle_since, None
        if t_ps > begin_ps:
            energy_j = self._live(t_ps).energy().total_j - before_j
            self._emit(
                Asleep(macro=self.index, t_begin_ps=begin_ps, t_end_ps=t_ps, energy_j=energy_j)
            )


def _bits(text: str, width: int) -> NDArray[np.int64]:
    """Bits (width,) of a number in hex, bit 0 first."""
    word = int(text, 16)
    return np.array([(word >> bit) & 1 for bit in range(width)], dtype=np.int64)
