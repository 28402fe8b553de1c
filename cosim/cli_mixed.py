# SPDX-License-Identifier: Apache-2.0
"""cli_mixed : what `cosim accuracy` does with a design of the mixed-signal macro."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cosim.errors import UserInputError

__all__ = ["mixed_accuracy"]


def mixed_accuracy(
    what: dict[str, str],
    images: int | None,
    data: Path | None,
    sets: list[str],
    *,
    seed: int,
    dies: int | None = None,
    noise: bool = False,
    spot: float | None = None,
) -> dict[str, Any]:
    """Accuracy on each die, with noise, or of the nominal circuit: what each of them prints.

    `what` names model, engine and design.
    """
    from cosim.analog.dies import die_accuracy
    from cosim.mixed.design import load_mixed
    from cosim.mixed.die import mixed_dies
    from cosim.mixed.forward import classify_mixed
    from cosim.model.colour import load_for
    from cosim.model.integer import feature_bits, features
    from cosim.model.store import load_network

    if spot is not None:
        raise UserInputError(
            "--spot-check is of analog macros: leave it out for a mixed-signal one"
        )
    chosen, network = load_mixed(what["design"], sets), load_network(what["model"])
    dataset = load_for(network, data)
    if images is not None:
        dataset = dataset.first(images)
    bits = feature_bits(features(network, dataset.images))
    drawn = [None] if dies is None else mixed_dies(chosen, network.fc_sizes, seed, dies)
    classes = classify_mixed(
        network.fc, bits, chosen, drawn, engine=what["engine"], noise_seed=seed if noise else None
    )
    count = len(dataset.images)
    common = {**what, "source": dataset.source, "design": chosen.name, "images": count}
    if dies is None and not noise:
        right = int((classes[0] == dataset.labels).sum())
        return {**common, "right": right, "percent": 100 * right / count}
    found = die_accuracy(classes, dataset.labels, seed=seed, noise=noise)
    return {**common, "nominal": dies is None, **found.as_dict()}
