# SPDX-License-Identifier: Apache-2.0
"""module_ports : prints parameters and ports of a Verilog module as JSON, read by pyverilog.

A program of its own: pyverilog leaves files open, which the test suite would report as its own.
    python module_ports.py soc_top.v INCLUDE_FOLDER [NAME=VALUE ...]
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile

from pyverilog.vparser import ast
from pyverilog.vparser.parser import VerilogParser


def value(node: ast.Node, parameters: dict[str, int]) -> int:
    """A constant expression of the parser's tree."""
    if isinstance(node, ast.IntConst):
        digits = re.fullmatch(r"(?:\d*'[sS]?[dD])?(\d+)", node.value)
        if digits is None:
            raise TypeError(f"number {node.value} is not decimal")
        return int(digits[1])
    if isinstance(node, ast.Identifier):
        return parameters[node.name]
    if isinstance(node, ast.Rvalue):
        return value(node.var, parameters)
    left, right = value(node.left, parameters), value(node.right, parameters)
    if isinstance(node, ast.Times):
        return left * right
    if isinstance(node, ast.Minus):
        return left - right
    if isinstance(node, ast.Plus):
        return left + right
    raise TypeError(f"expression {type(node).__name__} is not known here")


def main() -> None:
    path, include, *settings = sys.argv[1:]
    text = subprocess.run(
        ["iverilog", "-E", "-g2005", f"-I{include}", "-o", "/dev/stdout", path],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    with tempfile.TemporaryDirectory() as tables:
        tree = VerilogParser(outputdir=tables, debug=False).parse(text)
    (module,) = (d for d in tree.description.definitions if isinstance(d, ast.ModuleDef))
    given = {name: int(number) for name, number in (s.split("=") for s in settings)}
    parameters: dict[str, int] = {}
    for declaration in module.paramlist.params:
        for parameter in declaration.list:
            default = value(parameter.value, parameters)
            parameters[parameter.name] = given.get(parameter.name, default)
    ports = {}
    for entry in module.portlist.ports:
        port = entry.first
        bits = 1
        if port.width is not None:
            bits = value(port.width.msb, parameters) - value(port.width.lsb, parameters) + 1
        ports[port.name] = (type(port).__name__.lower(), bits)
    print(json.dumps({"name": module.name, "parameters": parameters, "ports": ports}))


if __name__ == "__main__":
    main()
