# SPDX-License-Identifier: Apache-2.0
"""vgg : a VGG for 32x32 colour images in torch: 3x3 convolutions, then the FC stack on the macro.

Two phases. Float: convolution, 2x2 max pool where there is one, batch norm, ReLU; the features
before the sign feed the circuit head and a linear head of real weights that training drops at the
end. `fold()` turns batch norm into weights and biases and rounds to what the firmware computes:
int8 weights and activations, 32-bit sums, a shift. Needs the extra `train`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from torch import nn

from cosim.model.conv_fast import conv3x3
from cosim.model.fc import Circuit
from cosim.model.head import CircuitHead, sign_feature
from cosim.model.network import ACTIVATION_MAX, ConvStage, Network
from cosim.model.twin import build_luts

__all__ = ["VGG_16", "VGG_SMALL", "Vgg", "Widths", "fc_sizes", "macs"]

Tensor = Any  # torch ships no types here
Widths = Sequence[tuple[int, bool]]  # channels, and whether a 2x2 max pool follows

VGG_SMALL: Widths = (
    *((64, True), (64, True), (128, False), (128, True), (256, False), (256, True)),
)
VGG_16: Widths = (
    *((64, False), (64, True), (128, False), (128, True)),
    *((256, False), (256, False), (256, True)),
    *((512, False), (512, False), (512, True), (512, False), (512, False), (512, True)),
)
SIDE, COLOURS, CLASSES = 32, 3, 10
PIXEL_BITS = 8
SMALLEST_GAMMA = 1e-3  # of batch norm: max pooling comes before it and must not turn round


def features_of(widths: Widths) -> int:
    """Features of one image: channels times what pooling leaves of 32x32."""
    side = SIDE >> sum(pool for _, pool in widths)
    return widths[-1][0] * side * side


def fc_sizes(widths: Widths, hidden: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Rows (bias row counted) and columns of each FC layer."""
    nodes = (features_of(widths), *hidden, CLASSES)
    return tuple((n + 1, m) for n, m in itertools.pairwise(nodes))


def macs(widths: Widths) -> int:
    """Multiply-accumulates of the convolutions for one image, borders counted as inner places."""
    total, side, c_in = 0, SIDE, COLOURS
    for c_out, pool in widths:
        total += 9 * c_in * c_out * side * side
        side, c_in = side // 2 if pool else side, c_out
    return total


class Vgg(nn.Module):  # type: ignore[misc]  # torch ships no types here
    """Convolutions `widths`, features' signs, circuit head; `linear` is a help in training."""

    def __init__(self, widths: Widths, head: CircuitHead) -> None:
        super().__init__()
        self.widths, self.head = tuple(widths), head
        channels = [COLOURS, *(c for c, _ in widths)]
        self.convs = nn.ModuleList(
            nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
            for c_in, c_out in itertools.pairwise(channels)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in channels[1:])
        self.linear = nn.Linear(features_of(widths), CLASSES)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(c)) for c in channels[1:])
        count = len(self.convs)
        for name in ("weight_bits", "activation_bits"):
            self.register_buffer(name, torch.zeros(count, dtype=torch.long))
        self.register_buffer("folded", torch.tensor(0))
        self.to(memory_format=torch.channels_last)

    def clamp(self) -> None:
        """Keeps stored weights where what they stand for can follow them."""
        self.head.clamp()
        with torch.no_grad():
            for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
                if self.folded:
                    top = ACTIVATION_MAX / 2 ** int(self.weight_bits[index])
                    conv.weight.clamp_(-top, top)
                else:
                    norm.weight.clamp_(min=SMALLEST_GAMMA)

    def features(self, pixels: Tensor) -> Tensor:
        """What the sign is taken of, about -1..1, for pixels 0..255 (n, 3, 32, 32)."""
        return self._integer(pixels) if self.folded else self._float(pixels)

    def _float(self, pixels: Tensor, tops: list[Tensor] | None = None) -> Tensor:
        x = pixels / 2**PIXEL_BITS
        last = len(self.convs) - 1
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = conv3x3(x, conv.weight)
            if self.widths[index][1]:
                x = tf.max_pool2d(x, 2)
            x = norm(x)
            if index < last:
                x = tf.relu(x)
            if tops is not None:
                tops.append(x)
        return x.float().flatten(1)

    def _integer(self, pixels: Tensor) -> Tensor:
        x, bits = pixels, PIXEL_BITS  # whole numbers, and how many of their bits are a fraction
        last = len(self.convs) - 1
        for index, conv in enumerate(self.convs):
            acc_bits = bits + int(self.weight_bits[index])
            latent = conv.weight * 2.0 ** int(self.weight_bits[index])
            w = _through(latent, torch.round(latent).clamp(-ACTIVATION_MAX, ACTIVATION_MAX))
            b = self.biases[index] * 2.0**acc_bits
            acc = conv3x3(x, w)
            if self.widths[index][1]:
                acc = tf.max_pool2d(acc, 2)
            acc = acc.float() + _through(b, torch.round(b))[:, None, None]
            bits = int(self.activation_bits[index])
            y = acc * 2.0 ** (bits - acc_bits)
            if index == last:
                return (y / 2.0**bits).flatten(1)
            y = y.clamp(0, ACTIVATION_MAX)
            x = _through(y, torch.floor(y))
        raise ValueError("a VGG has a convolution at least")

    def forward(self, pixels: Tensor, **how: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Output neuron voltages, amplifier voltages before them, logits of the linear head."""
        return self.classify(self.features(pixels), **how)

    def classify(
        self, values: Tensor, say: float = 1.0, **how: Any
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same from the features on; `say` is the share of the circuit head's gradient."""
        heard = values * say + values.detach() * (1 - say)
        volts, amp = self.head(sign_feature(heard), **how)
        return volts, amp, self.linear(values)

    def fold(self, pixels: Tensor, share: float = 0.9995) -> None:
        """Batch norm into the weights; scales such that `share` of the activations fit 7 bits."""
        self.eval()
        tops: list[Tensor] = []
        with torch.no_grad():
            self._float(pixels, tops)
            for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
                factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                conv.weight.mul_(factor[:, None, None, None])
                shift = norm.bias - norm.running_mean * factor
                self.weight_bits[index] = _bits(conv.weight.abs().max().item())
                values = tops[index].float().flatten()
                rank = max(1, int(len(values) * (1 - share)))
                self.activation_bits[index] = _bits(values.topk(rank).values[-1].item())
                # half a step: the shift rounds down
                half = 0.5 / 2.0 ** int(self.activation_bits[index])
                self.biases[index].copy_(shift + (half if index < len(self.convs) - 1 else 0.0))
        self.folded.fill_(1)

    def unfold(self, pixels: Tensor) -> None:
        """The reverse: batch norm again, by the statistics of `pixels`; the function stays.

        Filters get the length that fresh ones have: behind batch norm it is only a rate.
        """
        tops: list[Tensor] = []
        self.eval()
        with torch.no_grad():
            for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
                x = tops[-1] if tops else pixels / 2**PIXEL_BITS
                filters = conv.weight.flatten(1)
                length = filters.pow(2).mean(1).sqrt() * np.sqrt(3 * filters.shape[1])
                conv.weight.div_(length[:, None, None, None])
                x = tf.conv2d(x, conv.weight, padding=1)
                if self.widths[index][1]:
                    x = tf.max_pool2d(x, 2)
                var, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
                last = index == len(self.convs) - 1
                half = 0.0 if last else 0.5 / 2.0 ** int(self.activation_bits[index])
                norm.running_mean.copy_(mean)
                norm.running_var.copy_(var)
                norm.weight.copy_(length * torch.sqrt(var + norm.eps))
                norm.bias.copy_(length * mean + self.biases[index] - half)
                tops.append(norm(x) if last else tf.relu(norm(x)))
        self.folded.fill_(0)

    def network(self, name: str, meta: dict[str, Any]) -> Network:
        """The integer network these parameters stand for."""
        if not self.folded:
            raise ValueError("fold() comes before network()")
        stages, bits = [], PIXEL_BITS
        for index, conv in enumerate(self.convs):
            acc_bits = bits + int(self.weight_bits[index])
            weight = conv.weight.detach().double().numpy() * 2.0 ** int(self.weight_bits[index])
            bias = self.biases[index].detach().double().numpy() * 2.0**acc_bits
            bits = int(self.activation_bits[index])
            stages.append(
                ConvStage(
                    weight=np.ascontiguousarray(
                        np.clip(np.rint(weight), -ACTIVATION_MAX, ACTIVATION_MAX)
                    ).astype(np.int8),
                    bias=np.rint(bias).astype(np.int32),
                    shift=acc_bits - bits,
                    relu=index < len(self.convs) - 1,
                    pool="max" if self.widths[index][1] else "none",
                    pad=1,
                )
            )
        fc, circuit = self.head.signs(), self.head.circuit
        return Network(
            name=name,
            image_shape=(COLOURS, SIDE, SIDE),
            pad=0,
            convs=tuple(stages),
            fc=fc,
            luts=build_luts(fc, *self.head.curve, circuit),
            neuron_vin_v=self.head.curve[0],
            neuron_vout_v=self.head.curve[1],
            meta=meta,
        )


def vgg(widths: Widths, hidden: Sequence[int], curve: tuple[Any, Any]) -> Vgg:
    """A fresh network with the default circuit's gains."""
    sizes = fc_sizes(widths, hidden)
    return Vgg(widths, CircuitHead(sizes, *curve, Circuit.of_layers(len(sizes))))


def _bits(top: float) -> int:
    """Fraction bits with which `top` still fits 127."""
    return int(np.floor(np.log2(ACTIVATION_MAX / max(top, 1e-9))))


def _through(x: Tensor, rounded: Tensor) -> Tensor:
    """`rounded` forward, the gradient of `x` backward."""
    return x + (rounded - x).detach()
