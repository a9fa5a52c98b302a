"""The shipped projects: what they simulate, and later their SQL, dashboards and alerts."""

from __future__ import annotations

from penstock.apps.collab.history import HISTORY_TABLES, history
from penstock.apps.faults import FAULTS
from penstock.apps.simulation import LATE_MS, ORDERLY_MS, START_MS, TOPICS, Simulated, events

__all__ = [
    "FAULTS",
    "HISTORY_TABLES",
    "LATE_MS",
    "ORDERLY_MS",
    "START_MS",
    "TOPICS",
    "Simulated",
    "events",
    "history",
]
