# SPDX-License-Identifier: Apache-2.0
"""errors : every error cosim raises on purpose.

CosimError                 exit code 1
+-- UserInputError         2   a file, field or option the user gave is wrong
|   +-- DesignError            design file: unknown key, value out of range
|   +-- ModelError             model file: truncated, wrong shape, weight outside {-1, 0, +1}
|   +-- DatasetError           image folder without IDX files, truncated IDX
|   +-- MacroFileError         .subckt file or pin description
+-- ToolError              3   a tool is missing, too old, or does not start
+-- CircuitError           4   a circuit simulator rejected, lost or could not solve a circuit
|   +-- NetlistError           netlist or Verilog-A model rejected before time 0
|   +-- ConvergenceError       no solution, NaN, step floor
|   +-- WorkerLostError        the engine's process died, hung or answered late
|   +-- RangeError             an answer outside the fitted range of a model
+-- FirmwareError          5   firmware does not build, or ended with a non-zero exit code
+-- RtlError               6   RTL does not build, or a protocol check failed in the run
+-- RunFolderError         7   run folder cannot be written (full disk, read-only)
+-- MismatchError          8   two results that must agree do not
"""

from __future__ import annotations

__all__ = [
    "CircuitError",
    "ConvergenceError",
    "CosimError",
    "DatasetError",
    "DesignError",
    "FirmwareError",
    "MacroFileError",
    "MismatchError",
    "ModelError",
    "NetlistError",
    "RangeError",
    "RtlError",
    "RunFolderError",
    "ToolError",
    "UserInputError",
    "WorkerLostError",
]


class CosimError(Exception):
    """One clear line: what is wrong, where, and the fix. `exit_code` is the command's."""

    exit_code = 1


class UserInputError(CosimError):
    """Something the user gave is wrong."""

    exit_code = 2


class DesignError(UserInputError):
    """A design file has an unknown key or a value out of range."""


class ModelError(UserInputError):
    """A model file is truncated, has shapes that do not chain, or weights outside {-1, 0, +1}."""


class DatasetError(UserInputError):
    """An image folder or IDX file cannot be read."""


class MacroFileError(UserInputError):
    """A macro's .subckt file or pin description is wrong."""


class ToolError(CosimError):
    """A tool is missing, too old, or does not start."""

    exit_code = 3


class CircuitError(CosimError):
    """A circuit could not be solved. `macro`, `t_ps` and `node` say where, when known."""

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        macro: str | None = None,
        t_ps: int | None = None,
        node: str | None = None,
    ) -> None:
        place = [
            f"{key}={value}"
            for key, value in (("macro", macro), ("t_ps", t_ps), ("node", node))
            if value is not None
        ]
        super().__init__(f"{message} [{', '.join(place)}]" if place else message)
        self.macro, self.t_ps, self.node = macro, t_ps, node


class NetlistError(CircuitError):
    """A netlist or a Verilog-A model was rejected before time 0."""


class ConvergenceError(CircuitError):
    """The solver found no solution, a NaN, or fell to its step floor."""


class WorkerLostError(CircuitError):
    """The engine's process died, hung, or answered too late."""


class RangeError(CircuitError):
    """An answer lies outside the fitted range of a model."""


class FirmwareError(CosimError):
    """Firmware does not build, or ended with a non-zero exit code."""

    exit_code = 5


class RtlError(CosimError):
    """RTL does not build, or a protocol check failed in the run."""

    exit_code = 6


class RunFolderError(CosimError):
    """The run folder cannot be written."""

    exit_code = 7


class MismatchError(CosimError):
    """Two results that must agree do not."""

    exit_code = 8
