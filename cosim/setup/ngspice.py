# SPDX-License-Identifier: Apache-2.0
"""ngspice : gets an ngspice with OSDI: Debian's own where it is new enough, else a private one.

Debian 12's ngspice has no OSDI and Debian 13's needs a newer C library. The newer suite's package
and every library it needs are fetched by apt (which checks signature and checksums) with lists and
caches of their own, unpacked into the cache folder, and started through their own loader. Nothing
of the system changes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cosim.setup.apt import Archive, archives, install, missing_packages, release
from cosim.setup.progress import Progress, SetupError, capture

__all__ = ["ensure"]

NEWER_SUITE = "trixie"
OWN_NGSPICE = ("trixie", "forky", "sid")  # suites whose ngspice has OSDI
PACKAGES = ("ngspice", "libngspice0")
FIX = f"the machine's Debian mirror must serve {NEWER_SUITE} main; run `make setup` again"


def works(top: Path) -> bool:
    """Whether the private ngspice under `top` starts."""
    loader = next(top.glob("usr/lib/*/ld-linux-*.so.*"), None)
    if loader is None or not (loader.parent / "libngspice.so.0").exists():
        return False
    argv = [str(loader), "--library-path", str(loader.parent), str(top / "usr/bin/ngspice"), "-v"]
    done = subprocess.run(argv, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return b"ngspice-" in done.stdout


def ensure(cache: Path, progress: Progress) -> None:
    """Make an OSDI ngspice available; returns at once where one is."""
    _, codename = release()
    if codename in OWN_NGSPICE:
        lacking = missing_packages([("ngspice", "ngspice"), ("libngspice0", None)])
        if lacking:
            install(lacking, progress)
        return
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "ngspice.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(works(top) for top in sorted(cache.glob("ngspice-[0-9]*"))):
            _fetch_and_unpack(cache, codename, progress)


def _fetch_and_unpack(cache: Path, codename: str, progress: Progress) -> None:
    mirrors = archives(codename)
    if not mirrors:
        raise SetupError(
            f"no Debian mirror for {codename} in /etc/apt/sources.list*: an ngspice of 44 or later "
            "with OSDI must be installed by hand"
        )
    work = cache / "ngspice-fetch"
    options = _apt_options(work)
    progress.say(f"ngspice: package lists of {NEWER_SUITE}")
    _update(work, options, mirrors, progress)
    names = _closure(options)
    progress.say(f"ngspice: {len(names)} packages from {NEWER_SUITE}")
    debs = work / "debs"
    debs.mkdir(exist_ok=True)
    # apt skips what is there already and whole, so an interrupted fetch goes on where it stopped.
    progress.run(["apt-get", *options, "download", *names], fix=FIX, cwd=debs)
    version = _version(debs)
    partial = cache / f"partial-ngspice-{version}"
    shutil.rmtree(partial, ignore_errors=True)
    for deb in sorted(debs.glob("*.deb")):
        progress.run(["dpkg", "-x", str(deb), str(partial)], fix=FIX)
    if not works(partial):
        raise SetupError(f"the unpacked ngspice {version} does not start: {FIX}")
    target = cache / f"ngspice-{version}"
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    shutil.rmtree(work, ignore_errors=True)
    progress.say(f"ngspice: {version} is in {target}")


def _apt_options(work: Path) -> list[str]:
    """apt with lists, caches and package state of its own under `work`."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "status").write_text("")  # nothing is installed: apt names every library
    settings = {
        "Dir::Etc::sourcelist": str(work / "sources.list"),
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-",
        "Dir::Etc::preferencesparts": "-",
        "Dir::State::Lists": str(work / "lists"),
        "Dir::State::status": str(work / "status"),
        "Dir::Cache": str(work / "cache"),
        "Acquire::Languages": "none",
        "APT::Default-Release": NEWER_SUITE,
        "APT::Update::Post-Invoke-Success::": "",
    }
    if os.geteuid() == 0:
        settings["APT::Sandbox::User"] = "root"  # the cache folder may be closed to _apt
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _update(
    work: Path, options: Sequence[str], mirrors: Sequence[Archive], progress: Progress
) -> None:
    for index, mirror in enumerate(mirrors):
        (work / "sources.list").write_text(mirror.line(NEWER_SUITE))
        try:
            argv = ["apt-get", *options, "-o", "APT::Update::Error-Mode=any", "update"]
            progress.run(argv, fix=FIX)
        except SetupError:
            if index == len(mirrors) - 1:
                raise
            progress.say(f"ngspice: {mirror.uri} does not serve {NEWER_SUITE}, trying the next")
        else:
            return


def _closure(options: Sequence[str]) -> list[str]:
    """ngspice and every library package it needs, as apt resolves them on an empty system."""
    argv = ["apt-get", *options, "install", "-y", "-qq", "--print-uris", "--no-install-recommends"]
    printed = capture([*argv, *PACKAGES])
    names = re.findall(r"^'\S+' ([^_\s]+)_", printed, re.MULTILINE)
    libraries = [name for name in names if name.startswith(("lib", "ngspice", "zlib"))]
    if not set(PACKAGES) <= set(libraries):
        raise SetupError(f"apt does not know {' and '.join(PACKAGES)} in {NEWER_SUITE}: {FIX}")
    return libraries


def _version(debs: Path) -> str:
    for deb in debs.glob("libngspice0_*.deb"):
        found = re.match(r"libngspice0_(?:\d+%3a)?([\d.]+)", deb.name)
        if found:
            return found.group(1)
    raise SetupError(f"apt fetched no libngspice0: {FIX}")
