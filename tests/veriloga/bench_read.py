# SPDX-License-Identifier: Apache-2.0
"""bench_read : what one evaluation of each read model costs in ngspice, beside plain resistors.

    python tests/veriloga/bench_read.py [--inputs 200] [--columns 64] [--threads 1]

One column has two output lines; lines end in 1 kohm and 10 fF; 2 ns of input ramps. Prints per
synapse (two cells): nanoseconds of matrix load per Newton iteration, best of three runs.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from cosim import tools

VERILOGA = Path(__file__).resolve().parents[2] / "veriloga"
RUNS = 3
SYNAPSE = {  # lines of one synapse: {i} input, {j} column, {p} and {n} states, {rp} and {rn} ohms
    "resistors": "rp{i}_{j} in{i} p{j} {rp}\nrn{i}_{j} in{i} n{j} {rn}",
    "sot_cell_read": "np{i}_{j} in{i} p{j} cell state={p}\nnn{i}_{j} in{i} n{j} cell state={n}",
    "sot_synapse_read": "ns{i}_{j} in{i} p{j} n{j} cell state={p} state_n={n}",
    "sot_synapse_meter": "ns{i}_{j} in{i} p{j} n{j} watts cell state={p} state_n={n}",
}


def deck(kind: str, inputs: int, columns: int, threads: int) -> str:
    """A crossbar of random weights whose inputs ramp between -0.8 and 0.8 V."""
    rng = np.random.default_rng(1)
    lines = [f"* {kind}"]
    for i in range(inputs):
        start, end = rng.choice([-0.8, 0.8], 2)
        lines.append(f"vi{i} in{i} 0 pwl 0 0 10p {start} 1n {end}")
    for j in range(columns):
        lines += [f"r{s}{j} {s}{j} 0 1k\nc{s}{j} {s}{j} 0 10f" for s in "pn"]
    for i in range(inputs):
        for j in range(columns):
            p = int(rng.integers(2))
            ohms = (8738.0, 25715.0)
            lines.append(SYNAPSE[kind].format(i=i, j=j, p=p, n=1 - p, rp=ohms[p], rn=ohms[1 - p]))
    control = [f"set num_threads={threads}"]
    if kind != "resistors":
        lines += [f".model cell {kind}", "vw watts 0 0"]
        control.append(f"pre_osdi {tools.compile_va(VERILOGA / f'{kind}.va')}")
    control += ["tran 20p 2n", "rusage all", "quit"]
    return "\n".join(
        [*lines, ".option klu", ".save v(p0)", ".control", *control, ".endc", ".end", ""]
    )


def load_ns(text: str, synapses: int, folder: Path) -> float:
    """Nanoseconds of matrix load per synapse and iteration of one run."""
    path = folder / "bench.cir"
    path.write_text(text)
    tool = tools.ngspice()
    output = subprocess.run(
        tool.batch("-b", str(path)),
        env={**os.environ, **tool.env},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seconds = re.search(r"Transient load time = ([\d.e+-]+)", output)
    iterations = re.search(r"Transient iterations = (\d+)", output)
    if seconds is None or iterations is None:
        raise RuntimeError(f"no run statistics in: {output[-300:]}")
    return 1e9 * float(seconds[1]) / int(iterations[1]) / synapses


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of the read models in ngspice.")
    parser.add_argument("--inputs", type=int, default=200)
    parser.add_argument("--columns", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        for kind in SYNAPSE:
            text = deck(kind, options.inputs, options.columns, options.threads)
            synapses = options.inputs * options.columns
            best = min(load_ns(text, synapses, Path(folder)) for _ in range(RUNS))
            print(f"{kind:18} {best:8.1f} ns per synapse and iteration")


if __name__ == "__main__":
    main()
