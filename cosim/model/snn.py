# SPDX-License-Identifier: Apache-2.0
"""snn : binary spiking networks in torch, trained through surrogate gradients.

The arithmetic of `spiking.py` in real numbers: batch norm over all steps together, a membrane with
threshold 1 that a spike lowers by 1; `spiking()` divides it by gamma/sigma and rounds. Backward
passes see signs as straight lines and a spike as a triangle around the threshold.

With `rates` a forward pass is one pass in place of one a step: a neuron gives the share of steps in
which it would spike if its input came evenly, floor(steps*current)/steps from 0 to 1. The spikes of
the network made of it come close to that share: its thresholds are lower in early steps (`EARLY`).
Needs the extra `train`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from torch import nn

from cosim.model.conv_fast import conv3x3, conv3x3_pool, pool2x2
from cosim.model.head import sign_weight
from cosim.model.spiking import Encoder, Neurons, SpikingLayer, SpikingNetwork

__all__ = ["SNN_CIFAR", "SNN_MNIST", "Plan", "Snn"]

Tensor = Any  # torch ships no types here
CLASSES = 10
ENCODER_BITS = 6  # fraction bits of the encoder's int8 weights: up to 1.98
ENCODER_MAX = 127
PIXEL_SCALE = 256
SMALLEST_GAMMA = 1e-2
EARLY = 0.35  # what the threshold of a membrane of 1 is lower by, before the first of many steps
THRESHOLD_LIMIT = 2**24  # beyond any sum: such a neuron always or never spikes


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Shape of a network. A layer: output channels, skip, or-pooling behind it."""

    image: tuple[int, int, int]
    encoder: int
    encoder_pool: bool
    layers: Sequence[tuple[int, bool, bool]]

    def features(self) -> tuple[int, int, int]:
        """Shape before the readout."""
        halvings = self.encoder_pool + sum(pool for _, _, pool in self.layers)
        channels = self.layers[-1][0]
        return (channels, self.image[1] >> halvings, self.image[2] >> halvings)


SNN_MNIST = Plan(
    image=(1, 28, 28),
    encoder=32,
    encoder_pool=True,
    layers=((32, True, True), (32, True, False), (32, True, False)),
)
SNN_CIFAR = Plan(
    image=(3, 32, 32),
    encoder=96,
    encoder_pool=True,
    layers=(
        *((96, True, True), (192, False, False), (192, True, False), (192, True, True)),
        *((384, False, False), (384, True, False)),
    ),
)


class _Spike(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        ctx.save_for_backward(u)
        return (u >= 1).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors
        return grad * (1 - (u - 1).abs()).clamp(min=0)


def fire(current: Tensor, steps: int, early: float = 0.0) -> Tensor:
    """Spikes (steps*n, ...) of membranes that integrate `current`, laid out alike.

    A membrane's threshold is 1, less a share of `early`: that of the steps to come.
    """
    parts = []
    u: Tensor = 0.0
    for step, part in enumerate(current.chunk(steps), start=1):
        u = u + part
        spikes = _Spike.apply(u + early * (1 - step / steps))
        u = u - spikes
        parts.append(spikes)
    return torch.cat(parts)


class _Rate(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    """Forward a staircase; backward a line over it that ends in ramps of half a membrane."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, steps: int) -> Tensor:
        ctx.save_for_backward(current)
        ctx.steps = steps
        return (current * steps).floor().clamp(0, steps) / steps

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (current,) = ctx.saved_tensors
        below = (-current).clamp(min=0)
        above = (current - 1 - 1 / ctx.steps).clamp(min=0)
        return grad * (1 - 2 * (below + above)).clamp(min=0), None


def rate(current: Tensor, steps: int) -> Tensor:
    """Share of `steps` in which membranes spike that integrate `current` in each of them."""
    return _Rate.apply(current, steps)


class Snn(nn.Module):  # type: ignore[misc]  # torch ships no types here
    """Encoder, binary layers with skips, readout of spike counts; trained by spikes or `rates`."""

    def __init__(self, plan: Plan, steps: int, *, rates: bool = False) -> None:
        super().__init__()
        self.plan, self.steps, self.rates = plan, steps, rates
        self.early = EARLY if rates else 0.0
        channels = [plan.encoder, *(c for c, _, _ in plan.layers)]
        self.encoder = nn.Parameter(torch.randn(plan.encoder, plan.image[0], 3, 3) * 0.3)
        self.w = nn.ParameterList(
            nn.Parameter(torch.empty(c_out, c_in, 3, 3).uniform_(-0.1, 0.1))
            for c_in, c_out in itertools.pairwise(channels)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in channels)
        for norm in self.norms:  # at first a third of the neurons spikes
            nn.init.constant_(norm.bias, 0.5)
        features = int(np.prod(plan.features()))
        self.readout = nn.Parameter(torch.empty(features, CLASSES).uniform_(-0.1, 0.1))
        self.readout_bias = nn.Parameter(torch.zeros(CLASSES))
        self.readout_scale = 4 / np.sqrt(features)

    def clamp(self) -> None:
        """Keeps the real numbers behind signs and int8 within reach, and gammas positive."""
        with torch.no_grad():
            for w in (*self.w, self.readout):
                w.clamp_(-1, 1)
            self.encoder.clamp_(-ENCODER_MAX / 2**ENCODER_BITS, ENCODER_MAX / 2**ENCODER_BITS)
            for norm in self.norms:
                norm.weight.clamp_(min=SMALLEST_GAMMA)

    def hold(self) -> None:
        """From rates to spikes: batch norm keeps the statistics that rates have left."""
        self.rates = False
        for norm in self.norms:
            norm.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (n, classes) for pixels 0..255 (n, c, rows, cols)."""
        steps = self.steps
        passes = 1 if self.rates else steps
        rounded = torch.round(self.encoder * 2**ENCODER_BITS) / 2**ENCODER_BITS
        w = self.encoder + (rounded - self.encoder).detach()
        x = pixels / PIXEL_SCALE
        acc = conv3x3_pool(x, w) if self.plan.encoder_pool else tf.conv2d(x, w, padding=1)
        current = self.norms[0](acc)
        spikes = self._spikes(torch.cat([current] * passes))
        for (_, skip, pool), latent, norm in zip(
            self.plan.layers, self.w, self.norms[1:], strict=True
        ):
            current = norm(conv3x3(spikes, sign_weight(latent).to(spikes.dtype)))
            if skip:
                current = current + spikes
            spikes = self._spikes(current)
            if pool:
                spikes = pool2x2(spikes)
        counts = sum(part.float().flatten(1) for part in spikes.chunk(passes)) / passes
        logits = (counts - 0.3) @ sign_weight(self.readout) * self.readout_scale
        return logits + self.readout_bias

    def _spikes(self, current: Tensor) -> Tensor:
        if self.rates:
            return rate(current, self.steps)
        return fire(current, self.steps, self.early)

    def spiking(self, name: str, meta: dict[str, Any]) -> SpikingNetwork:
        """The integer network these parameters stand for."""
        unit = PIXEL_SCALE * 2**ENCODER_BITS  # integer sum of the encoder per real one
        weight = np.rint(_array(self.encoder) * 2**ENCODER_BITS)
        layers = tuple(
            SpikingLayer(
                weight=_signs(latent),
                neurons=self._neurons(index, 1.0, pool),
                skip=self._scale(index, 1.0) if skip else None,
            )
            for index, ((_, skip, pool), latent) in enumerate(
                zip(self.plan.layers, self.w, strict=True), start=1
            )
        )
        signs = _signs(self.readout)
        # logits times steps/scale, less what is the same for all classes; 0.3 of every feature off
        offset = _array(self.readout_bias) * self.steps / self.readout_scale
        offset -= 0.3 * self.steps * signs.sum(axis=0)
        return SpikingNetwork(
            name=name,
            image_shape=self.plan.image,
            steps=self.steps,
            encoder=Encoder(
                weight=weight.astype(np.int8),
                bias=np.zeros(len(weight), np.int32),
                pool=self.plan.encoder_pool,
                neurons=self._neurons(0, unit, False),
            ),
            layers=layers,
            readout=signs,
            readout_bias=np.rint(offset).astype(np.int32),
            meta=meta,
        )

    def _gain(self, index: int) -> tuple[Any, Any]:
        """Batch norm as gain*acc + shift, of one layer's channels."""
        norm = self.norms[index]
        gain = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        return gain, _array(norm.bias) - gain * _array(norm.running_mean)

    def _scale(self, index: int, unit: float) -> Any:
        """A membrane of 1 in integer sums, at least 1."""
        gain, _ = self._gain(index)
        return np.clip(np.rint(unit / gain), 1, THRESHOLD_LIMIT).astype(np.int32)

    def _neurons(self, index: int, unit: float, pool: bool) -> Neurons:
        gain, shift = self._gain(index)
        step = np.arange(1, self.steps + 1)[:, None]
        early = self.early * (1 - step / self.steps)
        level = np.ceil(unit * (1 - early - step * shift) / gain)
        threshold = np.clip(level, -THRESHOLD_LIMIT, THRESHOLD_LIMIT)
        return Neurons(
            threshold=threshold.astype(np.int32), reset=self._scale(index, unit), pool=pool
        )


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().double().numpy()


def _signs(latent: Tensor) -> Any:
    return np.where(_array(latent) >= 0, 1, -1).astype(np.int8)
