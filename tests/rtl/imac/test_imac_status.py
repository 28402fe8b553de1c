# SPDX-License-Identifier: Apache-2.0
"""test_imac_status : each event sets its own bit and no other, until what clears it."""

from __future__ import annotations

from typing import Any

import cocotb
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

from cosim import regmap

CYCLES = 3000
BIT = {bit.name: 1 << bit.bit for bit in regmap.STATUS_BITS}
ERRORS = {
    "i_err_start_busy": "ERR_START_BUSY",
    "i_err_pop_empty": "ERR_POP_EMPTY",
    "i_err_push_overflow": "ERR_PUSH_OVERFLOW",
    "i_err_protocol": "ERR_PROTOCOL",
    "i_err_config": "ERR_CONFIG_INDEX",
    "i_err_start_inputs": "ERR_START_INPUTS",
}


@cocotb.test()
async def status_follows_the_events_of_every_cycle(dut: Any) -> None:
    """Random legal events; status word, interrupt, activity and both counters in every cycle."""
    tb = Bench(dut, seed=11)
    rng = tb.rng
    errors, done, busy, prog_busy = set[str](), False, False, False
    count = active_cycles = 0
    seen = dict.fromkeys(("done", "irq", "err", "cleared", "start_while_done"), 0)
    await tb.reset()
    for _ in range(CYCLES):
        idle = not busy and not prog_busy
        start = idle and maybe(rng, 0.2)
        prog = idle and not start and maybe(rng, 0.2)
        capture = busy and maybe(rng, 0.2)
        prog_last = prog_busy and maybe(rng, 0.3)
        irq_en, err_macro = maybe(rng, 0.5), maybe(rng, 0.1)
        clear = not start and maybe(rng, 0.05)
        hit = {} if clear else {pin: int(maybe(rng, 0.03)) for pin in ERRORS}
        tb.drive(i_start=int(start), i_prog=int(prog), i_capture=int(capture))
        tb.drive(i_prog_last=int(prog_last), i_err_clear=int(clear), i_err_macro=int(err_macro))
        tb.drive(i_busy=int(busy), i_prog_busy=int(prog_busy), i_irq_en=int(irq_en))
        tb.drive(**{pin: hit.get(pin, 0) for pin in ERRORS})
        now = errors | {ERRORS[pin] for pin, level in hit.items() if level}
        want = sum(BIT[name] for name in now)
        want |= BIT["ERR_MACRO_INDEX"] if err_macro else 0
        want |= BIT["BUSY"] if busy or start else 0
        want |= BIT["PROG_BUSY"] if prog_busy else 0
        want |= BIT["DONE"] if done and not start else 0
        want |= BIT["IRQ"] if done and not start and irq_en else 0
        await tb.settled()
        tb.check(
            o_status=want,
            o_irq=int(done and irq_en),
            o_count=count,
            o_active_cycles=active_cycles,
            o_macro_active=int(not idle),
        )
        seen["done"] += done
        seen["irq"] += done and irq_en
        seen["err"] += bool(now)
        seen["cleared"] += clear and bool(errors)
        seen["start_while_done"] += start and done
        errors = set() if clear else now
        active_cycles += not idle
        count += capture
        done = (done and not start) or capture
        busy = start or (busy and not capture)
        prog_busy = prog or (prog_busy and not prog_last)
        await tb.edge()
    assert min(seen.values()) > 50, seen


def test_imac_status() -> None:
    run_icarus("imac_status", [RTL / "imac/imac_status.v"], __file__)
