"""Which topics a plan reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors import connector_named
from penstock.connectors.kafka import TOPIC, ensure_topic
from penstock.connectors.spec import TableOptions
from penstock.core.errors import LogError
from penstock.project.wiring import LOG_CONNECTORS
from penstock.sql import plan as p
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = [
    "beside_topics",
    "empty_inputs",
    "is_system",
    "read_topics",
    "ready_topics",
    "require_not_system",
    "topic_of",
    "written_topics",
]


def is_system(topic: str) -> bool:
    """Whether a topic is Penstock's own, such as the audit log."""
    return topic.startswith("__")


def require_not_system(topic: str) -> None:
    """Raises LogError for a topic that only Penstock itself may write or delete."""
    if is_system(topic):
        raise LogError(
            f"topic '{topic}' is the system's own: it is not written or deleted from outside", code="topic-system"
        )


def topic_of(table: Table) -> str | None:
    """The topic that a table stands on, or None."""
    return table.options.get(TOPIC.name) if table.connector in LOG_CONNECTORS else None


def read_topics(plan: p.Node) -> set[str]:
    """The topics that a plan reads."""
    return {t for n in p.nodes(plan) if isinstance(n, p.Scan) and (t := topic_of(n.table)) is not None}


def beside_topics(plan: p.Node) -> str:
    """Something that a plan reads and that is no topic, in words; empty if there is none."""
    for node in p.nodes(plan):
        if isinstance(node, p.Values):
            return "constant rows"
        if isinstance(node, p.Scan) and topic_of(node.table) is None:
            return f"table {node.table.name} of connector '{node.table.connector}'"
    return ""


def written_topics(plan: p.Node) -> set[str]:
    """The topics that a plan writes."""
    return {t for n in p.nodes(plan) if isinstance(n, p.Sink) and (t := topic_of(n.table)) is not None}


def ready_topics(penstock: Penstock) -> set[str]:
    """The topics there are, after those that tables of the project stand on were made where they were missing."""
    for table in penstock.catalog.objects.values():
        if isinstance(table, Table) and topic_of(table) is not None:
            ensure_topic(TableOptions(table, connector_named(table)), penstock.world)
    return {t.name for t in penstock.log.topics()}


def empty_inputs(penstock: Penstock) -> list[str]:
    """The topics that rows come in through, where all of them are empty and nothing else is read; else nothing."""
    plans = [d.plan for d in penstock.definition.pipelines]
    if any(isinstance(n, p.Scan) and topic_of(n.table) is None for plan in plans for n in p.nodes(plan)):
        return []
    fed = {t for plan in plans for t in read_topics(plan)} - {t for plan in plans for t in written_topics(plan)}
    there = {t.name for t in penstock.log.topics()}
    empty = [t for t in fed if t not in there or penstock.log.starts(t) == penstock.log.ends(t)]
    return sorted(empty) if len(empty) == len(fed) else []
