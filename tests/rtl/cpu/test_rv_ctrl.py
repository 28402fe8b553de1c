# SPDX-License-Identifier: Apache-2.0
"""test_rv_ctrl : stages move and traps fire by the rules of the pipeline, checked each cycle."""

from __future__ import annotations

from typing import Any

import cocotb
from cpu.control_word import BITS
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

KINDS = ("alu", "LOAD", "STORE", "DIV", "XIF", "WFI", "MRET", "BRANCH")


@cocotb.test()
async def stages_move_and_traps_fire_by_the_rules(dut: Any) -> None:
    tb = Bench(dut, seed=15)
    rng = tb.rng
    names = (
        "i_d_valid", "i_d_stall", "i_x_valid", "i_x_ctl", "i_x_taken", "i_exc_early", "i_exc_late",
        "i_mem_ready", "i_div_done", "i_xif_done", "i_irq_pending", "i_irq_wake", "i_w_valid",
        "i_w_done", "i_trap_target", "i_mepc", "i_jump_target",
    )  # fmt: skip
    await tb.reset(**dict.fromkeys(names, 0))
    kind, early, taken, valid, started = "alu", False, False, False, False
    seen = dict.fromkeys(("irq", "early", "late", "retire", "blocked", "waited"), 0)
    for _ in range(8000):
        i = {name: int(maybe(rng, 0.5)) for name in names}
        i |= {"i_trap_target": 0x100, "i_mepc": 0x200, "i_jump_target": 0x300}
        i["i_irq_pending"] = int(maybe(rng, 0.1))
        i["i_irq_wake"] = i["i_irq_pending"] or i["i_irq_wake"]
        if not valid:
            kind, valid = rng.choice(KINDS), maybe(rng, 0.8)
            early, taken = maybe(rng, 0.1), kind == "BRANCH" and maybe(rng, 0.5)
        i |= {"i_x_valid": int(valid), "i_exc_early": int(early), "i_x_taken": int(taken)}
        i["i_x_ctl"] = 0 if kind == "alu" else 1 << BITS[kind]
        done = {
            "LOAD": i["i_mem_ready"], "STORE": i["i_mem_ready"], "DIV": i["i_div_done"],
            "XIF": i["i_xif_done"], "WFI": i["i_irq_wake"],
        }.get(kind, 1)  # fmt: skip
        late = bool(i["i_exc_late"]) and kind in ("LOAD", "STORE", "XIF") and bool(done)
        i["i_exc_late"] = int(late)
        room = not i["i_w_valid"] or i["i_w_done"]
        if started:
            room, i["i_w_valid"] = True, 0  # nothing enters write-back meanwhile
        tb.drive(**i)
        await tb.settled()
        act = valid and room
        irq = act and not started and bool(i["i_irq_pending"])
        stop = act and (irq or early)
        go = act and not stop
        fire = stop or (go and bool(done))
        trap = fire and (irq or early or late)
        redirect = trap or (fire and (kind == "MRET" or taken))
        ready = not valid or fire
        tb.check(o_go=int(go), o_fire=int(fire), o_irq=int(irq), o_trap=int(trap))
        tb.check(o_retire=int(fire and not trap), o_redirect=int(redirect), o_dx_load=int(ready))
        tb.check(o_d_ready=int(ready and not i["i_d_stall"]))
        enters = i["i_d_valid"] and not i["i_d_stall"] and not redirect
        tb.check(o_dx_valid=int(bool(enters)))
        if redirect:
            tb.check(o_redirect_pc=0x100 if trap else 0x200 if kind == "MRET" else 0x300)
        await tb.edge()
        seen["irq"] += irq
        seen["early"] += trap and early and not irq
        seen["late"] += trap and late
        seen["retire"] += fire and not trap
        seen["blocked"] += valid and not room
        seen["waited"] += go and not fire
        started = go and not fire
        valid = valid and not fire
    assert min(seen.values()) > 80, seen


def test_rv_ctrl() -> None:
    run_icarus("rv_ctrl", [RTL / "cpu/rv_ctrl.v"], __file__)
