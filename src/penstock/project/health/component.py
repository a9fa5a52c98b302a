"""The parts that a project needs, and how each is looked at."""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.project.machine import processor_ticks
from penstock.project.memory import machine_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.core.clock import Clock
    from penstock.log import Log
    from penstock.project.budget import Budget
    from penstock.project.health.settings import HealthSettings
    from penstock.project.penstock import Penstock
    from penstock.project.warehouse.warehouse import Warehouse

__all__ = ["Component", "Verdict", "components_of"]

_CPU_MS = 300_000
_SCHEDULER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a part does its work; `value` in `unit` is what was measured, `detail` says why it is down."""

    up: bool
    detail: str = ""
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """A part; `look` gives its verdict, None where there is nothing to look at yet, or raises PenstockError.

    It may take its time, and is called from one thread at a time.
    """

    name: str
    look: Callable[[], Verdict | None]


def components_of(penstock: Penstock) -> list[Component]:
    """Those that the project in this process has; where the system does not tell of one it is left out."""
    said, log = penstock.settings.health, penstock.log
    found = [Component("log", lambda: _log(log)), Component("database", lambda: _database(penstock.warehouse))]
    found.append(Component("scheduler", lambda: _scheduler(penstock)))
    if log.path is not None:
        folder = log.path.parent
        found.append(Component("disk", lambda: _disk(folder, said.disk_free)))
    if machine_memory() is not None:
        found.append(Component("memory", lambda: _memory(penstock.budget, said)))
    if processor_ticks() is not None:
        found.append(Component("cpu", _Processors(penstock.clock, said.cpu).look))
    return found


def _log(log: Log) -> Verdict:
    """It takes what is written, and gives it back."""
    log.facts.put("health/log", b"written")
    log.room.require()
    read = log.facts.get("health/log") == b"written"
    return Verdict(read, "" if read else "what was written is not there")


def _database(warehouse: Warehouse) -> Verdict | None:
    """The warehouse can be used; None before anything was loaded."""
    if not warehouse.is_there:
        return None
    warehouse.probe()
    return Verdict(True)


def _scheduler(penstock: Penstock) -> Verdict | None:
    """What is due is looked at; None where there is no job."""
    scheduler = penstock.jobs.scheduler
    if scheduler is None or not penstock.jobs.file.good():
        return None
    late = max(penstock.clock.now_ms() - scheduler.ticked, 0) / 1000
    if late > _SCHEDULER_SECONDS:
        return Verdict(False, f"it has not looked for {late:.0f} s at what is due", late, "s")
    return Verdict(True, "", late, "s")


def _disk(folder: Path, least: int) -> Verdict:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Verdict(False, f"{folder} cannot be looked at: {error.strerror}")
    if free < least:
        detail = f"{free >> 20:,} MB are free, and {least >> 20:,} MB are to be (disk-free in [health])"
        return Verdict(False, detail, free, "bytes")
    return Verdict(True, "", free, "bytes")


def _memory(budget: Budget, said: HealthSettings) -> Verdict:
    found = machine_memory()
    assert found is not None, "the system told of it before"
    total, available = found
    if budget.full:
        return Verdict(False, "all that [memory] gives the process is taken", available, "bytes")
    if available < total * said.memory_free:
        detail = f"{available >> 20:,} MB of {total >> 20:,} MB are available (memory-free in [health])"
        return Verdict(False, detail, available, "bytes")
    return Verdict(True, "", available, "bytes")


class _Processors:
    """How busy the processors were: since the look before, and over five minutes, which alone can say that they are
    down: work that takes a while is what they are for.
    """

    def __init__(self, clock: Clock, most: float) -> None:
        self._clock = clock
        self._most = most
        self._seen: deque[tuple[int, int, int]] = deque()
        self._note()

    def _note(self) -> None:
        ticks = processor_ticks()
        assert ticks is not None, "the system told of them before"
        self._seen.append((self._clock.now_ms(), *ticks))

    def look(self) -> Verdict:
        before = self._seen[-1]
        self._note()
        now = self._seen[-1]
        while len(self._seen) > 1 and now[0] - self._seen[1][0] >= _CPU_MS:
            self._seen.popleft()
        first = self._seen[0]
        busy = _busy(before, now)
        whole = _busy(first, now)
        if now[0] - first[0] >= _CPU_MS and whole > self._most:
            return Verdict(False, f"{whole:.1%} busy over five minutes (cpu in [health])", busy, "share")
        return Verdict(True, "", busy, "share")


def _busy(before: tuple[int, int, int], now: tuple[int, int, int]) -> float:
    """The share of the time between two looks in which they were busy."""
    return (now[1] - before[1]) / max(now[2] - before[2], 1)
