# SPDX-License-Identifier: Apache-2.0
"""test_variation : dies have the stated spread, streams of their own, and names for bad input."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.analog.dies import sample_dies
from cosim.analog.variation import LayerDie, nominal_die, sample_die, stream
from cosim.design import load_design
from cosim.errors import DesignError, UserInputError

SIZES = (400, 120, 10)
SIGMAS = 4.0  # a statistic of n draws lies within four of its own standard deviations


def die_of(*sets: str, seed: int = 3, index: int = 0) -> LayerDie:
    design = load_design("imac_14nm", [f"variation.{text}" for text in sets])
    return sample_die(design, SIZES, seed, index).layers[0]


def same(a: LayerDie, b: LayerDie) -> set[str]:
    """Names of the fields that are equal."""
    return {f.name for f in fields(a) if np.array_equal(getattr(a, f.name), getattr(b, f.name))}


@pytest.mark.parametrize(
    ("key", "field", "sigma"),
    [
        ("ra_sigma", "r_factor", 0.05),
        ("ra_sigma", "r_factor", 0.2),
        ("tmr_sigma", "tmr_factor", 0.03),
    ],
)
def test_cells_spread_around_one_with_the_stated_sigma(key: str, field: str, sigma: float) -> None:
    values = getattr(die_of(f"{key}={sigma}"), field).ravel()
    n = values.size
    assert abs(values.mean() - 1) < SIGMAS * sigma / np.sqrt(n)
    assert abs(values.std() / sigma - 1) < SIGMAS * (0.71 + sigma) / np.sqrt(n)


def test_offsets_have_the_stated_sigma() -> None:
    design = load_design(
        "imac_14nm", ["variation.amplifier_offset_v=0.002", "variation.neuron_offset_v=0.01"]
    )
    layers = [sample_die(design, SIZES, 1, k).layers[0] for k in range(40)]
    for field, sigma in (("amplifier_offset_v", 0.002), ("neuron_offset_v", 0.01)):
        values = np.concatenate([getattr(layer, field).ravel() for layer in layers])
        assert abs(values.mean()) < SIGMAS * sigma / np.sqrt(values.size)
        assert abs(values.std() / sigma - 1) < SIGMAS * 0.71 / np.sqrt(values.size)


@pytest.mark.parametrize(
    ("key", "count"),
    [
        ("stuck_p_rate", lambda die: die.stuck == 0),
        ("stuck_ap_rate", lambda die: die.stuck == 1),
        ("row_open_rate", lambda die: die.row_open),
        ("line_open_rate", lambda die: die.line_open),
    ],
)
def test_defects_come_at_the_stated_rate(key: str, count: object) -> None:
    flags = count(die_of(f"{key}=0.02"))  # type: ignore[operator]  # a function of the table
    expected = 0.02 * flags.size
    assert abs(flags.sum() - expected) < SIGMAS * np.sqrt(expected)


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("ra_sigma=0.1", {"r_factor"}),
        ("tmr_sigma=0.1", {"tmr_factor"}),
        ("stuck_p_rate=0.1", {"stuck"}),
        ("line_open_rate=0.1", {"line_open"}),
        ("row_open_rate=0.1", {"row_open"}),
        ("amplifier_offset_v=0.01", {"amplifier_offset_v"}),
        ("neuron_offset_v=0.02", {"neuron_offset_v"}),
    ],
)
def test_a_changed_source_moves_no_other(text: str, moved: set[str]) -> None:
    names = {f.name for f in fields(LayerDie)}
    assert same(die_of(), die_of(text)) == names - moved


def test_a_larger_sigma_scales_the_same_draws() -> None:
    small, large = (np.log(die_of(f"ra_sigma={s}").r_factor).ravel() for s in (0.01, 0.2))
    assert np.corrcoef(small, large)[0, 1] == pytest.approx(1.0, abs=1e-12)


def test_a_die_does_not_depend_on_how_many_are_drawn_nor_on_later_layers() -> None:
    design = load_design("imac_14nm")
    names = {f.name for f in fields(LayerDie)}
    alone = sample_die(design, SIZES, 7, 3).layers[0]
    assert same(alone, sample_dies(design, SIZES, 7, 5)[3].layers[0]) == names
    assert same(alone, sample_die(design, (400, 120), 7, 3).layers[0]) == names


def test_seeds_dies_layers_and_sources_are_independent() -> None:
    draws = [
        stream(seed, die, name, layer).standard_normal(20_000)
        for seed, die, name, layer in [
            *((1, 0, "ra", 0), (2, 0, "ra", 0), (1, 1, "ra", 0), (1, 0, "ra", 1)),
            *((1, 0, "tmr", 0), (1, 0, "noise", 0), (1, 0, "neuron", 0)),
        ]
    ]
    between = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(between).max() < 5 / np.sqrt(20_000)  # 21 pairs: five sigma


def test_stuck_cells_keep_their_state() -> None:
    weights: NDArray[np.int8] = np.array([[1, -1], [0, 1]], dtype=np.int8)
    die = nominal_die(load_design("imac_14nm"), (1, 2)).layers[0]
    stuck = die.stuck.copy()
    stuck[0, 0, 0], stuck[0, 1, 0], stuck[1, 1, 1] = 1, 0, 0
    states = replace(die, stuck=stuck).states(weights)
    assert states[:, :, 0].tolist() == [[1, 0], [0, 0]]  # I+: P AP / P P without defects
    assert states[:, :, 1].tolist() == [[1, 0], [0, 0]]  # I-: AP P / P AP


def test_tied_partitions_have_an_amplifier_each() -> None:
    design = load_design("imac_14nm", ["macro.partition.outputs=tied"])
    assert sample_die(design, SIZES, 1).layers[0].amplifier_offset_v.shape == (13, 120)


def test_bad_input_is_named() -> None:
    design = load_design("imac_14nm")
    with pytest.raises(UserInputError, match="no random stream 'colour'; streams: ra, tmr"):
        stream(1, 0, "colour")
    with pytest.raises(UserInputError, match="seed and die must be at least 0, got -1 and 0"):
        sample_die(design, SIZES, -1)
    with pytest.raises(UserInputError, match=r"sizes must be inputs and outputs .*, got \(400,\)"):
        sample_die(design, (400,), 1)
    with pytest.raises(UserInputError, match="dies must be at least 1, got 0"):
        sample_dies(design, SIZES, 1, 0)
    with pytest.raises(DesignError, match=r"die 0 is for sizes \(4, 3\), got \(4, 2\)"):
        sample_die(design, (4, 3), 1).check((4, 2))
    with pytest.raises(DesignError, match="stuck must be -1, 0 or 1"):
        replace(die_of(), stuck=np.full((401, 120, 2), 2, dtype=np.int8))
    for text, limit in (("ra_sigma=-0.1", "equal to 0"), ("line_open_rate=1.5", "equal to 1")):
        with pytest.raises(DesignError, match=limit):
            die_of(text)
