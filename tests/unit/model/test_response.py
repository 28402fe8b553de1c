# SPDX-License-Identifier: Apache-2.0
"""test_response : effective inputs against plain sums, and fits that give back what made them."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.errors import ModelError
from cosim.model.response import (
    TERMS,
    InputResponse,
    fit_inputs,
    fit_layer,
    plain_inputs,
    plain_layer,
)

RNG_SEED, ROWS, COLUMNS, IMAGES, TILE = 1, 21, 5, 60, 8


def signs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.choice(np.array([-1, 1], np.int8), shape)


def test_a_cpus_signal_is_the_sum_of_weights_and_inputs() -> None:
    rng = np.random.default_rng(RNG_SEED)
    bits = rng.integers(0, 2, (IMAGES, ROWS - 1)).astype(np.uint8)
    weight, source_v = signs(rng, ROWS, COLUMNS), rng.random((IMAGES, ROWS))
    plus_minus = np.hstack([2.0 * bits - 1, np.ones((IMAGES, 1))])
    found = plain_inputs((ROWS, COLUMNS), 0.03).signal_v(weight, bits)
    assert np.allclose(found, 0.03 * plus_minus @ weight, atol=1e-6)
    found = plain_layer((ROWS, COLUMNS), 0.2).signal_v(weight, source_v)
    assert np.allclose(found, 0.2 * source_v @ weight)


def by_loops(response: InputResponse, weight: np.ndarray, image: np.ndarray, column: int) -> float:
    """The polynomial of the module's first lines, cell by cell."""
    high = [*image.tolist(), 1]
    in_all = sum(high) / len(high)
    signal = response.factors[-2] + response.factors[-1] * in_all
    for row, on in enumerate(high):
        tile = high[row // TILE * TILE : row // TILE * TILE + TILE]
        m, place = sum(tile) / len(tile), row % TILE / TILE
        terms = [1, m, in_all, m * m, m * in_all, in_all * in_all]
        terms += [place * term for term in terms]
        factors = response.factors[:TERMS] if on else response.factors[TERMS : 2 * TERMS]
        d = sum(a * b for a, b in zip(terms, factors, strict=True))
        signal += weight[row, column] * response.transfer[row, column] * d
    return float(signal)


def test_effective_inputs_are_their_polynomial_and_a_fit_gives_it_back() -> None:
    rng = np.random.default_rng(RNG_SEED)
    true = InputResponse(
        transfer=rng.uniform(0.5, 1, (ROWS, COLUMNS)),
        tile_rows=TILE,
        factors=rng.normal(size=2 * TERMS + 2),
    )
    bits = rng.integers(0, 2, (IMAGES, ROWS - 1)).astype(np.uint8)
    weights = [signs(rng, ROWS, COLUMNS) for _ in range(4)]
    signals = [true.signal_v(weight, bits) for weight in weights]
    for image, column in ((0, 0), (7, 4), (59, 2)):
        wanted = by_loops(true, weights[1], bits[image], column)
        assert signals[1][image, column] == pytest.approx(wanted, abs=1e-4)
    found, rms_v = fit_inputs(
        weights[:3],
        bits,
        signals[:3],
        transfer=true.transfer,
        tile_rows=TILE,
        inside_v=(-1e3, 1e3),
    )
    assert rms_v < 1e-5
    assert np.allclose(found.signal_v(weights[3], bits), signals[3], atol=1e-3)
    with pytest.raises(ModelError, match="at a rail"):
        fit_inputs(
            weights[:3],
            bits,
            signals[:3],
            transfer=true.transfer,
            tile_rows=TILE,
            inside_v=(-1e-9, 1e-9),
        )


def test_a_layer_behind_neurons_is_fitted_with_its_offsets() -> None:
    rng = np.random.default_rng(RNG_SEED)
    transfer = rng.uniform(0.5, 1, (ROWS, COLUMNS))
    weights = [signs(rng, ROWS, COLUMNS) for _ in range(4)]
    sources = [rng.random((IMAGES, ROWS)) for _ in weights]

    def signal(weight: np.ndarray, x: np.ndarray) -> np.ndarray:
        m, total = x.mean(axis=1, keepdims=True), (weight * transfer).sum(axis=0)
        return 0.2 * x @ (weight * transfer) - 0.03 * total + 0.05 * m * total + 0.1 * m - 0.02

    signals = [signal(w, x) for w, x in zip(weights, sources, strict=True)]
    found, rms_v = fit_layer(
        weights[:3], sources[:3], signals[:3], transfer=transfer, inside_v=(-9, 9)
    )
    assert rms_v < 1e-9
    assert found.factors == pytest.approx([0.2, -0.03, 0.05, 0.1, -0.02], abs=1e-9)
    assert np.allclose(found.signal_v(weights[3], sources[3]), signals[3])
