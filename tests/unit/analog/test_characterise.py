# SPDX-License-Identifier: Apache-2.0
"""test_characterise : shipped neuron curves are what ngspice measures, and the published shape."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cosim.analog.characterise import (
    DATA_DIR,
    NeuronCurve,
    curve_key,
    measure_curve,
    neuron_curve,
    read_curve,
)
from cosim.design import load_design
from cosim.errors import RangeError

SHIPPED = ["imac_14nm", "imac_sim"]
TOL_SAME_V = 2e-6  # six decimals in the file; the sweep is solved to 1e-9 V
TOL_REFERENCE_V = 10e-3
# vin, vout of this neuron with fixed resistors; PTM-MG 14 nm HP, BSIM-CMG 111, ngspice 44.2, 27 C
REFERENCE = np.array(
    [
        (-0.60, 0.7929021),
        (-0.40, 0.7903333),
        (-0.30, 0.7773624),
        (-0.25, 0.7659606),
        (-0.20, 0.7510423),
        (-0.15, 0.7142873),
        (-0.10, 0.6165775),
        (-0.05, 0.5021738),
        (0.00, 0.3849310),
        (0.05, 0.2681461),
        (0.10, 0.1561922),
        (0.15, 0.06887462),
    ]
)


@pytest.mark.spice
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_curve_is_what_ngspice_measures(name: str) -> None:
    design = load_design(name)
    shipped = read_curve(DATA_DIR / f"neuron_{name}.csv")
    assert shipped.key == curve_key(design), f"run python -m cosim.analog.characterise {name}"
    measured = measure_curve(design)
    assert measured.vin_v == pytest.approx(shipped.vin_v, abs=1e-9)
    assert measured.vout_v == pytest.approx(shipped.vout_v, abs=TOL_SAME_V)
    assert measured.table[:, 3:] == pytest.approx(shipped.table[:, 3:], abs=1e-9)


def test_the_first_line_holds_the_command_that_made_it() -> None:
    for name in SHIPPED:
        first = (DATA_DIR / f"neuron_{name}.csv").read_text().splitlines()[0]
        assert first.startswith(f"# python -m cosim.analog.characterise {name} ; key=")


def test_with_fixed_resistors_the_curve_is_the_reference_to_10_mv() -> None:
    curve = neuron_curve(load_design("imac_sim"))
    assert curve.output_v(REFERENCE[:, 0]) == pytest.approx(REFERENCE[:, 1], abs=TOL_REFERENCE_V)
    slope = np.gradient(curve.vout_v, curve.vin_v).min()
    assert slope == pytest.approx(-2.35, abs=0.1)


def test_bias_dependence_and_strip_bend_the_default_curve() -> None:
    plain, default = (neuron_curve(load_design(name)) for name in ("imac_sim", "imac_14nm"))
    at = np.array([-0.15, 0.15])
    # TMR falls with bias: stronger feedback away from the middle, so the tails reach less far
    assert default.output_v(at)[0] < plain.output_v(at)[0] - 0.02
    assert default.output_v(at)[1] > plain.output_v(at)[1] + 0.02


@pytest.mark.spice
def test_another_design_is_measured_once_and_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = load_design("imac_14nm", ["macro.neuron.nfin_n=4", "macro.neuron.nfin_p=4"])
    monkeypatch.setattr("cosim.tools.cache_dir", lambda: tmp_path)
    first = neuron_curve(design)
    monkeypatch.setattr("cosim.analog.characterise.measure_curve", None)  # a second call would fail
    again = neuron_curve(design)
    assert again.vout_v == pytest.approx(first.vout_v, abs=TOL_SAME_V)
    assert again.key == first.key == curve_key(design)


@pytest.mark.spice
def test_a_users_bsim_cmg_takes_the_place_of_the_builtin_fet(tmp_path: Path) -> None:
    given = os.environ.get("COSIM_BSIMCMG")
    spec = find_spec("vajax")  # ships the model
    if given is None and (spec is None or spec.origin is None):
        pytest.skip("optional: no BSIM-CMG file (set COSIM_BSIMCMG, or install vajax)")
    model = given or f"{Path(str(spec.origin)).parent}/devices/models/bsimcmg/bsimcmg.va"
    card = tmp_path / "card.lib"
    fin = "bulkmod=0 l=18n tfin=10n hfin=23n eot=0.75n"
    card.write_text(
        f".model nb bsimcmg_va type=1 {fin} phig=4.4187\n"
        f".model pb bsimcmg_va type=0 {fin} phig=4.7518\n"
    )
    fet = f"device.fet={{model: {model}, card: {card}, n_name: nb, p_name: pb}}"
    design = load_design("imac_sim", [fet])
    assert curve_key(design) != curve_key(load_design("imac_sim"))
    curve = measure_curve(design)
    # geometry and work functions of the same fin, all else the model's default: near the reference
    assert curve.output_v(REFERENCE[:, 0]) == pytest.approx(REFERENCE[:, 1], abs=0.06)


def test_the_key_follows_what_shapes_the_curve() -> None:
    keys = {
        curve_key(load_design("imac_14nm", sets))
        for sets in ([], ["device.mtj.tmr0=1.5"], ["macro.vdd_v=0.7"], ["macro.neuron.nfin_n=5"])
    }
    assert len(keys) == 4
    same = load_design("imac_14nm", ["macro.tile.rows=64", "clock.period_ps=500"])
    assert curve_key(same) == curve_key(load_design("imac_14nm"))


def test_outside_its_range_a_curve_answers_with_an_error() -> None:
    curve = neuron_curve(load_design("imac_14nm"))
    with pytest.raises(RangeError, match=r"neuron input 2 V is outside its curve"):
        curve.output_v(np.array([0.0, 2.0]))
    with pytest.raises(RangeError, match="nan V is outside"):
        curve.output_v(np.array([np.nan]))


@pytest.mark.parametrize("table", [np.zeros((3, 4)), np.zeros((3, 5)), np.full((3, 5), np.nan)])
def test_a_table_that_is_no_curve_is_refused(table: np.ndarray) -> None:
    with pytest.raises(RangeError, match="neuron curve must"):
        NeuronCurve(key="", table=table)
