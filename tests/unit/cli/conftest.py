# SPDX-License-Identifier: Apache-2.0
"""conftest : the command line called in this process, in a folder of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cosim import cli


class Ran(NamedTuple):
    """Exit code and both streams of one command."""

    code: int
    out: str
    err: str

    def complains(self, code: int, *words: str) -> None:
        """Exactly one line on stderr, with every word; nothing on stdout; no traceback."""
        lines = [line for line in self.err.splitlines() if line.startswith("cosim: ")]
        assert self.code == code, self.err
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        assert not self.out
        for word in words:
            assert word in lines[0]


@pytest.fixture(autouse=True)
def _signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command takes over signals and writes where it is started."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.chdir(tmp_path)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def cosim(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`cosim("run", "lenet5")` as the console script would do it."""

    def call(*args: str | Path) -> Ran:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, out, err)

    return call
