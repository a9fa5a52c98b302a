"""The routers, one file a noun."""

from __future__ import annotations

from penstock.server.api import (
    accounts,
    alerts,
    audit,
    dashboards,
    edits,
    explain,
    groups,
    health,
    incidents,
    ingest,
    ledger,
    login,
    memory,
    metrics,
    pipelines,
    project,
    query,
    registry,
    saved,
    savepoints,
    settings,
    silences,
    sql_files,
    streaming,
    tables,
    topics,
)
from penstock.server.push import stream

__all__ = ["ROUTERS", "TAGS"]

ROUTERS = (
    ingest.router,  # first: routes are tried in their order, and of these requests there are most
    health.router,
    metrics.router,
    login.router,
    accounts.router,
    audit.router,
    project.router,
    edits.router,
    sql_files.router,
    explain.router,
    settings.router,
    memory.router,
    pipelines.router,
    savepoints.router,
    tables.router,
    topics.router,
    groups.router,
    query.router,
    saved.router,
    dashboards.router,
    alerts.router,
    incidents.router,
    silences.router,
    ledger.router,
    registry.router,
    streaming.router,
    stream.router,
)

TAGS = [
    {"name": "health", "description": "Whether the process lives and is ready."},
    {"name": "access", "description": "Logging in; users, and their tokens."},
    {"name": "project", "description": "The project as a whole."},
    {"name": "tables", "description": "Tables and views: what they are, and their rows."},
    {"name": "pipelines", "description": "Pipelines and their operators."},
    {"name": "topics", "description": "Topics of the log: what they are, their records, making and changing one."},
    {"name": "consumer groups", "description": "Who has read how far, and moving that."},
    {"name": "ingest", "description": "Events into topics, each with an answer of its own."},
    {"name": "query", "description": "Questions in SQL, within limits."},
    {"name": "saved queries", "description": "Files of queries/, each an endpoint with typed parameters."},
    {"name": "dashboards", "description": "Files of dashboards/."},
    {"name": "alerts", "description": "Rules of alerts/, their incidents, and who is told."},
    {"name": "rows and their fates", "description": "The ledger, why nothing comes out, rejected and late rows."},
    {"name": "registry", "description": "The schema registry, with the paths of Confluent's below /api/registry."},
    {"name": "streaming", "description": "Status, topics, pipelines, metrics and ingest, in the bodies of before."},
    {"name": "push", "description": "What changes, as it changes; docs/push.md has the WebSocket at /ws."},
]
