# SPDX-License-Identifier: Apache-2.0
"""memory_child : programs and evaluates the whole macro in a process of its own, for its memory."""

from __future__ import annotations

import json
import resource
import sys

from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.analog.fast_window import evaluate_window
from cosim.design import load_design
from cosim.model.datasets import builtin_mnist
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network

__all__ = ["peak_bytes"]

IMAGES, WINDOW_IMAGES = 256, 32
WINDOW_S, BAND_V = 4e-9, 1.6e-3


def peak_bytes(sets: list[str]) -> int:
    """Peak resident memory after operating points and windows."""
    network = load_network("lenet5")
    stack = fast_stack(network.fc, load_design("imac_14nm", sets))
    bits = feature_bits(features(network, builtin_mnist().first(IMAGES).images))
    classify(stack, bits)
    evaluate_window(stack, stack.drive_of(bits[:WINDOW_IMAGES]), WINDOW_S, BAND_V)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"peak_bytes": peak_bytes(sys.argv[1:])}))
