"""Flink's dialect for sqlglot: the grammar of expressions and queries.

Functions stay calls under the name that was written; what they mean is decided by the table of functions
alone. Forms with a grammar of their own (``CAST(x AS t)``, ``TRIM(BOTH a FROM b)``, ``JSON_VALUE(...)``)
become `Special` calls, whose `clauses` hold the words beside the arguments.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp, parser
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

from penstock.sql.grammar.calls import CallParser
from penstock.sql.grammar.nodes import IntervalLiteral, TableArgument, TypedLiteral
from penstock.sql.grammar.tokenizer import FlinkTokenizer

__all__ = ["Flink", "FlinkParser"]


class FlinkParser(CallParser):
    """Reads expressions and queries."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
    SUPPORTS_DIRECTED_JOIN = False
    JOINS_HAVE_EQUAL_PRECEDENCE = True  # a comma is a CROSS JOIN
    SUPPORTS_TABLE_QUERY = True
    COLUMN_OPERATORS: ClassVar[dict[Any, Any]] = {TokenType.DOT: None}
    LAMBDAS: ClassVar[dict[Any, Any]] = {TokenType.FARROW: parser.Parser.LAMBDAS[TokenType.FARROW]}
    PLACEHOLDER_PARSERS: ClassVar[dict[Any, Any]] = {}
    ARRAY_CONSTRUCTORS: ClassVar[dict[str, Any]] = {}  # ARRAY[1, 2][2] reaches into an array
    BITWISE: ClassVar[dict[Any, Any]] = {}
    RANGE_PARSERS: ClassVar[dict[Any, Any]] = {
        k: v
        for k, v in parser.Parser.RANGE_PARSERS.items()
        if k
        in {
            TokenType.BETWEEN,
            TokenType.IN,
            TokenType.IS,
            TokenType.LIKE,
            TokenType.OVERLAPS,
            TokenType.SIMILAR_TO,
        }
    }
    UNARY_PARSERS: ClassVar[dict[Any, Any]] = {
        k: v for k, v in parser.Parser.UNARY_PARSERS.items() if k in {TokenType.PLUS, TokenType.NOT, TokenType.DASH}
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        "CASE": lambda self: self._parse_case(),
        **dict.fromkeys(
            ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"),
            lambda self: self._bare_call(),
        ),
    }

    # -- expressions -------------------------------------------------------------------------------

    def _parse_types(self, *args: Any, **kwargs: Any) -> None:
        return None  # types stand only where `flink_type` reads them

    def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> Any:
        token, following = self._curr, self._next
        if (
            token.token_type == TokenType.VAR
            and following.token_type == TokenType.STRING
            and token.text.upper() in ("DATE", "TIME", "TIMESTAMP")
        ):
            self._advance(2)
            literal = TypedLiteral(this=following.text, kind=token.text.upper())
            return self._spanning(literal, token)
        if token.token_type == TokenType.VAR and following.token_type == TokenType.L_BRACKET:
            word = token.text.upper()
            if word in ("ARRAY", "MAP"):
                self._advance(2)
                items = (
                    [] if self._match(TokenType.R_BRACKET, advance=False) else self._parse_csv(self._parse_disjunction)
                )
                self._expect(TokenType.R_BRACKET, "]")
                return self._parse_column_ops(self._spanning(exp.Anonymous(this=word, expressions=items), token))
        return super()._parse_type(parse_interval, fallback_to_identifier)

    def _parse_function_call(self, *args: Any, **kwargs: Any) -> Any:
        first = self._curr
        if first.token_type == TokenType.IDENTIFIER and self._next.token_type != TokenType.L_PAREN:
            return None  # `case` and `current_date` in back-quotes are names
        call = super()._parse_function_call(*args, **kwargs)
        return call if call is None or "start" in call.meta else self._spanning(call, first)

    def _bare_call(self) -> Any:
        """A function that is called with or without brackets."""
        name = self._prev
        arguments: list[Any] = []
        if self._match(TokenType.L_PAREN):
            arguments = self._parse_csv(self._parse_disjunction)
            self._match_r_paren()
        return self.expression(exp.Anonymous(this=name.text, expressions=arguments), name)

    def _parse_primary(self) -> Any:
        if self._match_pair(TokenType.DOT, TokenType.NUMBER):
            if "." in self._prev.text:
                self.raise_error("a number has one point", self._prev)
            return exp.Literal.number("." + self._prev.text)
        return super()._parse_primary()

    def _parse_is(self, this: Any) -> Any:
        index = self._index
        negate = self._match(TokenType.NOT)
        if not self._match_text_seq("JSON"):
            self._retreat(index)
            return super()._parse_is(this)
        kind = self._prev.text.upper() if self._match_texts(("VALUE", "OBJECT", "ARRAY", "SCALAR")) else "VALUE"
        result: Any = self._special("IS_JSON", [this], kind=kind)
        return self.expression(exp.Not(this=result)) if negate else result

    def _parse_unnest(self, *args: Any, **kwargs: Any) -> Any:
        first = self._curr
        unnest = super()._parse_unnest(*args, **kwargs)
        return unnest and self._spanning(unnest, first)

    def _parse_lateral(self) -> Any:
        first = self._curr
        lateral = super()._parse_lateral()
        return lateral and self._spanning(lateral, first)

    def _parse_join(self, *args: Any, **kwargs: Any) -> Any:
        first = self._curr
        join = super()._parse_join(*args, **kwargs)
        return join and self._spanning(join, first)

    def _parse_table_parts(self, *args: Any, **kwargs: Any) -> Any:
        table = super()._parse_table_parts(*args, **kwargs)
        if table is not None and self._curr.token_type == TokenType.HINT:
            self._advance()
            table.meta["hints"] = self._prev.comments[0]
        return table

    def _parse_interval(self, *args: Any, **kwargs: Any) -> Any:
        token = self._curr
        if not self._match(TokenType.INTERVAL):
            return None
        sign = -1 if self._match(TokenType.DASH) else 1
        text = self._curr
        if not self._match(TokenType.STRING):
            if self._match(TokenType.NUMBER):
                self.raise_error(f"write the number of an interval as a text: INTERVAL '{text.text}'", text)
            self._retreat(self._index - 1 - (sign < 0))
            return None
        start = self.unit()
        end = self.unit() if self._match_text_seq("TO") else None
        return self._spanning(IntervalLiteral(this=text.text, start=start, end=end, sign=sign), token)

    def _spanning(self, node: Any, first: Any) -> Any:
        """`node` with the positions from token `first` to the last one read."""
        node.meta.update(line=first.line, col=first.col, start=first.start, end=self._prev.end)
        return node

    def _parse_lambda(self, alias: bool = False) -> Any:
        if self._curr.token_type == TokenType.TABLE and self._next.token_type != TokenType.L_PAREN:
            self._advance()
            return self._table_argument(self._parse_table_parts())
        if self._match_pair(TokenType.TABLE, TokenType.L_PAREN, advance=False):
            self._advance()
            return self._table_argument(self._parse_wrapped(self._parse_select))
        if self._match_text_seq("MODEL") and self._curr.token_type == TokenType.VAR:
            self.refuse("a MODEL", "sql-unsupported", "table functions are TUMBLE, HOP, CUMULATE and SESSION")
        return super()._parse_lambda(alias)

    def _parse_expressions(self) -> Any:
        found = super()._parse_expressions()
        if found and self._prev.token_type == TokenType.COMMA:
            self.raise_error("a value is missing after the comma", self._prev)
        return found

    def _parse_table_alias(self, *args: Any, **kwargs: Any) -> Any:
        if self._match_text_seq("MATCH_RECOGNIZE"):
            self.refuse("MATCH_RECOGNIZE", "sql-unsupported", "nearest is WHERE, and an aggregate over a window")
        return super()._parse_table_alias(*args, **kwargs)

    def _table_argument(self, table: Any) -> Any:
        keys = None
        if self._match(TokenType.PARTITION_BY):
            if self._match(TokenType.L_PAREN):
                keys = self._parse_csv(self._parse_column)
                self._match_r_paren()
            else:
                key = self._parse_column()  # behind a comma stands the function's next argument
                keys = [] if key is None else [key]
        return self.expression(TableArgument(this=table, partition_by=keys))

    def _parse_disjunction(self) -> Any:
        # the value of a named argument: DATA => TABLE t
        if self._curr.token_type == TokenType.TABLE and self._prev.token_type == TokenType.FARROW:
            return self._parse_lambda()
        return super()._parse_disjunction()


class Flink(Dialect):
    """The dialect, for ``sqlglot.parse_one(sql, dialect=Flink)`` too."""

    Tokenizer = FlinkTokenizer
    Parser = FlinkParser
    DPIPE_IS_STRING_CONCAT = True
    ALIAS_POST_VERSION = True
