"""What a connector is: its options, declared once, its metadata columns, and what it can do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, UnsupportedError, did_you_mean
from penstock.core.options import Option, Values, choice, duration, text
from penstock.core.types import Field
from penstock.formats import format_named
from penstock.sql.casts import cast_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import polars as pl

    from penstock.connectors.filesystem.results import ParquetFiles
    from penstock.connectors.world import World
    from penstock.core.edges import Reader
    from penstock.core.edges import Sink as EdgeSink
    from penstock.core.types import DataType
    from penstock.formats import Decoder, Encoder, Format
    from penstock.sql.catalog import Table
    from penstock.sql.plan import Scan, Sink

__all__ = ["FORMAT", "WATERMARK_OPTIONS", "Connector", "FormatUse", "TableOptions"]

CONNECTOR = Option("connector", text, "", "The kind of table.", required=True)
FORMAT = Option("format", text, "", "How values are written: json, csv, raw, avro, avro-confluent, parquet.")

WATERMARK_STRATEGY = Option(
    "scan.watermark.emit.strategy",
    choice("on-event", "on-periodic"),
    "on-event",
    "Without effect: the watermark always advances after every row.",
)
IDLE_TIMEOUT: Option[int | None] = Option(
    "scan.watermark.idle-timeout",
    duration,
    None,
    "After how long without rows a partition no longer holds the watermark.",
)
WATERMARK_OPTIONS: tuple[Option[Any], ...] = (WATERMARK_STRATEGY, IDLE_TIMEOUT)


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector as declared: `prefixes` are families of options that it passes by (properties.*)."""

    name: str
    text: str
    options: tuple[Option[Any], ...]
    notes: str = ""
    """What its users should know, in Markdown."""
    prefixes: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    metadata: Mapping[str, DataType] = field(default_factory=dict)
    writable_metadata: tuple[str, ...] = ()
    source: bool = True
    sink: bool = True
    strict_time: bool = True
    """Whether a NULL event time fails at the scan (Flink: no watermark push-down)."""
    own: bool = False
    """Whether Flink has no connector of the name."""
    changes: bool = False
    """Whether its rows are changes of a table (updates, deletes) rather than rows of a log."""
    shows_changes: bool = False
    """Whether it takes any changes as they come, without a key."""
    present_rows: Callable[[Table, TableOptions, World], Iterator[pl.DataFrame]] | None = None
    """The rows of a table of changes as they are now, for questions."""
    make_reader: Callable[[Scan, str, TableOptions, tuple[str, ...], World], Reader] | None = None
    """The reader of a scan under a key, for the stored columns that are wanted; None for topics, which a
    pipeline reads together."""
    make_sink: Callable[[Sink, TableOptions, World], EdgeSink] | None = None
    """The sink of an INSERT; None for topics."""
    files: Callable[[Table, TableOptions, World, frozenset[str] | None], ParquetFiles | None] | None = None
    """The finished Parquet files of a table, for questions that want these columns; None if it has no such files."""
    clear: Callable[..., int] | None = None
    """``clear(table, options, world, act=...)``: how many results there are to remove; `act` removes them."""
    replace: Callable[[Table, TableOptions, World, pl.DataFrame, pl.DataFrame], tuple[int, int]] | None = None
    """``replace(table, options, world, before, after)``: put the rows `after` of an INSERT in the place of its rows
    `before`, both complete; how many rows were written and removed. None: see `why_not_replace`."""
    why_not_replace: str = ""
    """Why rows that were written cannot be replaced, as the end of a sentence."""

    @property
    def all_options(self) -> tuple[Option[Any], ...]:
        """With those that every table has."""
        return (CONNECTOR, *self.options, *WATERMARK_OPTIONS)

    def is_own(self, option: Option[Any]) -> bool:
        """Whether Flink's connector does not know `option`, or passes it by."""
        return option.own or (option in WATERMARK_OPTIONS and self.source and self.strict_time)


@dataclass(frozen=True, slots=True)
class FormatUse:
    """A format with the options that a table gives it."""

    format: Format
    options: dict[str, str]

    def decoder(self, schema: tuple[Field, ...], wanted: tuple[str, ...]) -> Decoder:
        """As `Format.decoder`, of the rows of the table."""
        return self.format.decoder(schema, wanted, self.options)

    def encoder(self, schema: tuple[Field, ...]) -> Encoder:
        """As `Format.encoder`."""
        return self.format.encoder(schema, self.options)

    def fingerprint(self, schema: tuple[Field, ...]) -> str:
        """As `Format.fingerprint`, of a decoding of all columns."""
        return self.format.fingerprint(schema, tuple(f.name for f in schema), self.options)


class TableOptions:
    """The options of one table, checked against its connector.

    Raises ConfigError for what is unknown, missing or ill-typed, with the closest that there is.
    """

    def __init__(self, table: Table, connector: Connector, hints: Mapping[str, str] | None = None) -> None:
        self.table = table
        self.connector = connector
        self.where = f"table {table.name}"
        self.hints = hints or {}
        given = {**table.options, **self.hints}
        self.formats: dict[str, FormatUse] = {}
        own = dict(given)
        for key in ("format", "value.format", "key.format"):
            if key in given:
                self.formats[key] = self._format(key, given, own)
        own = {k: v for k, v in own.items() if not k.startswith(connector.prefixes)} if connector.prefixes else own
        self.values = self._checked(connector.all_options, own)
        self.passed = {k: v for k, v in given.items() if connector.prefixes and k.startswith(connector.prefixes)}

    def place(self, option: str = "") -> str:
        """The table and the place of one of its options, or that of the table, for errors."""
        return self.where if option in self.hints else self.table.where(option)

    def _checked(self, options: Iterable[Option[Any]], given: Mapping[str, str]) -> Values:
        """The values of `given`, each checked alone first, so that an error has its place."""
        options = tuple(options)
        optional = [replace(o, required=False) for o in options]
        for key, value in given.items():
            Values(optional, {key: value}, self.place(key))
        return Values(options, given, self.place())

    def _format(self, key: str, given: Mapping[str, str], own: dict[str, str]) -> FormatUse:
        """The format that option `key` names, with the options under its name taken out of `own`."""
        name = given[key]
        if self.connector.formats and name not in self.connector.formats:
            hint = did_you_mean(name, self.connector.formats) or "there are " + ", ".join(self.connector.formats)
            raise ConfigError(
                f"connector '{self.connector.name}' has no format '{name}'",
                code="format-unknown",
                where=self.place(key),
                hint=hint,
            )
        found = format_named(name)
        prefix = f"{name}." if key == "format" else f"{key.removesuffix('format')}{name}."
        options = {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}
        named = [replace(o, name=prefix + o.name) for o in found.options]
        self._checked(named, {prefix + k: own.pop(prefix + k, v) for k, v in options.items()})
        return FormatUse(found, options)

    @property
    def value_format(self) -> FormatUse:
        """The format of the values. Raises ConfigError if none is named."""
        use = self.formats.get("format") or self.formats.get("value.format")
        if use is None:
            raise ConfigError(
                f"connector '{self.connector.name}' needs a format",
                code="option-missing",
                where=self.place(),
                hint="add 'format' = 'json'",
            )
        return use

    @property
    def physical(self) -> tuple[Field, ...]:
        """The columns that the format knows."""
        return tuple(Field(c.name, c.type) for c in self.table.physical)

    @property
    def metadata_types(self) -> dict[str, DataType]:
        """The types in which the connector gives the metadata columns, by their names."""
        keys = {c.name: c.metadata for c in self.table.columns if c.metadata is not None}
        return {name: self.connector.metadata[key] for name, key in keys.items()}

    def check_metadata(self, *, written: bool = True) -> None:
        """Raises UnsupportedError for a metadata column that the connector does not have, or cannot write.

        Raises ConfigError where its type cannot be cast to the column's, or where two columns name the same.
        """
        seen: dict[str, str] = {}
        for column in self.table.columns:
            if column.metadata is None:
                continue
            if column.metadata not in self.connector.metadata:
                known = ", ".join(self.connector.metadata) or "none"
                raise UnsupportedError(
                    f"connector '{self.connector.name}' has no metadata '{column.metadata}'",
                    code="metadata-unknown",
                    where=self.place(),
                    hint=did_you_mean(column.metadata, self.connector.metadata) or f"there is {known}",
                )
            if column.metadata in seen:
                raise ConfigError(
                    f"columns '{seen[column.metadata]}' and '{column.name}' are both metadata '{column.metadata}'",
                    code="metadata-twice",
                    where=self.place(),
                    hint=f"compute one from the other: {column.name} AS CAST({seen[column.metadata]} AS ...)",
                )
            seen[column.metadata] = column.name
            given = self.connector.metadata[column.metadata]
            if refusal := cast_refusal(given, column.type):
                raise ConfigError(
                    f"column '{column.name}' is {column.type.name}, its metadata '{column.metadata}' is {given.name}",
                    code="metadata-type",
                    where=self.place(),
                    hint=refusal,
                )
            if written and column.is_persisted and column.metadata not in self.connector.writable_metadata:
                raise UnsupportedError(
                    f"metadata '{column.metadata}' of connector '{self.connector.name}' can only be read",
                    code="metadata-read-only",
                    where=self.place(),
                    hint=f"declare '{column.name}' as METADATA VIRTUAL",
                )
