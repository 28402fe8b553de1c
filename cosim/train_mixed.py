# SPDX-License-Identifier: Apache-2.0
"""train_mixed : trains 784-16-10 of weights +-1 for a mixed-signal macro, as train_mlp for analog.

`python -m cosim.train_mixed --data DIR --out F.npz` (extra `train`). What columns, converters,
sums, the digital sigmoid and DACs make of weights is fitted to the macro's operating points
(`mixed/response.py`); stacks grow on that and are polished (`train_mlp.py`). The weights of the CPU
alone, and its tables, are those of a network that has them.

Only MNIST's 60,000 training images are read, the last 5,000 of them to choose with; the test images
are read for the accuracy in the file's meta, at the very end: they choose nothing.
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from cosim.errors import CosimError, ToolError, UserInputError
from cosim.mixed.design import load_mixed
from cosim.mixed.forward import mixed_forward
from cosim.mixed.response import hidden_curve, mixed_responses
from cosim.model.datasets import read_mnist
from cosim.model.store import load_network, save_network
from cosim.train_mlp import CLASSES, HIDDEN, Responses, around, bits_of, grown, images_of, probes

_HAVE_TORCH = find_spec("torch") is not None  # train_mlp.py needs it for what `grown` does

__all__ = ["main"]

log = logging.getLogger(__name__)
PROBE_IMAGES = 500
COUNTS = ("restarts", "epochs", "parts", "rounds", "tries")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m cosim.train_mixed", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST IDX files")
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    parser.add_argument("--design", default="imac_mixed")
    parser.add_argument("--set", action="append", default=[], help="override a design key")
    parser.add_argument("--cpu", default="mlp", help="network whose CPU weights to take")
    parser.add_argument("--restarts", type=int, default=4, help="stacks at first")
    parser.add_argument("--epochs", type=int, default=6, help="of all of them")
    parser.add_argument("--parts", type=int, default=6, help="responses fitted to the best one")
    parser.add_argument("--rounds", type=int, default=4, help="of single signs, in each part")
    parser.add_argument("--tries", type=int, default=12, help="signs of a column in a round")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--rate", type=float, default=3e-3, help="Adam's first step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trial", action="store_true", help="leave the test images alone")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
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
    if min(getattr(args, name) for name in COUNTS) < 1:
        raise UserInputError(f"{', '.join(f'--{name}' for name in COUNTS)} must be at least 1")
    design, cpu = load_mixed(args.design, args.set), load_network(args.cpu)
    images, rng = images_of(read_mnist(args.data, "train")), np.random.default_rng(args.seed)
    if not 1 <= args.batch <= len(images.bits):
        raise UserInputError(f"--batch must be 1..{len(images.bits)}, got {args.batch}")
    if cpu.fc_sizes != (images.bits.shape[1], HIDDEN, CLASSES):
        raise UserInputError(f"--cpu {args.cpu}: its layers are {cpu.fc_sizes}")
    few = images.bits[rng.permutation(len(images.bits))[:PROBE_IMAGES]]
    vin_v, vout_v = hidden_curve(design)

    def responses(stacks: list[Any], *, own: bool = False) -> Responses:
        first, second = mixed_responses(stacks, few, design, own=own)
        return Responses(
            first=first, second=second, vin_v=vin_v, vout_v=vout_v, vdd_v=design.macro.vdd_v
        )

    weights = grown(
        responses(probes(images.bits, images.labels, rng)),
        images,
        args,
        lambda stack: responses(around(stack, rng), own=True),
    )
    held = 100 * mixed_forward(weights, images.held_bits, design).accuracy(images.held_labels)
    log.info("held-out images in the macro: %.2f %%", held)
    kept = {key: cpu.meta[key] for key in ("gains", "gains_cpu") if key in cpu.meta}
    meta: dict[str, Any] = {
        **kept,
        "design": design.name,
        "data": f"MNIST, trained on the first {len(images.bits)} images of the training split,"
        f" the other {len(images.held_bits)} chose among beginnings",
        "cpu": f"weights and tables of the CPU alone are those of {cpu.name}",
        "command": _command(args),
        "held_out_percent": {"circuit": held},
    }
    network = replace(
        cpu, name=f"{cpu.name}_mixed", fc=weights, fc_own=cpu.fc_own or cpu.fc, meta=meta
    )
    save_network(network, args.out)
    if args.trial:
        return 0
    test = read_mnist(args.data, "test")
    found = 100 * mixed_forward(weights, bits_of(test), design).accuracy(test.labels)
    log.info("%s: %.2f %% of the test images", args.out, found)
    meta["accuracy_percent"] = {"split": "test", "images": len(test.images), "circuit": found}
    save_network(replace(network, meta=meta), args.out)
    return 0


def _command(args: argparse.Namespace) -> str:
    return " ".join(
        [
            f"python -m cosim.train_mixed --data DIR --out F --design {args.design}",
            *(f"--set {item}" for item in args.set),
            f"--cpu {args.cpu}",
            *(f"--{name} {getattr(args, name)}" for name in COUNTS),
            f"--batch {args.batch} --rate {args.rate:g} --seed {args.seed}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
