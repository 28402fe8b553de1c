# SPDX-License-Identifier: Apache-2.0
"""test_ngspice_failures : whatever goes wrong ends within ten seconds, named, without an orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.pins import InputPin, MacroDescription, OutputPin
from cosim.errors import CircuitError, ConvergenceError, NetlistError, WorkerLostError

pytestmark = pytest.mark.spice

LIMIT_S = 10.0
HEAD = '`include "disciplines.vams"\nmodule {name}(p, n); inout p, n; electrical p, n;\n'
ENDLESS = """real s; integer k;
analog begin
   s = 0; k = 0;
   while (V(p,n) > 0.7 && k < 2) begin s = s*0.5 + 1e-9*V(p,n); k = (s > 1.0) ? 2 : 0; end
   I(p,n) <+ 1e-4*V(p,n) + 1e-30*s;
end
endmodule
"""
NOT_A_NUMBER = (
    "analog I(p,n) <+ 1e-4*V(p,n)*(V(p,n) < 0.6 ? 1.0 : sqrt(0.6 - V(p,n)));\nendmodule\n"
)
TWO_WAYS = "analog I(p,n) <+ (V(p,n) > 0.4 ? 1e3 : -1e3) + 1e-9*V(p,n);\nendmodule\n"
UNDECLARED = "analog I(p,n) <+ V(p,q);\nendmodule\n"

Make = Callable[..., NgspiceEngine]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[NgspiceEngine] = []

    def build(body: str, model: str = "") -> NgspiceEngine:
        """An engine for a macro (a -> y) with this body; `model` is the text of module `bad`."""
        models: tuple[Path, ...] = ()
        netlist = f".subckt m a y\n{body}\n.ends\n"
        if model:
            path = tmp_path / "bad.va"
            path.write_text(HEAD.format(name="bad") + model)
            models = (path,)
            netlist = f".model bad bad\n{netlist}"
        macro = MacroDescription(
            subckt="m",
            netlist=netlist,
            models=models,
            inputs=(InputPin(name="a", node="a", voh=0.8, rise_ps=1, fall_ps=1),),
            outputs=(OutputPin(name="y", node="y", rise_v=0.45, fall_v=0.35),),
        )
        made.append(NgspiceEngine("imac0", macro))
        return made[-1]

    yield build
    for engine in made:
        engine.close()


def alive(pid: int) -> bool:
    """Whether the process exists and is more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_gone(pid: int, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


RC = "r1 a y 10k\nc1 y 0 1f"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("xq a y nosuch", "unknown subckt"),
        ("r1 a y\nc1 y 0 1f", "not a valid resistor"),
        ("r1 a y 1k\nn1 y 0 nomodel", "nomodel"),
        ("r1 a y 1k\nz9 foo bar", "rejects the netlist"),
    ],
)
def test_a_netlist_that_ngspice_refuses_is_named(make: Make, body: str, text: str) -> None:
    engine = make(body)
    with pytest.raises(NetlistError, match=text) as caught:
        engine.start(0, {"a": 0})
    assert caught.value.macro == "imac0"
    assert "\n" not in str(caught.value)


def test_a_model_that_does_not_compile_is_named_with_its_line(make: Make) -> None:
    engine = make(RC, UNDECLARED)
    with pytest.raises(NetlistError, match=r"bad\.va does not compile.*bad\.va:3"):
        engine.start(0, {"a": 0})


@pytest.mark.parametrize(
    ("body", "model", "node"),
    [
        ("v1 y 0 1\nv2 y 0 2\nr1 a y 1k", "", "v1"),
        ("c1 a y 1f\nc2 y 0 1f", "", "y"),
        ("r1 a y 1k\nn1 y 0 bad", TWO_WAYS, "y"),
    ],
)
def test_a_circuit_without_an_operating_point_names_the_node(
    make: Make, body: str, model: str, node: str
) -> None:
    engine = make(body, model)
    with pytest.raises(ConvergenceError, match="no operating point") as caught:
        engine.start(5000, {"a": 0})
    assert (caught.value.macro, caught.value.t_ps, caught.value.node) == ("imac0", 5000, node)


def test_a_solution_that_is_not_a_number_names_time_and_node(make: Make) -> None:
    engine = make("r1 a y 1k\nn1 y 0 bad", NOT_A_NUMBER)
    engine.start(0, {"a": 0})
    engine.advance(100)
    engine.drive(100, {"a": 1})
    pid = engine.pid
    with pytest.raises(ConvergenceError, match="not a number") as caught:
        engine.advance(200)
    assert caught.value.node == "y"
    assert caught.value.t_ps in (100, 101)
    assert wait_gone(pid)


@pytest.mark.parametrize(
    ("how", "text"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSTOP, "is stopped")]
)
def test_a_worker_that_is_killed_or_stopped_is_lost_in_time(
    make: Make, how: signal.Signals, text: str, patience: Callable[[float], float]
) -> None:
    engine = make(RC)
    engine.start(0, {"a": 0})
    engine.advance(777)
    pid = engine.pid
    os.kill(pid, how)
    begun = time.monotonic()
    with pytest.raises(WorkerLostError, match=text) as caught:
        engine.advance(1000)
    assert time.monotonic() - begun < patience(LIMIT_S)
    assert (caught.value.macro, caught.value.t_ps) == ("imac0", 777)
    engine.close()
    assert wait_gone(pid)


def test_a_model_that_never_returns_is_lost_in_time(
    make: Make, patience: Callable[[float], float]
) -> None:
    engine = make("r1 a y 1k\nn1 y 0 bad", ENDLESS)
    engine.start(0, {"a": 0})
    engine.drive(0, {"a": 1})
    pid, begun = engine.pid, time.monotonic()
    with pytest.raises(WorkerLostError, match="no progress") as caught:
        engine.advance(100)
    assert time.monotonic() - begun < patience(LIMIT_S)
    assert caught.value.macro == "imac0"
    assert wait_gone(pid)


def test_a_worker_killed_while_it_solves_the_operating_point_is_lost(make: Make) -> None:
    engine = make("r1 a y 1k\nn1 y 0 bad", ENDLESS.replace("V(p,n) > 0.7", "V(p,n) > -1.0"))
    engine.load()
    pid = engine.pid
    killer = subprocess.Popen(
        [sys.executable, "-c", f"import os, time; time.sleep(1); os.kill({pid}, 9)"]
    )
    with pytest.raises(WorkerLostError, match=r"SIGKILL \(phase op\)"):
        engine.start(0, {"a": 1})
    killer.wait()


def test_close_ends_the_process_at_any_time_and_twice(make: Make) -> None:
    engine = make(RC)
    engine.load()
    first = engine.pid
    engine.close()
    assert wait_gone(first)
    engine.close()
    with pytest.raises(CircuitError):
        engine.advance(10)


ORPHAN = """
import sys, time
sys.path[:0] = {path!r}
from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.pins import InputPin, MacroDescription
macro = MacroDescription(subckt="m", netlist=".subckt m a\\nr1 a 0 1k\\n.ends\\n",
                         inputs=(InputPin(name="a", node="a", voh=1.0),))
engine = NgspiceEngine("m0", macro)
engine.start(0, {{"a": 0}})
print(engine.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_the_program_that_started_it(how: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN.format(path=sys.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(how)
    parent.wait()
    parent.stdout.close()
    assert wait_gone(pid)


def test_ctrl_c_does_not_reach_the_worker(make: Make) -> None:
    engine = make(RC)
    engine.start(0, {"a": 0})
    os.kill(engine.pid, signal.SIGINT)
    assert engine.advance(100).t_ps == 100


def test_the_log_file_keeps_what_ngspice_said(tmp_path: Path, make: Make) -> None:
    log = tmp_path / "imac0.log"
    macro = make(RC).macro
    with NgspiceEngine("m0", macro, NgspiceOptions(log=log)) as engine:
        engine.start(0, {"a": 0})
    assert "ngspice" in log.read_text()


def test_a_run_beyond_its_horizon_says_so(make: Make) -> None:
    macro = make(RC).macro
    with NgspiceEngine("m0", macro, NgspiceOptions(horizon_s=1e-9)) as engine:
        engine.start(0, {"a": 0})
        with pytest.raises(CircuitError, match="horizon_s"):
            engine.advance(3000)
