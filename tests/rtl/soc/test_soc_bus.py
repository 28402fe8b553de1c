# SPDX-License-Identifier: Apache-2.0
"""test_soc_bus : every access goes where the memory map says, or is refused."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

from cosim import regmap

RAM_WORDS = 1024
BYTE_DEVICE = "CONSOLE"  # takes any store that reaches its address
SELECT = {
    "CONSOLE": "o_console_wr", "SIM_EXIT": "o_exit_wr", "TIMER": "o_timer_wr",
    "SIM_MARK": "o_mark_wr", "DMA": "o_dma_wr",
}  # fmt: skip


def owner(address: int, be: int, write: bool, external: bool) -> str | None:
    """Who answers: "RAM", a device, or nobody. From the register map alone."""
    if address < 4 * RAM_WORDS:
        return "RAM"
    for device in regmap.DEVICES:
        if device.name == "DMA" and not external:
            continue
        for register in device.registers:
            base = device.base + register.offset
            whole = be == 15 and base <= address < base + 4
            if write and register.access in ("rw", "wo"):
                if whole or (device.name == BYTE_DEVICE and address == base):
                    return device.name
            if not write and register.access in ("rw", "ro") and whole:
                return device.name
    return None


def addresses(tb: Bench) -> int:
    """Addresses near everything that has an edge."""
    edges = [0, 4 * RAM_WORDS, 0xFFFF_FFFC]
    edges += [d.base + r.offset for d in regmap.DEVICES for r in d.registers]
    return (tb.rng.choice(edges) + tb.rng.choice((-4, 0, 0, 0, 4, 0x1000))) & 0xFFFF_FFFF


@cocotb.test()
async def accesses_are_routed_or_refused(dut: Any) -> None:
    tb = Bench(dut, seed=2)
    external = int(dut.EXT_WORDS.value) != 0
    await tb.reset(
        i_imem_valid=0, i_imem_addr=0, i_dmem_valid=0, i_dmem_we=0, i_dmem_addr=0, i_dmem_be=0,
        i_ram_data_rdata=0, i_timer_rdata=0, i_dma_rdata=0, i_ram_ready=1,
    )  # fmt: skip
    seen: dict[str | None, int] = {}
    fetched, loaded, held = False, None, False
    for _ in range(6000):
        fetch, ready, pc = maybe(tb.rng, 0.7), maybe(tb.rng, 0.8), addresses(tb)
        if not held:  # a request that was not taken stays as it is
            valid, write = (maybe(tb.rng, chance) for chance in (0.8, 0.6))
            address, be = addresses(tb), tb.rng.choice((15, 15, 15, 1, 3, 12, 8))
            if be == 15:
                address &= ~3
        timer, dma, ram = (tb.rng.getrandbits(32) for _ in range(3))
        tb.drive(i_imem_valid=int(fetch), i_imem_addr=pc, i_dmem_valid=int(valid))
        tb.drive(i_dmem_we=int(write), i_dmem_addr=address, i_dmem_be=be)
        tb.drive(i_timer_rdata=timer, i_dma_rdata=dma, i_ram_data_rdata=ram, i_ram_ready=int(ready))
        who = owner(address, be, write, external)
        taken = ready or who != "RAM"
        await tb.settled()
        tb.check(o_imem_ready=1, o_dmem_ready=int(taken), o_imem_fault=int(pc >= 4 * RAM_WORDS))
        tb.check(o_ram_instr_valid=int(fetch and pc < 4 * RAM_WORDS), o_imem_rvalid=int(fetched))
        if valid:
            tb.check(o_dmem_fault=int(who is None))
        tb.check(o_ram_data_valid=int(valid and who == "RAM"))
        for device, signal in SELECT.items():
            tb.check(**{signal: int(valid and write and who == device)})
        tb.check(o_dmem_rvalid=int(loaded is not None))
        if loaded is not None:
            kind, value = loaded
            tb.check(o_dmem_rdata=ram if kind == "RAM" else value)
        await tb.edge()
        fetched = fetch
        value = timer if who == "TIMER" else dma
        loaded = (who, value) if valid and taken and not write and who is not None else None
        held = valid and not taken
        if valid and taken:
            seen[who] = seen.get(who, 0) + 1
    assert set(seen) == {None, "RAM", *SELECT} - (set() if external else {"DMA"})
    assert min(seen.values()) > 30, seen


@pytest.mark.parametrize("ext_words", [0, 64])
def test_soc_bus(ext_words: int) -> None:
    sizes = {"RAM_WORDS": RAM_WORDS, "EXT_WORDS": ext_words}
    run_icarus("soc_bus", [RTL / "soc/soc_bus.v"], __file__, parameters=sizes)
