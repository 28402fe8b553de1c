# SPDX-License-Identifier: Apache-2.0
"""The shipped 784-16-10 network: its shape, its circuit against equations, its accuracy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cosim.analog.characterise import neuron_curve
from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.analog.ideal_column import cell_of
from cosim.applications import application
from cosim.design import load_design
from cosim.errors import FirmwareError
from cosim.image.emit import Settings, config_text, data_text, write_sources
from cosim.mapping.packing import pack
from cosim.model.circuit_map import column_v
from cosim.model.datasets import load_images
from cosim.model.fc import Circuit
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes

DESIGN = application("mlp").design
IMAGES = 200


def test_it_is_the_published_shape_with_binary_weights() -> None:
    network = load_network("mlp")
    assert network.fc_sizes == (784, 16, 10)
    assert all(set(np.unique(weight)) == {-1, 1} for weight in network.fc)


def test_its_gains_are_those_of_its_design() -> None:
    amplifier = load_design(DESIGN).macro.amplifier
    assert Circuit.of(load_network("mlp")).gains == (amplifier.gain_hidden, amplifier.gain_output)


def test_one_image_in_the_circuit_is_what_the_equations_say() -> None:
    """Linear cells, no wires: what is left are op-amps of 70 dB and 10 ohm drivers."""
    network = load_network("mlp")
    design = load_design(DESIGN, ["wires.enabled=false", "device.mtj.bias_dependent=false"])
    bits = feature_bits(features(network, load_images(None).first(1).images))
    curve = neuron_curve(design)  # cells alike at all volts make it steeper
    stack = fast_stack(network.fc, design, curve)
    found = stack.solve(stack.drive_of(bits)).neuron_v[-1]
    cell, amplifier = cell_of(design), design.macro.amplifier
    low_s = 1 / (cell.r_p_ohm + cell.r_s_ohm)
    high_s = 1 / (cell.r_p_ohm * (1 + cell.tmr0) + cell.r_s_ohm)
    v = np.where(bits > 0, 0.8, -0.8)
    gains = (amplifier.gain_hidden, amplifier.gain_output)
    for weight, gain in zip(network.fc, gains, strict=True):
        plus = np.where(weight > 0, low_s, high_s)
        minus = np.where(weight > 0, high_s, low_s)
        v = np.hstack([v, [[0.8]]])
        signal = column_v(v, plus, minus, r1=1e3, r3=gain * 1e3, ref_v=0.4)
        v = np.interp(signal, curve.vin_v, curve.vout_v)
    assert np.abs(found - v).max() < 0.02
    assert np.ptp(v) > 0.2  # it does say something


def test_the_circuit_with_wires_classes_most_images() -> None:
    network, data = load_network("mlp"), load_images(None)
    pick = np.random.default_rng(1).permutation(len(data.images))[:IMAGES]
    bits = feature_bits(features(network, data.images[pick]))
    right = classify(fast_stack(network.fc, load_design(DESIGN)), bits) == data.labels[pick]
    assert right.mean() > 0.86  # 0.905 on 10,000 test images, less 2 sigma of 200


def test_firmware_takes_pixels_in_words(tmp_path: Path) -> None:
    network = load_network("mlp")
    assert "#define IMAGE_STAGES            0u" in config_text(network, 1)
    assert "image_stages" not in data_text(network, Settings())
    few = (network.fc[0][1:], network.fc[1])
    odd = replace(network, image_shape=(1, 1, 783), fc=few, fc_own=())
    with pytest.raises(FirmwareError, match="whole words, got 783 pixels"):
        write_sources(tmp_path, odd, np.zeros((1, 1, 783), np.uint8), Settings())


def test_the_cpus_program_and_the_macros_words_hold_their_own_weights(tmp_path: Path) -> None:
    network = load_network("mlp")
    other = replace(network, fc_own=tuple(-weight for weight in network.fc))
    images = load_images(None).first(1).images
    write_sources(tmp_path, other, images, Settings())
    words = np.fromfile(tmp_path / "fc1_plus.bin", "<u4").reshape(16, -1)
    bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")[:, :785]
    assert np.array_equal(bits.T == 1, other.fc_own[0] == 1)
    second = np.fromfile(tmp_path / "fc2_weight.bin", np.int8).reshape(10, -1)
    assert np.array_equal(second.T, other.fc_own[1])
    program = np.fromfile(tmp_path / "image_program.bin", "<u4")
    assert np.array_equal(program, pack(network.fc))


def test_the_cpus_twin_classes_as_many_images_as_the_circuit() -> None:
    network, data = load_network("mlp"), load_images(None)
    right = argmax_class(twin_codes(network, feature_bits(features(network, data.images))))
    assert (right == data.labels).mean() > 0.89  # 0.905 on 10,000 test images
