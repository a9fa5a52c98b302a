"""A JSON token as a value of a type that is no ROW, ARRAY or MAP."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from penstock.core import types as t
from penstock.core.errors import UnsupportedError
from penstock.formats.base_64 import base64_value, ends_early
from penstock.formats.json import tokens as tk
from penstock.formats.json.tokens import java_text
from penstock.formats.render import java_double
from penstock.formats.scalars import (
    date_value,
    decimal_value,
    float_value,
    integer_value,
    time_value,
    timestamp_value,
    trim,
)

if TYPE_CHECKING:
    from penstock.formats.json.rules import Rules

__all__ = ["Leaf", "Leaves"]

Leaf: TypeAlias = Callable[[int, str], Any]
"""A value from a token's kind and text; raises ValueError where Flink would throw."""

_UNBOUNDED = Context(prec=2_000)


class Leaves:
    """How tokens become values, under the rules of a table."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def reader(self, type_: t.DataType) -> Leaf:
        """For the type, a function of a token's kind and text. Raises UnsupportedError."""
        leaf = self._leaf(type_)
        return (lambda kind, text: leaf(kind, self.text(kind, text))) if self._rules.tree else leaf

    def _leaf(self, type_: t.DataType) -> Leaf:
        match type_:
            case t.Boolean():
                return lambda kind, text: kind == tk.TRUE or trim(text).lower() == "true"
            case t.Integer(bits=bits) if bits < 32:
                return lambda _, text: integer_value(trim(text), type_)
            case t.Integer() | t.IntervalYear() | t.IntervalDay():
                whole = (
                    type_ if isinstance(type_, t.Integer) else t.BIGINT if isinstance(type_, t.IntervalDay) else t.INT
                )
                return lambda kind, text: _truncated(kind, text, whole)
            case t.Float() | t.Double():
                return self._single if isinstance(type_, t.Float) else lambda _, text: float_value(text, single=False)
            case t.Decimal():
                return lambda kind, text: self._decimal(kind, text, type_)
            case t.Char() | t.Varchar():
                return lambda _, text: java_text(text)
            case t.Binary() | t.Varbinary():
                return self._binary
            case t.Date():
                return lambda _, text: date_value(text)
            case t.Time():
                return lambda _, text: time_value(text) * 1_000_000
            case t.Timestamp() | t.TimestampLtz():
                return lambda _, text: timestamp_value(text, type_, self._rules.separator)
        raise UnsupportedError(f"the format json does not have the type {type_.name}", code="format-type")

    def loses_place(self, kind: int, text: str, type_: t.DataType) -> bool:
        """Whether Flink, which ignores that a value cannot be read, goes on reading at the wrong place."""
        if not self._rules.ignore_errors or self._rules.tree or kind != tk.TEXT:
            return False
        return isinstance(type_, t.Binary | t.Varbinary) and ends_early(text)

    def text(self, kind: int, text: str) -> str:
        """A token as a STRING; in a tree a number has lost its spelling."""
        return self.number(text) if kind == tk.NUMBER and self._rules.tree else text

    def number(self, text: str) -> str:
        """A number of a tree as Jackson prints it."""
        if not set(text) & set(".eE"):
            return str(int(text))
        if self._rules.exact_floats:
            exact = _UNBOUNDED.normalize(Decimal(text))
            return str(exact) if exact else "0"
        return java_double(float(text))

    def _single(self, kind: int, text: str) -> float:
        """A FLOAT; a number of a tree is a double first."""
        twice = kind == tk.NUMBER and self._rules.tree and not self._rules.exact_floats and set(text) & set(".eE")
        if not twice:
            return float_value(text, single=True)
        with np.errstate(over="ignore"):
            return float(np.float32(float(text)))

    def _decimal(self, kind: int, text: str, type_: t.Decimal) -> int | None:
        if kind not in {tk.TEXT, tk.NUMBER}:
            raise ValueError(text)
        return decimal_value(text if self._rules.tree else trim(text), type_)

    def _binary(self, kind: int, text: str) -> bytes | None:
        if kind != tk.TEXT:
            if self._rules.tree:
                return None  # JsonNode.binaryValue of what is no text
            raise ValueError(text)
        return base64_value(text)


def _truncated(kind: int, text: str, type_: t.Integer) -> int:
    """A number with a fraction or an exponent loses its fraction, by way of a double."""
    if kind != tk.NUMBER or not set(text) & set(".eE"):
        return integer_value(trim(text), type_)
    value = float(text)
    top = 1 << (type_.bits - 1)
    limit = float(top if type_.bits == 64 else top - 1)
    if not -top <= value <= limit:
        raise ValueError(text)
    return max(-top, min(top - 1, int(value)))
