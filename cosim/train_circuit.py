# SPDX-License-Identifier: Apache-2.0
"""train_circuit : trains a network's FC stack with the design's circuit in the loop.

`python -m cosim.train_circuit lenet5 --data DIR --out F.npz` (extra `train`). Convolutions stay as
they are, their features are computed by the integer reference. Only the training images of MNIST,
or of CIFAR-10 for a network that reads colours, are read, but for the accuracies in the file's
meta, at the very end: they choose nothing.
`--held-out N` leaves the last N training images out and prints the accuracy on them instead.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.analog.fast_linear import CircuitMapper
from cosim.applications import design_for
from cosim.design import Design, load_design
from cosim.errors import CosimError, ToolError, UserInputError
from cosim.model.accuracy import accuracy
from cosim.model.circuit_map import CellSpread, Corner, IdealMapper
from cosim.model.colour import COLOURS, read_cifar10
from cosim.model.datasets import Dataset, Split, read_mnist
from cosim.model.fc import Circuit, Column
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network, save_network
from cosim.model.twin import build_luts

try:
    from cosim.model.fc_pool import pool_of
    from cosim.model.fc_train import FcSettings, train_fc
except ImportError:
    _HAVE_TORCH = False
else:
    _HAVE_TORCH = True

__all__ = ["corners", "main"]

log = logging.getLogger(__name__)
Weights = Sequence[NDArray[np.int8]]
DESIGN_SHARE, BARE_SHARE, IDEAL_SHARE = 0.6, 0.2, 0.1  # of the batches; the last one twice
TMR_WEIGHT = 0.5  # of a cell's conductance: TMR/(1 + TMR) of an AP cell at read voltages
SPREAD_SCALE = 1.5  # training sees wider dies than the design's
KEPT = ("gains", "gains_cpu")  # of the meta of the network that training starts from
IDEAL_COLUMNS: tuple[Column, ...] = ("exact", "balanced")


def corners(network: Network, design: Design) -> tuple[Corner, ...]:
    """The circuits that training sees: the design, the same without wires, ideal equations."""
    var = design.variation
    spread = CellSpread(
        cell_sigma=SPREAD_SCALE * float(np.hypot(var.ra_sigma, TMR_WEIGHT * var.tmr_sigma)),
        amplifier_offset_v=SPREAD_SCALE * var.amplifier_offset_v,
        neuron_offset_v=SPREAD_SCALE * var.neuron_offset_v,
    )
    found = [Corner(name="design", share=DESIGN_SHARE, mapper=CircuitMapper(design), spread=spread)]
    if design.wires.enabled:
        mapper = CircuitMapper(without_wires(design))
        found.append(Corner(name="no wires", share=BARE_SHARE, mapper=mapper, spread=spread))
    for column in IDEAL_COLUMNS:
        ideal = IdealMapper(network, Circuit.of(network), column)
        found.append(Corner(name=column, share=IDEAL_SHARE, mapper=ideal, spread=spread))
    return tuple(found)


def without_wires(design: Design) -> Design:
    """The design with ideal wires."""
    return design.model_copy(update={"wires": design.wires.model_copy(update={"enabled": False})})


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m cosim.train_circuit", description=__doc__)
    parser.add_argument("network", help="shipped network or .npz file to start from")
    parser.add_argument("--data", type=Path, required=True, help="MNIST (IDX) or CIFAR-10 (binary)")
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    parser.add_argument("--design", help="default: that of the application with this network")
    parser.add_argument("--set", action="append", default=[], help="override a design key")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--rate", type=float, default=1e-3, help="Adam's first step")
    parser.add_argument("--copies", type=int, default=16, help="moved copies of every image")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--held-out", type=int, default=0, metavar="N", help="images to try on")
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
    if args.epochs < 1 or args.copies < 0:
        raise UserInputError("--epochs must be at least 1, --copies at least 0")
    network = load_network(args.network)
    design = load_design(args.design or design_for(network.name), args.set)
    colour = network.image_shape[0] == COLOURS
    read: Callable[[Path, Split], Dataset] = read_cifar10 if colour else read_mnist
    whole = read(args.data, "train")
    used = len(whole.images) - args.held_out
    if not 0 <= args.held_out < len(whole.images):
        raise UserInputError(f"--held-out must be 0..{len(whole.images) - 1}, got {args.held_out}")
    pool = pool_of(network, whole.first(used), args.copies, args.seed)
    weights = train_fc(
        network.fc,
        pool,
        corners(network, design),
        FcSettings(epochs=args.epochs, seed=args.seed, rate=args.rate, threads=args.threads),
    )
    meta: dict[str, Any] = {
        "data": f"{'CIFAR-10' if colour else 'MNIST'}, trained on the first {used} images of the"
        " training split alone",
        "command": " ".join(
            [
                f"python -m cosim.train_circuit START --data DIR --out F --design {design.name}",
                *(f"--set {item}" for item in args.set),
                f"--epochs {args.epochs} --rate {args.rate:g}",
                f"--copies {args.copies} --seed {args.seed}",
            ]
        ),
        "start": network.meta.get("command", args.network),
        **{key: network.meta[key] for key in KEPT if key in network.meta},
    }
    trained = replace(_network(network, weights), meta=meta)
    save_network(trained, args.out)  # measuring takes minutes: nothing is lost if it is stopped
    log.info("%s: written, now measured", args.out)
    if args.held_out:
        rest, split = _last(whole, args.held_out), f"last {args.held_out} training images"
    else:
        rest, split = read(args.data, "test"), "test"
    percent = accuracy(trained, rest)
    bits = feature_bits(features(trained, rest.images))
    for name, chosen in (("circuit", design), ("circuit_no_wires", without_wires(design))):
        right = classify(fast_stack(weights, chosen), bits) == rest.labels
        percent[name] = 100 * float(right.mean())
    log.info("%s: %s", split, percent)
    found = {"split": split, "images": len(rest.images), **percent}
    save_network(replace(trained, meta={**meta, "accuracy_percent": found}), args.out)
    return 0


def _network(network: Network, weights: Weights) -> Network:
    fc = tuple(weights)
    if network.fc_own:  # and tables for them
        return replace(network, fc=fc)
    curve = (network.neuron_vin_v, network.neuron_vout_v)
    return replace(network, fc=fc, luts=build_luts(fc, *curve, Circuit.of(network)))


def _last(dataset: Dataset, count: int) -> Dataset:
    return Dataset(
        images=dataset.images[-count:], labels=dataset.labels[-count:], source=dataset.source
    )


if __name__ == "__main__":
    sys.exit(main())
