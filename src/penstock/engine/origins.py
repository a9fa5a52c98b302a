"""Where a row came from, carried beside it through operators that hand rows on later than they came.

The place in the order of such a row is that of the row that has set it free. Where an operator above may still find
it late, or bad, it therefore has ORIGIN; plans without such operators carry nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core.batch import SEQ
from penstock.sql import plan as p
from penstock.sql.compile import compile_expr

if TYPE_CHECKING:
    from penstock.core.edges import Origins
    from penstock.sql.functions.spec import Context

__all__ = [
    "NO_ORIGIN",
    "ORIGIN",
    "ORIGIN_TYPES",
    "carried",
    "carrying",
    "fitted",
    "has_origin",
    "origin_of",
    "origins_in",
]

_FROM, _MESSAGE = "$from", "$message"
_PARTITION = 1 << 44
_BETWEEN = "\0"

ORIGIN_TYPES: dict[str, pl.DataType] = {_FROM: pl.Categorical(), _MESSAGE: pl.Int64()}
"""Table and topic, and partition and offset, each in one column: carrying them costs two numbers a row."""

ORIGIN = tuple(ORIGIN_TYPES)
"""The columns that say which message a row is from; NULL where no single message made it."""

NO_ORIGIN = [pl.lit(None, dtype=kind).alias(name) for name, kind in ORIGIN_TYPES.items()]

_LATE = (p.WindowAggregate, p.OverAggregate, p.FirstRows, p.IntervalJoin)
"""What may find a row late; session windows too."""


def origin_of(origins: Origins, rows: pl.DataFrame, table: str) -> list[pl.Series]:
    """ORIGIN of `rows` of a chunk, by their places."""
    places = origins(rows[SEQ].to_numpy(), raw=False)
    names = pl.concat_str(pl.lit(table + _BETWEEN), "topic").cast(ORIGIN_TYPES[_FROM]).alias(_FROM)
    return places.select(
        names, (pl.col("partition").cast(pl.Int64) * _PARTITION + pl.col("offset")).alias(_MESSAGE)
    ).get_columns()


def has_origin() -> pl.Expr:
    """Whether a row has one."""
    return pl.col(_FROM).is_not_null()


def origins_in(rows: pl.DataFrame) -> pl.DataFrame:
    """ORIGIN in full: `table`, `topic` (String), `partition` (Int32), `offset`."""
    names = pl.col(_FROM).cast(pl.String).str.split_exact(_BETWEEN, 1).struct.rename_fields(["table", "topic"])
    return rows.select(
        names.struct.unnest(),
        (pl.col(_MESSAGE) // _PARTITION).cast(pl.Int32).alias("partition"),
        (pl.col(_MESSAGE) % _PARTITION).alias("offset"),
    )


def carried(frame: pl.DataFrame) -> list[str]:
    """The columns ORIGIN, if the rows have them."""
    return [*ORIGIN] if _FROM in frame.columns else []


def fitted(frame: pl.DataFrame, *, carries: bool) -> pl.DataFrame:
    """Stored rows with ORIGIN as their last columns or, where it is not carried (any more), without."""
    if carries == bool(carried(frame)):
        return frame
    return frame.with_columns(NO_ORIGIN) if carries else frame.drop(ORIGIN)


def carrying(plan: p.Node, context: Context, *, lengths: bool = False) -> frozenset[p.Node]:
    """The nodes of a plan whose rows have ORIGIN: up from the scans, where one is asked for above what holds rows.

    `lengths`: sinks refuse values that are too long.
    """
    found: set[p.Node] = set()

    def ask(node: p.Node) -> None:
        if node not in found and _gives(node):
            found.add(node)
            for below in _passed(node):
                ask(below)

    for node in p.nodes(plan):
        held = [below for below in node.inputs if _holds(below)]
        if isinstance(node, p.TemporalJoin):  # it looks at its condition when rows are set free
            held.append(node.left)
        if held and (_may_refuse(node, context) or (lengths and isinstance(node, p.Sink))):
            for one in (node, *held):
                ask(one)
    return frozenset(found)


def _may_refuse(node: p.Node, context: Context) -> bool:
    """Whether rows that come to `node` may be late, or bad."""
    if isinstance(node, p.Sink):
        return any(not c.type.nullable for c in node.table.sink_columns)
    late = isinstance(node, _LATE) or _is_session(node)
    return late or any(compile_expr(e, context).failures for e in p.expressions(node))


def _is_session(node: p.Node) -> bool:
    return isinstance(node, p.WindowTable) and node.window.kind == "SESSION"


def _passed(node: p.Node) -> tuple[p.Node, ...]:
    """The inputs whose rows come out again, each by itself."""
    match node:
        case p.TemporalJoin():
            return node.inputs[:1]
        case p.Filter() | p.Project() | p.Union() | p.Limit() | p.WindowTable() | p.OverAggregate() | p.FirstRows():
            return node.inputs
    return ()


def _gives(node: p.Node) -> bool:
    """Whether rows of it are from one message each, some at least."""
    return isinstance(node, p.Scan) or any(_gives(below) for below in _passed(node))


def _holds(node: p.Node) -> bool:
    """Whether such rows may have been held."""
    if not _gives(node):
        return False
    holder = isinstance(node, (p.OverAggregate, p.FirstRows, p.TemporalJoin)) or _is_session(node)
    return holder or any(_holds(below) for below in _passed(node))
