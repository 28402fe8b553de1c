# SPDX-License-Identifier: Apache-2.0
"""regmap : the one truth for memory map, co-processor instructions, registers and macro pins.

`python -m cosim.gen` turns the tables below into a Verilog header, a C header and a page of tables;
nothing else may spell an address, an opcode, a register index or a status bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ADC_BITS",
    "CODES_PER_WORD",
    "CONFIG_REGS",
    "CTRL_BITS",
    "DEFAULT_PARAMETERS",
    "DEVICES",
    "EVENT_CLOSE",
    "EVENT_OPEN",
    "IMAC_ID",
    "INPUTS_PER_WORD",
    "INSTRUCTIONS",
    "IRQ_MACHINE_EXTERNAL",
    "IRQ_MACHINE_TIMER",
    "MACRO_PINS",
    "OPCODE_CUSTOM0",
    "RAM_BASE",
    "RAM_WORDS",
    "RESET_PC",
    "STATUS_BITS",
    "STT_ID",
    "STT_REGS",
    "Bit",
    "ConfigReg",
    "Device",
    "Instruction",
    "MacroPin",
    "Register",
    "device",
    "pin_width",
]

Access = Literal["rw", "ro", "wo"]


@dataclass(frozen=True, kw_only=True)
class Register:
    """One 32-bit memory-mapped register; `offset` in bytes from the device's base."""

    name: str
    offset: int
    access: Access
    text: str


@dataclass(frozen=True, kw_only=True)
class Device:
    """One device on the data bus, a 4 KiB window at `base`."""

    name: str
    base: int
    registers: tuple[Register, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One IMAC instruction: R-type, opcode custom-0, funct7 0. None: the field is not used."""

    name: str
    funct3: int
    rs1: str | None
    rs2: str | None
    rd: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Bit:
    """One bit of a status or control word."""

    name: str
    bit: int
    text: str


@dataclass(frozen=True, kw_only=True)
class ConfigReg:
    """One configuration register of one macro, reached with imac.cfg and imac.rdcfg."""

    name: str
    index: int
    access: Access
    reset: int | str  # a str is an expression in the parameters of soc_top
    text: str


@dataclass(frozen=True, kw_only=True)
class MacroPin:
    """One analog-side port of soc_top, flattened over the macros: macro 0 in the low bits."""

    name: str  # the port's name on soc_top and sim_top
    direction: Literal["input", "output"]  # as the SoC sees it
    width: str  # bits of one macro, an expression in the parameters of soc_top
    text: str

    @property
    def port_width(self) -> str:
        """Width of the whole port."""
        return "N_MACRO" if self.width == "1" else f"N_MACRO*{self.width}"


RAM_BASE = 0x0000_0000
RAM_WORDS = 262_144  # default depth in 32-bit words: 1 MiB
RESET_PC = 0x0000_0000

DEVICES = (
    Device(
        name="CONSOLE",
        base=0x1000_0000,
        text="bytes for the host",
        registers=(Register(name="DATA", offset=0x0, access="wo", text="byte to print (7:0)"),),
    ),
    Device(
        name="SIM_EXIT",
        base=0x1000_1000,
        text="ends the simulation",
        registers=(
            Register(name="CODE", offset=0x0, access="wo", text="exit code; 0 is the only pass"),
        ),
    ),
    Device(
        name="TIMER",
        base=0x1000_2000,
        text="64-bit cycle timer; interrupt while mtime >= mtimecmp",
        registers=(
            Register(name="MTIME_LO", offset=0x0, access="rw", text="mtime(31:0), +1 a cycle"),
            Register(name="MTIME_HI", offset=0x4, access="rw", text="mtime(63:32)"),
            Register(name="MTIMECMP_LO", offset=0x8, access="rw", text="mtimecmp(31:0)"),
            Register(name="MTIMECMP_HI", offset=0xC, access="rw", text="mtimecmp(63:32)"),
        ),
    ),
    Device(
        name="SIM_MARK",
        base=0x1000_3000,
        text="opens and closes named regions in the event file",
        registers=(
            Register(name="OPEN", offset=0x0, access="wo", text="opens region id (15:0)"),
            Register(name="CLOSE", offset=0x4, access="wo", text="closes region id (15:0)"),
        ),
    ),
    Device(
        name="DMA",
        base=0x1000_4000,
        text="moves rows of words between external memory and RAM; only where there is such memory",
        registers=(
            Register(name="EXT_ADDR", offset=0x00, access="rw", text="first byte outside"),
            Register(name="RAM_ADDR", offset=0x04, access="rw", text="first byte in the RAM"),
            Register(name="ROW_BYTES", offset=0x08, access="rw", text="bytes of one row"),
            Register(name="ROWS", offset=0x0C, access="rw", text="rows (15:0)"),
            Register(name="EXT_STRIDE", offset=0x10, access="rw", text="row to row outside"),
            Register(name="RAM_STRIDE", offset=0x14, access="rw", text="row to row in the RAM"),
            Register(name="CTRL", offset=0x18, access="rw", text="control bits"),
            Register(name="STATUS", offset=0x1C, access="ro", text="status bits"),
            Register(name="WORDS", offset=0x20, access="ro", text="words moved since reset"),
        ),
    ),
)

DMA_CTRL_BITS = (
    Bit(name="START", bit=0, text="start a transfer with the registers as they are; reads 0"),
    Bit(name="TO_EXT", bit=1, text="from the RAM to external memory, else to the RAM"),
    Bit(name="IRQ_EN", bit=2, text="interrupt enable"),
    Bit(name="CLEAR", bit=3, text="clear DONE and the sticky errors; reads 0"),
)

DMA_STATUS_BITS = (
    Bit(name="BUSY", bit=0, text="a transfer runs"),
    Bit(name="DONE", bit=1, text="the transfer ended well; sticky until CLEAR or a start"),
    Bit(name="IRQ", bit=2, text="interrupt pending: DONE or an error, and IRQ_EN"),
    Bit(name="ERR_ALIGN", bit=8, text="start with an address, length or stride of no whole words"),
    Bit(name="ERR_RANGE", bit=9, text="a row reaches beyond a memory; it and the rest not moved"),
    Bit(name="ERR_BUSY", bit=10, text="start while busy; ignored"),
)

EVENT_OPEN = "open"  # words of the event file's M lines
EVENT_CLOSE = "close"

IRQ_MACHINE_TIMER = 7  # bit of mie and mip, exception code of mcause
IRQ_MACHINE_EXTERNAL = 11

OPCODE_CUSTOM0 = 0x0B

INSTRUCTIONS = (
    Instruction(
        name="cfg",
        funct3=0,
        rs1="index | macro << 8",
        rs2="value",
        rd="old value",
        text="write a configuration register",
    ),
    Instruction(
        name="push",
        funct3=1,
        rs1="32 input bits, LSB = lowest input",
        rs2="macro",
        rd=None,
        text="write the next word of the input bits",
    ),
    Instruction(
        name="start",
        funct3=2,
        rs1="macro",
        rs2=None,
        rd="status",
        text="start one evaluation",
    ),
    Instruction(
        name="wait",
        funct3=3,
        rs1="macro",
        rs2=None,
        rd="status",
        text="result comes when the macro is idle",
    ),
    Instruction(
        name="pop",
        funct3=4,
        rs1="macro",
        rs2=None,
        rd="4 codes of 8 bits, first in the LSB",
        text="read the next output word",
    ),
    Instruction(
        name="prog",
        funct3=5,
        rs1="program word",
        rs2="macro",
        rd=None,
        text="write a program word at the auto-increment address",
    ),
    Instruction(
        name="stat",
        funct3=6,
        rs1="macro",
        rs2=None,
        rd="status",
        text="read the status",
    ),
    Instruction(
        name="rdcfg",
        funct3=7,
        rs1="index | macro << 8",
        rs2=None,
        rd="value",
        text="read a configuration register",
    ),
)

STATUS_BITS = (
    Bit(name="BUSY", bit=0, text="an evaluation runs"),
    Bit(name="DONE", bit=1, text="outputs are ready; sticky until the next start"),
    Bit(name="IRQ", bit=2, text="interrupt pending"),
    Bit(name="PROG_BUSY", bit=3, text="a program word is being written"),
    Bit(name="ERR_START_BUSY", bit=8, text="start while busy"),
    Bit(name="ERR_POP_EMPTY", bit=9, text="pop without an output word left"),
    Bit(name="ERR_PUSH_OVERFLOW", bit=10, text="push beyond N_IN inputs"),
    Bit(name="ERR_PROTOCOL", bit=11, text="prog, push or cfg while busy"),
    Bit(name="ERR_CONFIG_INDEX", bit=12, text="no such configuration register"),
    Bit(name="ERR_MACRO_INDEX", bit=13, text="no such macro"),
    Bit(name="ERR_START_INPUTS", bit=14, text="start before all inputs were pushed"),
)

CTRL_BITS = (
    Bit(name="IRQ_EN", bit=0, text="interrupt enable"),
    Bit(name="CLR_IN_PTR", bit=1, text="clear the input pointer; reads 0"),
    Bit(name="CLR_PROG_PTR", bit=2, text="clear the program pointer; reads 0"),
    Bit(name="CLR_ERRORS", bit=3, text="clear the sticky errors; reads 0"),
)

IMAC_ID = 0x494D_0001  # "IM", version 1
STT_ID = 0x5354_0001  # "ST", version 1: what ID reads where the macros are spiking tiles

CONFIG_REGS = (
    ConfigReg(name="CTRL", index=0, access="rw", reset=0, text="control bits"),
    ConfigReg(
        name="SETTLE_CYCLES", index=1, access="rw", reset=8, text="cycles from inputs to strobe"
    ),
    ConfigReg(
        name="CONV_CYCLES",
        index=2,
        access="rw",
        reset=1,
        text="cycles from strobe to capture, >= 1",
    ),
    ConfigReg(
        name="PROG_CYCLES", index=3, access="rw", reset=1, text="cycles of one program word, >= 1"
    ),
    ConfigReg(name="N_IN", index=4, access="rw", reset="IN_W", text="input bits in use"),
    ConfigReg(name="N_OUT", index=5, access="rw", reset="OUT_N", text="output codes in use"),
    ConfigReg(name="PROG_PTR", index=6, access="rw", reset=0, text="next program address"),
    ConfigReg(name="ID", index=7, access="ro", reset=IMAC_ID, text="block and version"),
    ConfigReg(name="COUNT", index=8, access="ro", reset=0, text="evaluations done"),
    ConfigReg(
        name="ACTIVE_CYCLES",
        index=9,
        access="ro",
        reset=0,
        text="cycles the sequencer was not idle",
    ),
)

STT_REGS = (  # of spiking tiles, besides those above
    ConfigReg(
        name="TH_PTR", index=16, access="rw", reset=0, text="next threshold code to be written"
    ),
    ConfigReg(
        name="TH_CODE",
        index=17,
        access="wo",
        reset=0,
        text="threshold code at TH_PTR, which then moves on: per row one a step, rise, skip",
    ),
)

INPUTS_PER_WORD = 32
CODES_PER_WORD = 4
ADC_BITS = 8

DEFAULT_PARAMETERS: dict[str, int] = {
    "N_MACRO": 1,
    "MACRO_KIND": 0,
    "RAM_WORDS": RAM_WORDS,
    "IN_W": 400,
    "AUX_W": 1,
    "STROBE_N": 1,
    "OUT_N": 10,
    "ADC_BITS": ADC_BITS,
    "CODE_W": 10 * ADC_BITS,
    "STEPS": 1,
    "PROG_AW": 16,
}

MACRO_PINS = (
    MacroPin(
        name="o_macro_en",
        direction="output",
        width="1",
        text="the macro's lines and gated supplies on",
    ),
    MacroPin(name="o_macro_in", direction="output", width="IN_W", text="input bits, registered"),
    MacroPin(
        name="o_macro_aux",
        direction="output",
        width="AUX_W",
        text="whatever else a kind of macro takes: threshold codes, selects; else 0",
    ),
    MacroPin(
        name="o_macro_strobe",
        direction="output",
        width="STROBE_N",
        text="converters sample, or comparators decide, at the clock edge where it rises",
    ),
    MacroPin(
        name="i_macro_code",
        direction="input",
        width="CODE_W",
        text="codes or spikes, captured CONV_CYCLES cycles after the strobe edge",
    ),
    MacroPin(name="o_macro_prog_en", direction="output", width="1", text="programming mode"),
    MacroPin(
        name="o_macro_prog_we", direction="output", width="1", text="one cycle per program word"
    ),
    MacroPin(
        name="o_macro_prog_addr", direction="output", width="PROG_AW", text="program word address"
    ),
    MacroPin(name="o_macro_prog_data", direction="output", width="32", text="program word"),
    MacroPin(
        name="o_macro_active",
        direction="output",
        width="1",
        text="sequencer not idle: evaluation or programming",
    ),
)


def device(name: str) -> Device:
    """The device called `name`."""
    for entry in DEVICES:
        if entry.name == name:
            return entry
    raise ValueError(f"device must be one of {[d.name for d in DEVICES]}, got {name!r}")


def pin_width(pin: MacroPin, parameters: dict[str, int]) -> int:
    """Bits of one macro's share of `pin` under `parameters` (names as in DEFAULT_PARAMETERS)."""
    width = 1
    for factor in pin.width.split("*"):
        width *= int(factor) if factor.isdigit() else parameters[factor]
    return width
