# SPDX-License-Identifier: Apache-2.0
"""test_spiking : the spiking reference against loops over single neurons, and its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.errors import ModelError
from cosim.model.drawings import builtin_drawings
from cosim.model.spiking import (
    ROW_CELLS,
    Encoder,
    Neurons,
    SpikingLayer,
    SpikingNetwork,
    run_steps,
    scores,
)
from cosim.model.spiking_store import load_spiking, save_spiking
from cosim.model.store import DATA_DIR, load_network, model_names


def neurons(rng: np.random.Generator, steps: int, channels: int, top: int, pool: bool) -> Neurons:
    return Neurons(
        threshold=rng.integers(-2, top, (steps, channels)).astype(np.int32),
        reset=rng.integers(1, top, channels).astype(np.int32),
        pool=pool,
    )


def random_spiking(rng: np.random.Generator, steps: int = 3, channels: int = 4) -> SpikingNetwork:
    """Pixels 2x8x8, pooled encoder, a layer with a skip, an or-pooled layer that widens."""

    def signs(*shape: int) -> Any:
        return rng.choice([-1, 1], shape).astype(np.int8)

    return SpikingNetwork(
        name="random",
        image_shape=(2, 8, 8),
        steps=steps,
        encoder=Encoder(
            weight=rng.integers(-128, 128, (channels, 2, 3, 3)).astype(np.int8),
            bias=rng.integers(-3000, 3000, channels).astype(np.int32),
            pool=True,
            neurons=neurons(rng, steps, channels, 9000, False),
        ),
        layers=(
            SpikingLayer(
                weight=signs(channels, channels, 3, 3),
                neurons=neurons(rng, steps, channels, 8, False),
                skip=rng.integers(0, 6, channels).astype(np.int32),
            ),
            SpikingLayer(weight=signs(6, channels, 3, 3), neurons=neurons(rng, steps, 6, 8, True)),
        ),
        readout=signs(6 * 2 * 2, 10),
        readout_bias=rng.integers(-3, 4, 10).astype(np.int32),
    )


def sums(weight: np.ndarray, x: Any, k: int, r: int, c: int) -> int:
    """One 3x3 sum in whole numbers of Python; places beyond the border add nothing."""
    total = 0
    for channel, plane in enumerate(x):
        for i in range(3):
            for j in range(3):
                row, col = r + i - 1, c + j - 1
                if 0 <= row < len(plane) and 0 <= col < len(plane[0]):
                    total += int(weight[k, channel, i, j]) * int(plane[row][col])
    return total


def pooled(planes: list[Any]) -> list[Any]:
    """Maxima of 2x2: for spikes the or of them."""
    return [
        [
            [
                max(p[r][c], p[r][c + 1], p[r + 1][c], p[r + 1][c + 1])
                for c in range(0, len(p[0]), 2)
            ]
            for r in range(0, len(p), 2)
        ]
        for p in planes
    ]


def by_loops(network: SpikingNetwork, image: np.ndarray) -> tuple[list[int], list[Any]]:
    """Scores of one image, and every layer's spikes before pooling, neuron by neuron."""
    enc, seen = network.encoder, []
    side = image.shape[1]
    current = [
        [[sums(enc.weight, image, k, r, c) + int(b) for c in range(side)] for r in range(side)]
        for k, b in enumerate(enc.bias)
    ]
    current = pooled(current) if enc.pool else current
    membranes: dict[tuple[int, int, int, int], int] = {}
    total = [int(b) for b in network.readout_bias]
    for step in range(network.steps):
        x: list[Any] = []
        for index in range(1 + len(network.layers)):
            layer = network.layers[index - 1] if index else None
            cells = layer.neurons if layer else enc.neurons
            shape = np.shape(x[0]) if layer else np.shape(current[0])
            out = np.zeros((len(cells.reset), *shape), int)
            for k, r, c in np.ndindex(*out.shape):
                if layer is None:
                    acc = current[k][r][c]
                else:
                    acc = sums(layer.weight, x, k, r, c)
                    acc += int(layer.skip[k]) * int(x[k][r][c]) if layer.skip is not None else 0
                m = membranes.get((index, k, r, c), 0) + acc
                out[k, r, c] = m >= cells.threshold[step, k]
                membranes[index, k, r, c] = m - int(cells.reset[k]) * int(out[k, r, c])
            seen.append(out)
            x = pooled(out.tolist()) if cells.pool else out.tolist()
        flat = np.ravel(x)
        for j in range(len(total)):
            total[j] += sum(int(w) for w, s in zip(network.readout[:, j], flat, strict=True) if s)
    return total, seen


def test_every_spike_and_score_equals_loops_over_neurons() -> None:
    rng = np.random.default_rng(3)
    network = random_spiking(rng)
    images = rng.integers(0, 256, (2, 2, 8, 8)).astype(np.uint8)
    found, steps = scores(network, images), list(run_steps(network, images))
    for i, image in enumerate(images):
        total, seen = by_loops(network, image)
        assert found[i].tolist() == total
        for step, spikes in zip(steps, seen, strict=True):
            assert np.array_equal(step.spikes[i], spikes)
    share = np.mean([step.spikes.mean() for step in steps])
    assert 0.1 < share < 0.9, "the sample spikes, and not always"


def test_a_level_is_what_a_rows_sum_is_held_against() -> None:
    rng = np.random.default_rng(4)
    network = random_spiking(rng)
    images = rng.integers(0, 256, (3, 2, 8, 8)).astype(np.uint8)
    for step in run_steps(network, images):
        if step.spikes_in is None:
            continue
        rows = network.layers[step.layer - 1].rows().astype(int)
        edged = np.pad(step.spikes_in.astype(int), ((0, 0), (0, 0), (1, 1), (1, 1)))
        for n, k, r, c in ((0, 0, 0, 0), (1, 3, 2, 1), (2, 2, 3, 3)):
            cells = edged[n, :, r : r + 3, c : c + 3].ravel()
            assert step.spikes[n, k, r, c] == (rows[k] @ cells >= step.level[n, k, r, c])


def test_thirty_two_channels_are_one_row_of_cells() -> None:
    network = random_spiking(np.random.default_rng(5), channels=32)
    assert network.layers[0].rows().shape == (32, ROW_CELLS)
    # 4x4 places behind the encoder's pooling: 32 and 6 outputs of 288 cells, 3 steps
    assert network.operations == 3 * 16 * ROW_CELLS * (32 + 6)


def test_a_network_survives_its_file(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(6), tmp_path / "net.npz"
    network = replace(random_spiking(rng), meta={"seed": 6})
    save_spiking(network, path)
    again = load_spiking(path)
    assert (again.name, again.image_shape, again.steps) == ("random", (2, 8, 8), 3)
    assert again.meta == {"seed": 6}
    assert again.layers[1].skip is None
    for a, b in zip(network.layers, again.layers, strict=True):
        assert np.array_equal(a.weight, b.weight)
        assert a.neurons.pool == b.neurons.pool
    images = rng.integers(0, 256, (20, 2, 8, 8)).astype(np.uint8)
    assert np.array_equal(scores(network, images), scores(again, images))


def arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("layer1_w", None, "array layer1_w is missing"),
        ("layer1_w", np.zeros(17, np.uint8), r"layer1_w must be 18 bytes of bits, got \(17,\)"),
        ("theta1", np.zeros((2, 4), np.int32), "layer1: 2 thresholds for 3 steps"),
        ("theta1", np.zeros((3, 5), np.int32), "do not agree"),
        ("reset2", np.zeros(6, np.int32), "reset must be 1 or more, got 0"),
        ("skip1", np.zeros(3, np.int32), "as many channels in as out"),
        ("skip2", np.zeros(6, np.int32), "as many channels in as out"),
        ("enc_w", np.zeros((4, 2, 5, 5), np.int8), "encoder kernel must be 3x3, got 5x5"),
        ("enc_b", np.zeros(4, np.int64), "encoder bias must be int32, got int64"),
        ("out_b", np.zeros(9, np.int32), "9 biases for 10 classes"),
        ("meta", np.array("{"), "meta is not JSON"),
        ("meta", np.array('{"name": "a"}'), "meta lacks kind"),
    ],
)
def test_wrong_content_is_refused_in_one_line(
    tmp_path: Path, key: str, value: np.ndarray | None, words: str
) -> None:
    path = tmp_path / "net.npz"
    save_spiking(random_spiking(np.random.default_rng(7)), path)
    content = {**arrays(path), key: value}
    np.savez(path, **{name: array for name, array in content.items() if array is not None})
    with pytest.raises(ModelError, match=words) as caught:
        load_spiking(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_shipped_network_fits_the_macro_and_is_not_taken_for_another() -> None:
    network = load_spiking("snn_mnist")
    assert {layer.rows().shape for layer in network.layers} == {(32, ROW_CELLS)}
    assert "training split alone" in network.meta["data"]
    assert "snn_mnist" not in model_names()
    with pytest.raises(ModelError, match=r"snn_mnist\.npz: a spiking network"):
        load_network(DATA_DIR / "snn_mnist.npz")


def test_the_network_for_colours_knows_some_classes() -> None:
    network = load_spiking("snn_cifar")
    assert [len(layer.weight) for layer in network.layers] == [96, 192, 192, 192, 384, 384]
    assert {layer.rows().shape[1] % ROW_CELLS for layer in network.layers} == {0}
    assert "training split alone" in network.meta["data"]
    assert network.meta["accuracy_percent"]["images"] == 10_000
    drawn = builtin_drawings()
    found = scores(network, drawn.images)
    assert len(set(found.argmax(axis=1))) > 2  # drawings show no accuracy


def test_wrong_images_are_refused() -> None:
    network = random_spiking(np.random.default_rng(8))
    with pytest.raises(ModelError, match=r"reads uint8 images \(2, 8, 8\)"):
        scores(network, np.zeros((1, 2, 8, 9), np.uint8))
    with pytest.raises(ModelError, match="no spiking model 'nowhere'"):
        load_spiking("nowhere")
