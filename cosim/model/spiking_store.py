# SPDX-License-Identifier: Apache-2.0
"""spiking_store : reads and writes a binary spiking network as one .npz file, strictly.

Keys: `enc_w` int8 (c, c_in, 3, 3), `enc_b` int32; of layer k from 1 `layer<k>_w` uint8, the bits of
(c_out, c_in, 3, 3) in that order, 1 for +1, first bit in the highest place (`numpy.packbits`);
of neurons k from 0 (0: the encoder's) `theta<k>` int32 (steps, c) and `reset<k>` int32 (c,);
`skip<k>` int32 where layer k has one; `out_w` bits of (features, classes), `out_b` int32; `meta`, a
JSON text with `name`, `kind` "spiking", `image_shape`, `steps`, `encoder_pool`, `layers` (a list of
`{c_in, c_out}`), `pools` (or-pooling by neurons, the encoder's first), `out_shape`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.npz import read_npz
from cosim.model.spiking import KERNEL, Encoder, Neurons, SpikingLayer, SpikingNetwork
from cosim.model.store import DATA_DIR

__all__ = ["load_spiking", "save_spiking"]

KIND = "spiking"
_META_KEYS = (
    *("name", "kind", "image_shape", "steps"),
    *("encoder_pool", "layers", "pools", "out_shape"),
)
Arrays = Mapping[str, NDArray[Any]]


def save_spiking(network: SpikingNetwork, path: Path) -> None:
    """Writes `network` so that `load_spiking` gives it back."""
    neurons = [network.encoder.neurons, *(layer.neurons for layer in network.layers)]
    meta = {
        **network.meta,
        "name": network.name,
        "kind": KIND,
        "image_shape": list(network.image_shape),
        "steps": network.steps,
        "encoder_pool": network.encoder.pool,
        "layers": [
            {"c_in": layer.weight.shape[1], "c_out": layer.weight.shape[0]}
            for layer in network.layers
        ],
        "pools": [each.pool for each in neurons],
        "out_shape": list(network.readout.shape),
    }
    arrays: dict[str, NDArray[Any]] = {
        "meta": np.array(json.dumps(meta)),
        "enc_w": network.encoder.weight,
        "enc_b": network.encoder.bias,
        "out_w": np.packbits(network.readout > 0),
        "out_b": network.readout_bias,
    }
    for index, layer in enumerate(network.layers, start=1):
        arrays[f"layer{index}_w"] = np.packbits(layer.weight > 0)
        if layer.skip is not None:
            arrays[f"skip{index}"] = layer.skip
    for index, each in enumerate(neurons):
        arrays[f"theta{index}"], arrays[f"reset{index}"] = each.threshold, each.reset
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # numpy's stub mixes in allow_pickle


def load_spiking(name_or_path: str | Path) -> SpikingNetwork:
    """The network of that shipped name or file; ModelError says what is wrong with it."""
    path = DATA_DIR / f"{name_or_path}.npz"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise ModelError(f"no spiking model {str(name_or_path)!r}: neither shipped nor a file")
    arrays = read_npz(path)
    try:
        return _network(arrays)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def _network(arrays: Arrays) -> SpikingNetwork:
    meta = _meta(arrays)
    pools: Sequence[bool] = meta["pools"]
    sizes = [(int(entry["c_out"]), int(entry["c_in"])) for entry in meta["layers"]]
    if len(pools) != 1 + len(sizes):
        raise ModelError(f"meta: {len(pools)} pools for an encoder and {len(sizes)} layers")
    return SpikingNetwork(
        name=str(meta["name"]),
        image_shape=tuple(meta["image_shape"]),
        steps=int(meta["steps"]),
        encoder=Encoder(
            weight=_get(arrays, "enc_w"),
            bias=_get(arrays, "enc_b"),
            pool=bool(meta["encoder_pool"]),
            neurons=_neurons(arrays, 0, pools[0]),
        ),
        layers=tuple(
            SpikingLayer(
                weight=_signs(arrays, f"layer{index}_w", (*size, KERNEL, KERNEL)),
                neurons=_neurons(arrays, index, pools[index]),
                skip=arrays.get(f"skip{index}"),
            )
            for index, size in enumerate(sizes, start=1)
        ),
        readout=_signs(arrays, "out_w", tuple(meta["out_shape"])),
        readout_bias=_get(arrays, "out_b"),
        meta={key: value for key, value in meta.items() if key not in _META_KEYS},
    )


def _neurons(arrays: Arrays, index: int, pool: bool) -> Neurons:
    return Neurons(
        threshold=_get(arrays, f"theta{index}"),
        reset=_get(arrays, f"reset{index}"),
        pool=bool(pool),
    )


def _signs(arrays: Arrays, key: str, shape: tuple[int, ...]) -> NDArray[np.int8]:
    packed, count = _get(arrays, key), int(np.prod(shape))
    if packed.dtype != np.uint8 or packed.shape != (-(-count // 8),):
        raise ModelError(f"{key} must be {-(-count // 8)} bytes of bits, got {packed.shape}")
    bits = np.unpackbits(packed, count=count)
    return (2 * bits.astype(np.int8) - 1).reshape(shape)


def _meta(arrays: Arrays) -> dict[str, Any]:
    try:
        meta = json.loads(str(_get(arrays, "meta")))
    except json.JSONDecodeError as error:
        raise ModelError(f"meta is not JSON ({error})") from None
    missing = [key for key in _META_KEYS if not isinstance(meta, dict) or key not in meta]
    if missing:
        raise ModelError(f"meta lacks {', '.join(missing)}")
    if meta["kind"] != KIND:
        raise ModelError(f"meta: kind must be {KIND!r}, got {meta['kind']!r}")
    return dict(meta)


def _get(arrays: Arrays, key: str) -> NDArray[Any]:
    if key not in arrays:
        raise ModelError(f"array {key} is missing")
    return arrays[key]
