# SPDX-License-Identifier: Apache-2.0
"""moved : training images turned, scaled, sheared and shifted at random (extra `train`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray

__all__ = ["move", "moved_images"]

Tensor = Any  # torch ships no types here
PAD = 2  # room around an image to turn in


def move(x: Tensor) -> Tensor:
    """Images turned by up to 0.2 rad, scaled by 12 %, sheared by 0.2 and shifted by 2 pixels."""
    n = len(x)
    angle = (torch.rand(n) - 0.5) * 2 * 0.2
    scale = 1 + (torch.rand(n) - 0.5) * 2 * 0.12
    shear = (torch.rand(n) - 0.5) * 2 * 0.2
    shift = (torch.rand(n, 2) - 0.5) * 2 * (2 / 16)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    first = torch.stack([cos, -sin + shear, shift[:, 0]], 1)
    second = torch.stack([sin, cos, shift[:, 1]], 1)
    grid = tf.affine_grid(torch.stack([first, second], 1), x.shape, align_corners=False)
    return tf.grid_sample(x, grid, align_corners=False).round().clamp(0, 255)


def moved_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A moved copy of every image (n, rows, columns); draws from torch's generator."""
    padded = np.pad(images, ((0, 0), (PAD, PAD), (PAD, PAD)))
    moved = move(torch.tensor(padded)[:, None].float())[:, 0, PAD:-PAD, PAD:-PAD]
    return np.ascontiguousarray(moved.numpy().astype(np.uint8))
