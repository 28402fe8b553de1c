# SPDX-License-Identifier: Apache-2.0
"""test_lenet5 : the firmware on the RTL: bit-exact against NumPy, and inside its cycle budgets."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cosim.analog.characterise import neuron_curve
from cosim.analog.ideal_forward import ideal_forward
from cosim.bridge.build import verilate_bare
from cosim.bridge.soc import SocRun, run_soc, soc_rtl
from cosim.bridge.soc_config import MacroSpec
from cosim.design import load_design
from cosim.image.build import build_image
from cosim.image.emit import Settings
from cosim.image.regions import region_name
from cosim.model.datasets import builtin_mnist
from cosim.model.integer import feature_bits, features, fnv1a
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes
from cosim.trace.marks import Marks, read_marks

pytestmark = pytest.mark.system

EXACT_PICTURES, MANY_PICTURES = 6, 100
CPU_CYCLES_MAX = 3_500_000  # a picture, everything on the CPU
OFFLOAD_CYCLES_MAX = 300  # first push to last pop, beyond settling and conversion
MAX_CYCLES = 400_000_000
NETWORK = load_network("lenet5")
SLOW = pytest.mark.slow
TOL_CODE = 1  # ideal arithmetic in two orders of summation, either side of a rounding edge


@dataclass(frozen=True, kw_only=True)
class Line:
    label: int
    cycles: int
    fc_cycles: int
    codes: tuple[int, ...]
    features: tuple[int, ...] | None


def parse(console: str) -> list[Line]:
    """Lines of every picture, in order; a line of another form fails."""
    out = []
    blocks = re.split(r"^(?=image )", console, flags=re.MULTILINE)
    for index, block in enumerate(blocks[1:]):
        head = re.search(
            r"^image (\d+) class (\d+) cycles (\d+) fc_cycles (\d+) instret \d+$", block, re.M
        )
        codes = re.search(r"^codes (\d+)((?: \d+)+)$", block, re.M)
        assert head is not None, block
        assert codes is not None, block
        assert int(head[1]) == int(codes[1]) == index
        dump = re.search(r"^features \d+ ([0-9a-f]+)$", block, re.M)
        values = np.frombuffer(bytes.fromhex(dump[1]), np.int8).tolist() if dump else None
        check = re.search(r"^checksum \d+ 0x([0-9a-f]{8})$", block, re.M)
        if check is not None and values is not None:
            assert int(check[1], 16) == fnv1a(np.array(values, np.int8))
        out.append(
            Line(
                label=int(head[2]),
                cycles=int(head[3]),
                fc_cycles=int(head[4]),
                codes=tuple(int(code) for code in codes[2].split()),
                features=None if values is None else tuple(values),
            )
        )
    return out


def run_bare(hex_file: Path, folder: Path) -> tuple[str, Marks]:
    """Runs an image on the SoC alone: nobody at the macro's pins."""
    program = verilate_bare(soc_rtl())
    console, events = folder / "console.txt", folder / "marks.txt"
    argv = [str(program), f"+image={hex_file}", f"+console={console}", f"+events={events}"]
    subprocess.run([*argv, f"+max_cycles={MAX_CYCLES}"], check=True, capture_output=True)
    return console.read_text(), read_marks(events)


@pytest.mark.parametrize("pictures", [EXACT_PICTURES, pytest.param(MANY_PICTURES, marks=SLOW)])
def test_cpu_only_features_and_codes_are_exact_and_quick(pictures: int, tmp_path: Path) -> None:
    data = builtin_mnist().first(pictures)
    image = build_image(
        "lenet5_cpu",
        NETWORK,
        data.images,
        settings=Settings(print_checksum=True, print_features=True),
    )
    console, marks = run_bare(image.hex, tmp_path)
    assert marks.exit is not None
    assert marks.exit.code == 0
    assert not marks.open_ids
    lines = parse(console)
    expected = features(NETWORK, data.images)
    codes = twin_codes(NETWORK, feature_bits(expected))
    assert len(lines) == pictures
    for line, row, code in zip(lines, expected, codes, strict=True):
        assert line.features == tuple(row.tolist())
        assert line.codes == tuple(code.tolist())
        assert line.label == int(argmax_class(code[None])[0])
    assert max(line.cycles for line in lines) <= CPU_CYCLES_MAX
    counts: dict[str, int] = {}
    for region in marks.regions:
        counts[region_name(region.id)] = counts.get(region_name(region.id), 0) + 1
    once = {"boot": 1}
    each = "image load conv1 pool1 conv2 pool2 fc_stack fc1 fc2 fc3 argmax report".split()
    assert counts == {**once, **dict.fromkeys(each, pictures)}


@pytest.mark.parametrize(
    ("n_macro", "interrupt"),
    [(1, True), (2, False), *(pytest.param(*case, marks=SLOW) for case in ((1, False), (2, True)))],
)
def test_hybrid_offloads_inside_its_budget(n_macro: int, interrupt: bool, tmp_path: Path) -> None:
    design = load_design("imac_14nm")
    timing = design.macro.timing
    data = builtin_mnist().first(3)
    settings = Settings(
        n_macro=n_macro,
        settle_cycles=timing.settle_cycles,
        conv_cycles=timing.conv_cycles,
        wait_interrupt=interrupt,
        print_checksum=True,
        print_features=True,
    )
    image = build_image("lenet5", NETWORK, data.images, settings=settings)
    macros = tuple(
        MacroSpec(name=f"m{k}", kind="ideal", sizes=NETWORK.fc_sizes, design="imac_14nm")
        for k in range(n_macro)
    )
    outcome = run_soc(
        SocRun(image=image.hex, run_dir=tmp_path, macros=macros, max_cycles=MAX_CYCLES)
    )
    assert outcome.exit_code == 0
    lines = parse(outcome.console)
    rows = features(NETWORK, data.images)
    layers = ideal_forward(NETWORK.fc, feature_bits(rows), design, neuron_curve(design))
    codes = np.rint(layers[-1].neuron_v / design.macro.vdd_v * 255)
    settle = timing.settle_cycles + timing.conv_cycles
    for line, row, code, label in zip(lines, rows, codes, data.labels, strict=True):
        assert line.features == tuple(row.tolist())
        assert np.abs(np.array(line.codes) - code).max() <= TOL_CODE
        assert line.label == label
        assert settle < line.fc_cycles <= settle + OFFLOAD_CYCLES_MAX
    assert [e.macro for e in outcome.evaluations] == [k % n_macro for k in range(3)]


def test_selftest_passes_with_a_macro_and_fails_without(tmp_path: Path) -> None:
    picture = builtin_mnist().images[1:2]  # a one: codes of 0 everywhere would be class 0
    settings = Settings(settle_cycles=12, conv_cycles=2)
    image = build_image("selftest", NETWORK, picture, settings=settings)
    spec = MacroSpec(name="m0", kind="ideal", sizes=NETWORK.fc_sizes, design="imac_14nm")
    outcome = run_soc(
        SocRun(image=image.hex, run_dir=tmp_path, macros=(spec,), max_cycles=MAX_CYCLES)
    )
    assert "selftest pass" in outcome.console
    assert outcome.exit_code == 0
    console, marks = run_bare(image.hex, tmp_path)
    assert "fail class" in console
    assert "selftest fail" in console
    assert marks.exit is not None
    assert marks.exit.code == 1
