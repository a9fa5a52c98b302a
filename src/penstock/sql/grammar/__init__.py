"""Text to statements, by Flink's grammar: `parse` reads statements, `parse_expression` one expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import TokenType

from penstock.core.errors import BindError, ParseError, SqlError, UnsupportedError
from penstock.sql.errors import Span, underline
from penstock.sql.grammar.pieces import hint_options
from penstock.sql.grammar.queries import Flink
from penstock.sql.grammar.statements import StatementParser
from penstock.sql.grammar.types import MisreadError, RefusedError, UnknownTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

    from penstock.sql import statements as st

__all__ = ["hint_options", "parse", "parse_expression", "statements"]

_UNCLOSED = {
    "'": ("a ' has no partner", "a ' inside a text is written twice: 'it''s'"),
    "`": ("a ` has no partner", "a name stands between two: `name`"),
    "/*": ("a comment has no end", "*/"),
}
_CLOSED = r"--[^\n]*|//[^\n]*|/\*.*?\*/|'(?:[^']|'')*+'|`(?:[^`]|``)*+`"
_PIECE = re.compile(rf"(?:{_CLOSED})|(?P<open>/\*|'|`)", re.DOTALL)


def parse(text: str, source: str = "") -> tuple[st.Statement, ...]:
    """The statements of `text`, in order; `source` names the file in errors.

    Raises ParseError, or UnsupportedError for statements that Flink has and Penstock refuses.
    """
    return tuple(statements(text, source))


def statements(text: str, source: str = "") -> Iterator[st.Statement]:
    """The statements of `text`, each read when it is asked for, so that those before a wrong one come.

    Raises as `parse`.
    """
    tokens, error = _tokens(text, source)
    *whole, last = _chunks(tokens)
    for chunk in (*whole, *([last] if error is None else [])):
        if chunk:
            yield _guarded(text, source, chunk, StatementParser.statement)
    if error is not None:
        raise error


def parse_expression(text: str, source: str = "") -> exp.Expr:
    """One expression, as in a computed column."""
    tokens, error = _tokens(text, source)
    if error is not None:
        raise error
    expression: exp.Expr = _guarded(text, source, tokens, lambda p: p._parse_disjunction())
    return expression


def _tokens(text: str, source: str) -> tuple[list[Token], ParseError | None]:
    """The tokens of `text`, up to the place of the error, if there is one."""
    try:
        return list(Flink().tokenize(text)), None
    except TokenError as error:
        opened = next((m for m in _PIECE.finditer(text) if m["open"]), None)
        if opened is not None:
            what, hint = _UNCLOSED[opened["open"]]
            span = Span(opened.start(), opened.end() - 1 if opened["open"] == "/*" else len(text) - 1)
        else:  # the one other cause
            what, hint = "X'...' takes hexadecimal digits", ""
            stopped = re.search(r"(\d+)$", str(error.__cause__))
            start = int(stopped[1]) if stopped is not None else 0
            span = Span(start, text.find("'", start + 2))
        where = underline(text, span, source)
        wrong = ParseError(f"SQL syntax: {what}", code="sql-token", where=where, hint=hint)
        before, earlier = _tokens(text[: span.start], source)
        return before, earlier or wrong


def _chunks(tokens: list[Token]) -> list[list[Token]]:
    """The tokens of each statement, and of what stands behind the last ; those of a statement set stay together."""
    chunks: list[list[Token]] = [[]]
    in_set = False
    for token in tokens:
        chunk = chunks[-1]
        if token.token_type == TokenType.SEMICOLON and not in_set:
            chunks.append([])
            continue
        chunk.append(token)
        word = token.text.upper()
        before = [c.text.upper() for c in chunk[-3:-1]]
        if (
            word == "SET"
            and len(before) == 2
            and before[0] in ("EXECUTE", "BEGIN", "EXPLAIN")
            and before[1] == "STATEMENT"
        ):
            in_set = True
        elif in_set and word == "END" and len(chunk) > 1 and chunk[-2].token_type == TokenType.SEMICOLON:
            in_set = False
    return chunks


def _reader(text: str, tokens: list[Token]) -> StatementParser:
    parser = StatementParser(dialect=Flink)
    parser.begin(text, tokens)
    return parser


def _guarded(text: str, source: str, tokens: list[Token], read: Any) -> Any:
    parser = _reader(text, tokens)
    try:
        result = read(parser)
        if parser.remaining or result is None:
            parser.raise_unread()
    except MisreadError as error:
        raise _as_sql_error(error, underline(text, Span(error.start, error.end), source)) from None
    except SqlError as error:
        if not error.where:
            error.where = underline(text, Span(tokens[0].start, tokens[-1].end), source)
        raise
    else:
        return result


def _as_sql_error(error: MisreadError, where: str) -> SqlError:
    match error:
        case UnknownTypeError():
            return BindError(str(error), code="sql-unknown-type", where=where, hint=error.hint)
        case RefusedError(code=code):
            return UnsupportedError(str(error), code=code, where=where, hint=error.hint)
    message = str(error)
    if message[:2] != message[:2].upper():
        message = message[0].lower() + message[1:]
    return ParseError(f"SQL syntax: {message}", where=where, hint=error.hint)
