# SPDX-License-Identifier: Apache-2.0
"""test_fast_limits : op-amps and buffers at the ends of their range: the root, or an error."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from cosim.analog.characterise import neuron_curve
from cosim.analog.fast_amplifier import AmplifierBank
from cosim.analog.fast_build import kernel
from cosim.analog.fast_forward import fast_stack
from cosim.analog.tables_neuron import NeuronTable
from cosim.design import load_design
from cosim.errors import ConvergenceError, RangeError

LANES, TOGETHER = 16, 2
ALPHA, BETA = -1 / 31, 1 / 31e3
TOL_V = 1e-8  # Newton ends below 3e-9 V
SMALL = ["macro.tile.rows=16", "macro.tile.cols=16"]
LINEAR = ["device.cell.kind=fixed"]
EXACT = ["macro.amplifier.kind=ideal"]


def aligned(values: np.ndarray) -> np.ndarray:
    """A copy that begins on a cache line, as the kernel's vectors do."""
    room = np.empty(values.size + 8)
    begin = -room.ctypes.data % 64 // 8
    room[begin : begin + values.size] = values
    return room[begin : begin + values.size]


def outputs(bank: AmplifierBank, a: np.ndarray, b: np.ndarray) -> tuple[int, np.ndarray]:
    """What the kernel returns and finds for two columns of 16 inputs."""
    values, _held = bank.values(1, TOGETHER)
    a, b, out = aligned(a), aligned(b), aligned(np.zeros(LANES * TOGETHER))
    column = [np.full(TOGETHER, value) for value in (ALPHA, BETA, 0.0)]
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*column, a, b, out)]
    kernel().amplifier_start(ctypes.byref(values), *pointers)
    newton = kernel().amplifier_newton
    newton.restype = ctypes.c_long
    return int(newton(ctypes.byref(values), *pointers)), out


@pytest.mark.parametrize("head_v", [0.05, 0.0, 0.7])
def test_an_op_amp_stands_at_the_root_of_its_equation(head_v: float) -> None:
    design = load_design("imac_14nm", [f"macro.amplifier.head_v={head_v}"])
    amplifier = design.macro.amplifier
    neuron = NeuronTable(neuron_curve(design))
    bank = AmplifierBank(design=design, neuron=neuron, gain=30.0)
    k = 2 * np.pi * amplifier.gbw_hz / amplifier.slew_v_per_s
    swing, soft = amplifier.rail_v - amplifier.head_v, 5e-3
    a = np.linspace(-0.06, 0.06, LANES * TOGETHER)
    b = np.where(np.arange(LANES * TOGETHER) % 3 == 0, -1e-3, -2e-5)  # 1 mA: far beyond a rail

    def left(out: float, at: int) -> float:
        signal_v = min(out - bank.ref_v, 0.84)  # roots lie inside the neuron's curve
        load = neuron.input_a(np.array([signal_v]))[0][0]
        w = out + amplifier.rout_ohm * (b[at] + BETA * out + load)
        up, down = (np.logaddexp(0.0, (s * w - swing) / soft) for s in (1, -1))
        return float(np.tanh(k * (a[at] + ALPHA * out)) - k * w / amplifier.a0 - 2 * (up - down))

    lost, out = outputs(bank, a, b)
    assert lost == 0
    want = [brentq(left, -0.84, 1.6, args=(at,), xtol=1e-13) for at in range(len(a))]
    assert np.abs(out - want).max() < TOL_V
    if head_v == 0.05:
        assert out.max() > amplifier.rail_v + 0.1  # not where the rail is


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_the_lane_and_column_without_a_root_are_named(broken: float) -> None:
    design = load_design("imac_14nm")
    bank = AmplifierBank(design=design, neuron=NeuronTable(neuron_curve(design)), gain=30.0)
    a, b = np.zeros(LANES * TOGETHER), np.zeros(LANES * TOGETHER)
    a[LANES + 5] = broken
    assert outputs(bank, a, b)[0] == 1 + LANES + 5


@pytest.mark.parametrize("sets", [[], LINEAR, LINEAR + EXACT, EXACT], ids=str)
def test_a_buffer_beyond_its_limit_is_an_error(sets: list[str], random_stack: Callable) -> None:
    design = load_design("imac_14nm", [*SMALL, *sets, "macro.buffer.imax_a=1e-4"])
    stack = fast_stack(random_stack(33, 20, 5), design)
    with pytest.raises(RangeError, match=r"layer 1: buffer of source \d+ .*imax_a"):
        stack.solve(stack.drive_of(np.arange(33) % 2))


@pytest.mark.parametrize("sets", [[], LINEAR], ids=["bias-dependent", "linear"])
def test_a_source_that_is_no_number_names_layer_and_output(
    sets: list[str], random_stack: Callable
) -> None:
    stack = fast_stack(random_stack(33, 20, 5), load_design("imac_14nm", [*SMALL, *sets]))
    drive_v = stack.drive_of(np.arange(33) % 2)
    drive_v[0, 3] = np.nan
    with pytest.raises(ConvergenceError, match="layer 0: amplifier of output 0 has no"):
        stack.solve(drive_v)
