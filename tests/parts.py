"""Real parts that tests need: looked for, else installed where that is possible, else named."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "MissingPartError", "apt_get", "cache", "debian_program", "free_port", "locked", "run", "say", "says_yes",
    "service", "until",
]  # fmt: skip

T = TypeVar("T")
_LOOKS_EVERY = 0.02
"""Seconds between two looks at what tells nobody that it has changed."""


class MissingPartError(Exception):
    """Something that is needed is not here and could not be had; the message says what to install."""


def cache() -> Path:
    """Where parts are kept: `$XDG_CACHE_HOME/penstock` (or `~/.cache/penstock`)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock"


def debian_program(program: str, package: str, what: str) -> Path:
    """The path of a program that a Debian package has, which is installed where it is missing.

    Raises MissingPartError.
    """
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin", "/usr/sbin"])
    found = shutil.which(program, path=places)
    if found is None:
        with locked(cache()):
            found = shutil.which(program, path=places)
            if found is None:
                apt_get([package], what)
                found = shutil.which(program, path=places)
    if found is None:
        raise MissingPartError(f"{package} was installed, and there is no {program}")
    return Path(found)


def apt_get(packages: list[str], what: str, otherwise: str = "") -> None:
    """Installs the first of `packages` that the system offers. Raises MissingPartError."""
    program = shutil.which("apt-get", path="/usr/bin")
    if os.geteuid() != 0 or program is None:
        raise MissingPartError(
            f"{what} is missing: install {' or '.join(packages)} (as root on Debian or Ubuntu this happens by itself)"
            f"{otherwise and f', {otherwise}'}"
        )
    say(f"installing {what} with apt-get")
    environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    run([program, "-q", "update"], environment, 600)
    for package in packages:
        if subprocess.run(["/usr/bin/apt-cache", "show", package], capture_output=True, check=False).returncode == 0:
            run([program, "-q", "install", "-y", "--no-install-recommends", package], environment, 900)
            return
    raise MissingPartError(f"{what} is missing, and apt-get offers none of {', '.join(packages)}")


def run(command: list[str], environment: dict[str, str], seconds: int, **options: Any) -> None:
    """Runs a command to its end; `options` are those of Popen.

    Raises MissingPartError where it fails or takes longer.
    """
    try:
        done = subprocess.run(
            command, env=environment, timeout=seconds, check=False, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise MissingPartError(f"{Path(command[0]).name} did not finish within {seconds} s") from error
    if done.returncode:
        raise MissingPartError(f"{' '.join(command[:4])} ... failed:\n{done.stdout[-3000:]}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time makes parts in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "parts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def service(
    command: Sequence[str | Path], log: Path, answers: Callable[[], object], *, seconds: float = 60, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs as long as the block, from when it `answers`; what it says is in `log`.

    `answers` is asked until it gives something true; an OSError means not yet. `options` are those of Popen.
    Raises MissingPartError with the end of its log where it ends, or does not answer within `seconds`.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)

    def ready() -> bool:
        if process.poll() is not None:
            raise MissingPartError(f"it ended with {process.returncode}")
        try:
            return bool(answers())
        except OSError:
            return False

    try:
        try:
            until(ready, f"it did not answer within {seconds} s", seconds)
        except (AssertionError, MissingPartError) as error:
            said = log.read_text(errors="replace")[-3000:]
            raise MissingPartError(f"{Path(command[0]).name} did not start: {error}\n{said}") from error
        yield process
    finally:
        process.terminate()
        process.wait(60)


def says_yes(url: str) -> bool:
    """Whether a GET of it is answered with 200."""
    try:
        return httpx.get(url, timeout=10, verify=False).status_code == 200
    except httpx.HTTPError:
        return False


def until(question: Callable[[], T], otherwise: str, seconds: float = 180) -> T:
    """The first answer that is true, of a question asked again and again: for what gives no sign when it changes.

    Raises AssertionError, with `otherwise`, after so many seconds.
    """
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, otherwise
        time.sleep(_LOOKS_EVERY)
    return answer


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def say(text: str) -> None:
    """What takes long is told on stderr."""
    print(f"parts: {text}", file=sys.stderr, flush=True)
