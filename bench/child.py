"""Whole processes, measured from outside: pinned to cores, start-up included, taking turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import peak
from bench.machine import cache, cores, pin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Ran", "command", "finished", "in_turn", "run", "started"]

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a process took: wall and CPU seconds, its largest resident memory and what it wrote in bytes."""

    seconds: float
    cpu: float
    memory: int
    written: int
    output: str


def command(module: str, *arguments: object) -> list[str]:
    """A Python process that runs a module of this folder."""
    return [sys.executable, "-m", f"bench.{module}", *map(str, arguments)]


def started(command: Sequence[str], count: int = 1) -> subprocess.Popen[str]:
    """The process, on `count` cores: all its threads, of any library, have these alone.

    Its byte code is kept, as that of an installed package is, whatever the environment says.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(cache() / "bytecode")}
    before = cores()
    pin(before[:count])
    try:
        return subprocess.Popen(
            list(command), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        pin(before)


def run(command: Sequence[str], count: int = 1) -> Ran:
    """Run a process to its end. Raises RuntimeError if it fails."""
    begin = time.perf_counter()
    return finished(started(command, count), begin)


def finished(process: subprocess.Popen[str], begin: float) -> Ran:
    """Wait for the end of a process that was started at `begin`. Raises RuntimeError if it failed."""
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{output[-2000:]}")
    memory = _said(output, peak.MEMORY) * 1024
    return Ran(seconds, used.ru_utime + used.ru_stime, memory, _said(output, peak.WRITTEN), output)


def _said(output: str, what: str) -> int:
    """A figure that the process gave of itself; 0 where the system does not tell it."""
    said = [line for line in output.splitlines() if line.startswith(what)]
    return int(said[-1].split()[1]) if said else 0


def in_turn(times: int, work: Mapping[str, Callable[[], Ran]]) -> dict[str, list[Ran]]:
    """Each of `work` so many times, one after the other in turn, so that all see the same machine."""
    found: dict[str, list[Ran]] = {name: [] for name in work}
    for _ in range(times):
        for name, one in work.items():
            found[name].append(one())
    return found
