"""The statements of the dialect, as they were written; nothing is looked up yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.core.types import DataType
    from penstock.sql.errors import Span

__all__ = [
    "AddColumns",
    "AlterDatabase",
    "AlterTable",
    "AlterView",
    "ColumnDefinition",
    "CreateDatabase",
    "CreateTable",
    "CreateView",
    "Describe",
    "DropColumns",
    "DropDatabase",
    "DropTable",
    "DropView",
    "DropWatermark",
    "Explain",
    "Help",
    "Insert",
    "LikeClause",
    "ModifyColumns",
    "Name",
    "Query",
    "Quit",
    "RenameColumn",
    "RenameTable",
    "Reset",
    "ResetOptions",
    "Set",
    "SetOptions",
    "Show",
    "Statement",
    "StatementSet",
    "Use",
    "WatermarkDefinition",
]


@dataclass(frozen=True, slots=True)
class Name:
    """``[catalog.][database.]name``, each part as written, and where it stands."""

    parts: tuple[str, ...]
    span: Span

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; `text` is its own text and `span` its place in the text it came in."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column: physical (`type`), computed (`expression`), or of the connector (`metadata`).

    `metadata` is the key ("" = the column's own name); `virtual` columns are not written by INSERT.
    """

    name: str
    span: Span
    type: DataType | None = None
    expression: exp.Expr | None = None
    expression_text: str = ""
    metadata: str | None = None
    virtual: bool = False
    comment: str = ""
    position: str | None = None
    """ALTER only: "" = FIRST, else the column after which it goes."""


@dataclass(frozen=True, slots=True)
class WatermarkDefinition:
    """``WATERMARK FOR column AS expression``."""

    column: str
    expression: exp.Expr
    expression_text: str
    span: Span


@dataclass(frozen=True, slots=True)
class LikeClause:
    """``LIKE name (INCLUDING | EXCLUDING | OVERWRITING what, ...)``: `options` is (word, what) pairs."""

    name: Name
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CreateTable(Statement):
    name: Name
    columns: tuple[ColumnDefinition, ...]
    watermark: WatermarkDefinition | None
    primary_key: tuple[str, ...]
    partitioned_by: tuple[str, ...]
    options: dict[str, str]
    places: dict[str, Span]
    """Of each option."""
    comment: str
    like: LikeClause | None
    if_not_exists: bool
    temporary: bool


@dataclass(frozen=True, slots=True)
class DropTable(Statement):
    name: Name
    if_exists: bool
    temporary: bool


@dataclass(frozen=True, slots=True)
class CreateView(Statement):
    name: Name
    columns: tuple[str, ...]
    query: exp.Expr
    query_text: str
    comment: str
    if_not_exists: bool
    temporary: bool


@dataclass(frozen=True, slots=True)
class DropView(Statement):
    name: Name
    if_exists: bool
    temporary: bool


@dataclass(frozen=True, slots=True)
class RenameTable:
    to: Name


@dataclass(frozen=True, slots=True)
class SetOptions:
    options: dict[str, str]
    places: dict[str, Span]
    """Of each option."""


@dataclass(frozen=True, slots=True)
class ResetOptions:
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddColumns:
    columns: tuple[ColumnDefinition, ...]
    watermark: WatermarkDefinition | None = None
    primary_key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModifyColumns:
    columns: tuple[ColumnDefinition, ...]
    watermark: WatermarkDefinition | None = None
    primary_key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RenameColumn:
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class DropColumns:
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropWatermark:
    """Also DROP PRIMARY KEY, where `primary_key`."""

    primary_key: bool = False


@dataclass(frozen=True, slots=True)
class AlterTable(Statement):
    name: Name
    action: (
        RenameTable
        | SetOptions
        | ResetOptions
        | AddColumns
        | ModifyColumns
        | RenameColumn
        | DropColumns
        | DropWatermark
    )
    if_exists: bool


@dataclass(frozen=True, slots=True)
class AlterView(Statement):
    """RENAME TO `to`, or AS `query`."""

    name: Name
    to: Name | None
    query: exp.Expr | None
    query_text: str


@dataclass(frozen=True, slots=True)
class CreateDatabase(Statement):
    name: Name
    if_not_exists: bool
    comment: str
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class AlterDatabase(Statement):
    name: Name
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class DropDatabase(Statement):
    name: Name
    if_exists: bool
    cascade: bool


@dataclass(frozen=True, slots=True)
class Use(Statement):
    """USE [CATALOG] name."""

    name: Name
    catalog: bool


@dataclass(frozen=True, slots=True)
class Insert(Statement):
    """INSERT INTO or, where `overwrite`, OVERWRITE; `partition` is the static part of PARTITION (...).

    `deduplicates`: it ends with ON CONFLICT DO DEDUPLICATE.
    """

    table: Name
    columns: tuple[str, ...]
    partition: dict[str, exp.Expr]
    query: exp.Expr
    overwrite: bool
    hints: dict[str, str]
    deduplicates: bool


@dataclass(frozen=True, slots=True)
class StatementSet(Statement):
    inserts: tuple[Insert, ...]


@dataclass(frozen=True, slots=True)
class Set(Statement):
    """SET 'key' = 'value'; without a key it lists what is set."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Reset(Statement):
    """RESET 'key', or everything."""

    key: str


@dataclass(frozen=True, slots=True)
class Show(Statement):
    """SHOW `kind` [FROM `scope`] [[NOT] LIKE `pattern`], or SHOW CREATE TABLE|VIEW `name`."""

    kind: str
    name: Name | None
    pattern: str | None
    negated: bool


@dataclass(frozen=True, slots=True)
class Describe(Statement):
    name: Name
    extended: bool


@dataclass(frozen=True, slots=True)
class Explain(Statement):
    """EXPLAIN [details] of a query, an INSERT or a statement set."""

    details: tuple[str, ...]
    statement: Statement


@dataclass(frozen=True, slots=True)
class Help(Statement):
    """HELP: which statements there are."""


@dataclass(frozen=True, slots=True)
class Quit(Statement):
    """QUIT or EXIT: the session ends."""


@dataclass(frozen=True, slots=True)
class Query(Statement):
    query: exp.Expr
