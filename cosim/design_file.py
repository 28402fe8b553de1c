# SPDX-License-Identifier: Apache-2.0
"""design_file : reads YAML design files with the line of every key, and the keys given by --set.

A tree is nested dicts whose leaves are `Leaf`: a value with its unit, its source and the place
("file, line") it came from. Nothing here knows which keys exist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cosim.errors import DesignError

__all__ = ["Leaf", "Tree", "items", "merge", "parse_set", "read_tree"]

QUANTITY_KEYS = {"value", "unit", "source", "uncertainty"}


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One value of a design file. `unit` and `source` are None for a plain value.

    `uncertainty` is relative, one sigma.
    """

    value: Any
    place: str
    unit: str | None = None
    source: str | None = None
    uncertainty: float | None = None


Tree = dict[str, Any]  # str -> Leaf | Tree


# libyaml's parser, ten times as quick, is in every wheel but not in every build of PyYAML.
_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SAFE):  # type: ignore[misc]  # which of both is known when it runs
    """YAML 1.1 with floats as everyone writes them: 1e-9 is a number."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d[\d_]*)(\.[\d_]*)?[eE][-+]?\d+$"),
    list("-+0123456789"),
)


def read_tree(path: Path) -> Tree:
    """The tree of a design file; DesignError names the file and line of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DesignError(f"cannot read design file {path}: {error}") from error
    return _tree_of(text, str(path))


def parse_set(text: str) -> Tree:
    """The tree of one `a.b=c`; the value is YAML, so numbers, true and [1, 2] work."""
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise DesignError(f"--set {text}: expected key=value, such as macro.vdd_v=0.75")
    node = _compose(value.strip() or "null", f"--set {text}")
    loaded = _value_of(node, f"--set {text}", ())
    tree: Any = loaded
    if isinstance(loaded, Leaf):
        tree = Leaf(
            value=loaded.value,
            place=f"--set {text}",
            unit=loaded.unit,
            source=loaded.source or f"--set {text}",
            uncertainty=loaded.uncertainty,
        )
    for key in reversed(keys):
        tree = {key: tree}
    return dict(tree)


def merge(base: Tree, over: Tree) -> Tree:
    """`over` laid on `base`, key by key; a leaf replaces whatever it meets."""
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        out[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def items(tree: Tree, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Every leaf with its path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from items(value, (*prefix, key))
        else:
            yield (*prefix, key), value


def _compose(text: str, place: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{place}, line {mark.line + 1}" if mark and not place.startswith("--") else place
        raise DesignError(f"{where}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise DesignError(f"{place}: not valid YAML: {error}") from error
    if node is None:
        raise DesignError(f"{place}: the file is empty")
    return node


def _tree_of(text: str, place: str) -> Tree:
    node = _compose(text, place)
    tree = _value_of(node, place, ())
    if isinstance(tree, Leaf):
        raise DesignError(f"{place}, line 1: a design file holds sections, such as `macro:`")
    return {str(key): value for key, value in tree.items()}


def _value_of(node: yaml.Node, place: str, path: tuple[str, ...]) -> Any:
    where = place if place.startswith("--") else f"{place}, line {node.start_mark.line + 1}"
    if not isinstance(node, yaml.MappingNode):
        return Leaf(value=_plain(node), place=where)
    entries: dict[str, yaml.Node] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in entries:
            line = key_node.start_mark.line + 1
            raise DesignError(f"{place}, line {line}: {'.'.join((*path, key))} is given twice")
        entries[key] = value_node
    if "value" in entries and set(entries) <= QUANTITY_KEYS:
        plain: Mapping[str, Any] = {key: _plain(value) for key, value in entries.items()}
        for key in ("unit", "source"):
            if key in plain and not (isinstance(plain[key], str) and plain[key].strip()):
                name = ".".join((*path, key))
                raise DesignError(f"{where}: {name} must be text, got {plain[key]!r}")
        sigma = plain.get("uncertainty")
        if sigma is not None and not (isinstance(sigma, int | float) and 0 <= sigma < math.inf):
            name = ".".join((*path, "uncertainty"))
            raise DesignError(f"{where}: {name} must be a number from 0, got {sigma!r}")
        return Leaf(
            value=plain["value"],
            place=where,
            unit=plain.get("unit"),
            source=plain.get("source"),
            uncertainty=None if sigma is None else float(sigma),
        )
    return {key: _value_of(value, place, (*path, key)) for key, value in entries.items()}


def _plain(node: yaml.Node) -> Any:
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()
