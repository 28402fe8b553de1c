# SPDX-License-Identifier: Apache-2.0
"""test_soc_share : one access a cycle, the CPU first, the DMA after PATIENCE cycles."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe


@cocotb.test()
async def the_cpu_goes_first_but_not_for_ever(dut: Any) -> None:
    tb = Bench(dut, seed=1)
    patience = int(dut.PATIENCE.value)
    sides = {side: dict.fromkeys(("we", "addr", "wdata"), 0) for side in ("cpu", "dma")}
    await tb.reset(
        i_cpu_valid=0, i_cpu_we=0, i_cpu_addr=0, i_cpu_be=0, i_cpu_wdata=0,
        i_dma_valid=0, i_dma_we=0, i_dma_addr=0, i_dma_wdata=0,
    )  # fmt: skip
    valid, be, passed, longest, stalls = {"cpu": False, "dma": False}, 0, 0, 0, 0
    held = dict(valid)
    for turn in range(3000):
        for side, chance in (("cpu", 0.3 if turn < 1500 else 0.97), ("dma", 0.6)):
            if not held[side]:
                valid[side] = maybe(tb.rng, chance)
                sides[side] = {name: tb.rng.getrandbits(1 if name == "we" else 32)
                               for name in ("we", "addr", "wdata")}  # fmt: skip
                be = tb.rng.randrange(16) if side == "cpu" else be
            values = {f"i_{side}_{name}": value for name, value in sides[side].items()}
            tb.drive(**values, **{f"i_{side}_valid": int(valid[side])})
        tb.drive(i_cpu_be=be)
        await tb.settled()
        dma = valid["dma"] and (not valid["cpu"] or passed == patience)
        one = sides["dma" if dma else "cpu"]
        tb.check(o_ram_valid=int(valid["cpu"] or valid["dma"]), o_dma_ready=int(dma))
        if valid["cpu"]:
            tb.check(o_cpu_ready=int(not dma))
        if valid["cpu"] or dma:
            tb.check(**{f"o_ram_{name}": value for name, value in one.items()})
            tb.check(o_ram_be=15 if dma else be)
        await tb.edge()
        held = {"cpu": valid["cpu"] and dma, "dma": valid["dma"] and not dma}
        stalls += held["cpu"]
        passed = passed + 1 if held["dma"] else 0
        longest = max(longest, passed)
    assert longest == patience
    assert stalls > 20


@pytest.mark.parametrize("patience", [1, 7])
def test_soc_share(patience: int) -> None:
    run_icarus("soc_share", [RTL / "soc/soc_share.v"], __file__, parameters={"PATIENCE": patience})
