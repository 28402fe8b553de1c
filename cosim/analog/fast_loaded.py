# SPDX-License-Identifier: Apache-2.0
"""fast_loaded : a layer whose sources are neurons without buffers, solved together with them.

Unknown are the neurons' output voltages x. A neuron of signal s delivers i(s, x), of the table in
tables_loaded.py; the layer takes q(x), from a whole solution of the layer at x. Newton on i - q has
the Jacobian diag(di/dx) - S, where S = Q - T^T (Y + A)^-1 T is the layer with its amplifiers as its
sources see it: exact for linear cells and amplifiers within their rails, near enough for others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_cells import LayerSolver, LayerState
from cosim.analog.tables_loaded import LoadedNeuron
from cosim.errors import ConvergenceError

__all__ = ["solve_loaded", "source_conductance"]

Floats = NDArray[np.float64]
MAX_TURNS = 60
STEP_V = 0.25  # largest step of an output


def source_conductance(solver: LayerSolver) -> Floats:
    """S (n_in, n_in): current out of the sources over their voltages, the bias held."""
    reduced, cols = solver.reduced, solver.layer.w.shape[3]
    inside = np.linalg.inv(reduced.y + np.kron(solver.bank.admittance(), np.eye(cols)))
    ports, _, n_rows = reduced.t.shape
    t = reduced.t.reshape(ports, 2, -1, cols, n_rows).transpose(0, 2, 1, 3, 4)
    t = t.reshape(*inside.shape[:2], 2 * cols, n_rows)
    through = np.einsum("pvwi,pvwu,pvuj->ij", t, inside, t, optimize=True)
    return np.ascontiguousarray((reduced.q - through)[:-1, :-1])


def solve_loaded(
    solver: LayerSolver,
    *,
    seen_s: Floats,
    neuron: LoadedNeuron,
    signal_v: Floats,
    start_v: Floats,
    bias_v: float,
    tol_v: float,
) -> tuple[LayerState, Floats]:
    """The layer's state and the neurons' outputs (n, n_in) at their signals (n, n_in).

    `seen_s` is `source_conductance(solver)`; `start_v` a first guess of the outputs.
    """
    low_v, high_v = neuron.output_range_v
    x = np.clip(start_v, low_v, high_v)
    bias = np.full((len(x), 1), bias_v)
    eye = np.eye(x.shape[1])
    for _ in range(MAX_TURNS):
        state = solver.solve(np.hstack([x, bias]), tol_v=tol_v)
        given, slope = neuron.output_a(signal_v, x)
        matrix = seen_s[None] - slope[:, None, :] * eye
        step = np.linalg.solve(matrix, (given - state.source_a[:, :-1])[..., None])[..., 0]
        moved = float(np.abs(step).max(initial=0.0))
        if moved < tol_v:
            return state, x
        x = np.clip(x + np.clip(step, -STEP_V, STEP_V), low_v, high_v)
    raise ConvergenceError(f"loaded neurons still move by {moved:.3g} V")
