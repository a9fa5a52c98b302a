"""Parameters: values with a name and a type, declared in a line of text: of saved queries, of jobs."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SAMPLES", "TYPES", "Parameter", "declared"]

_PARAMETER = re.compile(
    r"(?P<name>[A-Za-z_]\w*)\s+(?P<type>[A-Za-z_]+)(?P<given>\s*=\s*(?P<default>'(?:[^']|'')*'|\S+))?(?P<text>.*)"
)
_FORM = "NAME TYPE = DEFAULT description; TYPE is one of {types}, the default may be left out"


def _whole(text: str) -> int:
    number = int(text)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(text)
    return number


def _finite(text: str) -> Decimal:
    found = Decimal(text)
    if not found.is_finite():
        raise ValueError(text)
    return found


def _moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def _local(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    if found.tzinfo is not None:
        raise ValueError(text)
    return found


TYPES: dict[str, tuple[Callable[[str], Any], str]] = {
    "STRING": (str, "a text"),
    "BIGINT": (_whole, "a whole number"),
    "DOUBLE": (float, "a number"),
    "DECIMAL": (_finite, "a number"),
    "BOOLEAN": ({"true": True, "false": False}.__getitem__, "true or false"),
    "DATE": (dt.date.fromisoformat, "a date, 2026-01-31"),
    "TIMESTAMP": (_local, "a time without a zone, 2026-01-31 12:00:00"),
    "TIMESTAMP_LTZ": (_moment, "a time with its zone, 2026-01-31 12:00:00Z"),
}
"""How each type is read from a text, and what is allowed, in words."""
SAMPLES = {
    "STRING": "",
    "BIGINT": "1",
    "DOUBLE": "1",
    "DECIMAL": "1",
    "BOOLEAN": "true",
    "DATE": "2026-01-31",
    "TIMESTAMP": "2026-01-31 12:00:00",
    "TIMESTAMP_LTZ": "2026-01-31 12:00:00Z",
}
"""A text of each type."""
_ALSO = {"INT": "BIGINT", "INTEGER": "BIGINT", "VARCHAR": "STRING", "FLOAT": "DOUBLE"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value to be given; `default` is the text of one, None where there is none or it is NULL."""

    name: str
    type: str
    required: bool
    default: str | None
    description: str

    def read(self, value: object) -> Any:
        """`value`, a text or JSON data, as the parameter's type. Raises QueryError saying what is allowed."""
        if value is None:
            return None
        text = str(value).lower() if isinstance(value, bool) else str(value)
        read, allowed = TYPES[self.type]
        try:
            return read(text)
        except (ValueError, KeyError, ArithmeticError):
            raise QueryError(
                f"parameter {self.name} is {allowed} ({self.type}), this is '{text}'",
                code="query-parameter",
                where=self.name,
            ) from None


def declared(line: str, where: str, *, code: str, begin: str = "") -> Parameter:
    """The parameter that ``NAME TYPE = DEFAULT description`` declares, after the words of `begin`.

    Raises ConfigError with `code` where it declares none.
    """
    found = _PARAMETER.fullmatch(line.removeprefix(begin).strip()) if line.startswith(begin) else None
    kind = found["type"].upper() if found else ""
    kind = _ALSO.get(kind, kind)
    if found is None or kind not in TYPES:
        raise ConfigError(
            f"'{line}' declares no parameter", code=code, where=where, hint=begin + _FORM.format(types=", ".join(TYPES))
        )
    default = found["default"]
    if default is not None:
        default = default[1:-1].replace("''", "'") if default.startswith("'") else default
    null = found["default"] is not None and found["default"].upper() == "NULL"
    parameter = Parameter(
        found["name"], kind, found["given"] is None, None if null else default, found["text"].strip(" -")
    )
    try:
        parameter.read(parameter.default)
    except QueryError as error:
        raise ConfigError(f"the default of {error.message}", code=code, where=where) from None
    return parameter
