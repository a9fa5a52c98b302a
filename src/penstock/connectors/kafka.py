"""`kafka`: a table over a topic of the embedded log, with the options of Flink's connector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.log_scan import LogScan, Start
from penstock.connectors.registry import with_registry
from penstock.connectors.spec import FORMAT, Connector, FormatUse, TableOptions
from penstock.core import types as t
from penstock.core.batch import KIND, RowKind
from penstock.core.edges import Prepared
from penstock.core.errors import ConfigError
from penstock.core.options import Option, choice, duration, integer, strings, text
from penstock.core.types import Field
from penstock.formats import FORMATS as ALL_FORMATS
from penstock.formats.avro import AvroConfluent
from penstock.formats.either import Either

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.connectors.world import World
    from penstock.core.edges import Transaction
    from penstock.formats.format import Decoder
    from penstock.sql.plan import Scan

__all__ = [
    "KAFKA",
    "RecordEncoder",
    "TopicSink",
    "declared_key_fields",
    "ensure_declared",
    "ensure_topic",
    "fields_in_key",
    "key_decoder",
    "key_format",
    "keyed_scan",
    "log_scan",
    "record_encoder",
    "value_fields",
    "value_format",
]

FORMATS = ("json", "csv", "raw", "avro", "avro-confluent")

TOPIC = Option("topic", text, "", "The topic.", required=True)
KEY_FORMAT = Option("key.format", text, "", "How keys are written.")
VALUE_FORMAT = Option("value.format", text, "", "The same as format.")
KEY_FIELDS = Option("key.fields", strings, (), "The columns that make the key, separated by ';'.")
KEY_PREFIX = Option("key.fields-prefix", text, "", "Taken off the names of the key's columns.")
VALUE_INCLUDE = Option(
    "value.fields-include", choice("ALL", "EXCEPT_KEY"), "ALL", "Whether the key's columns are in the value too."
)
STARTUP_MODE = Option(
    "scan.startup.mode",
    choice("earliest-offset", "latest-offset", "group-offsets", "timestamp", "specific-offsets"),
    "earliest-offset",
    "Where a first reading begins; Flink's default is group-offsets.",
)
STARTUP_OFFSETS = Option("scan.startup.specific-offsets", text, "", "partition:0,offset:42;partition:1,offset:300")
STARTUP_TIMESTAMP = Option("scan.startup.timestamp-millis", integer(0), 0, "Where the mode timestamp begins.")
BOUNDED_MODE = Option(
    "scan.bounded.mode",
    choice("unbounded", "latest-offset"),
    "unbounded",
    "latest-offset: reading ends with what the topic holds at the start.",
)
DISCOVERY = Option(
    "scan.topic-partition-discovery.interval", duration, 0, "Without effect: new partitions are found at once."
)
PARTITIONER = Option(
    "sink.partitioner",
    choice("default", "round-robin", "fixed"),
    "default",
    "default: by key, without a key in turns; round-robin: in turns, only without key.fields;"
    " fixed: all rows into partition 0, as of one Flink task.",
)
GUARANTEE = Option(
    "sink.delivery-guarantee",
    choice("exactly-once", "at-least-once", "none"),
    "exactly-once",
    "Without effect, it is always exactly once: rows are committed with the position they were made from.",
)
PREFIX = Option("sink.transactional-id-prefix", text, "", "Without effect.")
SOURCE_PARALLELISM = Option("scan.parallelism", integer(1), 1, "Without effect.")
SINK_PARALLELISM = Option("sink.parallelism", integer(1), 1, "Without effect.")

OPTIONS: tuple[Option[Any], ...] = (
    TOPIC,
    FORMAT,
    VALUE_FORMAT,
    KEY_FORMAT,
    KEY_FIELDS,
    KEY_PREFIX,
    VALUE_INCLUDE,
    STARTUP_MODE,
    STARTUP_OFFSETS,
    STARTUP_TIMESTAMP,
    BOUNDED_MODE,
    DISCOVERY,
    PARTITIONER,
    GUARANTEE,
    PREFIX,
    SOURCE_PARALLELISM,
    SINK_PARALLELISM,
)

METADATA: Mapping[str, t.DataType] = {
    "topic": t.STRING.with_nullable(False),
    "partition": t.INT.with_nullable(False),
    "headers": t.Map(t.STRING, t.BYTES, nullable=False),
    "leader-epoch": t.INT,
    "offset": t.BIGINT.with_nullable(False),
    "timestamp": t.TimestampLtz(3, nullable=False),
    "timestamp-type": t.STRING.with_nullable(False),
}

KAFKA = Connector(
    name="kafka",
    text="A topic of the embedded log, with the options of Flink's connector for Kafka.",
    options=OPTIONS,
    prefixes=("properties.",),
    formats=FORMATS,
    metadata=METADATA,
    writable_metadata=("headers", "timestamp"),
    strict_time=False,
    why_not_replace="a topic is only ever added to",
)


def ensure_topic(options: TableOptions, world: World) -> str | None:
    """Make the table's topic if it is missing; what was made, in words, or None.

    Partitions and configs are those of [topics.NAME] in penstock.toml.
    """
    return ensure_declared(world, options.values[TOPIC])


def ensure_declared(world: World, name: str) -> str | None:
    """The same, of a topic without a table."""
    settings = world.topics.get(name)
    partitions = settings.partitions if settings else 1
    if not world.log.ensure_topic(name, partitions, settings.configs if settings else {}):
        return None
    return f"topic {name} is created with {partitions} partition{'s' if partitions != 1 else ''}"


def value_format(options: TableOptions, world: World) -> FormatUse:
    """How the values of the table's topic are written; its settings may name a second format.

    Raises ConfigError where the table's format cannot be told from that one.
    """
    topic = options.values[TOPIC]
    use = with_registry(options.value_format, f"{topic}-value", world, options.where)
    settings = world.topics.get(topic)
    if settings is None or settings.also is None or use.format.name == settings.also:
        return use
    if use.format.name not in {"json", "csv"}:
        raise ConfigError(
            f"topic '{topic}' has also-format = \"{settings.also}\", which cannot be told from {use.format.name}",
            code="format-either",
            where=options.where,
            hint="the table's own format is json or csv then",
        )
    also = with_registry(FormatUse(ALL_FORMATS[settings.also], {}), f"{topic}-value", world, options.where).format
    assert isinstance(also, AvroConfluent)
    return FormatUse(Either(use.format, also), use.options)


def key_format(options: TableOptions, world: World) -> FormatUse | None:
    """How the keys are written, if a format is given."""
    use = options.formats.get("key.format")
    return use and with_registry(use, f"{options.values[TOPIC]}-key", world, options.where)


def log_scan(scan: Scan, key: str, options: TableOptions, needs: tuple[str, ...], world: World) -> LogScan:
    """What a scan of a `kafka` table reads of the log; `needs` are the stored columns that somebody wants."""
    return keyed_scan(scan, key, options, needs, world, declared_key_fields(options), _start(options))


def keyed_scan(
    scan: Scan,
    key: str,
    options: TableOptions,
    needs: tuple[str, ...],
    world: World,
    keys: tuple[Field, ...],
    start: Start | None = None,
) -> LogScan:
    """The same of a table whose records have `keys`; a first reading begins at `start`, else with the topic."""
    table = scan.table
    by_name = {c.name: c for c in table.columns}
    metadata = {n: by_name[n].metadata or "" for n in needs if by_name[n].metadata is not None}
    physical = tuple(n for n in needs if by_name[n].is_physical)
    in_value = value_fields(options, keys)
    from_key = tuple(n for n in physical if n not in {f.name for f in in_value})
    wanted = tuple(n for n in physical if n not in from_key)
    use = value_format(options, world)
    return LogScan(
        key=key,
        topic=options.values[TOPIC],
        wanted=wanted,
        metadata=metadata,
        make_decoder=lambda: use.decoder(in_value, wanted),
        fingerprint=use.fingerprint(in_value),
        start=start or Start(),
        group=options.passed.get("properties.group.id", ""),
        bounded=options.values[BOUNDED_MODE] == "latest-offset",
        key_wanted=from_key,
        make_key_decoder=key_decoder(options, keys, from_key, world) if from_key else None,
    )


def declared_key_fields(options: TableOptions) -> tuple[Field, ...]:
    """The columns that key.fields names. Raises ConfigError for one that there is not, or without a key.format."""
    names = options.values[KEY_FIELDS]
    if names and "key.format" not in options.formats:
        raise ConfigError("key.fields needs a key.format", code="option-missing", where=options.where)
    by_name = {f.name: f for f in options.physical}
    for name in names:
        if name not in by_name:
            raise ConfigError(f"key.fields names no column: '{name}'", code="option-value", where=options.where)
    return tuple(by_name[n] for n in names)


def value_fields(options: TableOptions, keys: tuple[Field, ...]) -> tuple[Field, ...]:
    """The columns that stand in the value."""
    names = {f.name for f in keys}
    return tuple(f for f in options.physical if options.values[VALUE_INCLUDE] == "ALL" or f.name not in names)


def fields_in_key(options: TableOptions, keys: tuple[Field, ...]) -> tuple[Field, ...]:
    """The columns of the key under their names there, without the prefix."""
    return tuple(Field(f.name.removeprefix(options.values[KEY_PREFIX]), f.type) for f in keys)


def key_decoder(
    options: TableOptions, keys: tuple[Field, ...], wanted: tuple[str, ...], world: World
) -> Callable[[], Decoder]:
    """A decoder of the columns `wanted` out of the key, under their names there."""
    use, fields = key_format(options, world), fields_in_key(options, keys)
    assert use is not None
    names = tuple(inner.name for inner, f in zip(fields, keys, strict=True) if f.name in wanted)
    return lambda: use.decoder(fields, names)


def _start(options: TableOptions) -> Start:
    values = options.values
    mode = values[STARTUP_MODE]
    group = options.passed.get("properties.group.id", "")
    if mode == "group-offsets" and not group:
        raise ConfigError(
            "scan.startup.mode = group-offsets needs a group",
            code="option-missing",
            where=options.where,
            hint="'properties.group.id' = '...'",
        )
    return Start(mode, group, values[STARTUP_TIMESTAMP], _specific(values[STARTUP_OFFSETS], options.where))


def _specific(value: str, where: str) -> dict[int, int]:
    offsets = {}
    for part in filter(None, value.split(";")):
        pairs = dict(p.split(":", 1) for p in part.split(",") if ":" in p)
        try:
            offsets[int(pairs["partition"])] = int(pairs["offset"])
        except (KeyError, ValueError):
            raise ConfigError(
                f"scan.startup.specific-offsets has '{part}'",
                code="option-value",
                where=where,
                hint="partition:0,offset:42;partition:1,offset:300",
            ) from None
    return offsets


class RecordEncoder:
    """Rows of a table as records of its topic: key, value, and what metadata columns say.

    `partition` is where all of them go, None where keys or turns decide.
    """

    def __init__(
        self, options: TableOptions, keys: tuple[Field, ...], world: World, partition: int | None = None
    ) -> None:
        options.check_metadata()
        values, in_key = value_fields(options, keys), fields_in_key(options, keys)
        use, key = value_format(options, world), key_format(options, world)
        self._values = [f.name for f in values]
        self._value = use.encoder(values)
        self._keys = [pl.col(f.name).alias(inner.name) for f, inner in zip(keys, in_key, strict=True)]
        self._key = key.encoder(in_key) if key and keys else None
        self._metadata = {
            c.name: c.metadata for c in options.table.columns if c.metadata is not None and c.is_persisted
        }
        self._fingerprint = use.fingerprint(values)
        self._partition = partition

    def records(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, pl.DataFrame] | None]:
        """Records, and the columns of the values to keep beside them, with the fingerprint of their decoding.

        None instead of those where tombstones are among the records.
        """
        values = frame.select(self._values)
        records = [self._ended(frame, self._value.encode(values)).alias("value")]
        if self._key is not None:
            records.append(self._key.encode(frame.select(self._keys)).alias("key"))
        for column, key in self._metadata.items():
            series = frame[column]
            records.append(series.dt.epoch("ms").alias("timestamp") if key == "timestamp" else series.alias("headers"))
        if self._partition is not None:
            records.append(pl.repeat(self._partition, frame.height, dtype=pl.Int32, eager=True).alias("partition"))
        whole = not records[0].null_count()
        return pl.DataFrame(records), (self._fingerprint, values) if whole else None

    @staticmethod
    def _ended(frame: pl.DataFrame, values: pl.Series) -> pl.Series:
        """`values`, NULL (a tombstone) for rows that are taken back."""
        if KIND not in frame.columns:
            return values
        gone = frame[KIND].is_in([kind.value for kind in RowKind if kind.takes_back])
        return values.set(gone, None) if gone.any() else values


def record_encoder(options: TableOptions, world: World) -> RecordEncoder:
    """How rows of a `kafka` table become records."""
    keys, partitioner = declared_key_fields(options), options.values[PARTITIONER]
    if keys and partitioner == "round-robin":
        raise ConfigError(
            "sink.partitioner = round-robin is for rows without a key",
            code="option-value",
            where=options.where,
            hint="leave out key.fields, or sink.partitioner",
        )
    return RecordEncoder(options, keys, world, 0 if partitioner == "fixed" else None)


class TopicSink:
    """Rows into a topic, inside the engine's transaction; `records` makes records of them, as RecordEncoder does."""

    def __init__(
        self, topic: str, records: Callable[[pl.DataFrame], tuple[pl.DataFrame, tuple[str, pl.DataFrame] | None]]
    ) -> None:
        self.topic = topic
        self._records = records
        self.pending: list[pl.DataFrame] = []
        """Rows that the next commit makes visible; those who look from inside the process see them."""

    def write(self, frame: pl.DataFrame) -> None:
        self.pending.append(frame)

    def advance(self, watermark: int) -> None:
        """Rows go with the commit, whenever that is."""

    @property
    def held_rows(self) -> int:
        return sum(f.height for f in self.pending)

    def prepare(self, epoch: int, transaction: Transaction) -> Prepared:
        if not self.pending:
            return Prepared(0)
        frame = pl.concat(self.pending)
        self.pending = []
        records, decoded = self._records(frame)
        transaction.append(self.topic, records, decoded)
        return Prepared(records.height)

    def commit(self, token: bytes) -> None:
        """Nothing is left to do: the rows were in the transaction."""

    def finish(self) -> None:
        """Nothing is open."""

    def snapshot(self) -> tuple[Any, Mapping[str, pl.DataFrame]]:
        return None, {}

    def restore(self, metadata: Any, frames: Mapping[str, pl.DataFrame]) -> None:
        """Nothing was held."""

    def close(self) -> None:
        """The log is the project's."""
