# SPDX-License-Identifier: Apache-2.0
"""design_energy : design section `energy`, joules of everything digital, and the write path.

Each constant holds for the section's node and voltage and states its relative uncertainty (one
sigma). cosim/energy/README.md says which count each one is multiplied with.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cosim.design_section import Section, quantity

__all__ = ["DigitalEnergy", "InstructionEnergy", "WriteDriver"]


def _joules(text: str) -> Any:
    return quantity("J", text, ge=0)


class InstructionEnergy(Section):
    """Fetch to write-back of one retired instruction, without what has a constant of its own."""

    alu_j: float = _joules("add, logic, shift, compare, lui, auipc")
    mul_j: float = _joules("mul*, without the multiplier")
    div_j: float = _joules("div*, rem*, without the divider")
    load_j: float = _joules("address and alignment of a load")
    store_j: float = _joules("address and alignment of a store")
    branch_j: float = _joules("conditional branch")
    jump_j: float = _joules("jal, jalr")
    csr_j: float = _joules("CSR access")
    system_j: float = _joules("fence, mret, wfi")
    xif_j: float = _joules("co-processor instruction, the core's side")
    trap_j: float = _joules("entry into a trap or an interrupt")


class DigitalEnergy(Section):
    """The digital part of the chip at one node and voltage."""

    core: str = Field(min_length=1, description="what class of core the constants describe")
    node_nm: float = quantity("nm", "technology node of every constant", gt=0)
    vdd_v: float = quantity("V", "supply of every constant", gt=0)
    imem_bytes: int = quantity("B", "memory that fetch_j is for", ge=1)
    dmem_bytes: int = quantity("B", "memory that load_*_j and store_*_j are for", ge=1)
    instruction: InstructionEnergy
    regfile_read_j: float = _joules("one read port, one register other than x0")
    regfile_write_j: float = _joules("write port, one register other than x0")
    multiply_j: float = _joules("multiplier, one product")
    divide_j: float = _joules("divider, one division")
    fetch_j: float = _joules("one instruction word read, used or not")
    load_byte_j: float = _joules("data memory read, one byte")
    load_half_j: float = _joules("data memory read, two bytes")
    load_word_j: float = _joules("data memory read, four bytes")
    store_byte_j: float = _joules("data memory write, one byte")
    store_half_j: float = _joules("data memory write, two bytes")
    store_word_j: float = _joules("data memory write, four bytes")
    bus_j: float = _joules("address and data wires of one data access")
    device_j: float = _joules("device register instead of the data memory, one access")
    shell_instruction_j: float = _joules("co-processor shell, one instruction")
    shell_active_j: float = _joules("co-processor shell, one cycle with the macro active")
    clock_j: float = _joules("clock tree and clocked cells, one cycle awake")
    idle_j: float = _joules("the same, one cycle in wfi")
    leakage_w: float = quantity("W", "core, memories and shell", ge=0)


class WriteDriver(Section):
    """What pushes a write pulse through a cell's strip: an inverter at each end of it."""

    nfin: int = Field(default=2, ge=1, description="fins of each FET of both inverters")
    pulse_ps: int = quantity("ps", "length of the pulse", ge=50, default=1000)
