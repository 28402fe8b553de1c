# SPDX-License-Identifier: Apache-2.0
"""flow_compare : the same images without and with the macro, then both side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cosim.design import design_kind
from cosim.flow import Progress, run_application
from cosim.flow_inputs import CPU_ONLY, RunOptions
from cosim.macros import KINDS
from cosim.report.compare import Comparison
from cosim.report.write import write_comparison
from cosim.trace.run_folder import RunFolder

__all__ = ["CPU_FOLDER", "run_comparison"]

CPU_FOLDER = "cpu"


def run_comparison(
    options: RunOptions,
    open_folder: Callable[[], RunFolder],
    command: str,
    *,
    progress: Progress | None = None,
    clock: Callable[[], float],
) -> tuple[Path, Comparison]:
    """Two runs in folders `cpu` and one named after the macro; compare.json and report.html too."""
    base: list[RunFolder] = []

    def inside(name: str) -> Callable[[], RunFolder]:
        def open_one() -> RunFolder:
            if not base:
                base.append(open_folder())
            return RunFolder(base[0].path / name)

        return open_one

    def tell(offset: int) -> Progress | None:
        if progress is None:
            return None
        return lambda text, done: progress(text, offset + done)

    first = replace(options, engine=CPU_ONLY, trace=None, saif=None, trace_functions=False)
    old, _ = run_application(first, inside(CPU_FOLDER), progress=tell(0), clock=clock)
    new, _ = run_application(
        options,
        inside(KINDS[design_kind(options.design)].name),
        progress=tell(options.images),
        clock=clock,
    )
    return base[0].path, write_comparison(base[0].path, old.path, new.path, command)
