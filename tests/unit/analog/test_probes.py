# SPDX-License-Identifier: Apache-2.0
"""test_probes : analog values of a trace in the order of their names; currents from power."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.analog.probes import probe_values, stack_probes
from cosim.analog.protocol import Energy
from cosim.design import load_design


def energy(t_ps: int, **joules: float) -> Energy:
    return Energy(t_ps=t_ps, total_j=sum(joules.values()), by_supply=joules, by_group=joules)


def test_values_stand_where_their_names_do() -> None:
    names = stack_probes((3, 2, 1), load_design("imac_14nm"))
    shot = {"layer0.neuron": np.array([0.1, 0.2]), "layer1.amplifier": np.array([0.5])}
    before = energy(1000, drivers=1e-12, neuron_vdd=2e-12)
    now = energy(1050, drivers=4e-12, neuron_vdd=3e-12)
    values = dict(zip(names.all, probe_values(names, shot, before, now), strict=True))
    assert len(values) == len(names.all)
    assert (values["layer0.neuron_1"], values["layer1.amplifier_0"]) == (0.2, 0.5)
    assert values["layer0.amplifier_0"] == 0.0
    vdd_v = load_design("imac_14nm").macro.vdd_v
    assert values["supply.neuron_vdd_a"] == pytest.approx(1e-12 / 50e-12 / vdd_v)
    assert values["supply.drivers_w"] == pytest.approx(3e-12 / 50e-12)
    assert values["power_w"] == pytest.approx(4e-12 / 50e-12)


def test_without_a_design_there_is_only_power() -> None:
    names = stack_probes((3, 1), None)
    assert names.supply_v == {}
    values = probe_values(names, {}, energy(10, vdd=1e-12), energy(10, vdd=1e-12))
    assert set(values) == {0.0}
