# SPDX-License-Identifier: Apache-2.0
"""polish : turns single signs of a trained stack while the loss over all images falls.

Training leaves the signs where its noise left them; a few wrong ones shift whole columns. Here the
gradient names signs of the first layer that promise most, and each is tried on all images: one
column's places, volts and their part in the logits change. Needs the extra `train`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from cosim.model.mlp_fit import Model, Stacks, Task

__all__ = ["polish"]

log = logging.getLogger(__name__)
Tensor = Any  # torch ships no types here
PART = 5000  # images in float32 at a time
SHARPER = np.geomspace(0.7, 2.0, 12)  # times the sharpness that training ended with


def polish(task: Task, stack: Stacks, rounds: int, tries: int) -> Stacks:
    """Up to `rounds` rounds of `tries` signs of each column of the first layer.

    The first round tries all signs of the second layer too.
    """
    search = _Search(task, stack)
    with torch.no_grad():
        for turn in range(rounds):
            search.begin(task, stack)
            before, turned = search.loss, search.first_layer(tries)
            turned += 0 if turn else search.second_layer()
            words = (turn + 1, before, search.loss, turned)
            log.info("round %d: loss %.4f to %.4f, %d signs turned", *words)
            if not turned:
                break
    return replace(stack, first=search.first, second=search.second[None])


class _Search:
    """A stack's signs with what they give on all images; images are the last axis."""

    def __init__(self, task: Task, stack: Stacks) -> None:
        self.model, self.labels = Model(task, 1), task.labels
        self.rows = task.inputs[:, : self.model.rows].t().contiguous()
        self.first = torch.where(stack.first >= 0, 1.0, -1.0)
        self.second = torch.where(stack.second[0] >= 0, 1.0, -1.0)

    def begin(self, task: Task, stack: Stacks) -> None:
        """Everything anew from the signs, and the sharpness that fits them best."""
        model = self.model
        wired = torch.zeros(task.inputs.shape[1], self.first.shape[1])
        wired[: model.rows] = self.first * model.wires
        wired[model.rows] = model.scale
        parts = [part.float() @ wired for part in task.inputs.split(PART)]
        self.place = (torch.cat(parts) + model.zero).t().contiguous()
        self.volts = self._volts(self.place)
        self.sharpness = 1.0
        signal = self._logits()
        tried = [float(factor * stack.sharpness.flatten()[0]) for factor in SHARPER]
        self.sharpness = min(tried, key=lambda each: self._loss(signal * each))
        self.logits = signal * self.sharpness
        self.loss = self._loss(self.logits)

    def first_layer(self, tries: int) -> int:
        """Tries the most promising signs; how many turned."""
        per_v, turned = self._per_v(), 0
        for row, column in self._promising(per_v, tries):
            step = -2 * self.first[row, column] * self.model.wires[row, column]
            place = self.place[column] + step * self.rows[row].float()
            volts = self._volts(place)
            logits = torch.addr(self.logits, per_v[column], volts - self.volts[column])
            loss = self._loss(logits)
            if loss < self.loss:
                self.loss, self.logits, turned = loss, logits, turned + 1
                self.place[column], self.volts[column] = place, volts
                self.first[row, column] *= -1
        return turned

    def second_layer(self) -> int:
        """Tries every sign; how many turned."""
        turned = 0
        for at in np.ndindex(*self.second.shape):
            self.second[at] *= -1
            loss = self._loss(self._logits())
            if loss < self.loss:
                self.loss, turned = loss, turned + 1
            else:
                self.second[at] *= -1
        return turned

    def _promising(self, per_v: Tensor, tries: int) -> list[tuple[int, int]]:
        """Rows and columns of the signs of each column that lower the loss most, best first.

        By the gradient, which holds for the first turns in a column.
        """
        model = self.model
        error = torch.softmax(self.logits, 0)
        error[self.labels, torch.arange(len(self.labels))] -= 1
        slope = model.slope[self._index(self.place)] / len(self.labels)
        by_place = (per_v @ error) * slope
        along = (self.rows @ by_place.t().contiguous().bfloat16()).float()
        change = -2 * self.first * model.wires * along
        best = torch.topk(change, min(tries, len(change)), dim=0, largest=False)
        found = [
            (float(best.values[at]), int(best.indices[at]), at[1])
            for at in np.ndindex(*best.values.shape)
        ]
        return [(row, column) for value, row, column in sorted(found) if value < 0]

    def _per_v(self) -> Tensor:
        """Logits by hidden volts (hidden, out)."""
        return self.model.affine(self.second[None])[0][0] * -self.sharpness

    def _logits(self) -> Tensor:
        offset = self.model.affine(self.second[None])[1][0] * -self.sharpness
        return torch.addmm(offset.t(), self._per_v().t(), self.volts)

    def _loss(self, logits: Tensor) -> float:
        own = logits.gather(0, self.labels[None])[0]
        total = logits.exp().sum(0).log()
        return float((total - own).mean())

    def _index(self, place: Tensor) -> Tensor:
        return place.clamp(0, len(self.model.table) - 1).to(torch.int32)

    def _volts(self, place: Tensor) -> Tensor:
        return self.model.table[self._index(place)]
