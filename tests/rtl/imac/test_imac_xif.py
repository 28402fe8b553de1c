# SPDX-License-Identifier: Apache-2.0
"""test_imac_xif : the whole co-processor, cycle-exact against models, and its speed.

Random programs over all macros with random timing of every channel; then directed runs.
"""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from cocotb.handle import ArrayObject, ValueObjectBase
from imac.model import INDEX, Op, error_bit
from imac.stimulus import random_op
from imac.system import PARAMETERS, ImacSystem, instr_of
from rtl_runner import COPROCESSOR, RTL, run_icarus
from xif.bench import maybe
from xif.host import Instr, Timing

from cosim import regmap

SMALL = {"IN_W": 40, "OUT_N": 5, "ADC_BITS": 6, "PROG_AW": 4, "CYC_W": 5}
FULL = {"IN_W": 400, "OUT_N": 10, "ADC_BITS": 8, "PROG_AW": 16, "CYC_W": 16}
TIMINGS = (
    Timing(),
    Timing(offer=0.7, operand=0.6, foreign=0.1, verdict=0.6, early=0.5, ready=0.7),
    Timing(offer=1.0, operand=0.3, retract=0.15, foreign=0.1, verdict=0.3, early=0.9, ready=0.3),
    Timing(offer=1.0, operand=1.0, verdict=0.2, early=0.0, ready=1.0),
    Timing(offer=0.3, operand=0.9, retract=0.1, verdict=0.9, early=0.9, ready=0.9),
)
STATUS = {bit.name: 1 << bit.bit for bit in regmap.STATUS_BITS}
CYCLES_EACH = 800
DECOYS = 0.12


@cocotb.test()
async def random_programs_with_random_timing_match_the_models(dut: Any) -> None:
    """Every output in every cycle; every error, stall, kill and overlap must come up."""
    system = ImacSystem(dut, seed=15)
    host = system.host
    await system.reset()
    errors = irqs = unknown = 0
    for timing in TIMINGS:
        host.timing = timing
        for _ in range(CYCLES_EACH):
            while len(host.todo) < 2:
                host.todo.append(random_instr(system))
            await system.step()
            errors |= system.macros[-1].errors
            irqs += any(macro.irq for macro in system.macros)
            unknown += system.err_macro
    await system.run([])
    system.checker.finish()
    wanted = sum(mask for name, mask in STATUS.items() if name.startswith("ERR_"))
    assert errors == wanted & ~error_bit("MACRO_INDEX"), f"{errors:#x}"
    seen = {**system.seen, **host.seen, "irqs": irqs, "unknown": unknown}
    seen["killed"] = system.checker.killed
    seen["rejected"] = system.checker.rejected
    seen["evaluations"] = min(m.regs["COUNT"] for m in system.macros)
    if system.n_macro == 1:
        seen.pop("overlap")
    assert min(seen.values()) > 3, seen
    assert system.checker.results == len(system.results) > 1000


def random_instr(system: ImacSystem) -> Instr:
    """Mostly useful work for a random macro; some decoys, some macros that do not exist."""
    rng = system.rng
    macro = rng.randrange(system.n_macro)
    op = random_op(rng, system.macros[macro])
    if maybe(rng, 0.02):
        macro = rng.choice((system.n_macro, 0x80_0000, 0x100))
    instr = instr_of(op, macro, rd=rng.choice((0, 1, 10, 31)))
    instr.decoy = maybe(rng, DECOYS)
    return instr


def evaluation(words: list[int], macro: int, pops: int) -> list[Instr]:
    """Push, start, wait, pop: what firmware does for one image."""
    ops = [Op("push", value=word) for word in words]
    ops += [Op("start"), Op("wait"), *[Op("pop")] * pops]
    return [instr_of(op, macro) for op in ops]


def cfg(name: str, value: int, macro: int = 0) -> Instr:
    """Write a configuration register."""
    return instr_of(Op("cfg", INDEX[name], value), macro)


def sizes_of(system: ImacSystem) -> tuple[int, int]:
    """Words to push and to pop for a full-size evaluation."""
    return (system.sizes.in_w + 31) // 32, (system.sizes.out_n + 3) // 4


@cocotb.test()
async def an_evaluation_costs_little_more_than_its_settling(dut: Any) -> None:
    """First push offered to last result taken, at one instruction a cycle and at one in three."""
    system = ImacSystem(dut, seed=16)
    await system.reset()
    n_push, n_pop = sizes_of(system)
    settle, conv = 8, 1
    await system.run([cfg("SETTLE_CYCLES", settle), cfg("CONV_CYCLES", conv)], Timing())
    words = [system.rng.getrandbits(32) for _ in range(n_push)]
    begin = system.cycle
    await system.run(evaluation(words, 0, n_pop))
    fastest = system.cycle - begin - settle - conv
    dut._log.info("one instruction a cycle: %d cycles beyond settling and conversion", fastest)
    assert fastest <= n_push + n_pop + 5
    begin = system.cycle
    for instr in evaluation(words, 0, n_pop):
        await system.run([instr])  # waits for each result before the next offer
        await system.step()
    blocking = system.cycle - begin - settle - conv
    dut._log.info("each result awaited: %d cycles beyond settling and conversion", blocking)
    assert blocking <= 3 * (n_push + n_pop + 2)
    assert blocking < 100


@cocotb.test()
async def back_to_back_evaluations_do_not_mix_their_codes(dut: Any) -> None:
    """Pops that are left over do not survive a start; each result belongs to its own evaluation."""
    system = ImacSystem(dut, seed=17)
    await system.reset()
    n_push, n_pop = sizes_of(system)
    timing = Timing(offer=0.8, verdict=0.8, ready=0.8)
    for pops in [n_pop, 0, n_pop, max(0, n_pop - 1), n_pop, n_pop]:
        words = [system.rng.getrandbits(32) for _ in range(n_push)]
        await system.run(evaluation(words, 0, pops), timing)
    status = await system.run([instr_of(Op("pop"), 0), instr_of(Op("stat"), 0)])
    assert status[0] == 0
    assert status[1] & error_bit("POP_EMPTY")
    assert status[1] & STATUS["DONE"]


@cocotb.test()
async def the_interrupt_follows_done_and_its_enable(dut: Any) -> None:
    """Off until enabled, on at done, off with the enable, off with the next start."""
    system = ImacSystem(dut, seed=18)
    await system.reset()
    n_push, _ = sizes_of(system)
    last = system.n_macro - 1

    async def level_after(program: list[Instr]) -> int:
        await system.run(program, Timing())
        await system.step()
        return system.irq

    restart = evaluation([2] * n_push, last, 0)[:-1]
    assert await level_after(evaluation([1] * n_push, last, 0)) == 0
    assert await level_after([cfg("CTRL", 1, last)]) == 1
    assert await level_after([cfg("CTRL", 0, last)]) == 0
    assert await level_after([cfg("CTRL", 1, last), *restart]) == 0
    cycles = 0
    while not system.irq:
        await system.step()
        cycles += 1
    assert cycles < 12
    status = await system.run([instr_of(Op("stat"), last)])
    assert status[0] == STATUS["DONE"] | STATUS["IRQ"]


@cocotb.test()
async def program_words_queue_at_issue_and_none_is_lost(dut: Any) -> None:
    """Offered faster than the macros can take them, all macros at once."""
    system = ImacSystem(dut, seed=19)
    await system.reset()
    for cycles in (1, 2, 7):
        setup = [cfg("PROG_CYCLES", cycles, k) for k in range(system.n_macro)]
        setup += [cfg("PROG_PTR", 0, k) for k in range(system.n_macro)]
        await system.run(setup, Timing())
        writes: list[tuple[int, int, int]] = []
        words = [
            (k, n, system.rng.getrandbits(32)) for n in range(12) for k in range(system.n_macro)
        ]
        system.host.todo = [instr_of(Op("prog", value=w), k) for k, _, w in words]
        while not system.host.idle or any(m.active for m in system.macros):
            await system.step()
            for k, macro in enumerate(system.macros):
                if macro.pins()["o_macro_prog_we"]:
                    writes.append((k, macro.prog_addr, macro.prog_data))
        assert writes == words
        assert all(m.errors == 0 for m in system.macros)


@cocotb.test()
async def nothing_moves_while_idle_or_before_a_commit(dut: Any) -> None:
    """An uncommitted start and push wait for ever; killed, they leave no trace on any pin."""
    system = ImacSystem(dut, seed=20)
    await system.reset()
    n_push, _ = sizes_of(system)
    pushes = [instr_of(Op("push", value=0xFFFF_FFFF), 0) for _ in range(n_push)]
    await system.run(pushes, Timing())
    doomed = [instr_of(Op("start"), 0), instr_of(Op("prog", value=1), 0)]
    for instr in doomed:
        instr.decoy = True
    system.host.timing = Timing(verdict=0.0)
    system.host.todo = doomed
    for _ in range(40):
        await system.step()
    assert len(system.queue) == 1, "the start is held, the prog waits behind it"
    assert int(dut.o_macro_active.value) == 0
    system.host.timing = Timing(retract=1.0)
    for _ in range(10):
        await system.step()
    status = await system.run([instr_of(Op("stat"), 0)], Timing())
    assert status == [0]


def flops(scope: Any) -> list[Any]:
    """Every register of the device, by the house suffix."""
    found = []
    for child in scope:
        if child._name.endswith("_q"):
            found.append(child)
        elif hasattr(child, "__iter__") and not isinstance(child, ArrayObject | ValueObjectBase):
            found += flops(child)
    return found


@cocotb.test()
async def no_register_changes_while_idle(dut: Any) -> None:
    """Noise on the payload of idle channels and on the converters moves nothing inside."""
    system = ImacSystem(dut, seed=21)
    await system.reset()
    n_push, _ = sizes_of(system)
    await system.run(evaluation([3] * n_push, 0, 1), Timing())
    await system.step()
    registers = flops(dut)
    assert len(registers) > 30
    before = [str(register.value) for register in registers]
    for _ in range(50):
        await system.step()
        now = [str(register.value) for register in registers]
        moved = [r._path for r, a, b in zip(registers, before, now, strict=True) if a != b]
        assert not moved, moved


@pytest.mark.parametrize(
    ("n_macro", "sizes"),
    [
        (1, SMALL),
        (3, SMALL),
        (2, FULL),
        pytest.param(2, SMALL, marks=pytest.mark.slow),
        pytest.param(1, FULL, marks=pytest.mark.slow),
    ],
)
def test_imac_xif(n_macro: int, sizes: dict[str, int]) -> None:
    assert set(sizes) == set(PARAMETERS)
    sources = [path for block in COPROCESSOR for path in sorted((RTL / block).glob("*.v"))]
    run_icarus("imac_xif", sources, __file__, parameters={"N_MACRO": n_macro, **sizes})
