"""Topics: what they are, a look into them; making, altering and deleting one; a record by hand."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from penstock.core.errors import RequestError
from penstock.core.render import as_text, byte_text
from penstock.project.browse import browse, offsets_at
from penstock.project.confinement import Confinement
from penstock.project.decoded import Decoding
from penstock.project.search import Condition, Wanted, header_of
from penstock.project.standing import unread
from penstock.project.topics import is_system, topic_of
from penstock.server.access import entry_of, require_right
from penstock.server.api.model import Given, Model, Project

if TYPE_CHECKING:
    import polars as pl

    from penstock.log.topic import Topic
    from penstock.project.penstock import Penstock
    from penstock.project.rate import Rates

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
    """Those that were set."""
    compacts: bool
    """Whether of each key only the last record is kept."""
    retention_ms: int | None = Field(examples=[604800000])
    """So long records are kept; null: without end."""
    retention_bytes: int | None = Field(examples=[None])
    """So many bytes a partition keeps; null: no limit."""
    rows_per_second: float
    """Records appended."""
    lag: int | None
    """Records that the reader which is furthest behind has not read; null where nobody has read any."""


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
    name: str
    kind: Literal["pipeline", "group"]
    """A pipeline of the project, or a consumer group; pipelines that name one are told as both."""
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


class TopicChanges(Given):
    partitions: int | None = Field(None, ge=1, le=10_000)
    """More than there are."""
    configs: dict[str, str | None] = Field(default={}, examples=[{"retention.ms": "30 d"}])
    """null unsets one."""
    token: str = Field("", max_length=64)
    """As `loss` gave it, where retention then takes rows at once."""


class LossAnswer(Model):
    topic: str = Field(examples=["orders"])
    rows: int
    bytes: int
    """Of keys, values and headers, before compression."""
    pipelines: list[str]
    """Those that read or write it."""
    tables: list[str]
    groups: list[str]
    """Consumer groups that have read it."""
    alerts: list[str]
    """Rules over it, or over what is made of it."""
    token: str
    """Good for a minute, and as long as nothing of this changes."""


class NewRecord(Given):
    value: str | None = Field(None, examples=['{"event_id": "e1", "meeting_id": "m1"}'])
    """As text; without it and `value_base64` the record is a tombstone."""
    value_base64: str | None = None
    key: str | None = None
    """By default as the table over the topic declares it."""
    key_base64: str | None = None
    headers: dict[str, str | None] = Field(default={}, examples=[{"sent-by": "the gate"}])
    headers_base64: dict[str, str | None] = Field(default={})
    partition: int | None = Field(None, ge=0)
    """By default that of the key."""
    checked: bool = True
    """Whether the tables over the topic must be able to read it."""


class Place(Model):
    partition: int
    offset: int


class DecodedAnswer(Model):
    schema_id: int | None = Field(examples=[7])
    """The number of the schema that the message names; null for Avro without one."""
    text: str | None = Field(examples=['{"id":"a","amount":2.5}'])
    """JSON, with bytes as 0x and hexadecimal digits, dates, times and decimals as text."""
    error: str | None
    """Why there is none."""


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
    decoded: DecodedAnswer | None = None
    """The value's Avro, if `decoded` is asked for and the topic has any."""


class Records(Model):
    records: list[Record]
    next: str | None = None
    """The cursor to go on with; null at the end of the topic. A page may have none of the records that are asked for
    and go on all the same."""
    looked: int
    """So many records were looked at for this page."""
    left: int
    """So many are there at most from `next` on: both together tell how far a search is."""


Name = Annotated[str, Path(examples=["chat_events"])]


@router.get("", operation_id="topics")
def list_topics(request: Request, penstock: Project, system: bool = False) -> list[TopicLine]:  # of the address
    """All topics; those of the system, whose names begin with __, only if asked for: an admin may read them."""
    readers = _readers(penstock)
    names = [t.name for t in penstock.log.topics() if system or not is_system(t.name)]
    return [_line(request, penstock, name, readers.get(name, [])) for name in names]


def _readers(penstock: Penstock) -> dict[str, list[Reader]]:
    """Who reads each topic."""
    found: dict[str, dict[str, int]] = {}
    for group in penstock.log.groups.names():
        for offset in penstock.log.groups.describe(group):
            of = found.setdefault(offset.topic, {})
            of[group] = of.get(group, 0) + offset.lag
    kinds: tuple[tuple[Literal["pipeline", "group"], dict[str, dict[str, int]]], ...] = (
        ("pipeline", unread(penstock)),
        ("group", found),
    )
    readers: dict[str, list[Reader]] = {}
    for kind, lags in kinds:
        for topic, of in lags.items():
            readers.setdefault(topic, []).extend(Reader(name=n, kind=kind, lag=lag) for n, lag in sorted(of.items()))
    return readers


def _line(request: Request, penstock: Penstock, name: str, readers: list[Reader]) -> TopicLine:
    found, parts = penstock.log.topic(name), penstock.log.describe(name)
    rates: Rates = request.app.state.rates
    ends = sum(p.end for p in parts)
    return TopicLine(
        name=found.name,
        partitions=found.partitions,
        rows=sum(p.rows for p in parts),
        bytes=sum(p.bytes for p in parts),
        first_timestamp=min((p.first_timestamp for p in parts if p.first_timestamp is not None), default=None),
        last_timestamp=max((p.last_timestamp for p in parts if p.last_timestamp is not None), default=None),
        configs=dict(found.configs),
        compacts=found.compacts,
        retention_ms=_limit(found, found.retention_ms),
        retention_bytes=_limit(found, found.retention_bytes),
        rows_per_second=rates.of(f"topic {found.id}", ends, penstock.clock.monotonic(), from_zero=False),
        lag=max((reader.lag for reader in readers), default=None),
    )


def _limit(topic: Topic, value: int) -> int | None:
    """A limit of retention: none, where nothing is deleted."""
    return value if topic.deletes and value >= 0 else None


@router.post("", operation_id="topic_create", status_code=201)
def create_topic(request: Request, penstock: Project, topic: NewTopic) -> TopicLine:
    """Make a topic."""
    penstock.create_topic(topic.name, topic.partitions, topic.configs)
    return _line(request, penstock, topic.name, [])


@router.get("/{name}", operation_id="topic")
def show_topic(request: Request, penstock: Project, name: Name) -> TopicAnswer:
    """One topic: its partitions, who reads it, the tables over it."""
    _require_readable(request, name)
    readers = _readers(penstock).get(name, [])
    line = _line(request, penstock, name, readers)
    return TopicAnswer(
        **line.model_dump(),
        details=[Partition.model_validate(p) for p in penstock.log.describe(name)],
        readers=readers,
        tables=sorted(t.name for t in penstock.definition.tables if topic_of(t) == name),
    )


@router.patch("/{name}", operation_id="topic_alter")
def alter_topic(request: Request, penstock: Project, name: Name, changes: TopicChanges) -> TopicLine:
    """Give it more partitions, or other configs; keys of old records stay where they are.

    Where retention then takes rows at once, it is refused without a token (428), and with one of something else (409).
    """
    penstock.alter_topic(name, changes.partitions, changes.configs, changes.token)
    return _line(request, penstock, name, _readers(penstock).get(name, []))


@router.get("/{name}/loss", operation_id="topic_loss")
def topic_loss(
    penstock: Project,
    name: Name,
    config: Annotated[
        list[str] | None,
        Query(description="K=V of configs that would be set (K= unsets one)", examples=[["retention.ms=1 h"]]),
    ] = None,
) -> LossAnswer:
    """What would go with it, and the token to delete it; with `config` what would go by altering it, and that token."""
    configs = None if config is None else dict(_config(one) for one in config)
    return LossAnswer.model_validate(penstock.topic_loss(name, configs))


def _config(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise RequestError(f"a config is K=V, not '{text}'", code="request-form", where="query.config")
    return name, value or None


@router.delete("/{name}", operation_id="topic_delete")
def delete_topic(
    penstock: Project, name: Name, token: Annotated[str, Query(max_length=64, description="As `loss` gave it")] = ""
) -> LossAnswer:
    """Delete a topic with all its records, and say what has gone.

    Refused while a pipeline in memory reads or writes it (409), without a token (428), and with one that is older than
    a minute or of another state of the topic (409).
    """
    return LossAnswer.model_validate(penstock.delete_topic(name, token))


@router.post("/{name}/produce", operation_id="topic_produce", status_code=201)
def produce(penstock: Project, name: Name, record: NewRecord) -> Place:
    """Append one record by hand; where it is checked, only if every table over the topic can read it (else 422)."""
    headers: dict[str, bytes | None] = {k: None if v is None else v.encode() for k, v in record.headers.items()}
    headers |= {k: _bytes(v, f"headers_base64.{k}") for k, v in record.headers_base64.items()}
    partition, offset = penstock.produce(
        name,
        _bytes(record.value_base64, "value_base64") if record.value is None else record.value.encode(),
        key=_bytes(record.key_base64, "key_base64") if record.key is None else record.key.encode(),
        headers=headers,
        partition=record.partition,
        checked=record.checked,
    )
    return Place(partition=partition, offset=offset)


def _bytes(text: str | None, where: str) -> bytes | None:
    try:
        return None if text is None else base64.b64decode(text, validate=True)
    except ValueError:
        raise RequestError(f"{where} is no base64", code="request-form", where=where) from None


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
    header: Annotated[
        str | None, Query(description="Records with this header: its name, or NAME=VALUE", examples=["sent-by=me"])
    ] = None,
    where: Annotated[
        str | None,
        Query(
            max_length=10_000,
            description="Records of which this holds: Flink SQL over the columns of `table`",
            examples=["participants > 10 AND country = 'NO'"],
        ),
    ] = None,
    table: Annotated[str | None, Query(description="A table over the topic; by default the only one")] = None,
    last: Annotated[int | None, Query(ge=1, le=10_000, description="The last so many, in place of `from`")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    seconds: Annotated[float, Query(gt=0, le=10, description="So long a page is looked for")] = 0.5,
    cursor: Annotated[str, Query(description="`next` of the page before, in place of `from`")] = "",
    decoded: Annotated[bool, Query(description="Whether values of Avro are told as JSON too")] = False,
) -> Records:
    """Records in the order of the log, a page at a time; a search is cancelled by not asking for its next page."""
    _require_readable(request, name)
    _require_whole(request, penstock, name)
    if where is not None and last is not None:
        raise RequestError("`where` goes without `last`", code="request-form", where="query.last", hint="use `from`")
    wanted = Wanted(
        None if key is None else key.encode(),
        None if header is None else header_of(header),
        None if where is None else Condition(penstock, name, where, table),
    )
    offsets = _read_cursor(cursor) if cursor else offsets_at(penstock.log, name, start, partition)
    until = penstock.clock.monotonic() + seconds
    found = browse(
        penstock.log,
        name,
        offsets,
        limit,
        wanted=wanted,
        last=last,
        enough=lambda: penstock.clock.monotonic() >= until,
    )
    following = None if found.following is None else _cursor(found.following)
    decoding = Decoding(penstock, name) if decoded else None
    return Records(records=_records(found.records, decoding), next=following, looked=found.looked, left=found.left)


def _require_readable(request: Request, topic: str) -> None:
    """Raises RequestError for a topic of the system, of whoever is no admin."""
    if is_system(topic):
        require_right(request.scope, "admin")


def _require_whole(request: Request, penstock: Penstock, topic: str) -> None:
    """Raises QueryError for a topic with rows that whoever asks may not see."""
    filters = entry_of(request.scope).caller.filters
    if filters:
        Confinement(penstock, filters).require_topic(topic)


def _records(frame: pl.DataFrame, decoding: Decoding | None) -> list[Record]:
    texts = frame.with_columns(as_text(frame["key"]), as_text(frame["value"]))
    found = [Record(**{**row, "headers": _headers(row["headers"])}) for row in texts.select(_COLUMNS).to_dicts()]
    if decoding is not None:
        for record, value in zip(found, frame["value"], strict=True):
            said = decoding.of(value)
            record.decoded = None if said is None else DecodedAnswer.model_validate(said)
    return found


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
