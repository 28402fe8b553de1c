# SPDX-License-Identifier: Apache-2.0
"""test_soc_dma : transfers end as copies of rows in a byte array, and errors stop them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cocotb
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

from cosim import regmap

RAM_WORDS, EXT_WORDS = 1024, 2048
PAGE_BYTES = 1024
INDEX = {r.name: r.offset // 4 for r in regmap.device("DMA").registers}
CTRL = {b.name: 1 << b.bit for b in regmap.DMA_CTRL_BITS}
STATUS = {b.name: 1 << b.bit for b in regmap.DMA_STATUS_BITS}
ERRORS = STATUS["ERR_ALIGN"] | STATUS["ERR_RANGE"] | STATUS["ERR_BUSY"]
IDLE = {
    "i_bus_wr": 0, "i_bus_index": 0, "i_bus_wdata": 0, "i_ram_ready": 0, "i_ram_rdata": 0,
    "i_ext_ready": 0, "i_ext_wready": 0, "i_ext_rvalid": 0, "i_ext_rdata": 0,
}  # fmt: skip


@dataclass
class Job:
    """One transfer, as its registers hold it."""

    ext: int
    ram: int
    row: int
    rows: int
    ext_stride: int
    ram_stride: int
    to_ext: bool

    def fits(self, k: int) -> bool:
        ext, ram = self.ext + k * self.ext_stride, self.ram + k * self.ram_stride
        return ext + self.row <= 4 * EXT_WORDS and ram + self.row <= 4 * RAM_WORDS


@dataclass
class World:
    """Both memories as words, and the other ends of both handshakes, with stalls."""

    tb: Bench
    ram: list[int]
    ext: list[int]
    burst: tuple[bool, int, int] | None = None  # write, word, words left
    read: int | None = None  # what the RAM answers in this cycle
    bursts: list[tuple[bool, int, int]] = field(default_factory=list)

    async def cycle(self, **bus: int) -> None:
        tb, dut = self.tb, self.tb.dut
        tb.drive(**{"i_bus_wr": 0, **bus})
        tb.drive(i_ram_ready=int(maybe(tb.rng, 0.6)), i_ext_ready=0, i_ext_wready=0, i_ext_rvalid=0)
        tb.drive(i_ram_rdata=tb.rng.getrandbits(32) if self.read is None else self.read)
        if self.burst is None:
            tb.drive(i_ext_ready=int(maybe(tb.rng, 0.5)))
        elif self.burst[0]:
            tb.drive(i_ext_wready=int(maybe(tb.rng, 0.7)))
        else:
            valid = maybe(tb.rng, 0.7)
            tb.drive(i_ext_rvalid=int(valid), i_ext_rdata=self.ext[self.burst[1]] if valid else 0)
        await tb.settled()
        self.read = None
        if int(dut.o_ram_valid.value) and int(dut.i_ram_ready.value):
            at = int(dut.o_ram_addr.value)
            assert at % 4 == 0
            if int(dut.o_ram_we.value):
                self.ram[at // 4] = int(dut.o_ram_wdata.value)
            else:
                self.read = self.ram[at // 4]
        self.outside()
        await tb.edge()

    def outside(self) -> None:
        dut = self.tb.dut
        if self.burst is None:
            if int(dut.o_ext_valid.value) and int(dut.i_ext_ready.value):
                at, words = int(dut.o_ext_addr.value), int(dut.o_ext_len.value)
                assert at % 4 == 0
                assert 1 <= words <= PAGE_BYTES // 4
                assert at // PAGE_BYTES == (at + 4 * words - 1) // PAGE_BYTES, "crosses a page"
                self.burst = (bool(int(dut.o_ext_we.value)), at // 4, words)
                self.bursts.append(self.burst)
            return
        write, at, left = self.burst
        moved = int(dut.i_ext_wready.value) and int(dut.o_ext_wvalid.value)
        if write and moved:
            self.ext[at] = int(dut.o_ext_wdata.value)
        if not write:
            moved = int(dut.i_ext_rvalid.value) and int(dut.o_ext_rready.value)
        if moved:
            self.burst = (write, at + 1, left - 1) if left > 1 else None

    async def write(self, name: str, value: int) -> None:
        await self.cycle(i_bus_wr=1, i_bus_index=INDEX[name], i_bus_wdata=value)

    async def value(self, name: str) -> int:
        self.tb.drive(i_bus_index=INDEX[name])
        await self.cycle()
        return int(self.tb.dut.o_bus_rdata.value)

    async def start(self, job: Job, *, irq: bool = False) -> None:
        values = (job.ext, job.ram, job.row, job.rows, job.ext_stride, job.ram_stride)
        for name, value in zip(INDEX, values, strict=False):
            await self.write(name, value & 0xFFFF_FFFF)
        bits = CTRL["START"] | job.to_ext * CTRL["TO_EXT"] | irq * CTRL["IRQ_EN"]
        await self.write("CTRL", bits)

    async def end(self) -> int:
        for _ in range(40_000):
            status = await self.value("STATUS")
            if not status & STATUS["BUSY"]:
                return status
        raise AssertionError("the transfer does not end")


async def world(dut: Any, seed: int) -> World:
    tb = Bench(dut, seed=seed)
    await tb.reset(**IDLE)
    ram, ext = ([tb.rng.getrandbits(32) for _ in range(n)] for n in (RAM_WORDS, EXT_WORDS))
    return World(tb, ram, ext)


def moved(job: Job, ram: list[int], ext: list[int]) -> tuple[list[int], list[int], int]:
    """Both memories and the rows moved, from the definition: row by row until one does not fit."""
    ram, ext = list(ram), list(ext)
    for k in range(job.rows):
        if not job.fits(k):
            return ram, ext, k
        for i in range(job.row // 4):
            outside = (job.ext + k * job.ext_stride) // 4 + i
            inside = (job.ram + k * job.ram_stride) // 4 + i
            if job.to_ext:
                ext[outside] = ram[inside]
            else:
                ram[inside] = ext[outside]
    return ram, ext, job.rows


@cocotb.test()
async def rows_are_copied_until_one_does_not_fit(dut: Any) -> None:
    w = await world(dut, 3)
    rng = w.tb.rng
    ended, words = {True: 0, False: 0}, 0
    for turn in range(24):
        row = 4 * rng.choice((1, 2, 9, 64, 270))
        job = Job(
            ext=4 * rng.randrange(EXT_WORDS - 8),
            ram=4 * rng.randrange(RAM_WORDS - 8),
            row=row,
            rows=rng.choice((1, 1, 2, 5)),
            ext_stride=rng.choice((0, row, row + 4 * rng.randrange(9))),
            ram_stride=rng.choice((row, row + 4 * rng.randrange(9))),
            to_ext=maybe(rng, 0.5),
        )
        ram, ext, rows = moved(job, w.ram, w.ext)
        await w.start(job, irq=turn % 2 == 1)
        assert int(dut.o_irq.value) == 0
        for name in ("EXT_ADDR", "ROWS"):  # they may be written while the engine works
            await w.write(name, 4 * rng.randrange(50))
        status = await w.end()
        whole = rows == job.rows
        assert status & (STATUS["DONE"] | ERRORS) == STATUS["DONE" if whole else "ERR_RANGE"]
        assert bool(status & STATUS["IRQ"]) == bool(int(dut.o_irq.value)) == (turn % 2 == 1)
        assert w.ram == ram
        assert w.ext == ext
        ended[whole] += 1
        words += rows * row // 4
        assert await w.value("WORDS") == words
        await w.write("CTRL", CTRL["CLEAR"])
        assert await w.value("STATUS") == 0
    assert min(ended.values()) > 3, ended
    assert {write for write, _, _ in w.bursts} == {True, False}


@cocotb.test()
async def a_start_of_no_whole_words_or_of_nothing_is_refused(dut: Any) -> None:
    w = await world(dut, 4)
    good = {"ext": 64, "ram": 128, "row": 16, "rows": 2, "ext_stride": 16, "ram_stride": 32}
    wrong = [{name: value + 2} for name, value in good.items() if name != "rows"]
    for change in (*wrong, {"row": 0}, {"rows": 0}):
        ram = list(w.ram)
        await w.start(Job(**{**good, **change}, to_ext=False))
        for _ in range(20):
            await w.cycle()
        assert await w.value("STATUS") == STATUS["ERR_ALIGN"], change
        assert w.ram == ram
        await w.write("CTRL", CTRL["CLEAR"])
    assert not w.bursts


@cocotb.test()
async def a_start_while_busy_is_an_error_and_changes_nothing(dut: Any) -> None:
    w = await world(dut, 5)
    job = Job(ext=0, ram=0, row=256, rows=2, ext_stride=256, ram_stride=256, to_ext=False)
    ram, ext, _ = moved(job, w.ram, w.ext)
    await w.start(job, irq=True)
    await w.write("CTRL", CTRL["START"] | CTRL["TO_EXT"] | CTRL["IRQ_EN"])
    await w.cycle()
    assert int(dut.o_irq.value) == 1
    assert await w.value("STATUS") == STATUS["BUSY"] | STATUS["IRQ"] | STATUS["ERR_BUSY"]
    assert await w.end() == STATUS["DONE"] | STATUS["IRQ"] | STATUS["ERR_BUSY"]
    assert (w.ram, w.ext) == (ram, ext)
    await w.write("CTRL", CTRL["START"])  # DONE falls with the next start, errors stay
    assert await w.value("STATUS") & ~STATUS["BUSY"] == STATUS["ERR_BUSY"]
    await w.end()


@cocotb.test()
async def registers_read_back_what_was_written(dut: Any) -> None:
    w = await world(dut, 6)
    for name in ("EXT_ADDR", "RAM_ADDR", "ROW_BYTES", "EXT_STRIDE", "RAM_STRIDE"):
        value = w.tb.rng.getrandbits(32)
        await w.write(name, value)
        assert await w.value(name) == value
    await w.write("ROWS", 0xABCD_1234)
    assert await w.value("ROWS") == 0x1234
    await w.write("CTRL", CTRL["TO_EXT"] | CTRL["IRQ_EN"] | CTRL["CLEAR"])
    assert await w.value("CTRL") == CTRL["TO_EXT"] | CTRL["IRQ_EN"]


def test_soc_dma() -> None:
    sources = [RTL / f"soc/{name}.v" for name in ("soc_dma", "soc_dma_regs", "soc_dma_engine")]
    sizes = {"RAM_WORDS": RAM_WORDS, "EXT_WORDS": EXT_WORDS}
    run_icarus("soc_dma", sources, __file__, parameters=sizes)
