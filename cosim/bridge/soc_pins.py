# SPDX-License-Identifier: Apache-2.0
"""soc_pins : what the macro pins of soc_top are to one kind of macro and to its engine.

The only place where the bridge learns of a kind: how wide each bus is, which digital shell drives
it, and which pin of the engine each bit is. Patterns take the bit's number: `in[{}]`; an empty one
says that the engine has no such pins.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosim.errors import UserInputError

__all__ = ["MacroPins"]


@dataclass(frozen=True, kw_only=True)
class MacroPins:
    """Pins of one macro; the defaults are a stack of 400 inputs with ten 8-bit converters.

    `shell` is MACRO_KIND of soc_top, `more` further parameters of it. `out_n` results of `out_bits`
    bits come of an evaluation; the macro drives `code_n` codes of `code_bits` (as many and as wide
    where they are 0).

    With `strobe_pin` the strobes are pins of the engine; without, a strobe that rises samples the
    converters `code_pin`, whose codes reach the chip after the conversion delay. `asynchronous`
    codes are single bits that change at their own time while a strobe is high; the level that the
    chip captures must then be decided: every value of the engine's array `decided` at least
    `decided_v` volts away from 0.
    """

    shell: int = 0
    in_w: int = 400
    aux_w: int = 1
    strobe_n: int = 1
    out_n: int = 10
    out_bits: int = 8
    code_n: int = 0
    code_bits: int = 0
    prog_aw: int = 16
    enable_pin: str = "en"
    in_pin: str = "in[{}]"
    aux_pin: str = ""
    strobe_pin: str = ""
    code_pin: str = "code[{}]"
    asynchronous: bool = False
    decided: str = ""
    decided_v: float = 0.0
    more: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        for name in ("in_w", "aux_w", "strobe_n", "out_n", "out_bits", "prog_aw"):
            value = getattr(self, name)
            if value < 1:
                raise UserInputError(f"{name} must be 1 or more, got {value}")
        if self.asynchronous and (self.bits != 1 or not self.strobe_pin):
            raise UserInputError("asynchronous codes are single bits and need a strobe_pin")

    @property
    def codes(self) -> int:
        """Codes that the macro drives."""
        return self.code_n or self.out_n

    @property
    def bits(self) -> int:
        """Bits of each."""
        return self.code_bits or self.out_bits

    @property
    def widths(self) -> dict[str, int]:
        """Bits of each port `o_macro_*` (and of `i_macro_code`) of one macro."""
        return {
            "en": 1,
            "in": self.in_w,
            "aux": self.aux_w,
            "strobe": self.strobe_n,
            "code": self.codes * self.bits,
            "prog_we": 1,
            "prog_addr": self.prog_aw,
            "prog_data": 32,
        }

    @property
    def parameters(self) -> dict[str, int]:
        """Parameters of soc_top and sim_top."""
        return {
            "MACRO_KIND": self.shell,
            "IN_W": self.in_w,
            "AUX_W": self.aux_w,
            "STROBE_N": self.strobe_n,
            "OUT_N": self.out_n,
            "ADC_BITS": self.out_bits,
            "CODE_W": self.codes * self.bits,
            "PROG_AW": self.prog_aw,
            **dict(self.more),
        }

    def input_pins(self, inputs: int) -> tuple[str, ...]:
        """The engine's pins that start at 0, for a macro that uses `inputs` of the input bits."""
        buses = (
            (self.in_pin, min(inputs, self.in_w)),
            (self.aux_pin, self.aux_w),
            (self.strobe_pin, self.strobe_n),
        )
        return (self.enable_pin, *(p.format(k) for p, n in buses if p for k in range(n)))

    @property
    def code_pins(self) -> tuple[str, ...]:
        """The engine's pins behind the codes, code 0 first."""
        return tuple(self.code_pin.format(k) for k in range(self.codes))
