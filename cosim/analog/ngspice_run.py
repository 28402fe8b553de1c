# SPDX-License-Identifier: Apache-2.0
"""ngspice_run : runs one deck to its end with the ngspice program, to measure single circuits."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.ngspice_failure import circuit_error
from cosim.analog.ngspice_world import Status
from cosim.errors import NetlistError, WorkerLostError

__all__ = ["Plot", "read_raw", "run_deck", "run_plots"]

Plot = dict[str, NDArray[np.float64]]


def run_deck(
    text: str,
    *,
    models: Sequence[Path] = (),
    include: Sequence[Path] = (),
    timeout_s: float = 300.0,
    name: str = "deck",
) -> Plot:
    """The vectors of the deck's last analysis by name (`time`, `v(out)`, `i(v1)`, ...).

    `models` are Verilog-A files, compiled and loaded before the deck is read; `text` needs no title
    line of its own and no `.end`. A complex vector becomes its magnitude.
    """
    plots = run_plots(text, models=models, include=include, timeout_s=timeout_s, name=name)
    return plots[-1]


def run_plots(
    text: str,
    *,
    models: Sequence[Path] = (),
    include: Sequence[Path] = (),
    timeout_s: float = 300.0,
    name: str = "deck",
) -> list[Plot]:
    """Like `run_deck`, one plot per analysis in the order of the deck."""
    tool = tools.ngspice()
    libraries = [tools.compile_va(model, include=include) for model in models]
    with tempfile.TemporaryDirectory(prefix="cosim-deck-") as top:
        folder = Path(top)
        loads = []
        for place, library in enumerate(libraries):
            link = folder / f"model{place}.osdi"  # ngspice folds the case of paths
            link.symlink_to(library)
            loads.append(f"pre_osdi {link.name}")
        control = [".control", *loads, ".endc"] if loads else []
        deck = "\n".join([f"* {name}", *control, text.rstrip(), ".end", ""])
        (folder / "deck.cir").write_text(deck)
        (folder / ".spiceinit").write_text("set num_threads=1\n")  # instead of the user's own file
        try:
            done = subprocess.run(
                tool.batch("-b", "-r", "out.raw", "deck.cir"),
                cwd=folder,
                env={**os.environ, **tool.env},
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise WorkerLostError(f"{name}: no result within {timeout_s} s") from error
        raw = folder / "out.raw"
        log = done.stdout + done.stderr
        plots = read_raw(raw.read_bytes()) if raw.exists() else []
        if done.returncode != 0 or not plots or not all(_complete(plot) for plot in plots):
            raise circuit_error(
                name=name,
                status=Status.FAILED,
                loads=int("Doing analysis" in log and "can't find model" not in log),
                accepted=sum(vector.size for plot in plots for vector in plot.values()),
                t_ps=0,
                log=log,
            )
        return plots


def _complete(plot: Plot) -> bool:
    return all(vector.size > 0 and bool(np.isfinite(vector).all()) for vector in plot.values())


def read_raw(data: bytes) -> list[Plot]:
    """Every plot of a binary ngspice raw file."""
    plots: list[Plot] = []
    place = 0
    while True:
        mark = data.find(b"Binary:\n", place)
        if mark < 0:
            return plots
        head = data[place:mark].decode(errors="replace").splitlines()
        fields = {
            key.strip(): value.strip() for key, _, value in (line.partition(":") for line in head)
        }
        try:
            count, points = int(fields["No. Variables"]), int(fields["No. Points"])
        except (KeyError, ValueError) as error:
            raise NetlistError("ngspice wrote a raw file that cannot be read") from error
        names = [line.split()[1].lower() for line in head if line.startswith("\t")][:count]
        is_complex = "complex" in fields.get("Flags", "")
        dtype = np.dtype(np.complex128 if is_complex else np.float64)
        start = mark + len(b"Binary:\n")
        size = count * points * dtype.itemsize
        table = np.frombuffer(data[start : start + size], dtype=dtype).reshape(points, count)
        values = np.asarray(np.abs(table) if is_complex else table, dtype=np.float64)
        plots.append({key: values[:, k].copy() for k, key in enumerate(names)})
        place = start + size
