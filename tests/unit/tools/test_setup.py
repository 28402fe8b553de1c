# SPDX-License-Identifier: Apache-2.0
"""test_setup : reading apt's sources, what is missing, and resuming an interrupted set-up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cosim.setup import apt, ngspice, venv
from cosim.setup.progress import Progress, SetupError

KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEB822 = f"""\
Types: deb
# a snapshot would stand here
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: {KEY}

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://tools.example/apt
Suites: nodistro
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/keyrings/ours.gpg] http://ours.example/debian bookworm main
deb-src http://src.example/debian bookworm main
deb http://backports.example/debian bookworm-backports main
deb https://docker.example/linux/debian bookworm stable
deb [trusted=yes] http://local.example/pool bookworm main  # no key
"""


def etc(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        target = "sources.list" if name == "main" else f"sources.list.d/{name.replace('_', '.')}"
        (tmp_path / target).write_text(text)
    return tmp_path


def test_deb822_gives_the_distribution_mirror_alone(tmp_path: Path) -> None:
    found = apt.archives("bookworm", etc(tmp_path, debian_sources=DEB822))
    assert found == [apt.Archive(uri="http://mirror.example/debian", signed_by=KEY)]


def test_one_line_format_skips_third_parties_and_keeps_keys(tmp_path: Path) -> None:
    found = apt.archives("bookworm", etc(tmp_path, main=ONE_LINE))
    assert [(a.uri, a.signed_by, a.trusted) for a in found] == [
        ("http://ours.example/debian", "/etc/apt/keyrings/ours.gpg", False),
        ("http://local.example/pool", KEY, True),
    ]


def test_both_formats_together_list_a_mirror_once(tmp_path: Path) -> None:
    line = "deb http://mirror.example/debian bookworm main\n"
    found = apt.archives("bookworm", etc(tmp_path, main=line, debian_sources=DEB822))
    assert [a.uri for a in found] == ["http://mirror.example/debian"]


def test_newer_suite_is_asked_with_the_mirrors_own_key() -> None:
    line = apt.Archive(uri="http://m/debian", signed_by="/k.gpg").line("trixie")
    assert line == "deb [signed-by=/k.gpg] http://m/debian trixie main\n"


def test_release_reads_codename() -> None:
    text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n'
    assert apt.release(text) == ("debian", "bookworm")


def test_only_missing_packages_are_named() -> None:
    programs, packages = {"make", "g++"}, {"zlib1g-dev"}
    missing = apt.missing_packages(
        [("make", "make"), ("yosys", "yosys"), ("zlib1g-dev", None), ("liblz4-dev", None)],
        which=lambda name: name if name in programs else None,
        dpkg_has=lambda name: name in packages,
    )
    assert missing == ["yosys", "liblz4-dev"]


def test_failed_command_names_the_fix_and_keeps_its_output(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "setup.log")
    with pytest.raises(SetupError, match="do this instead"):
        progress.run([sys.executable, "-c", "print('reason'); exit(1)"], fix="do this instead")
    assert "reason" in progress.log.read_text()


def test_program_that_does_not_start_names_the_fix(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"does not start .*install it"):
        Progress(tmp_path / "setup.log").run([str(tmp_path / "none")], fix="install it")


def test_half_unpacked_ngspice_does_not_count(tmp_path: Path) -> None:
    libs = tmp_path / "ngspice-44.2" / "usr" / "lib" / "x86_64-linux-gnu"
    libs.mkdir(parents=True)
    assert not ngspice.works(tmp_path / "ngspice-44.2")
    loader = libs / "ld-linux-x86-64.so.2"
    loader.write_text("#!/bin/sh\nexit 1\n")
    loader.chmod(0o755)
    (libs / "libngspice.so.0").touch()
    assert not ngspice.works(tmp_path / "ngspice-44.2")


def test_no_mirror_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngspice, "release", lambda: ("debian", "bookworm"))
    monkeypatch.setattr(ngspice, "archives", lambda codename: [])
    with pytest.raises(SetupError, match="no Debian mirror for bookworm"):
        ngspice.ensure(tmp_path / "cache", Progress(tmp_path / "setup.log"))


def test_half_made_environment_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    ran: list[list[str]] = []

    def run(self: Progress, argv: list[str], **options: object) -> None:
        ran.append(argv)
        (tmp_path / ".venv").mkdir(exist_ok=True)

    monkeypatch.setattr(Progress, "run", run)
    venv.ensure(tmp_path, Progress(tmp_path / "setup.log"))
    assert [argv[1:3] for argv in ran] == [["-m", "venv"], ["-m", "pip"]]


def test_environment_is_installed_again_only_when_its_list_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".venv").mkdir()
    ran: list[list[str]] = []
    monkeypatch.setattr(Progress, "run", lambda self, argv, **kw: ran.append(list(argv)))
    monkeypatch.setattr(venv, "_alive", lambda python: True)
    progress = Progress(tmp_path / "setup.log")
    venv.ensure(tmp_path, progress)
    venv.ensure(tmp_path, progress)
    assert len(ran) == 1
    (tmp_path / "pyproject.toml").write_text("[project]\nname='x'\n")
    venv.ensure(tmp_path, progress)
    assert len(ran) == 2
