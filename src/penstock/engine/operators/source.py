"""A scan: what the reader gives becomes the table's rows, with computed columns and the watermark."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, KIND, NO_TIME, SEQ, Batch, Watermark
from penstock.core.edges import no_bad_rows
from penstock.core.errors import DataError
from penstock.engine.columns import columns_of
from penstock.engine.guard import MARKS, Guard
from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.operators.calc import project_stage
from penstock.engine.origins import ORIGIN, ORIGIN_TYPES, carried, origin_of
from penstock.engine.sideoutput import SideOutput, failure_columns
from penstock.engine.watermarks import Watermarks
from penstock.sql.changelog import is_table_of_changes
from penstock.sql.coercion import cast_to
from penstock.sql.compile import compile_expr
from penstock.sql.expr import Ref, refs, rewrite
from penstock.sql.functions.spec import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.core.edges import Chunk
    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Scan

__all__ = ["Piece", "ScanSettings", "Source"]

_MADE = "$made"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of what a reader gave, after its row-wise work.

    `frame` has the scan's columns and SEQ; `made` is the watermark that each row makes alone (ms, shape
    (n,)). `messages` were read; `bad` (BAD_ROWS) lists those that are out, or were touched.
    """

    frame: pl.DataFrame
    made: NDArray[np.int64]
    messages: int
    skipped: int
    bad: pl.DataFrame
    partition: NDArray[np.int32] | None
    append_time: NDArray[np.int64] | None
    marks: tuple[tuple[int, int | None], ...] = ()
    quiet: bool = False

    @property
    def seq(self) -> NDArray[np.int64]:
        """The places of the rows, ascending, shape (n,)."""
        return self.frame[SEQ].to_numpy()


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How a scan's watermark is made.

    `idle_timeout` in ms, 0 = never. `strict_time`: a NULL event time fails at the scan, as in Flink where
    the connector takes no watermark push-down; else only a window that needs it fails. `manual_time`: the
    declared watermark is not used, only the input's own marks move time. `metadata` are the types in which the
    reader gives columns that are not of the table's own type.
    """

    partitions: int = 1
    idle_timeout: int = 0
    strict_time: bool = False
    manual_time: bool = False
    metadata: Mapping[str, DataType] = field(default_factory=dict)


class Source(Operator):
    """The rows of one Scan, and its watermark.

    The rows of a table whose records replace each other have KIND: DELETE for a record that ends its key's row.
    Where it `carries`, rows have ORIGIN.
    """

    kind = "source"
    stateful = True

    def __init__(
        self,
        name: str,
        side: SideOutput,
        scan: Scan,
        context: Context,
        settings: ScanSettings,
        *,
        carries: bool = False,
    ) -> None:
        super().__init__(name, side)
        self.table = scan.table.name
        hidden = (SEQ, KIND) if is_table_of_changes(scan.table) else (SEQ,)
        self.columns = [*(c.name for c in scan.columns), *hidden, *(ORIGIN if carries else [])]
        types = {c.name: c.type.polars for c in scan.columns} | {SEQ: pl.Int64(), KIND: pl.UInt8(), **ORIGIN_TYPES}
        self._empty = pl.DataFrame(schema={n: types[n] for n in self.columns})
        self.watermarks = Watermarks(settings.partitions, settings.idle_timeout)
        table = scan.table
        self.time = table.watermark_column
        watermark = None if table.watermark is None else compile_expr(table.watermark, context)
        reads = sorted(refs(table.watermark)) if table.watermark else ()
        by_name = {c.name: c for c in table.columns}
        kinds = {c.name: c.type.polars for c in table.columns}
        self.guard = Guard(table.name, table.rules, kinds, context) if table.rules else None
        ruled = sorted(self.guard.reads) if self.guard is not None else ()
        names = list(dict.fromkeys([*(c.name for c in scan.columns), *reads, self.time, *ruled]))
        definitions = [by_name[n] for n in names if n]
        self._stage = project_stage(
            [c.name for c in definitions],
            [_read(c.computed or Ref(c.type, c.name), settings.metadata) for c in definitions],
            context,
            hidden,
        )
        self._made = None if watermark is None else watermark.expr.dt.epoch("ms").fill_null(NO_TIME)
        if settings.manual_time and watermark is not None:
            self._made = pl.lit(NO_TIME)
        late = [] if watermark is None else list(watermark.failures)
        if self.time and settings.strict_time:
            made_of = shorten(table.column(self.time).computed_text, 60, placeholder="...")
            message = f"the event time '{self.time}' is NULL" + (f" ({made_of})" if made_of else "")
            late.append(Failure(pl.col(self.time).is_null(), "null-event-time", message))
        self._time_failures = tuple(late)
        self._prepared = self.columns
        if self.guard is not None:
            self._prepared = list(dict.fromkeys([*self.columns, *ruled, MARKS]))
            # a row that a rule takes out moves no time, and its rule is the reason
            self._time_failures = tuple(f.guarded(self.guard.passing) for f in late)
            if self._made is not None:
                self._made = pl.when(self.guard.passing).then(self._made).otherwise(NO_TIME)

    @property
    def has_time(self) -> bool:
        """Whether the table has an event time and a watermark."""
        return self._made is not None

    @property
    def needs(self) -> tuple[str, ...]:
        """The stored columns of the table that are read, for the reader to decode."""
        return tuple(sorted({n for e in self._stage.exprs for n in e.meta.root_names()} - {SEQ, KIND}))

    def prepare(self, chunk: Chunk) -> Piece:
        """The row-wise work on a chunk; counts and side outputs are untouched until `take`."""
        aside = SideOutput("reject")
        frame, partition, append_time = chunk.frame, chunk.partition, chunk.append_time
        stage = self._stage
        result = stage.computed(frame)
        result, partition, append_time = self._sifted(aside, result, frame, stage.failures, partition, append_time)
        if self.guard is not None:
            result = self.guard.marked(result)
        made = np.full(result.height, NO_TIME, np.int64)
        if self._made is not None:
            checked = result.with_columns(self._made.alias(_MADE), *failure_columns(self._time_failures))
            result, partition, append_time = self._sifted(
                aside, checked, result, self._time_failures, partition, append_time
            )
            made = result[_MADE].to_numpy()
        if carried(self._empty):
            result = result.with_columns(origin_of(chunk.origins, result, self.table))
        bad = [chunk.bad, *(r.select(no_bad_rows().columns) for r in aside.rejects)]
        return Piece(
            result[self._prepared] if len(result.columns) != len(self._prepared) else result,
            made,
            chunk.messages,
            chunk.skipped,
            pl.concat(bad) if len(bad) > 1 else chunk.bad,
            partition,
            append_time,
            chunk.marks,
            chunk.quiet,
        )

    def _sifted(
        self,
        aside: SideOutput,
        checked: pl.DataFrame,
        source: pl.DataFrame,
        failures: tuple[Failure, ...],
        partition: NDArray[np.int32] | None,
        append_time: NDArray[np.int64] | None,
    ) -> tuple[pl.DataFrame, NDArray[np.int32] | None, NDArray[np.int64] | None]:
        """`checked` without its bad rows, and the arrays beside it likewise."""
        result, kept = aside.sift(checked, source, failures, self.name, self.table)
        if kept is None:
            return result, partition, append_time
        mask = kept.to_numpy()
        return (
            result,
            None if partition is None else partition[mask],
            None if append_time is None else append_time[mask],
        )

    def take(self, piece: Piece, through: int, ticks: tuple[tuple[int, int], ...] = ()) -> tuple[Batch, Watermark]:
        """The batch of a step and how it moved the watermark; now the piece counts."""
        frame, made, partition, append_time = piece.frame, piece.made, piece.partition, piece.append_time
        out = piece.bad.filter(~pl.col("ignored")) if piece.bad.height else piece.bad
        if self.side.on_bad_row == "flink" and out.height:
            first = int(out["seq"].min())  # type: ignore[arg-type]
            row = out.filter(pl.col("seq") == first).row(0, named=True)
            self.side.fail(first, DataError(row["reason"], code=row["code"], where=f"table {self.table}"), self.name)
            kept = int(np.searchsorted(piece.seq, first))
            frame, made = frame[:kept], made[:kept]
            partition = None if partition is None else partition[:kept]
            append_time = None if append_time is None else append_time[:kept]
        seq = frame[SEQ].to_numpy()
        frame, ruled_out = self._judged(frame)
        self._count(piece, frame, ruled_out)
        if self._made is None:
            return Batch(frame, through), Watermark.still(NO_TIME, through)
        if piece.quiet:
            return Batch(frame, through), Watermark.still(self.watermarks.value, through, idle=self.watermarks.idle)
        if piece.marks:
            return Batch(frame, through), self.watermarks.advance_marked(seq, made, through, piece.marks)
        watermark = self.watermarks.advance(seq, made, through, partition, append_time, ticks)
        return Batch(frame, through), watermark

    def _judged(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
        """The rows that no rule of the table takes out, and the places of the others, if there are any."""
        if self.guard is None:
            return frame, None
        judged = self.guard.judge(frame)
        if judged.failure is not None:
            self.side.fail(*judged.failure, self.name)
        frame = columns_of(frame, self.columns)
        if not judged.out.height:
            return frame, None
        out = judged.out
        self.side.reject(self.name, self.table, out.select(SEQ), out["code"].to_list(), out["reason"].to_list())
        return frame.filter(judged.kept), out[SEQ]

    def _count(self, piece: Piece, frame: pl.DataFrame, ruled_out: pl.Series | None) -> None:
        seq = frame[SEQ].to_numpy()
        passed = int(np.count_nonzero(np.diff(seq)) + 1) if len(seq) else 0
        self.counts.taken += piece.messages
        self.counts.filtered += piece.skipped
        self.counts.passed += passed
        self.counts.given += frame.height
        if ruled_out is None and not piece.bad.height:
            return
        bad = piece.bad["seq"] if ruled_out is None else pl.concat([piece.bad["seq"], ruled_out])
        self.counts.rejected += bad.filter(~bad.is_in(frame[SEQ].implode())).n_unique()
        for ignored in (False, True):
            rows = piece.bad.filter(pl.col("ignored") == ignored)
            if rows.height:
                self.side.reject(
                    self.name,
                    self.table,
                    rows.select(pl.col("seq").alias(SEQ)),
                    rows["code"].to_list(),
                    rows["reason"].to_list(),
                    ignored=ignored,
                )

    def pass_time(self, through: int, ticks: tuple[tuple[int, int], ...]) -> Watermark:
        """A step without rows of this scan."""
        if self._made is None or not ticks:
            return Watermark.still(self.watermarks.value, through, idle=self.watermarks.idle)
        none = np.empty(0, np.int64)
        return self.watermarks.advance(none, none, through, np.empty(0, np.int32), none, ticks)

    def end(self, through: int) -> Watermark:
        """Bounded input has ended; the stored watermark stays what it was."""
        if self._made is None:
            return Watermark.still(NO_TIME, through)
        at = np.array([through], np.int64)
        return Watermark(self.watermarks.value, at, np.array([END_OF_TIME], np.int64), through)

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Nothing more comes in."""
        return self._empty

    def snapshot(self) -> Snapshot:
        if self.guard is None:
            return Snapshot(meta=self.watermarks.snapshot())
        meta, new, live = self.guard.snapshot()
        return Snapshot({**self.watermarks.snapshot(), "rules": meta}, new, live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        self.watermarks.restore(snapshot.meta)
        if self.guard is not None and "rules" in snapshot.meta:
            self.guard.restore(snapshot.meta["rules"], blobs)

    @property
    def state_rows(self) -> int:
        """The keys that rules know."""
        return 0 if self.guard is None else self.guard.keys

    @property
    def state_bytes(self) -> int:
        return 0 if self.guard is None else self.guard.size


def _read(expr: Expr, given: Mapping[str, DataType]) -> Expr:
    """`expr` over the columns as the reader gives them."""
    return rewrite(
        expr,
        lambda part: (
            cast_to(Ref(given[part.name], part.name), part.type)
            if isinstance(part, Ref) and part.name in given
            else None
        ),
    )
