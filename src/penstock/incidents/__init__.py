"""Incidents: when a condition holds too long, what becomes of that, and who is told.

A rule's rows go into an `AlertSink`, whose changes of state are records of the topic `INCIDENTS`; everybody who wants
to know what is wrong now, or was, reads that topic.
"""

from __future__ import annotations

from penstock.incidents.incident import (
    INCIDENTS,
    RULE_KINDS,
    STATES,
    Incident,
    Incidents,
    ensure_incidents,
    incidents_of,
)
from penstock.incidents.sink import ALERT, HOLDS, TIME, AlertSink

__all__ = [
    "ALERT",
    "HOLDS",
    "INCIDENTS",
    "RULE_KINDS",
    "STATES",
    "TIME",
    "AlertSink",
    "Incident",
    "Incidents",
    "ensure_incidents",
    "incidents_of",
]
