# SPDX-License-Identifier: Apache-2.0
"""progress : runs the set-up's commands with elapsed time shown and everything kept in a log."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Progress", "SetupError"]

BEAT_S = 5.0  # a line at most this often while a command talks
TAIL_LINES = 12


class SetupError(Exception):
    """The set-up cannot go on: one line, with what the user can do."""


class Progress:
    """Prints `setup  12 s  text`; commands' output goes to `log` and, thinned, to the screen."""

    def __init__(self, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self._begin_s = time.monotonic()
        log.write_text("")

    def say(self, text: str) -> None:
        """One line for the user."""
        line = f"setup {time.monotonic() - self._begin_s:4.0f} s  {text}"
        print(line, flush=True)
        with self.log.open("a") as handle:
            handle.write(line + "\n")

    def run(
        self,
        argv: Sequence[str],
        *,
        fix: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run `argv`; on failure show its last lines and raise SetupError naming `fix`."""
        with self.log.open("a") as handle:
            handle.write(f"$ {' '.join(argv)}\n")
            try:
                process = subprocess.Popen(
                    list(argv),
                    cwd=cwd,
                    env={**os.environ, **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                )
            except OSError as error:
                raise SetupError(f"{argv[0]} does not start ({error.strerror}): {fix}") from error
            with process:
                tail = self._follow(process, handle)
        if process.returncode != 0:
            print("\n".join(f"    | {line}" for line in tail), file=sys.stderr)
            raise SetupError(f"`{Path(argv[0]).name}` failed ({self.log}): {fix}")

    def _follow(self, process: subprocess.Popen[str], handle: Any) -> deque[str]:
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        said_s = time.monotonic()
        assert process.stdout is not None
        try:
            for raw in process.stdout:
                handle.write(raw)
                line = raw.strip()
                if line:
                    tail.append(line)
                if line and time.monotonic() - said_s > BEAT_S:
                    said_s = time.monotonic()
                    self.say(f"  {line[:90]}")
            process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        return tail


def capture(argv: Sequence[str]) -> str:
    """What `argv` prints; SetupError if it fails."""
    done = subprocess.run(list(argv), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise SetupError(f"`{' '.join(argv[:2])}` failed: {last}")
    return done.stdout
