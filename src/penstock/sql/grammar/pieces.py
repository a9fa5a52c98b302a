"""What the grammars of all statements read with: names, options, queries, and the text of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from sqlglot.tokenizer_core import TokenType

from penstock.core.errors import ParseError, UnsupportedError, did_you_mean
from penstock.sql import statements as st
from penstock.sql.errors import Span
from penstock.sql.grammar.queries import Flink, FlinkParser
from penstock.sql.grammar.types import MisreadError

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

__all__ = ["PieceParser", "hint_options"]

BEGINNINGS = (
    *("SELECT", "WITH", "VALUES", "INSERT", "CREATE", "DROP", "ALTER", "USE", "EXECUTE", "SET", "RESET", "SHOW"),
    *("DESCRIBE", "EXPLAIN", "HELP", "QUIT", "EXIT"),
)
_CLAUSES = ("FROM", "WHERE", "GROUP BY", "HAVING", "LIMIT", "UNION ALL", "SELECT", "VALUES", "WITH", "AS")


class PieceParser(FlinkParser):
    """Reads pieces of statements; each method that ends a statement starts behind its own first word."""

    def begin(self, text: str, tokens: list[Token]) -> None:
        """Stand before the first of `tokens`."""
        self.reset()
        self.sql = text
        self._chunks = [tokens]
        self._advance_chunk()

    @property
    def remaining(self) -> str:
        """The token that nobody has read, or ``""``."""
        return str(self._curr.text) if self._curr else ""

    def raise_unread(self) -> NoReturn:
        """Say that the statement should have ended before the next token, or goes on behind the last."""
        if not self._curr:
            self.raise_error("the statement ends early")
        if '"' in (self._curr.text, self._prev.text):
            self.raise_error("double quotes quote nothing", hint="names go in `back-quotes`, texts in 'quotes'")
        before = self._prev.text.upper()
        hint = "" if before in _CLAUSES else did_you_mean(before, _CLAUSES)
        self.raise_error(f"did not expect '{self._curr.text}' here", hint=hint)

    def _text(self, first: Token) -> tuple[str, Span]:
        span = Span(first.start, self._prev.end)
        return self.sql[span.start : span.end + 1], span

    def _query(self) -> exp.Expr:
        query: exp.Expr | None = self._parse_select(nested=True)
        if self._prev.token_type == TokenType.COMMA:
            self.raise_error("a name is missing after the comma", self._prev)
        if query is None:
            hint = did_you_mean(self.remaining, BEGINNINGS)
            self.raise_error(f"'{self.remaining}' does not begin a statement", hint=hint)
        self.require_free_names(query)
        return self._parse_query_modifiers(query)

    def _required(self, *words: str) -> None:
        if not self._match_text_seq(*words):
            self.raise_error(f"expected {' '.join(words)}")

    def _qualified(self) -> st.Name:
        first = self._curr
        parts = [self.name()]
        while self._match(TokenType.DOT):
            parts.append(self.name())
        return st.Name(tuple(parts), Span(first.start, self._prev.end))

    def _names(self) -> tuple[str, ...]:
        self._expect(TokenType.L_PAREN, "(")
        names = [self.name()]
        while self._match(TokenType.COMMA):
            names.append(self.name())
        self._expect(TokenType.R_PAREN, ")")
        return tuple(names)

    def _string_value(self) -> str:
        token = self._curr
        if not self._match(TokenType.STRING):
            self.raise_error("expected a text in single quotes", token)
        return str(token.text)

    def options(self) -> dict[str, str]:
        """``('key' = 'value', ...)``."""
        return self._options_and_places()[0]

    def _options_and_places(self) -> tuple[dict[str, str], dict[str, Span]]:
        """``('key' = 'value', ...)``, and where each of them stands."""
        self._expect(TokenType.L_PAREN, "(")
        options: dict[str, str] = {}
        places: dict[str, Span] = {}
        while not self._match(TokenType.R_PAREN):
            if options:
                self._expect(TokenType.COMMA, ",")
            first = self._curr
            key = self._string_value()
            self._expect(TokenType.EQ, "=")
            if key in options:
                self.raise_error(f"option '{key}' is given twice", self._prev)
            options[key] = self._string_value()
            places[key] = Span(first.start, self._prev.end)
        return options, places

    def _comment(self) -> str:
        return self._string_value() if self._match_text_seq("COMMENT") else ""

    def _if_exists(self) -> bool:
        return bool(self._match_text_seq("IF", "EXISTS"))

    def _if_not_exists(self) -> bool:
        return bool(self._match_text_seq("IF", "NOT", "EXISTS"))


def hint_options(text: str) -> dict[str, str]:
    """The options of ``OPTIONS('k'='v', ...)``, the only table hint there is."""
    parser = PieceParser(dialect=Flink)
    parser.begin(text, list(Flink().tokenize(text)))
    if not parser._match_text_seq("OPTIONS"):
        raise UnsupportedError(
            f"the hint {text.strip()} is not supported",
            code="sql-hint",
            hint="supported is OPTIONS('key' = 'value', ...)",
        )
    try:
        return parser.options()
    except MisreadError as error:
        raise ParseError(
            f"SQL syntax in the hint {text.strip()}: {error}",
            code="sql-hint",
            hint="supported is OPTIONS('key' = 'value', ...)",
        ) from None
