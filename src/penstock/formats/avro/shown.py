"""Avro datums as a person reads them: by their writer's schema alone, as what JSON has."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from penstock.formats.avro.datum import TAKES, AvroError, Cursor, Read, blocks, branch_of
from penstock.formats.avro.schema import AvroArray, AvroEnum, AvroFixed, AvroMap, AvroRecord, AvroUnion, Node, Primitive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Allowance", "shown_of"]

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # the zone is said by the text
_LONGEST = 64
"""Bytes of a decimal: 153 digits."""
_DAY = 86_400_000_000
_MICROS = {"millis": 1_000, "micros": 1}


class Allowance:
    """So many items of arrays and maps are shown: a few bytes may say that there are millions."""

    def __init__(self, items: int) -> None:
        self._left = items

    def each(self, cursor: Cursor) -> Iterator[None]:
        for _ in blocks(cursor):
            if not self._left:
                raise AvroError("its arrays and maps have more items than are shown at once")
            self._left -= 1
            yield


def shown_of(node: Node, allowance: Allowance) -> Read:
    """A reader of `node`: bytes become 0x and hexadecimal digits, dates and times ISO text, decimals text.

    It raises AvroError where the bytes are no such datum.
    """
    match node:
        case AvroUnion(branches=branches):
            readers = [shown_of(branch, allowance) for branch in branches]
            return lambda c: branch_of(c, readers)(c)
        case AvroRecord(fields=fields):
            steps = [(name, shown_of(field, allowance)) for name, field in fields]
            return lambda c: {name: step(c) for name, step in steps}
        case AvroArray(items=items):
            each = shown_of(items, allowance)
            return lambda c: [each(c) for _ in allowance.each(c)]
        case AvroMap(values=values):
            value = shown_of(values, allowance)
            return lambda c: {_text(c): value(c) for _ in allowance.each(c)}
        case AvroFixed(size=size):
            return lambda c: "0x" + c.take(size).hex()
        case AvroEnum(symbols=symbols):
            return lambda c: _symbol(c, symbols)
        case Primitive():
            return _primitive(node)
    raise TypeError(node)


def _text(cursor: Cursor) -> str:
    try:
        return cursor.text().decode()
    except UnicodeDecodeError:
        raise AvroError(f"not Avro of this schema: a text that is not UTF-8 before byte {cursor.at}") from None


def _symbol(cursor: Cursor, symbols: tuple[str, ...]) -> str:
    index = cursor.long(5)
    if not 0 <= index < len(symbols):
        raise AvroError(f"not Avro of this schema: symbol {index} of an enum of {len(symbols)} before byte {cursor.at}")
    return symbols[index]


def _primitive(node: Primitive) -> Read:
    scale = node.scale
    match node.name, node.logical:
        case "null", _:
            return lambda _: None
        case "string", _:
            return _text
        case "bytes", "decimal":
            return lambda c: _decimal(c.text(), scale)
        case "bytes", _:
            return lambda c: "0x" + c.text().hex()
        case ("float" | "double") as name, _:
            return lambda c: _finite(TAKES[name](c))
        case "int", "date":
            return lambda c: _moment(c.long(5), _DAY, lambda at: at.date().isoformat())
        case (("int" | "long"), ("time-millis" | "time-micros") as logical):
            unit = _MICROS[logical.removeprefix("time-")]
            return lambda c: _moment(c.long(), unit, lambda at: at.time().isoformat())
        case "long", (
            "timestamp-millis" | "timestamp-micros" | "local-timestamp-millis" | "local-timestamp-micros"
        ) as logical:
            unit, zone = _MICROS[logical.rpartition("-")[2]], "" if logical.startswith("local") else "Z"
            return lambda c: _moment(c.long(), unit, lambda at: at.isoformat(sep=" ") + zone)
        case name, _:
            return TAKES[name]


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _moment(value: int, micros: int, said: Callable[[dt.datetime], str]) -> int | str:
    """What so many times `micros` after 1970 is; the number itself where no calendar has it."""
    try:
        return said(_EPOCH + dt.timedelta(microseconds=value * micros))
    except OverflowError:
        return value


def _decimal(data: bytes, scale: int) -> str:
    """A number of two's complement, most significant byte first; hexadecimal where no decimal is so long."""
    if len(data) > _LONGEST or not 0 <= scale <= 2 * _LONGEST:
        return "0x" + data.hex()
    value = int.from_bytes(data, "big", signed=True)
    digits = f"{abs(value):0{scale + 1}}"
    whole, rest = digits[: len(digits) - scale], digits[len(digits) - scale :]
    return ("-" if value < 0 else "") + whole + (f".{rest}" if rest else "")
