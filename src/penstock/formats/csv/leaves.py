"""A CSV field as a value of its column's type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.core import types as t
from penstock.core.errors import UnsupportedError
from penstock.formats.base_64 import base64_value
from penstock.formats.format import Fault, shortened, with_article
from penstock.formats.scalars import (
    decimal_value,
    float_value,
    integer_value,
    iso_time_value,
    sql_date_value,
    timestamp_value,
    trim,
)

if TYPE_CHECKING:
    from penstock.core.types import Field
    from penstock.formats.csv.records import Record
    from penstock.formats.csv.rules import Rules

__all__ = ["RowReader", "reader"]

Leaf: TypeAlias = Callable[[str], Any]

_TIME_STEPS = {0: 1000, 1: 100, 2: 10, 3: 1}


class MisfitError(ValueError):
    """A field that its column's type does not take."""

    def __init__(self, column: str, text: str, type_: t.DataType) -> None:
        super().__init__(f"column {column}: '{shortened(text)}' is not {with_article(type_)}")


class LengthError(ValueError):
    """A record with too many or too few fields."""


def reader(type_: t.DataType) -> Leaf:
    """For a type without parts, a function of a field's text. It raises ValueError where Flink would throw.

    Raises UnsupportedError for a type that CSV does not have.
    """
    match type_:
        case t.Boolean():
            return lambda text: trim(text).lower() == "true"
        case t.Integer():
            return lambda text: integer_value(trim(text), type_)
        case t.Float() | t.Double():
            single = isinstance(type_, t.Float)
            return lambda text: float_value(text, single=single)
        case t.Decimal():
            return lambda text: decimal_value(text, type_)
        case t.Char() | t.Varchar():
            return lambda text: text
        case t.Binary() | t.Varbinary():
            return base64_value
        case t.Date():
            return sql_date_value
        case t.Time(precision=precision) if precision in _TIME_STEPS:
            step = _TIME_STEPS[precision]
            return lambda text: iso_time_value(text) // step * step * 1_000_000
        case t.Timestamp() | t.TimestampLtz():
            return lambda text: timestamp_value(trim(text), type_, " ")
    raise UnsupportedError(f"the format csv does not have the type {type_.name}", code="format-type")


class RowReader:
    """Records as rows of a schema, one by one."""

    def __init__(self, schema: tuple[Field, ...], rules: Rules) -> None:
        """Raises UnsupportedError for a type that CSV does not have."""
        self._schema = schema
        self._rules = rules
        self._readers = [self._column(f.type) for f in schema]
        self.fault: Fault | None = None

    def read(self, record: Record) -> list[Any]:
        """The values of a record; raises ValueError, or under ``ignore-parse-errors`` notes `fault`."""
        self.fault = None
        fields, width = record.fields, len(self._schema)
        if len(fields) > width:
            self._extra(fields)
        if len(fields) < width:
            error = LengthError(f"{len(fields)} fields where the table has {width} columns")
            if self._rules.fail_on_missing or not self._rules.ignore_errors:
                raise error
            self._note(error)
        row = [self.value(i, text) for i, text in enumerate(fields[:width])]
        return row + [None] * (width - len(row))

    def _extra(self, fields: list[str]) -> None:
        width = len(self._schema)
        only_delimiter = len(fields) == width + 1 and not fields[width].strip(" \t") and self._rules.trailing_delimiter
        if not (self._rules.drop_unmappable or only_delimiter):
            raise LengthError(f"{len(fields)} fields where the table has {width} columns")

    def _note(self, error: ValueError) -> None:
        self.fault = self.fault or fault_of(error)

    def value(self, i: int, text: str) -> Any:
        """The field `i` as a value; None where errors are ignored and it cannot be read."""
        f = self._schema[i]
        try:
            return self._readers[i](text)
        except ValueError:
            error = MisfitError(f.name, text, f.type)
            if not self._rules.ignore_errors:
                raise error from None
            self._note(error)
            return None

    def _column(self, type_: t.DataType) -> Leaf:
        """A reader of whole fields; inside, an ARRAY's and a ROW's elements are read as fields of their own."""
        match type_:
            case t.Array(element=element):
                each = self._element(element)
                return lambda text: [each(e) for e in self._elements(text)]
            case t.Row(fields=fields):
                return self._row(fields)
        return self._nullable(reader(type_))

    def _nullable(self, leaf: Leaf) -> Leaf:
        null, empty = self._rules.null, self._rules.empty_as_null
        if null is None and not empty:
            return leaf
        return lambda text: None if text == null or (empty and not text) else leaf(text)

    def _element(self, type_: t.DataType) -> Leaf:
        leaf = self._nullable(reader(type_))
        if not self._rules.ignore_errors:
            return leaf

        def read(text: str) -> Any:
            try:
                return leaf(text)
            except ValueError:
                self._note(MisfitError("of an element", text, type_))
                return None

        return read

    def _elements(self, text: str) -> list[str]:
        if not trim(text):
            return []
        parts = text.split(self._rules.between_elements)
        return [p.strip(" \t") for p in parts] if self._rules.trim else parts

    def _row(self, fields: tuple[Field, ...]) -> Leaf:
        readers = [self._element(f.type) for f in fields]

        def read(text: str) -> dict[str, Any] | None:
            parts = self._elements(text)
            if not parts:
                return None
            if len(parts) < len(fields) and not self._rules.ignore_errors:
                raise LengthError
            values = [each(part) for each, part in zip(readers, parts, strict=False)]
            return dict(zip((f.name for f in fields), values + [None] * (len(fields) - len(values)), strict=True))

        return read


def fault_of(error: ValueError) -> Fault:
    """What a user is told of a record that could not be read."""
    if isinstance(error, MisfitError):
        return Fault("csv-value", str(error))
    return Fault("csv-length" if isinstance(error, LengthError) else "csv-syntax", str(error))
