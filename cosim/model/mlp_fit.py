# SPDX-License-Identifier: Apache-2.0
"""mlp_fit : trains stacks of two layers of weights +-1 on fixed effective inputs, many at once.

What a circuit, or a CPU, makes of weights is in the responses (`response.py`); so a step of
training is two products and a table. Several stacks with random beginnings share each product of
the first layer. Gradients pass signs as if they were not there. Needs the extra `train`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray

from cosim.model.response import InputResponse, LayerResponse

__all__ = [
    "FitSettings",
    "Stacks",
    "Task",
    "accuracies",
    "fresh",
    "task_of",
    "train_stacks",
]

log = logging.getLogger(__name__)
Tensor = Any  # torch ships no types here
Floats = NDArray[np.float64]
CURVE_STEP_V = 1e-3
NOISE_POOL = 8  # batches of noise, drawn from at random places
COLUMNS = 32  # products like a multiple of them


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How to train."""

    epochs: int
    seed: int = 1
    threads: int = 1  # of torch
    batch: int = 500
    rate: float = 3e-3  # Adam's first step
    warmup: int = 100  # batches
    floor: float = 0.005  # of the rate at the end
    latent: float = 0.1  # largest real number behind the first signs
    noise_v: float = 0.015  # of hidden signals: what the response leaves over
    sharpness: float = 20.0  # logits per volt at first; it is trained too
    sharpness_rate: float = 0.3


@dataclass(frozen=True, kw_only=True)
class Task:
    """What to fit: `inputs` (n, rows + 1 or more) of `InputResponse.inputs`, then zeros.

    `transfer` (rows, hidden) and `shift_v` (hidden,) of the first layer, the second's response, the
    neuron's curve, the bias line's volts.
    """

    inputs: Tensor
    labels: Tensor
    transfer: Floats
    shift_v: Floats
    second: LayerResponse
    vin_v: Floats
    vout_v: Floats
    bias_v: float


def task_of(
    bits: NDArray[np.uint8],
    labels: NDArray[np.int64],
    layers: tuple[InputResponse, LayerResponse],
    curve: tuple[Floats, Floats],
    bias_v: float,
) -> Task:
    """The task of classing images (n, n_in) with two layers of those responses."""
    inputs = layers[0].inputs(bits)
    wide = torch.zeros(
        (len(inputs), -(-inputs.shape[1] // COLUMNS) * COLUMNS), dtype=torch.bfloat16
    )
    wide[:, : inputs.shape[1]] = torch.from_numpy(inputs)
    return Task(
        inputs=wide,
        labels=torch.tensor(labels),
        transfer=layers[0].transfer,
        shift_v=layers[0].shift_v + np.zeros(layers[0].transfer.shape[1]),
        second=layers[1],
        vin_v=curve[0],
        vout_v=curve[1],
        bias_v=bias_v,
    )


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """Real numbers behind the signs: (rows, count*hidden), (count, hidden + 1, out)."""

    first: Tensor
    second: Tensor
    sharpness: Tensor

    @property
    def count(self) -> int:
        """How many stacks."""
        return len(self.second)

    def weights(self, index: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Weights of one of them, bias row last."""
        first = self.first.view(len(self.first), self.count, -1)[:, index]
        return _signs(first), _signs(self.second[index])

    def pick(self, index: int) -> Stacks:
        """One stack alone."""
        first = self.first.view(len(self.first), self.count, -1)[:, index]
        return Stacks(
            first=first.clone(),
            second=self.second[index : index + 1].clone(),
            sharpness=self.sharpness[index : index + 1].clone(),
        )


def fresh(task: Task, count: int, settings: FitSettings) -> Stacks:
    """Random stacks."""
    rows, hidden = task.transfer.shape
    torch.manual_seed(settings.seed)
    return Stacks(
        first=torch.empty(rows, count * hidden).uniform_(-1, 1) * settings.latent,
        second=torch.empty(count, *task.second.transfer.shape).uniform_(-1, 1) * settings.latent,
        sharpness=torch.full((count, 1, 1), settings.sharpness),
    )


class _Curve(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    @staticmethod
    def forward(ctx: Any, place: Tensor, volts: Tensor, slope: Tensor) -> Tensor:
        index = place.clamp(0, len(volts) - 1).to(torch.int32)
        ctx.save_for_backward(index, slope)
        return volts[index]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        index, slope = ctx.saved_tensors
        return grad * slope[index], None, None


class Model:
    """Forward passes of stacks."""

    def __init__(self, task: Task, count: int) -> None:
        low, high = float(task.vin_v[0]), float(task.vin_v[-1])
        grid = np.linspace(low, high, round((high - low) / CURVE_STEP_V) + 1)
        volts = np.interp(grid, task.vin_v, task.vout_v)
        self.table = _tensor(volts)
        self.slope = _tensor(np.gradient(volts))  # per step of the table
        self.task, self.count = task, count
        self.scale = 1 / CURVE_STEP_V
        self.zero = _tensor(np.tile((task.shift_v - low) * self.scale + 0.5, count))
        self.wires = _tensor(task.transfer).repeat(1, count) * self.scale
        self.wires_2 = _tensor(task.second.transfer)
        self.shift_2 = _tensor(task.second.shift_v)
        rows = task.transfer.shape[0]
        shape = task.inputs.shape[1], self.wires.shape[1]
        self.effective = torch.zeros(shape, dtype=torch.bfloat16)
        self.effective[rows] = self.scale  # what all columns get alike
        self.rows = rows

    def load(self, first: Tensor) -> None:
        """Takes in the signs of the first layer."""
        with torch.no_grad():
            self.effective[: self.rows] = torch.where(first >= 0, self.wires, -self.wires)

    def hidden(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Volts of hidden neurons (count, n, hidden)."""
        place = (inputs @ self.effective).float() + self.zero
        place = place if noise is None else place + noise
        volts = _Curve.apply(place, self.table, self.slope)
        return volts.view(len(inputs), self.count, -1).transpose(0, 1)

    def signal(self, hidden: Tensor, second: Tensor) -> Tensor:
        """Signals of the outputs (count, n, out)."""
        per_v, offset = self.affine(second)
        return torch.baddbmm(offset, hidden, per_v)

    def affine(self, second: Tensor) -> tuple[Tensor, Tensor]:
        """Signals by hidden volts (count, hidden, out), and without any (count, 1, out)."""
        a, b, c, d, e = (float(each) for each in self.task.second.factors)
        wired = second * self.wires_2
        total = wired.sum(1, keepdim=True)
        per_v = a * wired + (c * total + d) / wired.shape[1]
        offset = self.task.bias_v * per_v[:, -1:] + b * total + e + self.shift_2
        return per_v[:, :-1], offset


def train_stacks(
    task: Task,
    stacks: Stacks,
    settings: FitSettings,
    report: Callable[[int, Stacks], None] | None = None,
) -> Stacks:
    """Trains all stacks on the task's images, in blocks of a random order."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    model, count = Model(task, stacks.count), stacks.count
    first = stacks.first.clone()
    second = stacks.second.clone().requires_grad_()
    sharpness = stacks.sharpness.clone().requires_grad_()
    first.grad = torch.zeros_like(first)
    first.requires_grad_()
    model.effective.requires_grad_()
    weights = torch.optim.Adam([first, second], fused=True)
    sharp = torch.optim.Adam([sharpness], fused=True)
    blocks = len(task.labels) // settings.batch
    width = first.shape[1]
    noise = torch.randn(NOISE_POOL * settings.batch * width) * settings.noise_v * model.scale
    for epoch in range(settings.epochs):
        total = 0.0
        for step, block in enumerate(torch.randperm(blocks).tolist()):
            at = epoch * blocks + step
            part = max(0.5 * (1 + np.cos(np.pi * at / (settings.epochs * blocks))), settings.floor)
            part *= min(1, (at + 1) / settings.warmup)
            weights.param_groups[0]["lr"] = settings.rate * part
            sharp.param_groups[0]["lr"] = settings.sharpness_rate * part
            take = slice(block * settings.batch, (block + 1) * settings.batch)
            model.load(first.detach())
            begin = int(torch.randint(0, len(noise) - settings.batch * width + 1, ()))
            drawn = noise[begin : begin + settings.batch * width].view(settings.batch, width)
            signs = _sign(second)
            signal = model.signal(model.hidden(task.inputs[take], drawn), signs)
            logits = (signal * -sharpness).reshape(count * settings.batch, -1)
            loss = tf.cross_entropy(logits, task.labels[take].repeat(count)) * count
            model.effective.grad = None
            second.grad = sharpness.grad = None
            loss.backward()
            first.grad = model.effective.grad[: model.rows].float() * model.wires
            weights.step()
            sharp.step()
            with torch.no_grad():
                first.clamp_(-1, 1)
                second.clamp_(-1, 1)
            total += float(loss.detach()) / count
        now = Stacks(first=first.detach(), second=second.detach(), sharpness=sharpness.detach())
        log.info("epoch %d of %d: loss %.4f", epoch + 1, settings.epochs, total / blocks)
        if report is not None:
            report(epoch, now)
    return now


def accuracies(task: Task, stacks: Stacks) -> Floats:
    """Per cent of the task's images that each stack classes rightly."""
    model = Model(task, stacks.count)
    model.load(stacks.first)
    with torch.no_grad():
        signal = model.signal(model.hidden(task.inputs), torch.where(stacks.second >= 0, 1.0, -1.0))
        right = (signal.argmin(2) == task.labels).double().mean(1)
    return np.asarray(100 * right.numpy())


def _sign(latent: Tensor) -> Tensor:
    return latent + (torch.where(latent >= 0, 1.0, -1.0) - latent).detach()


def _signs(latent: Tensor) -> NDArray[np.int8]:
    return np.where(latent.numpy() >= 0, 1, -1).astype(np.int8)


def _tensor(array: Any) -> Tensor:
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float32)
