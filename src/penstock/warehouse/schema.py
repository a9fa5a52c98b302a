"""Schema files: schemas/NAME.toml, the columns of a source and how they are read, inferred once and then people's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import tomlkit

from penstock.core import types as t
from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.options import Kind, Option, boolean, choice, text, texts
from penstock.core.toml_table import TomlTable, read_toml
from penstock.sql.config import ZONE
from penstock.warehouse.cleaning.locales import MONTHS
from penstock.warehouse.cleaning.notation import Notation, notation
from penstock.warehouse.column_types import TYPES, type_named, type_text
from penstock.warehouse.sources.csv.spelling import Spelling, read_spelling, said_spelling

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from tomlkit.items import Table

__all__ = [
    "COLUMN_OPTIONS",
    "OPTIONS",
    "Column",
    "Missing",
    "OnChange",
    "Schema",
    "read_schema",
    "schema_text",
    "with_changes",
]

Missing = Literal["keep", "drop", "default"]
OnChange = Literal["evolve", "freeze", "quarantine"]

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
    "type", Kind("one of " + ", ".join((*TYPES, "DECIMAL(p, s)")), type_named), t.STRING, "Its type.", required=True
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
    changed_at = values[CHANGED_AT]
    for option, named in ((KEY, values[KEY]), (CHANGED_AT, (changed_at,) if changed_at else ())):
        for column in named:
            if column not in tables:
                raise ConfigError(
                    f"{option.name} names the column '{column}', which is not there",
                    code="schema-column",
                    where=file.where(option.name),
                    hint=did_you_mean(column, tables) or "there are " + ", ".join(tables),
                )
    kind = next((column.type for column in columns if column.name == changed_at), None)
    if kind is not None and not isinstance(kind, (t.Date, t.Timestamp, t.TimestampLtz)):
        raise ConfigError(
            f"changed_at names '{changed_at}', which is {type_text(kind)}",
            code="schema-changed-at",
            where=file.where(CHANGED_AT.name),
            hint="allowed are columns of type DATE, TIMESTAMP or TIMESTAMP_LTZ",
        )
    marks = file.given.get("file")
    if marks is not None and not isinstance(marks, dict):
        raise ConfigError("'file' is a table: [file]", code="schema-file", where=file.where("file"))
    return Schema(
        name=name,
        columns=columns,
        key=values[KEY],
        changed_at=changed_at,
        on_change=cast("OnChange", values[ON_CHANGE]),
        spelling=None if marks is None else read_spelling(file.table("file")),
    )


def _column(name: str, table: TomlTable) -> Column:
    if not _COLUMN_NAME.fullmatch(name) or len(name.encode()) > _LONGEST:
        raise ConfigError(
            f"'{name}' cannot name a column",
            code="schema-name",
            where=table.where(),
            hint=f"allowed are letters, digits and _, a letter first, up to {_LONGEST} bytes",
        )
    values = table.values(COLUMN_OPTIONS)
    given = values.given(DEFAULT)
    missing = "default" if given and not values.given(MISSING) else values[MISSING]
    if given != (missing == "default"):
        raise ConfigError(
            f"missing = \"{missing}\" {'has no use for' if given else 'needs'} 'default'",
            code="schema-default",
            where=table.where(DEFAULT.name if given else MISSING.name),
        )
    return Column(
        name=name,
        type=values[TYPE],
        raw=values[FROM] or name,
        formats=values[FORMATS],
        numbers=values[NUMBERS],
        locale=values[LOCALE],
        zone=values[ZONE_OF],
        true=values[TRUE],
        false=values[FALSE],
        nulls=values[NULLS],
        missing=cast("Missing", missing),
        default=values[DEFAULT],
        trim=values[TRIM],
    )


def _require_once(columns: tuple[Column, ...], tables: Mapping[str, TomlTable]) -> None:
    """Raises ConfigError where two columns are one, in the source or in a database that knows no case."""
    for what, names in (("is read from", [c.raw for c in columns]), ("is called", [c.name.lower() for c in columns])):
        for at, name in enumerate(names):
            if name in names[:at]:
                first, second = columns[names.index(name)].name, columns[at].name
                raise ConfigError(
                    f"'{second}' {what} '{name}', as '{first}' is", code="schema-twice", where=tables[second].where()
                )


def schema_text(schema: Schema) -> str:
    """The file that says `schema`; what is as by default is left out."""
    document = tomlkit.document()
    for line in schema.note.splitlines():
        document.add(tomlkit.comment(line))
    if schema.key:
        document["key"] = list(schema.key)
    if schema.changed_at:
        document["changed_at"] = schema.changed_at
    document["on_change"] = schema.on_change
    if schema.spelling is not None:
        document["file"] = said_spelling(schema.spelling)
    columns = tomlkit.table(is_super_table=True)
    for column in schema.columns:
        columns[column.name] = _said(column)
    document["columns"] = columns
    return tomlkit.dumps(document)


def _said(column: Column) -> Table:
    plain = Column(column.name, column.type, column.name)
    said: dict[str, Any] = {"from": column.raw, "type": type_text(column.type)}
    if column.raw == column.name:
        del said["from"]
    for option, value, usual in (
        (FORMATS, column.formats, plain.formats),
        (NUMBERS, tuple(one.text for one in column.numbers), ()),
        (LOCALE, column.locale, plain.locale),
        (ZONE_OF, column.zone, plain.zone),
        (TRUE, column.true, plain.true),
        (FALSE, column.false, plain.false),
        (NULLS, column.nulls, plain.nulls),
        (MISSING, column.missing, "default" if column.default else plain.missing),
        (DEFAULT, column.default, plain.default),
        (TRIM, column.trim, plain.trim),
    ):
        if value != usual:
            said[option.name] = list(value) if isinstance(value, tuple) else value
    table = tomlkit.table()
    table.update(said)
    return table


def with_changes(said: str, before: Schema, after: Schema) -> str:
    """The file `said`, changed in those columns alone in which `after` differs; what people wrote beside them stays."""
    document: Any = tomlkit.parse(said)
    there = {column.name: column for column in before.columns}
    for column in after.columns:
        if column.name not in there:
            document["columns"][column.name] = _said(column)
        elif column.type != there[column.name].type:
            document["columns"][column.name]["type"] = type_text(column.type)
    return tomlkit.dumps(document)
