# SPDX-License-Identifier: Apache-2.0
"""model : what one macro's digital shell must do, cycle by cycle, from the register map alone.

An evaluation is a set of cycle numbers fixed when it starts (closed form), not a state machine, so
the model shares no structure with the RTL.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from cosim import regmap

__all__ = ["F3", "MacroModel", "MacroSizes", "Op", "config_limits", "error_bit"]

F3 = {op.name: op.funct3 for op in regmap.INSTRUCTIONS}
STATUS = {bit.name: 1 << bit.bit for bit in regmap.STATUS_BITS}
CTRL_BIT = {bit.name: 1 << bit.bit for bit in regmap.CTRL_BITS}
INDEX = {reg.name: reg.index for reg in regmap.CONFIG_REGS}
NAME = {reg.index: reg.name for reg in regmap.CONFIG_REGS}
MASK32 = 0xFFFFFFFF


def error_bit(name: str) -> int:
    """Mask of a sticky error."""
    return STATUS[f"ERR_{name}"]


@dataclass(frozen=True, kw_only=True)
class MacroSizes:
    """Parameters of one macro."""

    in_w: int = 400
    out_n: int = 10
    adc_bits: int = 8
    prog_aw: int = 16
    cyc_w: int = 16

    def expression(self, name: str) -> int:
        """A parameter by the name the register map uses."""
        return int(getattr(self, name.lower()))


def config_limits(sizes: MacroSizes) -> dict[str, tuple[int, int]]:
    """Smallest and largest value each writable register takes."""
    cycles = (1, (1 << sizes.cyc_w) - 1)
    return {
        "CTRL": (0, sum(CTRL_BIT.values())),
        "SETTLE_CYCLES": cycles,
        "CONV_CYCLES": cycles,
        "PROG_CYCLES": cycles,
        "N_IN": (1, sizes.in_w),
        "N_OUT": (1, sizes.out_n),
        "PROG_PTR": (0, (1 << sizes.prog_aw) - 1),
    }


@dataclass(frozen=True)
class Op:
    """One instruction as a macro sees it: name, register index, value."""

    name: str
    index: int = 0
    value: int = 0


class MacroModel:
    """Call `execute` for the op of a cycle (if any), `pins` for its pins, `tick` at its end."""

    def __init__(self, sizes: MacroSizes) -> None:
        self.sizes, self.limits = sizes, config_limits(sizes)
        self.regs = {
            reg.name: sizes.expression(reg.reset) if isinstance(reg.reset, str) else reg.reset
            for reg in regmap.CONFIG_REGS
        }
        self.cycle = 0
        self.errors = 0
        self.done = False
        self.pushed: list[int] = []
        self.inputs = 0
        self.outputs: deque[int] = deque()
        self.eval_from = self.strobe_at = self.eval_end = -1  # active in [from, end)
        self.prog_from = self.prog_end = -1
        self.prog_addr = self.prog_data = 0

    @property
    def busy(self) -> bool:
        """An evaluation runs in this cycle."""
        return self.eval_from <= self.cycle < self.eval_end

    @property
    def prog_busy(self) -> bool:
        """A program word is being written in this cycle."""
        return self.prog_from <= self.cycle < self.prog_end

    @property
    def active(self) -> bool:
        """imac.wait would not return in this cycle."""
        return self.busy or self.prog_busy

    @property
    def irq(self) -> bool:
        """The interrupt request of this macro."""
        return self.done and bool(self.regs["CTRL"] & CTRL_BIT["IRQ_EN"])

    def status(self, *, err_macro: bool = False) -> int:
        """The status word."""
        word = self.errors
        for level, name in (
            (self.busy, "BUSY"),
            (self.done, "DONE"),
            (self.irq, "IRQ"),
            (self.prog_busy, "PROG_BUSY"),
            (err_macro, "ERR_MACRO_INDEX"),
        ):
            word |= STATUS[name] if level else 0
        return word

    def pins(self) -> dict[str, int]:
        """Every macro pin in this cycle, by port name."""
        return {
            "o_macro_en": int(self.busy),
            "o_macro_in": self.inputs,
            "o_macro_strobe": int(self.cycle == self.strobe_at),
            "o_macro_prog_en": int(self.prog_busy),
            "o_macro_prog_we": int(self.cycle == self.prog_from),
            "o_macro_prog_addr": self.prog_addr,
            "o_macro_prog_data": self.prog_data,
            "o_macro_active": int(self.active),
        }

    def tick(self, code_pins: int, op_effect: dict[str, int]) -> None:
        """The edge that ends this cycle: `code_pins` as they stand, `op_effect` from execute."""
        self.regs["ACTIVE_CYCLES"] = (self.regs["ACTIVE_CYCLES"] + self.active) & MASK32
        capture = self.busy and self.cycle == self.eval_end - 1
        if op_effect.get("start"):
            self.inputs = sum(word << 32 * k for k, word in enumerate(self.pushed))
            self.pushed, self.done = [], False
            self.outputs.clear()
            self.eval_from = self.cycle + 1
            self.strobe_at = self.eval_from + self.regs["SETTLE_CYCLES"]
            self.eval_end = self.strobe_at + self.regs["CONV_CYCLES"]
        if "reg" in op_effect:
            self._write(NAME[op_effect["reg"]], op_effect["value"])
        if op_effect.get("prog"):
            self.prog_addr, self.prog_data = self.regs["PROG_PTR"], op_effect["value"]
            self.regs["PROG_PTR"] += 1
            self.prog_from = self.cycle + 1
            self.prog_end = self.prog_from + self.regs["PROG_CYCLES"]
        if capture:
            self.done = True
            self.regs["COUNT"] = (self.regs["COUNT"] + 1) & MASK32
            bits, n_out = self.sizes.adc_bits, self.regs["N_OUT"]
            codes = [code_pins >> bits * k & ((1 << bits) - 1) for k in range(n_out)]
            self.outputs = deque(
                sum(code << 8 * k for k, code in enumerate(codes[w : w + 4]))
                for w in range(0, n_out, 4)
            )
        self.cycle += 1

    def _write(self, name: str, value: int) -> None:
        if name != "CTRL":
            self.regs[name] = value
            return
        self.regs["CTRL"] = value & CTRL_BIT["IRQ_EN"]
        if value & CTRL_BIT["CLR_IN_PTR"]:
            self.pushed = []
        if value & CTRL_BIT["CLR_PROG_PTR"]:
            self.regs["PROG_PTR"] = 0
        if value & CTRL_BIT["CLR_ERRORS"]:
            self.errors = 0

    def execute(self, op: Op, *, err_macro: bool = False) -> tuple[int, dict[str, int]]:
        """Answer of `op` in this cycle and its effect for `tick`; errors and reads act at once."""
        handler = getattr(self, f"_{op.name}")
        before = self.status(err_macro=err_macro)
        answer, effect = handler(op)
        if op.name == "start":  # returns its own outcome
            answer = before | self.errors
            if effect:
                answer = (answer | STATUS["BUSY"]) & ~(STATUS["DONE"] | STATUS["IRQ"])
        elif op.name in {"wait", "stat"}:
            answer = before
        return answer, effect

    def _fail(self, name: str) -> tuple[int, dict[str, int]]:
        self.errors |= error_bit(name)
        return 0, {}

    def _full(self) -> bool:
        return 32 * len(self.pushed) >= self.regs["N_IN"]

    def _cfg(self, op: Op) -> tuple[int, dict[str, int]]:
        name = NAME.get(op.index)
        old = self._value(op.index)
        low, high = self.limits.get(name or "", (1, 0))
        if name is None or not low <= op.value <= high:
            self._fail("CONFIG_INDEX")
        elif name != "CTRL" and self.busy:
            self._fail("PROTOCOL")
        else:
            return old, {"reg": op.index, "value": op.value}
        return old, {}

    def _value(self, index: int) -> int:
        return self.regs.get(NAME.get(index, ""), 0)

    def _rdcfg(self, op: Op) -> tuple[int, dict[str, int]]:
        if op.index not in NAME:
            return self._fail("CONFIG_INDEX")
        return self._value(op.index), {}

    def _push(self, op: Op) -> tuple[int, dict[str, int]]:
        if self.busy:
            return self._fail("PROTOCOL")
        if self._full():
            return self._fail("PUSH_OVERFLOW")
        used = self.regs["N_IN"] - 32 * len(self.pushed)
        self.pushed.append(op.value & MASK32 & ((1 << used) - 1))
        return 0, {}

    def _start(self, _op: Op) -> tuple[int, dict[str, int]]:
        if self.active:
            return self._fail("START_BUSY")
        if not self._full():
            return self._fail("START_INPUTS")
        return 0, {"start": 1}

    def _pop(self, _op: Op) -> tuple[int, dict[str, int]]:
        return (self.outputs.popleft(), {}) if self.outputs else self._fail("POP_EMPTY")

    def _prog(self, op: Op) -> tuple[int, dict[str, int]]:
        if self.active or self.regs["PROG_PTR"] >> self.sizes.prog_aw:
            return self._fail("PROTOCOL")
        return 0, {"prog": 1, "value": op.value}

    def _wait(self, _op: Op) -> tuple[int, dict[str, int]]:
        return 0, {}

    def _stat(self, _op: Op) -> tuple[int, dict[str, int]]:
        return 0, {}
