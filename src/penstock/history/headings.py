"""Headings: a column that has no name is called as it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["name_columns"]

_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
_NAMED = (exp.Alias, exp.Aliases, exp.Column, exp.Dot, exp.Star, exp.Columns, exp.Explode, exp.Unnest)
"""What has a name, or becomes several columns."""

_BEFORE = {TokenType.DISTINCT, TokenType.ALL}

_AFTER = {
    TokenType.FROM,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.HAVING,
    TokenType.QUALIFY,
    TokenType.WINDOW,
    TokenType.ORDER_BY,
    TokenType.LIMIT,
    TokenType.OFFSET,
    TokenType.SEMICOLON,
}
"""What may follow a list of columns."""


def name_columns(select: exp.Select, sql: str, dialect: str) -> None:
    """Give the columns of the outermost SELECT of `sql`, where they have none, their own text as a name.

    Where the text cannot be told, DuckDB makes a name of what it runs.
    """
    distinct = select.args.get("distinct")
    texts = list(_texts(sql, dialect))
    if len(texts) != len(select.expressions) or (distinct is not None and distinct.args.get("on")):
        return
    columns = [
        column if isinstance(column, _NAMED) else exp.alias_(column, text, quoted=True)
        for column, text in zip(select.expressions, texts, strict=True)
    ]
    select.set("expressions", columns)


def _texts(sql: str, dialect: str) -> Iterator[str]:
    """What stands between the commas of the first list of columns that is in no parentheses."""
    depth, begun, first, end = 0, False, None, 0
    for token in sqlglot.tokenize(sql, read=dialect):
        kind, outer = token.token_type, depth == 0
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if not begun:
            begun = outer and kind == TokenType.SELECT
        elif first is None and kind in _BEFORE:
            continue
        elif outer and kind in _AFTER:
            break
        elif outer and kind == TokenType.COMMA:
            yield " ".join(sql[first:end].split())
            first = None
        else:
            first = token.start if first is None else first
            end = token.end + 1
    if first is not None:
        yield " ".join(sql[first:end].split())
