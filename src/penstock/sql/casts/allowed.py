"""Which types CAST takes to which others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core import types as t

if TYPE_CHECKING:
    from penstock.core.types import DataType

__all__ = ["cast_refusal"]

_TEXT = (t.Char, t.Varchar)
_BYTES = (t.Binary, t.Varbinary)
_NUMBER = (t.Integer, t.Float, t.Double, t.Decimal)
_MOMENT = (t.Timestamp, t.TimestampLtz)

_TARGETS: tuple[tuple[tuple[type[DataType], ...], tuple[type[DataType], ...]], ...] = (
    (_TEXT, (*_TEXT, t.Boolean, *_BYTES, *_NUMBER, t.Date, t.Time, *_MOMENT)),
    ((t.Boolean, *_NUMBER), (*_TEXT, t.Boolean, *_NUMBER)),
    (_BYTES, (*_TEXT, *_BYTES)),
    ((t.Date,), (*_TEXT, t.Date, *_MOMENT)),
    ((t.Time,), (*_TEXT, t.Time, *_MOMENT)),
    (_MOMENT, (*_TEXT, t.Date, t.Time, *_MOMENT)),
    ((t.IntervalYear,), (*_TEXT, t.IntervalYear)),
    ((t.IntervalDay,), (*_TEXT, t.IntervalDay)),
    ((t.Array, t.Map, t.Multiset, t.Row), _TEXT),
)


def cast_refusal(source: DataType, target: DataType) -> str:
    """Why `source` cannot be cast to `target`, or what to use instead; ``""`` if it can."""
    if isinstance(source, t.Null):
        return ""
    parts = _parts(source, target)
    if parts is not None:
        refused = ((a, b, refusal) for a, b in parts if (refusal := cast_refusal(a, b)))
        return next((f"{a.name} to {b.name}: {refusal}" for a, b, refusal in refused), "")
    return "" if _is_allowed(source, target) else _instead(source, target)


def _is_allowed(source: DataType, target: DataType) -> bool:
    return any(isinstance(source, sources) and isinstance(target, targets) for sources, targets in _TARGETS)


def _parts(source: DataType, target: DataType) -> list[tuple[DataType, DataType]] | None:
    """The pairs of which each must be castable, where both types are made of others."""
    match source, target:
        case (t.Array(a), t.Array(b)) | (t.Multiset(a), t.Multiset(b)):
            return [(a, b)]
        case (t.Map(a, x), t.Map(b, y)):
            return [(a, b), (x, y)]
        case (t.Row(fields), t.Row(others)) if len(fields) == len(others):
            return [(f.type, o.type) for f, o in zip(fields, others, strict=True)]
    return None


def _instead(source: DataType, target: DataType) -> str:
    if isinstance(source, _NUMBER) and isinstance(target, _MOMENT):
        return "use TO_TIMESTAMP_LTZ(number, 0) for seconds or TO_TIMESTAMP_LTZ(number, 3) for milliseconds"
    if isinstance(source, _MOMENT) and isinstance(target, _NUMBER):
        return "use UNIX_TIMESTAMP(CAST(x AS STRING)) for seconds, or EXTRACT(unit FROM x)"
    if isinstance(source, _NUMBER) and isinstance(target, (t.IntervalYear, t.IntervalDay)):
        return "write x * INTERVAL '1' DAY: Flink's own CAST takes the number for milliseconds or months"
    if isinstance(source, t.Row) and isinstance(target, t.Row):
        return f"the rows have {len(source.fields)} and {len(target.fields)} fields"
    if isinstance(source, t.Row):
        return "a ROW is cast field by field"
    if isinstance(source, (t.Date, t.Time)) and isinstance(target, _NUMBER):
        return "use EXTRACT(unit FROM x), or TIMESTAMPDIFF(unit, a, b) for the time between two"
    if isinstance(source, _BYTES) and _is_allowed(t.STRING, target):
        return "CAST it to STRING first"
    return "these types have nothing in common"
