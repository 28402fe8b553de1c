# SPDX-License-Identifier: Apache-2.0
"""design : a design point of the spiking macro, `kind: stt_bsnn` in cosim/designs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, model_validator

from cosim.design import Clock, DesignFile, Solver, design_names, read_design
from cosim.design_section import Section
from cosim.design_section import quantity as _q

__all__ = ["KIND", "BsnnDesign", "bsnn_names", "load_bsnn"]

KIND = "stt_bsnn"


class SttMtj(Section):
    """Junction of a cell, veriloga/stt_mtj_read.va."""

    ra_ohm_um2: float = _q("ohm.um2", "resistance-area product, parallel state", gt=0)
    tmr0: float = _q("1", "tunnel magnetoresistance at zero bias; 1 = 100 %", gt=0, lt=8)
    diameter_nm: float = _q("nm", "diameter", gt=0)
    v_h_v: float = _q("V", "voltage that halves the TMR", gt=0)
    bias_dependent: bool = Field(description="TMR falls with bias; false: linear junctions")


class AccessFet(Section):
    """Transistor between junction and source line; one card fin is 0.1 um of width."""

    width_um: float = _q("um", "width", gt=0)
    gate_v: float = _q("V", "word line, selected", gt=0)
    body_shift_v: float = _q("V", "rise of the threshold by the source line's height", ge=0, lt=0.3)


class SttDevice(Section):
    """Devices of a cell."""

    mtj: SttMtj
    access: AccessFet


class RowLines(Section):
    """A row of cells on one source line, and the bit lines that all rows share."""

    inputs: int = Field(ge=1, le=4096, description="cells of a row")
    read_v: float = _q("V", "bit line that carries the input; the other stands at 0", gt=0)
    driver_ohm: float = _q("ohm", "bit line driver over the rows it is wide for", ge=1e-3, le=1e5)
    rise_ps: int = _q("ps", "0 to 100 % edge of bit and word lines", ge=1)
    bl_cell_f: float = _q("F", "bit line per row: wire and junction's electrode", ge=0)
    bl_driver_f: float = _q("F", "drains of a bit line's driver, per row", ge=0)
    predriver_f: float = _q("F", "gates of a pair's drivers, per row, at the logic supply", ge=0)
    sl_cell_f: float = _q("F", "source line per cell, wire alone", gt=0)
    wl_cell_f: float = _q("F", "word line per cell, wire alone", ge=0)
    wl_ohm: float = _q("ohm", "word line driver", gt=0)
    ground_ohm: float = _q("ohm", "source line to ground while the lines are off", gt=0)


class Threshold(Section):
    """A row's threshold: an R-2R ladder between two reference lines."""

    bits: int = Field(ge=4, le=14, description="bits of the threshold code")
    unit_ohm: float = _q("ohm", "R of the ladder", gt=0)
    margin_steps: float = _q("1", "range beyond none and all matching, in matches", gt=0.5)
    load_f: float = _q("F", "at the ladder's output", gt=0)


class Latch(Section):
    """The row's clocked comparator and spike driver, veriloga/sense_latch.va."""

    vdd_v: float = _q("V", "supply of latch and spike driver", gt=0)
    tau_ps: float = _q("ps", "time constant of regeneration", gt=0)
    gain: float = _q("1", "input voltage to latch voltage in one time constant", gt=0)
    reset_ps: float = _q("ps", "time constant of the reset", gt=0)
    on_v: float = _q("V", "width of the clock's switching threshold", gt=0)
    drive_ohm: float = _q("ohm", "output resistance of the spike driver", gt=0)
    load_f: float = _q("F", "spike wire", gt=0)
    internal_f: float = _q("F", "what a clock cycle charges inside", ge=0)
    input_f: float = _q("F", "capacitance of each input", gt=0)
    edge_ps: int = _q("ps", "0 to 100 % edge of the clock", ge=1)


class BsnnTiming(Section):
    """One time step: lines on, then strobe, then off."""

    settle_ps: int = _q("ps", "lines on to strobe", ge=10)
    sense_ps: int = _q("ps", "strobe to lines off", ge=10)


class BsnnVariation(Section):
    """Spread over cells and rows, noise of a decision; nothing varies until it is asked for."""

    r_sigma: float = _q("1", "relative spread of a junction's parallel resistance", ge=0, le=0.5)
    tmr_sigma: float = _q("1", "relative spread of a junction's TMR", ge=0, le=0.5)
    vt_sigma_v: float = _q("V", "spread of an access transistor's threshold", ge=0, le=0.1)
    offset_sigma_v: float = _q("V", "spread of a latch's offset before trimming", ge=0, le=0.1)
    noise_v: float = _q("V", "noise of one decision at the latch's input", ge=0, le=0.1)


class BsnnDesign(DesignFile):
    """One design point of the spiking macro."""

    kind: ClassVar[str] = KIND

    clock: Clock
    device: SttDevice
    row: RowLines
    threshold: Threshold
    latch: Latch
    timing: BsnnTiming
    variation: BsnnVariation
    solver: Solver

    @model_validator(mode="after")
    def _ladder_resolves_a_match(self) -> BsnnDesign:
        span = self.row.inputs + 2 * self.threshold.margin_steps
        if (1 << self.threshold.bits) < 2 * span:
            raise ValueError(
                f"threshold.bits {self.threshold.bits} gives less than two codes a match"
                f" over {self.row.inputs} inputs"
            )
        return self

    def resolved_yaml(self) -> str:
        """The whole design as a design file."""
        return f"kind: {KIND}\n{super().resolved_yaml()}"


def bsnn_names() -> list[str]:
    """Names of the shipped designs of this kind."""
    return design_names(KIND)


def load_bsnn(name_or_path: str | Path, sets: Sequence[str] = ()) -> BsnnDesign:
    """The design of that name or file, with `--set` texts laid over."""
    return read_design(BsnnDesign, KIND, name_or_path, sets)
