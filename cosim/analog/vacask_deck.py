# SPDX-License-Identifier: Apache-2.0
"""vacask_deck : a macro's SPICE netlist in the syntax of VACASK, element by element.

Only what netlist.py writes is known: .model, .subckt, r, c, n (Verilog-A), x, e. Anything else,
such as the exact op-amp's clipping source, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cosim.errors import NetlistError

__all__ = ["Source", "translated", "vacask_deck"]

Source = float | Sequence[tuple[float, float]]  # volts, or (seconds, volts) joined by lines


def vacask_deck(
    netlist: str,
    instance: str,
    sources: Mapping[str, Source],
    *,
    osdi: Sequence[str],
    options: Mapping[str, str],
    analysis: str,
) -> str:
    """A whole input file: the netlist, one `instance` line in SPICE, a source on each node."""
    lines = ["macro", "ground 0"]
    lines += [f'load "{name}"' for name in ("resistor.osdi", "capacitor.osdi", *osdi)]
    lines += ["model spice_r resistor", "model spice_c capacitor"]
    lines += ["model vsource vsource", "model vcvs vcvs"]
    lines.append(translated(f"{netlist}\n{instance}"))
    for place, (node, source) in enumerate(sources.items()):
        if isinstance(source, float | int):
            what = f"dc={float(source)!r}"
        else:
            wave = ", ".join(f"{t!r}, {v!r}" for t, v in source)
            what = f'type="pwl" wave=[{wave}] dc={float(source[0][1])!r}'
        lines.append(f"source{place} ({node} 0) vsource {what}")
    settings = " ".join(f"{key}={value}" for key, value in options.items())
    lines += ["control", "  abort always", f"  options {settings}"]
    lines += [f"  analysis out {analysis}", "endc", ""]
    return "\n".join(lines)


def translated(netlist: str) -> str:
    """The statements of a SPICE netlist in VACASK's syntax."""
    statements = _statements(netlist)
    models = {words[1] for words in statements if words[0] == ".model"}
    return "\n".join(_statement(words, models) for words in statements)


def _statements(netlist: str) -> list[list[str]]:
    text = re.sub(r"(?m)^\s*\*.*\n?", "", netlist.lower() + "\n")
    joined = re.sub(r"\n\s*\+", " ", text)
    return [words for line in joined.splitlines() if (words := line.split())]


def _statement(words: list[str], models: set[str]) -> str:
    first = words[0]
    if first == ".model":
        return f"model {words[1]} {words[2]} ({' '.join(words[3:])})"
    if first == ".subckt":
        return f"subckt {words[1]}({' '.join(words[2:])})"
    return "ends" if first == ".ends" else _element(words, models)


def _element(words: list[str], models: set[str]) -> str:
    name = words[0]
    kind = name[0]
    parameters = " ".join(word for word in words[1:] if "=" in word)
    *nodes, last = [word for word in words[1:] if "=" not in word]
    if kind in "rc" and len(nodes) == 2 and not parameters:
        what = f"spice_{kind} {kind}={last}"
    elif kind == "e" and len(nodes) == 4 and not parameters:
        what = f"vcvs gain={last}"
    elif (kind == "x" and not parameters) or (kind == "n" and last in models):
        what = f"{last} {parameters}".rstrip()
    else:
        raise NetlistError(f"VACASK: no counterpart for `{' '.join(words)[:60]}`")
    return f"{name} ({' '.join(nodes)}) {what}"
