"""Checking a project without running it: what is wrong, what differs from Flink, what may surprise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.connectors import connector_named
from penstock.connectors.kafka import ensure_topic, value_format
from penstock.connectors.registry import PREFIX as REGISTRY
from penstock.connectors.spec import IDLE_TIMEOUT, TableOptions
from penstock.connectors.world import World
from penstock.core.clock import SystemClock
from penstock.core.errors import PenstockError, SqlError
from penstock.jobs.job import FILE as JOBS
from penstock.log import Log
from penstock.project.alerts.alert import alerts_of
from penstock.project.build import idle_timeout, make_pipeline
from penstock.project.definition import begin_definition
from penstock.project.finding import Finding
from penstock.project.portability import differences
from penstock.project.schemas import register_schemas
from penstock.project.settings import FILE
from penstock.project.topics import topic_of
from penstock.project.volatile import volatile
from penstock.project.wiring import LOG_CONNECTORS
from penstock.sql import plan as p
from penstock.sql.catalog import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from penstock.engine.pipeline import Pipeline
    from penstock.project.definition import Definition, PipelineDefinition

__all__ = ["check", "dry_pipeline", "dry_world", "world_like"]

_LOADS = ("sources", "schemas", "warehouse", "quality")
"""Folders of files about loads."""


def check(folder: Path, home: Path) -> list[Finding]:
    """All findings about the project in `folder` whose log is in `home`, errors first. Nothing is made or changed."""
    try:
        definition, files = begin_definition(folder)
    except PenstockError as error:
        return [_error(error)]
    found: list[Finding] = []
    fault: SqlError | None = None
    for path in files:
        try:
            definition.add_file(path)
        except PenstockError as error:
            found.append(_error(error))
            fault = error if fault is None and isinstance(error, SqlError) else fault
    found += map(_error, definition.rules.errors(definition.session.catalog))
    world = dry_world(definition, home)
    with world.log:
        there = {t.name for t in world.log.topics()}
        found += _schemas(definition, world)
        found += _work(definition, home, world, fault)
        found += _tables(definition, world)
        found += [f for d in definition.pipelines for f in _pipeline(definition, d, world)]
        found += _new_topics(world, there)
    alerts = alerts_of(definition)
    found += [_error(alert.error) for alert in alerts if alert.error is not None]
    found += [*differences(definition), *_unused(definition, [a.pipeline for a in alerts if a.pipeline is not None])]
    idle = not definition.pipelines and not (definition.folder / JOBS).is_file()
    if idle and all(f.level != "error" for f in found):
        found.append(Finding("error", "project-empty", "there is no pipeline to run", hint="INSERT INTO a table"))
    order = ("error", "difference", "warning", "note")
    return sorted(dict.fromkeys(found), key=lambda f: order.index(f.level))


def _error(error: PenstockError) -> Finding:
    return Finding("error", error.code, error.message, error.where, error.hint)


def dry_world(definition: Definition, home: Path) -> World:
    """The project's surroundings with a log in memory that has its topics and none of its rows. Close its log."""
    if (home / "log.db").exists():
        with Log.open(home / "log.db", read_only=True) as log:
            return world_like(definition, log)
    return world_like(definition, None)


def world_like(definition: Definition, log: Log | None, own: str = "") -> World:
    """The same, where the project's log is open, and its page is at `own` rather than where the settings say."""
    memory = Log.open(None)
    if log is not None:
        for topic in log.topics():
            memory.create_topic(topic.name, topic.partitions, topic.configs)
        memory.facts.swap({}, log.facts.scan(REGISTRY))
    settings = definition.settings
    roots = (definition.folder, *((definition.folder / r) for r in settings.roots))
    return World(
        memory,
        definition.folder,
        SystemClock(),
        roots,
        settings.topics,
        tables=settings.tables,
        s3=settings.s3,
        allow=settings.allow,
        own=own or settings.url,
    )


def dry_pipeline(definition: Definition, pipeline: PipelineDefinition, log: Log, own: str = "") -> Pipeline:
    """One pipeline of a project, made in a dry world and closed: its operators can be looked at, none runs.

    Raises as `make_pipeline`.
    """
    world = world_like(definition, log, own)
    with world.log:
        made = make_pipeline(pipeline, world, definition.settings)
        made.close()
    return made


def _schemas(definition: Definition, world: World) -> Iterator[Finding]:
    """Schemas that are none, or do not fit what was registered before."""
    try:
        register_schemas(definition.folder, world.log)
    except PenstockError as error:
        yield _error(error)


def _work(definition: Definition, home: Path, world: World, fault: SqlError | None) -> Iterator[Finding]:
    """Jobs that cannot be done, and files of loads that do not fit each other."""
    if not any((definition.folder / part).exists() for part in (JOBS, *_LOADS)):
        return
    from penstock.project.penstock import Penstock
    from penstock.project.warehouse.files import wrong_load_files
    from penstock.warehouse.sources.csv.source import NONE

    penstock = Penstock(definition, home, fault=fault, log=world.log)
    try:
        wrong = [one.error for one in penstock.jobs.file.listed() if one.error is not None]
    except PenstockError as error:
        wrong = [error]
    for one in (*wrong, *wrong_load_files(penstock, definition)):
        found = _error(one)
        yield replace(found, level="warning") if one.code == NONE else found  # its files may come yet


# -- tables ------------------------------------------------------------------------------------------


def _tables(definition: Definition, world: World) -> Iterator[Finding]:
    """Options, formats and metadata of every table, read or not."""
    for table in definition.tables:
        where = f"table {table.name}"
        try:
            connector = connector_named(table)
            options = TableOptions(table, connector)
            options.check_metadata(written=False)
            if connector.name in LOG_CONNECTORS:
                value_format(options, world).decoder(options.physical, tuple(f.name for f in options.physical))
                ensure_topic(options, world)
        except PenstockError as error:
            yield replace(_error(error), where=error.where or where)


def _new_topics(world: World, there: set[str]) -> Iterator[Finding]:
    for topic in world.log.topics():
        if topic.name not in there and not topic.name.startswith("__"):
            count = f"{topic.partitions} partition" + ("s" if topic.partitions != 1 else "")
            yield Finding("note", "new-topic", f"topic {topic.name} will be made with {count}")


# -- pipelines ---------------------------------------------------------------------------------------


def _pipeline(definition: Definition, pipeline: PipelineDefinition, world: World) -> Iterator[Finding]:
    where = f"pipeline {pipeline.name} ({pipeline.source})" if pipeline.source else f"pipeline {pipeline.name}"
    try:
        make_pipeline(pipeline, world, definition.settings).close()
    except PenstockError as error:
        yield replace(_error(error), where=error.where or where)
        return
    for name in dict.fromkeys(volatile(pipeline.plan)):
        yield Finding(
            "warning",
            "not-repeatable",
            f"{name} gives another value each time, so a run over the same input gives other rows",
            where,
        )
    yield from _silent_partitions(definition, pipeline, world)


def _waits(node: p.Node) -> bool:
    """Whether rows stay with it until time has passed."""
    return isinstance(node, (p.WindowAggregate, p.TemporalJoin)) or (
        isinstance(node, p.WindowTable) and node.window.kind == "SESSION"
    )


def _silent_partitions(definition: Definition, pipeline: PipelineDefinition, world: World) -> Iterator[Finding]:
    """Partitions that hold windows open for as long as they have no rows."""
    waits = any(_waits(n) for n in p.nodes(pipeline.plan))
    default = idle_timeout(pipeline.settings, definition.settings)
    for node in p.nodes(pipeline.plan):
        if not waits or not isinstance(node, p.Scan) or node.table.watermark is None:
            continue
        topic = topic_of(node.table)
        if topic is None:
            continue
        options = TableOptions(node.table, connector_named(node.table), dict(node.options))
        declared = options.values[IDLE_TIMEOUT]
        partitions = world.log.topic(topic).partitions
        if partitions > 1 and not (default if declared is None else declared):
            yield Finding(
                "warning",
                "no-idle-timeout",
                f"topic {topic} has {partitions} partitions and no idle timeout: a silent one holds back all windows",
                f"table {node.table.name}",
                f"'scan.watermark.idle-timeout' = '30 s' on the table, or idle-timeout in {FILE}",
            )


# -- what nobody uses -----------------------------------------------------------------------------------


def _read(pipelines: Iterable[PipelineDefinition]) -> set[tuple[str, str, str]]:
    return {n.table.path for d in pipelines for n in p.nodes(d.plan) if isinstance(n, p.Scan)}


def _unused(definition: Definition, alerts: list[PipelineDefinition]) -> Iterator[Finding]:
    """Tables that no pipeline reads or writes, nor an alert, and settings of topics that no table stands on."""
    read = _read([*definition.pipelines, *alerts])
    used = read | {s.table.path for d in definition.pipelines for s in d.plan.parts}
    topics = set()
    views = [v for v in definition.session.catalog.objects.values() if isinstance(v, View)]
    for table in definition.tables:
        topics.add(topic_of(table))
        if table.path not in used:
            named = [v.name for v in views if table.name in v.text]
            beside = f" (view {named[0]} names it)" if named else ""
            yield Finding("note", "unused-table", f"no pipeline reads or writes it{beside}", f"table {table.name}")
        elif table.rules and table.path not in read:
            text = "no pipeline reads it, so its quality rules look at no row"
            yield Finding("warning", "unread-rules", text, f"table {table.name}")
    for topic in definition.settings.topics:
        if topic not in topics:
            yield Finding("warning", "unused-topic", f"no table stands on topic {topic}", f"{FILE}, [topics.{topic}]")
