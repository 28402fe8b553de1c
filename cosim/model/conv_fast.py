# SPDX-License-Identifier: Apache-2.0
"""conv_fast : a 3x3 convolution in bfloat16 whose weights' gradient is one matrix product.

oneDNN takes that gradient of small images three to four times slower (250 images of 256x4x4 to 256
channels on one core with AMX: 121 ms against 38 ms). Needs the extra `train`.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as tf

__all__ = ["conv3x3"]

Tensor = Any  # torch ships no types here
SMALL = 4  # rows of an image up to which the product is the faster way


class _SmallConv(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return tf.conv2d(x, w, padding=1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, w = ctx.saved_tensors
        c_out, c_in, side = w.shape[0], w.shape[1], x.shape[2]
        gx, _, _ = torch.ops.aten.convolution_backward(
            *(grad, x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, [True, False, False])
        )
        edged = tf.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        moved = [edged[:, i : i + side, j : j + side] for i in range(3) for j in range(3)]
        patches = torch.cat(moved, 3).reshape(-1, 9 * c_in)
        rows = grad.permute(1, 0, 2, 3).reshape(c_out, -1).contiguous()
        return gx, (rows @ patches).view(c_out, 3, 3, c_in).permute(0, 3, 1, 2)


def conv3x3(x: Tensor, w: Tensor) -> Tensor:
    """`conv2d(x, w, padding=1)`, square images; bfloat16 where autocast is on."""
    if torch.is_autocast_enabled("cpu") and x.shape[2] <= SMALL:
        return _SmallConv.apply(x.bfloat16(), w.bfloat16())
    return tf.conv2d(x, w, padding=1)
