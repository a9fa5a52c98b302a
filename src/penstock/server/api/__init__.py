"""The routers, one file a noun."""

from __future__ import annotations

from penstock.server.api import health, metrics, project, registry, tables
from penstock.server.push import stream

__all__ = ["ROUTERS", "TAGS"]

ROUTERS = (health.router, metrics.router, project.router, tables.router, registry.router, stream.router)

TAGS = [
    {"name": "health", "description": "Whether the process lives and is ready."},
    {"name": "project", "description": "The project as a whole."},
    {"name": "tables", "description": "Tables and views: what they are, and their rows."},
    {"name": "registry", "description": "The schema registry, with the paths of Confluent's below /api/registry."},
    {"name": "push", "description": "What changes, as it changes; docs/push.md has the WebSocket at /ws."},
]
