# SPDX-License-Identifier: Apache-2.0
"""fast : speed and memory of engine fast on LeNet-5's FC stack with wires, 32x32 tiles."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import FastStack, fast_stack
from cosim.analog.fast_window import evaluate_window
from cosim.bench.figure import Bench, Figure, median_s
from cosim.bench.lockstep import WIRED
from cosim.design import Design, load_design
from cosim.errors import CircuitError, UserInputError
from cosim.model.datasets import builtin_mnist, load_images
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network

__all__ = ["accuracy", "fast", "memory"]

PROGRAM_MAX_S = 5.0
LINEAR_MAX_MS, BENT_MAX_MS, WINDOW_MAX_MS = 0.05, 2.0, 5.0
SPICE_RATIO_MIN = 50_000.0
MEMORY_MAX_GIB = 2.0
ACCURACY_MAX_S, ACCURACY_IMAGES = 60.0, 10_000
LINEAR_IMAGES, BENT_IMAGES, WINDOW_IMAGES = 2000, 256, 256
WINDOW_BATCH = 256  # inputs of one batched evaluation
ROUNDS = 3
LINEAR = ("device.cell.kind=fixed",)
STACK = "400-120-84-10 with wires"


def fast(bench: Bench) -> Iterator[Figure]:
    """Programming, operating points, windows with energy; over ngspice where both were measured."""
    weights = load_network("lenet5").fc
    design = load_design("imac_14nm", WIRED)
    bits = _bits(LINEAR_IMAGES)
    bench.say(f"engine fast, {STACK}: programming")

    def program() -> FastStack:
        stack = fast_stack(weights, design)
        stack.solve(stack.drive_of(bits[:1]))  # what is put off until the first answer counts
        return stack

    stack = program()  # compiles the kernel where it is not there yet
    program_s = median_s(program, bench.clock, ROUNDS)
    yield _at_most("fast, programming to the first answer", program_s, "s", PROGRAM_MAX_S)
    linear_stack = fast_stack(weights, load_design("imac_14nm", [*WIRED, *LINEAR]))
    bench.say(f"engine fast, {STACK}: linear cells at rest")
    linear_ms = _rest_ms(linear_stack, bits, bench)
    yield _at_most("fast at rest, linear cells, an image", linear_ms, "ms", LINEAR_MAX_MS)
    bench.say(f"engine fast, {STACK}: bias-dependent cells at rest")
    bent_ms = _rest_ms(stack, bits[:BENT_IMAGES], bench)
    yield _at_most("fast at rest, bias-dependent cells, an image", bent_ms, "ms", BENT_MAX_MS)
    bench.say(f"engine fast, {STACK}: evaluation window with energy and settling")
    window_ms = _window_ms(stack, design, bits[:WINDOW_IMAGES], bench)
    yield _at_most("fast in time, energy and settling, an image", window_ms, "ms", WINDOW_MAX_MS)
    if "fc_wires_s" in bench.known:
        yield Figure(
            name="ngspice over fast at rest, an image with wires",
            value=bench.known["fc_wires_s"] / (1e-3 * bent_ms),
            unit="x",
            bound=SPICE_RATIO_MIN,
            at_least=True,
        )


def memory(bench: Bench) -> Iterator[Figure]:
    """Peak memory of a fresh process that programs and evaluates the whole macro."""
    bench.say(f"engine fast, {STACK}: memory")
    done = subprocess.run(
        [sys.executable, "-m", "cosim.bench.memory_child", *WIRED],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CircuitError(f"bench: the memory measurement failed: {last}")
    peak_gib = float(json.loads(done.stdout)["peak_bytes"]) / 2**30
    yield _at_most("fast, peak memory of the whole macro", peak_gib, "GiB", MEMORY_MAX_GIB)


def accuracy(bench: Bench) -> Iterator[Figure]:
    """All test images through the default design's circuit, features included."""
    if bench.data is None:
        return
    dataset = load_images(bench.data)
    if len(dataset.images) < ACCURACY_IMAGES:
        raise UserInputError(
            f"bench: --data has {len(dataset.images)} images, accuracy needs {ACCURACY_IMAGES:,}"
        )
    dataset = dataset.first(ACCURACY_IMAGES)
    bench.say(f"accuracy of {ACCURACY_IMAGES:,} images, default design")
    network = load_network("lenet5")
    begin_s = bench.clock()
    stack = fast_stack(network.fc, load_design("imac_14nm"))
    classify(stack, feature_bits(features(network, dataset.images)))
    yield _at_most(
        "accuracy of 10,000 images, engine fast", bench.clock() - begin_s, "s", ACCURACY_MAX_S
    )


def _rest_ms(stack: FastStack, bits: NDArray[np.uint8], bench: Bench) -> float:
    classify(stack, bits[:32])
    return 1e3 * median_s(lambda: classify(stack, bits), bench.clock, ROUNDS) / len(bits)


def _window_ms(stack: FastStack, design: Design, bits: NDArray[np.uint8], bench: Bench) -> float:
    window_s = design.macro.timing.settle_cycles * design.clock.period_ps * 1e-12
    converter = design.macro.converter
    band_v = 0.5 * (converter.high_v - converter.low_v) / (2**converter.bits - 1)
    drive_v = stack.drive_of(bits)

    def windows() -> None:
        for k in range(0, len(drive_v), WINDOW_BATCH):
            evaluate_window(stack, drive_v[k : k + WINDOW_BATCH], window_s, band_v)

    return 1e3 * median_s(windows, bench.clock, ROUNDS) / len(bits)


def _bits(images: int) -> NDArray[np.uint8]:
    network = load_network("lenet5")
    return feature_bits(features(network, builtin_mnist().first(images).images))


def _at_most(name: str, value: float, unit: str, bound: float) -> Figure:
    return Figure(name=name, value=value, unit=unit, bound=bound, at_least=False)
