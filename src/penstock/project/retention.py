"""How long, and how much, is kept of what the system writes itself: audit log, incidents, runs, rejects, probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.engine.checks import RESULTS_TABLE
from penstock.engine.pipeline import LATE_TABLE, REJECTS_TABLE
from penstock.incidents import INCIDENTS
from penstock.incidents.notification import NOTIFICATIONS
from penstock.jobs import RUNS
from penstock.jobs.run_log import LOG_TABLE
from penstock.log.tables import Kept
from penstock.project.audit import TOPIC as AUDIT
from penstock.project.discards import DISCARDS_TABLE
from penstock.project.health.marks import HEALTH_TABLE

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock
    from penstock.project.settings import SystemSettings

__all__ = ["keep_retention", "system_limits"]


def system_limits(said: SystemSettings) -> dict[str, dict[str, str]]:
    """The configs of the system's topics, by name, as [system] of penstock.toml says."""
    limits = {AUDIT: said.audit, INCIDENTS: said.incidents, NOTIFICATIONS: said.incidents, RUNS: said.runs}
    return {
        name: {"retention.ms": str(ms or -1), "retention.bytes": str(size or -1)} for name, (ms, size) in limits.items()
    }


def keep_retention(penstock: Penstock) -> None:
    """Let upkeep do as [system] of penstock.toml says, with the topics that are there and with all tables."""
    log = penstock.log
    for topic in log.topics():
        configs = log.limits.get(topic.name, {})
        if not configs.items() <= topic.configs.items():
            log.alter_topic(topic.name, configs=configs)
    ms, size = penstock.settings.system.rejects
    times = {REJECTS_TABLE: "time", LATE_TABLE: "time", DISCARDS_TABLE: "discarded"}
    kept = {table: Kept(time, ms, size) for table, time in times.items()}
    kept[HEALTH_TABLE] = Kept("time", *penstock.settings.system.health)
    kept |= {table: Kept("time", *penstock.settings.system.runs) for table in (LOG_TABLE, RESULTS_TABLE)}
    log.tables.kept = kept
