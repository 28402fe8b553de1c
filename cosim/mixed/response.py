# SPDX-License-Identifier: Apache-2.0
"""response : what a mixed-signal macro makes of weights, as products: for training.

`cosim/model/response.py` fitted to the columns of `rest.py`: a layer's signal is the sum of its row
parts in volts, which the converters give in steps of a code. Only stacks of two layers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import buffer_state
from cosim.analog.fast_linear import linear_cells
from cosim.analog.fast_reduce import reduce_layer
from cosim.errors import UserInputError
from cosim.mapping import Mapping as Stack
from cosim.mapping import map_stack
from cosim.mixed.design import DAC_BITS, MixedDesign
from cosim.mixed.forward import CHUNK, column_codes
from cosim.mixed.reference import LIMIT, STEP, activations
from cosim.mixed.rest import layer_tiles, lines_v, make_rest
from cosim.mixed.shape import shape_of
from cosim.model.response import (
    InputResponse,
    LayerResponse,
    column_shift,
    fit_inputs,
    fit_layer,
)

__all__ = ["hidden_curve", "mixed_responses", "place_shares"]

log = logging.getLogger(__name__)
Floats = NDArray[np.float64]
Weights = tuple[NDArray[np.int8], ...]
HIDDEN_V = 0.5  # typical |source - line| of a hidden layer's cells
CURVE_STEP_V = 2e-3
GAIN_PULL_V2 = 1e-5  # pulls the gain of a part that hardly moves towards 1
EVERYWHERE_V = (-np.inf, np.inf)  # converters are sized so that no column is beyond


def hidden_curve(design: MixedDesign) -> tuple[Floats, Floats]:
    """Volts inside a hidden row's buffer by a column's summed volts, without the steps of codes."""
    mixed = design.mixed
    per_v = mixed.mul_hidden / (1 << mixed.shift_hidden) / design.lsb_v
    far_v = (LIMIT + abs(mixed.offset_hidden)) / per_v
    sum_v = np.linspace(-far_v, far_v, 2 * round(far_v / CURVE_STEP_V) + 1)
    x = np.clip(mixed.offset_hidden - per_v * sum_v, -LIMIT, LIMIT)
    share = 255 / (1 << DAC_BITS) / (1 + np.exp(-x / STEP))
    return sum_v, buffer_state(design.macro.vdd_v * share, design)


def place_shares(stack: Stack, layer: int, design: MixedDesign) -> Floats:
    """(n_in + 1, n_out): what wires leave of a cell's current, by its place; mean of both lines."""
    tiles, weight = layer_tiles(stack, layer, design), stack.weights[layer]
    linear, place_v = linear_cells(replace(tiles, typical_v=HIDDEN_V) if layer else tiles)
    n_rows, n_out = weight.shape
    through_s = reduce_layer(linear).t.sum(axis=0)  # a row feeds the lines of its own part alone
    lines_s = through_s.reshape(2, tiles.width, n_rows)[:, :n_out].transpose(0, 2, 1)
    ap_s = tiles.cell.current_ap(place_v)[0][:n_out] / place_v[:n_out]
    own_s = [np.where(ap, ap_s, tiles.cell.g_p_s) for ap in (weight < 0, weight > 0)]
    return np.asarray((lines_s / np.stack(own_s)).mean(axis=0))


def mixed_responses(
    stacks: Sequence[Weights], bits: NDArray[np.uint8], design: MixedDesign, *, own: bool = False
) -> tuple[InputResponse, LayerResponse]:
    """Responses of both layers fitted to operating points with bits (n, n_in) for `stacks`.

    `own`: row parts have the gain, columns the shift, of those of the first stack.
    """
    mapped = [map_stack(weights, design) for weights in stacks]
    if len(mapped[0].weights) != 2:
        raise UserInputError(f"responses are of two layers, got {len(mapped[0].weights)}")
    shape = shape_of(mapped[0].sizes, design)
    given = bits.astype(np.int64)
    signals: tuple[list[Floats], list[Floats]] = ([], [])
    parts, sources = [], []
    for stack in mapped:
        parts.append(_column_v(stack, 0, given, design))
        hidden = activations(column_codes(parts[-1], design)[0], 0, shape)
        sources.append(lines_v(hidden, 1, design))
        signals[0].append(parts[-1].sum(axis=1))
        signals[1].append(_column_v(stack, 1, hidden, design).sum(axis=1))
    first, first_v = fit_inputs(
        [stack.weights[0] for stack in mapped],
        bits,
        signals[0],
        transfer=place_shares(mapped[0], 0, design),
        tile_rows=design.macro.tile.rows,
        inside_v=EVERYWHERE_V,
    )
    second, second_v = fit_layer(
        [stack.weights[1] for stack in mapped],
        sources,
        signals[1],
        transfer=place_shares(mapped[0], 1, design),
        inside_v=EVERYWHERE_V,
    )
    if own:
        first = _with_gains(first, mapped[0].weights[0], bits, parts[0])
        of_first = first.signal_v(mapped[0].weights[0], bits)
        of_second = second.signal_v(mapped[0].weights[1], sources[0])
        first = replace(first, shift_v=column_shift(of_first, signals[0][0], EVERYWHERE_V))
        second = replace(second, shift_v=column_shift(of_second, signals[1][0], EVERYWHERE_V))
    log.info(
        "response of %d stacks: %.1f mV rms left over, %.1f mV in the second layer",
        *(len(stacks), 1e3 * first_v, 1e3 * second_v),
    )
    return first, second


def _with_gains(
    response: InputResponse, weight: NDArray[np.int8], bits: NDArray[np.uint8], part_v: Floats
) -> InputResponse:
    """With each part's own gain in each column: lines of one tile conduct as its weights say."""
    rows = response.tile_rows
    inputs = response.inputs(bits)[:, :-1].astype(np.float64)
    wired, transfer = weight * response.transfer, response.transfer.copy()
    for h in range(part_v.shape[1]):
        cut = slice(h * rows, (h + 1) * rows)
        model_v = inputs[:, cut] @ wired[cut]
        model_v -= model_v.mean(axis=0)
        both = (model_v * part_v[:, h]).mean(axis=0) + GAIN_PULL_V2
        transfer[cut] *= both / ((model_v**2).mean(axis=0) + GAIN_PULL_V2)
    return replace(response, transfer=transfer)


def _column_v(stack: Stack, layer: int, given: NDArray[np.int64], design: MixedDesign) -> Floats:
    solve = make_rest("fast", stack, layer, design)
    parts = [solve(given[k : k + CHUNK]).column_v for k in range(0, len(given), CHUNK)]
    return np.concatenate(parts)
