# SPDX-License-Identifier: Apache-2.0
"""test_imac_synthesis : the co-processor synthesises to exactly the flops it is meant to hold.

The expected count is a closed form of the parameters; latches, loops and undriven nets fail, and so
does a macro pin that is not the output of a flop.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from rtl_runner import COPROCESSOR, GEN, RTL

from cosim import gen, regmap
from cosim.tools import yosys

SMALL = {"IN_W": 40, "OUT_N": 5, "ADC_BITS": 6, "PROG_AW": 4, "ID_W": 4, "CYC_W": 5}
FULL = {"IN_W": 400, "OUT_N": 10, "ADC_BITS": 8, "PROG_AW": 16, "ID_W": 4, "CYC_W": 16}
COUNTER = 32


def pointer_bits(words: int) -> int:
    """Bits that count from 0 to `words`."""
    return words.bit_length()


def flops(n_macro: int, p: dict[str, int]) -> dict[str, int]:
    """Flops of each block."""
    entry = p["ID_W"] + 3 + 5 + 1 + 32 + 32
    in_words, out_words = -(-p["IN_W"] // 32), -(-p["OUT_N"] // 4)
    shell = {
        "registers": 1 + 3 * p["CYC_W"] + 2 * 16,
        "inputs": pointer_bits(in_words) + 2 * p["IN_W"],
        "sequencer": 3 + p["CYC_W"],
        "outputs": p["OUT_N"] * p["ADC_BITS"] + 2 * pointer_bits(out_words),
        "program": 2 + (p["PROG_AW"] + 1) + p["PROG_AW"] + 32 + p["CYC_W"],
        "status": 2 + 6 + 2 * COUNTER,
    }
    shared = {
        "queue": 2 * (entry + 2),
        "early verdict": 2 + p["ID_W"],
        "result": 1 + p["ID_W"] + 5 + 1 + 32,
        "unknown macro": 1,
    }
    return shared | {name: n_macro * count for name, count in shell.items()}


@pytest.mark.parametrize(("n_macro", "sizes"), [(1, FULL), (2, SMALL)])
def test_cells_are_the_flops_of_the_blocks_and_no_latch(
    n_macro: int, sizes: dict[str, int], tmp_path: Path
) -> None:
    gen.write_all(GEN)
    sources = [str(p) for block in COPROCESSOR for p in sorted((RTL / block).glob("*.v"))]
    parameters = " ".join(
        f"-set {name} {value}" for name, value in {"N_MACRO": n_macro, **sizes}.items()
    )
    netlist = tmp_path / "netlist.json"
    script = [
        f"read_verilog -I{GEN} {' '.join(sources)}",
        f"chparam {parameters} imac_xif",
        "synth -flatten -noabc -top imac_xif",
        "check -assert",
        f"write_json {netlist}",
    ]
    done = subprocess.run(
        [str(yosys()), "-q", "-p", "; ".join(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    top = json.loads(netlist.read_text())["modules"]["imac_xif"]
    cells = top["cells"].values()
    assert not [c["type"] for c in cells if "LATCH" in c["type"]]
    dff = [c for c in cells if "DFF" in c["type"]]
    assert len(dff) == sum(flops(n_macro, sizes).values()), flops(n_macro, sizes)
    q_nets = {c["connections"]["Q"][0] for c in dff}
    assert top["ports"]["o_macro_aux"]["bits"] == ["0"] * n_macro  # this kind has none
    for pin in regmap.MACRO_PINS:
        bits = top["ports"][pin.name]["bits"]
        if pin.direction == "output" and pin.name != "o_macro_aux":
            assert set(bits) <= q_nets, f"{pin.name} is not driven by flops alone"
