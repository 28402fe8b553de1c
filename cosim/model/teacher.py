# SPDX-License-Identifier: Apache-2.0
"""teacher : a larger network in floating point, whose opinion of the training images is kept.

It is trained on CIFAR-10's training images and never runs on the SoC; its logits for them, the
means over mirrored and shifted views, are what smaller networks learn from (`lessons.py`). First
filters of 2x2 pixels that whiten, three blocks of two 3x3 convolutions with 2x2 max pooling in the
first of each, the largest of each channel, ten sums: the shape of arXiv:2404.00498, trained more
simply. Needs the extra `train`.
"""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray
from torch import nn

from cosim.model.conv_fast import conv3x3
from cosim.model.crops import Crops
from cosim.model.datasets import Dataset
from cosim.model.lessons import CLASSES

__all__ = ["TeacherSettings", "opinion", "train_teacher"]

log = logging.getLogger(__name__)
Tensor = Any  # torch ships no types here
WIDTHS = (64, 64, 256, 256, 256, 256)
PATCH = 2  # side of the first filters
SAMPLE = 5000  # images whose patches the first filters are made from
SOFT = 5e-4  # added to a direction's variance: the weakest are noise
LOGIT_SCALE = 1 / 8
PIXEL_SCALE, PIXEL_MEAN = 256, 0.47


@dataclass(frozen=True, kw_only=True)
class TeacherSettings:
    """SGD; the rate rises for the share `rise` of the epochs, then falls."""

    epochs: int = 12
    seed: int = 1
    threads: int = 1  # of torch
    device: str = "cpu"
    batch: int = 250
    rate: float = 0.2
    rise: float = 0.2
    decay: float = 5e-4
    smoothing: float = 0.05
    reach: int = 2  # pixels that an image is shifted by at most


class Teacher(nn.Module):  # type: ignore[misc]  # torch ships no types here
    """Logits (n, 10) of pixels 0..255 (n, 3, 32, 32); `images` make its first filters."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        super().__init__()
        first = _whitening(images)
        self.register_buffer("first", first)
        self.bias = nn.Parameter(torch.zeros(len(first)))
        channels = (len(first), *WIDTHS)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in itertools.pairwise(channels)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in WIDTHS)
        self.out = nn.Linear(WIDTHS[-1], CLASSES, bias=False)
        self.to(memory_format=torch.channels_last)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits."""
        x = pixels / PIXEL_SCALE - PIXEL_MEAN
        x = tf.relu(tf.conv2d(x, self.first, self.bias))
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = conv3x3(x, conv.weight)
            if index % 2 == 0:
                x = tf.max_pool2d(x, 2)
            x = tf.relu(norm(x))
        return self.out(x.amax((2, 3))) * LOGIT_SCALE


def train_teacher(dataset: Dataset, settings: TeacherSettings) -> Any:
    """A trained teacher, in evaluation mode, on `settings.device`."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    crops = Crops(dataset.images, settings.reach, 0)
    labels = torch.tensor(dataset.labels.astype(np.int64))
    net = Teacher(dataset.images).to(settings.device)
    optimiser = _optimiser(net, settings)
    steps = len(labels) // settings.batch
    for epoch in range(settings.epochs):
        order, loss_sum, right = torch.randperm(len(labels)), 0.0, 0
        for step in range(steps):
            at = (epoch + step / steps) / settings.epochs
            height = min(at / settings.rise, (1 - at) / (1 - settings.rise))
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * max(0.01, height)
            pick = order[step * settings.batch : (step + 1) * settings.batch]
            y = labels[pick].to(settings.device)
            logits = _logits(net, crops.moved(pick))
            loss = tf.cross_entropy(logits, y, label_smoothing=settings.smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            loss_sum += loss.item()
            right += int((logits.argmax(1) == y).sum())
        percent = 100 * right / (steps * settings.batch)
        log.info(
            "epoch %d of %d: loss %.4f, %.2f %%",
            *(epoch + 1, settings.epochs, loss_sum / steps, percent),
        )
    return net.eval()


def opinion(net: Teacher, dataset: Dataset, batch: int = 250) -> NDArray[np.float32]:
    """Logits (n, 10): means over the image and its mirror image, in place and a pixel aside."""
    crops = Crops(dataset.images, 0, 0)
    parts = []
    with torch.no_grad():
        for pick in torch.arange(len(dataset.labels)).split(batch):
            x = crops.plain(pick)
            aside = torch.roll(x, (1, 1), (2, 3))
            views = (x, x.flip(3), aside, aside.flip(3))
            mean = sum(_logits(net, view) for view in views) / len(views)
            parts.append(mean.cpu().numpy())
    found: NDArray[np.float32] = np.concatenate(parts)
    return found


def _logits(net: Teacher, pixels: Tensor) -> Tensor:
    device = net.first.device
    pixels = pixels.to(device).contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16):
        return net(pixels).float()


def _optimiser(net: Teacher, settings: TeacherSettings) -> Any:
    thick = [p for p in net.parameters() if p.ndim > 1]  # no decay of biases and batch norm
    thin = [p for p in net.parameters() if p.ndim == 1]
    groups = [{"params": thick, "weight_decay": settings.decay}, {"params": thin}]
    return torch.optim.SGD(groups, lr=settings.rate, momentum=0.9, nesterov=True)


def _whitening(images: NDArray[np.uint8]) -> Tensor:
    """Filters (24, 3, 2, 2): patches' principal directions at equal strength, and their reverse."""
    x = torch.tensor(images[:SAMPLE]).float() / PIXEL_SCALE
    patches = x.unfold(2, PATCH, 1).unfold(3, PATCH, 1).permute(0, 2, 3, 1, 4, 5)
    strength, directions = torch.linalg.eigh(torch.cov(patches.reshape(-1, 3 * PATCH**2).T))
    filters = (directions / torch.sqrt(strength + SOFT)).T.reshape(-1, 3, PATCH, PATCH)
    return torch.cat([filters, -filters])
