"""What a question needs of a table, as a condition in the SQL that both databases understand alike."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from penstock.core.sql_text import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.history import Comparison, Constant, Need

__all__ = ["condition_of"]

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL", "NUMERIC", "DOUBLE")
_TEXTS = ("VARCHAR", "TEXT", "CHARACTER VARYING")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:\d\d)?)")


def condition_of(need: Need, kinds: Mapping[str, str]) -> str:
    """The condition for a table whose columns have these `kinds`; empty where any row may be needed.

    It holds for each row for which that of the question does. Texts are compared for equality alone, whose order is
    another in each database, and no numbers of 32 bits, which each makes wider in its own way.
    """
    known = {name.lower(): (name, kind.upper()) for name, kind in kinds.items()}
    places = []
    for comparisons in need.places:
        said = [sql for one in comparisons if one.column in known and (sql := _compared(one, *known[one.column]))]
        if not said:
            return ""
        places.append(" AND ".join(said))
    return " OR ".join(f"({place})" for place in places)


def _compared(one: Comparison, name: str, kind: str) -> str:
    value = _value(one.value, kind)
    if not value or (one.sign != "=" and kind.startswith((*_TEXTS, "BOOLEAN"))):
        return ""
    return f"{quoted(name)} {one.sign} {value}"


def _value(value: Constant, kind: str) -> str:
    """A constant as a column of that type is compared with it; empty where the two do not fit."""
    text, is_said = value.text, value.kind == "said"
    if kind.startswith(_NUMBERS):
        return text if value.kind == "number" else ""
    if kind == "BOOLEAN":
        return text if value.kind == "truth" else ""
    if kind.startswith(_TEXTS):
        return literal(text) if (is_said or value.kind == "text") and "\0" not in text else ""
    if kind == "DATE":
        return f"DATE {literal(text)}" if (is_said or value.kind == "date") and _is_time(_DATE, text) else ""
    if kind in ("TIMESTAMP", "TIMESTAMP WITHOUT TIME ZONE"):
        if (is_said or value.kind in ("date", "timestamp")) and (_is_time(_DATE, text) or _is_time(_TIMESTAMP, text)):
            return f"TIMESTAMP {literal(text if len(text) > 10 else f'{text} 00:00:00')}"
        return ""
    if kind == "TIMESTAMP WITH TIME ZONE" and (is_said or value.kind == "instant") and _is_time(_INSTANT, text):
        return f"CAST({literal(dt.datetime.fromisoformat(text).astimezone(dt.UTC).isoformat(' '))} AS {kind})"
    return ""


def _is_time(form: re.Pattern[str], text: str) -> bool:
    """Whether a text has the form, and is a time that calendars have."""
    if not form.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return False
    return True
