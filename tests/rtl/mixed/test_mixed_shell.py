# SPDX-License-Identifier: Apache-2.0
"""test_mixed_shell : whole evaluations of the mixed-signal shell, converters played by the bench.

Every column's code is random; the outputs, the DAC codes and the number of cycles must be those of
cosim/mixed/reference.py and shape.py, whatever the shape, and no pin may move when nothing runs.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

import cocotb
import numpy as np
import pytest
from imac.model import F3
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

from cosim import regmap
from cosim.mixed.reference import activations
from cosim.mixed.shape import Shape

ROUNDS = 3
CASES = {
    "lanes and parts left over": Shape(
        sizes=(40, 7, 5), heights=(6, 1), lanes=2, parts=4, adc_bits=8,
        muls=(93, 33), shifts=(6, 5), offsets=(-12, 3), neuron=0,
    ),
    "one converter, three layers": Shape(
        sizes=(33, 5, 6, 3), heights=(3, 2, 1), lanes=1, parts=1, adc_bits=6,
        muls=(255, 120, 60), shifts=(5, 4, 3), offsets=(127, -127, 5), neuron=1,
    ),
    "a converter for every column": Shape(
        sizes=(64, 6, 4), heights=(3, 1), lanes=6, parts=3, adc_bits=8,
        muls=(20, 77), shifts=(4, 16), offsets=(0, 64), neuron=0, keep_on=True,
    ),
    "one layer": Shape(
        sizes=(40, 9), heights=(2,), lanes=4, parts=2, adc_bits=8,
        muls=(40,), shifts=(6,), offsets=(-1,), neuron=1,
    ),
}  # fmt: skip
SOURCES = [
    *(RTL / "imac" / f"imac_{name}.v" for name in ("front", "control", "regs", "input", "output")),
    *(RTL / "imac" / f"imac_{name}.v" for name in ("program", "status")),
    *(RTL / "neuron" / f"neuron_{name}.v" for name in ("lut", "pwl")),
    *sorted((RTL / "mixed").glob("*.v")),
]
CFG = {entry.name: entry.index for entry in regmap.CONFIG_REGS}


class Aux:
    """The aux pins by name."""

    def __init__(self, shape: Shape, word: int) -> None:
        self.bits = {name: (word >> k) & 1 for k, name in enumerate(shape.aux_pins)}
        self.layers = [self.bits[f"layer[{k}]"] for k in range(shape.layers)]
        self.hold = self.bits["hold"]
        self.column = sum(self.bits[f"column[{k}]"] << k for k in range(shape.column_w))
        self.part = sum(self.bits[f"part[{k}]"] << k for k in range(shape.part_w))
        self.dac = [
            sum(self.bits[f"dac[{8 * j + b}]"] << b for b in range(8)) for j in range(shape.act_n)
        ]


class Run:
    """One evaluation, cycle by cycle, as the macro sees it."""

    def __init__(self, tb: Bench, shape: Shape, settle: int, conv: int) -> None:
        self.tb, self.shape, self.settle, self.conv = tb, shape, settle, conv
        top = 1 << shape.adc_bits
        self.codes = [
            np.array([[tb.rng.randrange(top) for _ in range(n)] for _ in range(h)])
            for h, n in zip(shape.heights, shape.outs, strict=True)
        ]
        self.held, self.enabled_at, self.cycle = -1, -1, 0
        self.rounds: list[tuple[int, int]] = []
        self.due: tuple[int, int] | None = None  # cycle of the capture, word
        self.dac: list[list[int]] = []

    def look(self, aux: Aux, strobe: int) -> None:
        """Everything that may be read on the pins in this cycle."""
        shape, dut = self.shape, self.tb.dut
        on = [k for k, level in enumerate(aux.layers) if level]
        assert len(on) <= 1
        if on and self.enabled_at < 0:
            self.enabled_at = self.cycle
            if on[0] > 0:
                n = shape.sizes[on[0]]
                want = activations(self.codes[on[0] - 1], on[0] - 1, shape).tolist()
                assert aux.dac[:n] == want
                self.dac.append(aux.dac[:n])
        if not on:
            self.enabled_at = -1
        if aux.hold:
            assert on == [self.held + 1]
            assert self.cycle == self.enabled_at + self.settle
            self.held, self.rounds = on[0], []
        if strobe:
            assert self.due is None
            assert on == ([self.held] if shape.keep_on else [])
            self.rounds.append((aux.column, aux.part))
            want = shape.rounds(self.held)[len(self.rounds) - 1]
            assert (aux.column, aux.part) == want
            self.due = (self.cycle + max(self.conv, 2) - 1, self.word(aux.column, aux.part))
        known = self.due is not None and self.cycle == self.due[0]
        # codes are only there in the last cycle of a round; before, anything
        dut.i_macro_code.value = self.due[1] if known else self.tb.rng.getrandbits(shape.code_w)
        if known:
            self.due = None
        self.cycle += 1

    def word(self, column: int, part: int) -> int:
        """Converters that see no column give anything."""
        shape, found = self.shape, 0
        codes = self.codes[self.held]
        for lane in range(shape.lanes):
            for one in range(shape.parts):
                code = self.tb.rng.getrandbits(shape.adc_bits)
                if part + one < codes.shape[0] and column + lane < codes.shape[1]:
                    code = int(codes[part + one, column + lane])
                found |= code << (shape.adc_bits * (lane * shape.parts + one))
        return found


async def execute(tb: Bench, name: str, index: int = 0, value: int = 0) -> int:
    """One instruction; its answer."""
    tb.drive(i_op_valid=1, i_op_f3=F3[name], i_op_index=index, i_op_value=value)
    await tb.settled()
    answer = int(tb.dut.o_op_data.value)
    await tb.edge()
    tb.drive(i_op_valid=0, i_op_value=tb.rng.getrandbits(32))
    return answer


@cocotb.test()
async def evaluations_give_the_reference(dut: Any) -> None:
    given = json.loads(os.environ["MIXED_SHAPE"])
    shape = Shape(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})
    tb = Bench(dut, seed=5)
    await tb.reset(
        i_op_valid=0, i_op_f3=0, i_op_index=0, i_op_value=0, i_macro_code=0, i_err_macro=0
    )
    assert len(dut.o_macro_aux) == shape.aux_w
    n_in, n_out = shape.sizes[0], shape.sizes[-1]
    saturated = 0
    for turn in range(ROUNDS):
        settle, conv = tb.rng.randint(1, 5), (1, 2, 3)[turn % 3]
        await execute(tb, "cfg", CFG["SETTLE_CYCLES"], settle)
        await execute(tb, "cfg", CFG["CONV_CYCLES"], conv)
        bits = tb.rng.getrandbits(n_in)
        for word in range(-(-n_in // 32)):
            await execute(tb, "push", value=(bits >> (32 * word)) & 0xFFFFFFFF)
            while maybe(tb.rng, 0.3):
                await tb.edge()
        before = int(dut.o_macro_aux.value), int(dut.o_macro_strobe.value)
        assert before == (int(dut.o_macro_aux.value), 0)
        assert not int(dut.o_macro_en.value)
        status = await execute(tb, "start")
        assert status & 1
        run = Run(tb, shape, settle, conv)
        while True:
            await tb.settled()
            if not int(dut.o_macro_en.value):
                break
            assert int(dut.o_macro_active.value)
            assert int(dut.o_macro_in.value) == bits
            run.look(Aux(shape, int(dut.o_macro_aux.value)), int(dut.o_macro_strobe.value))
            await tb.edge()
        assert run.cycle == shape.cycles(settle, conv)
        assert run.held == shape.layers - 1
        assert len(run.rounds) == len(shape.rounds(run.held))
        want = activations(run.codes[-1], shape.layers - 1, shape)
        saturated += int(np.isin(want, (0, 255)).sum())
        await tb.edge()
        words = [await execute(tb, "pop") for _ in range(-(-n_out // 4))]
        got = [(words[j // 4] >> (8 * (j % 4))) & 0xFF for j in range(n_out)]
        assert got == want.tolist(), (got, want.tolist())
        rest = int(dut.o_macro_aux.value)
        for _ in range(3):
            await tb.edge()
            assert int(dut.o_macro_aux.value) == rest
            assert not int(dut.o_macro_active.value)
    assert saturated < ROUNDS * n_out  # the sums decide, not the limits
    assert await execute(tb, "rdcfg", CFG["COUNT"]) == ROUNDS
    status = await execute(tb, "stat")
    assert status == 1 << next(bit.bit for bit in regmap.STATUS_BITS if bit.name == "DONE")


@pytest.mark.parametrize("case", CASES)
def test_mixed_shell(case: str) -> None:
    shape = CASES[case]
    parameters = {
        "IN_W": shape.sizes[0],
        "OUT_N": shape.sizes[-1],
        "ADC_BITS": shape.adc_bits,
        **shape.parameters,
    }
    run_icarus(
        "mixed_shell",
        SOURCES,
        __file__,
        parameters=parameters,
        extra_env={"MIXED_SHAPE": json.dumps(asdict(shape))},
    )
