"""CREATE TABLE and ALTER TABLE: definitions to tables of the catalog."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.core import types as t
from penstock.core.errors import BindError, did_you_mean
from penstock.sql import statements as st
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Scope
from penstock.sql.catalog import Table, TableColumn
from penstock.sql.plan import Column

if TYPE_CHECKING:
    from penstock.sql.bind.scope import Origin
    from penstock.sql.errors import Span

__all__ = ["altered", "created"]


@dataclass(slots=True)
class _Draft:
    """A table in the making."""

    columns: list[TableColumn]
    watermark: tuple[str, object, str] | None = None
    primary_key: tuple[str, ...] = ()
    partitioned_by: tuple[str, ...] = ()


def created(statement: st.CreateTable, path: tuple[str, str, str], base: Table | None, origin: Origin) -> Table:
    """The table that CREATE TABLE makes; `base` is the table of its LIKE clause."""
    columns: list[TableColumn] = []
    options = dict(statement.options)
    places = {k: origin.where(span) for k, span in {"": statement.name.span, **statement.places}.items()}
    watermark, key, partitioned = statement.watermark, statement.primary_key, statement.partitioned_by
    inherited = _Inherited(statement.like, base, origin) if base is not None and statement.like else None
    if inherited:
        columns += inherited.columns(statement)
        options = inherited.options(options)
        places = {**inherited.base.places, **places}
        key = key or inherited.primary_key()
        partitioned = partitioned or inherited.partitioned_by()
    columns = _defined(columns, statement.columns, origin)
    table = Table(
        path, tuple(columns), options, comment=statement.comment, temporary=statement.temporary, places=places
    )
    table = _with_key(table, key, origin, statement.name.span)
    table = _with_partitions(table, partitioned, origin, statement.name.span)
    if watermark is not None:
        return _with_watermark(table, watermark, origin)
    if inherited and base is not None and inherited.watermark():
        return replace(
            table,
            watermark_column=base.watermark_column,
            watermark=base.watermark,
            watermark_text=base.watermark_text,
        )
    return table


def _error(origin: Origin, message: str, code: str, span: Span, hint: str = "") -> Exception:
    return origin.error(BindError, message, code, span, hint)


def _defined(
    columns: list[TableColumn], definitions: tuple[st.ColumnDefinition, ...], origin: Origin
) -> list[TableColumn]:
    """`columns` and then what is defined; computed columns see all physical and metadata columns."""
    result = list(columns)
    for d in definitions:
        if any(c.name == d.name for c in result) or sum(o.name == d.name for o in definitions) > 1:
            raise _error(origin, f"column '{d.name}' is defined twice", "sql-duplicate-column", d.span)
        if d.expression is None and d.type is not None:
            metadata = None if d.metadata is None else d.metadata or d.name
            result.append(TableColumn(d.name, d.type, None, "", metadata, d.virtual, d.comment))
        else:
            result.append(TableColumn(d.name, t.NULL, None, d.expression_text, None, False, d.comment))
    scope = Scope.of(origin, (Column(c.name, c.type) for c in result if not c.computed_text or c.computed is not None))
    by_name = {d.name: d for d in definitions if d.expression is not None}
    for i, column in enumerate(result):
        definition = by_name.get(column.name)
        if definition is not None and definition.expression is not None:
            bound = ExpressionBinder(scope, place="in a computed column").bind(definition.expression)
            result[i] = replace(column, type=bound.type, computed=bound)
    return result


def _with_key(table: Table, key: tuple[str, ...], origin: Origin, span: Span) -> Table:
    for name in key:
        column = _existing(table, name, "PRIMARY KEY", origin, span)
        if not column.is_persisted:
            raise _error(
                origin, f"PRIMARY KEY column '{name}' is computed", "sql-primary-key", span, "name a stored column"
            )
    columns = tuple(replace(c, type=c.type.with_nullable(False)) if c.name in key else c for c in table.columns)
    return replace(table, columns=columns, primary_key=key)


def _with_partitions(table: Table, names: tuple[str, ...], origin: Origin, span: Span) -> Table:
    for name in names:
        _existing(table, name, "PARTITIONED BY", origin, span)
    return replace(table, partitioned_by=names)


def _existing(table: Table, name: str, clause: str, origin: Origin, span: Span) -> TableColumn:
    for column in table.columns:
        if column.name == name:
            return column
    names = [c.name for c in table.columns]
    hint = did_you_mean(name, names) or "columns are " + ", ".join(names)
    raise _error(origin, f"{clause} names no column: '{name}'", "sql-unknown-column", span, hint)


def _with_watermark(table: Table, definition: st.WatermarkDefinition, origin: Origin) -> Table:
    column = _existing(table, definition.column, "WATERMARK", origin, definition.span)
    _require_time(column.type, f"WATERMARK column '{column.name}'", origin, definition.span)
    scope = Scope.of(origin, (Column(c.name, c.type) for c in table.columns))
    bound = ExpressionBinder(scope, place="in WATERMARK").bind(definition.expression)
    _require_time(bound.type, "the watermark", origin, definition.span)
    return replace(table, watermark_column=column.name, watermark=bound, watermark_text=definition.expression_text)


def _require_time(data_type: t.DataType, what: str, origin: Origin, span: Span) -> None:
    if not isinstance(data_type, (t.Timestamp, t.TimestampLtz)) or data_type.precision > 3:
        raise _error(
            origin,
            f"{what} must be TIMESTAMP(p) or TIMESTAMP_LTZ(p) with p up to 3, it is {data_type.name}",
            "sql-watermark",
            span,
            "CAST(column AS TIMESTAMP(3)), or TO_TIMESTAMP_LTZ(milliseconds, 3) as a computed column",
        )


class _Inherited:
    """What a LIKE clause takes from its base; by default everything, own options winning."""

    def __init__(self, like: st.LikeClause, base: Table, origin: Origin) -> None:
        self.base = base
        self.origin = origin
        self.like = like
        self.words: dict[str, str] = {}
        everything = next((word for word, what in like.options if what == "ALL"), "INCLUDING")
        for what in ("CONSTRAINTS", "GENERATED", "METADATA", "PARTITIONS", "WATERMARKS"):
            self.words[what] = everything
        self.words["OPTIONS"] = "OVERWRITING" if everything == "INCLUDING" else everything
        for word, what in like.options:
            if what not in ("ALL", "DISTRIBUTION"):
                self.words[what] = word

    def _takes(self, what: str) -> bool:
        return self.words[what] != "EXCLUDING"

    def columns(self, statement: st.CreateTable) -> list[TableColumn]:
        """The base's columns; a new one of the same name wins only with OVERWRITING."""
        defined = {d.name: d for d in statement.columns}
        result = []
        for column in self.base.columns:
            what = "GENERATED" if column.computed is not None else "METADATA" if column.metadata is not None else ""
            if what and not self._takes(what):
                continue
            if column.name in defined:
                if not what or self.words[what] != "OVERWRITING":
                    raise _error(
                        self.origin,
                        f"column '{column.name}' is in the table of LIKE already",
                        "sql-duplicate-column",
                        defined[column.name].span,
                        f"LIKE {self.like.name} (OVERWRITING GENERATED)" if what else "leave it out",
                    )
                continue
            result.append(column)
        return result

    def options(self, own: dict[str, str]) -> dict[str, str]:
        if not self._takes("OPTIONS"):
            return own
        doubled = [k for k in own if k in self.base.options]
        if doubled and self.words["OPTIONS"] == "INCLUDING":
            raise _error(
                self.origin,
                f"option '{doubled[0]}' is in the table of LIKE already",
                "sql-like",
                self.like.name.span,
                f"LIKE {self.like.name} (OVERWRITING OPTIONS)",
            )
        return {**self.base.options, **own}

    def primary_key(self) -> tuple[str, ...]:
        return self.base.primary_key if self._takes("CONSTRAINTS") else ()

    def partitioned_by(self) -> tuple[str, ...]:
        return self.base.partitioned_by if self._takes("PARTITIONS") else ()

    def watermark(self) -> bool:
        return self._takes("WATERMARKS") and bool(self.base.watermark_column)


def altered(statement: st.AlterTable, table: Table, origin: Origin) -> Table:
    """`table` as ALTER TABLE leaves it; renaming the table itself is the catalog's."""
    action = statement.action
    match action:
        case st.SetOptions(options, places):
            return table.with_options(options, {k: origin.where(span) for k, span in places.items()})
        case st.ResetOptions(keys):
            if "connector" in keys:
                raise _error(origin, "a table needs its connector", "sql-alter", statement.span)
            return replace(table, options={k: v for k, v in table.options.items() if k not in keys})
        case st.AddColumns(definitions, watermark, key):
            columns = _placed(
                list(table.columns), _defined(list(table.columns), definitions, origin), definitions, origin
            )
            if watermark is not None and table.watermark_column:
                raise _error(origin, "the table has a watermark already", "sql-alter", watermark.span, "MODIFY it")
            if key and table.primary_key:
                raise _error(origin, "the table has a primary key already", "sql-alter", statement.span, "MODIFY it")
            return _rechecked(
                replace(table, columns=tuple(columns)), watermark, key or table.primary_key, origin, statement
            )
        case st.ModifyColumns(definitions, watermark, key):
            for d in definitions:
                _existing(table, d.name, "MODIFY", origin, d.span)
            names = {d.name for d in definitions}
            kept = [c for c in table.columns if c.name not in names]
            fresh = {c.name: c for c in _defined(kept, definitions, origin)}
            in_place = [fresh[c.name] for c in table.columns]
            moved = tuple(d for d in definitions if d.position is not None)
            columns = _placed([c for c in in_place if c.name not in {d.name for d in moved}], in_place, moved, origin)
            return _rechecked(
                replace(table, columns=tuple(columns)), watermark, key or table.primary_key, origin, statement
            )
        case st.RenameColumn(column, to):
            return _renamed(table, column, to, origin, statement.span)
        case st.DropColumns(names):
            return _dropped(table, names, origin, statement.span)
        case st.DropWatermark(primary_key=True):
            return replace(table, primary_key=())
        case st.DropWatermark():
            return replace(table, watermark_column="", watermark=None, watermark_text="")
    return table


def _placed(
    kept: list[TableColumn], everything: list[TableColumn], definitions: tuple[st.ColumnDefinition, ...], origin: Origin
) -> list[TableColumn]:
    """`kept` with each defined column FIRST, AFTER another, or at the end."""
    by_name = {c.name: c for c in everything}
    result = list(kept)
    for d in definitions:
        if d.position is None:
            result.append(by_name[d.name])
        elif d.position == "":
            result.insert(0, by_name[d.name])
        else:
            places = [i for i, c in enumerate(result) if c.name == d.position]
            if not places:
                hint = did_you_mean(d.position, by_name)
                raise _error(origin, f"AFTER names no column: '{d.position}'", "sql-unknown-column", d.span, hint)
            result.insert(places[0] + 1, by_name[d.name])
    return result


def _rechecked(
    table: Table,
    watermark: st.WatermarkDefinition | None,
    key: tuple[str, ...],
    origin: Origin,
    statement: st.AlterTable,
) -> Table:
    table = _with_key(table, key, origin, statement.span)
    return _with_watermark(table, watermark, origin) if watermark is not None else table


def _used_by(table: Table, name: str) -> str:
    """What else of the table needs the column, or ``""``."""
    from penstock.sql.expr import refs

    for column in table.columns:
        if column.computed is not None and name in refs(column.computed):
            return f"the computed column '{column.name}'"
    if table.watermark is not None and (name == table.watermark_column or name in refs(table.watermark)):
        return "the watermark"
    if name in table.primary_key:
        return "the primary key"
    return "PARTITIONED BY" if name in table.partitioned_by else ""


def _renamed(table: Table, name: str, to: str, origin: Origin, span: Span) -> Table:
    _existing(table, name, "RENAME", origin, span)
    if any(c.name == to for c in table.columns):
        raise _error(origin, f"there is a column '{to}' already", "sql-duplicate-column", span)
    used = _used_by(table, name)
    if used and used != "the primary key":
        raise _error(origin, f"column '{name}' is used by {used}", "sql-alter", span)
    columns = tuple(replace(c, name=to) if c.name == name else c for c in table.columns)
    key = tuple(to if k == name else k for k in table.primary_key)
    return replace(table, columns=columns, primary_key=key)


def _dropped(table: Table, names: tuple[str, ...], origin: Origin, span: Span) -> Table:
    for name in names:
        _existing(table, name, "DROP", origin, span)
        used = _used_by(table, name)
        if used:
            raise _error(origin, f"column '{name}' is used by {used}", "sql-alter", span)
    return replace(table, columns=tuple(c for c in table.columns if c.name not in names))
