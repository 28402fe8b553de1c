# SPDX-License-Identifier: Apache-2.0
"""test_lessons : a teacher's opinion is kept, checked, and learned from."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from cosim.errors import ModelError, UserInputError
from cosim.model.colour import _FILES
from cosim.model.datasets import Dataset
from cosim.model.network import Network
from cosim.model.store import load_network

torch = pytest.importorskip("torch", reason="optional: training needs the extra `train`")

from cosim.model.lessons import Lessons, read_logits, save_logits  # noqa: E402
from cosim.model.snn import Plan, Snn  # noqa: E402
from cosim.model.teacher import TeacherSettings, opinion, train_teacher  # noqa: E402
from cosim.model.train import main  # noqa: E402
from cosim.model.train_snn import SnnSettings, train_snn  # noqa: E402
from cosim.model.train_vgg import VggSettings, train_vgg  # noqa: E402
from cosim.model.vgg import vgg  # noqa: E402

LABELS = np.array([3, 0, 9], np.uint8)


def colours(rng: np.random.Generator, n: int) -> Dataset:
    """Images whose class is told by their brightness, nearly."""
    labels = rng.integers(0, 10, n).astype(np.uint8)
    noise = rng.integers(0, 40, (n, 3, 32, 32))
    images = (noise + 20 * labels[:, None, None, None]).astype(np.uint8)
    return Dataset(images=images, labels=labels, source="drawn")


def test_targets_are_labels_smoothed_or_mixed_with_the_opinion() -> None:
    hard = Lessons().targets(LABELS, 0.1).numpy()
    assert np.allclose(hard[0], [0.01] * 3 + [0.91] + [0.01] * 6)
    logits = np.random.default_rng(1).normal(0, 3, (3, 10)).astype(np.float32)
    mixed = Lessons(logits, 0.7, 4.0).targets(LABELS, 0.1).numpy()
    soft = np.exp(logits.astype(float) / 4)
    soft /= soft.sum(axis=1, keepdims=True)
    assert np.allclose(mixed, 0.7 * soft + 0.3 * hard, atol=1e-6)


def test_a_file_of_other_images_or_of_nothing_is_refused(tmp_path: Path) -> None:
    at, logits = tmp_path / "t.npz", np.zeros((3, 10), np.float32)
    save_logits(at, logits, LABELS)
    assert np.array_equal(read_logits(at, LABELS), logits)
    with pytest.raises(UserInputError, match=r"t\.npz: of 3 other images"):
        read_logits(at, LABELS[::-1])
    save_logits(at, np.full((3, 10), np.nan, np.float32), LABELS)
    with pytest.raises(UserInputError, match="must be finite"):
        read_logits(at, LABELS)
    np.savez(at, other=logits)
    with pytest.raises(UserInputError, match=r"t\.npz: holds other, not logits"):
        read_logits(at, LABELS)
    at.write_bytes(at.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"t\.npz: not a readable"):
        read_logits(at, LABELS)
    with pytest.raises(ModelError, match=r"cannot read .*none\.npz"):
        read_logits(tmp_path / "none.npz", LABELS)


def test_a_teacher_learns_and_gives_the_mean_of_four_views(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cosim.model.teacher.WIDTHS", (8, 8, 16, 16, 16, 16))
    data = colours(np.random.default_rng(3), 60)
    net = train_teacher(data, TeacherSettings(epochs=20, batch=15))
    monkeypatch.setattr(torch, "autocast", lambda *_: nullcontext())  # in float32
    logits = opinion(net, data, batch=30)
    assert logits.shape == (60, 10)
    assert (logits.argmax(axis=1) == data.labels).mean() > 0.3
    aside = np.roll(data.images, (1, 1), axis=(2, 3))
    views = [x[..., ::way] for x in (data.images, aside) for way in (1, -1)]
    with torch.no_grad():
        wanted = [net(torch.tensor(view.copy()).float()).numpy() for view in views]
    assert np.allclose(logits, np.mean(wanted, axis=0), atol=1e-5)


def test_an_opinion_is_learned_where_it_differs_from_the_label() -> None:
    data = colours(np.random.default_rng(4), 100)
    other = (data.labels + 1) % 10
    logits = np.where(np.arange(10) == other[:, None], 20.0, 0.0).astype(np.float32)
    torch.manual_seed(1)
    plan = Plan(image=(3, 32, 32), encoder=8, encoder_pool=True, layers=((8, True, True),))
    net = Snn(plan, 1)
    how = {"epochs": 12, "batch": 20, "fall": 1, "warmup": 5, "rate": 0.01, "reach": 0}
    train_snn(net, data, SnnSettings(steps=1, taught=1.0, **how), logits=logits)  # type: ignore[arg-type]
    with torch.no_grad():
        said = net(torch.tensor(data.images).float()).argmax(1).numpy()
    assert (said == other).mean() > 2 * (said == data.labels).mean()


def test_vgg_follows_the_opinion_too() -> None:
    data = colours(np.random.default_rng(5), 60)
    shipped: Network = load_network("lenet5")
    curve = (shipped.neuron_vin_v, shipped.neuron_vout_v)
    found = []
    for logits in (None, np.zeros((60, 10), np.float32)):
        torch.manual_seed(1)
        net = vgg(((4, True), (8, True), (8, True)), (12,), curve)
        settings = VggSettings(epochs=1, integer_epochs=1, batch=30, fall=1.0)
        train_vgg(net, data, settings, logits=logits)
        found.append(net.network("v", {}).convs[0].weight)
    assert not np.array_equal(found[0], found[1])


def test_another_run_gives_first_weights_and_a_wrong_file_is_named(tmp_path: Path) -> None:
    data = colours(np.random.default_rng(6), 40)
    plan = Plan(image=(3, 32, 32), encoder=4, encoder_pool=True, layers=((4, True, True),))
    at = tmp_path / "c.pt"
    first, second = Snn(plan, 1), Snn(plan, 1)
    train_snn(first, data, SnnSettings(epochs=1, steps=1, batch=20), at)
    train_snn(second, data, SnnSettings(epochs=0, steps=1, batch=20), start=at)
    assert torch.equal(first.encoder, second.encoder)
    at.write_bytes(b"nothing")
    with pytest.raises(UserInputError, match=r"--start .*c\.pt: not a checkpoint"):
        train_snn(second, data, SnnSettings(epochs=0, steps=1), start=at)


def test_the_command_leaves_a_file_that_others_take(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, folder = colours(np.random.default_rng(7), 40), tmp_path / "cifar"
    folder.mkdir()
    records = np.concatenate([data.labels[:, None], data.images.reshape(40, -1)], axis=1)
    for name in (*_FILES["train"], *_FILES["test"]):
        (folder / name).write_bytes(records.astype(np.uint8).tobytes())
    at = tmp_path / "t.npz"
    how = ["--data", str(folder), "--threads", "1"]
    line = ["teacher", *how, "--out", str(at), "--epochs", "1", "--set", "batch=20"]
    with caplog.at_level(logging.INFO):
        assert main(line) == 0
    assert "% of the test images" in caplog.text
    assert read_logits(at, np.tile(data.labels, 5)).shape == (200, 10)
    assert main(["snn_mnist", *how, "--out", str(at), "--teacher", str(at)]) == 2
    assert main([*line, "--start", str(at)]) == 2
