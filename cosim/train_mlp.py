# SPDX-License-Identifier: Apache-2.0
"""train_mlp : trains 784-16-10 of weights +-1 for a design's macro, and a twin for the CPU.

`python -m cosim.train_mlp --data DIR --out F.npz` (extra `train`). What the circuit makes of
weights is fitted first (`model/response.py`), then many stacks are trained on that for some epochs;
in the one that classes most of the held-out training images single signs are then turned, on
responses fitted anew to it and its neighbours. The CPU's twin is trained so too, on what its
integers make of weights.

Only MNIST's 60,000 training images are read, the last 5,000 of them to choose with; the test images
are read for the accuracies in the file's meta, at the very end: they choose nothing.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import StackState, fast_stack
from cosim.analog.fast_linear import CircuitMapper
from cosim.design import Design, load_design
from cosim.errors import CosimError, ToolError, UserInputError
from cosim.model.accuracy import accuracy
from cosim.model.circuit_map import CircuitMap
from cosim.model.datasets import Dataset, read_mnist
from cosim.model.fc import Circuit, alpha
from cosim.model.network import PIXEL_MIDDLE, Network
from cosim.model.response import (
    InputResponse,
    LayerResponse,
    column_shift,
    fit_inputs,
    fit_layer,
    plain_inputs,
    plain_layer,
)
from cosim.model.store import save_network
from cosim.model.twin import argmax_class, build_luts, twin_codes

try:
    from cosim.model.mlp_fit import FitSettings, Task, accuracies, fresh, task_of, train_stacks
    from cosim.model.polish import polish
except ImportError:
    _HAVE_TORCH = False
else:
    _HAVE_TORCH = True

__all__ = [
    "Images",
    "Responses",
    "Stack",
    "around",
    "bits_of",
    "grown",
    "images_of",
    "main",
    "measured_responses",
    "probes",
]

log = logging.getLogger(__name__)
Bits = NDArray[np.uint8]
Stack = tuple[NDArray[np.int8], NDArray[np.int8]]
HIDDEN, CLASSES = 16, 10
HELD_OUT = 5000
PROBES, PROBE_IMAGES = 6, 300  # stacks and images that a response is fitted to
PROBE_NOISE = 0.5  # of templates, next to their spread over pixels
TURNED = (0.0, 0.02, 0.05)  # shares of turned signs around a trained stack
NOT_SETTINGS = ("data", "out", "trial")
LOW_MARGIN_V, HIGH_MARGIN_V = 0.15, 0.05  # signals this near to a rail bend


@dataclass(frozen=True, kw_only=True)
class Images:
    """Input bits and labels to fit to and to choose with."""

    bits: Bits
    labels: NDArray[np.int64]
    held_bits: Bits
    held_labels: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Responses:
    """Both layers, and the neuron between them."""

    first: InputResponse
    second: LayerResponse
    vin_v: NDArray[np.float64]
    vout_v: NDArray[np.float64]
    vdd_v: float


def probes(bits: Bits, labels: NDArray[np.int64], rng: np.random.Generator) -> list[Stack]:
    """Stacks whose hidden units tell some classes from others, roughly as trained ones do."""
    means = np.array([bits[labels == k].mean(axis=0) for k in range(CLASSES)])
    means -= means.mean(axis=0)
    noise = PROBE_NOISE * float(means.std())
    stacks = []
    for _ in range(PROBES):
        sides = rng.choice([-1.0, 1.0], (HIDDEN, CLASSES))
        templates = sides @ means / np.sqrt(CLASSES) + noise * rng.normal(
            size=(HIDDEN, len(means[0]))
        )
        first = np.vstack([templates.T, rng.normal(size=(1, HIDDEN))])
        second = np.vstack([sides, rng.normal(size=(1, CLASSES))])
        stacks.append((_signs(first), _signs(second)))
    return stacks


def measured_responses(
    stacks: Sequence[Stack], bits: Bits, design: Design, *, own: bool = False
) -> Responses:
    """Responses fitted to the circuit's operating points for `stacks`.

    `own`: columns are shifted to where those of the first stack are.
    """

    def keep(state: StackState) -> tuple[NDArray[np.float64], ...]:
        return (*state.amplifier_v, state.layers[1].source_v)

    mapper = CircuitMapper(design)
    circuit: CircuitMap = mapper(stacks[0], bits[:100])
    found = [fast_stack(stack, design) for stack in stacks]
    volts = [each.evaluate(each.drive_of(bits), keep) for each in found]
    layers = circuit.layers
    signals = [[v[k] - layers[k].ref_v for v in volts] for k in range(2)]
    inside = [(layer.low_v + LOW_MARGIN_V, layer.high_v - HIGH_MARGIN_V) for layer in layers]
    transfer = [(layer.t_plus + layer.t_minus) / 2 for layer in layers]
    first, first_v = fit_inputs(
        [stack[0] for stack in stacks],
        bits,
        signals[0],
        transfer=transfer[0],
        tile_rows=design.macro.tile.rows,
        inside_v=inside[0],
    )
    second, second_v = fit_layer(
        [stack[1] for stack in stacks],
        [v[2] for v in volts],
        signals[1],
        transfer=transfer[1],
        inside_v=inside[1],
    )
    if own:
        of_first = first.signal_v(stacks[0][0], bits)
        of_second = second.signal_v(stacks[0][1], volts[0][2])
        first = replace(first, shift_v=column_shift(of_first, signals[0][0], inside[0]))
        second = replace(second, shift_v=column_shift(of_second, signals[1][0], inside[1]))
    log.info(
        "response of %d stacks: %.1f mV rms left over, %.1f mV in the second layer",
        *(len(stacks), 1e3 * first_v, 1e3 * second_v),
    )
    return Responses(
        first=first, second=second, vin_v=circuit.vin_v, vout_v=circuit.vout_v, vdd_v=circuit.vdd_v
    )


def _plain_responses(circuit: Circuit, curve: Responses) -> Responses:
    """What the CPU's integers make of weights: the ideal equations of balanced columns."""
    rows, hidden = curve.first.transfer.shape
    gains = [
        alpha(circuit, gain, n) for gain, n in zip(circuit.gains, (rows, hidden + 1), strict=True)
    ]
    return replace(
        curve,
        first=plain_inputs((rows, hidden), gains[0] * circuit.vdd_v),
        second=plain_layer(curve.second.transfer.shape, gains[1]),
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m cosim.train_mlp", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST IDX files")
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    parser.add_argument("--design", default="imac_mlp")
    parser.add_argument("--set", action="append", default=[], help="override a design key")
    parser.add_argument("--restarts", type=int, default=4, help="stacks at first")
    parser.add_argument("--epochs", type=int, default=6, help="of all of them")
    parser.add_argument("--parts", type=int, default=3, help="responses fitted to the best one")
    parser.add_argument("--rounds", type=int, default=8, help="of single signs, in each part")
    parser.add_argument("--tries", type=int, default=12, help="signs of a column in a round")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--rate", type=float, default=3e-3, help="Adam's first step")
    parser.add_argument("--gains-cpu", type=float, nargs=2, default=(7.0, 3.0), metavar="GAIN")
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
    if min(args.restarts, args.epochs, args.parts, args.rounds, args.tries) < 1:
        raise UserInputError(
            "--restarts, --epochs, --parts, --rounds and --tries must be at least 1"
        )
    design, whole = load_design(args.design, args.set), read_mnist(args.data, "train")
    images, rng = images_of(whole), np.random.default_rng(args.seed)
    if not 1 <= args.batch <= len(images.bits):
        raise UserInputError(f"--batch must be 1..{len(images.bits)}, got {args.batch}")
    few = images.bits[rng.permutation(len(images.bits))[:PROBE_IMAGES]]
    begin = measured_responses(probes(images.bits, images.labels, rng), few, design)
    log.info("the macro's weights")
    macro = grown(
        begin,
        images,
        args,
        lambda stack: measured_responses(around(stack, rng), few, design, own=True),
    )
    right = classify(fast_stack(macro, design), images.held_bits) == images.held_labels
    held = {"circuit": 100 * float(right.mean())}
    log.info("held-out images in the circuit: %.2f %%", held["circuit"])
    log.info("the CPU's weights")
    circuit_cpu = Circuit(gains=tuple(args.gains_cpu))
    plain = _plain_responses(circuit_cpu, begin)
    own = grown(plain, images, args, lambda stack: plain)
    amplifier = design.macro.amplifier
    network = Network(
        name="mlp",
        image_shape=(1, *whole.images.shape[1:]),
        pad=0,
        convs=(),
        fc=macro,
        fc_own=own,
        luts=build_luts(own, begin.vin_v, begin.vout_v, circuit_cpu),
        neuron_vin_v=begin.vin_v,
        neuron_vout_v=begin.vout_v,
    )
    classes = argmax_class(twin_codes(network, images.held_bits))
    held["cpu_only"] = 100 * float((classes == images.held_labels).mean())
    log.info("held-out images on the CPU alone: %.2f %%", held["cpu_only"])
    meta: dict[str, Any] = {
        "gains": [amplifier.gain_hidden, amplifier.gain_output],
        "gains_cpu": list(circuit_cpu.gains),
        "data": f"MNIST, trained on the first {len(images.bits)} images of the training split,"
        f" the other {len(images.held_bits)} chose among beginnings",
        "command": _command(args),
        "settings": {key: value for key, value in vars(args).items() if key not in NOT_SETTINGS},
        "held_out_percent": held,
    }
    network = replace(network, meta=meta)
    save_network(network, args.out)  # measuring takes a while: nothing is lost if it is stopped
    if args.trial:
        return 0
    test = read_mnist(args.data, "test")
    right = classify(fast_stack(macro, design), bits_of(test)) == test.labels
    found = {"circuit": 100 * float(right.mean()), **accuracy(network, test)}
    log.info("%s: test images: %s", args.out, found)
    meta["accuracy_percent"] = {"split": "test", "images": len(test.images), **found}
    save_network(replace(network, meta=meta), args.out)
    return 0


def grown(
    responses: Responses,
    images: Images,
    args: argparse.Namespace,
    refit: Callable[[Stack], Responses],
) -> Stack:
    """The stack that does best of some, polished; `refit` gives the response at a stack."""
    tasks = _tasks(responses, images)
    settings = FitSettings(
        epochs=args.epochs,
        seed=args.seed,
        threads=args.threads,
        batch=args.batch,
        rate=args.rate,
    )
    many = train_stacks(tasks[0], fresh(tasks[0], args.restarts, settings), settings)
    scores = accuracies(tasks[1], many)
    log.info("held-out images: %s %%", ", ".join(f"{score:.2f}" for score in scores))
    one = many.pick(int(scores.argmax()))
    for _ in range(args.parts):
        fitted = refit(one.weights(0))
        tasks = tasks if fitted is responses else _tasks(fitted, images)
        log.info("held-out images: %.2f %% on the response fitted", accuracies(tasks[1], one)[0])
        one = polish(tasks[0], one, args.rounds, args.tries)
        log.info("held-out images: %.2f %%", accuracies(tasks[1], one)[0])
    return one.weights(0)


def _tasks(responses: Responses, images: Images) -> tuple[Task, Task]:
    """To fit to, and to choose with."""
    return tuple(  # type: ignore[return-value]  # two, as there are two pairs
        task_of(
            bits,
            labels,
            (responses.first, responses.second),
            (responses.vin_v, responses.vout_v),
            responses.vdd_v,
        )
        for bits, labels in (
            (images.bits, images.labels),
            (images.held_bits, images.held_labels),
        )
    )


def around(stack: Stack, rng: np.random.Generator) -> list[Stack]:
    """The stack and neighbours with some signs turned."""
    found = []
    for share in TURNED:
        first, second = (np.where(rng.random(w.shape) < share, -w, w) for w in stack)
        found.append((first.astype(np.int8), second.astype(np.int8)))
    return found


def images_of(whole: Dataset) -> Images:
    """The training split; its last HELD_OUT images choose."""
    bits, labels = bits_of(whole), whole.labels.astype(np.int64)
    held = min(HELD_OUT, len(bits) // 4)
    return Images(
        bits=bits[:-held], labels=labels[:-held], held_bits=bits[-held:], held_labels=labels[-held:]
    )


def bits_of(data: Dataset) -> Bits:
    """Input bits (n, pixels) of images."""
    return (data.images.reshape(len(data.images), -1) >= PIXEL_MIDDLE).astype(np.uint8)


def _signs(values: NDArray[np.float64]) -> NDArray[np.int8]:
    return np.where(values >= 0, 1, -1).astype(np.int8)


def _command(args: argparse.Namespace) -> str:
    return " ".join(
        [
            f"python -m cosim.train_mlp --data DIR --out F --design {args.design}",
            *(f"--set {item}" for item in args.set),
            f"--restarts {args.restarts} --epochs {args.epochs} --parts {args.parts}",
            f"--rounds {args.rounds} --tries {args.tries}",
            f"--batch {args.batch} --rate {args.rate:g}",
            f"--gains-cpu {args.gains_cpu[0]:g} {args.gains_cpu[1]:g} --seed {args.seed}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
