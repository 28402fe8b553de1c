# SPDX-License-Identifier: Apache-2.0
"""ngspice_deck : writes the circuit file and the command script of one macro's worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.pins import MacroDescription

__all__ = ["DECK_NAME", "Boundary", "boundary", "deck_text", "script_text"]

DECK_NAME = "macro.cir"
INSTANCE = "xmacro"
MAX_PLOT_POINTS = 1e5  # ngspice reserves one vector entry per longest step of the whole run


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The rows of the shared tables: every driven node, and every watched one (circuit names)."""

    source_nodes: tuple[str, ...]
    probe_nodes: tuple[str, ...]


def _inner(node: str) -> str:
    return f"{INSTANCE}.{node}".lower()


def boundary(macro: MacroDescription) -> Boundary:
    """Rows: inputs, supplies, meters; outputs, converters, then every probe's nodes in order."""
    ports = {port.lower() for port in macro.ports}
    driven = [pin.node for pin in macro.inputs]
    driven += [supply.node for supply in macro.supplies]
    driven += [meter.node for meter in macro.meters]
    watched = [pin.node.lower() for pin in macro.outputs]
    watched += [converter.node.lower() for converter in macro.converters]
    for nodes in macro.probes.values():
        watched += [node.lower() if node.lower() in ports else _inner(node) for node in nodes]
    return Boundary(source_nodes=tuple(node.lower() for node in driven), probe_nodes=tuple(watched))


def _wrapped(words: Sequence[str], per_line: int = 16) -> str:
    """A SPICE statement over as many lines as it needs."""
    lines = [" ".join(words[k : k + per_line]) for k in range(0, len(words), per_line)]
    return "\n+ ".join(lines)


def deck_text(macro: MacroDescription, options: NgspiceOptions) -> str:
    """The whole circuit: the macro, an ideal source or a probe on every port of it."""
    rows = boundary(macro)
    options = options.fitted(macro.netlist.count("\n"))
    ports = [port.lower() for port in macro.ports]
    nodes = [f"p_{port}" if port != "0" else port for port in ports]
    lines = [f"* {macro.source}", macro.netlist.rstrip()]
    lines.append(_wrapped([INSTANCE, *nodes, macro.subckt]))
    lines.append(".model cosim_source cosim_source")
    lines.append(".model cosim_probe cosim_probe")
    for row, node in enumerate(rows.source_nodes):
        lines.append(f"nsource{row} p_{node} 0 cosim_source idx={row}")
    known = set(ports)
    for row, node in enumerate(rows.probe_nodes):
        outer = f"p_{node}" if node in known else node
        lines.append(f"nprobe{row} {outer} cosim_probe idx={row}")
    settings = [
        f"reltol={options.reltol!r}",
        f"abstol={options.abstol!r}",
        f"vntol={options.vntol!r}",
        f"chgtol={options.chgtol!r}",
        f"trtol={options.trtol!r}",
        f"gmin={options.gmin!r}",
        f"method={options.method}",
        f"temp={macro.temperature_c!r}",
        "noacct",
        "noinit",
        "norefvalue",
    ]
    if options.klu:
        settings.append("klu")
    lines.append(_wrapped([".options", *settings]))
    lines += options.extra
    first = rows.source_nodes[0] if rows.source_nodes else "0"
    lines += [f".save v(p_{first})", ".end", ""]
    return "\n".join(lines)


def script_text(options: NgspiceOptions, lines: int) -> str:
    """Commands for the worker; the last one is the run, which only ends with the process."""
    longest_s = options.horizon_s * 2.0 / MAX_PLOT_POINTS
    return "\n".join(
        [
            f"set num_threads={options.fitted(lines).threads}",
            f"source {DECK_NAME}",
            f"tran {options.first_step_s!r} {options.horizon_s * 2.0!r} 0 {longest_s!r}",
            "",
        ]
    )
