# SPDX-License-Identifier: Apache-2.0
"""soc_trace : what a SoC run records beside its events, and the build and plusargs that takes.

Files in the run folder: trace.fst or trace.saif (one build writes one of them), calls.txt. A run
that asks for nothing has the same model as ever: nothing of this is built in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosim.bridge.build import TraceKind
from cosim.errors import RunFolderError, UserInputError
from cosim.trace.fst import check_fst
from cosim.trace.symbols import Functions, entries_text
from cosim.trace.window import Window

__all__ = ["CALLS_FILE", "NO_TRACE", "Tracing"]

CALLS_FILE = "calls.txt"
ENTRIES_FILE = "functions.mem"


@dataclass(frozen=True, kw_only=True)
class Tracing:
    """`kind` within `window`; analog values every `grid_ps`. `functions`: calls and returns too."""

    kind: TraceKind | None = None
    window: Window | None = None
    grid_ps: int = 50
    functions: Functions | None = None

    def __post_init__(self) -> None:
        if (self.kind is None) != (self.window is None):
            raise UserInputError("a trace needs both a kind and a window")
        if self.grid_ps < 1:
            raise UserInputError(f"the grid of analog samples must be >= 1 ps, got {self.grid_ps}")

    @property
    def parameters(self) -> dict[str, int]:
        """Parameters of sim_top; none in a run without traces, so that its build stays the same."""
        wanted = {"WINDOW": self.kind is not None, "CALLS": self.functions is not None}
        return {name: 1 for name, on in wanted.items() if on}

    @property
    def signals(self) -> tuple[str, ...]:
        """Signals to be visible in addition."""
        return ("o_window",) if self.kind is not None else ()

    def plusargs(self, folder: Path) -> list[str]:
        """What the model is told; writes the files that it reads."""
        words: list[str] = []
        if self.kind is not None and self.window is not None:
            for old in folder.glob(f"trace*.{self.kind}"):  # of a run before in this folder
                old.unlink()
            words += [f"trace={folder / f'trace.{self.kind}'}", *self.window.plusargs()]
        if self.functions is not None:
            (folder / ENTRIES_FILE).write_text(entries_text(self.functions))
            (folder / CALLS_FILE).write_text("")
            words += [f"functions={folder / ENTRIES_FILE}", f"calls={folder / CALLS_FILE}"]
        return words

    def check(self, folder: Path) -> tuple[str, ...]:
        """Warnings about what was recorded; RunFolderError if a file is not whole."""
        if self.kind is None:
            return ()
        files = sorted(folder.glob(f"trace*.{self.kind}"))
        if not files:
            return ("the trace window never opened: there is no trace file",)
        for file in files:
            if self.kind == "fst":
                check_fst(file)
            elif not file.read_text(errors="replace").rstrip().endswith(")"):
                raise RunFolderError(f"{file} is not whole: was the disk full?")
        return ()


NO_TRACE = Tracing()
