"""`upsert-kafka`: a topic whose last record of each key is the table's row, a tombstone its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.kafka import (
    BOUNDED_MODE,
    FORMATS,
    KEY_FORMAT,
    KEY_PREFIX,
    METADATA,
    SINK_PARALLELISM,
    SOURCE_PARALLELISM,
    TOPIC,
    VALUE_FORMAT,
    VALUE_INCLUDE,
    RecordEncoder,
    fields_in_key,
    key_decoder,
    key_format,
    keyed_scan,
    value_fields,
    value_format,
)
from penstock.connectors.log_scan import EndsDecoder
from penstock.connectors.spec import Connector, TableOptions
from penstock.core.batch import KIND, SEQ
from penstock.core.errors import ConfigError
from penstock.core.options import Option, duration, integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.connectors.log_scan import LogScan
    from penstock.connectors.world import World
    from penstock.core.types import Field
    from penstock.sql.catalog import Table
    from penstock.sql.plan import Scan

__all__ = [
    "UPSERT_KAFKA",
    "changes_of",
    "key_fields",
    "last_records",
    "present_rows",
    "replace_rows",
    "upsert_encoder",
    "upsert_scan",
]

FLUSH_ROWS = Option("sink.buffer-flush.max-rows", integer(0), 0, "Without effect: rows go with the next commit.")
FLUSH_INTERVAL = Option("sink.buffer-flush.interval", duration, 0, "Without effect: rows go with the next commit.")

OPTIONS: tuple[Option[Any], ...] = (
    TOPIC,
    KEY_FORMAT,
    VALUE_FORMAT,
    KEY_PREFIX,
    VALUE_INCLUDE,
    FLUSH_ROWS,
    FLUSH_INTERVAL,
    BOUNDED_MODE,
    SOURCE_PARALLELISM,
    SINK_PARALLELISM,
)

_READ_KEYS = 200_000
"""So many records are read before those that were overwritten are forgotten."""


def key_fields(options: TableOptions) -> tuple[Field, ...]:
    """The columns of the table's primary key. Raises ConfigError where it has none, or no format for it."""
    table = options.table
    if not table.primary_key:
        raise ConfigError(
            "connector 'upsert-kafka' needs a key",
            code="key-missing",
            where=options.where,
            hint="declare PRIMARY KEY (...) NOT ENFORCED",
        )
    if "key.format" not in options.formats:
        raise ConfigError("option 'key.format' is required", code="option-missing", where=options.where)
    by_name = {f.name: f for f in options.physical}
    return tuple(by_name[n] for n in table.primary_key)


def upsert_encoder(options: TableOptions, world: World) -> RecordEncoder:
    """How rows become records: the primary key is the record's key."""
    return RecordEncoder(options, key_fields(options), world)


def upsert_scan(scan: Scan, key: str, options: TableOptions, needs: tuple[str, ...], world: World) -> LogScan:
    """What a scan reads of the topic, from its beginning: a row for each record, tombstones too."""
    keys = key_fields(options)
    names = tuple(f.name for f in keys)
    read = keyed_scan(scan, key, options, needs, world, keys)
    return replace(read, ends=EndsDecoder(names, key_decoder(options, keys, names, world)))


def present_rows(_: Table, options: TableOptions, world: World) -> Iterator[pl.DataFrame]:
    """The table's rows as they are now: the last of each key, without those that a tombstone has ended."""
    key_fields(options)  # what is wrong there is told before what is not there
    records = last_records(world.log.read(options.values[TOPIC], columns=("key", "value")))
    yield _rows(options, world, records.filter(pl.col("value").is_not_null()))[0]


def changes_of(options: TableOptions, world: World, records: pl.DataFrame) -> pl.DataFrame:
    """Records (`key`, `value`, `seq`) as changes of the table, each with its place: +U, or -D with the key alone.

    Those that cannot be read are left out.
    """
    live = records.filter(pl.col("value").is_not_null())
    ends = records.filter(pl.col("value").is_null())
    rows, kept = _rows(options, world, live)
    found = [(rows, live["seq"] if kept is None else live["seq"].gather(kept), 2)]
    if ends.height:
        keys, kept = _key_columns(options, world, ends["key"])
        found.append((keys, ends["seq"] if kept is None else ends["seq"].gather(kept), 3))
    frames = [f.with_columns(seq.alias(SEQ), pl.lit(kind, pl.UInt8).alias(KIND)) for f, seq, kind in found]
    return pl.concat(frames, how="diagonal").sort(SEQ)


def _rows(options: TableOptions, world: World, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
    """The rows of records that have a value, and which records these are (None: all)."""
    keys = key_fields(options)
    values = value_fields(options, keys)
    decoded = value_format(options, world).decoder(values, tuple(f.name for f in values)).decode(records["value"])
    frame, kept = decoded.frame, decoded.rows
    in_value = {f.name for f in values}
    if any(f.name not in in_value for f in keys):
        found, readable = _key_columns(options, world, records["key"])
        if readable is None:
            found = found if kept is None else found[kept]
        else:
            kept = pl.arange(records.height, eager=True, dtype=pl.UInt32) if kept is None else kept
            there = kept.is_in(readable.implode())
            frame, kept = frame.filter(there), kept.filter(there)
            found = found[readable.search_sorted(kept)]
        frame = frame.hstack(found.select(f.name for f in keys if f.name not in in_value))
    return frame.select(f.name for f in options.physical), kept


def _key_columns(options: TableOptions, world: World, keys: pl.Series) -> tuple[pl.DataFrame, pl.Series | None]:
    """The columns of the primary key out of the records' keys, and which of these could be read (None: all)."""
    use, fields = key_format(options, world), key_fields(options)
    assert use is not None
    inner = fields_in_key(options, fields)
    decoded = use.decoder(inner, tuple(f.name for f in inner)).decode(keys)
    return decoded.frame.rename({i.name: f.name for i, f in zip(inner, fields, strict=True)}), decoded.rows


def last_records(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Of records (`key`, `value`, perhaps `seq`) the last of each key, tombstones too, in the order of the log."""
    kept = [pl.DataFrame(schema={"key": pl.Binary, "value": pl.Binary, "seq": pl.Int64})]
    for frame in frames:
        kept.append(frame)
        if sum(f.height for f in kept[1:]) >= _READ_KEYS:
            kept = [_overwritten(kept)]
    return _overwritten(kept)


def _overwritten(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal").unique("key", keep="last", maintain_order=True)


def replace_rows(
    _: Table, options: TableOptions, world: World, before: pl.DataFrame, after: pl.DataFrame
) -> tuple[int, int]:
    """Write what `after` has and `before` has not; a tombstone for each key that is gone. (rows, tombstones)."""
    encoder = upsert_encoder(options, world)
    old, new = (encoder.records(f)[0].unique("key", keep="last", maintain_order=True) for f in (before, after))
    changed = new.join(old, on=["key", "value"], how="anti", nulls_equal=True, maintain_order="left")
    gone = old.join(new, on="key", how="anti", nulls_equal=True, maintain_order="left")
    tombstones = gone.select(pl.lit(None, dtype=pl.Binary).alias("value"), "key")
    records = pl.concat([changed, tombstones], how="diagonal")
    if records.height:
        world.log.append(options.values[TOPIC], records)
    return changed.height, gone.height


UPSERT_KAFKA = Connector(
    name="upsert-kafka",
    text="A topic as a table with a primary key: each record replaces the row of its key, a tombstone ends it.",
    options=OPTIONS,
    prefixes=("properties.",),
    formats=FORMATS,
    metadata=METADATA,
    writable_metadata=("headers", "timestamp"),
    strict_time=False,
    changes=True,
    present_rows=present_rows,
    replace=replace_rows,
)
