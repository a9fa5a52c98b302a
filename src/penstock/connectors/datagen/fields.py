"""Which values each column of a `datagen` table gets: Flink's options, by the type of the column."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from penstock.connectors.datagen.columns import (
    Booleans,
    Decimals,
    Doubles,
    Integers,
    Lists,
    Maker,
    Maps,
    Moments,
    Nullable,
    Sequence,
    Structs,
    Texts,
)
from penstock.core import types as t
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.core.options import Kind, Option, Values, boolean, choice, duration, integer, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.types import DataType, Field

__all__ = ["FIELD_OPTIONS", "Plan", "plan_columns"]


def _rate(value: str) -> float:
    rate = float(value)
    if not 0 <= rate <= 1:
        raise ValueError(value)
    return rate


KIND = Option("fields.#.kind", choice("random", "sequence"), "random", "Any values, or one after the other.")
MIN = Option("fields.#.min", number, None, "The least value of random numbers; the least of the type.")
MAX = Option("fields.#.max", number, None, "The greatest value of random numbers; the greatest of the type.")
MAX_PAST = Option("fields.#.max-past", duration, 0, "How far from now random timestamps go back.")
LENGTH = Option("fields.#.length", integer(1), 100, "Characters, bytes or elements; 3 for collections.")
VAR_LEN = Option("fields.#.var-len", boolean, False, "Whether texts and bytes have any length up to that.")
NULL_RATE = Option(
    "fields.#.null-rate",
    Kind("a number from 0 to 1", _rate),
    0.0,
    "How many of the values are NULL, from 0 to 1.",
)
START = Option("fields.#.start", integer(), 0, "The first value of a sequence.")
END = Option("fields.#.end", integer(), 0, "The last value of a sequence; with it the input ends.")

FIELD_OPTIONS: tuple[Option[Any], ...] = (KIND, MIN, MAX, MAX_PAST, LENGTH, VAR_LEN, NULL_RATE, START, END)
"""The options of each column; # stands for its name, and for paths such as a.element, a.key, a.value, a.field."""

_SEQUENCES = (t.Char, t.Varchar, t.Binary, t.Varbinary, t.Integer, t.Float, t.Double)
_FLOAT_MAX, _FLOAT_LEAST = 3.4028234663852886e38, 1.401298464324817e-45
_DOUBLE_MAX, _DOUBLE_LEAST = 1.7976931348623157e308, 5e-324


@dataclass(slots=True)
class Plan:
    """The maker of each column, and how many rows the shortest sequence gives (None: there is none)."""

    makers: dict[str, Maker] = field(default_factory=dict)
    rows: int | None = None


def plan_columns(fields: tuple[Field, ...], given: Mapping[str, str], where: str) -> Plan:
    """How to make the columns of a table; `given` are its options ``fields....``.

    Raises ConfigError for options that are unknown, missing or contradict each other, UnsupportedError for types.
    """
    planner = _Planner(given, where)
    plan = Plan()
    for f in fields:
        kind = planner.read(KIND, f.name)
        if kind == "random":
            plan.makers[f.name] = planner.random(f.name, f.type)
            continue
        maker, rows = planner.sequence(f.name, f.type)
        plan.makers[f.name] = maker
        plan.rows = rows if plan.rows is None else min(rows, plan.rows)
    planner.check_unknown()
    return plan


class _Planner:
    """Reads options and notes which there can be, so that any other is an error."""

    def __init__(self, given: Mapping[str, str], where: str) -> None:
        self.given = given
        self.where = where
        self._known: list[Option[Any]] = []

    def read(self, option: Option[Any], name: str, default: Any = None, kind: Kind[Any] | None = None) -> Any:
        """The value of an option of column `name`; its own default where `default` is None."""
        own = Option(option.name.replace("#", name), kind or option.kind, option.default, option.text)
        self._known.append(own)
        if own.name in self.given:
            return own.read(self.given[own.name], self.where)
        return option.default if default is None else default

    def check_unknown(self) -> None:
        """Raises ConfigError for an option that no column has."""
        Values(self._known, self.given, self.where)

    # -- kinds of values ---------------------------------------------------------------------------

    def sequence(self, name: str, data_type: DataType) -> tuple[Maker, int]:
        for option in (START, END):
            key = option.name.replace("#", name)
            if key not in self.given:
                raise ConfigError(
                    f"option '{key}' is required for a sequence",
                    code="option-missing",
                    where=self.where,
                    hint=f"'{key}' = '1'",
                )
        if not isinstance(data_type, _SEQUENCES):
            raise UnsupportedError(
                f"column '{name}' is {data_type.name}, of which there is no sequence",
                code="datagen-sequence",
                where=self.where,
                hint="numbers (but DECIMAL), texts and bytes have them; leave out 'kind', or compute the column",
            )
        start, end = self.read(START, name), self.read(END, name)
        if start > end:
            raise ConfigError(
                f"'fields.{name}.start' is {start}, behind 'fields.{name}.end', {end}",
                code="option-value",
                where=self.where,
            )
        return Sequence(start, data_type.polars), end - start + 1

    def random(self, name: str, data_type: DataType) -> Maker:
        maker = self._random(name, data_type)
        if isinstance(data_type, t.Binary | t.Varbinary | t.Date | t.Time):
            return maker  # as in Flink, these have no null-rate
        rate = self.read(NULL_RATE, name)
        return Nullable(maker, rate) if rate else maker

    def _random(self, name: str, data_type: DataType) -> Maker:
        dtype = data_type.polars
        match data_type:
            case t.Boolean():
                return Booleans()
            case t.Integer(bits=bits):
                kind = integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
                low, high = self._range(name, -(1 << (bits - 1)), (1 << (bits - 1)) - 1, kind)
                return Integers(low, high, dtype)
            case t.Float():
                return Doubles(*self._range(name, _FLOAT_LEAST, _FLOAT_MAX, number), dtype)
            case t.Double():
                return Doubles(*self._range(name, _DOUBLE_LEAST, _DOUBLE_MAX, number), dtype)
            case t.Decimal():
                return self._decimals(name, data_type)
            case t.Char(length=length) | t.Binary(length=length):
                self._no_length(name, data_type)
                return Texts(length, binary=isinstance(data_type, t.Binary))
            case t.Varchar() | t.Varbinary():
                length = self._length(name, data_type)
                return Texts(length, self.read(VAR_LEN, name), isinstance(data_type, t.Varbinary))
            case t.Timestamp() | t.TimestampLtz():
                return Moments(self.read(MAX_PAST, name), dtype)
            case t.Date() | t.Time():
                return Moments(0, dtype)
            case t.Array(element=element):
                return Lists(self.random(f"{name}.element", element), self.read(LENGTH, name, 3))
            case t.Map(key=key, value=value):
                keys, values = self.random(f"{name}.key", key), self.random(f"{name}.value", value)
                return Maps(keys, values, self.read(LENGTH, name, 3))
            case t.Multiset(element=element):
                return Maps(self.random(f"{name}.element", element), None, self.read(LENGTH, name, 3))
            case t.Row(fields=fields):
                return Structs(tuple((f.name, self.random(f"{name}.{f.name}", f.type)) for f in fields))
        raise UnsupportedError(
            f"column '{name}' is {data_type.name}, of which datagen has no values",
            code="datagen-type",
            where=self.where,
        )

    def _range(self, name: str, least: Any, most: Any, kind: Kind[Any]) -> tuple[Any, Any]:
        low, high = self.read(MIN, name, least, kind), self.read(MAX, name, most, kind)
        if low >= high:
            raise ConfigError(
                f"'fields.{name}.min' is {low}, not less than 'fields.{name}.max', {high}",
                code="option-value",
                where=self.where,
            )
        return low, high

    def _decimals(self, name: str, data_type: t.Decimal) -> Maker:
        """Flink's are made of doubles, from 0 on."""
        step = Decimal(1).scaleb(-data_type.scale)
        most = Decimal(10) ** (data_type.precision - data_type.scale) - step
        low, high = self._range(name, Decimal(0), most, _DECIMAL)
        unscaled = [
            int((v / step).to_integral_value(rounding)) for v, rounding in ((low, ROUND_CEILING), (high, ROUND_FLOOR))
        ]
        limit = 10**data_type.precision - 1
        first, last = max(unscaled[0], -limit), min(unscaled[1], limit)
        if data_type.precision <= 18:
            return Decimals(first, last, data_type.polars)
        return Doubles(float(first * step), float(last * step) * (1 - 2**-50), data_type.polars)

    def _no_length(self, name: str, data_type: DataType) -> None:
        key = LENGTH.name.replace("#", name)
        if key in self.given:
            raise ConfigError(
                f"option '{key}' does not go with {data_type.name}, whose length is fixed",
                code="option-value",
                where=self.where,
                hint="leave it out, or declare the column as STRING or BYTES",
            )

    def _length(self, name: str, data_type: t.Varchar | t.Varbinary) -> int:
        most = data_type.length
        length: int = self.read(LENGTH, name, 100 if most == t.MAX_LENGTH else most)
        if length > most:
            raise ConfigError(
                f"option 'fields.{name}.length' is {length}, more than {data_type.name} holds",
                code="option-value",
                where=self.where,
            )
        return length


def _read_decimal(value: str) -> Decimal:
    read = Decimal(value)
    if not read.is_finite():
        raise ValueError(value)
    return read


_DECIMAL: Kind[Decimal] = Kind("a number", _read_decimal)
