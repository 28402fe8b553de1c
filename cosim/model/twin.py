# SPDX-License-Identifier: Apache-2.0
"""twin : the FC stack in integers alone, what the CPU computes when there is no macro.

Its weights are the macro's, or its own (`Network.fc_cpu`): a macro's weights may lean on what a
circuit does and these sums do not.

Layer 1 sums weights of -1, 0, +1 over inputs of -1, +1 (XNOR and popcount in C); later layers over
the 8-bit codes of the layer before, the bias counting as the largest code. A neuron is a table:

    s = sum(w * x) + bias * x_bias;   code = table[clip((s >> shift) + offset, 0, len - 1)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.model.fc import CODE_MAX, Circuit, alpha, codes_from_volts
from cosim.model.network import Lut, Network

__all__ = ["argmax_class", "build_luts", "twin_codes", "twin_sums"]

LUT_SIZE_MAX = 512  # entries; the shift grows until the curve's range fits


def build_luts(
    fc: Sequence[NDArray[np.int8]],
    vin_v: NDArray[np.float64],
    vout_v: NDArray[np.float64],
    circuit: Circuit | None = None,
) -> tuple[Lut, ...]:
    """Neuron tables for the weights `fc`: each entry is the curve at the middle of its bin."""
    circuit = circuit or Circuit.of_layers(len(fc))
    luts = []
    for index, (gain, weight) in enumerate(zip(circuit.gains, fc, strict=True)):
        n = len(weight)
        # amplifier volts per 1
        unit_v = alpha(circuit, gain, n) * circuit.vdd_v / (1 if index == 0 else CODE_MAX)
        s_max = n * (1 if index == 0 else CODE_MAX)
        low = max(-s_max, int(np.floor(vin_v[0] / unit_v)))
        high = min(s_max, int(np.ceil(vin_v[-1] / unit_v)))
        shift = 0
        while (high >> shift) - (low >> shift) + 1 > LUT_SIZE_MAX:
            shift += 1
        bins = np.arange(low >> shift, (high >> shift) + 1)
        middle = (bins << shift) + ((1 << shift) - 1) / 2
        table = codes_from_volts(np.interp(middle * unit_v, vin_v, vout_v), circuit)
        luts.append(Lut(table=table, shift=shift, offset=-int(bins[0])))
    return tuple(luts)


def twin_sums(
    network: Network, index: int, x: NDArray[np.integer], x_bias: int
) -> NDArray[np.int32]:
    """Integer sums (n, n_out) of layer `index` (from 0) for inputs (n, n_in)."""
    weight = network.fc_cpu[index].astype(np.int64)
    sums: NDArray[np.int32] = (x.astype(np.int64) @ weight[:-1] + weight[-1] * x_bias).astype(
        np.int32
    )
    return sums


def twin_codes(network: Network, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Output codes (n, n_classes) for input bits (n, n_features)."""
    x: NDArray[Any] = np.where(bits > 0, 1, -1)
    x_bias = 1
    for index, lut in enumerate(network.luts):
        place = (twin_sums(network, index, x, x_bias) >> lut.shift) + lut.offset
        x = lut.table[np.clip(place, 0, len(lut.table) - 1)]
        x_bias = CODE_MAX
    return x


def argmax_class(codes: NDArray[np.uint8]) -> NDArray[Any]:
    """Class of each row: the largest code, the lowest index among equals, as in the firmware."""
    return np.asarray(np.argmax(codes, axis=1))
