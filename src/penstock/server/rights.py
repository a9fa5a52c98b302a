"""The right that each call of the API needs, by its operation; docs/access.md shows it by role.

A call that is not named here is for admins alone, and a test fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request  # noqa: TC002  # FastAPI reads it
from fastapi.routing import APIRoute

from penstock.server.access import require_right, require_whole

if TYPE_CHECKING:
    from penstock.project.access.rights import Right

__all__ = ["RIGHTS", "require_allowed", "right_to"]

_IN_PART = (
    *(
        "project",
        "pipelines",
        "pipeline",
        "pipeline_columns",
        "ledger",
        "why",
        "stream",
        "dashboards",
        "dashboard",
    ),
    *("own_password", "settings", "memory", "health", "uptime", "groups", "group", "group_reset_preview"),
    *("tables", "table", "table_rows", "topics", "topic", "topic_records"),
    *("explain", "query", "query_functions", "queries_running", "query_cancel"),
    *("saved_queries", "saved_query", "saved_query_file"),
    *("registry_types", "registry_schema", "registry_uses", "registry_schema_subjects", "registry_subjects"),
    *("registry_versions", "registry_find", "registry_version", "registry_version_schema", "registry_mode"),
    *("registry_fits_all", "registry_fits", "registry_level", "registry_subject_level"),
)
"""Calls that show whoever has row filters no row beyond them. The others that read are closed to such users."""

_OF: dict[Right | None, tuple[str, ...]] = {
    None: ("live", "ready", "login_state", "login", "logout"),
    "read": (
        *_IN_PART,
        *("diff", "diff_files", "apply_progress", "pipeline_compare", "savepoints", "topic_loss"),
        *("rejects", "rejects_summary", "rejects_closed"),
        *("alerts", "alert", "alert_file", "alert_test", "alert_try", "sql_file"),
        *("incidents", "incident", "notifications", "silences"),
        *("jobs", "job", "job_runs", "runs", "run", "run_log"),
        *("quality", "quality_rows"),
        *("metrics", "streaming_status", "streaming_metrics"),
    ),
    "ingest": ("ingest", "streaming_ingest"),
    "operate": (
        *("pipeline_start", "pipeline_restart", "pipeline_pause", "pipeline_resume", "pipeline_stop", "pipeline_drain"),
        "apply",
        *("savepoint_create", "savepoint_restore", "savepoint_drop", "rejects_replay", "rejects_discard"),
        *("quality_fix", "quality_replay", "quality_discard"),
        *("topic_create", "topic_alter", "topic_delete", "topic_produce", "group_reset", "group_delete"),
        *("job_run", "job_backfill", "job_pause", "job_resume", "run_cancel", "run_retry"),
        *("incident_acknowledge", "silence_begin", "silence_end"),
        *("streaming_topic_create", "streaming_pipeline_start"),
        *("saved_query_save", "saved_query_delete", "dashboard_save", "dashboard_delete"),
        *("alert_save", "alert_delete", "sql_file_save"),
        *("registry_register", "registry_delete", "registry_delete_version", "registry_set_level"),
        *("registry_unset_level", "registry_set_subject_level", "registry_unset_subject_level"),
    ),
    "admin": (
        *("users", "user_add", "user_role", "user_password", "user_remove", "user_filter", "user_filter_remove"),
        *("tokens", "token_make", "token_revoke", "audit", "setting_change"),
        *("backups", "backup_make", "backup_check", "upkeep", "operations", "operation", "operation_cancel"),
    ),
}

RIGHTS: dict[str, Right | None] = {operation: right for right, operations in _OF.items() for operation in operations}
"""By operation; None: all may, with a login or without."""


def right_to(operation: str) -> Right | None:
    """What a call of that operation needs."""
    return RIGHTS.get(operation, "admin")


async def require_allowed(request: Request) -> None:
    """Raises RequestError where whoever asks may not make this call; the page's own files are for all."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    if not route.include_in_schema:
        return
    operation = route.operation_id or ""
    right = right_to(operation)
    require_right(request.scope, right)
    if right == "read" and operation not in _IN_PART:
        require_whole(request.scope)
