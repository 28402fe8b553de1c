# SPDX-License-Identifier: Apache-2.0
"""soc_job : a small run of the SoC with closed-form macros, and what its tests ask of processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from fake_engines import expected_codes
from small_firmware import build_firmware

from cosim.bridge.soc import SocOutcome, SocRun, run_soc
from cosim.bridge.soc_config import MacroSpec
from cosim.bridge.soc_pins import MacroPins
from cosim.mapping.packing import pack

__all__ = ["SIZES", "Job", "children_named", "wait_for"]

SIZES = (20, 5, 4)
PINS = MacroPins(in_w=SIZES[0], out_n=SIZES[-1])
CALL = """
import pickle, sys
from pathlib import Path
from cosim.bridge.soc import run_soc
run_soc(pickle.loads(Path(sys.argv[1]).read_bytes()))
"""


@dataclass
class Job:
    """One small run: macros, weights, inputs, and what the codes must be."""

    folder: Path
    kinds: tuple[str, ...] = ("good",)
    evaluations: int = 3
    settle: int = 8
    idle_loops: int = 0
    exit_code: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(5)
        self.weights = [
            tuple(rng.choice([-1, 1], size=(a + 1, b)).astype(np.int8) for a, b in pairwise(SIZES))
            for _ in self.kinds
        ]
        self.bits = rng.integers(0, 2, (max(1, self.evaluations), len(self.kinds), SIZES[0]))
        self.run_dir = self.folder / "run"

    def spec(self) -> SocRun:
        image = build_firmware(
            self.folder / "fw",
            words=[[int(word) for word in pack(stack)] for stack in self.weights],
            inputs=[
                [[sum(int(bit) << i for i, bit in enumerate(bits))] for bits in row]
                for row in self.bits
            ],
            evaluations=self.evaluations,
            settle=self.settle,
            idle_loops=self.idle_loops,
            exit_code=self.exit_code,
        )
        macros = tuple(
            MacroSpec(name=f"m{k}", kind=kind, sizes=SIZES, pins=PINS, factory="fake_engines:make")
            for k, kind in enumerate(self.kinds)
        )
        settings: dict[str, Any] = {
            "image": image,
            "run_dir": self.run_dir,
            "macros": macros,
            "ram_words": 16384,
            "simulator": "icarus",
            "wall_limit_s": 600.0,
        }
        return SocRun(**{**settings, **self.options})

    def run(self) -> SocOutcome:
        return run_soc(self.spec())

    def call(self, log: Path) -> subprocess.Popen[bytes]:
        """The same in a process of its own, which writes to `log`."""
        spec = self.folder / "spec.pickle"
        spec.write_bytes(pickle.dumps(self.spec()))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with log.open("w") as out:
            return subprocess.Popen(
                [sys.executable, "-c", CALL, str(spec)], env=env, stdout=out, stderr=out
            )

    def expected(self) -> list[list[list[int]]]:
        """Codes by evaluation and macro."""
        return [
            [expected_codes(stack, bits) for stack, bits in zip(self.weights, row, strict=True)]
            for row in self.bits
        ]


def children_named(text: str, where: Path | None = None) -> list[int]:
    """Live processes of this user whose command line holds `text`, those that run in `where`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            place = (folder / "cwd").readlink()
        except OSError:
            continue
        if where is not None and place != where.resolve():
            continue
        if text in command and state not in ("Z", "X") and "python -c" not in command:
            found.append(int(folder.name))
    return found


def wait_for(
    condition: Callable[[], bool],
    limit_s: float,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    """Waits until `condition` holds, which `process` is to bring about."""
    end = time.monotonic() + limit_s
    while not condition():
        assert process is None or process.poll() is None, f"ended with {process.returncode}"
        assert time.monotonic() < end, f"not true after {limit_s} s"
        time.sleep(0.05)
