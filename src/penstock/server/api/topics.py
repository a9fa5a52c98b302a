"""Topics: what they are, a look into them, making one."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from penstock.core.errors import RequestError
from penstock.core.render import as_text, byte_text
from penstock.project.browse import browse, offsets_at
from penstock.project.confinement import Confinement
from penstock.project.topics import is_system, topic_of
from penstock.server.access import entry_of, require_right
from penstock.server.api.model import Given, Model, Project
from penstock.server.audited import changed

if TYPE_CHECKING:
    import polars as pl

    from penstock.project.penstock import Penstock

__all__ = ["router"]

_COLUMNS = ("partition", "offset", "timestamp", "key", "value", "headers")

router = APIRouter(prefix="/api/topics", tags=["topics"])


class TopicLine(Model):
    name: str = Field(examples=["chat_events"])
    partitions: int = Field(examples=[10])
    rows: int
    bytes: int
    """Of keys, values and headers, before compression."""
    first_timestamp: int | None
    """Of the oldest record, ms since 1970."""
    last_timestamp: int | None
    configs: dict[str, str] = Field(examples=[{"retention.ms": "604800000"}])


class Partition(Model):
    partition: int
    start: int
    """The first offset that is kept."""
    end: int
    """The offset that the next record gets."""
    rows: int
    bytes: int
    first_timestamp: int | None
    last_timestamp: int | None


class Reader(Model):
    group: str
    """A consumer group; a pipeline's has its name."""
    lag: int
    """Records that it has not read."""


class TopicAnswer(TopicLine):
    details: list[Partition]
    readers: list[Reader]
    tables: list[str]
    """The project's tables over it."""


class NewTopic(Given):
    name: str = Field(examples=["orders"])
    partitions: int | None = Field(None, ge=1, le=10_000)
    """By default as [topics.NAME] of penstock.toml says, else 1."""
    configs: dict[str, str] = Field(default={}, examples=[{"retention.ms": "30 d"}])


class Record(Model):
    partition: int
    offset: int
    timestamp: int
    """ms since 1970."""
    key: str | None
    """As text; bytes that are none as 0x and hexadecimal digits."""
    value: str | None
    """As the key; null is a tombstone."""
    headers: dict[str, str | None]


class Records(Model):
    records: list[Record]
    next: str | None = None
    """The cursor of the records after these; null at the end of the topic."""


Name = Annotated[str, Path(examples=["chat_events"])]


@router.get("", operation_id="topics")
def list_topics(penstock: Project, system: bool = False) -> list[TopicLine]:  # of the address
    """All topics; those of the system, whose names begin with __, only if asked for: an admin may read them."""
    return [_line(penstock, t.name) for t in penstock.log.topics() if system or not t.name.startswith("__")]


def _line(penstock: Project, name: str) -> TopicLine:
    found, parts = penstock.log.topic(name), penstock.log.describe(name)
    return TopicLine(
        name=found.name,
        partitions=found.partitions,
        rows=sum(p.rows for p in parts),
        bytes=sum(p.bytes for p in parts),
        first_timestamp=min((p.first_timestamp for p in parts if p.first_timestamp is not None), default=None),
        last_timestamp=max((p.last_timestamp for p in parts if p.last_timestamp is not None), default=None),
        configs=dict(found.configs),
    )


@router.post("", operation_id="topic_create", status_code=201)
def create_topic(request: Request, penstock: Project, topic: NewTopic) -> TopicLine:
    """Make a topic."""
    penstock.create_topic(topic.name, topic.partitions, topic.configs)
    changed(request, topic.name, after={"partitions": topic.partitions, "configs": topic.configs})
    return _line(penstock, topic.name)


@router.get("/{name}", operation_id="topic")
def show_topic(request: Request, penstock: Project, name: Name) -> TopicAnswer:
    """One topic: its partitions, who reads it, the tables over it."""
    _require_readable(request, name)
    line, log = _line(penstock, name), penstock.log
    lags: dict[str, int] = {}
    for group in log.groups.names():
        for offset in log.groups.describe(group):
            if offset.topic == name:
                lags[group] = lags.get(group, 0) + offset.lag
    return TopicAnswer(
        **line.model_dump(),
        details=[Partition.model_validate(p) for p in log.describe(name)],
        readers=[Reader(group=group, lag=lag) for group, lag in sorted(lags.items())],
        tables=sorted(t.name for t in penstock.definition.tables if topic_of(t) == name),
    )


@router.delete("/{name}", operation_id="topic_delete", status_code=204)
def delete_topic(penstock: Project, name: Name) -> None:
    """Delete a topic with all its records; refused while a pipeline that runs reads or writes it (409)."""
    penstock.delete_topic(name)


@router.get("/{name}/records", operation_id="topic_records")
def topic_records(
    request: Request,
    penstock: Project,
    name: Name,
    start: Annotated[
        str,
        Query(
            alias="from",
            max_length=64,
            description="earliest, latest, an offset, or the records' time (UTC unless it names its zone)",
            examples=["2026-01-31T09:00"],
        ),
    ] = "earliest",
    partition: Annotated[int | None, Query(ge=0)] = None,
    key: Annotated[str | None, Query(description="Records of this key alone")] = None,
    last: Annotated[int | None, Query(ge=1, le=10_000, description="The last so many, in place of `from`")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    cursor: Annotated[str, Query(description="`next` of the page before, in place of `from`")] = "",
) -> Records:
    """Records in the order of the log, a page at a time. One page looks at a million records at most."""
    _require_readable(request, name)
    _require_whole(request, penstock, name)
    offsets = _read_cursor(cursor) if cursor else offsets_at(penstock.log, name, start, partition)
    found = browse(penstock.log, name, offsets, limit, key=None if key is None else key.encode(), last=last)
    following = None if found.following is None else _cursor(found.following)
    return Records(records=_records(found.records), next=following)


def _require_readable(request: Request, topic: str) -> None:
    """Raises RequestError for a topic of the system, of whoever is no admin."""
    if is_system(topic):
        require_right(request.scope, "admin")


def _require_whole(request: Request, penstock: Penstock, topic: str) -> None:
    """Raises QueryError for a topic with rows that whoever asks may not see."""
    filters = entry_of(request.scope).caller.filters
    if filters:
        Confinement(penstock, filters).require_topic(topic)


def _records(frame: pl.DataFrame) -> list[Record]:
    texts = frame.with_columns(as_text(frame["key"]), as_text(frame["value"]))
    return [Record(**{**row, "headers": _headers(row["headers"])}) for row in texts.select(_COLUMNS).to_dicts()]


def _headers(found: list[dict[str, Any]] | None) -> dict[str, str | None]:
    return {h["key"]: None if h["value"] is None else byte_text(h["value"]) for h in found or ()}


def _cursor(offsets: dict[int, int]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([*offsets.items()])).decode().rstrip("=")


def _read_cursor(cursor: str) -> dict[int, int]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        offsets = dict(found)
    except (ValueError, TypeError, binascii.Error):
        offsets = {}
    if offsets and all(type(n) is int and 0 <= n < 1 << 62 for pair in offsets.items() for n in pair):
        return offsets
    raise RequestError(
        f"'{cursor}' is no cursor", code="request-cursor", hint="give `next` of the page before, as it is"
    )
