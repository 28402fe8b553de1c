# SPDX-License-Identifier: Apache-2.0
"""qat : LeNet-5 in torch with the integer convolutions and the circuit's FC equations inside.

Forward passes compute what firmware and circuit compute; backward passes see through rounding
(straight-through estimators) and signs (`head.py`). Needs the extra `train`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray
from torch import nn

from cosim.model.fc import Circuit
from cosim.model.head import CircuitHead, Spread, neuron, sign_feature, sign_weight
from cosim.model.network import ConvStage, Network
from cosim.model.twin import build_luts

__all__ = ["LeNet5", "neuron", "sign_weight"]  # the last two for the training of FC stacks

Tensor = Any  # torch ships no types here

FC_SIZES = ((401, 120), (121, 84), (85, 10))  # bias row counted
PIXEL_BITS = 8
ACTIVATION_BITS = 5  # fraction bits of the first stage's output: 127 stands for 3.97
WEIGHT_MAX = 127


def _through(x: Tensor, quantised: Tensor) -> Tensor:
    """`quantised` forward, the gradient of `x` backward."""
    return x + (quantised - x).detach()


class LeNet5(nn.Module):  # type: ignore[misc]  # torch ships no types here
    """conv 5x5x6, max pool, conv 5x5x16, sum pool, sign, FC 400-120-84-10 of weights +-1.

    Phases: float convolutions with batch statistics; `quantise()` rounds weights and activations to
    int8; `freeze()` turns batch statistics into the second convolution's bias.
    """

    def __init__(
        self, vin_v: NDArray[np.float64], vout_v: NDArray[np.float64], circuit: Circuit
    ) -> None:
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.head = CircuitHead(FC_SIZES, vin_v, vout_v, circuit)
        self.bn = nn.BatchNorm2d(16, affine=False, momentum=0.05)
        self.beta = nn.Parameter(torch.zeros(16))
        self.bits = (7, 7)  # fraction bits of the convolution weights
        self.quantised = self.frozen = False
        self.scale = torch.ones(16)

    def quantise(self) -> None:
        """From here on weights and activations are int8 in the forward pass."""
        c1, c2 = (
            int(np.floor(np.log2(WEIGHT_MAX / layer.weight.abs().max().item())))
            for layer in (self.c1, self.c2)
        )
        self.bits, self.quantised = (c1, c2), True

    def freeze(self) -> None:
        """Batch statistics become the second convolution's bias, a parameter again."""
        with torch.no_grad():
            deviation = torch.sqrt(self.bn.running_var + 1e-5)
            self.c2.bias.copy_(self.beta * deviation - self.bn.running_mean)
            self.scale = 1 / deviation  # keeps the sign's gradient window where it was
        self.frozen = True

    def clamp(self) -> None:
        """Keeps every stored weight where its quantised value can follow it."""
        self.head.clamp()
        with torch.no_grad():
            if self.quantised:
                for layer, bits in zip((self.c1, self.c2), self.bits, strict=True):
                    layer.weight.clamp_(-WEIGHT_MAX / 2**bits, WEIGHT_MAX / 2**bits)

    def _weight(self, layer: Tensor, bits: int) -> Tensor:
        w = layer.weight
        rounded = torch.round(w * 2**bits).clamp(-WEIGHT_MAX, WEIGHT_MAX) / 2**bits
        return _through(w, rounded)

    def features(self, pixels: Tensor) -> Tensor:
        """Features (n, 400) of pixels 0..255 (n, 1, 32, 32), scaled to unit deviation."""
        x, top = pixels / 2**PIXEL_BITS, WEIGHT_MAX / 2**ACTIVATION_BITS
        if self.quantised:
            unit = 2 ** (PIXEL_BITS + self.bits[0])
            bias = _through(self.c1.bias, torch.round(self.c1.bias * unit) / unit)
            y = tf.max_pool2d(tf.conv2d(x, self._weight(self.c1, self.bits[0]), bias), 2)
            y = y.clamp(0, top)
            steps = torch.floor(y.double() * 2**ACTIVATION_BITS).float()
            y = _through(y, steps / 2**ACTIVATION_BITS)
            w2 = self._weight(self.c2, self.bits[1])
        else:
            y = tf.max_pool2d(self.c1(x), 2).clamp(0, top)
            w2 = self.c2.weight
        y = tf.avg_pool2d(tf.conv2d(y, w2, self.c2.bias if self.frozen else None), 2)
        if self.frozen:
            y = y * self.scale[:, None, None]
        else:
            y = self.bn(y) + self.beta[:, None, None]
        return y.flatten(1)

    def forward(
        self, pixels: Tensor, *, exact: bool = False, spread: Spread | None = None
    ) -> tuple[Tensor, Tensor]:
        """Output neuron voltages and the amplifier voltages before them, (n, 10) each."""
        signs = sign_feature(self.features(pixels))
        volts, amp = self.head(signs, exact=exact, spread=spread)
        return volts, amp

    def network(self, meta: dict[str, Any]) -> Network:
        """The integer network these parameters stand for."""
        if not (self.quantised and self.frozen):
            raise ValueError("quantise() and freeze() come before network()")
        k1, k2 = self.bits
        arrays = [
            np.clip(np.rint(layer.weight.detach().double().numpy() * 2.0**bits), -127, 127)
            for layer, bits in ((self.c1, k1), (self.c2, k2))
        ]
        bias1 = np.rint(self.c1.bias.detach().double().numpy() * 2.0 ** (PIXEL_BITS + k1))
        bias2 = np.rint(self.c2.bias.detach().double().numpy() * 2.0 ** (ACTIVATION_BITS + k2))
        stages = (
            ConvStage(
                weight=arrays[0].astype(np.int8),
                bias=bias1.astype(np.int32),
                shift=PIXEL_BITS + k1 - ACTIVATION_BITS,
                relu=True,
                pool="max",
            ),
            ConvStage(
                weight=arrays[1].astype(np.int8),
                bias=bias2.astype(np.int32),
                shift=k2 + 2,  # features keep the activations' scale; 2: sum of four
                relu=False,
                pool="sum",
            ),
        )
        fc, curve = self.head.signs(), self.head.curve
        return Network(
            name="lenet5",
            image_shape=(1, 28, 28),
            pad=2,
            convs=stages,
            fc=fc,
            luts=build_luts(fc, *curve, self.head.circuit),
            neuron_vin_v=curve[0],
            neuron_vout_v=curve[1],
            meta=meta,
        )
