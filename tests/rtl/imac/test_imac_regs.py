# SPDX-License-Identifier: Apache-2.0
"""test_imac_regs : every register reads, holds its legal range only, and resets as the map says."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from imac.model import MacroSizes, config_limits
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

from cosim import regmap

CYCLES = 2000
CTRL = next(r.index for r in regmap.CONFIG_REGS if r.name == "CTRL")
SHOWN = {"PROG_PTR": "i_prog_ptr", "COUNT": "i_count", "ACTIVE_CYCLES": "i_active_cycles"}
SETTINGS = {
    "SETTLE_CYCLES": "o_settle_cycles",
    "CONV_CYCLES": "o_conv_cycles",
    "PROG_CYCLES": "o_prog_cycles",
    "N_IN": "o_n_in",
    "N_OUT": "o_n_out",
}


@cocotb.test()
async def registers_hold_legal_values_and_report_the_others(dut: Any) -> None:
    """Random indices and values around every limit; settings checked in every cycle."""
    tb = Bench(dut, seed=10)
    rng = tb.rng
    sizes = MacroSizes(
        in_w=int(dut.IN_W.value),
        out_n=int(dut.OUT_N.value),
        adc_bits=8,
        prog_aw=int(dut.PROG_AW.value),
        cyc_w=int(dut.CYC_W.value),
    )
    limits = config_limits(sizes)
    by_index = {reg.index: reg for reg in regmap.CONFIG_REGS}
    value_of = {
        reg.name: sizes.expression(reg.reset) if isinstance(reg.reset, str) else reg.reset
        for reg in regmap.CONFIG_REGS
    }
    seen = dict.fromkeys(by_index, 0)
    unknown = 0
    await tb.reset(i_write=0, i_index=0, i_value=0)
    for _ in range(CYCLES):
        index = rng.choice((*by_index, rng.randrange(256)))
        reg = by_index.get(index)
        limit = limits.get(reg.name) if reg else None
        near = [1, 0, 0xFFFFFFFF, rng.getrandbits(32)]
        if limit:
            near += [limit[0], limit[1], limit[1] + 1, rng.randint(*limit), rng.randint(*limit)]
        value = rng.choice(near)
        for name, pin in SHOWN.items():
            value_of[name] = rng.getrandbits(sizes.prog_aw + 1 if name == "PROG_PTR" else 32)
            tb.drive(**{pin: value_of[name]})
        legal = limit is not None and limit[0] <= value <= limit[1]
        write = legal and maybe(rng, 0.7)  # control writes legal values only
        tb.drive(i_write=int(write), i_index=index, i_value=value)
        await tb.settled()
        tb.check(
            o_known=int(reg is not None),
            o_legal=int(legal),
            o_value=value_of[reg.name] if reg else 0,
            o_irq_en=value_of["CTRL"],
            o_prog_ptr_write=int(write and reg is not None and reg.name == "PROG_PTR"),
            **{pin: value_of[name] for name, pin in SETTINGS.items()},
        )
        unknown += reg is None
        if write and reg is not None:
            seen[index] += 1
            value_of[reg.name] = value & 1 if index == CTRL else value
        await tb.edge()
    writable = [r.index for r in regmap.CONFIG_REGS if r.access == "rw"]
    assert min(seen[i] for i in writable) > 20, seen
    assert unknown > 100


@pytest.mark.parametrize(
    ("in_w", "out_n", "prog_aw", "cyc_w"), [(400, 10, 16, 16), (40, 5, 4, 5), (1, 1, 31, 31)]
)
def test_imac_regs(in_w: int, out_n: int, prog_aw: int, cyc_w: int) -> None:
    run_icarus(
        "imac_regs",
        [RTL / "imac/imac_regs.v"],
        __file__,
        parameters={"IN_W": in_w, "OUT_N": out_n, "PROG_AW": prog_aw, "CYC_W": cyc_w},
    )
