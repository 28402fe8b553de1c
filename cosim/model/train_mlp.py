# SPDX-License-Identifier: Apache-2.0
"""train_mlp : trains an MLP of weights +-1 that lives in the macro alone, on thresholded pixels.

The circuit's equations are in the loop from the first step, most batches with a circuit of their
own. Needs the extra `train`.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf

from cosim.model.datasets import Dataset
from cosim.model.fc import Circuit
from cosim.model.head import CircuitHead, draw_spread
from cosim.model.moved import move
from cosim.model.network import PIXEL_MIDDLE, Network
from cosim.model.twin import build_luts

__all__ = ["MLP_HIDDEN", "MlpSettings", "mlp_network", "train_mlp"]

log = logging.getLogger(__name__)
MLP_HIDDEN = (16,)
CLASSES = 10
VOLT_LOGIT, AMPLIFIER_LOGIT, AMPLIFIER_WEIGHT = 15.0, -6.0, 0.3


@dataclass(frozen=True, kw_only=True)
class MlpSettings:
    """How to train."""

    epochs: int = 60
    seed: int = 1
    threads: int = 1  # of torch
    batch: int = 250
    rate: float = 3e-3
    warmup: int = 100
    gain_hidden: float = 20.0  # of the amplifiers, as in imac_mlp.yaml
    gain_output: float = 5.0
    share_moved: float = 0.0  # of the batches; a network this small has little room for more
    share_ideal: float = 0.6  # of the batches see the ideal circuit


def train_mlp(
    dataset: Dataset,
    curve: tuple[Any, Any],
    settings: MlpSettings,
    hidden: Sequence[int] = MLP_HIDDEN,
) -> CircuitHead:
    """A trained head for images (n, rows, columns)."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    images = torch.tensor(dataset.images)[:, None]
    labels = torch.tensor(dataset.labels.astype(np.int64))
    nodes = (images[0].numel(), *hidden, CLASSES)
    sizes = [(n + 1, m) for n, m in itertools.pairwise(nodes)]
    circuit = Circuit(gains=(*[settings.gain_hidden] * len(hidden), settings.gain_output))
    head = CircuitHead(sizes, *curve, circuit)
    optimiser = torch.optim.Adam(head.w)
    steps = len(labels) // settings.batch
    for epoch in range(settings.epochs):
        order, loss_sum, right = torch.randperm(len(labels)), 0.0, 0
        for step in range(steps):
            at = epoch * steps + step
            cosine = max(0.5 * (1 + np.cos(np.pi * at / (settings.epochs * steps))), 0.005)
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * cosine * min(1, (at + 1) / settings.warmup)
            pick = order[step * settings.batch : (step + 1) * settings.batch]
            x, y = images[pick].float(), labels[pick]
            x = move(x) if rng.random() < settings.share_moved else x
            signs = torch.where(x >= PIXEL_MIDDLE, 1.0, -1.0).flatten(1)
            ideal = rng.random() < settings.share_ideal
            spread = None if ideal else draw_spread(rng, head.sizes)
            volts, amp = head(signs, spread=spread, exact=rng.random() < 0.5)
            loss = tf.cross_entropy(VOLT_LOGIT * volts, y)
            loss = loss + AMPLIFIER_WEIGHT * tf.cross_entropy(AMPLIFIER_LOGIT * amp, y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            head.clamp()
            loss_sum += loss.item()
            right += int((volts.argmax(1) == y).sum())
        percent = 100 * right / (steps * settings.batch)
        log.info(
            "epoch %d of %d: loss %.4f, %.2f %%",
            *(epoch + 1, settings.epochs, loss_sum / steps, percent),
        )
    return head


def mlp_network(head: CircuitHead, image: tuple[int, int], meta: dict[str, Any]) -> Network:
    """The network without convolutions that this head is."""
    fc = head.signs()
    return Network(
        name="mlp",
        image_shape=(1, *image),
        pad=0,
        convs=(),
        fc=fc,
        luts=build_luts(fc, *head.curve, head.circuit),
        neuron_vin_v=head.curve[0],
        neuron_vout_v=head.curve[1],
        meta={**meta, "gains": list(head.circuit.gains)},
    )
