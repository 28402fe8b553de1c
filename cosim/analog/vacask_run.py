# SPDX-License-Identifier: Apache-2.0
"""vacask_run : runs one input file to its end with the VACASK program."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cosim import tools
from cosim.analog.ngspice_run import Plot, read_raw
from cosim.analog.vacask_deck import Source, vacask_deck
from cosim.errors import CircuitError, ConvergenceError

__all__ = ["run_vacask"]

TIMEOUT_S = 600.0
OPTIONS = {
    "reltol": "1e-6",
    "vntol": "1e-9",
    "abstol": "1e-13",
    "rawfile": '"binary"',
}


def run_vacask(
    netlist: str,
    instance: str,
    sources: Mapping[str, Source],
    *,
    models: Sequence[Path],
    analysis: str = "op",
    options: Mapping[str, str] | None = None,
) -> Plot:
    """Vectors by node: `x:inner`, `sourceN:flow(br)`, `time`, as VACASK names them.

    `instance` is one SPICE line that places the netlist's subcircuit; `sources` drive its nodes.
    """
    libraries = [tools.compile_va(model) for model in models]
    with tempfile.TemporaryDirectory(prefix="cosim-vacask-") as top:
        folder = Path(top)
        for place, library in enumerate(libraries):
            (folder / f"model{place}.osdi").symlink_to(library)
        deck = vacask_deck(
            netlist,
            instance,
            sources,
            osdi=[f"model{place}.osdi" for place in range(len(libraries))],
            options={**OPTIONS, **(options or {})},
            analysis=analysis,
        )
        (folder / "deck.sim").write_text(deck)
        try:
            done = subprocess.run(
                [str(tools.vacask()), "-sp", "-qp", "deck.sim"],
                cwd=folder,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ConvergenceError(f"VACASK: no result within {TIMEOUT_S:g} s") from error
        raw = folder / "out.raw"
        plots = read_raw(raw.read_bytes()) if raw.exists() else []
    if done.returncode != 0 or not plots:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise CircuitError(f"VACASK: {' '.join(lines[-4:]) or f'exit {done.returncode}'}")
    plot = plots[-1]
    if not all(vector.size and np.isfinite(vector).all() for vector in plot.values()):
        raise ConvergenceError("VACASK: its answer has no points, or is not a number")
    return plot
