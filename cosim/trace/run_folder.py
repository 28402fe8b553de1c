# SPDX-License-Identifier: Apache-2.0
"""run_folder : writes what a run leaves, so that every file is whole whenever the run ends.

    config.resolved.yaml   the design with every key, unit and source
    identity.json          tool versions and hashes of what went in
    events.jsonl           one event a line, in order of time
    log.txt                what happened, with seconds since the start
    result.json            the figures (result.schema.json); rewritten after every image

Each file but the log and the events is replaced atomically: an interrupted run keeps its last
whole result, marked `"complete": false` with the reason.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cosim.errors import RunFolderError
from cosim.trace.result import validate

__all__ = ["RunFolder", "latest_run"]

SUFFIX_TRIES = 100
# All that runs and their reports write: left by an earlier run it would pass for this one's.
WRITTEN = (
    *("result.json", "config.resolved.yaml", "identity.json", "mapping.json", "mapping.npz"),
    *("bridge.json", "macro.json", "perf.json", "spot_check.json", "compare.json", "timeline.json"),
    *("events.jsonl", "console.txt", "marks.txt", "profile.txt", "calls.txt"),
    *("energy.csv", "energy_lines.csv", "stacks_energy.txt", "flame_energy.svg"),
    *("stacks.txt", "flame.svg", "functions.mem", "trace.fst", "trace.saif"),
    *("report.html", "report-against-*.html", "sim.log", "log.txt", "results.xml"),
)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        fix = "free some space" if error.errno == 28 else "choose another with --run-dir"  # ENOSPC
        raise RunFolderError(f"cannot write {path}: {error.strerror}: {fix}") from error


class _LogFile(logging.FileHandler):
    """A log that a full disk ends in silence: the file that matters reports it."""

    def handleError(self, record: logging.LogRecord) -> None:
        del record


class RunFolder:
    """One folder under `base`, named `<stamp>-<name>`, or exactly `path`, without an old run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _writing(path):
            path.mkdir(parents=True, exist_ok=True)
            for old in [found for name in WRITTEN for found in path.glob(name)]:
                old.unlink()
        self.write_text("log.txt", "")

    @classmethod
    def at(cls, path: Path) -> RunFolder:
        """A folder that is there already; its log stays."""
        found = cls.__new__(cls)
        found.path = path
        return found

    @classmethod
    def create(cls, base: Path, stamp: str, name: str) -> RunFolder:
        """A folder that did not exist before."""
        for number in range(SUFFIX_TRIES):
            path = base / (f"{stamp}-{name}" if number == 0 else f"{stamp}-{name}-{number + 1}")
            with _writing(path):
                try:
                    path.mkdir(parents=True)
                except FileExistsError:
                    continue
            return cls(path)
        raise RunFolderError(f"{base} holds {SUFFIX_TRIES} runs of {stamp}: choose --run-dir")

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """What the block writes to file `name` by itself fails as everything here does."""
        with _writing(self.path / name):
            yield

    def write_text(self, name: str, text: str) -> Path:
        """Replace one file as a whole; on failure the old one stays."""
        target = self.path / name
        partial = self.path / f".{name}.{os.getpid()}.part"
        with _writing(target):
            try:
                with partial.open("w") as handle:
                    handle.write(text)
                    handle.flush()
                    os.fsync(handle.fileno())
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
        return target

    def write_json(self, name: str, value: Mapping[str, Any]) -> Path:
        """Replace one JSON file; NaN and infinity are errors, not JSON."""
        try:
            text = json.dumps(value, indent=2, allow_nan=False) + "\n"
        except ValueError as error:
            raise RunFolderError(f"{name} would hold NaN or infinity") from error
        return self.write_text(name, text)

    def write_result(self, result: Mapping[str, Any]) -> Path:
        """Validate against the schema, then replace result.json."""
        validate(result)
        return self.write_json("result.json", result)

    @contextmanager
    def logging(self, level: int = logging.INFO) -> Iterator[None]:
        """Everything under the logger `cosim` goes to log.txt while the block runs."""
        with _writing(self.path / "log.txt"):
            handler = _LogFile(self.path / "log.txt")
        handler.setFormatter(logging.Formatter("%(relativeCreated)9.0f ms %(name)s: %(message)s"))
        logger = logging.getLogger("cosim")
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(level)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(before)
            with suppress(OSError):
                handler.close()


def latest_run(base: Path) -> Path:
    """The run folder under `base` whose result is the newest."""
    results = sorted(base.glob("*/result.json"), key=lambda path: path.stat().st_mtime)
    if not results:
        raise RunFolderError(
            f"{base} holds no run with a result.json: `cosim run lenet5` makes one"
        )
    return results[-1].parent
