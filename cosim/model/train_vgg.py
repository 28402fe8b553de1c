# SPDX-License-Identifier: Apache-2.0
"""train_vgg : trains a VGG for the macro on CIFAR-10's 50,000 training images.

First in floating point (SGD; the rate rises, stays, falls), then folded to int8 with a small rate.
Every epoch leaves a checkpoint, from which a stopped run goes on; `start`, the checkpoint of a
finished run, gives another run its first weights, and may have fewer channels. Needs the extra
`train`.
"""

from __future__ import annotations

import logging
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from torch.nn.utils import clip_grad_norm_

from cosim.errors import UserInputError
from cosim.model.crops import Crops
from cosim.model.datasets import Dataset
from cosim.model.head import draw_spread
from cosim.model.lessons import Lessons
from cosim.model.vgg import Vgg

__all__ = ["VggSettings", "train_vgg"]

log = logging.getLogger(__name__)
Tensor = Any  # torch ships no types here

SHARE_IDEAL = 0.4  # of the batches see the ideal circuit
VOLT_LOGIT, AMPLIFIER_LOGIT, AMPLIFIER_WEIGHT = 15.0, -6.0, 0.3
LINEAR_WEIGHT = 1.0
RAMP = 4  # epochs in which the circuit head's say in the convolutions grows
IDEAL_EPOCHS = 2  # with the ideal circuit alone
LARGEST_GRADIENT = 3.0  # norm over the convolutions; the first steps are wild
CALIBRATION = 500  # images that the scales of the activations are taken from


@dataclass(frozen=True, kw_only=True)
class VggSettings:
    """How to train: `epochs` in floating point, then `integer_epochs` as the firmware computes."""

    epochs: int = 40
    integer_epochs: int = 4
    seed: int = 1
    threads: int = 1  # of torch
    device: str = "cpu"  # of the convolutions; the FC stack stays on the processor
    batch: int = 250
    rate: float = 0.15  # SGD's largest
    integer_rate: float = 0.005
    head_rate: float = 2e-3  # Adam's, of the FC stack
    decay: float = 5e-4
    smoothing: float = 0.1
    reach: int = 4  # pixels that an image is shifted by at most
    cover: int = 8  # side of the square that is covered
    rise: float = 1.0  # epochs that the rate goes up
    fall: float = 12.0  # the last of `epochs`, in which it goes down
    taught: float = 0.9  # share of the teacher's opinion, where there is one
    temperature: float = 2.0  # that its logits are divided by


def train_vgg(
    net: Vgg,
    dataset: Dataset,
    settings: VggSettings,
    checkpoint: Path | None = None,
    start: Path | None = None,
    *,
    logits: Any = None,
) -> None:
    """Trains `net` in place, with the weights of `start` at first; goes on from `checkpoint`.

    `logits` (images, classes) are a teacher's.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    crops = Crops(dataset.images, settings.reach, settings.cover)
    labels = torch.tensor(dataset.labels.astype(np.int64))
    lessons = Lessons(logits, settings.taught, settings.temperature)
    smooth = lessons.targets(dataset.labels, settings.smoothing)
    sharp = lessons.targets(dataset.labels, 0.0)
    total = settings.epochs + settings.integer_epochs
    steps = len(labels) // settings.batch
    if start is not None:
        _begin(start, net, crops.plain(torch.randperm(len(labels))[:CALIBRATION]))
    optimisers = _optimisers(net, settings)
    _place(net, settings.device)
    first = 0
    if checkpoint is not None and checkpoint.is_file():
        first = _resume(checkpoint, net, optimisers, rng)
    for epoch in range(first, total):
        if epoch == settings.epochs:
            pick = torch.randperm(len(labels))[:CALIBRATION]
            net.fold(crops.plain(pick).to(settings.device))
            optimisers = _optimisers(net, settings)
        net.train()
        order, loss_sum, right = torch.randperm(len(labels)), 0.0, 0
        for step in range(steps):
            at = epoch + step / steps
            _set_rates(optimisers, settings, at)
            pick = order[step * settings.batch : (step + 1) * settings.batch]
            ideal = at < IDEAL_EPOCHS or rng.random() < SHARE_IDEAL
            spread = None if ideal else draw_spread(rng, net.head.sizes)
            exact = rng.random() < 0.5
            pixels = crops.moved(pick).contiguous(memory_format=torch.channels_last)
            with torch.autocast(torch.device(settings.device).type, torch.bfloat16):
                values = net.features(pixels.to(settings.device))
            volts, amp, linear = net.classify(
                values.float().cpu(), say=min(1.0, at / RAMP), spread=spread, exact=exact
            )
            loss = (
                tf.cross_entropy(VOLT_LOGIT * volts, smooth[pick])
                + AMPLIFIER_WEIGHT * tf.cross_entropy(AMPLIFIER_LOGIT * amp, sharp[pick])
                + LINEAR_WEIGHT * tf.cross_entropy(linear, smooth[pick])
            )
            for optimiser in optimisers:
                optimiser.zero_grad()
            loss.backward()
            clip_grad_norm_(optimisers[0].param_groups[0]["params"], LARGEST_GRADIENT)
            for optimiser in optimisers:
                optimiser.step()
            net.clamp()
            loss_sum += loss.item()
            right += int((volts.argmax(1) == labels[pick]).sum())
        percent = 100 * right / (steps * settings.batch)
        log.info("epoch %d of %d: loss %.4f, %.2f %%", epoch + 1, total, loss_sum / steps, percent)
        if checkpoint is not None:
            _save(checkpoint, epoch + 1, net, optimisers, rng)
    _place(net, "cpu")


def _place(net: Vgg, device: str) -> None:
    """Everything but the heads on `device`."""
    for part in (net.convs, net.norms, net.biases):
        part.to(device)


def _optimisers(net: Vgg, settings: VggSettings) -> list[Any]:
    real = [p for name, p in net.named_parameters() if not name.startswith("head.")]
    thick = [p for p in real if p.ndim > 1]  # no decay of biases and batch norm
    thin = [p for p in real if p.ndim == 1]
    groups = [{"params": thick, "weight_decay": settings.decay}, {"params": thin}]
    return [
        torch.optim.SGD(groups, lr=settings.rate, momentum=0.9, nesterov=True),
        torch.optim.Adam(net.head.w, lr=settings.head_rate),
    ]


def _set_rates(optimisers: list[Any], settings: VggSettings, at: float) -> None:
    """The rates at epoch `at`: up, level, down; the integer epochs fall from their own rate."""
    down = settings.epochs - settings.fall
    if at < settings.epochs:
        height = min(at / settings.rise, 1.0, (settings.epochs - at) / (settings.epochs - down))
        top = settings.rate
    else:
        height = 1 - (at - settings.epochs) / settings.integer_epochs
        top = settings.integer_rate
    for group in optimisers[0].param_groups:
        group["lr"] = top * max(height, 0.002)
    left = settings.epochs + settings.integer_epochs - at
    head = min(1.0, left / (settings.fall + settings.integer_epochs))
    for group in optimisers[1].param_groups:
        group["lr"] = settings.head_rate * max(head, 0.01)


def _save(
    path: Path, epoch: int, net: Vgg, optimisers: list[Any], rng: np.random.Generator
) -> None:
    state = {
        "epoch": epoch,
        "net": net.state_dict(),
        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        "torch": torch.get_rng_state(),
        "numpy": rng.bit_generator.state,
    }
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    beside.replace(path)


def _begin(path: Path, net: Vgg, pixels: Tensor) -> None:
    """The weights of a run's checkpoint, in floating point; channels it lacks stay as they are."""
    try:
        state = torch.load(path, weights_only=False)["net"]
        widths = [
            (len(state[f"convs.{index}.weight"]), pool)
            for index, (_, pool) in enumerate(net.widths)
        ]
        found = Vgg(widths, net.head)
        found.load_state_dict(state)
        if found.folded:
            found.unfold(pixels)
        for whole, part in zip(net.state_dict().values(), found.state_dict().values(), strict=True):
            whole[tuple(slice(n) for n in part.shape)] = part
    except (OSError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
        raise UserInputError(f"--start {path}: not a checkpoint of this network: {error}") from None


def _resume(path: Path, net: Vgg, optimisers: list[Any], rng: np.random.Generator) -> int:
    state = torch.load(path, weights_only=False)
    net.load_state_dict(state["net"])
    for optimiser, found in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(found)
    torch.set_rng_state(state["torch"])
    rng.bit_generator.state = state["numpy"]
    log.info("%s: goes on after epoch %d", path, state["epoch"])
    return int(state["epoch"])
