# SPDX-License-Identifier: Apache-2.0
"""train_lenet : trains LeNet-5 for the macro.

Float convolutions first, then int8 ones, then batch statistics frozen into a bias. Needs the
extra `train`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf

from cosim.model.datasets import Dataset
from cosim.model.fc import Circuit
from cosim.model.head import draw_spread
from cosim.model.moved import move
from cosim.model.qat import LeNet5

__all__ = ["LenetSettings", "train_lenet5"]

log = logging.getLogger(__name__)
Curve = tuple[Any, Any]

WARMUP_STEPS = 200
FLOAT_SHARE = 3  # the first third of the epochs runs with float convolutions
FROZEN_SHARE = 5  # the last fifth with batch statistics frozen into the bias
SHARE_MOVED = 0.8  # of the batches are rotated, scaled, sheared and shifted
SHARE_IDEAL = 0.4  # of the batches see the ideal circuit
VOLT_LOGIT, AMPLIFIER_LOGIT, AMPLIFIER_WEIGHT = 15.0, -6.0, 0.3


@dataclass(frozen=True, kw_only=True)
class LenetSettings:
    """How to train."""

    epochs: int = 70
    seed: int = 1
    threads: int = 2  # of torch
    batch: int = 200
    rate: float = 2e-3


def train_lenet5(dataset: Dataset, curve: Curve, settings: LenetSettings) -> LeNet5:
    """A trained network, quantised and frozen."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    images = torch.tensor(np.pad(dataset.images, ((0, 0), (2, 2), (2, 2))))[:, None]
    labels = torch.tensor(dataset.labels.astype(np.int64))
    net, epochs, batch = LeNet5(*curve, Circuit()), settings.epochs, settings.batch
    optimiser = torch.optim.Adam(
        [
            {"params": [*net.c1.parameters(), *net.c2.parameters(), net.beta]},
            {"params": [*net.head.w]},
        ]
    )
    steps = len(images) // batch
    for epoch in range(epochs):
        if epoch == max(1, epochs // FLOAT_SHARE):
            net.quantise()
        if epoch == epochs - max(1, epochs // FROZEN_SHARE):
            net.freeze()
        net.train()
        order, total = torch.randperm(len(images)), 0.0
        for step in range(steps):
            at = epoch * steps + step
            cosine = max(0.5 * (1 + np.cos(np.pi * at / (epochs * steps))), 0.005)
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * cosine * min(1, (at + 1) / WARMUP_STEPS)
            pick = order[step * batch : (step + 1) * batch]
            x = images[pick].float()
            x = move(x) if rng.random() < SHARE_MOVED else x
            spread = None if rng.random() < SHARE_IDEAL else draw_spread(rng, net.head.sizes)
            volts, amp = net(x, spread=spread, exact=rng.random() < 0.5)
            loss = tf.cross_entropy(VOLT_LOGIT * volts, labels[pick])
            loss = loss + AMPLIFIER_WEIGHT * tf.cross_entropy(AMPLIFIER_LOGIT * amp, labels[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            net.clamp()
            total += loss.item()
        log.info("epoch %d of %d: loss %.4f", epoch + 1, epochs, total / steps)
    return net
