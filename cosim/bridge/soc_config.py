# SPDX-License-Identifier: Apache-2.0
"""soc_config : what the caller of a SoC run tells the simulator process, and what comes back.

The whole crosses as one JSON file; the way back is a pipe of JSON lines: typed events, and notes
(`note` names the kind) about engines, energies, warnings and errors.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cosim.analog.protocol import MacroEngine
from cosim.errors import UserInputError

if TYPE_CHECKING:
    from cosim.design import Design

__all__ = [
    "CONFIG_ENV",
    "NOTES_ENV",
    "MacroSpec",
    "SocConfig",
    "load_config",
    "load_spec_design",
    "make_macro",
]

CONFIG_ENV = "COSIM_SOC_CONFIG"  # path of the JSON file
NOTES_ENV = "COSIM_SOC_NOTES"  # file descriptor of the pipe
DEFAULT_FACTORY = "cosim.analog.factory:make_engine"


@dataclass(frozen=True, kw_only=True)
class MacroSpec:
    """One macro: its engine and what it is built from.

    `factory` is `module:function`, called in the simulator process as
    `function(kind, name, design, sizes)`; `design` is loaded from the file of that name, and is
    None without one. `sizes` are the inputs of the stack, then the outputs of each layer. With
    `die` (a die of `seed`) or `noise` the function gets `die` or `noise_seed` as well. `foreseen`
    are inputs that will probably come, as numbers in hex, input 0 in bit 0: an engine may solve
    them ahead; it changes no result beyond the solver's tolerance.
    """

    name: str
    kind: str
    sizes: tuple[int, ...]
    design: str | None = None
    factory: str = DEFAULT_FACTORY
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
    in_w: int = 400
    out_n: int = 10
    adc_bits: int = 8
    prog_aw: int = 16
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

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load_config(path: Path) -> SocConfig:
    """The file that `save` wrote."""
    data = json.loads(path.read_text())
    macros = tuple(
        MacroSpec(**{**macro, **{key: tuple(macro[key]) for key in ("sizes", "foreseen")}})
        for macro in data.pop("macros")
    )
    return SocConfig(macros=macros, **data)


def load_spec_design(spec: MacroSpec) -> Design | None:
    """The design a macro is built from, None without one."""
    if spec.design is None:
        return None
    from cosim.design import load_design  # noqa: PLC0415 - only runs with a design pay for it

    return load_design(spec.design)


def make_macro(spec: MacroSpec) -> MacroEngine:
    """A fresh engine of a macro: instances are never shared."""
    design = load_spec_design(spec)
    module, _, function = spec.factory.partition(":")
    factory = getattr(importlib.import_module(module), function)
    more: dict[str, object] = {"noise_seed": spec.seed} if spec.noise else {}
    if spec.die is not None and design is not None:
        from cosim.analog.variation import sample_die  # noqa: PLC0415 - only a die pays for it

        more["die"] = sample_die(design, spec.sizes, spec.seed, spec.die)
    return cast("MacroEngine", factory(spec.kind, spec.name, design, spec.sizes, **more))


def encode_note(kind: str, **values: object) -> bytes:
    return (json.dumps({"note": kind, **values}) + "\n").encode()


def split_notes(buffer: bytes) -> tuple[Sequence[Mapping[str, Any]], bytes]:
    """Whole lines of the pipe as records, and the unfinished rest."""
    *lines, rest = buffer.split(b"\n")
    return [json.loads(line) for line in lines if line], rest
