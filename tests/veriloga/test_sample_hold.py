# SPDX-License-Identifier: Apache-2.0
"""test_sample_hold : a converter's tracking input is a resistance and two capacitors."""

from __future__ import annotations

from math import exp
from pathlib import Path

from near import near
from va_deck import run_deck
from va_model import model


def test_switch_and_capacitors() -> None:
    answer = model("sample_hold").evaluate({"in": 0.5, "hold": 0.2, "ref": 0.1})
    assert answer.current_a == near([0.3 / 2e3, -0.3 / 2e3, 0.0])
    assert answer.charge_c == near([2e-15 * 0.4, 15e-15 * 0.1, -2e-15 * 0.4 - 1.5e-15])


def test_ngspice_tracks_a_step_with_its_time_constant(tmp_path: Path) -> None:
    got = run_deck("sample_hold.cir", tmp_path)
    assert got["v_60p"][0] == near(0.8 * (1 - exp(-60e-12 / 30e-12)), rel=2e-3)
