"""Flink's dialect for sqlglot: the tokens, and the grammar of expressions and queries.

Functions stay calls under the name that was written; what they mean is decided by the table of functions
alone. Forms with a grammar of their own (``CAST(x AS t)``, ``TRIM(BOTH a FROM b)``, ``JSON_VALUE(...)``)
become `Special` calls, whose `clauses` hold the words beside the arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp, parser, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError
from sqlglot.tokens import TokenType

from penstock.core import types as t
from penstock.sql.reserved import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CastTo", "Flink", "IntervalLiteral", "Misread", "Special", "TableArgument", "TypedLiteral"]


class Misread(ParseError):
    """The grammar does not fit at characters `start` to `end`."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


class CastTo(exp.Expression, exp.Condition):
    """``CAST(this AS to)``, or TRY_CAST where `safe`; `to` is a core type."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "to": True, "safe": False}


class TypedLiteral(exp.Expression, exp.Condition):
    """``DATE '...'``, ``TIME '...'``, ``TIMESTAMP '...'``: `kind` is the word."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "kind": True}


class IntervalLiteral(exp.Expression, exp.Condition):
    """``INTERVAL 'this' start TO end``; `sign` is -1 for ``INTERVAL -'..'``."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "start": True,
        "end": False,
        "sign": False,
        "precision": False,
    }


class Special(exp.Anonymous):
    """A call with clauses between or after its arguments."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False, "clauses": True}


class TableArgument(exp.Expression, exp.Condition):
    """``TABLE name`` or ``TABLE (query)`` as an argument of a table function."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "partition_by": False}


_OPERATORS = ("/*+", "||", ">=", "<=", "<>", "!=", "=>")
_WORDS = ["ALL", "AND", "AS", "ASC", "BETWEEN", "CASE", "CROSS", "CUBE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "DESC", "DISTINCT", "ELSE", "END", "ESCAPE", "EXCEPT", "EXISTS", "FALSE", "FETCH", "FILTER", "FIRST", "FOR", "FROM", "FULL", "HAVING", "IN", "INNER", "INTERSECT", "INTERVAL", "IS", "JOIN", "LATERAL", "LEFT", "LIKE", "LIMIT", "LOCALTIME", "LOCALTIMESTAMP", "MATCH_RECOGNIZE", "NATURAL", "NEXT", "NOT", "NULL", "OFFSET", "ON", "OR", "ORDINALITY", "OUTER", "OVER", "OVERLAPS", "PARTITION", "RANGE", "RIGHT", "ROLLUP", "ROW", "ROWS", "SELECT", "TABLE", "THEN", "TRUE", "UNION", "UNKNOWN", "UNNEST", "USING", "VALUES", "WHEN", "WHERE", "WINDOW", "WITH"]
_PHRASES = ("GROUP BY", "GROUPING SETS", "ORDER BY", "PARTITION BY", "SIMILAR TO")

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
_INTERVAL_UNITS = {
    name: unit
    for unit in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")
    for name in (unit, unit + "S")
}


class FlinkTokenizer(tokens.Tokenizer):
    IDENTIFIERS: ClassVar = ["`"]
    QUOTES: ClassVar = ["'"]
    STRING_ESCAPES: ClassVar = ["'"]
    HEX_STRINGS: ClassVar = [("x'", "'"), ("X'", "'")]
    UNICODE_STRINGS: ClassVar = [("U&'", "'"), ("u&'", "'")]
    COMMENTS: ClassVar = ["--", "//", ("/*", "*/")]
    NESTED_COMMENTS = False
    KEYWORDS: ClassVar = {k: v for k, v in tokens.Tokenizer.KEYWORDS.items() if k in {*_OPERATORS, *_WORDS, *_PHRASES}}
    TOKENS_PRECEDING_HINT: ClassVar = {*tokens.Tokenizer.TOKENS_PRECEDING_HINT, TokenType.VAR, TokenType.IDENTIFIER}


class FlinkParser(parser.Parser):
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
    SUPPORTS_DIRECTED_JOIN = False
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
        **{
            word: lambda self: self.expression(exp.Anonymous(this=self._prev.text, expressions=[]), self._prev)
            for word in ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")
        },
    }
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        "CAST": lambda self: self._cast(safe=False),
        "TRY_CAST": lambda self: self._cast(safe=True),
        "CEIL": lambda self: self._to_unit("CEIL"),
        "CEILING": lambda self: self._to_unit("CEIL"),
        "FLOOR": lambda self: self._to_unit("FLOOR"),
        "EXTRACT": lambda self: self._extract(),
        "TIMESTAMPADD": lambda self: self._unit_first("TIMESTAMPADD"),
        "TIMESTAMPDIFF": lambda self: self._unit_first("TIMESTAMPDIFF"),
        "OVERLAY": lambda self: self._words("OVERLAY", "PLACING", "FROM", "FOR"),
        "SUBSTRING": lambda self: self._words("SUBSTRING", "FROM", "FOR"),
        "POSITION": lambda self: self._position(),
        "TRIM": lambda self: self._trim(),
        "JSON_VALUE": lambda self: self._json_query("JSON_VALUE"),
        "JSON_QUERY": lambda self: self._json_query("JSON_QUERY"),
        "JSON_EXISTS": lambda self: self._json_query("JSON_EXISTS"),
        "JSON_OBJECT": lambda self: self._json_object("JSON_OBJECT"),
        "JSON_OBJECTAGG": lambda self: self._json_object("JSON_OBJECTAGG"),
        "JSON_ARRAY": lambda self: self._json_array("JSON_ARRAY"),
        "JSON_ARRAYAGG": lambda self: self._json_array("JSON_ARRAYAGG"),
    }

    def raise_error(self, message: str, token: Any = None) -> None:
        token = token or self._curr or self._prev
        if not token:
            raise Misread(message, 0, 0)
        raise Misread(message, token.start, token.end)

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
        word = token.text.upper() if token and token.token_type != TokenType.IDENTIFIER else ""
        self._advance()
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
        return self.raise_error(f"'{token.text if token else ''}' is not a type", token)  # type: ignore[return-value]

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
        start = self._unit_word()
        end = self._unit_word() if self._match_text_seq("TO") else start
        unit = start if end == start else f"{start} TO {end}"
        return t.IntervalYear(unit) if start in ("YEAR", "QUARTER", "MONTH") else t.IntervalDay(unit)

    def _unit_word(self) -> str:
        token = self._curr
        if not token or token.text.upper() not in _INTERVAL_UNITS:
            self.raise_error("expected a unit of time: " + ", ".join(sorted(set(_INTERVAL_UNITS.values()))), token)
        self._advance()
        if self._match(TokenType.L_PAREN):
            self._integer(0, 10)
            if self._match(TokenType.COMMA):
                self._integer(0, 9)
            self._match_r_paren()
        return _INTERVAL_UNITS[token.text.upper()]

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
                raise Misread(f"'{part.name}' is a reserved word, as a name write `{part.name}`", start, end)

    # -- expressions -------------------------------------------------------------------------------

    def _parse_types(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
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

    def _parse_primary(self) -> Any:
        if self._match_pair(TokenType.DOT, TokenType.NUMBER):
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
        start = self._unit_word()
        end = self._unit_word() if self._match_text_seq("TO") else None
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
        return super()._parse_lambda(alias)

    def _table_argument(self, table: Any) -> Any:
        keys = None
        if self._match(TokenType.PARTITION_BY):
            wrapped = self._match(TokenType.L_PAREN)
            keys = self._parse_csv(self._parse_column)
            if wrapped:
                self._match_r_paren()
        return self.expression(TableArgument(this=table, partition_by=keys))

    def _parse_disjunction(self) -> Any:
        # the value of a named argument: DATA => TABLE t
        if self._curr.token_type == TokenType.TABLE and self._prev.token_type == TokenType.FARROW:
            return self._parse_lambda()
        return super()._parse_disjunction()

    # -- calls with a grammar of their own ---------------------------------------------------------

    def _operand(self) -> Any:
        return self._parse_bitwise()

    def _special(self, name: str, arguments: list[Any], **clauses: Any) -> Special:
        return Special(this=name, expressions=[a for a in arguments if a is not None], clauses=clauses)

    def _cast(self, safe: bool) -> Any:
        this = self._parse_disjunction()
        if not self._match(TokenType.ALIAS):
            self.raise_error("expected AS and a type", self._curr)
        return self.expression(CastTo(this=this, to=self.flink_type(), safe=safe))

    def _to_unit(self, name: str) -> Any:
        arguments = [self._parse_disjunction()]
        if self._match_text_seq("TO"):
            unit = self._curr.text.upper()
            self._advance()
            return self._special(f"{name} TO", arguments, unit=unit)
        while self._match(TokenType.COMMA):
            arguments.append(self._parse_disjunction())
        return exp.Anonymous(this=name, expressions=arguments)

    def _extract(self) -> Any:
        unit = self._curr.text.upper()
        self._advance()
        self._expect(TokenType.FROM, "FROM")
        return self._special("EXTRACT", [self._operand()], unit=unit)

    def _unit_first(self, name: str) -> Any:
        unit = self._curr.text.upper()
        self._advance()
        arguments = []
        while self._match(TokenType.COMMA):
            arguments.append(self._parse_disjunction())
        return self._special(name, arguments, unit=unit)

    def _words(self, name: str, *words: str) -> Any:
        """``NAME(a WORD b WORD c)`` or the same with commas."""
        arguments = [self._operand()]
        if self._match(TokenType.COMMA, advance=False):
            while self._match(TokenType.COMMA):
                arguments.append(self._parse_disjunction())
        else:
            for word in words:
                if self._match_text_seq(word):
                    arguments.append(self._operand())
        return exp.Anonymous(this=name, expressions=arguments)

    def _position(self) -> Any:
        needle = self._operand()
        self._expect(TokenType.IN, "IN")
        arguments = [needle, self._operand()]
        if self._match(TokenType.FROM):
            arguments.append(self._operand())
        return exp.Anonymous(this="POSITION", expressions=arguments)

    def _trim(self) -> Any:
        side = self._prev.text.upper() if self._match_texts(("BOTH", "LEADING", "TRAILING")) else "BOTH"
        first = None if self._match(TokenType.FROM, advance=False) else self._operand()
        if self._match(TokenType.FROM):
            return self._special("TRIM", [self._operand(), first], side=side)
        return self._special("TRIM", [first], side=side)

    def _json_query(self, name: str) -> Any:
        arguments = [self._parse_disjunction()]
        self._expect(TokenType.COMMA, ",")
        arguments.append(self._parse_disjunction())
        clauses: dict[str, Any] = {}
        if self._match_text_seq("RETURNING"):
            clauses["returning"] = self.flink_type()
        for words in (("WITHOUT",), ("WITH", "CONDITIONAL"), ("WITH", "UNCONDITIONAL"), ("WITH",)):
            if self._match_text_seq(*words):
                self._match_text_seq("ARRAY")
                if not self._match_text_seq("WRAPPER"):
                    self.raise_error("expected WRAPPER", self._curr)
                clauses["wrapper"] = words[-1]
                break
        while behaviour := self._on_clause():
            clauses[behaviour[0]] = behaviour[1]
        return self._special(name, arguments, **clauses)

    def _on_clause(self) -> tuple[str, Any] | None:
        """``NULL | ERROR | EMPTY [ARRAY|OBJECT] | DEFAULT x | TRUE ... ON EMPTY|ERROR``."""
        index = self._index
        value: Any
        if self._match_text_seq("DEFAULT"):
            value = self._operand()
        elif self._match_texts(("NULL", "ERROR", "EMPTY", "TRUE", "FALSE", "UNKNOWN")):
            value = self._prev.text.upper()
            if value == "EMPTY" and self._match_texts(("ARRAY", "OBJECT")):
                value += " " + self._prev.text.upper()
        else:
            return None
        if self._match(TokenType.ON) and self._match_texts(("EMPTY", "ERROR")):
            return f"on_{self._prev.text.lower()}", value
        self._retreat(index)
        return None

    def _json_object(self, name: str) -> Any:
        arguments: list[Any] = []
        while not self._match(TokenType.R_PAREN, advance=False):
            if self._null_clause(advance=False):
                break
            if arguments and not self._match(TokenType.COMMA):
                break
            self._match_text_seq("KEY")
            arguments.append(self._operand())
            if not (self._match_text_seq("VALUE") or self._match(TokenType.COLON)):
                self.raise_error("expected VALUE", self._curr)
            arguments.append(self._parse_disjunction())
        return self._json_call(name, arguments, default="NULL")

    def _json_array(self, name: str) -> Any:
        arguments: list[Any] = []
        while not self._match(TokenType.R_PAREN, advance=False):
            if self._null_clause(advance=False):
                break
            if arguments and not self._match(TokenType.COMMA):
                break
            arguments.append(self._parse_disjunction())
        return self._json_call(name, arguments, default="ABSENT")

    def _json_call(self, name: str, arguments: list[Any], default: str) -> Special:
        """What becomes of NULLs is a clause of a function, and part of the name of an aggregate."""
        null = self._null_clause()
        if not name.endswith("AGG"):
            return self._special(name, arguments, null=null)
        return self._special(name if null in (None, default) else f"{name} {null} ON NULL", arguments)

    def _null_clause(self, advance: bool = True) -> str | None:
        """``NULL ON NULL`` or ``ABSENT ON NULL``."""
        for word in ("NULL", "ABSENT"):
            if self._match_text_seq(word, "ON", "NULL", advance=advance):
                return word
        return None


def is_reserved(name: exp.Expr) -> bool:
    """Whether an identifier needs back-quotes and has none."""
    return not name.args.get("quoted") and name.name.upper() in RESERVED


class Flink(Dialect):
    """The dialect, for ``sqlglot.parse_one(sql, dialect=Flink)`` too."""

    Tokenizer = FlinkTokenizer
    Parser = FlinkParser
    DPIPE_IS_STRING_CONCAT = True
    ALIAS_POST_VERSION = True
