"""The grammar of calls that have words beside their arguments: CAST, TRIM, EXTRACT, JSON_VALUE, ..."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from penstock.sql.grammar.nodes import CastTo, Special
from penstock.sql.grammar.types import TypeParser

__all__ = ["CallParser"]


class CallParser(TypeParser):
    """Reads calls; a function without a grammar of its own stays a call under the name that was written."""

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
            unit = self.word("a unit of time")
            return self._special(f"{name} TO", arguments, unit=unit)
        while self._match(TokenType.COMMA):
            arguments.append(self._parse_disjunction())
        return exp.Anonymous(this=name, expressions=arguments)

    def _extract(self) -> Any:
        unit = self.word("a unit of time")
        self._expect(TokenType.FROM, "FROM")
        return self._special("EXTRACT", [self._operand()], unit=unit)

    def _unit_first(self, name: str) -> Any:
        unit = self.word("a unit of time")
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
            arguments += [self._operand() for word in words if self._match_text_seq(word)]
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
