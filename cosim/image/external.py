# SPDX-License-Identifier: Apache-2.0
"""external : a network of 3x3 convolutions and pictures as the content of external memory.

Everything is data: a header at address 0 names tables, weights, program words and pictures by
address, so one firmware runs every such network. `layout_text()` is the firmware's view of the same
tables; firmware/lib/external.h says what the firmware does with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.errors import FirmwareError
from cosim.image.emit import Settings
from cosim.image.sample import Sample
from cosim.mapping.packing import pack
from cosim.model.integer import pack_bits
from cosim.model.network import ConvStage, Network

__all__ = ["External", "external_image", "layout_text"]

MAGIC = 0x31_4D_49_58  # "XIM1"
KERNEL, GROUP, WORD, WORD_BITS = 3, 2, 4, 32
ROWS_A_CHUNK = 8  # outputs of an FC layer that are fetched together
LUT_MAX = 512
PAGE = (
    1024  # a burst ends at one: a sample's few rows fit in, or their split would pass for a slope
)
_POOL = {"none": 0, "max": 1, "sum": 2}

# every field is one 32-bit word
HEADER = (
    ("magic", "what this is"),
    ("images", "pictures"),
    ("channels", "of a picture"),
    ("rows", "of a picture"),
    ("cols", "of a picture"),
    ("pixels", "address of the first picture"),
    ("stages", "convolution stages"),
    ("stage_table", "address of their table"),
    ("features", "inputs of the FC stack"),
    ("classes", "outputs of the FC stack"),
    ("layers", "FC layers"),
    ("layer_table", "address of their table"),
    ("program", "address of the macro's program words"),
    ("program_words", "how many"),
    ("plane_bytes", "of the larger planes of a stage, border included"),
    ("group_bytes", "of the largest group of weights"),
    ("sums", "of the largest group"),
    ("chunk_bytes", "of the largest part of an FC layer"),
    ("widest", "outputs of the widest FC layer"),
    ("n_macro", "macros"),
    ("settle_cycles", "of an evaluation"),
    ("conv_cycles", "of an evaluation"),
    ("prog_cycles", "of a program word"),
    ("wait_interrupt", "1: wfi and interrupt, 0: imac.wait"),
    ("print_checksum", "1: a line with the features' checksum"),
    ("print_features", "1: a line with all features"),
)
STAGE = (
    ("c_in", "input channels"),
    ("rows", "of input and sums"),
    ("cols", "of input and sums"),
    ("pitch", "bytes from row to row of the input"),
    ("groups", "groups of two output channels"),
    ("c_out", "output channels"),
    ("pool", "nn_pool_t"),
    ("shift", "of the requantisation"),
    ("relu", "1: clip at 0"),
    ("weights", "address of the first group"),
    ("group_bytes", "from group to group"),
)
LAYER = (
    ("n_in", "inputs, bias not counted"),
    ("n_out", "outputs"),
    ("words", "first layer: words of a row of bits; else 0"),
    ("rows", "address of the first part of ROWS_A_CHUNK outputs"),
    ("chunk_bytes", "from part to part"),
    ("table", "address of the neuron's table"),
    ("table_size", "its entries"),
    ("lut_shift", "of the sum"),
    ("lut_offset", "of the place in the table, signed"),
)
Table = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class External:
    """`data` from address 0; `arena_bytes` of RAM that the firmware takes besides its image."""

    data: bytes
    arena_bytes: int

    def hex_words(self) -> str:
        """For `$readmemh`: 32-bit words, lowest byte first."""
        words = np.frombuffer(self.data, "<u4")
        return "@0\n" + "\n".join(f"{word:08x}" for word in words.tolist()) + "\n"


class _Memory:
    """Grows from address 0, a word at a time."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def put(self, data: bytes, align: int = WORD) -> int:
        """Appends whole words; returns the address."""
        before = bytes(-self.size % align)
        padded = before + data + bytes(-len(data) % WORD)
        self.parts.append(padded)
        self.size += len(padded)
        return self.size - len(padded) + len(before)


def external_image(
    network: Network,
    images: NDArray[np.uint8],
    settings: Settings,
    sample: Sample | None = None,
) -> External:
    """External memory for `images` (n, channels, rows, columns) through `network`.

    With `sample` a part of the pictures and of the stages, a word of inputs of the first FC layer,
    no program words; the buffers stay those of the whole network.
    """
    shapes = _checked(network)
    memory, align = _Memory(), WORD
    memory.put(bytes(WORD * len(HEADER)))
    indexed = tuple(enumerate(zip(network.convs, shapes, strict=True)))
    whole = [_shape(index, stage, shape) for index, (stage, shape) in indexed]
    stages = [_stage(memory, index, stage, shape, sample) for index, (stage, shape) in indexed]
    fc = _Memory() if sample is not None else memory
    layers = [_layer(fc, network, index) for index in range(len(network.fc))]
    sizes = {
        "plane_bytes": max(_plane_bytes(stage) for stage in whole),
        "group_bytes": max(stage["group_bytes"] for stage in whole),
        "sums": max(GROUP * stage["rows"] * stage["cols"] for stage in whole),
        "chunk_bytes": max(layer["chunk_bytes"] for layer in layers),
        "widest": max(layer["n_out"] for layer in layers),
    }
    program = pack(network.fc)
    if sample is not None:
        layers, program = [_layer(memory, network, 0, word=True)], program[:0]
        images, align = images[:, : sample.inputs, : sample.rows], PAGE
    channels, rows, cols = images.shape[1:]
    header = {
        "magic": MAGIC,
        "images": len(images),
        "channels": channels,
        "rows": rows,
        "cols": cols,
        "stages": len(stages),
        "stage_table": memory.put(_words(STAGE, stages)),
        "features": network.n_features,
        "classes": network.n_classes,
        "layers": len(layers),
        "layer_table": memory.put(_words(LAYER, layers)),
        "program": memory.put(program.astype("<u4").tobytes()),
        "program_words": len(program),
        "pixels": memory.put(np.ascontiguousarray(images).tobytes(), align),
        **sizes,
        **{name: int(value) for name, value in vars(settings).items()},
    }
    data = bytearray(b"".join(memory.parts))
    data[: WORD * len(HEADER)] = _words(HEADER, [header])
    arena_bytes = _arena({**header, "layers": len(network.fc)})
    return External(data=bytes(data), arena_bytes=arena_bytes)


def _arena(header: dict[str, int]) -> int:
    """RAM that firmware/lib/external.c takes, in its order."""
    buffers = (
        2 * header["plane_bytes"],
        2 * max(header["group_bytes"], header["chunk_bytes"]),
        WORD * header["sums"],
        header["features"],
        WORD * (header["features"] // 32 + 1),
        2 * header["widest"],
        WORD * (len(STAGE) * header["stages"] + len(LAYER) * header["layers"]),
        LUT_MAX * header["layers"],
    )
    return sum(-(-size // WORD) * WORD for size in buffers)


def _checked(network: Network) -> list[tuple[int, int, int]]:
    """Input shape of each stage; FirmwareError for what the firmware cannot do."""
    shapes = [network.image_shape, *network.stage_shapes()[:-1]]
    if network.pad:
        raise FirmwareError(f"{network.name}: pictures are padded by their stage, not by pad")
    if network.image_shape[2] % WORD:
        raise FirmwareError(f"{network.name}: a picture's row must be whole words of pixels")
    last = len(network.convs)
    for index, (stage, shape) in enumerate(zip(network.convs, shapes, strict=True), start=1):
        if (stage.kernel, stage.pad) != (KERNEL, 1):
            raise FirmwareError(
                f"conv{index}: this firmware has 3x3 kernels with a border of 1 only, got"
                f" {stage.kernel}x{stage.kernel} with {stage.pad}"
            )
        if shape[1] % 2 or shape[2] % 2:
            raise FirmwareError(f"conv{index}: rows and columns must be even, got {shape[1:]}")
        if index < last and not stage.relu:
            raise FirmwareError(f"conv{index}: only the last stage may go without ReLU")
    return shapes


def _group_bytes(c_in: int) -> int:
    """A group: its biases, then [c_in][kernel row][channel][kernel column], whole words."""
    return -(-GROUP * (WORD + c_in * KERNEL * KERNEL) // WORD) * WORD


def _shape(index: int, stage: ConvStage, shape: tuple[int, int, int]) -> dict[str, int]:
    """A stage's row of the table, without the address of its weights."""
    c_out, c_in = stage.weight.shape[:2]
    _, rows, cols = shape
    return {
        "c_in": c_in,
        "rows": rows,
        "cols": cols,
        # the DMA writes whole words: a picture's rows begin on one
        "pitch": cols + (WORD if index == 0 else 1),
        "groups": -(-c_out // GROUP),
        "c_out": c_out,
        "pool": _POOL[stage.pool],
        "shift": stage.shift,
        "relu": int(stage.relu),
        "group_bytes": _group_bytes(c_in),
    }


def _stage(
    memory: _Memory,
    index: int,
    stage: ConvStage,
    shape: tuple[int, int, int],
    sample: Sample | None,
) -> dict[str, int]:
    row, weight, bias = _shape(index, stage, shape), stage.weight, stage.bias
    if sample is not None:
        n_out = GROUP * sample.channels
        weight, bias = weight[:n_out, : sample.inputs], bias[:n_out]
        if sample.live is not None:
            weight = weight.copy()
            weight[:, sample.live :] = 0
        row["rows"] = min(row["rows"], sample.rows)
    c_out, c_in = weight.shape[:2]
    groups, size = -(-c_out // GROUP), _group_bytes(c_in)
    padded = np.zeros((groups * GROUP, c_in, KERNEL, KERNEL), np.int8)
    biases = np.zeros(groups * GROUP, "<i4")
    padded[:c_out], biases[:c_out] = weight, bias
    ordered = padded.reshape(groups, GROUP, c_in, KERNEL, KERNEL).transpose(0, 2, 3, 1, 4)
    blocks = [
        biases[GROUP * g : GROUP * (g + 1)].tobytes() + np.ascontiguousarray(ordered[g]).tobytes()
        for g in range(groups)
    ]
    at = memory.put(b"".join(block.ljust(size, b"\0") for block in blocks))
    return {**row, "c_in": c_in, "groups": groups, "group_bytes": size, "weights": at}


def _plane_bytes(stage: dict[str, int]) -> int:
    """As nn_planes_bytes, and the three bytes that put a picture's rows on words."""
    lines = stage["c_in"] * (stage["rows"] + 1) + 1
    return -(-(lines * stage["pitch"] + 1) // WORD) * WORD + WORD


def _layer(memory: _Memory, network: Network, index: int, *, word: bool = False) -> dict[str, int]:
    """The CPU's view of an FC layer: parts of ROWS_A_CHUNK outputs, each part's arrays in a row.

    With `word` the first part alone, of a word of inputs.
    """
    weight, lut = network.fc_cpu[index], network.luts[index]
    if word:
        weight = weight[:WORD_BITS, :ROWS_A_CHUNK]
    rows = weight.T
    if len(lut.table) > LUT_MAX:
        raise FirmwareError(f"fc{index + 1}: neuron table of {len(lut.table)} entries, not 512")
    n_in, n_out = len(weight) - 1, weight.shape[1]
    parts = []
    for at in range(0, n_out, ROWS_A_CHUNK):
        part = rows[at : at + ROWS_A_CHUNK]
        part = np.pad(part, ((0, ROWS_A_CHUNK - len(part)), (0, 0)))
        if index:
            parts.append(np.ascontiguousarray(part).tobytes())
        else:
            plus, used = (pack_bits(bits.astype(np.uint8)) for bits in (part == 1, part != 0))
            n_used = (part != 0).sum(axis=1).astype("<i2")
            parts.append(b"".join(a.tobytes() for a in (plus, used, n_used)))
    size = -(-len(parts[0]) // WORD) * WORD
    return {
        "n_in": n_in,
        "n_out": n_out,
        "words": -(-len(weight) // 32) if index == 0 else 0,
        "rows": memory.put(b"".join(part.ljust(size, b"\0") for part in parts)),
        "chunk_bytes": size,
        "table": memory.put(lut.table.tobytes().ljust(LUT_MAX, b"\0")),
        "table_size": len(lut.table),
        "lut_shift": lut.shift,
        "lut_offset": lut.offset,
    }


def _words(table: Table, rows: Sequence[dict[str, int]]) -> bytes:
    """Rows of a table as words, in the order of its fields."""
    values = [[row[name] & 0xFFFF_FFFF for name, _ in table] for row in rows]
    return np.array(values, "<u4").tobytes()


def layout_text() -> str:
    """external_layout.h."""
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* external_layout.h : generated from cosim/image/external.py; do not edit */",
        "#ifndef EXTERNAL_LAYOUT_H",
        "#define EXTERNAL_LAYOUT_H",
        "",
        "#include <stdint.h>",
        "",
        f"#define EXTERNAL_MAGIC 0x{MAGIC:08x}u",
        f"#define EXTERNAL_ROWS_A_CHUNK {ROWS_A_CHUNK}u /* outputs of a part of an FC layer */",
        f"#define EXTERNAL_LUT_MAX {LUT_MAX}u /* bytes of a neuron's table */",
    ]
    for name, table in (("header", HEADER), ("stage", STAGE), ("layer", LAYER)):
        lines += ["", "typedef struct {"]
        for field, text in table:
            kind = "int32_t" if field == "lut_offset" else "uint32_t"
            lines.append(f"\t{kind} {field}; /* {text} */")
        lines.append(f"}} external_{name}_t;")
    return "\n".join([*lines, "", "#endif", ""])
