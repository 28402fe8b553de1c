# SPDX-License-Identifier: Apache-2.0
"""lockstep : speed of the RTL, of RTL and circuit in lockstep, of the stack in ngspice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cosim.analog.factory import make_engine
from cosim.bench.figure import Bench, Figure
from cosim.bridge.lag import lag_speed
from cosim.bridge.speed import rtl_speed
from cosim.design import Design, load_design
from cosim.errors import MismatchError
from cosim.model.datasets import builtin_mnist
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network
from cosim.model.twin import twin_codes

__all__ = ["RATIO_MIN", "WIRED", "fc", "fc_wires", "lag", "soc"]

RATIO_MIN = 0.9
CYCLES_PER_S_MIN = 1e6
FC_MAX_S, FC_WIRES_MAX_S = 120.0, 480.0
LAG_RATIO_MAX = 2.5
START_PS = 10_000  # the macro is off until here
WIRED = ("wires.enabled=true", "macro.tile.rows=32", "macro.tile.cols=32")


def soc(bench: Bench) -> Iterator[Figure]:
    """The SoC with an idle macro: under cocotb, and against a bare program."""
    bench.say("SoC with an idle macro: cocotb against a bare program")
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


def lag(bench: Bench) -> Iterator[Figure]:
    """Lockstep on Verilator against plain ngspice."""
    bench.say("lockstep against plain ngspice on the lag circuit")
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


def fc(bench: Bench) -> Iterator[Figure]:
    """One image through the FC stack in ngspice."""
    bench.say("FC stack in ngspice, one image, no wires")
    yield Figure(
        name="FC stack in ngspice, one image, no wires",
        value=_stack_s(load_design("imac_14nm", ["wires.enabled=false"]), bench.clock),
        unit="s",
        bound=FC_MAX_S,
        at_least=False,
    )


def fc_wires(bench: Bench) -> Iterator[Figure]:
    """The same with wires."""
    bench.say("FC stack in ngspice, one image, wires in 32x32 tiles")
    wall_s = _stack_s(load_design("imac_14nm", WIRED), bench.clock)
    bench.known["fc_wires_s"] = wall_s
    yield Figure(
        name="FC stack in ngspice, one image, wires in 32x32 tiles",
        value=wall_s,
        unit="s",
        bound=FC_WIRES_MAX_S,
        at_least=False,
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
