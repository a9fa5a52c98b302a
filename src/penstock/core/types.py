"""Flink's SQL types, and the Polars types that carry them.

| Flink | Polars |
|--|--|
| BOOLEAN | Boolean |
| TINYINT, SMALLINT, INT, BIGINT | Int8, Int16, Int32, Int64 |
| FLOAT, DOUBLE | Float32, Float64 |
| DECIMAL(p, s) | Decimal(p, s) |
| CHAR(n), VARCHAR(n), STRING | String |
| BINARY(n), VARBINARY(n), BYTES | Binary |
| DATE, TIME(p) | Date, Time |
| TIMESTAMP(p) | Datetime(ms for p <= 3, us for p <= 6, else ns) |
| TIMESTAMP_LTZ(p) | Datetime(the same unit, UTC) |
| INTERVAL ... TO MONTH | Int32 (months) |
| INTERVAL ... TO SECOND | Duration(ms) |
| ARRAY<t> | List(t) |
| MAP<k, v>, MULTISET<t> | List(Struct(key, value)) |
| ROW<...> | Struct |

A type is a frozen value: two equal types compare equal, NULL-ability included.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Self

import polars as pl

__all__ = [
    "BIGINT",
    "BOOLEAN",
    "BYTES",
    "DATE",
    "DOUBLE",
    "FLOAT",
    "INT",
    "MAX_LENGTH",
    "NULL",
    "SMALLINT",
    "STRING",
    "TINYINT",
    "Array",
    "Binary",
    "Boolean",
    "Char",
    "DataType",
    "Date",
    "Decimal",
    "Double",
    "Field",
    "Float",
    "Integer",
    "IntervalDay",
    "IntervalYear",
    "Map",
    "Multiset",
    "Null",
    "Row",
    "Time",
    "Timestamp",
    "TimestampLtz",
    "Varbinary",
    "Varchar",
]

MAX_LENGTH = 2**31 - 1
"""The length of STRING and BYTES."""


@dataclass(frozen=True, slots=True)
class DataType:
    """A Flink SQL type; `nullable` is False for NOT NULL."""

    nullable: bool = field(default=True, kw_only=True)

    @property
    def name(self) -> str:
        """The type as Flink prints it, without NOT NULL."""
        raise NotImplementedError

    @property
    def polars(self) -> pl.DataType:
        """The Polars type whose values carry this type."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.name if self.nullable else f"{self.name} NOT NULL"

    def with_nullable(self, nullable: bool = True) -> Self:
        """This type, NULL or NOT NULL."""
        return self if nullable == self.nullable else replace(self, nullable=nullable)


@dataclass(frozen=True, slots=True)
class Null(DataType):
    """The type of a bare NULL."""

    @property
    def name(self) -> str:
        return "NULL"

    @property
    def polars(self) -> pl.DataType:
        return pl.Null()


@dataclass(frozen=True, slots=True)
class Boolean(DataType):
    @property
    def name(self) -> str:
        return "BOOLEAN"

    @property
    def polars(self) -> pl.DataType:
        return pl.Boolean()


@dataclass(frozen=True, slots=True)
class Integer(DataType):
    """TINYINT (8 `bits`), SMALLINT (16), INT (32), BIGINT (64)."""

    bits: int = 32

    _NAMES: ClassVar[dict[int, str]] = {8: "TINYINT", 16: "SMALLINT", 32: "INT", 64: "BIGINT"}
    _POLARS: ClassVar[dict[int, pl.DataType]] = {8: pl.Int8(), 16: pl.Int16(), 32: pl.Int32(), 64: pl.Int64()}

    @property
    def name(self) -> str:
        return self._NAMES[self.bits]

    @property
    def polars(self) -> pl.DataType:
        return self._POLARS[self.bits]

    @property
    def digits(self) -> int:
        """Decimal digits that hold every value (Flink's precision of the type as a decimal)."""
        return {8: 3, 16: 5, 32: 10, 64: 19}[self.bits]


@dataclass(frozen=True, slots=True)
class Float(DataType):
    @property
    def name(self) -> str:
        return "FLOAT"

    @property
    def polars(self) -> pl.DataType:
        return pl.Float32()


@dataclass(frozen=True, slots=True)
class Double(DataType):
    @property
    def name(self) -> str:
        return "DOUBLE"

    @property
    def polars(self) -> pl.DataType:
        return pl.Float64()


@dataclass(frozen=True, slots=True)
class Decimal(DataType):
    precision: int = 10
    scale: int = 0

    @property
    def name(self) -> str:
        return f"DECIMAL({self.precision}, {self.scale})"

    @property
    def polars(self) -> pl.DataType:
        return pl.Decimal(self.precision, self.scale)


@dataclass(frozen=True, slots=True)
class Char(DataType):
    length: int = 1

    @property
    def name(self) -> str:
        return f"CHAR({self.length})"

    @property
    def polars(self) -> pl.DataType:
        return pl.String()


@dataclass(frozen=True, slots=True)
class Varchar(DataType):
    """VARCHAR(n); STRING is the longest."""

    length: int = MAX_LENGTH

    @property
    def name(self) -> str:
        return "STRING" if self.length == MAX_LENGTH else f"VARCHAR({self.length})"

    @property
    def polars(self) -> pl.DataType:
        return pl.String()


@dataclass(frozen=True, slots=True)
class Binary(DataType):
    length: int = 1

    @property
    def name(self) -> str:
        return f"BINARY({self.length})"

    @property
    def polars(self) -> pl.DataType:
        return pl.Binary()


@dataclass(frozen=True, slots=True)
class Varbinary(DataType):
    """VARBINARY(n); BYTES is the longest."""

    length: int = MAX_LENGTH

    @property
    def name(self) -> str:
        return "BYTES" if self.length == MAX_LENGTH else f"VARBINARY({self.length})"

    @property
    def polars(self) -> pl.DataType:
        return pl.Binary()


@dataclass(frozen=True, slots=True)
class Date(DataType):
    @property
    def name(self) -> str:
        return "DATE"

    @property
    def polars(self) -> pl.DataType:
        return pl.Date()


@dataclass(frozen=True, slots=True)
class Time(DataType):
    """TIME(p); Flink keeps at most milliseconds."""

    precision: int = 0

    @property
    def name(self) -> str:
        return f"TIME({self.precision})"

    @property
    def polars(self) -> pl.DataType:
        return pl.Time()


@dataclass(frozen=True, slots=True)
class Timestamp(DataType):
    """TIMESTAMP(p): a wall time without a zone."""

    precision: int = 6

    @property
    def name(self) -> str:
        return f"TIMESTAMP({self.precision})"

    @property
    def polars(self) -> pl.DataType:
        return pl.Datetime(_unit(self.precision))


@dataclass(frozen=True, slots=True)
class TimestampLtz(DataType):
    """TIMESTAMP_LTZ(p): a moment, shown in the session's time zone."""

    precision: int = 6

    @property
    def name(self) -> str:
        return f"TIMESTAMP_LTZ({self.precision})"

    @property
    def polars(self) -> pl.DataType:
        return pl.Datetime(_unit(self.precision), "UTC")


@dataclass(frozen=True, slots=True)
class IntervalYear(DataType):
    """INTERVAL YEAR TO MONTH, in months; `unit` is how it was written."""

    unit: str = "MONTH"

    @property
    def name(self) -> str:
        return f"INTERVAL {self.unit}"

    @property
    def polars(self) -> pl.DataType:
        return pl.Int32()


@dataclass(frozen=True, slots=True)
class IntervalDay(DataType):
    """INTERVAL DAY TO SECOND, in milliseconds; `unit` is how it was written."""

    unit: str = "SECOND(3)"

    @property
    def name(self) -> str:
        return f"INTERVAL {self.unit}"

    @property
    def polars(self) -> pl.DataType:
        return pl.Duration("ms")


@dataclass(frozen=True, slots=True)
class Array(DataType):
    element: DataType

    @property
    def name(self) -> str:
        return f"ARRAY<{self.element}>"

    @property
    def polars(self) -> pl.DataType:
        return pl.List(self.element.polars)


@dataclass(frozen=True, slots=True)
class Map(DataType):
    key: DataType
    value: DataType

    @property
    def name(self) -> str:
        return f"MAP<{self.key}, {self.value}>"

    @property
    def polars(self) -> pl.DataType:
        return pl.List(pl.Struct({"key": self.key.polars, "value": self.value.polars}))


@dataclass(frozen=True, slots=True)
class Multiset(DataType):
    """A bag of elements, each with its count."""

    element: DataType

    @property
    def name(self) -> str:
        return f"MULTISET<{self.element}>"

    @property
    def polars(self) -> pl.DataType:
        return pl.List(pl.Struct({"key": self.element.polars, "value": pl.Int32()}))


@dataclass(frozen=True, slots=True)
class Field:
    """A named part of a ROW or a column of a table."""

    name: str
    type: DataType


@dataclass(frozen=True, slots=True)
class Row(DataType):
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        return "ROW<" + ", ".join(f"`{f.name}` {f.type}" for f in self.fields) + ">"

    @property
    def polars(self) -> pl.DataType:
        return pl.Struct({f.name: f.type.polars for f in self.fields})


BOOLEAN = Boolean()
TINYINT = Integer(8)
SMALLINT = Integer(16)
INT = Integer(32)
BIGINT = Integer(64)
FLOAT = Float()
DOUBLE = Double()
STRING = Varchar()
BYTES = Varbinary()
DATE = Date()
NULL = Null()


def _unit(precision: int) -> Literal["ms", "us", "ns"]:
    """The coarsest time unit of Polars that keeps `precision` digits of a second."""
    return "ms" if precision <= 3 else "us" if precision <= 6 else "ns"
