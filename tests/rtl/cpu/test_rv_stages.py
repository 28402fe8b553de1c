# SPDX-License-Identifier: Apache-2.0
"""test_rv_stages : the pipeline registers and the choice of result follow their inputs."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from cocotb.triggers import Timer
from cpu.control_word import BITS
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe


@cocotb.test()
async def decode_to_execute_loads_and_holds(dut: Any) -> None:
    tb = Bench(dut, seed=16)
    fields = ("instr", "pc", "ctl", "op1", "op2", "base", "imm")
    await tb.reset(i_load=0, i_valid=0, **dict.fromkeys((f"i_{f}" for f in fields), 0))
    valid, held = 0, dict.fromkeys(fields, 0)
    for _ in range(1500):
        load, enter = maybe(tb.rng, 0.6), maybe(tb.rng, 0.7)
        new = {f: tb.rng.getrandbits(19 if f == "ctl" else 32) for f in fields}
        tb.drive(i_load=int(load), i_valid=int(enter), **{f"i_{f}": v for f, v in new.items()})
        await tb.settled()
        tb.check(o_valid=valid)
        if valid:
            tb.check(**{f"o_{f}": v for f, v in held.items()})
        await tb.edge()
        if load:
            valid, held = int(enter), new if enter else held


@cocotb.test()
async def execute_to_write_back_waits_for_loads(dut: Any) -> None:
    tb = Bench(dut, seed=17)
    await tb.reset(
        i_valid=0, i_trap=0, i_we=0, i_ctl=0, i_instr=0, i_offset=0, i_result=0, i_mem_rvalid=0,
        i_mem_data=0, i_mul_result=0,
    )  # fmt: skip
    held: dict[str, Any] | None = None
    seen = dict.fromkeys(("waited", "load", "mul", "trap"), 0)
    for _ in range(4000):
        rvalid = maybe(tb.rng, 0.5)
        data, product = tb.rng.getrandbits(32), tb.rng.getrandbits(32)
        done = held is None or held["kind"] != "LOAD" or held["trap"] or rvalid
        kind = tb.rng.choice(("alu", "LOAD", "MUL"))
        new = {
            "kind": kind, "trap": maybe(tb.rng, 0.1), "we": maybe(tb.rng, 0.8),
            "instr": tb.rng.getrandbits(32), "offset": tb.rng.randrange(4),
            "result": tb.rng.getrandbits(32),
        }  # fmt: skip
        enter = done and maybe(tb.rng, 0.7)
        tb.drive(i_valid=int(enter), i_trap=int(new["trap"]), i_we=int(new["we"]))
        tb.drive(i_ctl=0 if kind == "alu" else 1 << BITS[kind], i_instr=new["instr"])
        tb.drive(i_offset=new["offset"], i_result=new["result"], i_mem_rvalid=int(rvalid))
        tb.drive(i_mem_data=data, i_mul_result=product)
        await tb.settled()
        tb.check(o_valid=int(held is not None))
        if held is None:
            tb.check(o_we=0)
        else:
            writes = held["we"] and not held["trap"]
            tb.check(o_done=int(done), o_we=int(writes), o_offset=held["offset"])
            tb.check(o_rd=held["instr"] >> 7 & 31, o_funct3=held["instr"] >> 12 & 7)
            if done and writes:
                late = {"LOAD": data, "MUL": product}
                tb.check(o_result=late.get(held["kind"], held["result"]))
            seen["waited"] += not done
            seen["load"] += held["kind"] == "LOAD"
            seen["mul"] += held["kind"] == "MUL"
            seen["trap"] += held["trap"]
        await tb.edge()
        held = new if enter else None if done else held
    assert min(seen.values()) > 100, seen


@cocotb.test()
async def the_result_is_the_one_of_the_unit(dut: Any) -> None:
    rng = Bench(dut, seed=18).rng
    for _ in range(1500):
        kind = rng.choice(("alu", "CSR", "DIV", "XIF", "LOAD", "MUL"))
        values = {f: rng.getrandbits(32) for f in ("alu", "csr", "div", "xif")}
        valid, xif_we, rd = maybe(rng, 0.8), maybe(rng, 0.5), rng.choice((0, 1, 31))
        writes = kind != "XIF" and maybe(rng, 0.8)
        ctl = (0 if kind == "alu" else 1 << BITS[kind]) | int(writes) << BITS["WE"]
        for name, value in values.items():
            getattr(dut, f"i_{name}").value = value
        dut.i_valid.value, dut.i_ctl.value, dut.i_rd.value = int(valid), ctl, rd
        dut.i_xif_we.value = int(xif_we)
        await Timer(1, "ns")
        wants = xif_we if kind == "XIF" else writes
        assert int(dut.o_we.value) == (valid and wants and rd != 0)
        assert int(dut.o_late.value) == (kind in ("LOAD", "MUL"))
        if kind in ("alu", "CSR", "DIV", "XIF"):
            assert int(dut.o_result.value) == values[kind.lower()]


@pytest.mark.parametrize(
    ("module", "case"),
    [
        ("rv_dx", "decode_to_execute_loads_and_holds"),
        ("rv_xw", "execute_to_write_back_waits_for_loads"),
        ("rv_result", "the_result_is_the_one_of_the_unit"),
    ],
)
def test_rv_stages(module: str, case: str) -> None:
    run_icarus(module, [RTL / f"cpu/{module}.v"], __file__, testcase=case)
