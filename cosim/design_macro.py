# SPDX-License-Identifier: Apache-2.0
"""design_macro : design section `macro`: tiles, drivers, amplifiers, buffers, converters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cosim.design_energy import WriteDriver
from cosim.design_section import Section as _Section
from cosim.design_section import quantity as _q

__all__ = ["Macro"]


class Tile(_Section):
    """Size of one crossbar tile in weights."""

    rows: int = Field(ge=1, le=4096, description="inputs of a tile, bias row included")
    cols: int = Field(ge=1, le=4096, description="outputs of a tile")
    split: Literal["full", "even"] = Field(
        default="full", description="full tiles and a rest, or as few tiles of about equal size"
    )


class Access(_Section):
    """Read-access transistor of every cell."""

    enabled: bool = Field(description="a transistor in series with every cell")
    nfin: int = Field(ge=1, description="fins")
    gate_v: float = _q("V", "gate voltage of a selected row", gt=0)


class Driver(_Section):
    """Input driver: one per tile row, all rows of an input from one registered bit."""

    r_ohm: float = _q("ohm", "output resistance of one tile row's driver", ge=1e-12, le=1e6)
    rise_ps: int = _q("ps", "0 to 100 % edge", ge=1)


class Partition(_Section):
    """How the column partitions of one output come together."""

    outputs: Literal["summed", "tied"] = Field(
        description="summed: I lines join, one amplifier; tied: an amplifier each, outputs tied"
    )
    tie_ohm: float = _q("ohm", "resistance of the tie between amplifier outputs", ge=1e-9, le=1e6)
    join_ohm: float = _q(
        "ohm", "from a tile's I line to the common line, with wires", ge=1e-9, le=1e6
    )


class Amplifier(_Section):
    """Differential amplifier of one output: r1, gain*r1 and an op-amp, veriloga/diff_amp.va."""

    kind: Literal["ideal", "realisable"] = Field(
        description="op-amp: exact with clipped output, or diff_amp.va"
    )
    r1_ohm: float = _q("ohm", "input resistor", ge=1, le=1e9)
    gain_hidden: float = _q("1", "feedback over input resistor, hidden layers", gt=0)
    gain_output: float = _q("1", "feedback over input resistor, last layer", gt=0)
    reference: Literal["shifted", "ground"] = Field(
        description="other end of the non-inverting feedback resistor: neuron.shift_v, or ground"
    )
    a0: float = _q("1", "open-loop gain at DC", gt=1, le=1e6)
    gbw_hz: float = _q("Hz", "gain-bandwidth product", gt=0)
    slew_v_per_s: float = _q("V/s", "slew rate", gt=0)
    rail_v: float = _q("V", "supplies are +rail and -rail", gt=0)
    head_v: float = _q("V", "distance from each rail at which the output stops", ge=0)
    rout_ohm: float = _q("ohm", "open-loop output resistance", gt=0)
    iq_a: float = _q("A", "supply current that never reaches the output", ge=0)
    iab_a: float = _q("A", "standing current of the output pair", ge=0)


class Buffer(_Section):
    """Unity buffer between a hidden neuron and the next layer's lines, veriloga/buffer_amp.va."""

    enabled: bool = Field(description="false: the neuron drives the lines itself")
    gain: float = _q("1", "closed-loop gain at DC", gt=0, le=1.1)
    bw_hz: float = _q("Hz", "closed-loop bandwidth", gt=0)
    slew_v_per_s: float = _q("V/s", "slew rate", gt=0)
    rout_ohm: float = _q("ohm", "closed-loop output resistance", gt=0)
    imax_a: float = _q("A", "largest output current", gt=0)
    iq_a: float = _q("A", "supply current that never reaches the output", ge=0)
    iab_a: float = _q("A", "standing current of the output pair", ge=0)
    r_row_ohm: float = _q("ohm", "resistance from the buffer to each tile row", ge=1e-12, le=1e6)


class Neuron(_Section):
    """MTJ-A (P), MTJ-B (AP) and an inverter: the inverting sigmoid."""

    shift_v: float = _q("V", "input of MTJ-A at an amplifier signal of 0", ge=0)
    nfin_n: int = Field(ge=1, description="fins of the inverter's n FET")
    nfin_p: int = Field(ge=1, description="fins of the inverter's p FET")
    load_f: float = _q("F", "capacitance at the neuron's output", gt=0)


class Converter(_Section):
    """Output converters, one per output of the last layer."""

    bits: int = Field(ge=1, le=8, description="bits of a code")
    low_v: float = _q("V", "input of code 0")
    high_v: float = _q("V", "input of the largest code")
    energy_j: float = _q("J", "energy of one conversion", ge=0)
    ron_ohm: float = _q("ohm", "sampling switch, closed", gt=0)
    hold_f: float = _q("F", "hold capacitor", gt=0)

    @model_validator(mode="after")
    def _range_is_positive(self) -> Converter:
        if self.high_v <= self.low_v:
            raise ValueError(f"high_v must be above low_v = {self.low_v}")
        return self


class Timing(_Section):
    """Sequencer settings written by the firmware, in clock cycles."""

    settle_cycles: int = Field(ge=1, le=65535, description="inputs applied to strobe")
    conv_cycles: int = Field(ge=1, le=65535, description="strobe to codes valid")
    prog_cycles: int = Field(ge=1, le=65535, description="one program word")


class Macro(_Section):
    """The analog macro."""

    vdd_v: float = _q("V", "input lines are +vdd or -vdd; neurons run from 0 to vdd", gt=0)
    standby_w: float = _q("W", "leakage of the whole macro while its enable is low", ge=0)
    prog_word_j: float = _q("J", "write energy of one program word (16 weights)", ge=0)
    meter_cells: bool = Field(description="bill the cells' heat as group cells, not as drivers")
    tile: Tile
    access: Access
    driver: Driver
    partition: Partition
    amplifier: Amplifier
    buffer: Buffer
    neuron: Neuron
    converter: Converter
    timing: Timing
    write: WriteDriver = Field(default_factory=WriteDriver)
