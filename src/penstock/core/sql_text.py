"""Names and texts in SQL, whatever characters they have."""

from __future__ import annotations

__all__ = ["backticked", "literal", "quoted"]


def quoted(name: str) -> str:
    """A name as the standard has it, DuckDB and PostgreSQL: in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def backticked(name: str) -> str:
    """A name as Flink has it."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A text."""
    return "'" + text.replace("'", "''") + "'"
