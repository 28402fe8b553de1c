# SPDX-License-Identifier: Apache-2.0
"""test_second_opinion : VACASK, ngspice and engine fast agree on four circuits, and can differ."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.analog import second_opinion
from cosim.analog.second_opinion import CIRCUITS
from cosim.analog.vacask_deck import translated, vacask_deck
from cosim.analog.vacask_run import run_vacask
from cosim.design import load_design
from cosim.errors import CircuitError, DesignError, NetlistError

DIVIDER = ".subckt divider a b\nr1 a m 1000\nr2 m b 3000\nc1 m 0 1e-15\n.ends"
TAU_S = 0.75e-12  # 1 kohm beside 3 kohm, 1 fF
CURVE_V = 1e-3


@pytest.mark.spice
@pytest.mark.parametrize("name", list(CIRCUITS))
def test_three_solvers_agree_within_the_stated_bounds(name: str) -> None:
    bounds = CIRCUITS[name](load_design("imac_14nm"))
    assert [bound for bound in bounds if not bound.ok] == []
    against = {bound.name.split()[-1] for bound in bounds}
    assert against == {"ngspice", "fast"}


@pytest.mark.spice
def test_another_circuit_is_not_within_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    design = load_design("imac_14nm")
    other = load_design("imac_14nm", ["macro.amplifier.gain_output=9.0"])
    right = second_opinion.build_macro

    def wrong(mapping: object, asked: object) -> object:
        del asked
        return right(mapping, other)  # type: ignore[arg-type]

    monkeypatch.setattr(second_opinion, "build_macro", wrong)
    missed = {bound.name for bound in second_opinion.column(design) if not bound.ok}
    assert missed == {"column: amplifier, fast", "column: neuron, fast"}


@pytest.mark.spice
def test_divider_rests_and_moves_as_its_equations_say() -> None:
    line = "x1 a b divider"
    rest = run_vacask(DIVIDER, line, {"a": 1.0, "b": 0.0}, models=())
    assert rest["x1:m"][0] == pytest.approx(0.75, abs=1e-9)
    ramp = [(0.0, 0.0), (1e-15, 1.0), (1.0, 1.0)]
    step = "tran step=1e-14 stop=5e-12 maxstep=1e-14"
    moved = run_vacask(DIVIDER, line, {"a": ramp, "b": 0.0}, models=(), analysis=step)
    want = 0.75 * (1 - np.exp(-(moved["time"] - 0.5e-15) / TAU_S))
    late = moved["time"] > 2e-15
    assert moved["x1:m"][late] == pytest.approx(want[late], abs=CURVE_V)


def test_elements_are_translated_one_by_one() -> None:
    text = translated(
        "* remark\n.model m v_model a=1\n+ b=2\n.subckt s p q\nn1 p q m state=1\n"
        "e1 p 0 q 0 1e3\nx1 p q s\n.ends"
    )
    assert text.splitlines() == [
        "model m v_model (a=1 b=2)",
        "subckt s(p q)",
        "n1 (p q) m state=1",
        "e1 (p 0 q 0) vcvs gain=1e3",
        "x1 (p q) s",
        "ends",
    ]


@pytest.mark.parametrize("line", ["b1 out 0 v = v(y)", "n1 a b unknown", "q1 c b e 0 npn", "r1 a"])
def test_element_without_counterpart_is_refused(line: str) -> None:
    with pytest.raises(NetlistError, match=line.split(maxsplit=1)[0]):
        translated(line)


def test_exact_op_amp_is_refused_with_the_key_to_change() -> None:
    with pytest.raises(DesignError, match=r"macro\.amplifier\.kind"):
        second_opinion.second_opinion(load_design("imac_sim"))


@pytest.mark.spice
def test_broken_file_is_one_error_with_the_simulators_words() -> None:
    with pytest.raises(CircuitError, match="VACASK"):
        run_vacask(DIVIDER, "x1 a b nothing", {"a": 1.0, "b": 0.0}, models=())


def test_sources_and_models_are_in_the_deck() -> None:
    deck = vacask_deck(
        DIVIDER,
        "x1 a b divider",
        {"a": [(0.0, 0.1), (1e-9, 0.5)], "b": 0.25},
        osdi=["model0.osdi"],
        options={"reltol": "1e-6"},
        analysis="op",
    )
    assert 'load "model0.osdi"' in deck
    assert 'source0 (a 0) vsource type="pwl" wave=[0.0, 0.1, 1e-09, 0.5] dc=0.1' in deck
    assert "source1 (b 0) vsource dc=0.25" in deck
