# SPDX-License-Identifier: Apache-2.0
"""second_opinion : four circuits solved by VACASK, held against ngspice and engine fast.

Same netlist, same compiled Verilog-A models, another simulator: what both agree on is no habit of
one solver. A linear tile with wires, a bias-dependent column with its amplifier, the neuron's
transfer curve, and two layers switched on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import neuron_curve
from cosim.analog.fast_forward import FastStack, fast_stack
from cosim.analog.fast_window import evaluate_window
from cosim.analog.ladder import BAND_V, BOUNDS, Bound
from cosim.analog.netlist import ENABLE, build_macro
from cosim.analog.netlist_parts import model_cards, neuron_models, neuron_text
from cosim.analog.ngspice_run import Plot, run_deck
from cosim.analog.pins import MacroDescription
from cosim.analog.rest import rest_points
from cosim.analog.tables_neuron import NeuronTable
from cosim.analog.vacask_deck import Source
from cosim.analog.vacask_run import run_vacask
from cosim.design import Design
from cosim.errors import DesignError

__all__ = ["CIRCUITS", "second_opinion"]

Floats = NDArray[np.float64]
INSTANCE = "xmacro"
SAME_V = 1e-6  # two simulators at reltol 1e-6 on one circuit at rest
SAME_MOVING_V = 2e-4  # and in motion, with steps of 2 ps and reltol 1e-4
SAME_ENERGY = 1e-4
TILE_ROWS = 32
STACK = (20, 8, 4)
SEED = 1
NEURONS = 9
WINDOW_S, STEP_S, LOOK_S = 4e-9, 2e-12, 5e-11


def second_opinion(design: Design) -> tuple[Bound, ...]:
    """Differences of VACASK from ngspice and from engine fast, circuit by circuit."""
    if design.macro.amplifier.kind != "realisable":
        raise DesignError(
            "the second opinion needs macro.amplifier.kind realisable: "
            "VACASK has no counterpart for the exact op-amp"
        )
    return tuple(bound for circuit in CIRCUITS.values() for bound in circuit(design))


def linear_tile(design: Design) -> list[Bound]:
    """One full tile of linear cells with wires, its amplifiers and neurons, at rest."""
    changed = _changed(design, wires=True, linear=True)
    return _at_rest("linear tile", changed, (TILE_ROWS - 1, TILE_ROWS))


def column(design: Design) -> list[Bound]:
    """One column of bias-dependent cells with its amplifier and neuron, at rest."""
    return _at_rest("column", _changed(design, wires=False, linear=False), (TILE_ROWS, 1))


def neuron(design: Design) -> list[Bound]:
    """The neuron's output at nine inputs over its range."""
    curve = neuron_curve(design)
    inputs_v = np.linspace(curve.vin_v[0], curve.vin_v[-1], NEURONS + 2)[1:-1]
    shift_v = design.macro.neuron.shift_v
    ports = [f"{side}{k}" for k in range(NEURONS) for side in ("in", "out")]
    lines = [model_cards(design, whole_macro=False), neuron_text(design)]
    lines.append(f".subckt many {' '.join(ports)} vdd")
    lines += [f"x{k} in{k} out{k} vdd neuron" for k in range(NEURONS)]
    sources: dict[str, Source] = {
        f"in{k}": float(volts + shift_v) for k, volts in enumerate(inputs_v)
    }
    sources["vdd"] = design.macro.vdd_v
    plot = run_vacask(
        "\n".join([*lines, ".ends"]),
        f"{INSTANCE} {' '.join(ports)} vdd many",
        sources,
        models=neuron_models(design),
    )
    found = np.array([plot[f"out{k}"][0] for k in range(NEURONS)])
    spice, fast = curve.output_v(inputs_v), NeuronTable(curve).output_v(inputs_v)
    # The curve is measured every 2.5 mV: between its points both interpolate.
    return [
        _bound("neuron curve: ngspice", found, spice, BOUNDS["node, linear cells"]),
        _bound("neuron curve: fast", found, fast, BOUNDS["node, linear cells"]),
    ]


def switched_on(design: Design) -> list[Bound]:
    """Two layers with wires from off to settled: waveforms, settling, energy of all supplies."""
    stack, macro, drive_v = _macro(_changed(design, wires=True, linear=False), STACK)
    ramps = _ramps(macro, drive_v[0])
    vacask = run_vacask(
        macro.netlist,
        _instance(macro),
        ramps,
        models=macro.models,
        analysis=f"tran step={STEP_S!r} stop={WINDOW_S!r} maxstep={STEP_S!r}",
        options={"reltol": "1e-4"},
    )
    spice = _spice_transient(macro, ramps)
    times_s = np.arange(LOOK_S, WINDOW_S, LOOK_S)
    nodes = macro.probes[f"layer{len(STACK) - 2}.neuron"]
    seen = [np.interp(times_s, vacask["time"], vacask[_inner(n, ":")]) for n in nodes]
    other = [np.interp(times_s, spice["time"], spice[f"v({_inner(n, '.')})"]) for n in nodes]
    window = evaluate_window(stack, drive_v, WINDOW_S, BAND_V)
    final = stack.solve(drive_v).neuron_v[-1][0]
    settled = _settled(vacask["time"], [vacask[_inner(n, ":")] for n in nodes], final)
    energy_j = _energy(vacask["time"], ramps, "source{}:flow(br)", vacask)
    spice_j = _energy(spice["time"], ramps, "i(v{})", spice)
    fast_j = float(sum(joules[0] for joules in window.energy_j.values()))
    late = abs(settled / float(window.settling_s.max()) - 1)
    return [
        _bound("switched on: ngspice", np.array(seen), np.array(other), SAME_MOVING_V),
        _ratio("switched on: energy, ngspice", abs(energy_j / spice_j - 1), SAME_ENERGY),
        _ratio("switched on: energy, fast", abs(energy_j / fast_j - 1), BOUNDS["energy"]),
        _ratio("switched on: settling, fast", late, BOUNDS["settling"]),
    ]


CIRCUITS = {
    "linear tile": linear_tile,
    "column": column,
    "neuron": neuron,
    "switched on": switched_on,
}


def _at_rest(name: str, design: Design, sizes: Sequence[int]) -> list[Bound]:
    stack, macro, drive_v = _macro(design, sizes)
    sources = {node: float(ramp[-1][1]) for node, ramp in _ramps(macro, drive_v[0]).items()}
    plot = run_vacask(macro.netlist, _instance(macro), sources, models=macro.models)
    spice, fast = rest_points(macro, drive_v), stack.solve(drive_v)
    linear = all(solver.linear for solver in stack.solvers)
    found = []
    for kind, mine in (("amplifier", fast.amplifier_v), ("neuron", fast.neuron_v)):
        keys = [f"layer{layer}.{kind}" for layer in range(len(mine))]
        seen = np.concatenate(
            [[plot[_inner(n, ":")][0] for n in macro.probes[key]] for key in keys]
        )
        other = np.concatenate([spice[key][0] for key in keys])
        limit = BOUNDS["node, linear cells" if linear else kind]
        found.append(_bound(f"{name}: {kind}, ngspice", seen, other, SAME_V))
        found.append(
            _bound(f"{name}: {kind}, fast", seen, np.concatenate([v[0] for v in mine]), limit)
        )
    return found


def _macro(design: Design, sizes: Sequence[int]) -> tuple[FastStack, MacroDescription, Floats]:
    rng = np.random.default_rng(SEED)
    stack = fast_stack(
        [rng.integers(-1, 2, (a + 1, b), dtype=np.int8) for a, b in pairwise(sizes)], design
    )
    drive_v = stack.drive_of(rng.integers(0, 2, (1, sizes[0])))
    return stack, build_macro(stack.mapping, design), drive_v


def _changed(design: Design, *, wires: bool, linear: bool) -> Design:
    tile = design.macro.tile.model_copy(update={"rows": TILE_ROWS, "cols": TILE_ROWS})
    device = design.device
    if linear:
        fixed = device.cell.model_copy(update={"kind": "fixed"})
        device = device.model_copy(update={"cell": fixed})
    return design.model_copy(
        update={
            "device": device,
            "macro": design.macro.model_copy(update={"tile": tile}),
            "wires": design.wires.model_copy(update={"enabled": wires}),
        }
    )


def _ramps(macro: MacroDescription, drive_v: Floats) -> dict[str, list[tuple[float, float]]]:
    """Every driven node from 0 at time 0, as when `en` rises."""
    lines = [pin for pin in macro.inputs if pin.name != ENABLE]
    ends = [(p.node, float(v), p.rise_ps) for p, v in zip(lines, drive_v, strict=True)]
    ends += [(pin.node, pin.voh, pin.rise_ps) for pin in macro.inputs if pin.name == ENABLE]
    ends += [(supply.node, supply.volts, supply.rise_ps) for supply in macro.supplies]
    ends += [(meter.node, 0.0, 1) for meter in macro.meters]
    return {
        node.lower(): [(0.0, 0.0), (1e-12 * rise_ps, volts), (1.0, volts)]
        for node, volts, rise_ps in ends
    }


def _spice_transient(
    macro: MacroDescription, ramps: Mapping[str, Sequence[tuple[float, float]]]
) -> Plot:
    nodes = [
        node for key, group in macro.probes.items() if key.endswith("neuron") for node in group
    ]
    lines = [macro.netlist.rstrip(), _instance(macro)]
    for place, (node, ramp) in enumerate(ramps.items()):
        pairs = " ".join(f"{t!r} {v!r}" for t, v in ramp)
        lines.append(f"v{place} {node} 0 dc 0 pwl({pairs})")
    lines.append(".options reltol=1e-4 abstol=1e-12 vntol=1e-8 chgtol=1e-17 trtol=1 klu noacct")
    lines += [f".save v({_inner(node, '.')})" for node in nodes]
    lines += [f".save i(v{place})" for place in range(len(ramps))]
    lines.append(f".tran {STEP_S!r} {WINDOW_S!r} 0 {STEP_S!r}")
    return run_deck("\n".join(lines), models=macro.models, name="macro switched on")


def _energy(
    time_s: Floats,
    ramps: Mapping[str, Sequence[tuple[float, float]]],
    name: str,
    plot: Plot,
) -> float:
    """Joules out of all sources: trapezoids of v*i, as both simulators integrate."""
    watts = np.zeros_like(time_s)
    for place, ramp in enumerate(ramps.values()):
        watts -= np.interp(time_s, *np.array(ramp).T) * plot[name.format(place)]
    return float(np.sum(0.5 * (watts[1:] + watts[:-1]) * np.diff(time_s)))


def _settled(time_s: Floats, waves: Sequence[Floats], final: Floats) -> float:
    """When the last node enters its band around `final` for good."""
    latest = 0.0
    for wave, volts in zip(waves, final, strict=True):
        outside = np.nonzero(np.abs(wave - volts) > BAND_V)[0]
        if outside.size:
            latest = max(latest, float(time_s[min(outside[-1] + 1, len(time_s) - 1)]))
    return latest


def _instance(macro: MacroDescription) -> str:
    return f"{INSTANCE} {' '.join(macro.ports)} {macro.subckt}"


def _inner(node: str, joint: str) -> str:
    return f"{INSTANCE}{joint}{node}".lower()


def _bound(name: str, mine: Floats, other: Floats, limit: float) -> Bound:
    return Bound(name=name, value=float(np.abs(mine - other).max()), limit=limit, unit="V")


def _ratio(name: str, value: float, limit: float) -> Bound:
    return Bound(name=name, value=value, limit=limit, unit="1")
