# SPDX-License-Identifier: Apache-2.0
"""rest : operating points of the whole macro in ngspice, for a batch of inputs in one run.

The inputs follow a running number that a DC sweep steps, so the netlist is read once and each
point starts from the one before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist import ENABLE
from cosim.analog.ngspice_run import run_deck
from cosim.analog.pins import MacroDescription
from cosim.errors import ConvergenceError

__all__ = ["rest_deck", "rest_points"]

Floats = NDArray[np.float64]
INSTANCE = "xmacro"
RELTOL, ABSTOL_A, VNTOL_V = 1e-6, 1e-10, 1e-8
GMIN_S = 1e-15  # 401 cells of 8.5 kohm are 47 mS: nothing beside them
FIRST_S, NEXT_S = 1800.0, 120.0  # longest for the first point, and for each one after it


def rest_points(macro: MacroDescription, drive_v: Floats) -> dict[str, Floats]:
    """Volts (n, nodes) of each of the macro's probes for input lines at `drive_v` (n, n_in)."""
    n = len(drive_v)
    plot = run_deck(
        rest_deck(macro, drive_v),
        models=macro.models,
        timeout_s=FIRST_S + NEXT_S * n,
        name=f"{macro.subckt} at rest",
    )
    found = {
        key: np.column_stack([plot[f"v({_inner(node)})"][:n] for node in nodes])
        for key, nodes in macro.probes.items()
    }
    if any(len(volts) != n for volts in found.values()):
        raise ConvergenceError(f"{macro.subckt} at rest: ngspice gave up before point {n}")
    return found


def rest_deck(macro: MacroDescription, drive_v: Floats) -> str:
    """A deck that sweeps `v(point)` over the rows of `drive_v`."""
    n = len(drive_v)
    lines = [macro.netlist.rstrip(), _wrapped([INSTANCE, *macro.ports, macro.subckt])]
    lines.append("vpoint point 0 0")
    wires = [pin for pin in macro.inputs if pin.name != ENABLE]
    for pin, volts in zip(wires, drive_v.T, strict=True):
        if n == 1 or bool((volts == volts[0]).all()):
            lines.append(f"v{pin.node} {pin.node} 0 {float(volts[0])!r}")
        else:
            pairs = [f"{k}, {float(v)!r}" for k, v in enumerate(volts)]
            lines.append(_wrapped([f"b{pin.node} {pin.node} 0 v = pwl(v(point),", *_listed(pairs)]))
    lines += [f"v{pin.node} {pin.node} 0 {pin.voh!r}" for pin in macro.inputs if pin not in wires]
    lines += [f"v{s.node} {s.node} 0 {s.volts!r}" for s in macro.supplies]
    lines += [f"v{meter.node} {meter.node} 0 0" for meter in macro.meters]
    options = f"reltol={RELTOL} abstol={ABSTOL_A} vntol={VNTOL_V} gmin={GMIN_S} klu noacct noinit"
    lines.append(f".options {options} temp={macro.temperature_c!r}")
    for nodes in macro.probes.values():
        lines.append(_wrapped([".save", *(f"v({_inner(node)})" for node in nodes)]))
    # One point more than asked: a sweep of a single value is no sweep.
    lines.append(f".dc vpoint 0 {max(n - 1, 1)} 1")
    return "\n".join(lines)


def _inner(node: str) -> str:
    return f"{INSTANCE}.{node}".lower()


def _listed(pairs: Sequence[str]) -> list[str]:
    return [*(f"{pair}," for pair in pairs[:-1]), f"{pairs[-1]})"]


def _wrapped(words: Sequence[str], per_line: int = 16) -> str:
    parts = [" ".join(words[k : k + per_line]) for k in range(0, len(words), per_line)]
    return "\n+ ".join(parts)
