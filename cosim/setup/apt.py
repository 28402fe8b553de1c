# SPDX-License-Identifier: Apache-2.0
"""apt : which Debian packages are missing, and which mirror this machine already uses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosim.setup.progress import Progress, SetupError

__all__ = ["Archive", "archives", "install", "missing_packages", "release"]

# package -> the program that proves it is there; None: ask dpkg.
PACKAGES: dict[str, str | None] = {
    "make": "make",
    "g++": "g++",
    "perl": "perl",  # Verilator's front end
    "ccache": "ccache",
    "iverilog": "iverilog",
    "yosys": "yosys",
    "gcc-riscv64-unknown-elf": "riscv64-unknown-elf-gcc",
    "chromium": "chromium",  # opens report.html in tests
    "liblz4-dev": None,  # FST traces
    "zlib1g-dev": None,
}
DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Archive:
    """One Debian mirror as the machine's apt configuration names it."""

    uri: str
    signed_by: str = DEBIAN_KEYRING
    trusted: bool = False

    def line(self, suite: str) -> str:
        """The one-line source for `suite` on this mirror."""
        options = "trusted=yes" if self.trusted else f"signed-by={self.signed_by}"
        return f"deb [{options}] {self.uri} {suite} main\n"


def release(text: str | None = None) -> tuple[str, str]:
    """(id, codename) of the running system, such as ("debian", "bookworm")."""
    if text is None:
        path = Path("/etc/os-release")
        text = path.read_text() if path.exists() else ""
    pairs = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    return pairs.get("ID", "unknown"), pairs.get("VERSION_CODENAME", "unknown")


def _dpkg_has(package: str) -> bool:
    done = subprocess.run(
        ["dpkg-query", "-W", "-f=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() == "installed"


def missing_packages(
    packages: Iterable[tuple[str, str | None]],
    *,
    which: Callable[[str], str | None] = shutil.which,
    dpkg_has: Callable[[str], bool] = _dpkg_has,
) -> list[str]:
    """The packages whose program, or whose dpkg entry, is not there."""
    return [
        name
        for name, program in packages
        if not (which(program) if program is not None else dpkg_has(name))
    ]


def as_root() -> list[str]:
    """The words before a command that needs root."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    raise SetupError("Debian packages are missing and there is no sudo: run `make setup` as root")


def install(packages: Sequence[str], progress: Progress) -> None:
    """Install `packages` with apt-get, after one update of its lists."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetupError(f"no apt-get here: install these yourself, then run again: {names}")
    progress.say(f"Debian packages: {names}")
    root = as_root()
    by_hand = f"try `{' '.join([*root, 'apt-get install', names])}` by hand"
    # sudo drops the environment, so it is set again behind it.
    apt = [
        *root,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]
    progress.run([*apt, "update"], fix="check the network and the machine's apt sources")
    progress.run([*apt, "install", "-y", "--no-install-recommends", *packages], fix=by_hand)


def _stanzas(text: str) -> list[dict[str, str]]:
    """deb822 stanzas as {lower-case field: value}, continuation lines joined."""
    found = []
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if line[0].isspace():
                fields[last] = f"{fields.get(last, '')} {line.strip()}"
            elif ":" in line:
                last, value = line.split(":", 1)
                last = last.strip().lower()
                fields[last] = value.strip()
        if fields:
            found.append(fields)
    return found


def _from_deb822(text: str, codename: str) -> list[Archive]:
    found = []
    for entry in _stanzas(text):
        usable = (
            "deb" in entry.get("types", "").split()
            and codename in entry.get("suites", "").split()
            and "main" in entry.get("components", "").split()
            and entry.get("enabled", "yes").lower() != "no"
        )
        if usable:
            key = entry.get("signed-by", "")
            found += [
                Archive(
                    uri=uri,
                    signed_by=key if key.startswith("/") else DEBIAN_KEYRING,
                    trusted=entry.get("trusted", "no").lower() == "yes",
                )
                for uri in entry.get("uris", "").split()
            ]
    return found


ONE_LINE = re.compile(
    r"^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+?)\s*(?:#.*)?$", re.MULTILINE
)


def _from_lines(text: str, codename: str) -> list[Archive]:
    found = []
    for options_text, uri, suite, components in ONE_LINE.findall(text):
        if suite != codename or "main" not in components.split():
            continue
        options = dict(word.split("=", 1) for word in options_text.split() if "=" in word)
        key = options.get("signed-by", "")
        found.append(
            Archive(
                uri=uri,
                signed_by=key if key.startswith("/") else DEBIAN_KEYRING,
                trusted=options.get("trusted") == "yes",
            )
        )
    return found


def archives(codename: str, etc: Path = Path("/etc/apt")) -> list[Archive]:
    """The mirrors that serve `codename` main, likeliest first.

    Third-party lists name another suite or component; one that does not is refused later, because
    its newer suite is not signed by the keyring.
    """
    found: list[Archive] = []
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        if file.suffix == ".sources":
            found += _from_deb822(text, codename)
        elif file.suffix == ".list":
            found += _from_lines(text, codename)
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda archive: "/debian" not in archive.uri)
