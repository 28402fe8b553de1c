# SPDX-License-Identifier: Apache-2.0
"""system : the whole co-processor against host and models, cycle by cycle.

`ImacSystem` predicts every output of imac_xif in every cycle: which offers are answered, when each
instruction executes, its result, every macro pin and the interrupt.
"""

from __future__ import annotations

from typing import Any

from imac.model import F3, MacroModel, MacroSizes, Op, error_bit
from xif.bench import Bench, expect
from xif.checker import XifChecker, XifWires, reader
from xif.host import Host, Instr, Timing

from cosim import regmap

__all__ = ["PARAMETERS", "ImacSystem", "instr_of"]

PARAMETERS = ("IN_W", "OUT_N", "ADC_BITS", "PROG_AW", "CYC_W")
QUEUE_DEPTH = 2
CLR_ERRORS = next(1 << bit.bit for bit in regmap.CTRL_BITS if bit.name == "CLR_ERRORS")
DRAIN_CYCLES = 5000


class ImacSystem:
    """Bench, host, protocol checker and one model per macro."""

    def __init__(self, dut: Any, *, seed: int) -> None:
        self.tb = Bench(dut, seed=seed)
        self.dut, self.rng = dut, self.tb.rng
        self.sizes = MacroSizes(**{p.lower(): int(getattr(dut, p).value) for p in PARAMETERS})
        self.n_macro = int(dut.N_MACRO.value)
        self.macros = [MacroModel(self.sizes) for _ in range(self.n_macro)]
        id_w = int(dut.ID_W.value)
        self.host = Host(self.rng, id_w)
        self.checker = XifChecker(id_w)
        self.read = reader(dut)
        self.queue: list[Instr] = []
        self.held: tuple[Instr, int] | None = None  # result not taken yet, with its data
        self.err_macro = False
        self.codes = 0
        self.cycle = self.irq = 0
        self.results: list[tuple[Instr, int, int]] = []  # instruction, data, cycle offered
        self.seen = dict.fromkeys(("full", "held", "prog_stall", "overlap", "wait_stall"), 0)

    async def reset(self) -> None:
        """Reset with every input defined."""
        await self.tb.reset(**dict.fromkeys(self.host.ports(), 0), i_macro_code=0)

    async def run(self, todo: list[Instr], timing: Timing | None = None) -> list[int]:
        """Run a program to its end; returns the results' data in program order."""
        first = len(self.results)
        self.host.todo.extend(todo)
        self.host.timing = timing or self.host.timing
        for _ in range(DRAIN_CYCLES):
            if self.host.idle:
                return [data for _, data, _ in self.results[first:]]
            await self.step()
        raise AssertionError(f"not idle after {DRAIN_CYCLES} cycles: {self.host}")

    async def step(self) -> None:
        """One clock cycle: drive, predict, compare, advance the models."""
        self.host.choose(self.cycle)
        self.codes = self.rng.getrandbits(len(self.dut.i_macro_code))
        self.tb.drive(**self.host.ports(), i_macro_code=self.codes)
        occupied = len(self.queue)
        await self.tb.settled()
        self.checker.cycle(XifWires.sample(self.read))
        self._check_pins()
        effects = self._execute()
        self._issue(occupied)
        self.queue = [i for i in self.queue if i.verdict != "kill"]
        for macro, effect in zip(self.macros, effects, strict=True):
            macro.tick(self._codes_of(macro), effect)
        await self.tb.edge()
        self.cycle += 1

    def _codes_of(self, macro: MacroModel) -> int:
        width = self.sizes.out_n * self.sizes.adc_bits
        return self.codes >> width * self.macros.index(macro) & ((1 << width) - 1)

    def _check_pins(self) -> None:
        widths = {"o_macro_in": self.sizes.in_w, "o_macro_prog_addr": self.sizes.prog_aw}
        widths["o_macro_prog_data"] = 32
        pins = [macro.pins() for macro in self.macros]
        for name in pins[0]:
            want = sum(p[name] << widths.get(name, 1) * k for k, p in enumerate(pins))
            expect(f"cycle {self.cycle}: {name}", getattr(self.dut, name), want)
        self.irq = int(any(macro.irq for macro in self.macros))
        self.tb.check(o_irq=self.irq)
        self.seen["overlap"] += sum(macro.active for macro in self.macros) > 1

    def _target(self, instr: Instr) -> tuple[int, Op]:
        """The macro number an instruction names, and the op that macro sees."""
        if instr.name in {"cfg", "rdcfg"}:
            return instr.rs1 >> 8, Op(instr.name, instr.rs1 & 255, instr.rs2)
        if instr.name in {"push", "prog"}:
            return instr.rs2, Op(instr.name, value=instr.rs1)
        return instr.rs1, Op(instr.name)

    def _execute(self) -> list[dict[str, int]]:
        """The head executes if it may; the result channel is compared; effects for the models."""
        effects: list[dict[str, int]] = [{} for _ in self.macros]
        head = self.queue[0] if self.queue else None
        if head is not None and self.held is None and self._may_execute(head):
            self.queue.pop(0)
            macro, op = self._target(head)
            data = self._answer(macro, op, effects)
            self.held = (head, data if head.writes else 0)
            self.results.append((head, data if head.writes else 0, self.cycle))
        self.tb.check(o_xif_result_valid=int(self.held is not None))
        if self.held is not None:
            instr, data = self.held
            self.tb.check(
                o_xif_result_id=instr.ident,
                o_xif_result_data=data,
                o_xif_result_rd=instr.rd,
                o_xif_result_we=instr.writes,
            )
            if self.host.ready:
                self.host.took_result(instr.ident)
                self.held = None
            else:
                self.seen["held"] += 1
        return effects

    def _may_execute(self, head: Instr) -> bool:
        """Committed in an earlier cycle, and not an imac.wait on an active macro."""
        if head.verdict != "commit" or max(head.verdict_at, head.accepted_at) >= self.cycle:
            return False
        macro, _ = self._target(head)
        waits = head.name == "wait" and macro < self.n_macro and self.macros[macro].active
        self.seen["wait_stall"] += waits
        return not waits

    def _answer(self, macro: int, op: Op, effects: list[dict[str, int]]) -> int:
        if macro >= self.n_macro:
            self.err_macro = True
            return error_bit("MACRO_INDEX") if op.name in {"start", "wait", "stat"} else 0
        data, effects[macro] = self.macros[macro].execute(op, err_macro=self.err_macro)
        if effects[macro].get("reg") == 0 and effects[macro]["value"] & CLR_ERRORS:
            self.err_macro = False
        return data

    def _issue(self, occupied: int) -> None:
        """The offer is answered exactly when operands, room and a free programmer allow it."""
        offer = self.host.offer
        ready = False
        if offer is not None:
            full = occupied == QUEUE_DEPTH
            self.seen["full"] += full
            stalled = False
            if offer.name == "prog" and offer.needs & self.host.rs_valid == offer.needs:
                busy = offer.rs2 < self.n_macro and self.macros[offer.rs2].prog_busy
                stalled = bool(occupied) or busy
                self.seen["prog_stall"] += busy
            operands = not offer.name or offer.needs & self.host.rs_valid == offer.needs
            ready = not offer.name or (operands and not full and not stalled)
        self.tb.check(o_xif_issue_ready=int(ready))
        if offer is not None and ready:
            self.tb.check(
                o_xif_issue_accept=int(bool(offer.name)),
                o_xif_issue_writeback=offer.writes,
                o_xif_issue_register_read=offer.needs if offer.name else 0,
            )
            self.host.answered(self.cycle)
            if offer.name:
                self.queue.append(offer)


def instr_of(op: Op, macro: int, rd: int = 1) -> Instr:
    """The instruction that makes `macro` see `op`."""
    if op.name in {"cfg", "rdcfg"}:
        packed = (macro << 8 | op.index) & 0xFFFFFFFF
        return Instr(name=op.name, rs1=packed, rs2=op.value, rd=rd)
    if op.name in {"push", "prog"}:
        return Instr(name=op.name, rs1=op.value, rs2=macro)
    assert op.name in F3
    return Instr(name=op.name, rs1=macro, rd=rd)
