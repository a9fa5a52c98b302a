"""Projects with jobs, as tests need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.clock import ManualClock
from penstock.project.definition import read_definition
from penstock.project.home import HOME
from penstock.project.penstock import Penstock

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.clock import Clock
    from penstock.jobs import Run

__all__ = ["TABLES", "make", "opened", "settled"]

TABLES = """
CREATE TABLE orders (id BIGINT, amount DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json',
  'scan.startup.mode' = 'earliest-offset');
CREATE TABLE totals (name STRING, id BIGINT, amount DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'totals',
  'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
"""


def make(folder: Path, jobs: str, more: str = "") -> Path:
    """A project with two tables and jobs."""
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text(f'[log]\ndurability = "relaxed"\n{more}')
    (folder / "sql" / "10_tables.sql").write_text(TABLES)
    (folder / "jobs.toml").write_text(jobs)
    return folder


def opened(folder: Path, clock: Clock | None = None) -> Penstock:
    """The project in `folder`, by another clock."""
    return Penstock(read_definition(folder), folder / HOME, clock or ManualClock(1_767_225_600_000))


def settled(penstock: Penstock, identity: str) -> Run:
    """A run at its end, which this process has worked on; with a manual clock retries come at once."""
    scheduler = penstock.jobs.scheduling()
    try:
        while (found := penstock.jobs.run(identity)).ended is None:
            scheduler.tick()
            scheduler.settle()
            found = penstock.jobs.run(identity)
            if isinstance(penstock.clock, ManualClock) and found.due > penstock.clock.now_ms():
                penstock.clock.advance(found.due - penstock.clock.now_ms())
        return found
    finally:
        scheduler.stop()
