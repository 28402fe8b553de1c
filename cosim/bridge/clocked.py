# SPDX-License-Identifier: Apache-2.0
"""clocked : one clocked macro between RTL and engine: pins in, codes out, nothing late or guessed.

All pins are flops of one clock, so they change only at its edges. At each edge where one changed
the engine is brought to exactly that time and told of the change; between edges the RTL runs free,
since nothing it reads can have changed. README.md, "Clocked macros", draws it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist import ENABLE, input_pin, output_pin
from cosim.analog.protocol import Energy, Floats, MacroEngine, Sample
from cosim.bridge.clocked_report import PinReport
from cosim.bridge.soc_config import MacroSpec, SocConfig
from cosim.errors import ConvergenceError, CosimError, RtlError, WorkerLostError
from cosim.mapping.packing import unpack, word_count
from cosim.trace.events import Asleep, Evaluation, Event, Programmed

__all__ = ["ClockedMacro", "Pins"]


@dataclass(frozen=True, kw_only=True)
class Pins:
    """The pins of one macro after an edge; buses as integers, bit 0 first."""

    en: int
    inputs: int
    strobe: int
    prog_we: int
    prog_addr: int
    prog_data: int


@dataclass(kw_only=True)
class _Run:
    """An evaluation under way."""

    t_start_ps: int
    before: Energy
    sample: Sample | None = None
    settle_j: float = 0.0
    codes: tuple[int, ...] = ()


class ClockedMacro:
    """One macro of the SoC. `make` gives a fresh engine, `emit` takes events."""

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
        self.report = PinReport(spec.name)
        self.evaluations = 0
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
        self._en, self._inputs, self._strobe = 0, 0, 0
        self._run: _Run | None = None
        self._idle_since: tuple[int, float] | None = None  # time and energy when en fell
        self._spent_j: list[Energy] = []  # of engines already closed
        self._foreseen = tuple(_bits(text, spec.sizes[0]) for text in spec.foreseen)
        self._code_pins = tuple(output_pin(j) for j in range(config.out_n))

    # -- called by the coordinator -------------------------------------------------------------

    def edge(self, t_ps: int, pins: Pins) -> int | None:
        """Take the pins as they are after the edge at `t_ps`; returns codes to drive, or None."""
        try:
            return self._edge(t_ps, pins)
        except CosimError:
            raise
        except Exception as error:  # an engine is foreign code: whatever it throws has a place
            what = f"{type(error).__name__}: {error}"
            raise WorkerLostError(f"engine failed: {what}", macro=self.name, t_ps=t_ps) from error

    def finish(self, t_ps: int) -> tuple[Energy, ...]:
        """The run ends: bring the engine here; energies of every engine this macro had."""
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
            levels = {ENABLE: 0, **{input_pin(i): 0 for i in range(self.sizes[0])}}
            self._engine.start(begin_ps, levels)
            self._started, self._asleep = True, False
            self._t_ps, self._off_ps, self._inputs = begin_ps, begin_ps, 0
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
        at = self._live(t_ps).advance(t_ps, grid_ps=grid_ps, stop_on_crossing=False)
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

    # -- evaluation ----------------------------------------------------------------------------

    def _edge(self, t_ps: int, pins: Pins) -> int | None:
        if pins.prog_we:
            self._store(t_ps, pins.prog_addr, pins.prog_data)
        codes: int | None = None
        if pins.strobe and not self._strobe:
            codes = self._sample(t_ps)
        self._strobe = pins.strobe
        if pins.en != self._en or (pins.en and pins.inputs != self._inputs):
            self._drive(t_ps, pins)
        return codes

    def _drive(self, t_ps: int, pins: Pins) -> None:
        engine = self._ready(t_ps) if pins.en else self._live(t_ps)
        self._catch_up(t_ps)
        levels: dict[str, int] = {}
        if pins.en != self._en:
            levels[ENABLE] = pins.en
            if pins.en:
                self._close_sleep(t_ps)
                self._run = _Run(t_start_ps=t_ps, before=engine.energy())
            else:
                self._off_ps = t_ps
                self._done(t_ps)
        if pins.en:  # with en at 0 the lines stand at 0 V whatever the bits say
            changed = pins.inputs ^ self._inputs
            while changed:
                bit = (changed & -changed).bit_length() - 1
                changed &= changed - 1
                if bit < self.sizes[0]:
                    levels[input_pin(bit)] = (pins.inputs >> bit) & 1
            self._inputs = pins.inputs
            self.report.inputs(pins.inputs)
        self._en = pins.en
        engine.drive(t_ps, levels)
        self._asleep = False

    def _sample(self, t_ps: int) -> int:
        if not self._en or self._run is None:
            raise RtlError(f"macro {self.name} at {t_ps} ps: strobe while it is switched off")
        self._catch_up(t_ps)
        settled_j = self._live(t_ps).energy().total_j
        self._run.settle_j = settled_j - self._run.before.total_j
        sample = self._live(t_ps).sample(self._code_pins)
        if sample.t_ps != t_ps:
            raise WorkerLostError(
                f"the engine sampled at {sample.t_ps} ps, the strobe was at {t_ps} ps",
                macro=self.name,
                t_ps=t_ps,
            )
        self.report.clipped.update(getattr(self._engine, "clipped", ()))
        self._run.sample = sample
        self._run.codes = self._codes(t_ps, sample)
        self.report.codes(self._run.codes)
        word = 0
        for j, code in enumerate(self._run.codes):
            word |= code << (j * self._config.adc_bits)
        return word

    def _codes(self, t_ps: int, sample: Sample) -> tuple[int, ...]:
        """The converters' codes, each checked to be there, finite and in range."""
        codes = []
        for pin in self._code_pins:
            code, volts = sample.codes.get(pin), sample.volts.get(pin, math.nan)
            if code is None or not math.isfinite(volts):
                what = "no code" if code is None else f"{volts} V"
                raise ConvergenceError(
                    f"converter {pin} gave {what}", macro=self.name, t_ps=t_ps, node=pin
                )
            if not 0 <= code < 1 << self._config.adc_bits:
                raise ConvergenceError(
                    f"converter {pin} gave code {code}, it has {self._config.adc_bits} bits",
                    macro=self.name,
                    t_ps=t_ps,
                    node=pin,
                )
            codes.append(int(code))
        return tuple(codes)

    def _done(self, t_ps: int) -> None:
        """en fell: the evaluation is over and its codes are in the RTL."""
        run, self._run = self._run, None
        if run is None or run.sample is None:
            raise RtlError(f"macro {self.name} at {t_ps} ps: switched off without a strobe")
        if t_ps < run.sample.t_ps + self._config.convert_ps:
            raise RtlError(
                f"macro {self.name} at {t_ps} ps: codes captured {t_ps - run.sample.t_ps} ps after "
                f"the strobe, conversion takes {self._config.convert_ps} ps"
            )
        after = self._live(t_ps).energy()
        self._emit(
            Evaluation(
                macro=self.index,
                index=self.evaluations,
                t_start_ps=run.t_start_ps,
                t_strobe_ps=run.sample.t_ps,
                t_done_ps=t_ps,
                codes=run.codes,
                volts=tuple(float(run.sample.volts[pin]) for pin in self._code_pins),
                energy_j=after.total_j - run.before.total_j,
                energy_by_supply=_minus(after.by_supply, run.before.by_supply),
                energy_by_group=_minus(after.by_group, run.before.by_group),
                layers={
                    name: tuple(float(v) for v in volts)
                    for name, volts in run.sample.layers.items()
                    if self._config.layers
                },
                settle_j=run.settle_j,
            )
        )
        self.evaluations += 1
        self._idle_since = (t_ps, after.total_j)

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


def _minus(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {key: value - before.get(key, 0.0) for key, value in after.items()}
