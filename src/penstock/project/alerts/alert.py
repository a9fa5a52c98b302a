"""A rule as a pipeline: its query bound, its columns checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, did_you_mean
from penstock.incidents import HOLDS, TIME
from penstock.incidents.channel import require_channels
from penstock.incidents.sink import has_bytes
from penstock.incidents.template import template_columns
from penstock.project.alerts.alert_table import alert_table
from penstock.project.alerts.rule import read_rule, rules_of
from penstock.project.definition import PipelineDefinition
from penstock.sql import config
from penstock.sql.changelog import updating
from penstock.sql.grammar import parse
from penstock.sql.plan import Sink, Sinks
from penstock.sql.session import Answer
from penstock.sql.statements import Query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.project.alerts.rule import Rule
    from penstock.project.definition import Definition
    from penstock.project.project_file import ProjectFile
    from penstock.sql.plan import Column
    from penstock.sql.session import Session

__all__ = ["PREFIX", "Alert", "alert_of", "alerts_of", "drafted"]

PREFIX = "alert."
"""How the name of a rule's pipeline begins."""

_COMMIT_MS = 50
"""So often changes are committed: somebody waits to be told."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A file of alerts/: its rule and pipeline, or the `error` that it has instead."""

    name: str
    rule: Rule | None = None
    pipeline: PipelineDefinition | None = None
    error: PenstockError | None = None


def alerts_of(definition: Definition) -> list[Alert]:
    """The alerts of a project, by name; one that is wrong says so."""
    found = []
    folder = rules_of(definition.folder)
    for name in folder.names():
        rule = None
        try:
            rule = read_rule(folder.read(name), definition.settings.time_zone)
            require_channels(rule.notify, definition.settings.notify, rule.where)
            found.append(alert_of(rule, definition.session))
        except PenstockError as error:
            found.append(Alert(name, rule, error=error))
    return found


def drafted(definition: Definition, file: ProjectFile) -> Alert:
    """The alert that a file would be. Raises ConfigError or SqlError where it does not fit."""
    rule = read_rule(file, definition.settings.time_zone)
    require_channels(rule.notify, definition.settings.notify, rule.where)
    return alert_of(rule, definition.session)


def alert_of(rule: Rule, session: Session) -> Alert:
    """The alert of `rule` over the tables of `session`. Raises ConfigError or SqlError where they do not fit."""
    inner = rule.query or f"SELECT * FROM {_quoted(rule.table)}"
    rows = _answer(session, inner, rule)
    if updating(rows.query):
        raise ConfigError(
            "the rows of its query change after they were given, and an alert needs rows that stay",
            code="alert-updating",
            where=rule.where,
            hint="GROUP BY a window of time, or read a table without a primary key over the topic",
        )
    columns = rows.query.columns
    time = _time(rule, columns)
    _require_columns(rule, columns)
    moment, when = f"`{time}`", rule.when or "TRUE"
    bound = _answer(
        session,
        f"SELECT *, {moment} AS `{TIME}`, ({when}) AS `{HOLDS}` FROM (\n{inner}\n)"
        f" WHERE {moment} IS NOT NULL"
        f" AND (CURRENT_WATERMARK({moment}) IS NULL OR {moment} >= CURRENT_WATERMARK({moment}))",
        rule,
    )
    sink = Sink(bound.query.columns, bound.query, alert_table(rule, bound.query.columns))
    settings = {**bound.settings, config.CHECKPOINT_INTERVAL.name: _COMMIT_MS}
    pipeline = PipelineDefinition(PREFIX + rule.name, Sinks((), (sink,)), bound.context, settings, rule.where)
    return Alert(rule.name, rule, pipeline)


def _quoted(table: str) -> str:
    return ".".join(f"`{part.strip('`')}`" for part in table.split("."))


def _answer(session: Session, sql: str, rule: Rule) -> Answer:
    """The bound query. Raises SqlError with the place in it, ConfigError for anything but one SELECT.

    What else a rule says is read and never executed: the session is that of the project.
    """
    statements = parse(sql, rule.where)
    if len(statements) != 1 or not isinstance(statements[0], Query):
        raise ConfigError("the query of an alert is one SELECT", code="alert-query", where=rule.where)
    outcome = session.execute(statements[0], sql, rule.where)
    assert isinstance(outcome, Answer)
    return outcome


def _time(rule: Rule, columns: tuple[Column, ...]) -> str:
    """The column of event time."""
    times = [c.name for c in columns if c.is_time]
    if rule.time and rule.time not in times:
        raise ConfigError(
            f"'{rule.time}' is no event time of its rows",
            code="alert-time",
            where=rule.where,
            hint=f"there are {', '.join(times)}" if times else "declare WATERMARK FOR it in CREATE TABLE",
        )
    if not rule.time and len(times) != 1:
        has = f"several event times ({', '.join(times)})" if times else "no event time"
        raise ConfigError(
            f"its rows have {has}",
            code="alert-time",
            where=rule.where,
            hint='choose one: time = "..."' if times else "declare WATERMARK FOR a column in CREATE TABLE",
        )
    return rule.time or times[0]


def _require_columns(rule: Rule, columns: Iterable[Column]) -> None:
    """Raises ConfigError for a key or a text that names a column which the rows have not, or that is bytes."""
    known = {c.name: has_bytes(c.type.polars) for c in columns}
    texts = [*template_columns(rule.title), *template_columns(rule.description)]
    for option, name in [*(("key", k) for k in rule.key), *(("a text", t) for t in texts)]:
        if name not in known:
            raise ConfigError(
                f"{option} names the column '{name}', which its rows have not",
                code="alert-column",
                where=rule.where,
                hint=did_you_mean(name, known) or "there are " + ", ".join(known),
            )
        if known[name]:
            raise ConfigError(
                f"{option} names the column '{name}', which is bytes", code="alert-column", where=rule.where
            )
