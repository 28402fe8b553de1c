# SPDX-License-Identifier: Apache-2.0
"""test_external : every table of external memory leads back to the network it was made from."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sample_vgg import random_vgg

from cosim.errors import FirmwareError
from cosim.image.build import build_image
from cosim.image.emit import Settings
from cosim.image.external import HEADER, LAYER, STAGE, External, external_image, layout_text
from cosim.image.sample import Sample
from cosim.mapping.packing import unpack
from cosim.model.network import Network

SETTINGS = Settings(settle_cycles=7, wait_interrupt=False)


@pytest.fixture(scope="module")
def network() -> Network:
    return random_vgg(np.random.default_rng(8), widths=((5, "max"), (6, "none")), hidden=(11,))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, (2, 3, 8, 8)).astype(np.uint8)


@pytest.fixture(scope="module")
def external(network: Network, images: np.ndarray) -> External:
    return external_image(network, images, SETTINGS)


def table(data: bytes, fields: tuple[tuple[str, str], ...], at: int) -> dict[str, int]:
    words = np.frombuffer(data, "<u4", len(fields), at).tolist()
    return dict(zip((name for name, _ in fields), words, strict=True))


def test_the_header_leads_to_pictures_settings_and_program(
    external: External, network: Network, images: np.ndarray
) -> None:
    head = table(external.data, HEADER, 0)
    assert (head["images"], head["features"], head["classes"]) == (2, 96, 10)
    assert (head["settle_cycles"], head["wait_interrupt"]) == (7, 0)
    pixels = np.frombuffer(external.data, np.uint8, images.size, head["pixels"])
    assert np.array_equal(pixels.reshape(images.shape), images)
    words = np.frombuffer(external.data, "<u4", head["program_words"], head["program"])
    for got, want in zip(unpack(words, network.fc_sizes), network.fc, strict=True):
        assert np.array_equal(got, want)


def test_groups_of_two_channels_hold_biases_and_weights(
    external: External, network: Network
) -> None:
    head = table(external.data, HEADER, 0)
    for index, stage in enumerate(network.convs):
        at = head["stage_table"] + 4 * len(STAGE) * index
        row = table(external.data, STAGE, at)
        c_out, c_in = stage.weight.shape[:2]
        assert (row["groups"], row["c_in"], row["shift"]) == (3, c_in, stage.shift)
        assert row["group_bytes"] % 4 == 0
        assert row["group_bytes"] <= head["group_bytes"]
        for channel in range(c_out):
            group = row["weights"] + channel // 2 * row["group_bytes"]
            bias = np.frombuffer(external.data, "<i4", 2, group)
            weight = np.frombuffer(external.data, np.int8, 18 * c_in, group + 8)
            assert bias[channel % 2] == stage.bias[channel]
            got = weight.reshape(c_in, 3, 2, 3)[:, :, channel % 2]
            assert np.array_equal(got, stage.weight[channel])


def test_the_first_layer_holds_bits_the_next_bytes(external: External, network: Network) -> None:
    head = table(external.data, HEADER, 0)
    rows = [table(external.data, LAYER, head["layer_table"] + 4 * len(LAYER) * k) for k in (0, 1)]
    first, second = network.fc
    words = rows[0]["words"]
    for out in range(first.shape[1]):
        part = rows[0]["rows"] + out // 8 * rows[0]["chunk_bytes"]
        plus = np.frombuffer(external.data, np.uint8, 4 * words, part + 4 * words * (out % 8))
        bits = np.unpackbits(plus, bitorder="little")[: len(first)]
        assert np.array_equal(bits, first[:, out] == 1)
        n_used = np.frombuffer(external.data, "<i2", 8, part + 64 * words)
        assert n_used[out % 8] == len(first)
    for out in range(second.shape[1]):
        at = rows[1]["rows"] + out // 8 * rows[1]["chunk_bytes"] + len(second) * (out % 8)
        got = np.frombuffer(external.data, np.int8, len(second), at)
        assert np.array_equal(got, second[:, out])
    for row, lut in zip(rows, network.luts, strict=True):
        got = np.frombuffer(external.data, np.uint8, row["table_size"], row["table"])
        assert np.array_equal(got, lut.table)


def test_a_sample_has_a_part_of_each_stage_and_buffers_of_all(
    external: External, network: Network, images: np.ndarray
) -> None:
    part = external_image(network, images, SETTINGS, Sample(rows=4, channels=1, inputs=2, live=1))
    assert part.arena_bytes == external.arena_bytes
    head = table(part.data, HEADER, 0)
    assert (head["program_words"], head["layers"]) == (0, 1)
    for index, stage in enumerate(network.convs):
        row = table(part.data, STAGE, head["stage_table"] + 4 * len(STAGE) * index)
        c_out = len(stage.weight)
        assert (row["rows"], row["groups"], row["c_in"], row["c_out"]) == (4, 1, 2, c_out)
        assert row["group_bytes"] == 8 + 36
        weight = np.frombuffer(part.data, np.int8, 36, row["weights"] + 8)
        got = weight.reshape(2, 3, 2, 3).transpose(2, 0, 1, 3)
        assert np.array_equal(got[:, 0], stage.weight[:2, 0])
        assert not got[:, 1].any()  # not alive
    assert (head["images"], head["channels"], head["rows"], head["cols"]) == (2, 2, 4, 8)
    assert head["pixels"] % 1024 == 0
    pictures = np.frombuffer(part.data, np.uint8, 2 * 2 * 4 * 8, head["pixels"])
    assert np.array_equal(pictures.reshape(2, 2, 4, 8), images[:, :2, :4])
    layer = table(part.data, LAYER, head["layer_table"])
    assert (layer["n_in"], layer["n_out"], layer["words"]) == (31, 8, 1)


def test_the_generated_header_names_every_field_once() -> None:
    fields = re.findall(r"^\t(?:u)?int32_t (\w+);", layout_text(), re.MULTILINE)
    assert fields == [name for table in (HEADER, STAGE, LAYER) for name, _ in table]


def test_what_the_firmware_cannot_do_is_refused(images: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    for shape, pad, why in (
        ((1, 7, 8), 1, "conv1: rows and columns must be even"),
        ((1, 6, 6), 1, "a picture's row must be whole words"),
        ((1, 8, 8), 0, "conv1: this firmware has 3x3 kernels with a border of 1"),
    ):
        bad = random_vgg(rng, image=shape, widths=((2, "none"),), pad=pad)
        with pytest.raises(FirmwareError, match=why):
            external_image(bad, images, SETTINGS)


def test_buffers_that_do_not_fit_are_refused_before_any_run(
    network: Network, images: np.ndarray, tmp_path: Path
) -> None:
    fits = build_image("vgg_cpu", network, images, folder=tmp_path)
    needed = fits.manifest["ram_used_bytes"]
    assert fits.external is not None
    assert fits.external.read_text().split()[0] == "@0"
    with pytest.raises(FirmwareError, match=f"take {needed} bytes, the RAM has"):
        build_image("vgg_cpu", network, images, folder=tmp_path, ram_words=needed // 4 - 1)
