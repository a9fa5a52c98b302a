"""`--events`: one JSON-lines file that feeds every table of a SQL file, in its order.

A line is one JSON value::

    {"table":"t","row":{...}}           a message of table t, in its format; or "raw":"..." for its bytes
    ... "op":"-D"                       what the message does, of a table of changes: +I, -U, +U or -D
    ... "timestamp":MS                  the message's own timestamp (0 without)
    {"watermark":"2024-01-01 00:00:09.999"}   a watermark (or ms, or "max") of all tables; with "table" of one
    {"table":"t","idle":true}           the table is idle until its next row
    {"sleep":MS}                        nothing: time is event time here

The same language feeds a real Flink in the project's own tests.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from penstock.connectors.bad_rows import bad_rows
from penstock.core.batch import END_OF_TIME, KIND, SEQ, RowKind
from penstock.core.edges import Chunk, Scanned
from penstock.core.errors import ConfigError, DataError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from penstock.formats.format import Decoder

__all__ = ["EventsFile", "EventsReader", "EventsScan"]

_SAMPLE = 'a line is such as {"table": "orders", "row": {"id": 1}}; penstock sql --help shows all kinds'
_KINDS = {kind.mark: int(kind) for kind in RowKind}
_KEYS = {"table", "row", "raw", "op", "timestamp", "watermark", "sleep", "idle"}


@dataclass(slots=True)
class _Lines:
    """The messages of one table, and what happened to its time."""

    places: list[int] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    kinds: list[int | None] = field(default_factory=list)
    """What each message does as its event says, None where its format says so."""
    marks: list[tuple[int, int | None]] = field(default_factory=list)


class EventsFile:
    """The lines of an events file, by table. Raises ConfigError naming the line that does not fit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables: dict[str, _Lines] = {}
        self.everywhere: list[tuple[int, int | None]] = []
        self.last = 0
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            raise ConfigError(f"events file {path} cannot be read: {error.strerror}", code="events-file") from None
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._read(number, line)
                self.last = number

    def _read(self, number: int, line: bytes) -> None:
        where = f"{self.path}, line {number}"
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ConfigError(f"this is not JSON: {error}", code="events-line", where=where, hint=_SAMPLE) from None
        if not isinstance(event, dict) or not event.keys() <= _KEYS:
            raise ConfigError(
                "an event is an object of table, row, raw, timestamp, watermark, idle, sleep",
                code="events-line",
                where=where,
                hint=_SAMPLE,
            )
        if "sleep" in event:
            return
        if "watermark" in event or "idle" in event:
            mark = (number, _watermark(event["watermark"], where) if "watermark" in event else None)
            marks = self._table(event["table"]).marks if "table" in event else self.everywhere
            marks.append(mark)
            return
        if "table" not in event or not ("row" in event or "raw" in event):
            raise ConfigError(
                "an event needs a table, and a row or raw bytes", code="events-line", where=where, hint=_SAMPLE
            )
        lines = self._table(event["table"])
        if event.get("op", "+I") not in _KINDS:
            raise ConfigError(
                f"'{event['op']}' is no kind of row",
                code="events-op",
                where=where,
                hint="there are " + ", ".join(_KINDS),
            )
        lines.kinds.append(_KINDS[event["op"]] if "op" in event else None)
        lines.places.append(number)
        lines.values.append(event["raw"].encode() if "raw" in event else _source(line, event["row"]))
        lines.timestamps.append(event.get("timestamp", 0))

    def _table(self, name: str) -> _Lines:
        return self.tables.setdefault(name, _Lines())


def _source(line: bytes, row: Any) -> bytes:
    """The row's JSON as it was written, so that 1.0 stays 1.0 and big numbers keep their digits."""
    start = line.find(b'"row"')
    body = line[line.index(b":", start) + 1 :].strip()
    for end in range(len(body), 0, -1):
        if body[end - 1 : end] in b'}]"0123456789el':
            try:
                if orjson.loads(body[:end]) == row:
                    return body[:end].strip()
            except orjson.JSONDecodeError:
                continue
    return orjson.dumps(row)


def _watermark(value: Any, where: str) -> int:
    if value == "max":
        return END_OF_TIME
    if isinstance(value, int):
        return value
    try:
        moment = dt.datetime.fromisoformat(str(value).removesuffix("Z")).replace(tzinfo=dt.UTC)
    except ValueError:
        raise ConfigError(
            f"'{value}' is no watermark", code="events-line", where=where, hint="2024-01-01 00:00:09.999"
        ) from None
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class EventsScan:
    """One table: the columns that are decoded, and the metadata columns by Kafka's key of each.

    Of a table of `changes` each row has KIND; other tables have +I alone.
    """

    key: str
    table: str
    wanted: tuple[str, ...]
    metadata: Mapping[str, tuple[str, pl.DataType]]
    decoder: Decoder
    changes: bool = False


class EventsReader:
    """An events file as the input of a pipeline; places are the numbers of its lines."""

    name = "events"

    def __init__(self, events: EventsFile, scans: Sequence[EventsScan]) -> None:
        self.events = events
        self.scans = tuple(scans)
        for scan in self.scans:
            kinds = events.tables[scan.table].kinds if scan.table in events.tables else []
            others = [kind for kind in kinds if kind]
            if others and not scan.changes:
                raise UnsupportedError(
                    f"events with op {RowKind(others[0]).mark} are not supported: the rows of table {scan.table} never"
                    " change",
                    code="events-op",
                    where=str(events.path),
                    hint="declare it with connector 'upsert-kafka' and a PRIMARY KEY",
                )
        self._after = 0

    def seek(self, position: Any) -> None:
        self._after = 0 if position is None else int(position)

    def read(self, rows: int) -> Callable[[], Scanned] | None:
        if self.ended:
            return None
        first, last = self._after + 1, min(self._after + rows, self.events.last)
        self._after = last
        return lambda: Scanned({s.key: self._chunk(s, first, last) for s in self.scans}, last, last)

    def _chunk(self, scan: EventsScan, first: int, last: int) -> Chunk:
        lines = self.events.tables.get(scan.table, _Lines())
        a, b = np.searchsorted(lines.places, [first, last + 1])
        places = pl.Series("seq", lines.places[a:b], dtype=pl.Int64)
        decoded = scan.decoder.decode(pl.Series("value", lines.values[a:b], dtype=pl.Binary))
        rows = pl.Series(np.arange(b - a), dtype=pl.UInt32) if decoded.rows is None else decoded.rows
        meta = [
            self._metadata(kind, lines.timestamps[a:b], a, scan.table).gather(rows).cast(data_type).alias(column)
            for column, (kind, data_type) in scan.metadata.items()
        ]
        marks = sorted([m for m in [*lines.marks, *self.events.everywhere] if first <= m[0] <= last])
        if scan.changes:
            kinds = pl.Series(KIND, lines.kinds[a:b], dtype=pl.UInt8).fill_null(RowKind.UPDATE_AFTER)
            meta.append(kinds.gather(rows))
        frame = pl.DataFrame([*decoded.frame.select(scan.wanted), *meta, places.gather(rows).alias(SEQ)])
        return Chunk(
            frame,
            int(b - a),
            bad_rows(decoded, places),
            _Origins(scan.table, lines),
            decoded.skipped,
            marks=tuple(marks),
        )

    @staticmethod
    def _metadata(kind: str, timestamps: list[int], first: int, table: str) -> pl.Series:
        n = len(timestamps)
        match kind:
            case "timestamp":
                return pl.Series(timestamps, dtype=pl.Int64).cast(pl.Datetime("ms", "UTC"))
            case "offset":
                return pl.Series(np.arange(first, first + n), dtype=pl.Int64)
            case "partition":
                return pl.repeat(0, n, dtype=pl.Int32, eager=True)
            case "topic":
                return pl.repeat(table, n, eager=True)
            case "timestamp-type":
                return pl.repeat("CreateTime", n, eager=True)
            case "leader-epoch":
                return pl.repeat(None, n, dtype=pl.Int32, eager=True)
            case "headers":
                return pl.Series([[]] * n, dtype=pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})))
        raise DataError(f"events carry no metadata '{kind}'", code="events-metadata", where=f"table {table}")

    def bound(self) -> None:
        """A file ends anyway."""

    @property
    def ended(self) -> bool:
        return self._after >= self.events.last

    def wait(self, seconds: float) -> bool:
        return False

    def group_offsets(self, position: Any) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        return {}

    def raw(self, places: pl.DataFrame) -> pl.Series:
        tables = self.events.tables
        found = [
            tables[topic].values[at] if topic in tables else None
            for topic, at in places.select("topic", "offset").iter_rows()
        ]
        return pl.Series("raw", found, dtype=pl.Binary)

    def tick(self) -> None:
        """Its time is written in the file."""

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class _Origins:
    table: str
    lines: _Lines

    def __call__(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        at = np.searchsorted(self.lines.places, seq)
        return pl.DataFrame(
            {
                "topic": [self.table] * len(seq),
                "partition": pl.Series([0] * len(seq), dtype=pl.Int32),
                "offset": pl.Series(at, dtype=pl.Int64),
                "raw": pl.Series([self.lines.values[i] if raw else None for i in at], dtype=pl.Binary),
            }
        )
