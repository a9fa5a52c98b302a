"""`Ingestion`: the rows of sources become messages of a topic, each record once however often it is read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import polars as pl

from penstock.core.errors import LogError
from penstock.warehouse.record_id import record_ids
from penstock.warehouse.sources.source import FAULT, raw_columns
from penstock.warehouse.sources.topic import PAYLOAD, SOURCE, TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.core.clock import Clock
    from penstock.log import Log
    from penstock.warehouse.sources.source import Source

__all__ = ["Ingested", "Ingestion"]

_ROWS = 50_000
"""Messages of one append, at most."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """Rows of a source: read = loaded (they are messages now) + duplicate (they were before) + dropped (unreadable)."""

    read: int = 0
    loaded: int = 0
    duplicate: int = 0
    dropped: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether rows were read and none of them is a message, now or before."""
        return 0 < self.read == self.dropped

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(
            self.read + other.read,
            self.loaded + other.loaded,
            self.duplicate + other.duplicate,
            self.dropped + other.dropped,
        )


class Ingestion:
    """Into one topic. A message's key is a digest of its source and its record, by which it is known to be there.

    Records that retention has taken from the topic are new again.
    """

    def __init__(self, log: Log, topic: str, clock: Clock) -> None:
        """Raises LogError where there is no such topic."""
        self._log, self._topic, self._clock = log, topic, clock
        self._fact = f"ingested/{topic}"
        self._turn: bytes | None = None
        self._known = pl.Series("key", [], pl.Binary)
        self._read_keys()

    def ingest(self, name: str, source: Source, stop: Callable[[], None]) -> Ingested:
        """Bring in what is new of a source; `stop` is called between batches, and raises where it is to end.

        Raises what the source raises; messages that were sent before that stay, and are known when it is read again.
        """
        done = Ingested()
        prefix = f"{self._fact}/{name}/"
        seen = {key.removeprefix(prefix): mark.decode() for key, mark in self._log.facts.scan(prefix).items()}
        for part in source.parts(seen):
            for frame in part.frames():
                for rows in frame.iter_slices(_ROWS):
                    stop()
                    done += self._sent(name, rows)
            self._log.facts.put(prefix + part.name, part.mark.encode())  # its messages are there
        return done

    def _sent(self, name: str, rows: pl.DataFrame) -> Ingested:
        """Send those rows that are not there yet."""
        good = rows.filter(pl.col(FAULT).is_null()) if FAULT in rows.columns else rows
        now = self._clock.now_ms()
        messages = _messages(name, good, now)
        while True:
            new = messages.unique("key", keep="first", maintain_order=True)
            new = new.filter(~pl.col("key").is_in(self._known.implode()))
            if not new.height or self._append(new):
                return Ingested(rows.height, new.height, good.height - new.height, rows.height - good.height)
            self._read_keys()

    def _append(self, new: pl.DataFrame) -> bool:
        """Whether nobody else has sent anything since the keys were read: then it is appended."""
        turn = str(int(self._turn or 0) + 1).encode()
        self._log.admit(self._topic)
        try:
            with self._log.transaction() as transaction:
                transaction.expect(self._fact, self._turn)
                transaction.append(self._topic, new)
                transaction.put(self._fact, turn)
        except LogError as error:
            if error.code != "fact-changed":
                raise
            return False
        self._turn, self._known = turn, pl.concat([self._known, new["key"]])
        return True

    def _read_keys(self) -> None:
        self._turn = self._log.facts.get(self._fact)
        found = [frame["key"] for frame in self._log.read(self._topic, columns=("key",))]
        self._known = pl.concat([self._known.clear(), *found]).drop_nulls()


def _messages(name: str, rows: pl.DataFrame, now: int) -> pl.DataFrame:
    """The messages of rows: `key`, `value` and `timestamp`, as the log takes them."""
    source = orjson.dumps(name).decode()
    at = dt.datetime.fromtimestamp(now / 1000, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    records = rows.select(record=_record(rows))
    head = f'{{"{SOURCE}":{source},"{TIMESTAMP}":"{at}","{PAYLOAD}":'
    return records.select(
        key=record_ids(name, records["record"]).cast(pl.Binary),
        value=pl.concat_str(pl.lit(head), "record", pl.lit("}")).cast(pl.Binary),
        timestamp=pl.lit(now, pl.Int64),
    )


def _record(rows: pl.DataFrame) -> pl.Expr:
    """Each row as a JSON object of those of its columns that have a value, by name."""
    names = sorted(raw_columns(rows))
    members = [_member(name, rows.schema[name]) for name in names]
    whole = pl.concat_str(*members).str.strip_suffix(",") if members else pl.lit("")
    return pl.concat_str(pl.lit("{"), whole, pl.lit("}"))


def _member(name: str, kind: pl.DataType) -> pl.Expr:
    value = pl.col(name).bin.encode("hex").alias(name) if kind == pl.Binary else pl.col(name)
    member = pl.struct(value).struct.json_encode().str.strip_prefix("{").str.strip_suffix("}")
    return pl.when(pl.col(name).is_null()).then(pl.lit("")).otherwise(pl.concat_str(member, pl.lit(",")))
