# SPDX-License-Identifier: Apache-2.0
"""train_snn : trains a binary spiking network on MNIST or CIFAR-10, training images alone.

Adam on the real numbers behind the signs; the rate rises, stays, falls. The first `single` epochs
run one time step, which is cheaper by the number of steps; with `rates` all epochs are as cheap and
see shares of `steps` (snn.py). Every epoch leaves a checkpoint, from
which a stopped run goes on; `start`, the checkpoint of another run, gives the first weights. Needs
the extra `train`.
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

from cosim.errors import UserInputError
from cosim.model.crops import Crops
from cosim.model.datasets import Dataset
from cosim.model.lessons import Lessons
from cosim.model.snn import Snn

__all__ = ["SnnSettings", "train_snn"]

log = logging.getLogger(__name__)
Tensor = Any  # torch ships no types here
SETTLE = 40  # batches that batch statistics are taken from at the end, rates at zero


@dataclass(frozen=True, kw_only=True)
class SnnSettings:
    """How to train: `epochs`, the first `single` of them with one time step instead of `steps`."""

    epochs: int = 20
    seed: int = 1
    steps: int = 2  # time steps of an image
    single: int = 0
    rates: bool = False  # passes over shares of spikes, not over steps
    spiking: int = 0  # the last of `epochs`, in which a network of rates spikes after all
    fall: int = 5  # the last of `epochs`, in which the rate goes down
    threads: int = 1  # of torch
    device: str = "cpu"
    batch: int = 125
    rate: float = 3e-3
    warmup: int = 200  # batches
    smoothing: float = 0.1
    reach: int = 3  # pixels that an image is shifted by at most
    cover: int = 0  # side of the square that is covered
    mirror: bool = True
    still: int = 0  # the last of `epochs`, in which images are mirrored alone
    taught: float = 0.9  # share of the teacher's opinion, where there is one
    temperature: float = 2.0  # that its logits are divided by
    compiled: bool = False  # by torch.compile: twice as fast, needs a C++ compiler


def train_snn(
    net: Snn,
    dataset: Dataset,
    settings: SnnSettings,
    checkpoint: Path | None = None,
    start: Path | None = None,
    *,
    logits: Any = None,
) -> None:
    """Trains `net` in place, on `settings.device`; goes on from `checkpoint` if it is there.

    `start` gives it first weights; `logits` (images, classes) are a teacher's. Raises
    UserInputError for epochs of spikes without rates before them, or a `start` of another network.
    """
    if settings.spiking and not settings.rates:
        raise UserInputError("--set spiking=N needs --set rates=true: other epochs spike anyway")
    if settings.spiking > settings.epochs:
        raise UserInputError(
            f"--set spiking={settings.spiking}: there are {settings.epochs} epochs"
        )
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    images = dataset.images if dataset.images.ndim == 4 else dataset.images[:, None]
    crops = Crops(images, settings.reach, settings.cover, mirror=settings.mirror)
    still = Crops(images, 0, 0, mirror=settings.mirror) if settings.still else crops
    labels = torch.tensor(dataset.labels.astype(np.int64))
    lessons = Lessons(logits, settings.taught, settings.temperature)
    targets = lessons.targets(dataset.labels, settings.smoothing)
    steps, many = len(labels) // settings.batch, net.steps
    if start is not None:
        _begin(start, net)
    net.to(settings.device, memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate, fused=True)
    run = torch.compile(net) if settings.compiled else net
    first = 0
    if checkpoint is not None and checkpoint.is_file():
        first = _resume(checkpoint, net, optimiser)
    for epoch in range(first, settings.epochs):
        net.steps = 1 if epoch < settings.single else many
        seen = crops if epoch < settings.epochs - settings.still else still
        net.train()
        if settings.rates and epoch >= settings.epochs - settings.spiking:
            if epoch == settings.epochs - settings.spiking:
                _settle(net, still, settings, len(labels))
            net.hold()
        order, loss_sum, right = torch.randperm(len(labels)), 0.0, 0
        for step in range(steps):
            _set_rate(optimiser, settings, epoch, step, steps)
            pick = order[step * settings.batch : (step + 1) * settings.batch]
            y = labels[pick].to(settings.device)
            said = _logits(run, seen.moved(pick), settings)
            loss = tf.cross_entropy(said, targets[pick].to(settings.device))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            net.clamp()
            loss_sum += loss.item()
            right += int((said.argmax(1) == y).sum())
        percent = 100 * right / (steps * settings.batch)
        log.info(
            "epoch %d of %d, steps %d: loss %.4f, %.2f %%",
            *(epoch + 1, settings.epochs, net.steps, loss_sum / steps, percent),
        )
        if checkpoint is not None:
            _save(checkpoint, epoch + 1, net, optimiser)
    if net.rates == settings.rates:  # statistics are those of the last epochs' passes
        _settle(net, still, settings, len(labels))
    net.eval()
    net.to("cpu")


def _logits(net: Any, pixels: Tensor, settings: SnnSettings) -> Tensor:
    pixels = pixels.to(settings.device).contiguous(memory_format=torch.channels_last)
    with torch.autocast(torch.device(settings.device).type, torch.bfloat16):
        return net(pixels)


def _settle(net: Snn, crops: Crops, settings: SnnSettings, count: int) -> None:
    """Batch norm's means over the last weights: while signs turned, they lagged behind."""
    for norm in net.norms:
        norm.reset_running_stats()
        norm.momentum = None  # plain average
    net.train()
    with torch.no_grad():
        for _ in range(SETTLE):
            _logits(net, crops.moved(torch.randint(0, count, (settings.batch,))), settings)


def _set_rate(optimiser: Any, settings: SnnSettings, epoch: int, step: int, steps: int) -> None:
    at = epoch * steps + step
    left = (settings.epochs * steps - at) / (settings.fall * steps)
    height = max(0.005, min(1.0, (at + 1) / settings.warmup, left))
    for group in optimiser.param_groups:
        group["lr"] = settings.rate * height


def _save(path: Path, epoch: int, net: Snn, optimiser: Any) -> None:
    state = {
        "epoch": epoch,
        "net": net.state_dict(),
        "optimiser": optimiser.state_dict(),
        "torch": torch.get_rng_state(),
    }
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    beside.replace(path)


def _begin(path: Path, net: Snn) -> None:
    try:
        net.load_state_dict(torch.load(path, weights_only=False)["net"])
    except (OSError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
        raise UserInputError(f"--start {path}: not a checkpoint of this network: {error}") from None


def _resume(path: Path, net: Snn, optimiser: Any) -> int:
    state = torch.load(path, weights_only=False)
    net.load_state_dict(state["net"])
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["torch"].cpu())
    log.info("%s: goes on after epoch %d", path, state["epoch"])
    return int(state["epoch"])
