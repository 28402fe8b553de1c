# SPDX-License-Identifier: Apache-2.0
"""test_ngspice_run : single decks: vectors by name, every plot, errors instead of silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosim.analog.ngspice_run import run_deck, run_plots
from cosim.errors import ConvergenceError, NetlistError, WorkerLostError

pytestmark = pytest.mark.spice


def test_a_dc_sweep_returns_its_vectors_by_name() -> None:
    plot = run_deck("v1 a 0 dc 1\nr1 a b 1k\nr2 b 0 3k\n.dc v1 0 1 0.25")
    assert plot["v(a)"].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert plot["v(b)"] == pytest.approx(0.75 * plot["v(a)"])
    assert plot["i(v1)"] == pytest.approx(-plot["v(a)"] / 4e3)


def test_each_analysis_is_a_plot_of_its_own_and_ac_gives_magnitudes() -> None:
    deck = "v1 a 0 dc 1 ac 1\nr1 a b 1k\nc1 b 0 1n\n.op\n.ac dec 1 159154.943 159154.944"
    point, sweep = run_plots(deck)
    if "frequency" in point:
        point, sweep = sweep, point
    assert point["v(b)"].tolist() == [1.0]
    assert sweep["v(b)"][0] == pytest.approx(2**-0.5, rel=1e-6)


def test_a_verilog_a_model_is_compiled_and_loaded(tmp_path: Path) -> None:
    (tmp_path / "Cube.va").write_text(
        '`include "disciplines.vams"\nmodule cube(p, n); inout p, n; electrical p, n;\n'
        "analog I(p,n) <+ 1e-3*V(p,n)*V(p,n)*V(p,n);\nendmodule\n"
    )
    deck = "v1 a 0 dc 0\nn1 a 0 cube\n.model cube cube\n.dc v1 0 1 0.1"
    plot = run_deck(deck, models=[tmp_path / "Cube.va"])
    assert np.allclose(plot["i(v1)"], -1e-3 * plot["v(a)"] ** 3, atol=1e-9)


def test_a_bad_deck_is_an_error_not_an_empty_result() -> None:
    with pytest.raises(NetlistError, match="nosuch"):
        run_deck("v1 a 0 1\nx1 a nosuch\n.op")
    with pytest.raises(ConvergenceError, match="singular"):
        run_deck("v1 a 0 1\nv2 a 0 2\n.op")


def test_a_deck_that_takes_too_long_is_ended() -> None:
    deck = "v1 a 0 sin(0 1 1g)\nr1 a b 1k\nc1 b 0 1p\n.tran 1p 1m 0 1p"
    with pytest.raises(WorkerLostError, match="no result within"):
        run_deck(deck, timeout_s=0.5)
