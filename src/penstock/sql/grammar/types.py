"""The grammar of names and types, and what every later part of the grammar reads with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sqlglot import exp, parser
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import TokenType

from penstock.core import types as t
from penstock.core.errors import did_you_mean
from penstock.sql.grammar.reserved import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MisreadError", "RefusedError", "TypeParser", "UnknownTypeError", "is_reserved"]

_SIMPLE_TYPES: dict[str, t.DataType] = {
    "BOOLEAN": t.BOOLEAN,
    "TINYINT": t.TINYINT,
    "SMALLINT": t.SMALLINT,
    "INT": t.INT,
    "INTEGER": t.INT,
    "BIGINT": t.BIGINT,
    "FLOAT": t.FLOAT,
    "STRING": t.STRING,
    "BYTES": t.BYTES,
    "DATE": t.DATE,
}
_LENGTH_TYPES: dict[str, Callable[[int], t.DataType]] = {
    "CHAR": t.Char,
    "CHARACTER": t.Char,
    "VARCHAR": t.Varchar,
    "BINARY": t.Binary,
    "VARBINARY": t.Varbinary,
}
TYPE_NAMES = (
    *_SIMPLE_TYPES,
    *_LENGTH_TYPES,
    *("DOUBLE", "DECIMAL", "DEC", "NUMERIC", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ", "INTERVAL"),
    *("ARRAY", "MULTISET", "MAP", "ROW"),
)
_INTERVAL_UNITS = {
    name: unit
    for unit in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")
    for name in (unit, unit + "S")
}


class MisreadError(ParseError):
    """The grammar does not fit at characters `start` to `end`."""

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hint = hint


class UnknownTypeError(MisreadError):
    """`name` stands where a type should, and is none."""

    def __init__(self, name: str, start: int, end: int) -> None:
        super().__init__(f"there is no type {name}", start, end, did_you_mean(name, TYPE_NAMES))


class RefusedError(MisreadError):
    """Flink has what stands at characters `start` to `end`, and Penstock refuses it."""

    def __init__(self, message: str, start: int, end: int, hint: str, code: str) -> None:
        super().__init__(message, start, end, hint)
        self.code = code


def is_reserved(name: exp.Expr) -> bool:
    """Whether an identifier needs back-quotes and has none."""
    return not name.args.get("quoted") and name.name.upper() in RESERVED


class TypeParser(parser.Parser):
    """Reads names and types."""

    def raise_error(self, message: str, token: Any = None, hint: str = "") -> NoReturn:
        token = token or self._curr or self._prev
        if message.startswith("Required keyword"):  # sqlglot's words for a part that is missing
            twice = self._prev.text == "=" and token.text == "="
            message, hint = f"a value is missing after '{self._prev.text}'", "equal is a single =" if twice else hint
        message = message.replace("Expecting", "expected")
        raise MisreadError(message, token.start, token.end, hint)

    def refuse(self, what: str, code: str, hint: str, first: Any = None) -> NoReturn:
        """Say that `what`, from token `first` (the last one read) to the last one read, is not supported."""
        first = first or self._prev
        raise RefusedError(f"{what} is not supported", first.start, max(first.end, self._prev.end), hint, code)

    def word(self, what: str) -> str:
        """The next token, in upper case; `what` says what it should be."""
        if not self._curr:
            self.raise_error(f"expected {what}")
        self._advance()
        return str(self._prev.text).upper()

    # -- types -------------------------------------------------------------------------------------

    def flink_type(self) -> t.DataType:
        """A type as Flink writes it, NULL or NOT NULL included."""
        result = self._postfix_type(self._bare_type())
        if self._match_text_seq("NOT", "NULL"):
            result = result.with_nullable(False)
        elif not self._match_text_seq("NULL", "ON", advance=False):  # JSON_VALUE(... RETURNING t NULL ON EMPTY)
            self._match_text_seq("NULL")
        return self._postfix_type(result)

    def _postfix_type(self, element: t.DataType) -> t.DataType:
        while self._match_texts(("ARRAY", "MULTISET")):
            element = t.Array(element) if self._prev.text.upper() == "ARRAY" else t.Multiset(element)
        return element

    def _bare_type(self) -> t.DataType:
        token = self._curr
        word = self.word("a type")
        if token.token_type == TokenType.IDENTIFIER:
            raise UnknownTypeError(token.text, token.start, token.end)
        if word in _SIMPLE_TYPES:
            return _SIMPLE_TYPES[word]
        if word in _LENGTH_TYPES:
            return _LENGTH_TYPES[word](self._length(default=1))
        match word:
            case "DOUBLE":
                self._match_text_seq("PRECISION")
                return t.DOUBLE
            case "DECIMAL" | "DEC" | "NUMERIC":
                return self._decimal()
            case "TIME":
                precision = self._length(default=0, low=0, high=9)
                self._without_zone("TIME")
                return t.Time(precision)
            case "TIMESTAMP":
                precision = self._length(default=6, low=0, high=9)
                if self._match_text_seq("WITH", "LOCAL", "TIME", "ZONE"):
                    return t.TimestampLtz(precision)
                self._without_zone("TIMESTAMP")
                return t.Timestamp(precision)
            case "TIMESTAMP_LTZ":
                return t.TimestampLtz(self._length(default=6, low=0, high=9))
            case "INTERVAL":
                return self._interval_type()
            case "ARRAY" | "MULTISET" | "MAP" | "ROW":
                return self._nested_type(word)
        if token.token_type == TokenType.VAR:
            raise UnknownTypeError(token.text, token.start, token.end)
        return self.raise_error(f"'{token.text}' is not a type", token)

    def _length(self, default: int, low: int = 1, high: int = t.MAX_LENGTH) -> int:
        if not self._match(TokenType.L_PAREN):
            return default
        length = self._integer(low, high)
        self._match_r_paren()
        return length

    def _integer(self, low: int, high: int) -> int:
        token = self._curr
        if not self._match(TokenType.NUMBER) or not token.text.isdigit() or not low <= int(token.text) <= high:
            self.raise_error(f"expected a whole number from {low} to {high}", token)
        return int(token.text)

    def _decimal(self) -> t.DataType:
        if not self._match(TokenType.L_PAREN):
            return t.Decimal(10, 0)
        precision = self._integer(1, 38)
        scale = self._integer(0, precision) if self._match(TokenType.COMMA) else 0
        self._match_r_paren()
        return t.Decimal(precision, scale)

    def _without_zone(self, word: str) -> None:
        if self._match_text_seq("WITH", "TIME", "ZONE"):
            self.raise_error(f"{word} WITH TIME ZONE is no type of Flink's: use TIMESTAMP_LTZ", self._prev)
        self._match_text_seq("WITHOUT", "TIME", "ZONE")

    def _interval_type(self) -> t.DataType:
        start = self.unit()[0]
        end = self.unit()[0] if self._match_text_seq("TO") else start
        unit = start if end == start else f"{start} TO {end}"
        return t.IntervalYear(unit) if start in ("YEAR", "QUARTER", "MONTH") else t.IntervalDay(unit)

    def unit(self) -> tuple[str, int | None, int | None]:
        """A unit of time, in the singular, and the digits that are written behind it: ``SECOND(3, 6)``."""
        token = self._curr
        if not token or token.text.upper() not in _INTERVAL_UNITS:
            self.raise_error("expected a unit of time: " + ", ".join(dict.fromkeys(_INTERVAL_UNITS.values())), token)
        self._advance()
        leading = fraction = None
        if self._match(TokenType.L_PAREN):
            leading = self._integer(1, 10)
            if self._match(TokenType.COMMA):
                fraction = self._integer(0, 9)
            self._match_r_paren()
        return _INTERVAL_UNITS[token.text.upper()], leading, fraction

    def _nested_type(self, word: str) -> t.DataType:
        if word == "ROW" and self._match(TokenType.L_PAREN):
            return t.Row(self._row_fields(TokenType.R_PAREN))
        if not self._match(TokenType.LT):
            # ROW<> is read as one token <>
            if word == "ROW" and self._match(TokenType.NEQ):
                return t.Row(())
            self.raise_error(f"expected <...> after {word}", self._curr)
        if word == "ROW":
            return t.Row(self._row_fields(TokenType.GT))
        first = self.flink_type()
        if word != "MAP":
            self._expect(TokenType.GT, ">")
            return t.Array(first) if word == "ARRAY" else t.Multiset(first)
        self._expect(TokenType.COMMA, ",")
        value = self.flink_type()
        self._expect(TokenType.GT, ">")
        return t.Map(first, value)

    def _row_fields(self, end: TokenType) -> tuple[t.Field, ...]:
        fields: list[t.Field] = []
        while not self._match(end):
            if fields:
                self._expect(TokenType.COMMA, ",")
            name = self.name()
            fields.append(t.Field(name, self.flink_type()))
            self._match(TokenType.STRING)  # a comment
        return tuple(fields)

    def _expect(self, token_type: TokenType, text: str) -> None:
        if not self._match(token_type):
            self.raise_error(f"expected {text}", self._curr)

    def name(self) -> str:
        """One identifier."""
        token = self._curr
        part = self._parse_id_var(any_token=False)
        if part is None:
            self.raise_error("expected a name", token)
            return ""
        if is_reserved(part):
            self.raise_error(f"'{part.name}' is a reserved word, as a name write `{part.name}`", token)
        return str(part.name)

    def require_free_names(self, tree: exp.Expr) -> None:
        """Raise for the first name in `tree` that is a reserved word without back-quotes."""
        for part in tree.find_all(exp.Identifier):
            if is_reserved(part):
                start, end = part.meta.get("start", 0), part.meta.get("end", 0)
                raise MisreadError(f"'{part.name}' is a reserved word, as a name write `{part.name}`", start, end)
