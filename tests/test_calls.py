"""Every call of the API is also a command, and every command a call; those that are not say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.root import cli
from penstock.server.rights import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS: dict[str, tuple[str, ...]] = {
    "alert ack": ("incident_acknowledge",),
    "alert incident": ("incident", "notifications"),
    "alert incidents": ("incidents",),
    "alert list": ("alerts",),
    "alert show": ("alert",),
    "alert silence": ("silences", "silence_begin", "silence_end"),
    "alert test": ("alert_test", "alert_try"),
    "apply": ("apply", "apply_progress"),
    "audit": ("audit",),
    "backup": ("backup_make",),
    "backups": ("backups",),
    "check": ("project",),
    "compare": ("pipeline_compare",),
    "diff": ("diff", "diff_files"),
    "explain": ("explain",),
    "file delete": ("alert_delete", "saved_query_delete", "dashboard_delete"),
    "file list": ("dashboards",),
    "file save": ("alert_save", "saved_query_save", "dashboard_save", "sql_file_save"),
    "file show": ("alert_file", "dashboard", "sql_file"),
    "group delete": ("group_delete",),
    "group describe": ("group",),
    "group list": ("groups",),
    "group reset": ("group_reset", "group_reset_preview"),
    "health": ("health",),
    "job backfill": ("job_backfill",),
    "job cancel": ("run_cancel",),
    "job list": ("jobs", "job"),
    "job logs": ("run_log",),
    "job pause": ("job_pause",),
    "job resume": ("job_resume",),
    "job retry": ("run_retry",),
    "job run": ("job_run",),
    "job status": ("runs", "job_runs", "run"),
    "ledger": ("ledger",),
    "memory": ("memory",),
    "operations": ("operations", "operation", "operation_cancel"),
    "pipeline columns": ("pipeline_columns",),
    "pipeline drain": ("pipeline_drain",),
    "pipeline list": ("pipelines",),
    "pipeline pause": ("pipeline_pause",),
    "pipeline restart": ("pipeline_restart",),
    "pipeline resume": ("pipeline_resume",),
    "pipeline show": ("pipeline",),
    "pipeline start": ("pipeline_start", "streaming_pipeline_start"),
    "pipeline stop": ("pipeline_stop",),
    "quality discard": ("quality_discard",),
    "quality fix": ("quality_fix",),
    "quality replay": ("quality_replay",),
    "quality show": ("quality", "quality_rows"),
    "queries list": ("saved_queries",),
    "queries run": ("saved_query",),
    "queries show": ("saved_query_file",),
    "query": ("query", "tables", "table", "table_rows"),
    "rejects discard": ("rejects_discard",),
    "rejects list": ("rejects", "rejects_summary"),
    "rejects replay": ("rejects_replay", "rejects_closed"),
    "rejects show": ("rejects",),
    "restore": ("backup_check",),
    "savepoint create": ("savepoint_create",),
    "savepoint drop": ("savepoint_drop",),
    "savepoint list": ("savepoints",),
    "savepoint restore": ("savepoint_restore",),
    "settings": ("settings", "setting_change"),
    "token list": ("tokens",),
    "token make": ("token_make",),
    "token revoke": ("token_revoke",),
    "topic alter": ("topic_alter", "topic_loss"),
    "topic create": ("topic_create", "streaming_topic_create"),
    "topic delete": ("topic_delete", "topic_loss"),
    "topic describe": ("topic",),
    "topic list": ("topics",),
    "topic produce": ("topic_produce",),
    "topic read": ("topic_records",),
    "topic write": ("ingest", "streaming_ingest"),
    "upkeep": ("upkeep",),
    "uptime": ("uptime",),
    "user add": ("user_add",),
    "user filter": ("user_filter", "user_filter_remove"),
    "user list": ("users",),
    "user password": ("user_password", "own_password"),
    "user remove": ("user_remove",),
    "user role": ("user_role",),
    "why": ("why",),
}
"""The calls that do what a command does."""

BY_COMMAND_ALONE = {
    "it makes a project that is not there yet, or runs one": ("init", "demo", "run", "simulate", "bench windows"),
    "the project stands still meanwhile, and who serves it holds it": ("forget",),
    "it is about this machine": ("service",),
    "it writes what others are to read, and knows nothing of the project": ("observe rules", "observe grafana"),
    "it may define what it likes, and is the session of one person": ("sql",),
}
BY_CALL_ALONE = {
    "it is for those who watch the process, or log in": ("live", "ready", "metrics", "login", "logout", "login_state"),
    "it is for those who follow changes as they happen; topic read --follow and watch are theirs": ("stream",),
    "it is about what others ask of the server now": ("queries_running", "query_cancel", "query_functions"),
    "it has the body of a service before this one": ("streaming_status", "streaming_metrics"),
    "it is the protocol of the schema registry, which its own clients speak": tuple(
        name for name in RIGHTS if name.startswith("registry_")
    ),
}


def commands(group: click.Group, *path: str) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)
        else:
            yield " ".join((*path, name))


def test_each_command_is_a_call_or_says_why_not() -> None:
    alone = [name for names in BY_COMMAND_ALONE.values() for name in names]
    assert sorted(commands(cli)) == sorted([*COMMANDS, *alone])


def test_each_call_is_a_command_or_says_why_not() -> None:
    alone = [name for names in BY_CALL_ALONE.values() for name in names]
    called = {name for names in COMMANDS.values() for name in names}
    assert not called & {*alone}
    assert sorted(called | {*alone}) == sorted(RIGHTS)
