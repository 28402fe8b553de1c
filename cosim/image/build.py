# SPDX-License-Identifier: Apache-2.0
"""build : turns a program, a network and pictures into a RAM image for the SoC.

A program of APPS_EXTERNAL has its network in external memory (external.py). The result lies in
build/image/<app>-<hash>/, where the hash covers every input, so building the
same image again costs nothing. manifest.json says what is in it: settings, sizes, symbols, hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import FirmwareError
from cosim.gen import c_header
from cosim.image.emit import Settings, write_sources
from cosim.image.external import External, external_image
from cosim.image.generate import write_headers
from cosim.image.regions import header_text
from cosim.model.network import ConvStage, Network
from cosim.regmap import RAM_WORDS
from cosim.tools import RiscvTool, build_dir, repo_root, riscv_gcc

if TYPE_CHECKING:
    from cosim.image.spiking import SpikingImage

__all__ = ["APPS_EXTERNAL", "APPS_SPIKING", "APPS_WITH_NETWORK", "Image", "build_image"]

APPS_WITH_NETWORK = ("lenet5", "lenet5_cpu", "mlp", "mlp_cpu", "selftest")
APPS_EXTERNAL = ("vgg", "vgg_cpu")
APPS_SPIKING = ("snn", "snn_cpu")
EXTERNAL_HEX = "external.hex"
STACK_BYTES = 4096  # as firmware/common.mk
_MAKE_TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class Image:
    """Files of one image; `manifest` is the content of manifest.json."""

    elf: Path
    hex: Path  # 32-bit words for $readmemh
    manifest: Mapping[str, Any]
    external: Path | None = None  # the same for external memory


def build_image(
    app: str,
    network: Network | None = None,
    images: NDArray[np.uint8] | None = None,
    *,
    settings: Settings | None = None,
    ram_words: int = RAM_WORDS,
    folder: Path | None = None,
    spiking: SpikingImage | None = None,
) -> Image:
    """Builds `app`. Programs with a network need `network` and `images` (n, rows, columns) uint8,
    those with a spiking one `spiking`.

    `folder` is where built images are kept (default build/image). Raises FirmwareError with the
    compiler's first complaint, or when the image does not fit in `ram_words` words of RAM.
    """
    source = repo_root() / "firmware" / "apps" / app
    if not (source / "Makefile").is_file():
        known = sorted(path.parent.name for path in source.parent.glob("*/Makefile"))
        raise FirmwareError(f"no program {app!r} in firmware/apps (there are {', '.join(known)})")
    settings = settings or Settings()
    if app in (*APPS_WITH_NETWORK, *APPS_EXTERNAL):
        network, images = _checked(app, network, images)
    if app in APPS_SPIKING and spiking is None:
        raise FirmwareError(f"{app} needs a spiking network")
    job = _Job(
        app=app,
        network=network,
        images=images,
        settings=settings,
        ram_words=ram_words,
        tool=riscv_gcc(),
        spiking=spiking,
    )
    digest = _digest(job)
    target = (folder or build_dir() / "image") / f"{app}-{digest[:16]}"
    manifest_path = target / "manifest.json"
    if not manifest_path.is_file():
        _build(job, target, digest)
    return Image(
        elf=target / f"{app}.elf",
        hex=target / f"{app}.hex",
        manifest=json.loads(manifest_path.read_text()),
        external=target / EXTERNAL_HEX if app in APPS_EXTERNAL else None,
    )


def _checked(
    app: str, network: Network | None, images: NDArray[np.uint8] | None
) -> tuple[Network, NDArray[np.uint8]]:
    if network is None or images is None or len(images) == 0:
        raise FirmwareError(f"{app} needs a network and at least one image")
    channels, rows, cols = network.image_shape
    shapes = [(channels, rows, cols)] + ([(rows, cols)] if channels == 1 else [])
    if images.dtype != np.uint8 or images.shape[1:] not in shapes:
        raise FirmwareError(
            f"{app}: images must be uint8 {shapes[-1]}, got {images.dtype} {images.shape[1:]}"
        )
    return network, np.ascontiguousarray(images)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """Everything an image depends on, the firmware's sources apart."""

    app: str
    network: Network | None
    images: NDArray[np.uint8] | None
    settings: Settings
    ram_words: int
    tool: RiscvTool
    spiking: SpikingImage | None = None


def _digest(job: _Job) -> str:
    """Hash of everything the image depends on."""
    parts = [job.app, repr(job.settings), str(job.ram_words), job.tool.version]
    parts += [c_header(), header_text()]
    digest = hashlib.sha256("\0".join(parts).encode())
    firmware = repo_root() / "firmware"
    for path in sorted(firmware.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(firmware).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    for path in (Path(__file__), *map(Path(__file__).with_name, ("emit.py", "external.py"))):
        digest.update(path.read_bytes())
    if job.spiking is not None:
        for part in job.spiking.digest_parts():
            digest.update(part)
    if job.network is not None and job.images is not None:
        digest.update(_network_digest(job.network).encode())
        digest.update(job.images.tobytes())
    return digest.hexdigest()


def _network_digest(network: Network) -> str:
    """Hash of the numbers of a network, not of its meta data."""
    digest = hashlib.sha256(repr((network.image_shape, network.pad)).encode())
    for stage in network.convs:
        digest.update(repr(_settings_of(stage)).encode())
        digest.update(stage.weight.tobytes() + stage.bias.tobytes())
    for weight, lut in zip(network.fc, network.luts, strict=True):
        digest.update(repr((weight.shape, lut.shift, lut.offset)).encode())
        digest.update(weight.tobytes() + lut.table.tobytes())
    for weight in network.fc_own:
        digest.update(weight.tobytes())
    return digest.hexdigest()


def _settings_of(stage: ConvStage) -> tuple[Any, ...]:
    border = (stage.pad,) if stage.pad else ()
    return (stage.shift, stage.relu, stage.pool, stage.weight.shape, *border)


def _build(job: _Job, target: Path, digest: str) -> None:
    """Builds beside `target` and moves the result there whole, so a broken build leaves nothing."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{job.app}-", dir=target.parent))
    except OSError as error:
        raise FirmwareError(f"cannot write the image to {target}: {error.strerror}") from error
    elf = work / f"{job.app}.elf"
    try:
        write_headers(work)
        external = None
        if job.spiking is not None:
            from cosim.image.spiking import write_spiking  # noqa: PLC0415 - few programs have one

            write_spiking(work, job.spiking)
        if job.network is not None and job.images is not None:
            if job.app in APPS_EXTERNAL:
                external = external_image(job.network, job.images, job.settings)
                (work / EXTERNAL_HEX).write_text(external.hex_words())
            else:
                write_sources(work, job.network, job.images, job.settings)
        _make(job, work)
        manifest = {
            "app": job.app,
            "hash": digest,
            "settings": vars(job.settings),
            "ram_bytes": 4 * job.ram_words,
            "compiler": f"gcc {job.tool.version}",
            "network": None,
            **_sizes(elf, job.tool),
            "symbols": _symbols(elf, job.tool),
        }
        if external is not None:
            manifest |= _external_sizes(job, external, int(manifest["ram_used_bytes"]))
        if job.network is not None and job.images is not None:
            manifest["network"] = {
                "name": job.network.name,
                "hash": _network_digest(job.network),
                "fc_sizes": list(job.network.fc_sizes),
                "images": len(job.images),
            }
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        if not target.exists():
            work.rename(target)
    except OSError as error:
        raise FirmwareError(f"cannot write the image to {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _external_sizes(job: _Job, external: External, image_bytes: int) -> dict[str, int]:
    """Bytes in both memories; FirmwareError when the buffers do not fit into the RAM."""
    needed = image_bytes + external.arena_bytes + STACK_BYTES
    if needed > 4 * job.ram_words:
        raise FirmwareError(
            f"{job.app}: code, buffers and stack take {needed} bytes, the RAM has"
            f" {4 * job.ram_words}: use smaller layers or more RAM"
        )
    return {"ram_used_bytes": needed, "external_bytes": len(external.data)}


def _make(job: _Job, work: Path) -> None:
    app, cross = job.app, str(job.tool.gcc).removesuffix("gcc")
    argv = ["make", "-C", str(repo_root() / "firmware" / "apps" / app), "-s"]
    argv += ["--no-print-directory", f"BUILD={work}", f"GEN={work}"]
    argv += [f"CROSS={cross}", f"RAM_BYTES={4 * job.ram_words}"]
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=_MAKE_TIMEOUT_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise FirmwareError("`make` is not installed: `apt-get install make`") from None
    except subprocess.TimeoutExpired:
        raise FirmwareError(f"{app}: the compiler did not end in {_MAKE_TIMEOUT_S} s") from None
    if done.returncode != 0:
        output = done.stderr + done.stdout
        too_large = re.search(r"does not fit in RAM|will not fit in region|overflowed by", output)
        raise FirmwareError(f"{app}: {_too_large(job) if too_large else _complaint(output)}")


def _too_large(job: _Job) -> str:
    images = 0 if job.images is None else len(job.images)
    taken = 0 if job.images is None else job.images.nbytes
    return (
        f"does not fit in RAM of {4 * job.ram_words} bytes; its {images} images take {taken}:"
        " use fewer images or more RAM"
    )


def _complaint(output: str) -> str:
    """The one line of a compiler's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern in (r"error:", r"undefined reference", r"\*\*\*"):
        for line in lines:
            if re.search(pattern, line):
                return re.sub(r"^\S*/(?=[^/\s]+:)", "", line)
    return lines[0] if lines else "make failed without a message"


def _sizes(elf: Path, tool: RiscvTool) -> dict[str, Any]:
    """Bytes of code and data, and how much of the RAM they take."""
    out = _run([str(tool.size), "-A", "-d", str(elf)])
    sections = {m[1]: int(m[2]) for m in re.finditer(r"^(\.\w+)\s+(\d+)\s", out, re.MULTILINE)}
    used = sum(sections.get(name, 0) for name in _RAM_SECTIONS)
    return {"sections_bytes": sections, "ram_used_bytes": used}


_RAM_SECTIONS = (".text", ".rodata", ".image", ".data", ".bss", ".noinit")


def _symbols(elf: Path, tool: RiscvTool) -> dict[str, int]:
    """Addresses of global functions and objects."""
    out = _run([str(tool.objdump), "-t", str(elf)])
    pattern = r"^([0-9a-f]{8}) g[^\n]*\s(\S+)$"
    return {m[2]: int(m[1], 16) for m in re.finditer(pattern, out, re.MULTILINE)}


def _run(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FirmwareError(f"{Path(argv[0]).name}: {done.stderr.strip()}")
    return done.stdout
