# SPDX-License-Identifier: Apache-2.0
"""response : a layer of cells as products of its weights and effective inputs.

A cell's part in its column's signal hangs on its input, on how many inputs of its tile and of the
whole layer are high (they lift the lines it works against, and a cell under more volts has lost
more of its TMR), and on its place on the tile's line. All of that is known before any weight is:

    signal[image, column] = sum over rows of weight * transfer * d[image, row]  +  c m + c0

`d` is a polynomial, one for high inputs and one for low ones, of the share m_tile of high inputs in
the row's tile, of m in the layer, and of the place. It is fitted to signals of the circuit for some
stacks of weights, and then holds for others (`tests/unit/model/test_response.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError

__all__ = [
    "InputResponse",
    "LayerResponse",
    "column_shift",
    "fit_inputs",
    "fit_layer",
    "plain_inputs",
    "plain_layer",
]

Floats = NDArray[np.float64]
CHUNK = 2000  # images at a time
TERMS = 12  # of a polynomial


@dataclass(frozen=True, kw_only=True)
class InputResponse:
    """First layer: `transfer` (n_in + 1, n_out); `tile_rows` rows share a line.

    `factors` of the polynomial of high inputs, of that of low ones, c0 and c. `shift_v` (n_out,) is
    what columns of certain weights give more.
    """

    transfer: Floats
    tile_rows: int
    factors: Floats
    shift_v: Floats | float = 0.0

    def inputs(self, bits: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Effective inputs (n, n_in + 2): rows, the bias row, and what every column gets alike."""
        return np.concatenate(
            [self._inputs(bits[at : at + CHUNK]) for at in range(0, len(bits), CHUNK)]
        )

    def _inputs(self, bits: NDArray[np.uint8]) -> NDArray[np.float32]:
        high = _with_bias(bits)
        on, off = np.zeros(high.shape, np.float32), np.zeros(high.shape, np.float32)
        for term, a, b in zip(
            _terms(high, self.tile_rows),
            self.factors[:TERMS],
            self.factors[TERMS : 2 * TERMS],
            strict=True,
        ):
            on += np.float32(a) * term
            off += np.float32(b) * term
        c0, c = self.factors[2 * TERMS :]
        common = c0 + c * high.mean(axis=1, keepdims=True)
        return np.hstack([np.where(high > 0, on, off), common.astype(np.float32)])

    def signal_v(self, weight: NDArray[np.int8], bits: NDArray[np.uint8]) -> Floats:
        """Signals (n, n_out) of any weights."""
        inputs = self.inputs(bits).astype(np.float64)
        return np.asarray(inputs[:, :-1] @ (weight * self.transfer) + inputs[:, -1:] + self.shift_v)


@dataclass(frozen=True, kw_only=True)
class LayerResponse:
    """A layer behind neurons: signal = a S + b T + c m T + d m + e.

    S and T are sums of weight * transfer with and without the source volts, m their mean. `shift_v`
    (n_out,) is what columns of certain weights give more.
    """

    transfer: Floats
    factors: Floats
    shift_v: Floats | float = 0.0

    def signal_v(self, weight: NDArray[np.int8], source_v: Floats) -> Floats:
        """Signals (n, n_out) for sources (n, n_in + 1)."""
        terms = _layer_terms(weight * self.transfer, source_v)
        return np.asarray(terms @ self.factors + self.shift_v)


def plain_inputs(shape: tuple[int, int], unit_v: float) -> InputResponse:
    """Signals of `unit_v` times sums of weights and inputs +-1."""
    factors = np.zeros(2 * TERMS + 2)
    factors[0], factors[TERMS] = unit_v, -unit_v
    return InputResponse(transfer=np.ones(shape), tile_rows=shape[0], factors=factors)


def plain_layer(shape: tuple[int, int], gain: float) -> LayerResponse:
    """Signals of `gain` times sums of weights and source volts."""
    return LayerResponse(transfer=np.ones(shape), factors=np.array([gain, 0.0, 0.0, 0.0, 0.0]))


def fit_inputs(
    weights: Sequence[NDArray[np.int8]],
    bits: NDArray[np.uint8],
    signals_v: Sequence[Floats],
    *,
    transfer: Floats,
    tile_rows: int,
    inside_v: tuple[float, float],
) -> tuple[InputResponse, float]:
    """The response that gives `signals_v` (n, n_out) for each of `weights`, and the rms left over.

    Signals beyond `inside_v` are at a rail and say nothing.
    """
    high = _with_bias(bits)
    wired = [weight * transfer for weight in weights]
    columns = []
    for side in (high, 1 - high):
        for term in _terms(high, tile_rows):
            columns.append(np.stack([(side * term) @ each for each in wired]))
    share = np.broadcast_to(high.mean(axis=1)[:, None], columns[0].shape)
    columns += [np.ones(columns[0].shape), np.asarray(share)]
    factors, rms_v = _least_squares(np.stack(columns, -1), np.stack(signals_v), inside_v)
    return InputResponse(transfer=transfer, tile_rows=tile_rows, factors=factors), rms_v


def fit_layer(
    weights: Sequence[NDArray[np.int8]],
    sources_v: Sequence[Floats],
    signals_v: Sequence[Floats],
    *,
    transfer: Floats,
    inside_v: tuple[float, float],
) -> tuple[LayerResponse, float]:
    """The same for a layer behind neurons, `sources_v` (n, n_in + 1) for each of `weights`."""
    terms = np.stack(
        [_layer_terms(w * transfer, x) for w, x in zip(weights, sources_v, strict=True)]
    )
    factors, rms_v = _least_squares(terms, np.stack(signals_v), inside_v)
    return LayerResponse(transfer=transfer, factors=factors), rms_v


def column_shift(
    response_v: Floats, signals_v: Floats, inside_v: tuple[float, float]
) -> NDArray[np.float64]:
    """Means over images of `signals_v` less `response_v` (n, n_out), away from rails."""
    inside = (signals_v > inside_v[0]) & (signals_v < inside_v[1])
    more = np.where(inside, signals_v - response_v, 0.0).sum(axis=0)
    return np.asarray(more / np.maximum(inside.sum(axis=0), 1))


def _with_bias(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.hstack([bits, np.ones((len(bits), 1), bits.dtype)]).astype(np.float32)


def _terms(high: NDArray[np.float32], tile_rows: int) -> Iterator[NDArray[np.float32]]:
    """Terms of the polynomial, (n, n_in + 1) or what broadcasts to it."""
    tile = np.arange(high.shape[1]) // tile_rows
    starts = np.arange(0, high.shape[1], tile_rows)
    counts = np.bincount(tile).astype(np.float32)
    in_tile = (np.add.reduceat(high, starts, axis=1) / counts)[:, tile]
    in_all = high.mean(axis=1, keepdims=True)
    place = np.arange(high.shape[1], dtype=np.float32) % tile_rows / np.float32(tile_rows)
    for factor in (np.ones_like(place), place):
        for term in (1.0, in_tile, in_all, in_tile**2, in_tile * in_all, in_all**2):
            yield (term * factor).astype(np.float32)


def _layer_terms(wired: Floats, source_v: Floats) -> Floats:
    dot = source_v @ wired
    total = np.broadcast_to(wired.sum(axis=0), dot.shape)
    mean = np.broadcast_to(source_v.mean(axis=1, keepdims=True), dot.shape)
    return np.stack([dot, total, mean * total, mean, np.ones_like(dot)], -1)


def _least_squares(
    terms: Floats, signals_v: Floats, inside_v: tuple[float, float]
) -> tuple[Floats, float]:
    inside = (signals_v > inside_v[0]) & (signals_v < inside_v[1])
    if inside.sum() < 2 * terms.shape[-1]:
        raise ModelError("nearly every amplifier is at a rail: there is nothing to fit to")
    factors = np.linalg.lstsq(terms[inside], signals_v[inside], rcond=None)[0].astype(np.float64)
    return factors, float((terms[inside] @ factors - signals_v[inside]).std())
