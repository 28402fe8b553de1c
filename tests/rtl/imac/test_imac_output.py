# SPDX-License-Identifier: Apache-2.0
"""test_imac_output : popped words hold the codes of the capture cycle, in order, once."""

from __future__ import annotations

from collections import deque
from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 1500


def words_of(pins: int, n_out: int, adc_bits: int) -> deque[int]:
    """The words `n_out` codes on `pins` make: four codes of 8 bits each, first in the LSB."""
    codes = [pins >> k * adc_bits & ((1 << adc_bits) - 1) for k in range(n_out)]
    groups = [codes[k : k + 4] for k in range(0, n_out, 4)]
    return deque(sum(code << 8 * k for k, code in enumerate(group)) for group in groups)


@cocotb.test()
async def codes_come_out_in_order_and_only_until_a_flush(dut: Any) -> None:
    """Random captures, pops and flushes; the pins change in every cycle."""
    tb = Bench(dut, seed=8)
    rng, width = tb.rng, len(dut.i_macro_code)
    adc_bits, out_n = int(dut.ADC_BITS.value), int(dut.OUT_N.value)
    assert width == adc_bits * out_n
    words: deque[int] = deque()
    seen = {"empty": 0, "drained": 0, "flushed": 0, "overwritten": 0}
    await tb.reset(i_capture=0, i_flush=0, i_pop=0, i_n_out=out_n, i_macro_code=0)
    for _ in range(CYCLES):
        n_out = rng.randrange(1, out_n + 1)
        pins = rng.getrandbits(width)
        capture = maybe(rng, 0.15)
        flush = not capture and maybe(rng, 0.03)
        pop = bool(words) and not capture and not flush and maybe(rng, 0.6)
        tb.drive(i_capture=int(capture), i_flush=int(flush), i_pop=int(pop))
        tb.drive(i_macro_code=pins, i_n_out=n_out)
        await tb.settled()
        tb.check(o_empty=int(not words), o_data=words[0] if words else 0)
        seen["empty"] += not words
        if capture:
            seen["overwritten"] += bool(words)
            words = words_of(pins, n_out, adc_bits)
        elif flush:
            seen["flushed"] += bool(words)
            words.clear()
        elif pop:
            words.popleft()
            seen["drained"] += not words
        await tb.edge()
    assert min(seen.values()) > 5, seen


@pytest.mark.parametrize(("adc_bits", "out_n"), [(8, 10), (8, 4), (8, 1), (6, 5), (1, 13)])
def test_imac_output(adc_bits: int, out_n: int) -> None:
    run_icarus(
        "imac_output",
        [RTL / "imac/imac_output.v"],
        __file__,
        parameters={"ADC_BITS": adc_bits, "OUT_N": out_n},
    )
