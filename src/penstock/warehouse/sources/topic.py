"""`TopicSource`: the messages of a topic of the log, each partition from where the last load has left it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import ConfigError, LogError, PositionLostError
from penstock.core.options import Kind, Option, boolean, text
from penstock.core.sql_text import literal
from penstock.history.parquet import Stream
from penstock.warehouse.sources.records import Records
from penstock.warehouse.sources.source import FAULT, LINE, RAW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

    from penstock.core.toml_table import TomlTable
    from penstock.log import Log

__all__ = ["OPTIONS", "PAYLOAD", "SOURCE", "TIMESTAMP", "TopicPart", "TopicSource", "read_topic", "require_no_broker"]

SOURCE, TIMESTAMP, PAYLOAD = "source", "timestamp", "payload"
"""The members of a message: where its record comes from, when it was read there (ISO 8601), and the record."""

TOPIC = Option("topic", text, "", "The topic, in the project's log.", required=True)
GROUP = Option("group", text, "", "The consumer group that shows how far it was read.")
ONLY = Option("only", text, "", "Only messages whose member source is this; none: all.")
MEMBER = Option("payload", text, PAYLOAD, "The member of a message that is the record; empty: the message is.")
SENT = Option("sent", text, "", "The column that gets the message's member timestamp.")
SKIP = Option("skip-lost", boolean, False, "Whether to go on where retention has deleted what was not read yet.")
BROKER = Option("broker", Kind("nothing: there is the log alone", text.read), "", "Refused: see above.")
OPTIONS: tuple[Option[Any], ...] = (TOPIC, GROUP, ONLY, MEMBER, SENT, SKIP, BROKER)

_NO_JSON = literal("the message is no JSON")
_ROWS = 20_000
"""Messages are put together to frames of about so many."""


@dataclass(frozen=True, slots=True)
class TopicSource:
    """A topic, as a file says it, in `log`."""

    where: str
    log: Log
    topic: str
    group: str = ""
    only: str = ""
    payload: str = PAYLOAD
    sent: str = ""
    skip_lost: bool = False

    def parts(self, seen: Mapping[str, str]) -> Iterator[TopicPart]:
        """A part for each partition that has messages from the offset on that `seen` has by its name.

        Raises ConfigError where there is no such topic, PositionLostError where retention was faster.
        """
        try:
            first, ends = self.log.starts(self.topic), self.log.ends(self.topic)
        except LogError as error:
            raise ConfigError(error.message, code=error.code, where=self.where, hint=error.hint) from None
        for partition, end in ends.items():
            name = f"{self.topic}/{partition}"
            begin = int(seen.get(name) or first[partition])
            if begin < first[partition]:
                self._tell_lost(name, begin, first[partition])
            if (begin := max(begin, first[partition])) < end:
                yield TopicPart(self, name, partition, begin, end)

    def commit(self, marks: Mapping[str, str]) -> None:
        """Let the group show that everything before `marks` was loaded, which have offsets by the names of parts."""
        offsets = {int(name.rpartition("/")[2]): int(mark) for name, mark in marks.items()}
        if self.group and offsets:
            self.log.groups.commit(self.group, {self.topic: offsets})

    def _tell_lost(self, name: str, begin: int, first: int) -> None:
        if not self.skip_lost:
            raise PositionLostError(
                f"retention has deleted offsets {begin:,} to {first - 1:,} of {name}, which were not read yet",
                where=self.where,
                hint="skip-lost = true goes on behind them",
            )


class TopicPart:
    """The messages of a partition from offset `begin` on and before `end`; `mark` is the next offset."""

    def __init__(self, source: TopicSource, name: str, partition: int, begin: int, end: int) -> None:
        self.name = name
        self.mark = str(end)
        self._source, self._partition, self._begin, self._end = source, partition, begin, end

    def frames(self) -> Iterator[pl.DataFrame]:
        """The records in columns of text (see Records), with the offset as LINE.

        A message that is no JSON, or has no object for a record, has a FAULT and its text as RAW, whatever `only` says.
        """
        import duckdb

        span = ({self._partition: self._begin}, {self._partition: self._end})
        waiting: list[pl.DataFrame] = []
        rows = 0
        with Records() as records, duckdb.connect(":memory:", config={"threads": 1}) as connection:
            for frame in self._source.log.read(self._source.topic, *span, ("offset", "value")):
                waiting.append(frame)
                rows += frame.height
                if rows >= _ROWS:
                    yield _rows(self._source, pl.concat(waiting), records, connection)
                    waiting, rows = [], 0
            if waiting:
                yield _rows(self._source, pl.concat(waiting), records, connection)


def _rows(
    source: TopicSource, messages: pl.DataFrame, records: Records, connection: duckdb.DuckDBPyConnection
) -> pl.DataFrame:
    """The rows of messages (`offset`, `value`), those of other sources left out."""
    record = f"json_extract(plain, {literal('/' + source.payload)})" if source.payload else "plain::JSON"
    missing = f"the message has no object '{source.payload}'" if source.payload else "the message is no JSON object"
    connection.register("messages", Stream(messages.select("offset", "value")))
    told = connection.sql(f"""
        SELECT "offset", sent, fault, CASE WHEN fault IS NULL THEN record::VARCHAR END AS record,
          CASE WHEN fault IS NOT NULL THEN COALESCE(text, lower(hex(value))) END AS raw
        FROM (SELECT *, CASE WHEN plain IS NULL THEN {_NO_JSON}
                WHEN json_type(record) IS DISTINCT FROM 'OBJECT' THEN {literal(missing)} END AS fault
              FROM (SELECT *, {record} AS record,
                      json_extract_string(plain, '/{SOURCE}') AS said,
                      json_extract_string(plain, '/{TIMESTAMP}') AS sent
                    FROM (SELECT *, CASE WHEN json_valid(text) THEN text END AS plain
                          FROM (SELECT *, TRY(decode(value)) AS text FROM messages))))
        WHERE {literal(source.only)} = '' OR said = {literal(source.only)} OR plain IS NULL
        ORDER BY "offset" """)
    found = pl.DataFrame(told)
    connection.unregister("messages")
    rows = records.frame(found["record"])
    if source.sent:
        rows = rows.with_columns(found["sent"].alias(source.sent))
    rows = rows.with_columns(found["offset"].cast(pl.Int64).alias(LINE))
    if found["fault"].null_count() == found.height:
        return rows
    return rows.with_columns(found["fault"].alias(FAULT), found["raw"].alias(RAW))


def read_topic(table: TomlTable, log: Log) -> TopicSource:
    """What a file says beside what all sources have, which `table` has no more.

    Raises ConfigError at the line of what is missing, unknown or does not fit, and for a broker.
    """
    require_no_broker(table)
    values = table.values(OPTIONS)
    return TopicSource(
        where=table.where(),
        log=log,
        topic=values[TOPIC],
        group=values[GROUP],
        only=values[ONLY],
        payload=values[MEMBER],
        sent=values[SENT],
        skip_lost=values[SKIP],
    )


def require_no_broker(table: TomlTable) -> None:
    """Raises ConfigError where a broker is named."""
    if BROKER.name in table.given:
        raise ConfigError(
            f"a broker is named ({table.given[BROKER.name]}), and topics are those of the project's own log for now",
            code="source-broker",
            where=table.where(BROKER.name),
            hint="leave broker out; Kafka's own topics come with the cluster",
        )
