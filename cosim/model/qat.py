# SPDX-License-Identifier: Apache-2.0
"""qat : LeNet-5 in torch with the integer convolutions and the circuit's FC equations inside.

Forward passes compute what firmware and circuit compute; backward passes see through rounding and
signs (straight-through estimators). `Spread` holds what a real circuit does to the ideal equations;
training draws a new one for most batches, so that the weights do not depend on ideal gains.
Needs the extra `train`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray
from torch import nn

from cosim.model.fc import Circuit
from cosim.model.network import ConvStage, Network
from cosim.model.twin import build_luts

__all__ = ["LeNet5", "Spread", "draw_spread", "neuron", "sign_weight"]

Tensor = Any  # torch ships no types here

FC_SIZES = ((401, 120), (121, 84), (85, 10))  # bias row counted
TILE = 32
PIXEL_BITS = 8
ACTIVATION_BITS = 5  # fraction bits of the first stage's output: 127 stands for 3.97
WEIGHT_MAX = 127
SURROGATE_V = 0.25  # width of the neuron's stand-in slope, so that saturated neurons still learn


class _SignWeight(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    @staticmethod
    def forward(_ctx: Any, w: Tensor) -> Tensor:
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(_ctx: Any, grad: Tensor) -> Tensor:
        return grad


class _SignFeature(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad * (1 - x.abs()).clamp(min=0) * 1.5


class _Neuron(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    """Measured curve forward; the steeper of its slope and a wide sigmoid's backward."""

    @staticmethod
    def forward(
        ctx: Any, v: Tensor, table: Tensor, axis: tuple[float, float], vdd: float
    ) -> Tensor:
        v0, step = axis
        place = ((v - v0) / step).clamp(0, len(table) - 1.001)
        index = place.long()
        low, high = table[index], table[index + 1]
        ctx.save_for_backward(v, (high - low) / step)
        ctx.vdd = vdd
        return low + (place - index) * (high - low)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        v, slope = ctx.saved_tensors
        t = torch.sigmoid(v / SURROGATE_V)
        wide = -ctx.vdd * t * (1 - t) / SURROGATE_V
        return grad * torch.minimum(slope, wide), None, None, None


neuron = _Neuron.apply
sign_weight = _SignWeight.apply


def _through(x: Tensor, quantised: Tensor) -> Tensor:
    """`quantised` forward, the gradient of `x` backward."""
    return x + (quantised - x).detach()


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What a real circuit does to the ideal equations, one entry a layer."""

    attenuation: Sequence[float]  # of the input lines
    gain: Sequence[float]  # of the difference current: TMR falls with bias
    column: Sequence[Tensor]  # gain of each column
    wire: Sequence[Tensor | None]  # factor of each weight by its place in a 32x32 tile
    noise_v: float  # at the amplifier output


def draw_spread(rng: np.random.Generator) -> Spread:
    """A circuit: gain 0.4..1.1 in half of the draws, columns +-10 %, wires in three of ten."""
    attenuation = [float(rng.uniform(0.95, 1)) for _ in FC_SIZES]
    gain = [float(rng.uniform(0.4, 1.1)) if rng.random() < 0.5 else 1.0 for _ in FC_SIZES]
    column = [(1 + 0.1 * torch.randn(m)).clamp(0.7, 1.3) for _, m in FC_SIZES]
    wired = rng.random() < 0.3
    wire = [
        wire_factor(n, m, rng.uniform(0, 1.3), rng.uniform(0, 0.6)) if wired else None
        for n, m in FC_SIZES
    ]
    return Spread(attenuation=attenuation, gain=gain, column=column, wire=wire, noise_v=0.01)


def wire_factor(rows: int, cols: int, along_input: float, along_line: float) -> Tensor:
    """Attenuation along a tile as of a loaded line: cosh of the distance to its end."""
    at_col = np.cosh(along_input * (1 - (np.arange(cols) % TILE) / (TILE - 1)))
    at_row = np.cosh(along_line * (1 - (np.arange(rows) % TILE) / (TILE - 1)))
    product = np.outer(at_row / np.cosh(along_line), at_col / np.cosh(along_input))
    return torch.tensor(product, dtype=torch.float32)


class LeNet5(nn.Module):  # type: ignore[misc]  # torch ships no types here
    """conv 5x5x6, max pool, conv 5x5x16, sum pool, sign, FC 400-120-84-10 of weights +-1.

    Phases: float convolutions with batch statistics; `quantise()` rounds weights and activations to
    int8; `freeze()` turns batch statistics into the second convolution's bias.
    """

    def __init__(
        self, vin_v: NDArray[np.float64], vout_v: NDArray[np.float64], circuit: Circuit
    ) -> None:
        super().__init__()
        self.curve = (vin_v, vout_v)
        self.circuit = circuit
        self.table = torch.tensor(vout_v, dtype=torch.float32)
        self.c1, self.c2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.w = nn.ParameterList(
            nn.Parameter(torch.empty(n, m).uniform_(-0.1, 0.1)) for n, m in FC_SIZES
        )
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
        with torch.no_grad():
            for w in self.w:
                w.clamp_(-1, 1)
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

    def _amplifier(self, v: Tensor, index: int, exact: bool, spread: Spread | None) -> Tensor:
        """Amplifier outputs; `fc.amplifier_v` with a spread, and no rails: the curve ends first."""
        circuit, w = self.circuit, _SignWeight.apply(self.w[index])
        r1, r3 = circuit.r1_ohm, circuit.gains[index] * circuit.r1_ohm
        mean_s, half_s = circuit.g_mean_s, circuit.g_half_s
        wire = None
        if spread is not None:
            half_s, wire = half_s * spread.gain[index], spread.wire[index]
        v = torch.cat([v, torch.full((len(v), 1), circuit.vdd_v)], 1)
        w = w if wire is None else w * wire
        dot = v @ w
        if not exact:
            return r3 * 2 * half_s / (1 + len(w) * mean_s * r1) * dot
        common = mean_s * (v.sum(1, keepdim=True) if wire is None else v @ wire)
        line = mean_s * (len(w) if wire is None else wire.sum(0))
        v_in = (common + half_s * dot) * (r3 / (r1 + r3))
        v_in = v_in / (line + half_s * w.sum(0) + 1 / (r1 + r3))
        v_line = (common - half_s * dot + v_in / r1) / (line - half_s * w.sum(0) + 1 / r1)
        return v_in * (1 + r3 / r1) - v_line * (r3 / r1)

    def forward(
        self, pixels: Tensor, *, exact: bool = False, spread: Spread | None = None
    ) -> tuple[Tensor, Tensor]:
        """Output neuron voltages and the amplifier voltages before them, (n, 10) each."""
        vin_v, _ = self.curve
        v = _SignFeature.apply(self.features(pixels)) * self.circuit.vdd_v
        for index in range(len(FC_SIZES)):
            if spread is not None:
                v = v * spread.attenuation[index]
            amp = self._amplifier(v, index, exact, spread)
            if spread is not None:
                amp = amp * spread.column[index] + spread.noise_v * torch.randn_like(amp)
            step = float(vin_v[1] - vin_v[0])
            v = _Neuron.apply(amp, self.table, (float(vin_v[0]), step), self.circuit.vdd_v)
        return v, amp

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
        fc = tuple(np.where(w.detach().numpy() >= 0, 1, -1).astype(np.int8) for w in self.w)
        return Network(
            name="lenet5",
            image_shape=(1, 28, 28),
            pad=2,
            convs=stages,
            fc=fc,
            luts=build_luts(fc, *self.curve, self.circuit),
            neuron_vin_v=self.curve[0],
            neuron_vout_v=self.curve[1],
            meta=meta,
        )
