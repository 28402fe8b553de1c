# SPDX-License-Identifier: Apache-2.0
"""variation_table : prints how far each source of variation and of noise moves LeNet-5's outputs.

python tests/bench/variation_table.py [IMAGES [DIES]]
"""

from __future__ import annotations

import sys

import numpy as np

from cosim.analog.characterise import neuron_curve
from cosim.analog.ideal_forward import ideal_forward
from cosim.analog.noise import output_noise
from cosim.analog.variation import SPREADS, sample_die
from cosim.design import load_design
from cosim.model.datasets import load_images
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network

__all__ = ["main"]


def main(images: int = 40, dies: int = 6) -> int:
    """Measure and print; engine ideal, default design."""
    network, design = load_network("lenet5"), load_design("imac_14nm")
    bits = feature_bits(features(network, load_images(None).first(images).images))
    curve = neuron_curve(design)
    nominal = ideal_forward(network.fc, bits, design, curve)[-1]
    for kept in (*((name,) for name in SPREADS), SPREADS):
        off = dict.fromkeys((name for name in SPREADS if name not in kept), 0.0)
        variation = design.variation.model_copy(update=off)
        part = design.model_copy(update={"variation": variation})
        moved: list[list[float]] = [[], []]
        for index in range(dies):
            die = sample_die(part, network.fc_sizes, 1, index)
            last = ideal_forward(network.fc, bits, part, curve, die=die)[-1]
            moved[0].append(float(np.mean((last.amplifier_v - nominal.amplifier_v) ** 2)))
            moved[1].append(float(np.mean((last.neuron_v - nominal.neuron_v) ** 2)))
        a_v, y_v = (1e3 * np.mean(squares) ** 0.5 for squares in moved)
        name = kept[0] if len(kept) == 1 else "everything"
        print(f"{name:20} {a_v:8.3f} mV at the amplifier {y_v:8.3f} mV at the neuron")
    noise = output_noise(network.fc, bits, design, curve)
    sigma_v = noise.sigma_v(nominal.signal_v)
    amplifier_v = np.sqrt(np.mean(np.diag(noise.covariance)))
    rms_v = np.sqrt(np.mean(sigma_v**2))
    print(
        f"noise                {1e3 * amplifier_v:8.3f} mV at the amplifier {1e3 * rms_v:8.3f} mV "
        f"at the neuron, at most {1e3 * sigma_v.max():.3f} mV"
    )
    for name, variance in noise.causes.items():
        print(f"  {name:18} {1e3 * np.sqrt(variance.mean()):8.3f} mV at the neuron")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*(int(word) for word in sys.argv[1:])))
