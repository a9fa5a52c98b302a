"""What the machine and this process do, as rows of a table of the project, every some seconds."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.connectors.http.poller import polled
from penstock.core.errors import ConfigError, PenstockError
from penstock.core.logs import tell
from penstock.project.machine import processor_ticks
from penstock.project.memory import machine_memory, resident
from penstock.project.topics import topic_of
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock

__all__ = ["COLUMNS", "Measures"]

COLUMNS = ("component", "metric", "value", "unit", "time")
"""Those that the table has, perhaps among others."""

_HOST = Path("/proc")
"""What Linux tells; elsewhere those figures are left out."""

Figure = tuple[str, str, float, str]
"""(component, metric, value, unit)."""


class Measures:
    """Appends to the table `measures` of the settings until it is closed; without one nothing is measured.

    Rates are over the time since the figures before. Raises ConfigError where there is no such table over a topic.
    """

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._table = penstock.settings.measures_table
        self._seen: dict[str, float] = {}
        self._at = penstock.clock.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if not self._table:
            return
        found = penstock.catalog.find((self._table,))
        if not isinstance(found, Table) or topic_of(found) is None or not {*COLUMNS} <= {c.name for c in found.columns}:
            raise ConfigError(
                f"there is no table '{self._table}' over a topic with the columns {', '.join(COLUMNS)}",
                code="measures-table",
                where="[measures] of penstock.toml",
                hint="the project parking has one, system_metrics in sql/03_streams.sql",
            )
        self.read()  # from here on there are rates

    def start(self) -> None:
        """Measure from a thread of its own."""
        if self._table:
            self._thread = threading.Thread(target=self._go, name="measures", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _go(self) -> None:
        while not self._stop.wait(self._penstock.settings.measures_interval / 1000):
            try:
                self.write()
            except PenstockError as error:  # the disk may have room again the next time
                tell("warning", "measures-unwritten", f"figures could not be appended to {self._table}", error=error)

    def write(self) -> None:
        """Measure once, and append."""
        time = dt.datetime.fromtimestamp(self._penstock.clock.now_ms() / 1000, dt.UTC)
        self._penstock.append(self._table, [dict(zip(COLUMNS, (*figure, time), strict=True)) for figure in self.read()])

    def read(self) -> list[Figure]:
        """The figures of now."""
        now = self._penstock.clock.monotonic()
        seconds, self._at = max(now - self._at, 1e-3), now
        found: list[Figure] = []
        for component, metric, value, unit, grows in self._all():
            if not grows:
                found.append((component, metric, value, unit))
                continue
            name = f"{component}/{metric}"
            before = self._seen.get(name)
            self._seen[name] = value
            if before is not None and value >= before:
                found.append((component, metric, (value - before) / seconds, unit))
        return found

    def _all(self) -> Iterator[tuple[str, str, float, str, bool]]:
        """Each figure, and whether it is a count whose growth a second is told."""
        yield from _machine()
        times = os.times()
        yield "process", "cpu", times.user + times.system, "cores", True
        if (has := resident()) is not None:
            yield "process", "memory", has, "bytes", False
        disk = shutil.disk_usage(self._penstock.folder)
        yield "disk", "free", disk.free, "bytes", False
        yield "disk", "used", disk.used / max(disk.total, 1), "share", False
        log = self._penstock.log
        yield "log", "records", log.traffic.records, "records/s", True
        yield "log", "bytes", log.traffic.bytes, "bytes/s", True
        yield "log", "size", log.path.stat().st_size if log.path is not None else 0, "bytes", False
        yield from self._pipelines()
        for one in polled(log):
            yield f"source.{one.table}", "outage", float(one.since is not None), "flag", False
            yield f"source.{one.table}", "failures", one.failures, "questions/s", True

    def _pipelines(self) -> Iterator[tuple[str, str, float, str, bool]]:
        run = self._penstock.current
        for one in run.figures() if run is not None else ():
            name = f"pipeline.{one.pipeline}"
            yield name, "rows", one.rows, "rows/s", True
            if one.lag is not None:
                yield name, "lag", one.lag, "records", False
            if one.watermark is not None:
                yield name, "latency", (self._penstock.clock.now_ms() - one.watermark) / 1000, "s", False


def _machine() -> Iterator[tuple[str, str, float, str, bool]]:
    """Processors, memory and network of a Linux machine."""
    ticks = processor_ticks()
    if ticks is None:
        return
    yield "host", "cpu", ticks[0] / os.sysconf("SC_CLK_TCK"), "cores", True
    if (memory := machine_memory()) is not None:
        total, free = memory
        yield "host", "memory", 1 - free / total, "share", False
    received = sent = 0
    for line in (_HOST / "net" / "dev").read_text().splitlines()[2:]:
        name, numbers = line.split(":", 1)
        if name.strip() != "lo":
            received += int(numbers.split()[0])
            sent += int(numbers.split()[8])
    yield "network", "received", received, "bytes/s", True
    yield "network", "sent", sent, "bytes/s", True
