# SPDX-License-Identifier: Apache-2.0
"""probes : names of the analog values that a trace shows, and a macro's values under these names.

ARRAY_J          volts of an array of the engine's snapshot, such as layer0.neuron_2
supply.NAME_a    amperes out of a supply of constant volts, mean since the sample before
supply.NAME_w    watts of every other source of energy (drivers, converters, standby, ...)
power_w          watts of the whole macro
Each kind of macro says which arrays, supplies and sources it has (`stack_probes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cosim.analog.netlist import _supplies
from cosim.analog.protocol import Energy, Floats
from cosim.design import Design

__all__ = ["OTHER_SOURCES", "ProbeNames", "probe_values", "stack_probes"]

OTHER_SOURCES = ("drivers", "converters", "wires", "standby", "write")  # of a stack


class ProbeNames:
    """Every probe of a macro, in the order of `probe_values`.

    `arrays` of the engine's snapshot with their lengths, supplies of constant volts, `sources` of
    energy without.
    """

    def __init__(
        self,
        arrays: Mapping[str, int],
        supply_v: Mapping[str, float],
        sources: Sequence[str],
    ) -> None:
        self.arrays, self.supply_v, self.sources = dict(arrays), dict(supply_v), tuple(sources)
        nodes = [f"{name}_{j}" for name, count in self.arrays.items() for j in range(count)]
        amps = [f"supply.{name}_a" for name in self.supply_v]
        watts = [f"supply.{name}_w" for name in self.sources]
        self.all = (*nodes, *amps, *watts, "power_w")


def stack_probes(sizes: Sequence[int], design: Design | None) -> ProbeNames:
    """Amplifiers and neurons of every layer; without a design no supply is known."""
    arrays = {
        f"layer{k}.{kind}": n_out
        for k, n_out in enumerate(sizes[1:])
        for kind in ("amplifier", "neuron")
    }
    supplies = _supplies(design) if design is not None else ()
    volts = {supply.name: supply.volts for supply in supplies if supply.volts}
    return ProbeNames(arrays, volts, OTHER_SOURCES)


def probe_values(
    names: ProbeNames,
    shot: Mapping[str, Floats],
    before: Energy,
    now: Energy,
) -> list[float]:
    """Volts of `shot`, and what the supplies gave from `before` to `now`; 0 where there is none."""
    values: list[float] = []
    for name, count in names.arrays.items():
        volts = shot.get(name)
        values += [0.0] * count if volts is None else [float(v) for v in volts]
    step_s = (now.t_ps - before.t_ps) * 1e-12

    def watts(source: str) -> float:
        joules = now.by_supply.get(source, 0.0) - before.by_supply.get(source, 0.0)
        return joules / step_s if step_s > 0 else 0.0

    values += [watts(name) / volts for name, volts in names.supply_v.items()]
    values += [watts(name) for name in names.sources]
    values.append((now.total_j - before.total_j) / step_s if step_s > 0 else 0.0)
    return values
