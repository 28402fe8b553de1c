# SPDX-License-Identifier: Apache-2.0
"""head : the FC stack on the macro in torch, as training sees it.

Forward passes compute what the circuit computes; backward passes see through signs
(straight-through estimators). `Spread` holds what a real circuit does to the ideal equations;
training draws a new one for most batches, so that the weights do not depend on ideal gains.
Needs the extra `train`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cosim.model.fc import Circuit

__all__ = ["CircuitHead", "Spread", "draw_spread", "neuron", "sign_feature", "sign_weight"]

Tensor = Any  # torch ships no types here

TILE = 32
SURROGATE_V = 0.25  # width of the neuron's stand-in slope, so that saturated neurons still learn


class _SignWeight(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    @staticmethod
    def forward(_ctx: Any, w: Tensor) -> Tensor:
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(_ctx: Any, grad: Tensor) -> Tensor:
        return grad


class _SignFeature(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad * (1 - x.abs()).clamp(min=0) * 1.5


class _Neuron(torch.autograd.Function):  # type: ignore[misc]  # torch ships no types here
    """Measured curve forward; the steeper of its slope and a wide sigmoid's backward."""

    @staticmethod
    def forward(
        ctx: Any, v: Tensor, table: Tensor, axis: tuple[float, float], vdd: float
    ) -> Tensor:
        v0, step = axis
        place = ((v - v0) / step).clamp(0, len(table) - 1.001)
        index = place.long()
        low, high = table[index], table[index + 1]
        ctx.save_for_backward(v, (high - low) / step)
        ctx.vdd = vdd
        return low + (place - index) * (high - low)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        v, slope = ctx.saved_tensors
        t = torch.sigmoid(v / SURROGATE_V)
        wide = -ctx.vdd * t * (1 - t) / SURROGATE_V
        return grad * torch.minimum(slope, wide), None, None, None


neuron = _Neuron.apply
sign_feature = _SignFeature.apply
sign_weight = _SignWeight.apply


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What a real circuit does to the ideal equations, one entry a layer."""

    attenuation: Sequence[float]  # of the input lines
    gain: Sequence[float]  # of the difference current: TMR falls with bias
    column: Sequence[Tensor]  # gain of each column
    wire: Sequence[Tensor | None]  # factor of each weight by its place in a 32x32 tile
    noise_v: float  # at the amplifier output


def draw_spread(rng: np.random.Generator, sizes: Sequence[tuple[int, int]]) -> Spread:
    """A circuit: gain 0.4..1.1 in half of the draws, columns +-10 %, wires in three of ten.

    `sizes` are rows (bias row counted) and columns of each layer.
    """
    attenuation = [float(rng.uniform(0.95, 1)) for _ in sizes]
    gain = [float(rng.uniform(0.4, 1.1)) if rng.random() < 0.5 else 1.0 for _ in sizes]
    column = [(1 + 0.1 * torch.randn(m)).clamp(0.7, 1.3) for _, m in sizes]
    wired = rng.random() < 0.3
    wire = [
        wire_factor(n, m, rng.uniform(0, 1.3), rng.uniform(0, 0.6)) if wired else None
        for n, m in sizes
    ]
    return Spread(attenuation=attenuation, gain=gain, column=column, wire=wire, noise_v=0.01)


def wire_factor(rows: int, cols: int, along_input: float, along_line: float) -> Tensor:
    """Attenuation along a tile as of a loaded line: cosh of the distance to its end."""
    at_col = np.cosh(along_input * (1 - (np.arange(cols) % TILE) / (TILE - 1)))
    at_row = np.cosh(along_line * (1 - (np.arange(rows) % TILE) / (TILE - 1)))
    product = np.outer(at_row / np.cosh(along_line), at_col / np.cosh(along_input))
    return torch.tensor(product, dtype=torch.float32)


class CircuitHead(nn.Module):  # type: ignore[misc]  # torch ships no types here
    """FC layers of weights +-1, the amplifier's equations, the measured neuron after each."""

    def __init__(
        self,
        sizes: Sequence[tuple[int, int]],
        vin_v: NDArray[np.float64],
        vout_v: NDArray[np.float64],
        circuit: Circuit,
    ) -> None:
        super().__init__()
        if len(circuit.gains) != len(sizes):
            raise ValueError(f"{len(circuit.gains)} gains for {len(sizes)} FC layers")
        self.sizes, self.circuit = tuple(sizes), circuit
        self.curve = (vin_v, vout_v)
        self.table = torch.tensor(vout_v, dtype=torch.float32)
        self.w = nn.ParameterList(
            nn.Parameter(torch.empty(n, m).uniform_(-0.1, 0.1)) for n, m in sizes
        )

    def clamp(self) -> None:
        """Keeps the real numbers behind the signs within reach of a turn."""
        with torch.no_grad():
            for w in self.w:
                w.clamp_(-1, 1)

    def signs(self) -> tuple[NDArray[np.int8], ...]:
        """Weights (n_in + 1, n_out) of -1 and +1, bias row last."""
        return tuple(np.where(w.detach().numpy() >= 0, 1, -1).astype(np.int8) for w in self.w)

    def _amplifier(self, v: Tensor, index: int, exact: bool, spread: Spread | None) -> Tensor:
        """Amplifier outputs; `fc.amplifier_v` with a spread, and no rails: the curve ends first."""
        circuit, w = self.circuit, sign_weight(self.w[index])
        r1, r3 = circuit.r1_ohm, circuit.gains[index] * circuit.r1_ohm
        mean_s, half_s = circuit.g_mean_s, circuit.g_half_s
        wire = None
        if spread is not None:
            half_s, wire = half_s * spread.gain[index], spread.wire[index]
        v = torch.cat([v, torch.full((len(v), 1), circuit.vdd_v)], 1)
        w = w if wire is None else w * wire
        dot = v @ w
        if not exact:
            return r3 * 2 * half_s / (1 + len(w) * mean_s * r1) * dot
        common = mean_s * (v.sum(1, keepdim=True) if wire is None else v @ wire)
        line = mean_s * (len(w) if wire is None else wire.sum(0))
        v_in = (common + half_s * dot) * (r3 / (r1 + r3))
        v_in = v_in / (line + half_s * w.sum(0) + 1 / (r1 + r3))
        v_line = (common - half_s * dot + v_in / r1) / (line - half_s * w.sum(0) + 1 / r1)
        return v_in * (1 + r3 / r1) - v_line * (r3 / r1)

    def forward(
        self, signs: Tensor, *, exact: bool = False, spread: Spread | None = None
    ) -> tuple[Tensor, Tensor]:
        """Output neuron voltages and the amplifier voltages before them for inputs of +-1."""
        vin_v, _ = self.curve
        step = float(vin_v[1] - vin_v[0])
        v = signs * self.circuit.vdd_v
        for index in range(len(self.sizes)):
            if spread is not None:
                v = v * spread.attenuation[index]
            amp = self._amplifier(v, index, exact, spread)
            if spread is not None:
                amp = amp * spread.column[index] + spread.noise_v * torch.randn_like(amp)
            v = neuron(amp, self.table, (float(vin_v[0]), step), self.circuit.vdd_v)
        return v, amp
