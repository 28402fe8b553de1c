# SPDX-License-Identifier: Apache-2.0
"""fc_train : trains the FC stack of a network inside circuits: weights -1 and +1, features fixed.

Every batch sees one corner (`circuit_map.Corner`): its linear maps with the present signs in them,
rails, measured neurons, and in most batches a die of its own and noise of the size of what the map
leaves out. Maps are drawn anew from the present weights as training goes. Gradients pass signs as
if they were not there. Needs the extra `train`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray

from cosim.model.circuit_map import CellSpread, CircuitMap, Corner, LayerMap, column_v
from cosim.model.fc_pool import Pool
from cosim.model.qat import neuron, sign_weight

__all__ = ["FcSettings", "forward", "train_fc"]

log = logging.getLogger(__name__)
Tensor = Any  # torch ships no types here
Weights = tuple[NDArray[np.int8], ...]


@dataclass(frozen=True, kw_only=True)
class FcSettings:
    """How to train. `latent` is the size of the real numbers behind the first signs."""

    epochs: int
    seed: int
    threads: int = 1  # of torch
    batch: int = 200
    rate: float = 1e-3
    warmup: int = 200
    latent: float = 0.2
    share_moved: float = 0.8
    share_die: float = 0.6
    map_every: int = 275  # batches between two maps
    measure_every: int = 4  # maps between two measured ones
    measure_with: int = 100  # inputs
    volt_logit: float = 15.0
    signal_logit: float = -6.0
    signal_weight: float = 0.3


@dataclass
class _Layer:
    """Tensors of a `LayerMap`."""

    source: LayerMap
    t_plus: Tensor
    t_minus: Tensor
    mean_s: Tensor
    half_s: Tensor
    across: Tensor
    offset_v: Tensor
    gain: Tensor
    shift_v: Tensor

    @classmethod
    def of(cls, source: LayerMap) -> _Layer:
        return cls(
            source=source,
            mean_s=_tensor(0.5 * (source.g_p_s + source.g_ap_s)),
            half_s=_tensor(0.5 * (source.g_p_s - source.g_ap_s)),
            **{
                key: _tensor(getattr(source, key))
                for key in ("t_plus", "t_minus", "across", "offset_v", "gain", "shift_v")
            },
        )

    def signal(self, v: Tensor, latent: Tensor, spread: CellSpread | None) -> Tensor:
        """Signals (n, n_out) for sources `v`; on a new die with noise if there is a spread."""
        m, sign = self.source, sign_weight(latent)
        plus = (self.mean_s + self.half_s * sign) * self.t_plus
        minus = (self.mean_s - self.half_s * sign) * self.t_minus
        if spread is not None:
            plus = plus * (1 + spread.cell_sigma * torch.randn_like(plus))
            minus = minus * (1 + spread.cell_sigma * torch.randn_like(minus))
        own = column_v(v, plus, minus, r1=m.r1_ohm, r3=m.r3_ohm, ref_v=m.ref_v)
        signal = (own + v @ self.across + self.offset_v) * self.gain + self.shift_v
        if spread is not None:
            columns = signal.shape[1]
            input_v = (1 + m.r3_ohm / m.r1_ohm) * spread.amplifier_offset_v * torch.randn(columns)
            offset_v = input_v + spread.neuron_offset_v * torch.randn(columns)
            signal = signal + offset_v + m.residual_v * torch.randn_like(signal)
        return signal.clamp(m.low_v, m.high_v)


@dataclass
class _Circuit:
    """Tensors of a `CircuitMap`."""

    source: CircuitMap
    layers: list[_Layer]
    table: Tensor

    @classmethod
    def of(cls, source: CircuitMap) -> _Circuit:
        return cls(source, [_Layer.of(layer) for layer in source.layers], _tensor(source.vout_v))

    def __call__(
        self, bits: Tensor, latents: Sequence[Tensor], spread: CellSpread | None
    ) -> tuple[Tensor, Tensor]:
        """Output neurons' volts and the signals before them, (n, n_out) each."""
        source = self.source
        axis = (float(source.vin_v[0]), float(source.vin_v[1] - source.vin_v[0]))
        v = (2 * bits - 1) * source.vdd_v
        for index, (layer, latent) in enumerate(zip(self.layers, latents, strict=True)):
            v = v * source.buffer_gain if index else v
            v = torch.cat([v, torch.full((len(v), 1), source.vdd_v)], 1)
            signal = layer.signal(v, latent, spread)
            v = neuron(signal, self.table, axis, source.vdd_v)
        return v, signal


def _tensor(array: Any) -> Tensor:
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float32)


def forward(
    source: CircuitMap, weights: Sequence[NDArray[np.int8]], bits: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Output volts (n, n_out) as training computes them, nominal and without noise."""
    with torch.no_grad():
        volts, _ = _Circuit.of(source)(_tensor(bits), [_tensor(w) for w in weights], None)
    return np.asarray(volts.double().numpy())


def train_fc(
    start: Sequence[NDArray[np.int8]],
    pool: Pool,
    corners: Sequence[Corner],
    settings: FcSettings,
    report: Callable[[int, Weights], None] | None = None,
) -> Weights:
    """Weights (n_in + 1, n_out) of -1 and +1, bias row last, trained from the signs of `start`.

    `report(epoch, weights)` is called after every epoch.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    latents = [
        torch.nn.Parameter(_tensor(w) * settings.latent * (0.5 + torch.rand(w.shape)))
        for w in start
    ]
    shares = np.array([corner.share for corner in corners])
    optimiser = torch.optim.Adam(latents)
    steps = len(pool.labels) // settings.batch
    circuits: list[_Circuit] = []
    for epoch in range(settings.epochs):
        order, total = rng.permutation(len(pool.labels)), 0.0
        for step in range(steps):
            at = epoch * steps + step
            if at % settings.map_every == 0:
                few = pool.bits[rng.integers(0, len(pool.bits), settings.measure_with)]
                measured = at // settings.map_every % settings.measure_every == 0
                now = _signs(latents)
                circuits = [_Circuit.of(c.mapper(now, few if measured else None)) for c in corners]
            cosine = max(0.5 * (1 + np.cos(np.pi * at / (settings.epochs * steps))), 0.005)
            rate = settings.rate * cosine * min(1, (at + 1) / settings.warmup)
            for group in optimiser.param_groups:
                group["lr"] = rate
            pick = order[step * settings.batch : (step + 1) * settings.batch]
            corner = int(rng.choice(len(corners), p=shares / shares.sum()))
            spread = corners[corner].spread if rng.random() < settings.share_die else None
            bits = _tensor(pool.batch(pick, settings.share_moved, rng))
            volts, signal = circuits[corner](bits, latents, spread)
            labels = torch.tensor(pool.labels[pick])
            loss = tf.cross_entropy(settings.volt_logit * volts, labels)
            loss = loss + settings.signal_weight * tf.cross_entropy(
                settings.signal_logit * signal, labels
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            with torch.no_grad():
                for latent in latents:
                    latent.clamp_(-1, 1)
            total += loss.item()
        log.info("epoch %d of %d: loss %.4f", epoch + 1, settings.epochs, total / steps)
        if report is not None:
            report(epoch, _signs(latents))
    return _signs(latents)


def _signs(latents: Sequence[Tensor]) -> Weights:
    return tuple(np.where(w.detach().numpy() >= 0, 1, -1).astype(np.int8) for w in latents)
