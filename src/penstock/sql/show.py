"""Answers about the catalog: DESCRIBE, SHOW CREATE, and the patterns of SHOW ... LIKE."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot.tokenizer_core import TokenType

from penstock.core.sql_text import backticked, literal
from penstock.core.types import MAX_LENGTH
from penstock.sql.catalog import Table, View
from penstock.sql.grammar.queries import Flink

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.sql import statements as st

__all__ = ["create_table", "create_view", "describe", "like"]


def describe(found: Table | View) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
    """The columns of DESCRIBE and its rows, as Flink lays them out; comments only where there is one."""
    names: tuple[str, ...] = ("name", "type", "null", "key", "extras", "watermark")
    if isinstance(found, View):
        return names, tuple(
            (c.name, c.type.name + (" *ROWTIME*" if c.is_time else ""), c.type.nullable, None, None, None)
            for c in found.columns
        )
    commented = any(c.comment for c in found.columns)
    rows: list[tuple[object, ...]] = []
    for c in found.columns:
        is_time = c.name == found.watermark_column
        extras = f"AS {_quoted_columns(c.computed_text, found)}" if c.computed is not None else None
        if c.metadata is not None:
            source = f" FROM '{c.metadata}'" if c.metadata != c.name else ""
            extras = f"METADATA{source}{' VIRTUAL' if c.virtual else ''}"
        rows.append(
            (
                c.name,
                c.type.name + (" *ROWTIME*" if is_time else ""),
                c.type.nullable,
                f"PRI({', '.join(found.primary_key)})" if c.name in found.primary_key else None,
                extras,
                _quoted_columns(found.watermark_text, found) if is_time else None,
                *((c.comment or None,) if commented else ()),
            )
        )
    return (*names, "comment") if commented else names, tuple(rows)


def _written(data_type: DataType) -> str:
    """A type as Flink writes it in SHOW CREATE: STRING and BYTES by their length."""
    return str(data_type).replace("STRING", f"VARCHAR({MAX_LENGTH})").replace("BYTES", f"VARBINARY({MAX_LENGTH})")


def _quoted_columns(text: str, table: Table) -> str:
    """An expression as it was written, the names of columns in backticks."""
    names = {c.name for c in table.columns}
    parts, last = [], 0
    for token in Flink().tokenize(text):
        if token.token_type == TokenType.VAR and token.text in names:
            parts += [text[last : token.start], backticked(token.text)]
            last = token.end + 1
    return "".join([*parts, text[last:]])


def create_table(table: Table) -> str:
    """The CREATE TABLE that makes this table again."""
    lines = []
    for c in table.columns:
        line = f"{backticked(c.name)} "
        if c.computed is not None:
            line += f"AS {_quoted_columns(c.computed_text, table)}"
        else:
            line += _written(c.type)
            if c.metadata is not None:
                line += f" METADATA FROM {literal(c.metadata)}" + (" VIRTUAL" if c.virtual else "")
        lines.append(line + (f" COMMENT {literal(c.comment)}" if c.comment else ""))
    if table.watermark_column:
        lines.append(
            f"WATERMARK FOR {backticked(table.watermark_column)} AS {_quoted_columns(table.watermark_text, table)}"
        )
    if table.primary_key:
        name = backticked("PK_" + "_".join(table.primary_key))
        lines.append(f"CONSTRAINT {name} PRIMARY KEY ({', '.join(map(backticked, table.primary_key))}) NOT ENFORCED")
    text = f"CREATE {'TEMPORARY ' if table.temporary else ''}TABLE {'.'.join(map(backticked, table.path))} (\n  "
    text += ",\n  ".join(lines) + "\n)"
    if table.comment:
        text += f"\nCOMMENT {literal(table.comment)}"
    if table.partitioned_by:
        text += f"\nPARTITIONED BY ({', '.join(map(backticked, table.partitioned_by))})"
    if table.options:
        pairs = ",\n  ".join(f"{literal(k)} = {literal(v)}" for k, v in sorted(table.options.items()))
        text += f"\nWITH (\n  {pairs}\n)"
    return text


def create_view(view: View) -> str:
    """The CREATE VIEW that makes this view again."""
    columns = "\n  " + ",\n  ".join(backticked(c.name) for c in view.columns) + "\n"
    comment = f"\nCOMMENT {literal(view.comment)}" if view.comment else ""
    text = f"CREATE {'TEMPORARY ' if view.temporary else ''}VIEW {'.'.join(map(backticked, view.path))} ({columns})"
    return f"{text}{comment}\nAS {view.text}"


def like(name: str, statement: st.Show) -> bool:
    """Whether `name` passes the statement's [NOT] LIKE."""
    if statement.pattern is None:
        return True
    pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in statement.pattern)
    return (re.fullmatch(pattern, name) is not None) != statement.negated
