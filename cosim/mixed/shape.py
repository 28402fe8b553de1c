# SPDX-License-Identifier: Apache-2.0
"""shape : sizes of one mixed-signal macro: what its RTL is built for, and its pins bit by bit.

Converter n = lane*parts + part sees, in a round with `column` c and `part` p at the select pins,
column c + lane of row part p + part of the layer that was held last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from cosim.errors import DesignError
from cosim.mapping import bounds
from cosim.mixed.design import DAC_BITS, MixedDesign

__all__ = ["Shape", "aux_pin", "converter_pin", "dac_pin", "layer_pin", "shape_of"]

DRAIN_CYCLES = 5  # of rtl/mixed/mixed_shell.v
MOST_LAYERS = 8


def aux_pin(index: int) -> str:
    """A bit of o_macro_aux."""
    return f"aux[{index}]"


def layer_pin(layer: int) -> str:
    """Enable of a layer."""
    return f"layer[{layer}]"


def dac_pin(row: int, bit: int) -> str:
    """A bit of a hidden row's DAC."""
    return f"dac[{DAC_BITS * row + bit}]"


def converter_pin(index: int) -> str:
    """A converter."""
    return f"code[{index}]"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """`sizes` are inputs, then the outputs of each layer; `heights` the row parts of each layer."""

    sizes: tuple[int, ...]
    heights: tuple[int, ...]
    lanes: int
    parts: int
    adc_bits: int
    muls: tuple[int, ...]
    shifts: tuple[int, ...]
    offsets: tuple[int, ...]
    keep_on: bool = False
    neuron: int

    @property
    def layers(self) -> int:
        return len(self.heights)

    @property
    def outs(self) -> tuple[int, ...]:
        return self.sizes[1:]

    @property
    def act_n(self) -> int:
        """Activations kept: the most outputs of a layer."""
        return max(self.outs)

    @property
    def converters(self) -> int:
        return self.lanes * self.parts

    @property
    def layer_w(self) -> int:
        return max(1, (self.layers - 1).bit_length())

    @property
    def column_w(self) -> int:
        return (max(self.outs) + self.lanes).bit_length()

    @property
    def part_w(self) -> int:
        return (max(self.heights) + self.parts).bit_length()

    @property
    def acc_w(self) -> int:
        """Bits of a sum: `heights` numbers of `adc_bits`."""
        return self.adc_bits + max(self.heights).bit_length()

    @property
    def aux_w(self) -> int:
        return len(self.aux_pins)

    @property
    def code_w(self) -> int:
        return self.converters * self.adc_bits

    @cached_property
    def aux_pins(self) -> tuple[str, ...]:
        """What the bits of o_macro_aux are, from bit 0 up."""
        return (
            *(layer_pin(k) for k in range(self.layers)),
            "hold",
            *(f"column[{b}]" for b in range(self.column_w)),
            *(f"part[{b}]" for b in range(self.part_w)),
            *(dac_pin(j, b) for j in range(self.act_n) for b in range(DAC_BITS)),
        )

    @property
    def converter_pins(self) -> tuple[str, ...]:
        return tuple(converter_pin(n) for n in range(self.converters))

    def rounds(self, layer: int) -> list[tuple[int, int]]:
        """(column, part) at the select pins in each round of a layer, in order."""
        columns = range(0, self.outs[layer], self.lanes)
        return list(product(columns, range(0, self.heights[layer], self.parts)))

    def conversions(self, layer: int) -> int:
        """Columns of all row parts."""
        return self.outs[layer] * self.heights[layer]

    def cycles(self, settle: int, conv: int) -> int:
        """Clock cycles of an evaluation, from the enable's rise to the outputs' capture."""
        rounds = sum(len(self.rounds(k)) for k in range(self.layers))
        return self.layers * (settle + 1 + DRAIN_CYCLES) + rounds * max(conv, 2)

    @cached_property
    def parameters(self) -> dict[str, int]:
        """Parameters of mixed_shell by name, but those that imac_shell has too."""
        return {
            "LAYERS": self.layers,
            "LAYER_W": self.layer_w,
            "LANES": self.lanes,
            "PARTS": self.parts,
            "COL_W": self.column_w,
            "PART_W": self.part_w,
            "ACC_W": self.acc_w,
            "NEURON": self.neuron,
            "ACT_N": self.act_n,
            "KEEP": int(self.keep_on),
            "OUTS": _packed(self.outs, 16),
            "HEIGHTS": _packed(self.heights, 16),
            "MULS": _packed(self.muls, 8),
            "SHIFTS": _packed(self.shifts, 8),
            "OFFSETS": _packed([offset & 0xFF for offset in self.offsets], 8),
        }

    @property
    def packed(self) -> int:
        """All parameters in one: SHAPE of rtl/mixed/mixed_macro.v."""
        if self.layers > MOST_LAYERS:
            raise DesignError(
                f"the mixed shell has at most {MOST_LAYERS} layers, got {self.layers}"
            )
        named = self.parameters
        numbers = ("LAYERS", "LAYER_W", "LANES", "PARTS", "COL_W", "PART_W", "ACC_W", "NEURON")
        found = _packed([named[name] for name in (*numbers, "ACT_N", "KEEP")], 16)
        places = {"OUTS": 256, "HEIGHTS": 384, "MULS": 512, "SHIFTS": 576, "OFFSETS": 640}
        return found + sum(named[name] << at for name, at in places.items())


def shape_of(sizes: Sequence[int], design: MixedDesign) -> Shape:
    """The macro of a stack of `sizes` (inputs, then the outputs of each layer) on a design."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise DesignError(f"layer sizes must be two or more positive numbers, got {list(sizes)}")
    mixed, tile = design.mixed, design.macro.tile
    heights = tuple(len(bounds(n + 1, tile.rows, tile.split)) for n in sizes[:-1])
    hidden = len(heights) - 1
    return Shape(
        sizes=tuple(sizes),
        heights=heights,
        lanes=mixed.lanes,
        parts=mixed.parts or max(heights),
        adc_bits=design.macro.converter.bits,
        muls=(mixed.mul_hidden,) * hidden + (mixed.mul_output,),
        shifts=(mixed.shift_hidden,) * hidden + (mixed.shift_output,),
        offsets=(mixed.offset_hidden,) * hidden + (mixed.offset_output,),
        keep_on=mixed.keep_on,
        neuron=int(mixed.neuron == "pieces"),
    )


def _packed(numbers: Sequence[int], bits: int) -> int:
    """Numbers as one, the first in the low bits."""
    return sum(number << (bits * k) for k, number in enumerate(numbers))
