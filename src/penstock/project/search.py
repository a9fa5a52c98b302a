"""Searching a topic: records of a key, with a header, or for which a condition over a table's columns holds."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.kafka import log_scan, value_format
from penstock.connectors.log_scan import chunk_of, kept_columns
from penstock.connectors.spec import TableOptions
from penstock.connectors.upsert_kafka import upsert_scan
from penstock.core.batch import SEQ
from penstock.core.errors import ConfigError, UnsupportedError, did_you_mean
from penstock.core.types import Varchar
from penstock.engine.operators.source import Source
from penstock.engine.sideoutput import SideOutput
from penstock.log.log import READ_BYTES, READ_ROWS
from penstock.log.stored import gather
from penstock.project.build import cores
from penstock.project.topics import topic_of
from penstock.project.wiring import Wiring
from penstock.sql import plan as p
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.compile import compile_expr
from penstock.sql.expr import Call, Cast, Literal, Ref, refs
from penstock.sql.grammar import parse_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from penstock.log import Log, Poll, StoredBatch
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table
    from penstock.sql.expr import Expr

__all__ = ["Condition", "Looked", "Wanted", "header_of", "search"]

_RECORD = ("partition", "offset", "timestamp", "key", "value", "headers", "seq")
_ROWS, _BYTES = 262_144, 1 << 30
"""What is looked at at once, where keys alone are: they are a small part of the bytes."""
_DECODED_ROWS = 65_536
_GROWING = frozenset({"REPEAT", "LPAD", "RPAD", "REPLACE", "REGEXP_REPLACE"})
_DEPTH = 8
"""A function such as HEX doubles its text: so deep in each other they make 256 times as much."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look has found: `records` as Log.read gives them, with their `seq`, of `rows` up to place `through`.

    So many further looks are being taken already (`begun`), and cost nothing more.
    """

    records: pl.DataFrame
    rows: int
    through: int
    begun: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: all that is given holds of them. `header` is a name, and a value or None for any."""

    key: bytes | None = None
    header: tuple[str, bytes | None] | None = None
    condition: Condition | None = None

    def mask(self, batches: list[StoredBatch]) -> NDArray[np.bool_] | None:
        """Of which rows key and header are so; None: of all."""
        columns = (["key"] if self.key is not None else []) + (["headers"] if self.header is not None else [])
        if not columns:
            return None
        return self.holds(gather(batches, columns))

    def holds(self, records: pl.DataFrame) -> NDArray[np.bool_]:
        """Of which records key and header are so."""
        found = pl.lit(True)
        if self.key is not None:
            found &= pl.col("key") == pl.lit(self.key, pl.Binary)
        if self.header is not None:
            name, value = self.header
            here = pl.element().struct.field("key") == name
            if value is not None:
                here &= pl.element().struct.field("value") == pl.lit(value, pl.Binary)
            found &= pl.col("headers").list.eval(here).list.any()
        mask = records.select(pl.repeat(True, pl.len()) & found.fill_null(False)).to_series()
        return mask.to_numpy()


def header_of(text: str) -> tuple[str, bytes | None]:
    """A header as `Wanted` takes it, of NAME or NAME=VALUE."""
    name, equals, value = text.partition("=")
    return name, value.encode() if equals else None


class Condition:
    """A condition in Flink SQL over the columns of a table on a topic, by name or the only one.

    Raises SqlError where it is wrong, ConfigError where there is no such table over the topic.
    """

    def __init__(self, penstock: Penstock, topic: str, text: str, table: str | None = None) -> None:
        found = _table(penstock, topic, table)
        origin = Origin(text, "condition", penstock.session.context)
        scope = Scope.of(origin, [p.Column(c.name, c.type) for c in found.columns], (found.name,))
        bound = ExpressionBinder(scope, place="in a condition").bind_boolean(
            parse_expression(text, "condition"), "the condition"
        )
        _require_small(bound)
        read = refs(bound)
        columns = tuple(p.Column(c.name, c.type) for c in found.columns if c.name in read)
        columns = columns or tuple(p.Column(c.name, c.type) for c in found.columns[:1])
        # without a watermark its column is decoded only where the condition names it
        scan = p.Scan(columns, replace(found, watermark_column="", watermark=None, watermark_text=""))
        self._holds = compile_expr(bound, penstock.session.context).expr
        if any(name.startswith("$") for name in self._holds.meta.root_names()):
            raise UnsupportedError(
                "a record in a topic has no watermark", code="search-watermark", where=text, hint="compare its time"
            )
        self._source = Source(
            "search", SideOutput("reject"), scan, penstock.session.context, Wiring(penstock.world, 0).scan(scan)
        )
        options = TableOptions(found, connector_named(found))
        made = upsert_scan if options.connector.changes else log_scan
        self._scan = made(scan, "search", options, self._source.needs, penstock.world)
        self._reads = tuple(dict.fromkeys(("value", *self._scan.reads)))
        in_json = value_format(options, penstock.world).format.name == "json"
        texts = _texts_in(bound, frozenset(self._scan.wanted)) if in_json else []
        self._text = max(texts, key=len, default="").encode()
        """Something that the bytes of each record have of which the condition holds, unless there is a backslash."""
        self._threads = penstock.settings.threads or cores()

    def look(
        self, log: Log, topic: str, offsets: Mapping[int, int], wanted: Wanted, enough: Callable[[], bool]
    ) -> Iterator[Looked]:
        """As `search`; rows that cannot be read are left out."""
        starts = log.starts(topic)
        offsets = {n: max(offset, starts.get(n, 0)) for n, offset in offsets.items()}
        polls = log.polls(topic, offsets, rows=_DECODED_ROWS, bytes=4 * READ_BYTES, whole=True)
        jobs: deque[Future[Looked]] = deque()
        began = False
        with ThreadPoolExecutor(self._threads, "search") as pool:
            try:
                while True:
                    while (
                        len(jobs) <= self._threads
                        and not (began and enough())
                        and (found := next(polls, None)) is not None
                    ):
                        jobs.append(pool.submit(self._looked, *found, wanted))
                        began = True
                    if not jobs:
                        return
                    yield replace(jobs.popleft().result(), begun=len(jobs))
            finally:
                for waiting in jobs:
                    waiting.cancel()

    def _looked(self, poll: Poll, inside: NDArray[np.bool_], wanted: Wanted) -> Looked:
        """The records of a poll that are `inside`, are wanted and for which the condition is TRUE."""
        rows, batches = int(inside.sum()), poll.batches
        records = gather(batches, self._reads)
        keyed = wanted.mask(batches)
        may = inside if keyed is None else inside & keyed
        if self._text:
            values = records["value"]
            seen = values.bin.contains(self._text) | values.bin.contains(b"\\")
            may &= seen.fill_null(value=False).to_numpy()
        at = np.flatnonzero(may)
        decoded = kept_columns(self._scan, batches) if len(at) == len(may) else None
        hits = np.zeros(len(may), np.bool_)
        if len(at):
            chunk = chunk_of(self._scan, records if len(at) == len(may) else records.filter(may), at, decoded)
            hits[self._source.prepare(chunk).frame.filter(self._holds)[SEQ].to_numpy()] = True
        rest = _records(batches, hits, tuple(name for name in _RECORD if name not in self._reads))
        return Looked(rest.hstack(records.filter(hits)).select(_RECORD), rows, poll.through)


def search(
    log: Log,
    topic: str,
    offsets: Mapping[int, int],
    wanted: Wanted,
    rows: int = READ_ROWS,
    enough: Callable[[], bool] = lambda: False,
) -> Iterator[Looked]:
    """The records of a topic from `offsets` (per partition) on that are `wanted`, in the order of the log.

    Up to its end as of now, some at a time: whoever wants no more stops asking, and says so beforehand by about how
    many `rows` that will be. Where it is `enough` no further look is begun, and those that were are given still.
    Raises LogError for an offset that is not kept.
    """
    if wanted.condition is not None:
        yield from wanted.condition.look(log, topic, offsets, wanted, enough)
        return
    if wanted.key is None and wanted.header is None:
        polls = log.polls(topic, offsets, rows=min(rows, READ_ROWS))
    else:
        polls = log.polls(topic, offsets, rows=_ROWS, bytes=_BYTES, whole=True)
    for poll, inside in polls:
        mask = wanted.mask(poll.batches)
        hits = inside if mask is None else inside & mask
        yield Looked(_records(poll.batches, hits), int(inside.sum()), poll.through)


def _records(batches: list[StoredBatch], hits: NDArray[np.bool_], columns: tuple[str, ...] = _RECORD) -> pl.DataFrame:
    """The rows of `batches` that are hits; of others nothing is loaded."""
    parts, start = [], 0
    for batch in batches:
        here = hits[start : start + batch.rows]
        start += batch.rows
        if here.any():
            parts.append(batch.frame(*columns).filter(here))
    return pl.concat(parts) if parts else _NO_RECORDS.select(columns)


def _texts_in(condition: Expr, columns: frozenset[str]) -> list[str]:
    """Texts that one of `columns` must be equal to for the condition to hold.

    They begin with a letter, and are no word of JSON: then nothing but a string gives them.
    """
    if not isinstance(condition, Call):
        return []
    if condition.function.name == "AND":
        return [text for arg in condition.args for text in _texts_in(arg, columns)]
    if condition.function.name != "=":
        return []
    sides = [arg.arg if isinstance(arg, Cast) else arg for arg in condition.args]
    column = next((one for one in sides if isinstance(one, Ref)), None)
    text = next((one.value for one in sides if isinstance(one, Literal)), None)
    if column is None or column.name not in columns or not isinstance(column.type, Varchar):
        return []
    if not isinstance(text, str) or not text[:1].isalpha() or text in ("true", "false", "null"):
        return []
    return [text.rstrip(" ")]  # a cast to CHAR fills up with blanks


def _require_small(expr: Expr, depth: int = 0) -> None:
    """Raises UnsupportedError for what may make more text of a row than there is memory."""
    if isinstance(expr, Call):
        name = expr.function.name.upper()
        if name in _GROWING:
            raise UnsupportedError(
                f"{name} may not stand in a search: it makes much of little",
                code="search-function",
                hint="LIKE and REGEXP look into a text",
            )
        depth += isinstance(expr.type, Varchar)
        if depth > _DEPTH:
            raise UnsupportedError(
                f"functions of text stand more than {_DEPTH} deep in each other", code="search-function"
            )
    for child in expr.children:
        _require_small(child, depth)


def _table(penstock: Penstock, topic: str, name: str | None) -> Table:
    """The table called so over the topic, or the only one. Raises ConfigError where there is none."""
    over = {t.name: t for t in penstock.definition.tables if topic_of(t) == topic}
    if name is None and len(over) == 1:
        return next(iter(over.values()))
    if name in over:
        return over[name]
    said = "say which: " + ", ".join(over) if over else "CREATE TABLE makes one; a key and headers need none"
    raise ConfigError(
        f"there is no table '{name}' over topic '{topic}'" if name else f"there is not one table over topic '{topic}'",
        code="search-table",
        hint=(name and did_you_mean(name, over)) or said,
    )


_NO_RECORDS = pl.DataFrame(
    schema={
        "partition": pl.Int32,
        "offset": pl.Int64,
        "timestamp": pl.Int64,
        "key": pl.Binary,
        "value": pl.Binary,
        "headers": pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})),
        "seq": pl.Int64,
    }
)
