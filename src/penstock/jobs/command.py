"""The kind ``command``: a program with its arguments, never a shell."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import re
import signal
import subprocess
import threading
from dataclasses import replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, LogError, StateError, did_you_mean
from penstock.core.options import Option, texts
from penstock.jobs.step import Outcome, Step, StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from penstock.jobs.job import Job
    from penstock.jobs.run import Run
    from penstock.jobs.step import Note

__all__ = ["Command"]

COMMAND: Option[tuple[str, ...]] = Option(
    "command",
    texts('a list: ["python3", "export.py", "--day", "{day}"]'),
    (),
    "The program and its arguments, of which {NAME} stands for a parameter; it runs in the project's folder.",
    required=True,
)
ENVIRONMENT: Option[tuple[str, ...]] = Option(
    "environment",
    texts('a list such as ["TARGET=staging"]'),
    (),
    "Variables beside those of Penstock's process; in their values {NAME} stands for a parameter too.",
)

_NAMED = re.compile(r"\{(\w+)\}")
_ALWAYS = ("job", "run", "attempt", "scheduled")
_WAIT_SECONDS = 0.1
_END_SECONDS = 10.0
_LAST_LINE = 200
_LONGEST = 65_536
"""Bytes of a line that are looked at, and of what a program says that it has made."""
_MOST_ARTEFACTS = 100


class Command:
    """Runs in `folder`. `locks` is a folder for a file of each run that goes on; None: nobody looks after what is left.

    A program that outlives Penstock's process, which has died, is ended before its run goes on: it holds a lock.
    """

    options: tuple[Option[Any], ...] = (COMMAND, ENVIRONMENT)

    def __init__(self, folder: Path, locks: Path | None) -> None:
        self._folder = folder
        self._locks = locks

    def require(self, job: Job) -> None:
        """Raises ConfigError for a parameter that there is none of, and for a variable without a name."""
        known = [*_ALWAYS, *(p.name for p in job.parameters)]
        for word in (*job.options[COMMAND], *job.options[ENVIRONMENT]):
            for name in _NAMED.findall(word):
                if name not in known:
                    raise ConfigError(
                        f"'{word}' names the parameter '{name}', which job '{job.name}' has not",
                        code="job-parameter",
                        where=job.where,
                        hint=did_you_mean(name, known) or f"there are {', '.join(known)}",
                    )
        for word in job.options[ENVIRONMENT]:
            if not re.match(r"[A-Za-z_]\w*=", word):
                raise ConfigError(
                    f"'{word}' is no variable", code="job-environment", where=job.where, hint='write "NAME=value"'
                )

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """One: the program, from its start to its end."""
        return [Step("command", lambda note: self._do(job, run, note))]

    def _do(self, job: Job, run: Run, note: Note) -> Outcome:
        scheduled = dt.datetime.fromtimestamp(run.scheduled / 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        always = {"job": run.job, "run": run.id, "attempt": str(run.attempt), "scheduled": scheduled}
        values = {**always, **run.parameters}

        def filled(word: str) -> str:
            return _NAMED.sub(lambda found: values.get(found[1], ""), word)

        given = {f"PENSTOCK_{name.upper()}": value for name, value in always.items()}
        given |= {f"PENSTOCK_PARAMETER_{name.upper()}": value for name, value in run.parameters.items()}
        given |= dict(filled(word).split("=", 1) for word in job.options[ENVIRONMENT])
        words = [filled(word) for word in job.options[COMMAND]]
        lock = self._lock(run, note)
        made = None if self._locks is None else self._locks / f"artefacts-{run.id}"
        if made is not None:
            made.write_bytes(b"")
            given["PENSTOCK_ARTEFACTS"] = str(made)
        try:
            process = self._started(words, {**os.environ, **given}, lock)
            outcome = _followed(process, words[0], note, lock)
            return outcome if made is None else replace(outcome, artefacts=_artefacts(made, note))
        finally:
            if lock >= 0:
                assert self._locks is not None
                (self._locks / f"command-{run.id}").unlink(missing_ok=True)
                os.close(lock)
            if made is not None:
                made.unlink(missing_ok=True)

    def _started(self, words: list[str], environment: dict[str, str], lock: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                words,
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,) if lock >= 0 else (),
            )
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"'{words[0]}' cannot be run: {error}",
                code="command-start",
                hint="a program on the PATH, or a path in the project; a shell is one only if it is named",
            ) from None

    def _lock(self, run: Run, note: Note) -> int:
        """The lock of the run's program, which it inherits; what an earlier process has left of it is ended first."""
        if self._locks is None:
            return -1
        path = self._locks / f"command-{run.id}"
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                said = os.pread(file, 32, 0)
                os.close(file)
                if said:
                    note("a program that an earlier process has left is ended", "warning")
                    _signal(int(said), signal.SIGKILL)
                if note.stop.wait(_WAIT_SECONDS):
                    raise StoppedError from None
                continue
            os.ftruncate(file, 0)
            return file


def _followed(process: subprocess.Popen[bytes], program: str, note: Note, lock: int) -> Outcome:
    """What became of a program; its lines are those of the log. Raises StateError where it fails, StoppedError."""
    if lock >= 0:
        os.pwrite(lock, str(process.pid).encode(), 0)
    assert process.stdout is not None
    last = [""]
    reader = threading.Thread(target=_read, args=(process.stdout, note, last), name="command", daemon=True)
    reader.start()
    stopped = False
    while True:
        try:
            code = process.wait(_WAIT_SECONDS)
            break
        except subprocess.TimeoutExpired:
            stopped = note.stop.is_set()
        if stopped:
            _signal(process.pid, signal.SIGTERM)
            try:
                code = process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                _signal(process.pid, signal.SIGKILL)
                code = process.wait()
            break
    _signal(process.pid, signal.SIGKILL)  # what it has left in the background
    reader.join()
    process.stdout.close()
    if stopped:
        raise StoppedError
    if code:
        how = f"exited with code {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
        raise StateError(f"{program} {how}", code="command-failed", where=last[0][:_LAST_LINE])
    return Outcome(note=last[0][:_LAST_LINE])


def _artefacts(path: Path, note: Note) -> dict[str, str]:
    """What a program says that it has made, a line NAME=TEXT each; of others the run's log tells."""
    try:
        with path.open("rb") as file:
            said = file.read(_LONGEST).decode("utf-8", "replace")
    except OSError as error:
        note(f"what it has made cannot be read: {error.strerror}", "warning")
        return {}
    found = {}
    for line in said.splitlines()[:_MOST_ARTEFACTS]:
        name, equals, text = line.partition("=")
        if equals and name.strip():
            found[name.strip()] = text.strip()
        elif line.strip():
            note(f"PENSTOCK_ARTEFACTS takes lines NAME=TEXT, not '{line[:_LAST_LINE]}'", "warning")
    return found


def _read(stream: IO[bytes], note: Note, last: list[str]) -> None:
    begins = True
    for data in iter(partial(stream.readline, _LONGEST), b""):
        whose, begins = begins, data.endswith(b"\n")
        if not whose:  # the rest of a line that has no end
            continue
        line = data.decode("utf-8", "replace").rstrip("\r\n")
        last[0] = line or last[0]
        try:
            note(line)
        except (StoppedError, LogError):  # its end is somebody else's to see; unread, the program would wait for ever
            continue


def _signal(group: int, which: signal.Signals) -> None:
    try:
        os.killpg(group, which)
    except ProcessLookupError:
        return
