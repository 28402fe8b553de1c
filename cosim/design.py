# SPDX-License-Identifier: Apache-2.0
"""design : a design point, validated, with the source of every physical constant.

`load_design("imac_14nm", ["macro.vdd_v=0.75"])` reads `cosim/designs/imac_14nm.yaml` (or a path).
A physical constant stands in the file as `{value: 10.0, unit: ohm.um2, source: "..."}`; in Python
it is a plain number whose unit is in its name. `Design.sources` keeps the sources, and
`Design.resolved_yaml()` writes everything back: a run folder says where each number came from.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError

from cosim.design_device import Device, Wires
from cosim.design_energy import DigitalEnergy
from cosim.design_file import Leaf, Tree, items, merge, parse_set, read_tree
from cosim.design_macro import Macro
from cosim.design_memory import ExternalMemory
from cosim.design_section import Section as _Section
from cosim.design_section import quantity as _q
from cosim.design_variation import Variation
from cosim.errors import DesignError

__all__ = [
    "DESIGNS_DIR",
    "IMAC",
    "ChipDesign",
    "Clock",
    "Design",
    "DesignFile",
    "Soc",
    "Solver",
    "design_kind",
    "design_names",
    "load_design",
    "read_design",
]

DESIGNS_DIR = Path(__file__).parent / "designs"
IMAC = "imac"  # the kind of a design file that states none
AnyDesign = TypeVar("AnyDesign", bound="DesignFile")


class Clock(_Section):
    """The SoC's one clock."""

    period_ps: int = _q("ps", "clock period", ge=2)


class Soc(_Section):
    """Digital part around the macro."""

    n_macro: int = Field(ge=1, le=16, description="macros behind the co-processor interface")
    memory: ExternalMemory


class Solver(_Section):
    """Options of the circuit solver."""

    reltol: float = Field(gt=0, lt=0.1, description="relative tolerance")
    trtol: float = Field(ge=1, le=100, description="how much the step error is overestimated")
    abstol_a: float = _q("A", "absolute current tolerance", gt=0)
    vntol_v: float = _q("V", "absolute voltage tolerance", gt=0)
    max_step_ps: float = _q("ps", "largest time step while the macro is active", gt=0)
    method: Literal["trap", "gear"] = Field(description="integration method")
    settle_tol_v: float = _q("V", "a node that moves less than this in a step is settled", gt=0)


class DesignFile(_Section):
    """What design points of every kind of macro have in common.

    `sources` maps a key such as `macro.vdd_v` to where its value is from, `uncertainties` to its
    relative uncertainty (one sigma) where one is stated.
    """

    kind: ClassVar[str] = IMAC

    name: str
    description: str
    sources: Mapping[str, str] = Field(default_factory=dict, exclude=True, repr=False)
    uncertainties: Mapping[str, float] = Field(default_factory=dict, exclude=True, repr=False)

    def resolved_yaml(self) -> str:
        """The whole design as a design file: every key, unit and source."""
        notes = _Notes(sources=dict(self.sources), uncertainties=dict(self.uncertainties))
        tree = _with_quantities(type(self), self.model_dump(), notes, ())
        return yaml.safe_dump(tree, sort_keys=False, width=200, default_flow_style=None)

    def digest(self, *sections: str) -> str:
        """Hash of the values (not the sources) of some sections, of all when none are named."""
        data = self.model_dump()
        for key in ("name", "description"):
            data.pop(key)
        picked = {key: data[key] for key in sections} if sections else data
        return hashlib.sha256(json.dumps(picked, sort_keys=True).encode()).hexdigest()[:16]


class ChipDesign(DesignFile):
    """What design points of whole chips have in common, whatever their macros are."""

    clock: Clock
    soc: Soc
    energy: DigitalEnergy


class Design(ChipDesign):
    """One design point of the IMAC and what surrounds it."""

    device: Device
    wires: Wires
    macro: Macro
    variation: Variation
    solver: Solver


@dataclass
class _Notes:
    """What a file says about its values besides them."""

    sources: dict[str, str] = field(default_factory=dict)
    uncertainties: dict[str, float] = field(default_factory=dict)


def design_names(kind: str = IMAC) -> list[str]:
    """Names of the shipped designs of one kind of macro."""
    shipped = DESIGNS_DIR.glob("*.yaml")
    return sorted(path.stem for path in shipped if _stated_kind(path) == kind)


def design_kind(name_or_path: str | Path) -> str:
    """The kind of macro a design is of: `imac` unless its file or the one it is based on says."""
    return _kind_of(_read_with_base(_find(name_or_path), seen=()))


def load_design(name_or_path: str | Path, sets: Sequence[str] = ()) -> Design:
    """The IMAC design of that name or file, with `--set` texts laid over: `macro.vdd_v=0.75`."""
    return read_design(Design, IMAC, name_or_path, sets)


def read_design(
    model: type[AnyDesign], kind: str, name_or_path: str | Path, sets: Sequence[str] = ()
) -> AnyDesign:
    """A design of one kind; a file of another kind is refused.

    A file may start from another one with `base: NAME`, and then holds only what differs;
    `take: {SECTION: NAME}` has a section of a third file to start from.
    """
    tree = _read_with_base(_find(name_or_path), seen=())
    for text in sets:
        tree = merge(tree, parse_set(text))
    stated = _kind_of(tree)
    tree.pop("kind", None)
    if stated != kind:
        raise DesignError(f"{name_or_path}: kind is {stated}, a design of kind {kind} is needed")
    places: dict[tuple[str, ...], str] = {}
    notes = _Notes()
    values = _check(model, tree, (), places, notes)
    try:
        return model(**values, sources=notes.sources, uncertainties=notes.uncertainties)
    except ValidationError as error:
        raise DesignError(_first_line(error, places, _find(name_or_path))) from None


def _kind_of(tree: Tree) -> str:
    leaf = tree.get("kind")
    return str(leaf.value) if isinstance(leaf, Leaf) else IMAC


def _stated_kind(path: Path) -> str:
    """The kind in a shipped file's own text: the listing reads no whole design."""
    found = re.search(r"(?m)^kind:\s*(\w+)", path.read_text(encoding="utf-8"))
    return IMAC if found is None else found[1]


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    shipped = sorted(path.stem for path in DESIGNS_DIR.glob("*.yaml"))
    if text in shipped:
        return DESIGNS_DIR / f"{text}.yaml"
    path = Path(text)
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        raise DesignError(f"design file {text} does not exist")
    raise DesignError(f"no design {text!r}{_nearest(text, shipped)}; shipped: {', '.join(shipped)}")


def _read_with_base(path: Path, seen: tuple[Path, ...]) -> Tree:
    if path.resolve() in seen:
        raise DesignError(f"{path}: base leads back to this file")
    tree = read_tree(path)
    base, taken = tree.pop("base", None), tree.pop("take", {})
    if not isinstance(taken, dict):
        raise DesignError(f"{path}: take must map sections to designs")
    started: Tree = {}
    for section, name in taken.items():
        other = _other(path, name, "take", seen)
        if section not in other:
            raise DesignError(f"{path}: take: that design has no section {section}")
        started[section] = other[section]
    if base is not None:
        started = merge(_other(path, base, "base", seen), started)
    return merge(started, tree)


def _other(path: Path, name: Leaf | Tree, key: str, seen: tuple[Path, ...]) -> Tree:
    """The design that the file at `path` names."""
    if not isinstance(name, Leaf) or not isinstance(name.value, str):
        raise DesignError(f"{path}: {key} must be the name of a design or a file")
    beside = path.parent / name.value
    found = beside if beside.is_file() else _find(name.value)
    return _read_with_base(found, (*seen, path.resolve()))


def _nearest(key: str, known: Sequence[str]) -> str:
    match = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f" (did you mean {match[0]}?)" if match else ""


def _check(
    model: type[BaseModel],
    tree: Tree,
    path: tuple[str, ...],
    places: dict[tuple[str, ...], str],
    notes: _Notes,
) -> dict[str, Any]:
    """Plain values of `tree` for `model`; unknown keys and wrong units are errors here."""
    fields = {name: info for name, info in model.model_fields.items() if not info.exclude}
    values: dict[str, Any] = {}
    for key, node in tree.items():
        where = (*path, key)
        name = ".".join(where)
        place = node.place if isinstance(node, Leaf) else _first_place(node)
        if key not in fields:
            hint = _nearest(key, list(fields))
            raise DesignError(f"{place}: unknown key {name}{hint}")
        inner = fields[key].annotation
        section = isinstance(inner, type) and issubclass(inner, BaseModel)
        if section and isinstance(inner, type) and isinstance(node, dict):
            values[key] = _check(inner, node, where, places, notes)
            continue
        if section or not isinstance(node, Leaf):
            raise DesignError(
                f"{place}: {name} must be a {'section of keys' if section else 'value'}"
            )
        extra = fields[key].json_schema_extra
        unit = str(extra["unit"]) if isinstance(extra, dict) else None
        if node.unit is not None and node.unit != unit:
            expected = f"unit {unit}" if unit else "no unit"
            raise DesignError(f"{node.place}: {name} has {expected}, got {node.unit}")
        if unit is not None:
            notes.sources[name] = node.source or f"not stated ({node.place})"
        if node.uncertainty is not None:
            notes.uncertainties[name] = node.uncertainty
        places[where] = node.place
        values[key] = node.value
    return values


def _first_place(tree: Tree) -> str:
    return next((leaf.place for _, leaf in items(tree)), "design")


def _first_line(error: ValidationError, places: Mapping[tuple[str, ...], str], path: Path) -> str:
    first = error.errors()[0]
    where = tuple(str(part) for part in first["loc"])
    name = ".".join(where)
    if first["type"] == "missing":
        return f"{path}: {name} is missing"
    text = first["msg"][0].lower() + first["msg"][1:]
    return f"{places.get(where, str(path))}: {name}: {text}, got {first['input']!r}"


def _with_quantities(
    model: type[BaseModel],
    data: Mapping[str, Any],
    notes: _Notes,
    path: tuple[str, ...],
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in data.items():
        info = model.model_fields[key]
        name = ".".join((*path, key))
        extra = info.json_schema_extra
        if isinstance(value, Mapping) and isinstance(info.annotation, type):
            out[key] = _with_quantities(info.annotation, value, notes, (*path, key))
        elif isinstance(extra, dict):
            source = notes.sources.get(name, "not stated")
            out[key] = {"value": value, "unit": extra["unit"], "source": source}
            if name in notes.uncertainties:
                out[key]["uncertainty"] = notes.uncertainties[name]
        else:
            out[key] = value
    return out
