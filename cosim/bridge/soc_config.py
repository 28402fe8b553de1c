# SPDX-License-Identifier: Apache-2.0
"""soc_config : what the caller of a SoC run tells the simulator process, and what comes back.

The whole crosses as one JSON file; the way back is a pipe of JSON lines: typed events, and notes
(`note` names the kind) about engines, energies, warnings and errors.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cosim.analog.protocol import MacroEngine
from cosim.bridge.soc_pins import MacroPins
from cosim.errors import UserInputError

if TYPE_CHECKING:
    from cosim.design import DesignFile

__all__ = [
    "CONFIG_ENV",
    "NOTES_ENV",
    "MacroSpec",
    "SocConfig",
    "load_config",
    "load_spec_design",
    "make_macro",
    "named",
]

CONFIG_ENV = "COSIM_SOC_CONFIG"  # path of the JSON file
NOTES_ENV = "COSIM_SOC_NOTES"  # file descriptor of the pipe
DEFAULT_FACTORY = "cosim.analog.factory:make_engine"
DEFAULT_PROBES = "cosim.analog.probes:stack_probes"
DEFAULT_DESIGN = "cosim.design:load_design"
DEFAULT_DIE = "cosim.analog.variation:sample_die"


@dataclass(frozen=True, kw_only=True)
class MacroSpec:
    """One macro: its pins, its engine and what that is built from.

    Functions are named `module:function` and called in the simulator process: `factory` as
    `function(kind, name, design, sizes)`, `probes` as `function(sizes, design)` for what a trace
    shows, `loader` as `function(path)` for the file `design` (None without one), `sampler` as
    `function(design, sizes, seed, index)` for a die. `sizes` are the inputs of the stack, then the
    outputs of each layer; its program words are those of cosim/mapping/packing.py. With
    `die` (a die of `seed`) or `noise` the factory gets `die` or `noise_seed` as well. `foreseen`
    are inputs that will probably come, as numbers in hex, input 0 in bit 0: an engine may solve
    them ahead; it changes no result beyond the solver's tolerance. `results`, called as
    `function(codes, design, sizes)`, makes what the chip's logic must make of the codes of all
    samples of an evaluation: the results that `pop` gives, and volts for reports; without it these
    are the last sample's.
    """

    name: str
    kind: str
    sizes: tuple[int, ...]
    pins: MacroPins = field(default_factory=MacroPins)
    design: str | None = None
    factory: str = DEFAULT_FACTORY
    probes: str = DEFAULT_PROBES
    loader: str = DEFAULT_DESIGN
    sampler: str = DEFAULT_DIE
    results: str = ""
    die: int | None = None
    noise: bool = False
    seed: int = 1
    foreseen: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SocConfig:
    """Everything the simulator process needs to know; times in ps.

    `convert_ps` is the conversion delay from the strobe edge to the codes; `settle_limit_ps` how
    long a macro may keep moving after its supplies were switched off. `grid_ps` is the time between
    analog samples of a trace, 0 without one.
    """

    macros: tuple[MacroSpec, ...]
    events: str
    clock_ps: int = 1000
    convert_ps: int = 500
    settle_limit_ps: int = 1_000_000
    layers: bool = True
    grid_ps: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.convert_ps < self.clock_ps:
            raise UserInputError(
                f"convert_ps must be 1..{self.clock_ps - 1} (less than the clock period), "
                f"got {self.convert_ps}"
            )
        names = [macro.name for macro in self.macros]
        if not names or len(set(names)) != len(names):
            raise UserInputError(f"macros must have names of their own, got {names}")
        if any(macro.pins != self.pins for macro in self.macros):
            raise UserInputError("all macros of a chip must have the same pins")

    @property
    def pins(self) -> MacroPins:
        """Of every macro: they are ports of one chip."""
        return self.macros[0].pins

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load_config(path: Path) -> SocConfig:
    """The file that `save` wrote."""
    data = json.loads(path.read_text())
    return SocConfig(macros=tuple(map(_macro, data.pop("macros"))), **data)


def _macro(data: dict[str, Any]) -> MacroSpec:
    pins = data.pop("pins")
    more = tuple((str(name), int(value)) for name, value in pins.pop("more"))
    sizes, foreseen = tuple(data.pop("sizes")), tuple(data.pop("foreseen"))
    return MacroSpec(sizes=sizes, foreseen=foreseen, pins=MacroPins(**pins, more=more), **data)


def named(function: str) -> Callable[..., Any]:
    """The function called `module:function`."""
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def load_spec_design(spec: MacroSpec) -> DesignFile | None:
    """The design a macro is built from, None without one."""
    return None if spec.design is None else named(spec.loader)(spec.design)


def make_macro(spec: MacroSpec) -> MacroEngine:
    """A fresh engine of a macro: instances are never shared."""
    design = load_spec_design(spec)
    more: dict[str, object] = {"noise_seed": spec.seed} if spec.noise else {}
    if spec.die is not None and design is not None:
        more["die"] = named(spec.sampler)(design, spec.sizes, spec.seed, spec.die)
    made = named(spec.factory)(spec.kind, spec.name, design, spec.sizes, **more)
    return cast("MacroEngine", made)


def encode_note(kind: str, **values: object) -> bytes:
    return (json.dumps({"note": kind, **values}) + "\n").encode()


def split_notes(buffer: bytes) -> tuple[Sequence[Mapping[str, Any]], bytes]:
    """Whole lines of the pipe as records, and the unfinished rest."""
    *lines, rest = buffer.split(b"\n")
    return [json.loads(line) for line in lines if line], rest
