# SPDX-License-Identifier: Apache-2.0
"""clocked : one clocked macro between RTL and engine: pins in, codes out, nothing late or guessed.

All pins are flops of one clock, so they change only at its edges. At each edge where one changed
the engine is brought to exactly that time and told of the change; between edges the RTL runs free,
since nothing it reads can have changed but asynchronous codes, which come at their own time.
README.md, "Clocked macros", draws it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cosim.analog.protocol import Energy, MacroEngine, Sample
from cosim.bridge.clocked_engine import EngineInTime
from cosim.bridge.clocked_report import PinReport
from cosim.bridge.clocked_spikes import Change, Spikes
from cosim.bridge.soc_config import MacroSpec, SocConfig, load_spec_design, named
from cosim.errors import ConvergenceError, CosimError, RtlError, WorkerLostError
from cosim.trace.events import Evaluation, Event

__all__ = ["ClockedMacro", "Pins"]


@dataclass(frozen=True, kw_only=True)
class Pins:
    """The pins of one macro after an edge; buses as integers, bit 0 first."""

    en: int
    inputs: int
    aux: int = 0
    strobe: int
    prog_we: int
    prog_addr: int
    prog_data: int


@dataclass(kw_only=True)
class _Run:
    """An evaluation under way."""

    t_start_ps: int
    before: Energy
    t_strobe_ps: int | None = None
    sample: Sample | None = None
    settle_j: float = 0.0
    codes: tuple[int, ...] = ()
    every_code: tuple[int, ...] = ()  # of all samples


class ClockedMacro(EngineInTime):
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
        super().__init__(index, spec, config, make=make, emit=emit)
        self.report = PinReport(spec.name)
        self.evaluations = 0
        self._strobe = 0
        self._run: _Run | None = None
        self._code_pins = spec.pins.code_pins
        self._results = named(spec.results) if spec.results else None
        self._design = load_spec_design(spec) if spec.results else None

    # -- called by the coordinator -------------------------------------------------------------

    def edge(self, t_ps: int, pins: Pins) -> tuple[Change, ...]:
        """Take the pins as they are after the edge at `t_ps`; what the codes will do, and when."""
        try:
            return self._edge(t_ps, pins)
        except CosimError:
            raise
        except Exception as error:  # an engine is foreign code: whatever it throws has a place
            what = f"{type(error).__name__}: {error}"
            raise WorkerLostError(f"engine failed: {what}", macro=self.name, t_ps=t_ps) from error

    @property
    def listening_ps(self) -> int | None:
        """How far asynchronous codes are known; None while none can change."""
        return self._t_ps if self._spikes is not None and self._spikes.may_change else None

    def listen(self) -> tuple[Change, ...]:
        """What asynchronous codes do next: to the next edge, or sample of a trace."""
        if self._spikes is None or not self._spikes.may_change:
            return ()
        self._t_ps, changes = self._spikes.listen(self._live(self._t_ps), self._t_ps)
        self._asleep = False
        return changes

    # -- evaluation ----------------------------------------------------------------------------

    def _edge(self, t_ps: int, pins: Pins) -> tuple[Change, ...]:
        if pins.prog_we:
            self._store(t_ps, pins.prog_addr, pins.prog_data)
        changes: tuple[Change, ...] = ()
        driven = bool(self._pins.strobe_pin) and pins.strobe != self._strobe
        if pins.strobe & ~self._strobe:
            self._strobed(t_ps)
            if self._spikes is None:
                changes = (self._convert(t_ps),)
        if self._spikes is not None and self._strobe & ~pins.strobe:
            self._capture(t_ps, self._spikes)
        fed = pins.inputs != self._inputs or pins.aux != self._aux
        if driven or pins.en != self._en or (pins.en and fed):
            self._drive(t_ps, pins)
        self._strobe = pins.strobe
        return (*changes, *self.listen())

    def _drive(self, t_ps: int, pins: Pins) -> None:
        engine = self._ready(t_ps) if pins.en else self._live(t_ps)
        self._catch_up(t_ps)
        levels: dict[str, int] = {}
        if pins.en != self._en:
            levels[self._pins.enable_pin] = pins.en
            if pins.en:
                self._close_sleep(t_ps)
                self._run = _Run(t_start_ps=t_ps, before=engine.energy())
            else:
                self._off_ps = t_ps
                self._done(t_ps)
        if pins.en:  # with en at 0 the lines stand at 0 V whatever the bits say
            _put(levels, self._pins.in_pin, pins.inputs, self._inputs, self._n_in)
            _put(levels, self._pins.aux_pin, pins.aux, self._aux, self._pins.aux_w)
            self._inputs, self._aux = pins.inputs, pins.aux
            self.report.inputs(pins.inputs)
        _put(levels, self._pins.strobe_pin, pins.strobe, self._strobe, self._pins.strobe_n)
        self._en = pins.en
        engine.drive(t_ps, levels)
        self._asleep = False
        if self._spikes is not None:
            self._spikes.strobed = bool(pins.strobe)

    def _strobed(self, t_ps: int) -> None:
        """A strobe rises: the lines have settled."""
        if not self._en or self._run is None:
            raise RtlError(f"macro {self.name} at {t_ps} ps: strobe while it is switched off")
        self._catch_up(t_ps)
        settled_j = self._live(t_ps).energy().total_j
        self._run.settle_j = settled_j - self._run.before.total_j
        self._run.t_strobe_ps = t_ps

    def _convert(self, t_ps: int) -> Change:
        """Converters sample here; their codes come after the conversion delay."""
        sample = self._sample(t_ps, self._code_pins)
        codes = self._codes(t_ps, sample)
        self._keep(sample, codes)
        word = 0
        for j, code in enumerate(codes):
            word |= code << (j * self._pins.bits)
        mask = (1 << (self._pins.bits * len(codes))) - 1
        return Change(t_ps=t_ps + self._config.convert_ps, mask=mask, value=word)

    def _capture(self, t_ps: int, spikes: Spikes) -> None:
        """A strobe falls: the chip captures the levels that stand here, which must be decided."""
        self._catch_up(t_ps)
        spikes.check_decided(self._live(t_ps), t_ps)
        self._keep(self._sample(t_ps, ()), spikes.levels)

    def _sample(self, t_ps: int, pins: tuple[str, ...]) -> Sample:
        sample = self._live(t_ps).sample(pins)
        if sample.t_ps != t_ps:
            raise WorkerLostError(
                f"the engine sampled at {sample.t_ps} ps, the strobe was at {t_ps} ps",
                macro=self.name,
                t_ps=t_ps,
            )
        return sample

    def _keep(self, sample: Sample, codes: tuple[int, ...]) -> None:
        self.report.clipped.update(getattr(self._engine, "clipped", ()))
        if self._run is not None:
            self._run.sample, self._run.codes = sample, codes
            self._run.every_code += codes
        self.report.codes(codes)

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
            if not 0 <= code < 1 << self._pins.bits:
                raise ConvergenceError(
                    f"converter {pin} gave code {code}, it has {self._pins.bits} bits",
                    macro=self.name,
                    t_ps=t_ps,
                    node=pin,
                )
            codes.append(int(code))
        return tuple(codes)

    def _done(self, t_ps: int) -> None:
        """en fell: the evaluation is over and its codes are in the RTL."""
        run, self._run = self._run, None
        if run is None or run.sample is None or run.t_strobe_ps is None:
            raise RtlError(f"macro {self.name} at {t_ps} ps: switched off without a strobe")
        passed_ps = t_ps - run.t_strobe_ps
        if self._spikes is None and passed_ps < self._config.convert_ps:
            raise RtlError(
                f"macro {self.name} at {t_ps} ps: codes captured {passed_ps} ps after "
                f"the strobe, conversion takes {self._config.convert_ps} ps"
            )
        after = self._live(t_ps).energy()
        codes, volts = run.codes, tuple(float(run.sample.volts[pin]) for pin in self._code_pins)
        if self._results is not None:
            codes, volts = self._results(run.every_code, self._design, self.sizes)
        self._emit(
            Evaluation(
                macro=self.index,
                index=self.evaluations,
                t_start_ps=run.t_start_ps,
                t_strobe_ps=run.t_strobe_ps,
                t_done_ps=t_ps,
                codes=codes,
                volts=volts,
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


def _put(levels: dict[str, int], pattern: str, word: int, before: int, width: int) -> None:
    """Bits of a bus that changed, as levels of the engine's pins."""
    changed = (word ^ before) & ((1 << width) - 1) if pattern else 0
    while changed:
        bit = (changed & -changed).bit_length() - 1
        changed &= changed - 1
        levels[pattern.format(bit)] = (word >> bit) & 1


def _minus(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {key: value - before.get(key, 0.0) for key, value in after.items()}
