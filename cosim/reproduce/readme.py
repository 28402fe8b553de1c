# SPDX-License-Identifier: Apache-2.0
"""readme : the README's table of results, made from the committed rows.

`python -m cosim.reproduce.readme` writes it and `results/reproduction.md` again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from cosim import tools
from cosim.errors import UserInputError
from cosim.reproduce.committed import FOLDER, System, markdown, read
from cosim.reproduce.entry import Finding
from cosim.reproduce.text import cell, replace_file

__all__ = ["ROWS", "block", "main", "placed", "update"]

BEGIN = "<!-- results: made by `python -m cosim.reproduce.readme`; do not edit -->"
END = "<!-- end of results -->"
HEADS = ("system and command", "result", "published", "ours", "deviation", "engine")
# of each entry those results that a reader should see first
ROWS: dict[str, tuple[str, ...]] = {
    "lenet-saving": (
        "energy saved by the macro, LeNet-5",
        "energy of an image, CPU alone",
        "energy of an image, CPU and macro",
        "FC layers: cycles on the CPU over cycles with the macro",
    ),
    "neuron": (
        "steepest slope of the curve",
        "delay of the neuron",
        "power over the MRAM neuron's: CMOS without resistors",
        "power over the MRAM neuron's: differential pair",
        "power over the MRAM neuron's: digital table and its converter",
        "area over the MRAM neuron's: digital table",
    ),
    "vgg-accuracy": ("accuracy on CIFAR-10, FC layers in the circuit",),
    "vgg-saving": (
        "energy saved by the macro, VGG",
        "energy of an image, VGG, CPU alone",
    ),
    "vgg16": (
        "energy saved by the macro, VGG-16 widths",
        "share of the FC layers in the energy, VGG-16 widths, CPU alone",
        "cycles of an image, VGG-16 widths, CPU alone",
    ),
    "mlp": (
        "accuracy of the circuit, 784-16-10",
        "accuracy of the mixed-signal macro, 784-16-10",
        "accuracy of the CPU alone, 784-16-10",
        "FC layers, first push to last pop",
        "FC layers of the MLP: cycles on the CPU over those with the macro",
        "energy of an evaluation in the macro",
        "energy of an image of the MLP, CPU alone",
        "energy of an image of the MLP, CPU and macro",
        "mixed-signal power over ours: a converter for each row part",
        "mixed-signal latency over ours: a converter for each row part",
        "mixed-signal energy over ours: a converter for each row part",
        "mixed-signal power over ours: the same, rows on until the last conversion",
        "mixed-signal latency over ours: the same, rows on until the last conversion",
        "mixed-signal energy over ours: the same, rows on until the last conversion",
        "mixed-signal latency over ours, the slowest of these",
        "a GPU's latency over the evaluation's",
    ),
    "imac-sim": ("power, MRAM", "accuracy, MRAM", "power, PCM", "accuracy, PCM"),
    "partitions": ("accuracy of the circuit, tiles of 26x15",),
    "stt-bsnn": (
        "operations per joule, 1x288 subarray",
        "accuracy on MNIST, every spike decided by the circuit",
        "binary layers of the spiking network: cycles on the CPU over those with tiles",
        "energy of an image of the spiking network, CPU alone",
        "energy of an image of the spiking network, CPU and tiles",
    ),
    "stt-bsnn-cifar": ("accuracy on CIFAR-10",),
}


def block(systems: Mapping[str, System]) -> str:
    """The table with its marks; a result that is not there is an error."""
    lines = [BEGIN, "| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    for name, system in systems.items():
        rows = {finding.result: finding for finding in system.findings}
        begin = f"{cell(system.title)}: `cosim reproduce {name}`"
        for result in ROWS.get(name, ()):
            if result not in rows:
                raise UserInputError(
                    f"reproduction {name} has no result {result!r}: change ROWS of readme.py"
                )
            lines.append(_line(begin, rows[result]))
            begin = ""  # a system is named in its first row
    return "\n".join([*lines, END])


def _line(begin: str, finding: Finding) -> str:
    words = (
        finding.result,
        finding.published_text,
        finding.ours_text,
        finding.deviation,
        finding.engine,
    )
    return f"| {begin} | " + " | ".join(cell(word) for word in words) + " |"


def placed(text: str, made: str) -> str:
    """A page with the table between its marks replaced."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end or BEGIN in after:
        raise UserInputError(f"README.md needs one pair of lines {BEGIN} and {END}")
    return before + made + after


def update(systems: Mapping[str, System], path: Path | None = None) -> None:
    """Write the table into the README."""
    page = path or tools.repo_root() / "README.md"
    old = page.read_text(encoding="utf-8")
    new = placed(old, block(systems))
    if new != old:
        replace_file(page, new)


def main() -> int:
    """Make both texts again."""
    systems = read()
    replace_file(FOLDER / "reproduction.md", markdown(systems.values()))
    update(systems)
    return 0


if __name__ == "__main__":
    sys.exit(main())
