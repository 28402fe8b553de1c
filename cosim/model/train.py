# SPDX-License-Identifier: Apache-2.0
"""train : trains the shipped networks on the training images of MNIST or CIFAR-10.

`python -m cosim.model.train lenet5|vgg|snn_mnist|snn_cifar --data DIR --out F.npz` (extra
`train`). `--set KEY=VALUE` changes a setting of that network's training. The test images are read
once, at the end, for the accuracies in the file's meta: they choose nothing. With `--checkpoint`
a stopped vgg or snn goes on after its last epoch. `teacher` leaves no network but its opinion of
the training images, which vgg and snn_cifar learn from with `--teacher`.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cosim.errors import CosimError, ToolError, UserInputError
from cosim.model.accuracy import accuracy
from cosim.model.colour import read_cifar10
from cosim.model.datasets import Dataset, Split, read_mnist
from cosim.model.network import Network
from cosim.model.spiking import SpikingNetwork, scores
from cosim.model.spiking_store import save_spiking
from cosim.model.store import load_network, save_network

try:
    import torch

    from cosim.model.lessons import read_logits, save_logits
    from cosim.model.snn import SNN_CIFAR, SNN_MNIST, Snn
    from cosim.model.teacher import TeacherSettings, opinion, train_teacher
    from cosim.model.train_lenet import LenetSettings, train_lenet5
    from cosim.model.train_snn import SnnSettings, train_snn
    from cosim.model.train_vgg import VggSettings, train_vgg
    from cosim.model.vgg import VGG_16, VGG_SMALL, vgg
except ImportError:
    _HAVE_TORCH = False
else:
    _HAVE_TORCH = True

__all__ = ["NETWORKS", "main", "settings_of"]

log = logging.getLogger(__name__)
Curve = tuple[Any, Any]
Made = Network | SpikingNetwork
NETWORKS = ("lenet5", "vgg", "vgg16", "snn_mnist", "snn_cifar")
TEACHER = "teacher"
COLOUR = ("vgg", "vgg16", "snn_cifar", TEACHER)
RESUMED = ("vgg", "vgg16", "snn_mnist", "snn_cifar")
TAKERS = {  # options that not all trainings read
    "teacher": ("vgg", "vgg16", "snn_cifar"),
    "start": RESUMED,
    "checkpoint": RESUMED,
}


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m cosim.model.train", description=__doc__)
    parser.add_argument("network", choices=(*NETWORKS, TEACHER))
    parser.add_argument(
        "--data", type=Path, required=True, help="MNIST (IDX) or CIFAR-10 (binary version)"
    )
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    parser.add_argument("--epochs", type=int, help="the same as --set epochs=N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--checkpoint", type=Path, help="file to leave and to go on from")
    parser.add_argument("--start", type=Path, help="checkpoint of a vgg or snn to begin with")
    parser.add_argument("--teacher", type=Path, help="file that the training of `teacher` left")
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


def settings_of(kind: Any, sets: Sequence[str]) -> Any:
    """`kind` with the values of KEY=VALUE lines; types are those of its fields."""
    fields = {each.name: str(each.type) for each in dataclasses.fields(kind)}
    readers: dict[str, Callable[[str], Any]] = {
        "int": int,
        "float": float,
        "str": str,
        "bool": {"true": True, "false": False}.__getitem__,
    }
    values: dict[str, Any] = {}
    for line in sets:
        key, _, text = line.partition("=")
        if key not in fields:
            raise UserInputError(f"--set {line}: no such setting; there are {', '.join(fields)}")
        try:
            values[key] = readers[fields[key]](text)
        except (ValueError, KeyError):
            raise UserInputError(f"--set {line}: must be {fields[key]}") from None
    return kind(**values)


def _train(args: argparse.Namespace) -> int:
    if not _HAVE_TORCH:
        raise ToolError("training needs torch: `pip install 'cosim[train]'`")
    sets = [f"seed={args.seed}", f"threads={args.threads}", *args.set]
    if args.epochs is not None:
        sets.append(f"epochs={args.epochs}")
    read: Callable[[Path, Split], Dataset] = read_cifar10 if args.network in COLOUR else read_mnist
    train, test = read(args.data, "train"), read(args.data, "test")
    for key, takers in TAKERS.items():
        if getattr(args, key) is not None and args.network not in takers:
            raise UserInputError(f"--{key}: not for {args.network}, only {', '.join(takers)}")
    if args.network == TEACHER:
        return _teach(args, sets, train, test)
    made, settings = _MAKERS[args.network](args, sets, train)
    meta = {
        "data": f"{'CIFAR-10' if args.network in COLOUR else 'MNIST'}, trained on the training"
        f" split alone ({len(train.images)} images)",
        "settings": dataclasses.asdict(settings),
        "command": " ".join(
            [
                f"python -m cosim.model.train {args.network} --data DIR --out F",
                f"--seed {args.seed} --threads {args.threads}",
                *([] if args.epochs is None else [f"--epochs {args.epochs}"]),
                *([] if args.start is None else ["--start C"]),
                *([] if args.teacher is None else ["--teacher T"]),
                *(f"--set {line}" for line in args.set),
            ]
        ),
    }
    _save(replace(made, meta=meta), args.out)  # measuring takes minutes
    percent = (
        accuracy(made, test)
        if isinstance(made, Network)
        else {"integer_reference": 100 * _right(made, test)}
    )
    meta["accuracy_percent"] = {"split": "test", "images": len(test.images), **percent}
    _save(replace(made, meta=meta), args.out)
    log.info("%s: %s", args.out, percent)
    return 0


def _teach(args: argparse.Namespace, sets: list[str], train: Dataset, test: Dataset) -> int:
    settings = settings_of(TeacherSettings, sets)
    net = train_teacher(train, settings)
    logits = opinion(net, train)
    save_logits(args.out, logits, train.labels)
    shares = [
        100 * float((found.argmax(1) == of.labels).mean())
        for found, of in ((logits, train), (opinion(net, test), test))
    ]
    log.info("%s: %.2f %% of the training images, %.2f %% of the test images", args.out, *shares)
    return 0


def _logits(args: argparse.Namespace, train: Dataset) -> Any:
    return None if args.teacher is None else read_logits(args.teacher, train.labels)


def _save(made: Made, path: Path) -> None:
    if isinstance(made, Network):
        save_network(made, path)
    else:
        save_spiking(made, path)


def _right(network: SpikingNetwork, dataset: Dataset) -> float:
    found = scores(network, dataset.images).argmax(axis=1)
    return float((found == dataset.labels).mean())


def _curve(args: argparse.Namespace) -> Curve:
    if args.neuron is not None:
        vin_v, vout_v = np.loadtxt(args.neuron, delimiter=",", usecols=(0, 1)).T
        return vin_v, vout_v
    shipped = load_network("lenet5")
    return shipped.neuron_vin_v, shipped.neuron_vout_v


def _lenet5(args: argparse.Namespace, sets: list[str], train: Dataset) -> tuple[Made, Any]:
    settings = settings_of(LenetSettings, sets)
    return train_lenet5(train, _curve(args), settings).network({}), settings


def _vgg(args: argparse.Namespace, sets: list[str], train: Dataset) -> tuple[Made, Any]:
    settings = settings_of(VggSettings, sets)
    torch.manual_seed(settings.seed)
    widths, hidden = (VGG_16, (512,)) if args.network == "vgg16" else (VGG_SMALL, (128,))
    net = vgg(widths, hidden, _curve(args))
    files = (args.checkpoint, args.start)
    train_vgg(net, train, settings, *files, logits=_logits(args, train))
    return net.network(args.network, {}), settings


def _snn(args: argparse.Namespace, sets: list[str], train: Dataset) -> tuple[Made, Any]:
    settings = settings_of(SnnSettings, sets)
    torch.manual_seed(settings.seed)
    plan = SNN_CIFAR if args.network == "snn_cifar" else SNN_MNIST
    net = Snn(plan, settings.steps, rates=settings.rates)
    files = (args.checkpoint, args.start)
    train_snn(net, train, settings, *files, logits=_logits(args, train))
    return net.spiking(args.network, {}), settings


_MAKERS: dict[str, Callable[[argparse.Namespace, list[str], Dataset], tuple[Made, Any]]] = {
    "lenet5": _lenet5,
    "vgg": _vgg,
    "vgg16": _vgg,
    "snn_mnist": _snn,
    "snn_cifar": _snn,
}

if __name__ == "__main__":
    sys.exit(main())
