# SPDX-License-Identifier: Apache-2.0
"""test_build : images hold what was asked for, are built once, and fail in one clear line."""

from __future__ import annotations

import itertools
import shutil
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_networks import random_network

from cosim import tools
from cosim.errors import FirmwareError
from cosim.image import build
from cosim.image.build import Image, build_image
from cosim.image.emit import Settings
from cosim.mapping.packing import unpack
from cosim.model.network import Network

RNG = np.random.default_rng(9)
PICTURES = RNG.integers(0, 256, (2, 28, 28)).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network(np.random.default_rng(8), hidden=(20, 17), zeros=True)


@pytest.fixture(scope="module")
def image(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Image:
    settings = Settings(n_macro=2, settle_cycles=77, conv_cycles=3, wait_interrupt=False)
    folder = tmp_path_factory.mktemp("images")
    return build_image("selftest", network, PICTURES, settings=settings, folder=folder)


def ram(path: Path) -> bytes:
    """Bytes of a $readmemh file of 32-bit words."""
    out = bytearray(1 << 20)
    at = 0
    for token in path.read_text().split():
        if token.startswith("@"):
            at = int(token[1:], 16)
        else:
            struct.pack_into("<I", out, 4 * at, int(token, 16))
            at += 1
    return bytes(out)


def blob(image: Image, name: str, size: int) -> bytes:
    start = image.manifest["symbols"][name]
    return ram(image.hex)[start : start + size]


def test_pictures_weights_and_settings_are_in_the_image(image: Image, network: Network) -> None:
    assert blob(image, "image_pixels", PICTURES.size) == PICTURES.tobytes()
    assert blob(image, "conv2_weight", 2400) == network.convs[1].weight.tobytes()
    assert blob(image, "conv1_bias", 24) == network.convs[0].bias.astype("<i4").tobytes()
    sizes = network.fc_sizes
    count = sum(m * -(-(n + 1) // 16) for n, m in itertools.pairwise(sizes))
    words = np.frombuffer(blob(image, "image_program", 4 * count), "<u4")
    for got, expected in zip(unpack(words, sizes), network.fc, strict=True):
        assert np.array_equal(got, expected)
    first, second, _ = network.fc
    for name, planes in (("fc1_plus", first == 1), ("fc1_used", first != 0)):
        bits = np.unpackbits(np.frombuffer(blob(image, name, 20 * 52), "u1"), bitorder="little")
        assert np.array_equal(bits.reshape(20, -1)[:, :401], planes.T)
    rows = np.frombuffer(blob(image, "fc2_weight", second.size), np.int8)
    assert np.array_equal(rows.reshape(17, 21), second.T)
    settings = struct.unpack("<7I", blob(image, "image_settings", 28))
    assert settings == (2, 77, 3, 1, 0, 0, 0)


def test_code_starts_at_the_reset_address(image: Image) -> None:
    assert image.manifest["symbols"]["_start"] == 0
    assert ram(image.hex)[:4] != bytes(4)


def test_the_manifest_says_what_was_built(image: Image, network: Network) -> None:
    manifest = image.manifest
    assert manifest["settings"]["settle_cycles"] == 77
    assert manifest["network"]["fc_sizes"] == list(network.fc_sizes)
    assert manifest["network"]["images"] == 2
    assert manifest["ram_used_bytes"] < manifest["ram_bytes"] == 1 << 20
    assert manifest["compiler"].startswith("gcc ")
    assert image.elf.is_file()


def test_the_same_image_is_built_once_and_every_change_gives_another(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_image("lenet5_cpu", network, PICTURES, folder=tmp_path)
    stamp = first.hex.stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(build, "_make", lambda *_: pytest.fail("built twice"))
        again = build_image("lenet5_cpu", network, PICTURES, folder=tmp_path)
    assert (again.hex, again.hex.stat().st_mtime_ns) == (first.hex, stamp)
    hashes = {first.manifest["hash"]}
    brighter = PICTURES.copy()
    brighter[0, 0, 0] ^= 1
    other = random_network(np.random.default_rng(80), hidden=(20, 17))
    for net, pictures, settings in (
        (network, brighter, None),
        (other, PICTURES, None),
        (network, PICTURES, Settings(print_checksum=True)),
    ):
        image = build_image("lenet5_cpu", net, pictures, settings=settings, folder=tmp_path)
        hashes.add(image.manifest["hash"])
    assert len(hashes) == 4
    assert not list(tmp_path.glob(".*")), "no work folder stays behind"


def test_hello_needs_no_network(tmp_path: Path) -> None:
    image = build_image("hello", folder=tmp_path)
    assert image.manifest["network"] is None
    assert image.manifest["ram_used_bytes"] < 2000


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"app": "lenet6"}, "no program 'lenet6'.*hello, lenet5, lenet5_cpu, mlp"),
        ({"network": None}, "needs a network"),
        ({"images": PICTURES[:0]}, "at least one image"),
        ({"images": PICTURES.astype(np.int32)}, "images must be uint8"),
        ({"images": PICTURES[:, :27]}, r"\(28, 28\), got uint8 \(27, 28\)"),
        (
            {"images": np.zeros((1300, 28, 28), np.uint8)},
            "1048576 bytes; its 1300 images take 1019200: use",
        ),
        ({"ram_words": 8192}, "does not fit in RAM of 32768 bytes"),
    ],
)
def test_wrong_requests_are_one_clear_line(
    network: Network, tmp_path: Path, kwargs: dict[str, Any], words: str
) -> None:
    request: dict[str, Any] = {"app": "lenet5", "network": network, "images": PICTURES, **kwargs}
    with pytest.raises(FirmwareError, match=words) as caught:
        build_image(request.pop("app"), folder=tmp_path, **request)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir()), "a broken build leaves nothing"


@pytest.mark.parametrize("field", ["settle_cycles", "conv_cycles", "prog_cycles", "n_macro"])
def test_settings_out_of_range_are_refused(field: str) -> None:
    with pytest.raises(FirmwareError, match=rf"{field} must be .*got 0"):
        Settings(**{field: 0})
    if field != "n_macro":
        with pytest.raises(FirmwareError, match="got 65536"):
            Settings(**{field: 65536})


def test_other_kernels_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    stage = random_network(rng, image=(1, 8, 8), pad=0, channels=(2,), pools=("max",))
    kernel3 = replace(stage.convs[0], weight=np.ones((2, 1, 3, 3), np.int8))
    fc = (np.ones((19, 4), np.int8),)
    small = replace(stage, convs=(kernel3,), fc=fc, luts=stage.luts[:1])
    with pytest.raises(FirmwareError, match="5x5 kernels only, got 3x3"):
        build_image("lenet5", small, np.zeros((1, 8, 8), np.uint8), folder=tmp_path)


def test_the_compilers_first_complaint_is_the_message(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tools.repo_root() / "firmware", tmp_path / "firmware")
    main = tmp_path / "firmware" / "apps" / "lenet5" / "main.c"
    main.write_text(main.read_text() + "\nint x = y;\n")
    monkeypatch.setattr(build, "repo_root", lambda: tmp_path)
    with pytest.raises(FirmwareError, match=r"lenet5: main\.c:\d+:\d+: error: .*'?y'? undeclared"):
        build_image("lenet5", network, PICTURES, folder=tmp_path / "images")


def test_a_folder_that_cannot_be_written_is_named(network: Network, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(FirmwareError, match=r"cannot write the image to .*file"):
        build_image("lenet5", network, PICTURES, folder=blocked)
