# SPDX-License-Identifier: Apache-2.0
"""store : reads and writes a network as one .npz file, strictly.

Keys: `conv<k>_w` int8 (c_out, c_in, k, k), `conv<k>_b` int32, `conv<k>_shift`; `w<k>` int8
(n_in, n_out) and `b<k>` int8 (n_out,) of FC layer k from 0, and `cpu_w<k>`, `cpu_b<k>` likewise
where the CPU-only twin has its own; `lut<k>` uint8, `lut_shift` and `lut_offset` int32 (one a
layer); `neuron_vin_v`, `neuron_vout_v`; `meta`, a JSON text with `name`, `image_shape`, `pad`,
`convs` (a list of `{relu, pool, pad}`, `pad` 0 where it is missing) and what says how the weights
were made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.network import ConvStage, Lut, Network
from cosim.model.npz import read_npz

__all__ = ["DATA_DIR", "load_network", "model_names", "save_network"]

DATA_DIR = Path(__file__).parent / "data"
SPIKING_PREFIX = "snn_"
_META_KEYS = ("name", "image_shape", "pad", "convs")


def model_names() -> list[str]:
    """Names of the shipped networks; spiking ones are `spiking_store.py`'s."""
    stems = (path.stem for path in DATA_DIR.glob("*.npz"))
    return sorted(stem for stem in stems if not stem.startswith(SPIKING_PREFIX))


def load_network(name_or_path: str | Path) -> Network:
    """The network of that shipped name or file; ModelError says what is wrong with it."""
    path = _find(name_or_path)
    arrays = read_npz(path)
    try:
        return _network(arrays)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def save_network(network: Network, path: Path) -> None:
    """Writes `network` so that `load_network` gives it back."""
    meta = {
        **network.meta,
        "name": network.name,
        "image_shape": list(network.image_shape),
        "pad": network.pad,
        "convs": [
            {"relu": stage.relu, "pool": stage.pool, "pad": stage.pad} for stage in network.convs
        ],
    }
    arrays: dict[str, NDArray[Any]] = {
        "meta": np.array(json.dumps(meta)),
        "neuron_vin_v": network.neuron_vin_v,
        "neuron_vout_v": network.neuron_vout_v,
        "lut_shift": np.array([lut.shift for lut in network.luts], dtype=np.int32),
        "lut_offset": np.array([lut.offset for lut in network.luts], dtype=np.int32),
    }
    for index, stage in enumerate(network.convs, start=1):
        arrays[f"conv{index}_w"] = stage.weight
        arrays[f"conv{index}_b"] = stage.bias
        arrays[f"conv{index}_shift"] = np.array(stage.shift, dtype=np.int32)
    for index, (weight, lut) in enumerate(zip(network.fc, network.luts, strict=True)):
        arrays[f"w{index}"], arrays[f"b{index}"] = weight[:-1], weight[-1]
        arrays[f"lut{index}"] = lut.table
    for index, weight in enumerate(network.fc_own):
        arrays[f"cpu_w{index}"], arrays[f"cpu_b{index}"] = weight[:-1], weight[-1]
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # numpy's stub mixes in allow_pickle


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if text in model_names():
        return DATA_DIR / f"{text}.npz"
    path = Path(text)
    if not path.is_file():
        raise ModelError(f"no model {text!r}: neither a file nor one of {', '.join(model_names())}")
    return path


def _network(arrays: Mapping[str, NDArray[Any]]) -> Network:
    meta = _meta(arrays)
    n_fc = sum(1 for key in arrays if key.startswith("w") and key[1:].isdigit())
    stages = []
    for index, entry in enumerate(meta["convs"], start=1):
        try:
            stages.append(
                ConvStage(
                    weight=_get(arrays, f"conv{index}_w"),
                    bias=_get(arrays, f"conv{index}_b"),
                    shift=_scalar(_get(arrays, f"conv{index}_shift"), f"conv{index}_shift"),
                    relu=bool(entry["relu"]),
                    pool=entry["pool"],
                    pad=entry.get("pad", 0),
                )
            )
        except ModelError as error:
            text = str(error)
            raise ModelError(text if f"conv{index}" in text else f"conv{index}: {text}") from None
    own = any(key.startswith("cpu_") for key in arrays)
    shifts = _get(arrays, "lut_shift")
    offsets = _get(arrays, "lut_offset")
    if shifts.shape != (n_fc,) or offsets.shape != (n_fc,):
        raise ModelError(f"lut_shift and lut_offset must have one value for each of {n_fc} layers")
    return Network(
        name=str(meta["name"]),
        image_shape=tuple(meta["image_shape"]),
        pad=meta["pad"],
        convs=tuple(stages),
        fc=tuple(_fc(arrays, index) for index in range(n_fc)),
        luts=tuple(
            Lut(
                table=_get(arrays, f"lut{index}"),
                shift=int(shifts[index]),
                offset=int(offsets[index]),
            )
            for index in range(n_fc)
        ),
        neuron_vin_v=_get(arrays, "neuron_vin_v"),
        neuron_vout_v=_get(arrays, "neuron_vout_v"),
        meta={key: value for key, value in meta.items() if key not in _META_KEYS},
        fc_own=tuple(_fc(arrays, index, "cpu_") for index in range(n_fc if own else 0)),
    )


def _meta(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    try:
        meta = json.loads(str(_get(arrays, "meta")))
    except json.JSONDecodeError as error:
        raise ModelError(f"meta is not JSON ({error})") from None
    if isinstance(meta, dict) and meta.get("kind") == "spiking":
        raise ModelError("a spiking network: cosim.model.spiking_store reads it")
    missing = [key for key in _META_KEYS if not isinstance(meta, dict) or key not in meta]
    if missing:
        raise ModelError(f"meta lacks {', '.join(missing)}")
    shape_ok = isinstance(meta["image_shape"], list) and all(
        isinstance(side, int) for side in meta["image_shape"]
    )
    convs_ok = isinstance(meta["convs"], list) and all(
        isinstance(entry, dict)
        and {"relu", "pool"} <= set(entry)
        and isinstance(entry.get("pad", 0), int)
        for entry in meta["convs"]
    )
    if not (shape_ok and convs_ok and isinstance(meta["pad"], int)):
        raise ModelError("meta: image_shape, pad or convs is malformed")
    return dict(meta)


def _fc(arrays: Mapping[str, NDArray[Any]], index: int, kind: str = "") -> NDArray[np.int8]:
    w, b = f"{kind}w{index}", f"{kind}b{index}"
    weight, bias = _get(arrays, w), _get(arrays, b)
    if weight.ndim != 2 or bias.shape != weight.shape[1:]:
        raise ModelError(f"{w} {weight.shape} and {b} {bias.shape} do not form one FC layer")
    if weight.dtype != np.int8 or bias.dtype != np.int8:
        raise ModelError(f"{w} and {b} must be int8, got {weight.dtype}, {bias.dtype}")
    return np.concatenate([weight, bias[None, :]])


def _get(arrays: Mapping[str, NDArray[Any]], key: str) -> NDArray[Any]:
    if key not in arrays:
        raise ModelError(f"array {key} is missing")
    return arrays[key]


def _scalar(array: NDArray[Any], key: str) -> int:
    if array.shape != () or not np.issubdtype(array.dtype, np.integer):
        raise ModelError(f"{key} must be one integer, got {array.dtype} {array.shape}")
    return int(array)
