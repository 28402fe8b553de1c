# SPDX-License-Identifier: Apache-2.0
"""__main__ : the set-up's steps in order; each returns at once where its work is done."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cosim.setup import apt, ngspice, venv
from cosim.setup.progress import Progress, SetupError


def _packages() -> list[tuple[str, str | None]]:
    """The tools' packages, and what Debian leaves out of its own python3."""
    wanted = list(apt.PACKAGES.items())
    if sys.executable.startswith("/usr/bin/"):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        wanted += [("python3-venv", None), (f"libpython{version}", None)]  # the simulator embeds it
    return wanted


def main() -> int:
    """Run every step; the exit code is 0 only when the machine is ready."""
    if sys.version_info < (3, 11):  # noqa: UP036 - runs before pip can check it
        print(f"setup: python3 is {sys.version.split()[0]}, cosim needs 3.11", file=sys.stderr)
        return 3
    root = Path(__file__).resolve().parents[2]
    cache = Path(os.environ.get("COSIM_CACHE") or Path.home() / ".cache" / "cosim")
    try:
        progress = Progress(root / "build" / "setup.log")
        lacking = apt.missing_packages(_packages())
        if lacking:
            apt.install(lacking, progress)
        venv.ensure(root, progress)
        ngspice.ensure(cache, progress)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"setup: {error.filename}: {error.strerror}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nsetup: interrupted; `make setup` goes on from here", file=sys.stderr)
        return 130
    progress.say("ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
