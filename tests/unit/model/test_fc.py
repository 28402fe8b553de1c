# SPDX-License-Identifier: Apache-2.0
"""test_fc : the FC equations against a nodal solution of each column, and the integer twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_networks import random_network

from cosim.model.fc import Circuit, alphas, amplifier_v, codes_from_volts, fc_volts, neuron_v
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, build_luts, twin_codes

R1 = 1000.0
R_P, R_AP = 8488.26, 25464.79  # CIRCUITS: RA 10 ohm.um2, 50 nm x 30 nm ellipse, TMR 200 %


def column_by_nodes(v: np.ndarray, w: np.ndarray, gain: float) -> float:
    """One column's output from Kirchhoff's law at both lines and both op-amp inputs."""
    g_plus = np.where(w < 0, 1 / R_AP, 1 / R_P)
    g_minus = np.where(w > 0, 1 / R_AP, 1 / R_P)
    r3 = gain * R1
    # unknowns: line plus, line minus, op-amp input (both), output
    a = np.array(
        [
            [g_plus.sum() + 1 / R1, 0, -1 / R1, 0],
            [0, g_minus.sum() + 1 / R1, -1 / R1, 0],
            [-1 / R1, 0, 1 / R1 + 1 / r3, 0],
            [0, -1 / R1, 1 / R1 + 1 / r3, -1 / r3],
        ]
    )
    b = np.array([g_plus @ v, g_minus @ v, 0, 0])
    return float(np.linalg.solve(a, b)[3])


@pytest.mark.parametrize("gain", [10.0, 30.0])
def test_exact_columns_solve_the_amplifier(gain: float) -> None:
    rng = np.random.default_rng(1)
    weight = rng.integers(-1, 2, (41, 7)).astype(np.int8)
    v = rng.uniform(-0.3, 0.3, (5, 41))
    got = amplifier_v(v, weight, gain, Circuit(rail_v=100.0), "exact")
    for row, line in zip(got, v, strict=True):
        for j in range(7):
            assert row[j] == pytest.approx(column_by_nodes(line, weight[:, j], gain), abs=1e-12)


def test_balanced_equation_equals_the_nodes_for_a_balanced_column() -> None:
    rng = np.random.default_rng(2)
    weight = rng.permutation([1] * 20 + [-1] * 20).astype(np.int8)[:, None]
    v = rng.uniform(-0.8, 0.8, (3, 40))
    got = amplifier_v(v, weight, 30.0, Circuit(rail_v=100.0), "balanced")
    for row, line in zip(got, v, strict=True):
        assert row[0] == pytest.approx(column_by_nodes(line, weight[:, 0], 30.0), abs=1e-12)


def test_rails_hold() -> None:
    weight = np.repeat([1, -1], 20).astype(np.int8)[:, None]
    v = 0.8 * weight.T.astype(float)
    assert amplifier_v(v, weight, 30.0, Circuit(), "balanced")[0, 0] == 0.8
    assert amplifier_v(-v, weight, 30.0, Circuit(), "exact")[0, 0] == -0.8


def test_alphas_of_lenet5() -> None:
    # by hand: 30e3*(1/8488.26 - 1/25464.79)/(1 + 401*0.5*(1/8488.26 + 1/25464.79)*1e3) = 0.07251
    assert alphas(load_network("lenet5"), Circuit()) == pytest.approx(
        (0.07251, 0.22434, 0.10233), rel=1e-3
    )


def test_volts_follow_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    network = random_network(rng)
    bits = rng.integers(0, 2, (2, 400)).astype(np.uint8)
    got = fc_volts(network, bits)
    for row, pattern in zip(got, bits, strict=True):
        v = [0.8 if bit else -0.8 for bit in pattern]
        for weight, alpha in zip(network.fc, alphas(network, Circuit()), strict=True):
            v = [
                float(
                    np.interp(
                        alpha * sum(float(w) * x for w, x in zip(column, [*v, 0.8], strict=True)),
                        network.neuron_vin_v,
                        network.neuron_vout_v,
                    )
                )
                for column in weight.T
            ]
        assert row == pytest.approx(v, abs=1e-9)


def test_neurons_invert_and_codes_span_the_range() -> None:
    network = load_network("lenet5")
    volts = neuron_v(network, np.array([-5.0, -0.6, 0.0, 0.6, 5.0]))
    assert (np.diff(volts) <= 0).all()
    assert volts[0] == volts[1]
    assert codes_from_volts(np.array([-1.0, 0.0, 0.8 / 255 * 0.6, 0.4, 0.8, 2.0])).tolist() == [
        0,
        0,
        1,
        128,
        255,
        255,
    ]


def twin_by_loops(network: object, bits: list[int]) -> list[int]:
    """The twin as sums over lists of Python integers."""
    x, x_bias = [1 if bit else -1 for bit in bits], 1
    for weight, lut in zip(network.fc_cpu, network.luts, strict=True):  # type: ignore[attr-defined]
        nxt = []
        for column in weight.T.tolist():
            s = sum(w * v for w, v in zip(column, [*x, x_bias], strict=True))
            place = min(max(s // 2**lut.shift + lut.offset, 0), len(lut.table) - 1)
            nxt.append(int(lut.table[place]))
        x, x_bias = nxt, 255
    return x


@pytest.mark.parametrize("zeros", [False, True])
def test_the_twin_equals_plain_loops(zeros: bool) -> None:
    rng = np.random.default_rng(4)
    network = random_network(rng, zeros=zeros)
    bits = rng.integers(0, 2, (20, 400)).astype(np.uint8)
    got = twin_codes(network, bits)
    assert [row.tolist() for row in got] == [twin_by_loops(network, row.tolist()) for row in bits]


def test_a_twin_with_weights_of_its_own_computes_with_those() -> None:
    rng = np.random.default_rng(5)
    shared = random_network(rng)
    own = replace(shared, fc_own=random_network(rng).fc)
    bits = rng.integers(0, 2, (20, 400)).astype(np.uint8)
    got = twin_codes(own, bits)
    assert [row.tolist() for row in got] == [twin_by_loops(own, row.tolist()) for row in bits]
    assert not np.array_equal(got, twin_codes(shared, bits))
    assert np.array_equal(fc_volts(own, bits), fc_volts(shared, bits))  # the macro's are its own


def test_neuron_tables_are_the_curve_at_their_bins() -> None:
    network = load_network("lenet5")
    luts = build_luts(network.fc, network.neuron_vin_v, network.neuron_vout_v)
    units = [a * 0.8 / (1 if k == 0 else 255) for k, a in enumerate(alphas(network, Circuit()))]
    for lut, stored, unit in zip(luts, network.luts, units, strict=True):
        assert np.array_equal(lut.table, stored.table)
        assert len(lut.table) <= 512
        for place in (0, 1, len(lut.table) // 2, len(lut.table) - 1):
            low = (place - lut.offset) * 2**lut.shift
            middle = unit * np.mean(np.arange(low, low + 2**lut.shift))
            volts = np.interp(middle, network.neuron_vin_v, network.neuron_vout_v)
            assert abs(int(lut.table[place]) - volts / 0.8 * 255) <= 0.5
        # outside the table the curve is flat to a code
        assert lut.table[0] >= 252
        assert lut.table[-1] <= 3


def test_equal_codes_choose_the_first_class() -> None:
    assert argmax_class(np.array([[3, 9, 9], [0, 0, 0]], np.uint8)).tolist() == [1, 0]
