# SPDX-License-Identifier: Apache-2.0
"""test_derivatives : Jacobians are the slopes of currents and charges, and nothing leaks.

Checked at random voltages inside the range each header states and far outside it, where a Newton
iterate may land.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from va_model import VERILOGA, VaModel, model

# Central differences with a step of 1 uV: rounding of a current I adds about 1e-16*I/1e-6, and the
# steepest curvature met (rails of 2 mV) adds (1e-6/2e-3)^2/6.
TOLERANCE = 2e-5
N_POINTS = 12
INSIDE_V, OUTSIDE_V = 0.8, 6.0

CASES: list[tuple[str, Mapping[str, float]]] = [
    ("sot_cell_read", {"state": 1.0, "r_access": 2000.0}),
    ("sot_cell_read", {"state": 0.5}),
    ("sot_synapse_read", {"state": 1.0, "f_tmr_n": 1.1}),
    ("sot_synapse_meter", {"state_n": 1.0}),
    ("sot_mtj_read", {"state": 1.0}),
    ("sot_mtj_write", {}),
    ("fet_cb", {"nfin": 10.0}),
    ("fet_cb", {"type": -1.0, "nfin": 3.0, "c_j": 1e-17}),
    ("wire_segment", {}),
    ("diff_amp", {"v_os": 1e-3}),
    ("buffer_amp", {}),
    ("sample_hold", {}),
    ("stt_mtj_read", {"state": 1.0}),
    ("stt_mtj_read", {"state": 0.3, "f_tmr": 0.9}),
    ("stt_mtj", {}),
    ("line_driver", {}),
    ("rail_switch", {}),
    ("sense_latch", {"v_os": 1e-3}),
]
IDS = [f"{name}-{index}" for index, (name, _) in enumerate(CASES)]


def _points(device: VaModel, reach_v: float, seed: int) -> list[dict[str, float]]:
    rng = np.random.default_rng(seed)
    return [
        dict(zip(device.nodes, rng.uniform(-reach_v, reach_v, len(device.nodes)), strict=True))
        for _ in range(N_POINTS)
    ]


def test_every_model_is_covered() -> None:
    assert {name for name, _ in CASES} == {path.stem for path in VERILOGA.glob("*.va")}


@pytest.mark.parametrize("reach_v", [INSIDE_V, OUTSIDE_V], ids=["inside", "outside"])
@pytest.mark.parametrize(("name", "params"), CASES, ids=IDS)
def test_the_jacobian_is_the_slope(name: str, params: Mapping[str, float], reach_v: float) -> None:
    device = model(name)
    for volts in _points(device, reach_v, seed=11):
        answer = device.evaluate(volts, **params)
        current, charge = device.differences(volts, **params)
        for exact, slope in (
            (answer.conductance_s, current),
            (answer.capacitance_f, charge),
        ):
            assert np.all(np.isfinite(exact))
            scale = np.abs(exact).max()
            np.testing.assert_allclose(exact, slope, rtol=TOLERANCE, atol=TOLERANCE * scale)


@pytest.mark.parametrize(("name", "params"), CASES, ids=IDS)
def test_terminal_currents_and_charges_sum_to_zero(name: str, params: Mapping[str, float]) -> None:
    device = model(name)
    # Ground-referred states and the meter are signals, not part of the device's current balance.
    physical = [
        i for i, node in enumerate(device.nodes) if node not in {"w", "mx", "my", "mz", "meter"}
    ]
    for volts in _points(device, INSIDE_V, seed=12):
        answer = device.evaluate(volts, **params)
        for flow in (answer.current_a[physical], answer.charge_c[physical]):
            assert abs(flow.sum()) <= 1e-12 * np.abs(flow).max() + 1e-30
