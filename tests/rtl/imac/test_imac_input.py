# SPDX-License-Identifier: Apache-2.0
"""test_imac_input : words land where they belong, and pins move only at a load."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 1500


@cocotb.test()
async def pins_show_the_pushed_bits_after_a_load_and_nothing_before(dut: Any) -> None:
    """Random pushes, clears, loads and N_IN against a list of words; full and empty reached."""
    tb = Bench(dut, seed=7)
    rng, in_w = tb.rng, len(dut.o_macro_in)
    n_words = (in_w + 31) // 32
    hold, ptr, n_in, pins = [0] * n_words, 0, in_w, 0
    seen = {"full": 0, "full_set_loaded": 0, "part_set_loaded": 0, "clear": 0}
    await tb.reset(i_push=0, i_clear=0, i_load=0, i_n_in=n_in, i_data=0)
    for _ in range(CYCLES):
        full = 32 * ptr >= n_in
        push = not full and maybe(rng, 0.7)
        load = not push and maybe(rng, 0.6 if full else 0.1)
        clear = not push and not load and maybe(rng, 0.1)
        data = rng.getrandbits(32)
        tb.drive(i_push=int(push), i_clear=int(clear), i_load=int(load), i_data=data, i_n_in=n_in)
        await tb.settled()
        tb.check(o_full=int(full), o_macro_in=pins)
        seen["full"] += full
        if push:
            if ptr == 0:
                hold = [0] * n_words
            hold[ptr] = data & ((1 << max(0, n_in - 32 * ptr)) - 1)
            ptr += 1
        if load:
            pins = sum(word << 32 * k for k, word in enumerate(hold))
            seen["full_set_loaded" if full else "part_set_loaded"] += 1
        if load or clear:
            ptr = 0
            seen["clear"] += clear
            n_in = min(in_w, rng.choice((in_w, 1, 32, 33, rng.randrange(1, in_w + 1))))
        await tb.edge()
    assert min(seen.values()) > 10, seen


@pytest.mark.parametrize("in_w", [1, 31, 32, 40, 400])
def test_imac_input(in_w: int) -> None:
    run_icarus("imac_input", [RTL / "imac/imac_input.v"], __file__, parameters={"IN_W": in_w})
