# SPDX-License-Identifier: Apache-2.0
"""accuracy : shares of rightly classified images, hybrid with ideal macro and CPU-only twin.

`python -m cosim.model.accuracy lenet5 --data DIR` prints them as JSON for the test split.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cosim.model.colour import load_for
from cosim.model.datasets import Dataset
from cosim.model.fc import Circuit, codes_from_volts, fc_volts
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes

__all__ = ["accuracy", "main"]


def accuracy(
    network: Network, dataset: Dataset, circuit: Circuit | None = None
) -> dict[str, float]:
    """Percent right: `hybrid` (balanced columns), `hybrid_exact_columns`, `cpu_only`."""
    circuit = circuit or Circuit.of(network)
    bits = feature_bits(features(network, dataset.images))

    def percent(codes: object) -> float:
        return float(100 * (argmax_class(codes) == dataset.labels).mean())  # type: ignore[arg-type]

    return {
        "hybrid": percent(codes_from_volts(fc_volts(network, bits, circuit), circuit)),
        "hybrid_exact_columns": percent(
            codes_from_volts(fc_volts(network, bits, circuit, column="exact"), circuit)
        ),
        "cpu_only": percent(twin_codes(network, bits)),
    }


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m cosim.model.accuracy", description=__doc__)
    parser.add_argument("model", help="shipped name or .npz file")
    parser.add_argument("--data", type=Path, help="folder of IDX files; default: built-in images")
    args = parser.parse_args(argv)
    network = load_network(args.model)
    dataset = load_for(network, args.data)
    result = {
        "source": dataset.source,
        "images": len(dataset.images),
        **accuracy(network, dataset),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
