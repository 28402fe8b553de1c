# SPDX-License-Identifier: Apache-2.0
"""test_circuit_map : a layer as training sees it against nodal columns and the ideal equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_networks import random_network

from cosim.errors import ModelError
from cosim.model.circuit_map import IdealMapper, column_v
from cosim.model.fc import Circuit, Column, amplifier_v


def column_by_nodes(v: np.ndarray, g: tuple[np.ndarray, np.ndarray], ref_v: float) -> float:
    """Output less reference from Kirchhoff's law at two lines and the op-amp's two inputs."""
    r1, r3 = 1e3, 3e4
    a = np.array(
        [
            [g[0].sum() + 1 / r1, 0, -1 / r1, 0],
            [0, g[1].sum() + 1 / r1, -1 / r1, 0],
            [-1 / r1, 0, 1 / r1 + 1 / r3, 0],
            [0, -1 / r1, 1 / r1 + 1 / r3, -1 / r3],
        ]
    )
    return float(np.linalg.solve(a, [g[0] @ v, g[1] @ v, ref_v / r3, 0])[3] - ref_v)


@pytest.mark.parametrize("ref_v", [0.0, 0.4])
def test_a_column_obeys_kirchhoff_with_any_conductances(ref_v: float) -> None:
    rng = np.random.default_rng(1)
    v = rng.uniform(-0.8, 0.8, (3, 41))
    plus, minus = rng.uniform(2e-5, 2e-4, (2, 41, 5))
    got = column_v(v, plus, minus, r1=1e3, r3=3e4, ref_v=ref_v)
    for n in range(3):
        for j in range(5):
            expected = column_by_nodes(v[n], (plus[:, j], minus[:, j]), ref_v)
            assert got[n, j] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("column", ["exact", "balanced"])
def test_ideal_layers_are_the_ideal_equations_inside_the_rails(column: Column) -> None:
    rng = np.random.default_rng(2)
    network, circuit = random_network(rng), Circuit()
    layers = IdealMapper(network, circuit, column)(network.fc, None).layers
    assert len(layers) == len(network.fc)
    for layer, weight, gain in zip(layers, network.fc, circuit.gains, strict=True):
        v = rng.uniform(-0.8, 0.8, (20, len(weight)))
        expected = amplifier_v(v, weight, gain, circuit, column)
        assert np.abs(layer.signal_v(v) - expected).max() < 1e-12
        assert np.abs(expected).max() > 0.1


def test_maps_refuse_zero_weights_and_foreign_shapes() -> None:
    network = random_network(np.random.default_rng(3))
    layer = IdealMapper(network, Circuit(), "exact")(network.fc, None).layers[0]
    with pytest.raises(ModelError, match="-1 and \\+1 alone"):
        replace(layer, weight=np.zeros_like(layer.weight))
    with pytest.raises(ModelError, match="must have arrays"):
        replace(layer, across=layer.across[:-1])
