# SPDX-License-Identifier: Apache-2.0
"""lessons : what training says of each image: its label, or that and a teacher's opinion.

A small network learns more from how alike a larger one finds the classes than from labels alone
(distillation; Hinton et al. 2015). The teacher (`teacher.py`) sees the same training images and
nothing else; its opinion is a file of logits, so that it runs once. Needs the extra `train`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray

from cosim.errors import UserInputError
from cosim.model.npz import read_npz

__all__ = ["Lessons", "read_logits", "save_logits"]

Tensor = Any  # torch ships no types here
CLASSES = 10


@dataclass(frozen=True)
class Lessons:
    """A teacher's `logits` (images, classes), in the order of the training split, or None."""

    logits: NDArray[np.float32] | None = None
    share: float = 0.9  # of the teacher's opinion; the rest is the label's
    temperature: float = 2.0  # that the logits are divided by

    def targets(self, labels: NDArray[np.uint8], smoothing: float) -> Tensor:
        """Probabilities (images, classes) to learn; labels give `smoothing` away."""
        hard = tf.one_hot(torch.tensor(labels.astype(np.int64)), CLASSES).float()
        hard = hard * (1 - smoothing) + smoothing / CLASSES
        if self.logits is None:
            return hard
        soft = torch.softmax(torch.tensor(self.logits) / self.temperature, 1)
        return self.share * soft + (1 - self.share) * hard


def save_logits(path: Path, logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
    """The file that `read_logits` reads; labels tell later whether the images are the same."""
    with path.open("wb") as file:
        np.savez_compressed(file, logits=logits.astype(np.float32), labels=labels)


def read_logits(path: Path, labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A teacher's logits for the images of these labels.

    Raises ModelError for a file that cannot be read, UserInputError for one of something else or
    of other images.
    """
    arrays = read_npz(path)
    if not {"logits", "labels"} <= arrays.keys():
        raise UserInputError(f"--teacher {path}: holds {', '.join(arrays)}, not logits and labels")
    logits, known = arrays["logits"], arrays["labels"]
    if not np.array_equal(known, labels):
        raise UserInputError(f"--teacher {path}: of {len(known)} other images; make it anew")
    if logits.shape != (len(labels), CLASSES) or not np.isfinite(logits).all():
        raise UserInputError(f"--teacher {path}: logits {logits.shape} must be finite, 10 an image")
    found: NDArray[np.float32] = logits.astype(np.float32)
    return found
