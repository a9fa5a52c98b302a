"""How long, and how much, is kept of what the system writes itself: audit log, incidents, rejected and late rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.engine.pipeline import LATE_TABLE, REJECTS_TABLE
from penstock.incidents import INCIDENTS
from penstock.incidents.notification import NOTIFICATIONS
from penstock.log.tables import Kept
from penstock.project.audit import TOPIC as AUDIT
from penstock.project.discards import DISCARDS_TABLE

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["keep_retention"]


def keep_retention(penstock: Penstock) -> None:
    """Let upkeep do as [system] of penstock.toml says, with the topics that are there and with all tables."""
    said, log = penstock.settings.system, penstock.log
    limits = {AUDIT: said.audit, INCIDENTS: said.incidents, NOTIFICATIONS: said.incidents}
    for topic in log.topics():
        if topic.name in limits:
            ms, size = limits[topic.name]
            configs = {"retention.ms": str(ms or -1), "retention.bytes": str(size or -1)}
            if not configs.items() <= topic.configs.items():
                log.alter_topic(topic.name, configs=configs)
    ms, size = said.rejects
    times = {REJECTS_TABLE: "time", LATE_TABLE: "time", DISCARDS_TABLE: "discarded"}
    log.tables.kept = {table: Kept(time, ms, size) for table, time in times.items()}
