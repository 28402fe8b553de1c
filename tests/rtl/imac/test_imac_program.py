# SPDX-License-Identifier: Apache-2.0
"""test_imac_program : each program word is one pulse at the next address, busy for its cycles."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 2500


@cocotb.test()
async def words_are_pulsed_at_rising_addresses_for_exactly_the_programmed_cycles(dut: Any) -> None:
    """Random words, counts and pointer writes; the last address reached; pins in every cycle."""
    tb = Bench(dut, seed=9)
    rng = tb.rng
    aw, top = len(dut.i_ptr), (1 << len(dut.i_prog_cycles)) - 1
    ptr = addr = data = 0
    begin, end = -10, -10  # first cycle of the present word, and the first idle one after it
    seen = {"written": 0, "last_address": 0, "count_1": 0, "count_max": 0, "back_to_back": 0}
    await tb.reset(i_write=0, i_ptr_clear=0, i_ptr_write=0)
    for cycle in range(CYCLES):
        busy = begin <= cycle < end
        full = ptr == 1 << aw
        write = not busy and not full and maybe(rng, 0.6)
        clear = not write and maybe(rng, 0.2 if full else 0.005)
        set_ptr = not write and not clear and maybe(rng, 0.01)
        new_ptr = rng.choice((0, (1 << aw) - 2, rng.getrandbits(aw)))
        word = rng.getrandbits(32)
        cycles = min(top, rng.choice((1, 2, 3, rng.randrange(1, 9), 40)))
        tb.drive(i_write=int(write), i_ptr_clear=int(clear), i_ptr_write=int(set_ptr))
        tb.drive(i_data=word, i_ptr=new_ptr, i_prog_cycles=cycles)
        await tb.settled()
        tb.check(
            o_busy=int(busy),
            o_macro_prog_en=int(busy),
            o_macro_prog_we=int(cycle == begin),
            o_macro_prog_addr=addr,
            o_macro_prog_data=data,
            o_last=int(busy and cycle == end - 1),
            o_ptr=ptr,
            o_full=int(full),
        )
        if write:
            seen["written"] += 1
            seen["last_address"] += ptr == (1 << aw) - 1
            seen["count_1"] += cycles == 1
            seen["count_max"] += cycles == min(top, 40)
            seen["back_to_back"] += cycle == end
            addr, data, ptr = ptr, word, ptr + 1
            begin, end = cycle + 1, cycle + 1 + cycles
        elif clear:
            ptr = 0
        elif set_ptr:
            ptr = new_ptr
        await tb.edge()
    assert min(seen.values()) > 3, seen


@pytest.mark.parametrize(("prog_aw", "cyc_w"), [(3, 3), (16, 16)])
def test_imac_program(prog_aw: int, cyc_w: int) -> None:
    run_icarus(
        "imac_program",
        [RTL / "imac/imac_program.v"],
        __file__,
        parameters={"PROG_AW": prog_aw, "CYC_W": cyc_w},
    )
