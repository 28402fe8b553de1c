# SPDX-License-Identifier: Apache-2.0
"""test_imac_shell : one macro's shell against the model, every pin and answer in every cycle."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from imac.model import F3, MacroModel, MacroSizes, Op
from imac.stimulus import random_op
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

from cosim import regmap

CYCLES = 5000
SIZES = {"IN_W": 40, "OUT_N": 5, "ADC_BITS": 6, "PROG_AW": 4, "CYC_W": 5}


@cocotb.test()
async def answers_and_pins_follow_the_model(dut: Any) -> None:
    """Random instructions at a random pace; every error bit and the interrupt must come up."""
    tb = Bench(dut, seed=12)
    rng = tb.rng
    sizes = MacroSizes(**{key.lower(): int(getattr(dut, key).value) for key in SIZES})
    model, errors, irqs, clears = MacroModel(sizes), 0, 0, 0
    clear_bit = next(b.bit for b in regmap.CTRL_BITS if b.name == "CLR_ERRORS")
    await tb.reset(i_op_valid=0, i_op_f3=0, i_op_index=0, i_op_value=0, i_macro_code=0)
    for cycle in range(CYCLES):
        op = random_op(rng, model) if maybe(rng, (1.0, 0.5, 0.1)[cycle * 3 // CYCLES]) else None
        if op is not None and op.name == "wait" and model.active:
            op = None  # the dispatcher holds it back
        codes, err_macro = rng.getrandbits(len(dut.i_macro_code)), maybe(rng, 0.1)
        shown = op or Op("stat", rng.randrange(256), rng.getrandbits(32))
        tb.drive(i_op_valid=int(op is not None), i_op_f3=F3[shown.name], i_op_index=shown.index)
        tb.drive(i_op_value=shown.value, i_macro_code=codes, i_err_macro=int(err_macro))
        await tb.settled()
        tb.check(**model.pins())
        tb.check(
            o_irq=int(model.irq),
            o_op_active=int(model.active),
            o_prog_busy=int(model.prog_busy),
        )
        effect: dict[str, int] = {}
        if op is not None:
            answer, effect = model.execute(op, err_macro=err_macro)
            is_clear = effect.get("reg") == 0 and effect["value"] >> clear_bit & 1
            clears += is_clear
            tb.check(o_op_data=answer, o_op_clear=int(is_clear))
        errors |= model.errors
        irqs += model.irq
        model.tick(codes, effect)
        await tb.edge()
    wanted = sum(1 << b.bit for b in regmap.STATUS_BITS if b.name.startswith("ERR_"))
    wanted &= ~(1 << next(b.bit for b in regmap.STATUS_BITS if b.name == "ERR_MACRO_INDEX"))
    assert errors == wanted, f"errors reached: {errors:#x}, want {wanted:#x}"
    assert min(irqs, clears, model.regs["COUNT"]) > 5, (irqs, clears, model.regs["COUNT"])


@pytest.mark.parametrize("sizes", [SIZES, dict(SIZES, IN_W=400, OUT_N=10, ADC_BITS=8, PROG_AW=16)])
def test_imac_shell(sizes: dict[str, int]) -> None:
    sources = [p for p in sorted((RTL / "imac").glob("*.v")) if p.stem not in NOT_IN_A_SHELL]
    run_icarus("imac_shell", sources, __file__, parameters=sizes)


NOT_IN_A_SHELL = ("imac_xif", "imac_dispatch")
