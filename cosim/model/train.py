# SPDX-License-Identifier: Apache-2.0
"""train : trains LeNet-5 for the macro on MNIST's 60,000 training images.

`python -m cosim.model.train lenet5 --data DIR --out F.npz` (extra `train`). The 10,000 test images
are read once, at the end, for the accuracies in the file's meta: they choose nothing.
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cosim.errors import CosimError, ToolError
from cosim.model.accuracy import accuracy
from cosim.model.datasets import Dataset, read_mnist
from cosim.model.fc import Circuit
from cosim.model.store import load_network, save_network

try:
    import torch
    import torch.nn.functional as tf

    from cosim.model.moved import move
    from cosim.model.qat import LeNet5, draw_spread
except ImportError:
    _HAVE_TORCH = False
else:
    _HAVE_TORCH = True

__all__ = ["main", "train_lenet5"]

log = logging.getLogger(__name__)
Tensor = Any  # torch ships no types here

BATCH = 200
LEARNING_RATE = 2e-3
WARMUP_STEPS = 200
FLOAT_SHARE = 3  # the first third of the epochs runs with float convolutions
FROZEN_SHARE = 5  # the last fifth with batch statistics frozen into the bias
SHARE_MOVED = 0.8  # of the batches are rotated, scaled, sheared and shifted
SHARE_IDEAL = 0.4  # of the batches see the ideal circuit
VOLT_LOGIT, AMPLIFIER_LOGIT, AMPLIFIER_WEIGHT = 15.0, -6.0, 0.3


def train_lenet5(
    dataset: Dataset,
    vin_v: np.ndarray[Any, np.dtype[np.float64]],
    vout_v: np.ndarray[Any, np.dtype[np.float64]],
    *,
    epochs: int,
    seed: int,
) -> Any:
    """A trained `LeNet5`, quantised and frozen."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    images = torch.tensor(np.pad(dataset.images, ((0, 0), (2, 2), (2, 2))))[:, None]
    labels = torch.tensor(dataset.labels.astype(np.int64))
    net = LeNet5(vin_v, vout_v, Circuit())
    optimiser = torch.optim.Adam(
        [{"params": [*net.c1.parameters(), *net.c2.parameters(), net.beta]}, {"params": [*net.w]}]
    )
    steps = len(images) // BATCH
    for epoch in range(epochs):
        if epoch == max(1, epochs // FLOAT_SHARE):
            net.quantise()
        if epoch == epochs - max(1, epochs // FROZEN_SHARE):
            net.freeze()
        net.train()
        order, total = torch.randperm(len(images)), 0.0
        for step in range(steps):
            at = epoch * steps + step
            cosine = max(0.5 * (1 + np.cos(np.pi * at / (epochs * steps))), 0.005)
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * cosine * min(1, (at + 1) / WARMUP_STEPS)
            pick = order[step * BATCH : (step + 1) * BATCH]
            x = images[pick].float()
            x = move(x) if rng.random() < SHARE_MOVED else x
            spread = None if rng.random() < SHARE_IDEAL else draw_spread(rng)
            volts, amp = net(x, spread=spread, exact=rng.random() < 0.5)
            loss = tf.cross_entropy(VOLT_LOGIT * volts, labels[pick])
            loss = loss + AMPLIFIER_WEIGHT * tf.cross_entropy(AMPLIFIER_LOGIT * amp, labels[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            net.clamp()
            total += loss.item()
        log.info("epoch %d of %d: loss %.4f", epoch + 1, epochs, total / steps)
    return net


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m cosim.model.train", description=__doc__)
    parser.add_argument("network", choices=["lenet5"])
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST IDX files")
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    parser.add_argument(
        "--neuron", type=Path, help="CSV of vin_v,vout_v; default: the curve in the shipped model"
    )
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        return _train(args)
    except CosimError as error:
        log.error("error: %s", error)
        return error.exit_code


def _train(args: argparse.Namespace) -> int:
    if not _HAVE_TORCH:
        raise ToolError("training needs torch: `pip install 'cosim[train]'`")
    torch.set_num_threads(args.threads)
    if args.neuron is None:
        shipped = load_network("lenet5")
        vin_v, vout_v = shipped.neuron_vin_v, shipped.neuron_vout_v
    else:
        vin_v, vout_v = np.loadtxt(args.neuron, delimiter=",", usecols=(0, 1)).T
    train, test = read_mnist(args.data, "train"), read_mnist(args.data, "test")
    net = train_lenet5(train, vin_v, vout_v, epochs=args.epochs, seed=args.seed)
    meta = {
        "data": f"MNIST, trained on the training split alone ({len(train.images)} images)",
        "epochs": args.epochs,
        "seed": args.seed,
        "command": f"python -m cosim.model.train lenet5 --data DIR --out F --epochs {args.epochs}"
        f" --seed {args.seed}",
    }
    network = net.network(meta)
    percent = accuracy(network, test)
    meta["accuracy_percent"] = {"split": "test", "images": len(test.images), **percent}
    save_network(replace(network, meta=meta), args.out)
    log.info("%s: %s", args.out, percent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
