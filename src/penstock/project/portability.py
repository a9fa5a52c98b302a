"""What a project does otherwise than it would in Flink, and what only Penstock knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors import connector_named
from penstock.connectors.kafka import STARTUP_MODE, TOPIC
from penstock.connectors.spec import TableOptions
from penstock.core.errors import PenstockError
from penstock.project.conflicts import HINT, unsaid_conflicts
from penstock.project.finding import Finding
from penstock.project.settings import FILE
from penstock.sql import config
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.definition import Definition
    from penstock.sql.catalog import Table

__all__ = ["differences"]


def differences(definition: Definition) -> Iterator[Finding]:
    """Findings about the whole project, its tables, and how its pipelines read and write them."""
    if definition.settings.on_bad_row == "reject" and definition.pipelines:
        yield Finding(
            "difference",
            "on-bad-row",
            "a row that cannot be read is taken out and listed in penstock.rejects; Flink's job would fail",
            FILE,
            'on-bad-row = "flink" in [engine] does as Flink',
        )
        for pipeline in definition.pipelines:
            for sink in unsaid_conflicts(pipeline):
                yield Finding(
                    "difference",
                    "on-conflict",
                    "of several rows of one key the last one stays; Flink refuses an INSERT that does not say so",
                    f"INSERT INTO {sink.table.name}",
                    HINT,
                )
    hints = _hints(definition)
    for table in definition.tables:
        yield from _of_table(table, {*table.options, *hints.get(table.path, ())})
    yield from _startup(definition)
    for key in sorted({k for d in definition.pipelines for k in d.settings if config.is_ignored(k)}):
        yield Finding("note", "without-effect", f"SET '{key}' is accepted without effect")


def _hints(definition: Definition) -> dict[tuple[str, str, str], set[str]]:
    """The options that stand beside the tables' names, /*+ OPTIONS(...) */."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for pipeline in definition.pipelines:
        for node in p.nodes(pipeline.plan):
            if isinstance(node, (p.Scan, p.Sink)):
                found.setdefault(node.table.path, set()).update(dict(node.options))
    return found


def _of_table(table: Table, given: set[str]) -> Iterator[Finding]:
    where = f"table {table.name}"
    try:
        options = TableOptions(table, connector_named(table))
    except PenstockError:
        return  # an error that is told elsewhere
    connector = options.connector
    if connector.own:
        yield Finding(
            "difference",
            "own-connector",
            f"'{connector.name}' is Penstock's own, Flink has no connector of the name",
            where,
            f"there it is a table of connector 'kafka', and Penstock fills topic {table.options.get(TOPIC.name)}",
        )
        return
    for option in connector.all_options:
        if option.name in given and connector.is_own(option):
            yield Finding(
                "difference",
                "own-option",
                f"'{option.name}' is Penstock's own, Flink does not know it",
                where,
                "take it out for Flink: where it does not refuse the table, it passes the option by",
            )
    known = {o.name: o for o in connector.all_options}
    for use in options.formats.values():
        known |= {f"{use.format.name}.{o.name}": o for o in use.format.options}
    for name in sorted(given & {n for n, o in known.items() if o.text.startswith("Without effect")}):
        yield Finding("note", "without-effect", f"'{name}' is accepted without effect", where)
    for key, use in options.formats.items():
        if use.format.name == "avro-confluent" and not {"url", "schema-registry.url"} & set(use.options):
            prefix = key.removesuffix("format")
            yield Finding(
                "difference",
                "registry-own",
                "its schemas are in the project's own registry; Flink needs the address of one",
                where,
                f"'{prefix}avro-confluent.url' = 'http://localhost:8081' leads both to that one",
            )
    if table.connector == "kafka" and table.primary_key:
        yield Finding(
            "difference",
            "kafka-key",
            "it keeps every row, whatever its key; Flink's connector 'kafka' takes no PRIMARY KEY",
            where,
            "leave the key out, or use connector 'upsert-kafka'",
        )


def _startup(definition: Definition) -> Iterator[Finding]:
    """Tables that are read without saying from where."""
    for pipeline in definition.pipelines:
        for node in p.nodes(pipeline.plan):
            if not isinstance(node, p.Scan) or node.table.connector != "kafka":
                continue
            if STARTUP_MODE.name not in {**node.table.options, **dict(node.options)}:
                yield Finding(
                    "difference",
                    "startup-mode",
                    "it is read from the earliest offset; Flink begins at the offsets of the group",
                    f"table {node.table.name}",
                    f"'{STARTUP_MODE.name}' = 'earliest-offset' says so to both",
                )
