# SPDX-License-Identifier: Apache-2.0
"""crops : images shifted, mirrored and partly covered at random (extra `train`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Crops"]

Tensor = Any  # torch ships no types here
GREY = 120  # of the covered square: about the mean of CIFAR-10


class Crops:
    """Batches of images (n, c, side, side) with up to `reach` pixels of shift, borders black."""

    def __init__(
        self, images: NDArray[np.uint8], reach: int, cover: int, *, mirror: bool = True
    ) -> None:
        self.reach, self.cover, self.side = reach, cover, images.shape[-1]
        self.mirror = mirror
        edge = ((0, 0), (reach, reach), (reach, reach), (0, 0))
        self.padded = torch.tensor(np.pad(images.transpose(0, 2, 3, 1), edge))

    def plain(self, pick: Tensor) -> Tensor:
        """The images as they are, float32."""
        cut = slice(self.reach, self.reach + self.side)
        return self.padded[pick, cut, cut].float().permute(0, 3, 1, 2)

    def moved(self, pick: Tensor) -> Tensor:
        """Shifted, mirrored, partly covered, as asked for; float32."""
        n, side = len(pick), torch.arange(self.side)
        shift = torch.randint(0, 2 * self.reach + 1, (2, n, 1))
        mirrored = torch.rand(n, 1) < (0.5 if self.mirror else 0.0)
        cols = torch.where(mirrored, self.side - 1 - side, side) + shift[1]
        rows = side + shift[0]
        x = self.padded[pick[:, None, None], rows[:, :, None], cols[:, None, :]].float()
        if self.cover:
            # the square's middle is anywhere in the image: part of it may lie outside
            middle = torch.randint(0, self.side, (2, n, 1))
            inside = (side - middle + self.cover // 2) % 1024 < self.cover
            hole = inside[0][:, :, None] & inside[1][:, None, :]
            x = torch.where(hole[..., None], float(GREY), x)
        return x.permute(0, 3, 1, 2)
