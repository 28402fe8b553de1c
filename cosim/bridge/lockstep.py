# SPDX-License-Identifier: Apache-2.0
"""lockstep : moves the circuits of free-running macros along with a digital simulator.

The rule: a circuit may move to the next digital event, and no further than the first crossing of
any of them. Where the simulator can name its next event (`bound_ps`), one step does it; where it
cannot, the circuits propose a step, the simulator runs up to it, and `commit` keeps or cuts it.
Nothing here knows a simulator; kernel and ports come in as plain functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cosim.analog.pins import MacroDescription
from cosim.analog.protocol import Advance, Crossing, MacroEngine
from cosim.errors import CircuitError, RtlError, WorkerLostError

__all__ = ["NEVER_PS", "LiveMacro", "Lockstep"]

NEVER_PS = (1 << 64) - 1
CHUNK_PS = 10_000  # how far circuits move at once when nothing digital is planned
LATE_PS = 1  # a cut step may find its crossing this much earlier than the whole one did

Write = Callable[[str, int, int], None]  # pin, level, time


@dataclass(kw_only=True)
class LiveMacro:
    """One attached macro. `read` gives the level of every input pin, `write` sets an output pin."""

    name: str
    engine: MacroEngine
    macro: MacroDescription
    read: Callable[[], Mapping[str, int]]
    write: Write
    t_ps: int = 0
    asleep: bool = False
    started: bool = False
    levels: dict[str, int] = field(default_factory=dict)  # inputs, as the circuit has them
    outputs: dict[str, int] = field(default_factory=dict)
    toggled: set[str] = field(default_factory=set)
    mid_band: dict[str, float] = field(default_factory=dict)
    exchanges: int = 0

    def start(self, t_ps: int) -> None:
        """Solve the operating point with the present inputs and show the outputs' levels."""
        self.levels = dict(self.read())
        self.engine.start(t_ps, self.levels)
        self.t_ps, self.started = t_ps, True
        volts = self.engine.sample().volts
        for pin in self.macro.outputs:
            if pin.asynchronous:
                level = int(volts[pin.name] > 0.5 * (pin.rise_v + pin.fall_v))
                self.outputs[pin.name] = level
                self.write(pin.name, level, t_ps)

    def take_inputs(self, t_ps: int) -> None:
        """Inputs as they stand at the end of a time step; the circuit is there or asleep."""
        now = self.read()
        changed = {pin: level for pin, level in now.items() if level != self.levels[pin]}
        if not changed:
            return
        self.wake(t_ps)
        if self.t_ps != t_ps:
            raise WorkerLostError(
                f"the circuit stands at {self.t_ps} ps when its inputs change",
                macro=self.name,
                t_ps=t_ps,
            )
        self.engine.drive(t_ps, changed)
        self.levels.update(changed)
        self.toggled.update(changed)
        self.exchanges += 1

    def wake(self, t_ps: int) -> None:
        """A sleeping circuit jumps to `t_ps`; its standby energy is billed."""
        if self.asleep and self.t_ps < t_ps:
            self.engine.sleep(t_ps)
            self.t_ps = t_ps
        self.asleep = False

    def moved(self, at: Advance, now_ps: int) -> None:
        """Note where the circuit is, deliver its crossings; `now_ps` is the simulator's time."""
        self.t_ps = at.t_ps
        for crossing in at.crossings:
            self._deliver(crossing, at.t_ps, now_ps)
        if at.settled:
            self.asleep = True
            self._look_mid_band()

    def _deliver(self, crossing: Crossing, at_ps: int, now_ps: int) -> None:
        told_ps = max(at_ps, now_ps)
        if not told_ps - LATE_PS <= crossing.t_ps <= told_ps:
            raise WorkerLostError(
                f"a crossing of {crossing.pin} at {crossing.t_ps} ps was told at {told_ps} ps",
                macro=self.name,
                t_ps=told_ps,
                node=crossing.pin,
            )
        if crossing.level not in (0, 1) or crossing.pin not in self.outputs:
            raise WorkerLostError(
                f"no such crossing: {crossing.pin} to {crossing.level}",
                macro=self.name,
                t_ps=now_ps,
            )
        self.outputs[crossing.pin] = crossing.level
        self.toggled.add(crossing.pin)
        self.write(crossing.pin, crossing.level, max(crossing.t_ps, now_ps))
        self.exchanges += 1

    def _look_mid_band(self) -> None:
        """A settled output between its thresholds is neither 0 nor 1."""
        pins = [p for p in self.macro.outputs if p.asynchronous and p.rise_v > p.fall_v]
        if not pins:
            return
        volts = self.engine.sample().volts
        for pin in pins:
            if pin.fall_v < volts[pin.name] < pin.rise_v:
                self.mid_band[pin.name] = volts[pin.name]

    def warnings(self) -> list[str]:
        """One line for each pin that looks dead."""
        lines = []
        if not self.started:
            return [f"macro {self.name}: never started, an input was X or Z all the time"]
        still = [pin for pin in self.levels if pin not in self.toggled]
        if still:
            lines.append(f"macro {self.name}: inputs that never toggled: {', '.join(still)}")
        for pin, level in self.outputs.items():
            if pin not in self.toggled and len(still) < len(self.levels):
                lines.append(f"macro {self.name}: output {pin} is stuck at {level}")
        for pin, volts in self.mid_band.items():
            lines.append(
                f"macro {self.name}: output {pin} settled between its thresholds, at {volts:.4g} V"
            )
        return lines


class Lockstep:
    """All free-running macros of one simulation."""

    def __init__(self, lead_ps: int) -> None:
        """`lead_ps`: how soon a level can be written, 1 where a time step is over when we run."""
        self.macros: list[LiveMacro] = []
        self._lead_ps = lead_ps

    def _awake(self) -> list[LiveMacro]:
        return [macro for macro in self.macros if macro.started and not macro.asleep]

    def end_of_step(self, now_ps: int, bound_ps: int) -> int:
        """Everything at `now_ps` is done and nothing digital comes before `bound_ps`.

        Returns where the simulator must stop, NEVER_PS if every circuit sleeps.
        """
        self.commit(now_ps)
        self._take_inputs(now_ps)
        awake = self._awake()
        if not awake:
            return NEVER_PS
        bound_ps = min(bound_ps, now_ps + CHUNK_PS)
        if len(awake) > 1:  # nobody may pass a crossing of another
            bound_ps = self._agree(awake, bound_ps)
        crossed = False
        for macro in awake:
            at = macro.engine.advance(bound_ps)
            self._check(macro, at, now_ps, bound_ps)
            if len(awake) > 1 and at.t_ps != bound_ps:
                raise WorkerLostError(
                    f"stopped at {at.t_ps} ps inside a step agreed up to {bound_ps} ps",
                    macro=macro.name,
                    t_ps=at.t_ps,
                )
            crossed |= bool(at.crossings)
            macro.moved(at, now_ps + self._lead_ps)
        if not crossed and not self._awake():
            return NEVER_PS
        return max(now_ps + self._lead_ps, *(macro.t_ps for macro in awake))

    def _take_inputs(self, now_ps: int) -> None:
        for macro in self.macros:
            if macro.started:
                macro.take_inputs(now_ps)

    def propose(self, now_ps: int) -> int:
        """Inputs at `now_ps` are final: how far the simulator may run, NEVER_PS if all sleep."""
        self._take_inputs(now_ps)
        awake = self._awake()
        return self._agree(awake, now_ps + CHUNK_PS) if awake else NEVER_PS

    def _agree(self, awake: list[LiveMacro], bound_ps: int) -> int:
        for macro in awake:
            proposed_ps = macro.engine.propose(bound_ps)
            if proposed_ps <= macro.t_ps:
                raise WorkerLostError(
                    f"proposed a step to {proposed_ps} ps", macro=macro.name, t_ps=macro.t_ps
                )
            bound_ps = min(bound_ps, proposed_ps)
        return bound_ps

    def commit(self, now_ps: int) -> None:
        """The simulator has come to `now_ps`: keep or cut the proposed steps, deliver crossings."""
        for macro in self._awake():
            while macro.t_ps < now_ps:
                at = macro.engine.advance(now_ps)
                self._check(macro, at, macro.t_ps, now_ps)
                macro.moved(at, now_ps + self._lead_ps)
                if macro.asleep:
                    break

    def _check(self, macro: LiveMacro, at: Advance, from_ps: int, to_ps: int) -> None:
        if not from_ps <= at.t_ps <= to_ps or (at.t_ps < to_ps and not at.crossings):
            raise WorkerLostError(
                f"answered for {at.t_ps} ps when asked for {from_ps} to {to_ps} ps",
                macro=macro.name,
                t_ps=from_ps,
            )


def explain(error: BaseException, macro: str, t_ps: int) -> CircuitError | RtlError:
    """Any failure of an engine as an error with the place."""
    if isinstance(error, (CircuitError, RtlError)):
        return error
    return WorkerLostError(f"engine failed: {error!r}", macro=macro, t_ps=t_ps)
