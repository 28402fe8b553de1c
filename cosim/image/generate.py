# SPDX-License-Identifier: Apache-2.0
"""generate : writes the headers that programs need: registers, regions, external memory's tables.

`python -m cosim.image.generate build/gen`, then `make -C firmware/apps/hello`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cosim.gen import c_header
from cosim.image.external import layout_text
from cosim.image.regions import header_text

__all__ = ["main", "write_headers"]


def write_headers(folder: Path) -> None:
    """Writes all headers; a file is touched only when its text changes."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "imac_regs.h": c_header(),
        "regions.h": header_text(),
        "external_layout.h": layout_text(),
    }
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def main(argv: list[str] | None = None) -> int:
    """Command line: one folder."""
    args = sys.argv[1:] if argv is None else argv
    if len(args) != 1:
        sys.stderr.write("usage: python -m cosim.image.generate FOLDER\n")
        return 2
    write_headers(Path(args[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
