# SPDX-License-Identifier: Apache-2.0
"""test_train_networks : what training computes is what the integer references compute."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.errors import UserInputError
from cosim.model.datasets import Dataset
from cosim.model.fc import fc_volts
from cosim.model.integer import feature_bits, features
from cosim.model.spiking import run_steps, scores
from cosim.model.store import load_network

torch = pytest.importorskip("torch", reason="optional: training needs the extra `train`")
tf = pytest.importorskip("torch.nn.functional")

import cosim.model.train_vgg as train_vgg_module  # noqa: E402  # after the check for torch
from cosim.model.conv_fast import conv3x3, conv3x3_pool, pool2x2  # noqa: E402
from cosim.model.crops import Crops  # noqa: E402
from cosim.model.snn import ENCODER_BITS, PIXEL_SCALE, Plan, Snn, rate  # noqa: E402
from cosim.model.train import settings_of  # noqa: E402
from cosim.model.train_snn import SnnSettings, train_snn  # noqa: E402
from cosim.model.train_vgg import VggSettings, train_vgg  # noqa: E402
from cosim.model.vgg import VGG_16, VGG_SMALL, Vgg, fc_sizes, macs, vgg  # noqa: E402

WIDTHS = ((4, True), (6, False), (6, True), (8, True), (8, True))
PLAN = Plan(
    image=(1, 8, 8), encoder=4, encoder_pool=True, layers=((4, True, False), (6, False, True))
)


def curve() -> tuple[Any, Any]:
    shipped = load_network("lenet5")
    return shipped.neuron_vin_v, shipped.neuron_vout_v


def colours(rng: np.random.Generator, n: int) -> Dataset:
    """Images whose class is told by their brightness, nearly."""
    labels = rng.integers(0, 10, n).astype(np.uint8)
    noise = rng.integers(0, 40, (n, 3, 32, 32))
    images = (noise + 20 * labels[:, None, None, None]).astype(np.uint8)
    return Dataset(images=images, labels=labels, source="drawn")


def fresh() -> Vgg:
    torch.manual_seed(1)
    return vgg(WIDTHS, (12,), curve())


def as_if_trained(data: Dataset) -> Vgg:
    """No two channels alike."""
    net = fresh()
    with torch.no_grad():
        for norm in net.norms:
            norm.weight.uniform_(0.3, 1.5)
            norm.bias.uniform_(-0.5, 0.5)
        net.train()
        for _ in range(20):
            net.features(torch.tensor(data.images).float())
    return net


def test_a_folded_vgg_computes_what_the_integer_network_computes() -> None:
    data = colours(np.random.default_rng(1), 60)
    net = as_if_trained(data)
    net.fold(torch.tensor(data.images).float())
    network = net.network("vgg", {})
    assert all(stage.pad == 1 and stage.kernel == 3 for stage in network.convs)
    values = features(network, data.images)
    with torch.no_grad():
        wanted = net.features(torch.tensor(data.images).float())
        volts, _ = net.head(torch.where(wanted >= 0, 1.0, -1.0))
    bits = feature_bits(values)
    assert np.array_equal(bits, wanted.numpy() >= 0)
    assert 0.1 < bits.mean() < 0.9
    last = network.convs[-1].shift
    steps = np.floor(wanted.double().numpy() * 2.0 ** int(net.activation_bits[-1]))
    assert last > 0
    assert np.array_equal(values, np.clip(steps, -128, 127))
    assert np.allclose(fc_volts(network, bits), volts.numpy(), atol=1e-5)


def test_training_goes_on_from_a_checkpoint_as_if_nothing_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = colours(np.random.default_rng(2), 60)
    settings = VggSettings(epochs=2, integer_epochs=1, batch=30, fall=1.0)
    at, kept, save = tmp_path / "at.pt", tmp_path / "kept.pt", train_vgg_module._save

    def keep(path: Path, epoch: int, *rest: Any) -> None:
        save(path, epoch, *rest)
        if epoch == 1:
            shutil.copy(path, kept)

    monkeypatch.setattr(train_vgg_module, "_save", keep)
    whole, again = fresh(), fresh()
    train_vgg(whole, data, settings, at)
    train_vgg(again, data, settings, kept)
    a, b = whole.network("vgg", {}), again.network("vgg", {})
    for x, y in zip(a.convs, b.convs, strict=True):
        assert np.array_equal(x.weight, y.weight)
        assert np.array_equal(x.bias, y.bias)
    for v, w in zip(a.fc, b.fc, strict=True):
        assert np.array_equal(v, w)


def test_a_folded_vgg_goes_back_to_batch_norm(tmp_path: Path) -> None:
    data = colours(np.random.default_rng(5), 60)
    net, pixels, at = as_if_trained(data), torch.tensor(data.images).float(), tmp_path / "at.pt"
    net.fold(pixels)
    torch.save({"net": net.state_dict()}, at)
    before = net.network("vgg", {})
    net.unfold(pixels)
    for conv in net.convs:  # filters as long as fresh ones
        filters = conv.weight.detach().flatten(1)
        length = 3 * filters.shape[1] * filters.pow(2).mean(1)
        assert torch.allclose(length, torch.ones(len(filters)))
    net.fold(pixels)
    for x, y in zip(before.convs, net.network("vgg", {}).convs, strict=True):
        assert np.array_equal(x.weight, y.weight)
        assert np.abs(x.bias - y.bias).max() <= 1
    begun = fresh()
    train_vgg(begun, data, VggSettings(epochs=1, integer_epochs=0, batch=60), start=at)
    assert not begun.folded
    with pytest.raises(UserInputError, match="not a checkpoint of this network"):
        train_vgg(vgg(WIDTHS, (14,), curve()), data, VggSettings(), start=at)


def test_a_wider_vgg_begins_with_the_channels_of_a_narrower_one(tmp_path: Path) -> None:
    data = colours(np.random.default_rng(6), 60)
    net, pixels, at = as_if_trained(data), torch.tensor(data.images).float(), tmp_path / "at.pt"
    torch.save({"net": net.state_dict()}, at)
    wide = vgg(((9, True), *WIDTHS[1:]), (12,), curve())
    train_vgg_module._begin(at, wide, pixels)
    with torch.no_grad():
        wide.convs[1].weight[:, WIDTHS[0][0] :] = 0
        net.eval(), wide.eval()
        assert torch.equal(wide.features(pixels), net.features(pixels))
    torch.save({"net": wide.state_dict()}, at)
    with pytest.raises(UserInputError, match="not a checkpoint of this network"):
        train_vgg_module._begin(at, fresh(), pixels)


def test_the_reference_widths_are_those_of_vgg_16() -> None:
    # arXiv 1409.1556, configuration D, on 32x32: 313.2 M multiply-accumulates
    assert [c for c, _ in VGG_16] == [64, 64, 128, 128, *[256] * 3, *[512] * 6]
    assert macs(VGG_16) == 313_196_544
    assert fc_sizes(VGG_16, (512,)) == ((513, 512), (513, 10))
    assert macs(VGG_SMALL) <= 40_000_000


def test_gradients_of_a_small_convolution_are_those_of_torch() -> None:
    torch.manual_seed(3)
    x, w = torch.randn(20, 8, 4, 4), torch.randn(5, 8, 3, 3)
    grads = []
    for low in (True, False):
        a, b = x.clone().requires_grad_(), w.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            y = conv3x3(a, b)
        (y.float() ** 2).sum().backward()
        grads.append((a.grad, b.grad))
    for got, wanted in zip(*grads, strict=True):
        # bfloat16 keeps 8 bits of each factor, and of the gradient that comes in
        assert torch.allclose(got, wanted, atol=0.03 * float(wanted.abs().max()))


def test_pooling_by_maxima_of_blocks_is_that_of_torch() -> None:
    torch.manual_seed(4)
    x, w = torch.randn(6, 3, 8, 12), torch.randn(5, 3, 3, 3)
    a, b = w.clone().requires_grad_(), w.clone().requires_grad_()
    got, wanted = conv3x3_pool(x, a), tf.max_pool2d(tf.conv2d(x, b, padding=1), 2)
    assert torch.allclose(got, wanted, atol=1e-5)
    assert torch.equal(pool2x2(x), tf.max_pool2d(x, 2))
    for y in (got, wanted):
        (y**2).sum().backward()
    assert torch.allclose(a.grad, b.grad, rtol=1e-4, atol=1e-4)
    ones = torch.ones(1, 1, 2, 2, requires_grad=True)
    pool2x2(ones).sum().backward()
    assert torch.equal(ones.grad, torch.full((1, 1, 2, 2), 0.25))


def test_crops_only_shift_and_mirror() -> None:
    rng = np.random.default_rng(4)
    images = rng.integers(1, 256, (6, 3, 8, 8)).astype(np.uint8)
    torch.manual_seed(4)
    crops = Crops(images, 2, 0)
    pick = torch.arange(6)
    assert np.array_equal(crops.plain(pick).numpy(), images)
    edged = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    for got, image in zip(crops.moved(pick).numpy(), edged, strict=True):
        cuts = [
            cut[..., ::turn]
            for r in range(5)
            for c in range(5)
            for cut in [image[:, r : r + 8, c : c + 8]]
            for turn in (1, -1)
        ]
        assert any(np.array_equal(got, cut) for cut in cuts)
    covered = Crops(images, 0, 4, mirror=False).moved(pick).numpy()
    assert (covered != images).any(axis=1).sum(axis=(1, 2)).max() <= 16


def exact_gains(plan: Plan, steps: int, *, rates: bool = False) -> Snn:
    """Gains whose inverse is a whole number, levels that no sum meets: nothing to round."""
    torch.manual_seed(6)
    net = Snn(plan, steps, rates=rates).eval()
    with torch.no_grad():
        for norm, gain in zip(net.norms, (4.0, 0.25, 0.125), strict=False):
            norm.weight.fill_(gain)
            norm.running_var.fill_(1 - norm.eps)
            norm.running_mean.copy_(torch.randint(-2, 3, norm.running_mean.shape))
            norm.bias.copy_(gain * (0.25 + torch.randint(-2, 3, norm.bias.shape)))
        net.norms[0].running_mean.fill_(0.25)
    return net


@pytest.mark.parametrize("rates", [False, True])
def test_a_spiking_network_computes_what_training_computes(rates: bool) -> None:
    net = exact_gains(PLAN, 3, rates=rates)
    net.hold()
    images = np.random.default_rng(6).integers(0, 256, (50, 1, 8, 8)).astype(np.uint8)
    network = net.spiking("random", {})
    with torch.no_grad():
        logits = net(torch.tensor(images).float()).double().numpy()
    got = scores(network, images)
    # a score is logits*steps/scale; both have the same differences between classes
    wanted = logits * net.steps / net.readout_scale
    assert len(np.unique(got)) > 10
    assert np.allclose(got - got[:, :1], wanted - wanted[:, :1], atol=1.0)


def test_rates_are_counts_of_spikes_where_the_input_comes_evenly() -> None:
    net = exact_gains(PLAN, 4, rates=True)
    network = net.spiking("random", {})
    images = np.random.default_rng(8).integers(0, 256, (50, 1, 8, 8)).astype(np.uint8)
    spikes = [step.spikes for step in run_steps(network, images) if step.layer == 0]
    gain, shift = net._gain(0)
    unit = PIXEL_SCALE * 2**ENCODER_BITS
    acc = network.encoder.currents(images).astype(float) / unit
    current = gain[:, None, None] * acc + shift[:, None, None]
    wanted = 4 * rate(torch.tensor(current), 4).numpy()
    assert set(np.unique(wanted)) == {0, 1, 2, 3, 4}
    assert np.array_equal(np.sum(spikes, axis=0), wanted)
    assert (spikes[0] != spikes[3]).any()


def test_a_spiking_network_trained_by_rates_spikes_nearly_at_these_rates() -> None:
    torch.manual_seed(9)
    net = Snn(PLAN, 4, rates=True)
    images = np.random.default_rng(9).integers(0, 256, (200, 1, 8, 8)).astype(np.uint8)
    pixels = torch.tensor(images).float()
    with torch.no_grad():
        for norm in net.norms:
            norm.momentum = None
        net(pixels)
        net.eval()
        logits = net(pixels).double().numpy()
    got = scores(net.spiking("drawn", {}), images)
    wanted = logits * net.steps / net.readout_scale
    off = (got - got.mean(axis=1, keepdims=True)) - (wanted - wanted.mean(axis=1, keepdims=True))
    assert np.sqrt(np.mean(off**2)) < 0.25 * (wanted - wanted.mean(axis=1, keepdims=True)).std()


def test_a_spiking_network_learns() -> None:
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 10, 300).astype(np.uint8)
    images = rng.integers(0, 60, (300, 8, 8)).astype(np.uint8)
    images[np.arange(300), labels % 8] += 150
    data = Dataset(images=images, labels=labels, source="drawn")
    torch.manual_seed(1)
    net = Snn(PLAN, 2)
    train_snn(
        net,
        data,
        SnnSettings(
            **{"epochs": 8, "single": 2, "batch": 30, "fall": 1, "warmup": 5, "rate": 0.01},
            **{"reach": 0, "mirror": False},
        ),
    )
    right = scores(net.spiking("s", {}), images).argmax(axis=1) == labels
    assert right.mean() > 0.4
    assert net.steps == 2


def test_epochs_of_spikes_keep_the_statistics_that_rates_left(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    images = rng.integers(0, 256, (60, 8, 8)).astype(np.uint8)
    data = Dataset(images=images, labels=np.arange(60).astype(np.uint8) % 10, source="drawn")
    torch.manual_seed(1)
    net, at, left = Snn(PLAN, 3, rates=True), tmp_path / "at.pt", []
    settings = {"steps": 3, "rates": True, "batch": 20, "reach": 0, "mirror": False, "rate": 0.01}
    for epochs, spiking in ((1, 0), (2, 1), (3, 2)):
        train_snn(net, data, SnnSettings(epochs=epochs, spiking=spiking, **settings), at)
        assert net.rates == (spiking == 0)
        left.append([norm.running_var.clone() for norm in net.norms])
        weights = net.norms[1].weight.detach().clone()
    assert all(torch.equal(a, b) for a, b in zip(left[1], left[2], strict=True))
    assert not torch.equal(weights, torch.ones_like(weights))
    for wrong, words in (({"spiking": 9}, "there are 3"), ({"rates": False}, "needs --set rates")):
        with pytest.raises(UserInputError, match=words):
            train_snn(net, data, SnnSettings(**{**settings, "epochs": 3, "spiking": 2, **wrong}))


@dataclass(frozen=True)
class Knobs:
    epochs: int = 3
    rate: float = 0.1
    mirror: bool = True


def test_settings_are_read_by_type_and_wrong_ones_are_named() -> None:
    assert settings_of(Knobs, ["epochs=5", "rate=1e-3", "mirror=false"]) == Knobs(5, 1e-3, False)
    with pytest.raises(UserInputError, match="epoch=5: no such setting; there are epochs, rate"):
        settings_of(Knobs, ["epoch=5"])
    with pytest.raises(UserInputError, match="epochs=x: must be int"):
        settings_of(Knobs, ["epochs=x"])
