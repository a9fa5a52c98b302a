"""The types that columns of a schema may have, by name."""

from __future__ import annotations

import re

from penstock.core import types as t

__all__ = ["TYPES", "type_named", "type_text"]

TYPES: dict[str, t.DataType] = {
    "TINYINT": t.TINYINT,
    "SMALLINT": t.SMALLINT,
    "INT": t.INT,
    "BIGINT": t.BIGINT,
    "FLOAT": t.FLOAT,
    "DOUBLE": t.DOUBLE,
    "BOOLEAN": t.BOOLEAN,
    "STRING": t.STRING,
    "DATE": t.DATE,
    "TIME": t.Time(),
    "TIMESTAMP": t.Timestamp(6),
    "TIMESTAMP_LTZ": t.TimestampLtz(6),
}
_DECIMAL = re.compile(r"DECIMAL\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")


def type_named(name: str) -> t.DataType:
    """A column's type. Raises ValueError for one that none has."""
    plain = name.strip().upper()
    if plain in TYPES:
        return TYPES[plain]
    found = _DECIMAL.fullmatch(plain)
    if found and 1 <= int(found[1]) <= 38 and int(found[2] or 0) <= int(found[1]):
        return t.Decimal(int(found[1]), int(found[2] or 0))
    raise ValueError(name)


def type_text(kind: t.DataType) -> str:
    """The name of a column's type, as `type_named` reads it."""
    return next((name for name, known in TYPES.items() if known == kind), kind.name)
