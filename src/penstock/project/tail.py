"""The rows of a table that lives in the log, with the places at which they were appended."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.kafka import TOPIC, ensure_topic, log_scan
from penstock.connectors.log_reader import LogReader
from penstock.connectors.spec import TableOptions
from penstock.connectors.upsert_kafka import changes_of, last_records
from penstock.core.batch import KIND, SEQ
from penstock.core.types import Field
from penstock.engine.operators.source import Source
from penstock.engine.sideoutput import SideOutput
from penstock.project.topics import topic_of
from penstock.project.wiring import Wiring
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["Stretch", "Tail"]

_ROWS = 32_768


@dataclass(frozen=True, slots=True)
class Stretch:
    """Changes of a table up to place `through`: its columns, SEQ (ascending) and KIND; `complete` if none is left out.

    In a row that ends (-D) only the columns of the key are set.
    """

    frame: pl.DataFrame
    through: int
    complete: bool


class Tail:
    """A table over a topic. Threads may share it: nothing in it changes.

    `key` are the columns of its primary key, empty where rows are only added. Rows that cannot be read are left out.
    """

    def __init__(self, penstock: Penstock, table: Table) -> None:
        """Raises ConfigError or UnsupportedError where the table's options do not fit, or it is over no topic."""
        self.log, self.world = penstock.log, penstock.world
        self.table = table
        self.options = TableOptions(table, connector_named(table))
        self.options.check_metadata(written=False)
        ensure_topic(self.options, self.world)
        self.topic: str = self.options.values[TOPIC]
        keyed = self.options.connector.changes
        self.key = table.primary_key if keyed else ()
        columns = table.physical if keyed else table.columns
        self.fields = tuple(Field(c.name, c.type) for c in columns)
        self._source = None if keyed else _source(penstock, table)

    @classmethod
    def fits(cls, table: Table) -> bool:
        """Whether the table lives in the log."""
        return topic_of(table) is not None

    @property
    def version(self) -> str:
        """What a place is a place in: another topic of the same name, or another definition, has another version."""
        columns = [(f.name, f.type.name) for f in self.fields]
        said = orjson.dumps([self.log.topic(self.topic).id, columns, self.key, sorted(self.table.options.items())])
        return f"{zlib.crc32(said):08x}"

    def end(self) -> int:
        """The place up to which everything is there."""
        return self.log.end_seq()

    def ends(self) -> dict[int, int]:
        """Per partition the offset of the next record: what moves when something is appended."""
        return self.log.ends(self.topic)

    def all_kept(self, after: int) -> bool:
        """Whether every change after that place is there."""
        return self.log.all_kept(self.topic, after)

    def changes(self, after: int, rows: int = _ROWS, end: int | None = None) -> Stretch:
        """What was appended after one place, up to `end` or now; not complete if that is more than about `rows`."""
        end = self.end() if end is None else end
        frames, through = [], after
        for frame, reached in self._read(after, end):
            frames.append(frame)
            through = reached
            if through < end and sum(f.height for f in frames) >= rows:
                return Stretch(pl.concat(frames), through, complete=False)
        return Stretch(pl.concat([self._empty(), *frames]), end, complete=True)

    def last(self, rows: int, where: pl.Expr | None = None, end: int | None = None) -> Stretch:
        """The rows of a keyed table as of place `end` or now, the last of another, in their order.

        At most `rows` of those that fit `where`.
        """
        end = self.end() if end is None else end
        if self.key:
            found = self._present(end)
            found = found if where is None else found.filter(where)
            return Stretch(found.tail(rows), end, complete=found.height <= rows)
        wanted = rows
        while True:
            after = self.log.seq_of_last(self.topic, wanted)
            found = pl.concat([self._empty(), *(f for f, _ in self._read(after, end))])
            found = found if where is None else found.filter(where)
            if found.height >= rows or after == 0:
                return Stretch(found.tail(rows), end, complete=after == 0 and found.height <= rows)
            wanted *= 8

    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema={f.name: f.type.polars for f in self.fields} | {SEQ: pl.Int64, KIND: pl.UInt8})

    def _present(self, end: int) -> pl.DataFrame:
        kept = last_records(f.drop_nulls("key") for f, _ in self._records(0, end))
        live = kept.filter(pl.col("value").is_not_null())
        return changes_of(self.options, self.world, live).select(self._empty().columns)

    def _read(self, after: int, end: int) -> Iterator[tuple[pl.DataFrame, int]]:
        """Changes after one place up to another, and the place up to which these go."""
        order = self._empty().columns
        if self._source is None:
            for records, through in self._records(after, end):
                yield changes_of(self.options, self.world, records.drop_nulls("key")).select(order), through
            return
        if not self.log.poll([self.topic], after, rows=1, last=end).batches:
            return
        scan, source = self._source
        reader = LogReader(self.log, [log_scan(scan, "tail", self.options, source.needs, self.world)], ticks=False)
        offsets = list(self.log.offsets_after(self.topic, after).values())
        reader.seek({"next": {self.topic: offsets}, "first": {self.topic: offsets}, "seq": after})
        reader.last = end
        while (job := reader.read(_ROWS)) is not None:
            scanned = job()
            if "tail" in scanned.chunks:
                frame = source.prepare(scanned.chunks["tail"]).frame
                yield frame.with_columns(pl.lit(0, pl.UInt8).alias(KIND)).select(order), scanned.through

    def _records(self, after: int, end: int) -> Iterator[tuple[pl.DataFrame, int]]:
        while after < end:
            poll = self.log.poll([self.topic], after, rows=_ROWS, last=end)
            after = poll.through
            if poll.batches:
                yield poll.frame(self.topic, "key", "value", "seq"), after


def _source(penstock: Penstock, table: Table) -> tuple[p.Scan, Source]:
    """The scan of all columns, computed ones too, and the operator that makes them."""
    scan = p.Scan(tuple(p.Column(c.name, c.type) for c in table.columns), table)
    settings = Wiring(penstock.world, 0).scan(scan)
    return scan, Source("tail", SideOutput("reject"), scan, penstock.session.context, settings)
