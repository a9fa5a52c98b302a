"""Schema files: schemas/NAME.toml, the columns of a source and how they are read, inferred once and then people's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import polars as pl

from penstock.core import types as t
from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.options import Kind, Option, boolean, choice, text, texts
from penstock.core.toml_table import read_toml
from penstock.sql.config import ZONE
from penstock.warehouse.cleaning.locales import MONTHS
from penstock.warehouse.cleaning.notation import PLAIN, Notation, notation
from penstock.warehouse.sources.csv.spelling import Spelling, read_spelling, said_spelling

if TYPE_CHECKING:
    from penstock.core.toml_table import TomlTable

__all__ = ["OPTIONS", "Column", "Missing", "OnChange", "Schema", "read_schema", "schema_text", "type_named"]

Missing = Literal["keep", "drop", "default"]
OnChange = Literal["evolve", "freeze", "quarantine"]

_TYPES: dict[str, t.DataType] = {
    "TINYINT": t.TINYINT,
    "SMALLINT": t.SMALLINT,
    "INT": t.INT,
    "BIGINT": t.BIGINT,
    "FLOAT": t.FLOAT,
    "DOUBLE": t.DOUBLE,
    "BOOLEAN": t.BOOLEAN,
    "STRING": t.STRING,
    "DATE": t.DATE,
    "TIME": t.Time(),
    "TIMESTAMP": t.Timestamp(6),
    "TIMESTAMP_LTZ": t.TimestampLtz(6),
}
_DECIMAL = re.compile(r"DECIMAL\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")


def type_named(name: str) -> t.DataType:
    """A column's type. Raises ValueError for one that none has."""
    plain = name.strip().upper()
    if plain in _TYPES:
        return _TYPES[plain]
    found = _DECIMAL.fullmatch(plain)
    if found and 1 <= int(found[1]) <= 38 and int(found[2] or 0) <= int(found[1]):
        return t.Decimal(int(found[1]), int(found[2] or 0))
    raise ValueError(name)


def _type_text(kind: t.DataType) -> str:
    return next((name for name, known in _TYPES.items() if known == kind), kind.name)


KEY: Option[tuple[str, ...]] = Option(
    "key", texts('a list of columns: ["customer_id"]'), (), "What tells rows apart; without one the whole row does."
)
CHANGED_AT = Option("changed_at", text, "", "The column that says when a row changed; else it is when it was read.")
ON_CHANGE = Option(
    "on_change",
    choice("evolve", "freeze", "quarantine"),
    "quarantine",
    "What becomes of rows that do not fit: the schema follows them, the load fails, or they are set aside.",
)
OPTIONS: tuple[Option[Any], ...] = (KEY, CHANGED_AT, ON_CHANGE)

FROM = Option("from", text, "", "Its name in the source, where that is another one.")
TYPE = Option(
    "type", Kind("one of " + ", ".join((*_TYPES, "DECIMAL(p, s)")), type_named), t.STRING, "Its type.", required=True
)
FORMATS: Option[tuple[str, ...]] = Option(
    "formats",
    texts('a list of formats: ["%d.%m.%Y", "%Y-%m-%d"]'),
    (),
    "How dates and times are written, the first that fits counts; by default ISO 8601.",
)
NUMBERS: Option[tuple[Notation, ...]] = Option(
    "numbers",
    Kind('a list of 1234.56 as it is written: ["1.234,56", "1\'234.56"]', lambda joined: tuple(
        notation(one) for one in joined.split("\0")), several=True),
    (),
    "How numbers are written, the first that fits counts.",
)  # fmt: skip
LOCALE = Option("locale", choice("en", *MONTHS), "en", "The language of the months' names in dates.")
ZONE_OF = Option("zone", ZONE, "UTC", "The time zone of moments that are written without one.")
TRUE: Option[tuple[str, ...]] = Option(
    "true", texts('a list of texts: ["yes", "ja"]'), ("true", "t", "yes", "y", "1"), "What is true, in any case."
)
FALSE: Option[tuple[str, ...]] = Option(
    "false", texts('a list of texts: ["no", "nein"]'), ("false", "f", "no", "n", "0"), "What is false, in any case."
)
NULLS: Option[tuple[str, ...]] = Option(
    "null", texts('a list of texts: ["N/A", "-"]'), (), "What stands for a missing value, beside nothing at all."
)
MISSING = Option(
    "missing",
    choice("keep", "drop", "default"),
    "keep",
    "What becomes of a missing value: it is NULL, its row is left out, or `default` is put there.",
)
DEFAULT = Option("default", text, "", "The value for a missing one, written as it would be in the source.")
TRIM = Option("trim", boolean, True, "Whether blanks around a text are none of it.")
COLUMN_OPTIONS: tuple[Option[Any], ...] = (
    FROM, TYPE, FORMATS, NUMBERS, LOCALE, ZONE_OF, TRUE, FALSE, NULLS, MISSING, DEFAULT, TRIM
)  # fmt: skip
_COLUMN_NAME = re.compile(r"[^\W\d_]\w*")
_LONGEST = 63
"""Bytes of a column's name, in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column in staging, and how its values are read out of the source's."""

    name: str
    type: t.DataType
    raw: str
    formats: tuple[str, ...] = ()
    numbers: tuple[Notation, ...] = ()
    locale: str = "en"
    zone: str = "UTC"
    true: tuple[str, ...] = TRUE.default
    false: tuple[str, ...] = FALSE.default
    nulls: tuple[str, ...] = ()
    missing: Missing = "keep"
    default: str = ""
    trim: bool = True

    @property
    def polars(self) -> pl.DataType:
        return self.type.polars


@dataclass(frozen=True, slots=True)
class Schema:
    """What a schema file says; `spelling` is of sources that are CSV."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    changed_at: str = ""
    on_change: OnChange = "quarantine"
    spelling: Spelling | None = None
    note: str = field(default="", compare=False)
    """What people are told at the top of a file that was inferred."""

    @property
    def where(self) -> str:
        return f"schemas/{self.name}.toml"

    @property
    def types(self) -> dict[str, t.DataType]:
        """The columns in staging with their types: what rules are about."""
        return {column.name: column.type for column in self.columns}

    def with_columns(self, *columns: Column) -> Schema:
        """These columns instead of those of their names, or after all others."""
        new = {column.name: column for column in columns}
        kept = tuple(new.pop(column.name, column) for column in self.columns)
        return replace(self, columns=(*kept, *new.values()))


def read_schema(name: str, said: str) -> Schema:
    """The schema that a file says. Raises ConfigError with its line, and what was allowed."""
    file = read_toml(said, f"schemas/{name}.toml")
    values = file.without("columns", "file").values(OPTIONS)
    tables = file.tables("columns")
    if not tables:
        raise ConfigError(
            "the file has no columns", code="schema-empty", where=file.where(), hint="[columns.NAME] is how one begins"
        )
    columns = tuple(_column(column, table) for column, table in tables.items())
    _require_once(columns, tables)
    for option in (KEY, CHANGED_AT):
        for column in (values[option],) if option is CHANGED_AT else values[option]:
            if column and column not in tables:
                raise ConfigError(
                    f"{option.name} names the column '{column}', which is not there",
                    code="schema-column",
                    where=file.where(option.name),
                    hint=did_you_mean(column, tables) or "there are " + ", ".join(tables),
                )
    changed_at = values[CHANGED_AT]
    if changed_at and not isinstance(_TYPE_OF(columns, changed_at), (t.Date, t.Timestamp, t.TimestampLtz)):
        raise ConfigError(
            f"changed_at names '{changed_at}', which is {_type_text(_TYPE_OF(columns, changed_at))}",
            code="schema-changed-at",
            where=file.where(CHANGED_AT.name),
            hint="allowed are columns of type DATE, TIMESTAMP or TIMESTAMP_LTZ",
        )
    spelling = file.given.get("file")
    if spelling is not None and not isinstance(spelling, dict):
        raise ConfigError("'file' is a table: [file]", code="schema-file", where=file.where("file"))
    return Schema(
        name=name,
        columns=columns,
        key=values[KEY],
        changed_at=changed_at,
        on_change=cast("OnChange", values[ON_CHANGE]),
        spelling=None if spelling is None else read_spelling(_inner(file, "file")),
    )


def _TYPE_OF(columns: tuple[Column, ...], name: str) -> t.DataType:
    return next(column.type for column in columns if column.name == name)
