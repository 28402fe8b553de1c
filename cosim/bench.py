# SPDX-License-Identifier: Apache-2.0
"""bench : measures the speed figures of the README, each with the bound it has to keep.

Each figure is a ratio or a time within one run on this machine; another user of the machine shows
in the times, hardly in the ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cosim.analog.factory import make_engine
from cosim.bridge.lag import lag_speed
from cosim.bridge.speed import rtl_speed
from cosim.design import Design, load_design
from cosim.errors import MismatchError
from cosim.model.datasets import builtin_mnist
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network
from cosim.model.twin import twin_codes

__all__ = ["PARTS", "Figure", "measure"]

RATIO_MIN, CYCLES_PER_S_MIN = 0.9, 1e6
FC_MAX_S, FC_WIRES_MAX_S = 120.0, 480.0
LAG_RATIO_MAX = 2.5
START_PS = 10_000  # the macro is off until here
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value and its bound; `unit` is s, 1/s or x (a ratio)."""

    name: str
    value: float
    unit: str
    bound: float
    at_least: bool

    @property
    def ok(self) -> bool:
        """Whether the bound is kept."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def as_dict(self) -> dict[str, Any]:
        """For JSON and tables."""
        sign = ">=" if self.at_least else "<="
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "bound": f"{sign} {self.bound:g}",
            "ok": self.ok,
        }


def _soc(say: Say, clock: Callable[[], float]) -> Iterator[Figure]:
    del clock  # the simulators time themselves
    say("SoC with an idle macro: cocotb against a bare program")
    speed = rtl_speed()
    yield Figure(
        name="SoC under cocotb over the bare C++ main, processor time",
        value=speed.ratio,
        unit="x",
        bound=RATIO_MIN,
        at_least=True,
    )
    yield Figure(
        name="SoC under cocotb, clock cycles",
        value=speed.cycles_per_s,
        unit="1/s",
        bound=CYCLES_PER_S_MIN,
        at_least=True,
    )


def _stack_s(design: Design, clock: Callable[[], float]) -> float:
    """Wall time from the weights to the codes of one image, its class held against the twin's."""
    network = load_network("lenet5")
    bits = feature_bits(features(network, builtin_mnist().images[:1]))
    want = int(twin_codes(network, bits)[0].argmax())
    engine = make_engine("ngspice", "bench", design, network.fc_sizes)
    begin_s = clock()
    try:
        engine.program(tuple(layer.astype(float) for layer in network.fc))
        names = [f"in[{i}]" for i in range(network.fc_sizes[0])]
        engine.start(0, {"en": 0, **dict.fromkeys(names, 0)})
        engine.advance(START_PS, stop_on_crossing=False)
        levels = {name: int(bit) for name, bit in zip(names, bits[0], strict=True) if bit}
        engine.drive(START_PS, {"en": 1, **levels})
        period_ps = design.clock.period_ps
        strobe_ps = START_PS + design.macro.timing.settle_cycles * period_ps
        engine.advance(strobe_ps, grid_ps=period_ps, stop_on_crossing=False)
        codes = engine.sample(tuple(f"code[{j}]" for j in range(network.fc_sizes[-1]))).codes
        wall_s = clock() - begin_s
    finally:
        engine.close()
    got = max(range(network.fc_sizes[-1]), key=lambda j: codes[f"code[{j}]"])
    if got != want:
        raise MismatchError(f"bench: the circuit says class {got}, the integer twin {want}")
    return wall_s


def _fc(say: Say, clock: Callable[[], float]) -> Iterator[Figure]:
    say("FC stack in ngspice, one image, no wires")
    yield Figure(
        name="FC stack in ngspice, one image, no wires",
        value=_stack_s(load_design("imac_14nm", ["wires.enabled=false"]), clock),
        unit="s",
        bound=FC_MAX_S,
        at_least=False,
    )


def _fc_wires(say: Say, clock: Callable[[], float]) -> Iterator[Figure]:
    say("FC stack in ngspice, one image, wires in 32x32 tiles")
    sets = ["wires.enabled=true", "macro.tile.rows=32", "macro.tile.cols=32"]
    yield Figure(
        name="FC stack in ngspice, one image, wires in 32x32 tiles",
        value=_stack_s(load_design("imac_14nm", sets), clock),
        unit="s",
        bound=FC_WIRES_MAX_S,
        at_least=False,
    )


def _lag(say: Say, clock: Callable[[], float]) -> Iterator[Figure]:
    del clock
    say("lockstep against plain ngspice on the lag circuit")
    speed = lag_speed()
    yield Figure(
        name="lockstep on Verilator over plain ngspice -b, lag circuit",
        value=speed.loop_ratio,
        unit="x",
        bound=LAG_RATIO_MAX,
        at_least=False,
    )
    yield Figure(
        name="the same from call to end of process",
        value=speed.whole_ratio,
        unit="x",
        bound=LAG_RATIO_MAX,
        at_least=False,
    )


PARTS: dict[str, Callable[[Say, Callable[[], float]], Iterator[Figure]]] = {
    "soc": _soc,
    "lag": _lag,
    "fc": _fc,
    "fc-wires": _fc_wires,
}


def measure(parts: tuple[str, ...], *, say: Say, clock: Callable[[], float]) -> Iterator[Figure]:
    """The figures of each part, as soon as they are there."""
    for part in parts:
        yield from PARTS[part](say, clock)
