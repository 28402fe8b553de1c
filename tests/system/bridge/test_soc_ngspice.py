# SPDX-License-Identifier: Apache-2.0
"""test_soc_ngspice : a small stack in ngspice under the real SoC, and the death of its worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_firmware import build_firmware

from cosim.analog.factory import make_engine
from cosim.bridge.soc import SocRun, run_soc
from cosim.bridge.soc_config import MacroSpec
from cosim.bridge.soc_pins import MacroPins
from cosim.design import load_design
from cosim.errors import WorkerLostError
from cosim.mapping.packing import pack
from cosim.trace.events import Evaluation, Programmed

SIZES = (20, 6, 4)
DESIGN = "imac_14nm"
SETTLE, CLK_PS = 8, 1000
DIES_WITHIN_S = 10.0

rng = np.random.default_rng(9)
WEIGHTS = tuple(rng.choice([-1, 1], size=(a + 1, b)).astype(np.int8) for a, b in pairwise(SIZES))
BITS = rng.integers(0, 2, (3, SIZES[0]))


def small_run(folder: Path) -> SocRun:
    image = build_firmware(
        folder / "fw",
        words=[[int(word) for word in pack(WEIGHTS)]],
        inputs=[[[sum(int(bit) << i for i, bit in enumerate(bits))]] for bits in BITS],
        settle=SETTLE,
    )
    return SocRun(
        image=image,
        run_dir=folder / "run",
        macros=(
            MacroSpec(
                name="imac0",
                kind="ngspice",
                sizes=SIZES,
                pins=MacroPins(in_w=SIZES[0], out_n=SIZES[-1]),
                design=DESIGN,
            ),
        ),
        ram_words=16384,
        simulator="icarus",
        wall_limit_s=300.0,
    )


def alone(bits: np.ndarray) -> list[int]:
    """Codes of the same circuit driven directly, without RTL."""
    engine = make_engine("ngspice", "alone", load_design(DESIGN), SIZES)
    names = [f"in[{i}]" for i in range(SIZES[0])]
    codes = tuple(f"code[{j}]" for j in range(SIZES[-1]))
    try:
        engine.program(tuple(layer.astype(float) for layer in WEIGHTS))
        engine.start(0, {"en": 0, **dict.fromkeys(names, 0)})
        engine.advance(5000, stop_on_crossing=False)
        engine.drive(5000, {"en": 1, **{n: int(b) for n, b in zip(names, bits, strict=True)}})
        engine.advance(5000 + SETTLE * CLK_PS, stop_on_crossing=False)
        found = engine.sample(codes).codes
    finally:
        engine.close()
    return [found[code] for code in codes]


def test_codes_through_the_soc_are_those_of_the_circuit(tmp_path: Path) -> None:
    outcome = run_soc(small_run(tmp_path))
    assert outcome.complete
    codes = [list(evaluation.codes) for evaluation in outcome.evaluations]
    for got, bits in zip(codes, BITS, strict=True):
        # One code of 256: the solver's own step control differs with the stops that the RTL makes.
        assert np.abs(np.subtract(got, alone(bits))).max() <= 1
    printed = [list(bytes.fromhex(line.strip()))[::-1] for line in outcome.console.splitlines()]
    assert printed == codes
    assert len({tuple(row) for row in codes}) > 1
    for evaluation in outcome.evaluations:
        assert evaluation.energy_j > 0.0
        assert sum(evaluation.energy_by_group.values()) == pytest.approx(evaluation.energy_j)
    (total,) = outcome.energies["imac0"]
    parts = sum(getattr(event, "energy_j", 0.0) for event in outcome.events)
    assert parts == pytest.approx(total.total_j, rel=1e-9)


def workers_of(run_dir: Path) -> list[int]:
    """Processes in the simulator's group besides itself."""
    leaders, members = [], []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] in ("Z", "X"):
            continue
        if str(run_dir).encode() in command and int(fields[2]) == int(folder.name):
            leaders.append(int(folder.name))
        members.append((int(folder.name), int(fields[2])))
    return [pid for pid, group in members if group in leaders and pid not in leaders]


@pytest.mark.parametrize(
    ("moment", "how"),
    [
        (Programmed, signal.SIGKILL),
        (Evaluation, signal.SIGKILL),
        (Evaluation, signal.SIGSTOP),
    ],
)
def test_a_lost_worker_ends_the_run_with_macro_and_time(
    moment: type, how: signal.Signals, tmp_path: Path, patience: Callable[[float], float]
) -> None:
    run = small_run(tmp_path)
    killed_s: list[float] = []

    def kill(event: object) -> None:
        if isinstance(event, moment) and not killed_s:
            (pid,) = workers_of(run.run_dir)
            os.kill(pid, how)
            killed_s.append(time.monotonic())

    with pytest.raises(WorkerLostError, match=r"macro=imac0, t_ps=\d+") as caught:
        run_soc(run, progress=kill)
    assert time.monotonic() - killed_s[0] < patience(DIES_WITHIN_S)
    assert caught.value.macro == "imac0"
    assert not workers_of(run.run_dir)
