"""The end of a pipeline: rows into a connector's sink, NOT NULL enforced on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.core.batch import END_OF_TIME, KIND, RowKind
from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.runs import frame_blob, read_blob
from penstock.engine.sideoutput import failure_columns
from penstock.sql.changelog import updating
from penstock.sql.functions.spec import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.batch import Batch, Watermark
    from penstock.core.edges import Sink as Connector
    from penstock.core.edges import Transaction
    from penstock.core.types import DataType
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.plan import Sink as Plan

__all__ = ["Enforcement", "SinkOperator"]


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What a sink does with a value that its column cannot hold; Flink's settings of the same names."""

    not_null: str = "ERROR"
    type_length: str = "IGNORE"


class SinkOperator(Operator):
    """Writes the rows of one INSERT; they count as passed when they are committed.

    Where rows replace each other by `upsert_key`, what is taken back is written only if nothing takes its place.
    """

    kind = "sink"
    stateful = True

    def __init__(
        self,
        name: str,
        side: SideOutput,
        plan: Plan,
        connector: Connector,
        enforcement: Enforcement,
        upsert_key: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, side)
        self._upsert_key = upsert_key if updating(plan.input) else ()
        self.table = plan.table.name
        self.connector = connector
        self.columns = [c.name for c in plan.columns]
        self._given = [*self.columns, *([KIND] if updating(plan.input) else [])]
        types = {c.name: c.type for c in plan.table.sink_columns}
        # a type may say NOT NULL where an overflow has made a NULL
        self._certain = [c for c in self.columns if not types[c].nullable]
        self._drops_nulls = enforcement.not_null == "DROP"
        self._no_nulls = tuple(_no_null(c, self.table) for c in self._certain)
        self._lengths: tuple[Failure, ...] = ()
        self._fits: list[pl.Expr] = []
        if enforcement.type_length == "TRIM_PAD":
            self._fits = [e for c in self.columns if (e := _fitted(c, types[c])) is not None]
        elif enforcement.type_length == "ERROR":
            self._lengths = tuple(f for c in self.columns if (f := _too_long(c, types[c], self.table)) is not None)
        self._stored: frozenset[str] = frozenset()

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        frame = batch.frame
        self.counts.taken += frame.height
        if any(frame[c].null_count() for c in self._certain):
            if self._drops_nulls:
                kept = frame.drop_nulls(self._certain)
                self.counts.filtered += frame.height - kept.height
                frame = kept
            else:
                frame = self._checked(frame, self._no_nulls)
        if self._lengths:
            frame = self._checked(frame, self._lengths)
        if self._upsert_key:
            frame = self._upserts(frame)
        if frame.height:
            self.connector.write(frame.with_columns(self._fits).select(self._given))
        return None

    def _upserts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` without the rows that are taken back to be put again: the next of their key replaces them."""
        puts = pl.col(KIND).is_in([RowKind.INSERT, RowKind.UPDATE_AFTER])
        again = puts.shift(-1).over(self._upsert_key).fill_null(False)
        kept = frame.filter(puts | ~again)
        self.counts.superseded += frame.height - kept.height
        return kept

    def on_watermark(self, watermark: Watermark) -> Batch | None:
        if watermark.last < END_OF_TIME:  # the end of bounded input is no time: a later run may bring more
            self.connector.advance(watermark.last)
        return None

    def _checked(self, frame: pl.DataFrame, failures: tuple[Failure, ...]) -> pl.DataFrame:
        """`frame` without the rows that fail."""
        return self.sifted(frame.with_columns(failure_columns(failures)), frame, failures)[1]

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        return frames[0]

    def prepare(self, epoch: int, transaction: Transaction) -> bytes:
        """Hand over to the transaction, or to what `commit` will show; the token for that."""
        prepared = self.connector.prepare(epoch, transaction)
        self.counts.passed += prepared.rows
        self.counts.held = self.connector.held_rows
        return prepared.token

    def snapshot(self) -> Snapshot:
        meta, frames = self.connector.snapshot()
        new = {name: frame_blob(frame) for name, frame in frames.items() if name not in self._stored}
        self._stored = frozenset(frames)
        return Snapshot(meta, new, self._stored)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        self._stored = snapshot.live
        self.connector.restore(snapshot.meta, {name: read_blob(blobs[name]) for name in snapshot.live})


def _no_null(column: str, table: str) -> Failure:
    message = f"column '{column}' of {table} is NOT NULL, and this row has none"
    return Failure(pl.col(column).is_null(), "null-in-not-null-column", message)


def _too_long(column: str, data_type: DataType, table: str) -> Failure | None:
    size = _size(column, data_type)
    if size is None:
        return None
    message = f"column '{column}' of {table} is {data_type.name}, and this value is longer"
    return Failure(size[0] > size[1], "value-too-long", message, pl.col(column).cast(pl.String, strict=False))


def _size(column: str, data_type: DataType) -> tuple[pl.Expr, int] | None:
    """The length of a value and its limit, where the type has one."""
    match data_type:
        case t.Char(length) | t.Varchar(length) if length < t.MAX_LENGTH:
            return pl.col(column).str.len_chars(), length
        case t.Binary(length) | t.Varbinary(length) if length < t.MAX_LENGTH:
            return pl.col(column).bin.size(), length
    return None


def _fitted(column: str, data_type: DataType) -> pl.Expr | None:
    """The value cut to its type's length; CHAR padded with blanks, BINARY with zeros."""
    match data_type:
        case t.Char(length):
            return pl.col(column).str.slice(0, length).str.pad_end(length, " ")
        case t.Varchar(length) if length < t.MAX_LENGTH:
            return pl.col(column).str.slice(0, length)
        case t.Binary(length):
            zeros = pl.lit(bytes(length), dtype=pl.Binary)
            padded = (pl.col(column).bin.encode("hex") + zeros.bin.encode("hex")).str.slice(0, 2 * length)
            return padded.str.decode("hex").alias(column)
        case t.Varbinary(length) if length < t.MAX_LENGTH:
            return pl.col(column).bin.slice(0, length)
    return None
