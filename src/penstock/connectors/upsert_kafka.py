"""`upsert-kafka`: a topic whose last record of each key is the table's row, a tombstone its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.kafka import (
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
    value_fields,
)
from penstock.connectors.spec import Connector, TableOptions
from penstock.core.errors import ConfigError
from penstock.core.options import Option, duration, integer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.connectors.world import World
    from penstock.core.types import Field
    from penstock.sql.catalog import Table

__all__ = ["UPSERT_KAFKA", "present_rows", "replace_rows", "upsert_encoder"]

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
    SOURCE_PARALLELISM,
    SINK_PARALLELISM,
)

_READ_KEYS = 200_000
"""So many records are read before those that were overwritten are forgotten."""


def _keys(options: TableOptions) -> tuple[Field, ...]:
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


def upsert_encoder(options: TableOptions) -> RecordEncoder:
    """How rows become records: the primary key is the record's key."""
    return RecordEncoder(options, _keys(options))


def present_rows(_: Table, options: TableOptions, world: World) -> Iterator[pl.DataFrame]:
    """The table's rows as they are now: the last of each key, without those that a tombstone has ended."""
    keys = _keys(options)
    values = value_fields(options, keys)
    records = _last_records(options.values[TOPIC], world).filter(pl.col("value").is_not_null())
    use = options.value_format
    decoded = use.format.decoder(values, tuple(f.name for f in values), use.options).decode(records["value"])
    frame = decoded.frame
    in_value = {f.name for f in values}
    if any(f.name not in in_value for f in keys):
        key, inner = options.formats["key.format"], fields_in_key(options, keys)
        found = key.format.decoder(inner, tuple(f.name for f in inner), key.options).decode(records["key"]).frame
        found = found.rename({i.name: k.name for i, k in zip(inner, keys, strict=True)})
        found = found if decoded.rows is None else found[decoded.rows]
        frame = frame.hstack(found.select(f.name for f in keys if f.name not in in_value))
    yield frame.select(f.name for f in options.physical)


def _last_records(topic: str, world: World) -> pl.DataFrame:
    """`key` and `value` of the last record of each key, tombstones too, in the order of the log."""
    kept = pl.DataFrame(schema={"key": pl.Binary, "value": pl.Binary})
    waiting: list[pl.DataFrame] = []
    for frame in world.log.read(topic, columns=("key", "value")):
        waiting.append(frame)
        if sum(f.height for f in waiting) >= _READ_KEYS:
            kept, waiting = _overwritten(kept, waiting), []
    return _overwritten(kept, waiting)


def _overwritten(kept: pl.DataFrame, waiting: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([kept, *waiting]).unique("key", keep="last", maintain_order=True)


def replace_rows(
    _: Table, options: TableOptions, world: World, before: pl.DataFrame, after: pl.DataFrame
) -> tuple[int, int]:
    """Write what `after` has and `before` has not; a tombstone for each key that is gone. (rows, tombstones)."""
    encoder = upsert_encoder(options)
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
