# SPDX-License-Identifier: Apache-2.0
"""drawings : eight 32x32 colour images of this project's own, drawn here from boxes and ovals.

One of each of the first eight classes of CIFAR-10, whose licence nobody states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.model.datasets import Dataset

__all__ = ["builtin_drawings"]

SIDE, COLOURS = 32, 3
Colour = tuple[int, int, int]
SKY, GRASS, ROAD = (140, 190, 235), (80, 130, 60), (110, 110, 110)


class _Drawing:
    """A picture that shapes are painted on, one over the other; places in pixels."""

    def __init__(self, above: Colour, below: Colour, horizon: int) -> None:
        self.rows, self.cols = np.mgrid[0:SIDE, 0:SIDE].astype(float)
        self.pixels = np.zeros((SIDE, SIDE, COLOURS))
        self.paint(self.rows >= 0, above)
        self.paint(self.rows >= horizon, below)

    def paint(self, mask: NDArray[np.bool_], colour: Colour) -> None:
        self.pixels[mask] = colour

    def box(self, top: float, left: float, bottom: float, right: float, colour: Colour) -> None:
        inside = (self.rows >= top) & (self.rows < bottom)
        self.paint(inside & (self.cols >= left) & (self.cols < right), colour)

    def oval(self, row: float, col: float, tall: float, wide: float, colour: Colour) -> None:
        far = ((self.rows - row) / tall) ** 2 + ((self.cols - col) / wide) ** 2
        self.paint(far <= 1.0, colour)

    def legs(self, top: int, cols: tuple[int, ...], colour: Colour) -> None:
        for col in cols:
            self.box(top, col, 28, col + 2, colour)

    def image(self) -> NDArray[np.uint8]:
        """Light falls off towards the lower right, so that no plane is flat."""
        shade = 1.05 - 0.004 * (self.rows + self.cols)
        planes = np.clip(self.pixels * shade[..., None], 0, 255).round().astype(np.uint8)
        return np.ascontiguousarray(planes.transpose(2, 0, 1))


def _airplane(d: _Drawing) -> None:
    d.oval(16, 16, 2.5, 13, (225, 225, 230))
    d.paint((abs(d.cols - 15) < 3) & (abs(d.rows - 16) < 10), (190, 190, 200))
    d.box(9, 4, 16, 7, (200, 60, 60))


def _automobile(d: _Drawing) -> None:
    d.box(14, 3, 23, 29, (200, 40, 40))
    d.box(9, 9, 15, 23, (200, 40, 40))
    d.box(10, 11, 14, 21, (170, 210, 230))
    d.oval(23, 9, 3, 3, (20, 20, 20))
    d.oval(23, 23, 3, 3, (20, 20, 20))


def _bird(d: _Drawing) -> None:
    d.oval(17, 15, 5, 8, (110, 70, 40))
    d.oval(11, 23, 3.5, 3.5, (110, 70, 40))
    d.box(10, 26, 12, 30, (230, 170, 40))
    d.box(22, 14, 28, 15, (90, 60, 20))


def _cat(d: _Drawing) -> None:
    d.oval(20, 16, 9, 9, (150, 120, 90))
    d.paint((d.rows < 16) & (abs(abs(d.cols - 16) - 6) < (d.rows - 5) / 3), (150, 120, 90))
    d.oval(18, 12, 1.6, 1.6, (60, 160, 60))
    d.oval(18, 20, 1.6, 1.6, (60, 160, 60))


def _deer(d: _Drawing) -> None:
    d.oval(17, 14, 4, 8, (150, 100, 50))
    d.box(6, 20, 16, 23, (150, 100, 50))
    d.box(2, 19, 7, 20, (100, 70, 40))
    d.box(2, 24, 7, 25, (100, 70, 40))
    d.legs(19, (8, 11, 17, 20), (150, 100, 50))


def _dog(d: _Drawing) -> None:
    d.oval(16, 16, 10, 8, (210, 180, 140))
    d.oval(14, 7, 6, 3, (120, 80, 50))
    d.oval(14, 25, 6, 3, (120, 80, 50))
    d.oval(20, 16, 3, 4, (240, 230, 220))
    d.oval(18, 16, 1.5, 2, (20, 20, 20))


def _frog(d: _Drawing) -> None:
    d.oval(20, 16, 7, 11, (90, 150, 50))
    d.oval(13, 10, 3, 3, (90, 150, 50))
    d.oval(13, 22, 3, 3, (90, 150, 50))
    d.oval(13, 10, 1.2, 1.2, (10, 10, 10))
    d.oval(13, 22, 1.2, 1.2, (10, 10, 10))


def _horse(d: _Drawing) -> None:
    d.oval(15, 14, 5, 9, (80, 50, 30))
    d.paint(
        (abs(d.cols - 23 - (12 - d.rows) / 4) < 2.5) & (d.rows < 16) & (d.rows > 5), (80, 50, 30)
    )
    d.legs(18, (6, 10, 17, 20), (80, 50, 30))


DRAWINGS = (
    (_airplane, SKY, SKY, 32),
    (_automobile, SKY, ROAD, 20),
    (_bird, SKY, GRASS, 26),
    (_cat, (180, 160, 140), (120, 90, 70), 26),
    (_deer, (110, 150, 90), GRASS, 18),
    (_dog, (190, 190, 180), (150, 120, 90), 24),
    (_frog, (120, 100, 70), (90, 70, 50), 16),
    (_horse, SKY, GRASS, 15),
)


def builtin_drawings() -> Dataset:
    """The eight drawings; drawing i is of class i."""
    images = []
    for draw, above, below, horizon in DRAWINGS:
        drawing = _Drawing(above, below, horizon)
        draw(drawing)
        images.append(drawing.image())
    return Dataset(
        images=np.stack(images),
        labels=np.arange(len(images), dtype=np.uint8),
        source="eight built-in drawings",
    )
