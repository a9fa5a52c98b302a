"""Beginning anew: what goes, and its going."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.connectors import connector_named
from penstock.connectors.spec import TableOptions
from penstock.engine.pipeline import FACTS, LATE_TABLE, REJECTS_TABLE
from penstock.project.audit import audited
from penstock.project.discards import DISCARDS_TABLE
from penstock.project.quality import FIXED
from penstock.project.replays import record_replay, replays
from penstock.project.topics import beside_topics, read_topics, topic_of, written_topics

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["drop_everything", "what_goes"]


def _sinks(penstock: Penstock) -> list[Table]:
    return [sink.table for d in penstock.definition.pipelines for sink in d.plan.parts]


def what_goes(penstock: Penstock) -> list[str]:
    """What --fresh drops, in words."""
    log = penstock.log
    words = [f"the state of pipeline {c.pipeline} (checkpoint {c.epoch})" for c in log.state.checkpoints()]
    names = {t.name for t in log.topics()}
    topics = sorted({t for d in penstock.definition.pipelines for t in written_topics(d.plan)} & names)
    words.extend(f"{sum(p.rows for p in log.describe(topic)):,} rows of topic {topic}" for topic in topics)
    for table in _sinks(penstock):
        connector = connector_named(table)
        if connector.clear is not None:
            files = connector.clear(table, TableOptions(table, connector), penstock.world, act=False)
            if files:
                words.append(f"{files:,} files of table {table.name}")
    return words


def drop_everything(penstock: Penstock) -> None:
    """Drop state and results of all pipelines, and the lists of rejects and late rows; the input stays."""
    log, before = penstock.log, what_goes(penstock)
    for checkpoint in log.state.checkpoints():
        log.state.drop_pipeline(checkpoint.pipeline)
    for prefix in (*FACTS, FIXED):
        for key in log.facts.scan(prefix):
            log.facts.delete(key)
    for name in (REJECTS_TABLE, LATE_TABLE, DISCARDS_TABLE):
        log.tables.drop(name)
    penstock.quality.latest.drop_streams()
    _settle_rebuilt(penstock)
    kept = {t.name: t for t in log.topics()}
    for table in _sinks(penstock):
        topic = topic_of(table)
        if topic in kept:
            found = kept.pop(topic)
            log.delete_topic(topic)
            log.create_topic(topic, found.partitions, found.configs)
        connector = connector_named(table)
        if connector.clear is not None:
            connector.clear(table, TableOptions(table, connector), penstock.world, act=True)
    audited(log, "run-fresh", penstock.settings.name, before=before)


def _settle_rebuilt(penstock: Penstock) -> None:
    """Rows that were brought into windows that had closed come first when the log is read again."""
    readers = [(d.name, read_topics(d.plan)) for d in penstock.definition.pipelines if not beside_topics(d.plan)]
    with penstock.log.transaction() as transaction:
        for replay in replays(penstock.log).values():
            if replay.rebuilt:
                names = [n for n, topics in readers if replay.original[0] in topics and n not in replay.counted]
                record_replay(transaction, replace(replay, settled=tuple(names)), None)
