"""Saved queries: queries/NAME.sql, a question with typed parameters that a comment at its head declares.

::

    -- Meetings that are poor now.
    -- @param minutes BIGINT = 60  How far back.
    -- @param health STRING        One of good, fair, poor.
    SELECT ... WHERE health = $health ...
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, QueryError, did_you_mean
from penstock.history import Limits, read_question
from penstock.project.project_file import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.project.project_file import ProjectFile

__all__ = ["LIMITS", "Parameter", "SavedQuery", "queries_of", "read_saved", "require_askable"]

LIMITS = Limits(10_000, 30.0, 512 << 20, cut=True)
"""Those of an answer to a saved query, whoever asks."""

_PARAMETER = re.compile(
    r"@param\s+(?P<name>[A-Za-z_]\w*)\s+(?P<type>[A-Za-z_]+)(?P<given>\s*=\s*(?P<default>'(?:[^']|'')*'|\S+))?(?P<text>.*)"
)
_FORM = "-- @param NAME TYPE = DEFAULT description; TYPE is one of {types}, the default may be left out"


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


_READ: dict[str, tuple[Callable[[str], Any], str]] = {
    "STRING": (str, "a text"),
    "BIGINT": (_whole, "a whole number"),
    "DOUBLE": (float, "a number"),
    "DECIMAL": (_finite, "a number"),
    "BOOLEAN": ({"true": True, "false": False}.__getitem__, "true or false"),
    "DATE": (dt.date.fromisoformat, "a date, 2026-01-31"),
    "TIMESTAMP": (_local, "a time without a zone, 2026-01-31 12:00:00"),
    "TIMESTAMP_LTZ": (_moment, "a time with its zone, 2026-01-31 12:00:00Z"),
}
_SAMPLES = {
    "STRING": "",
    "BIGINT": "1",
    "DOUBLE": "1",
    "DECIMAL": "1",
    "BOOLEAN": "true",
    "DATE": "2026-01-31",
    "TIMESTAMP": "2026-01-31 12:00:00",
    "TIMESTAMP_LTZ": "2026-01-31 12:00:00Z",
}
_NEVER = ("Parser Error", "Binder Error", "Catalog Error")
"""How DuckDB begins to say that a question has a mistake, whatever its values are."""
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
        read, allowed = _READ[self.type]
        try:
            return read(text)
        except (ValueError, KeyError, ArithmeticError):
            raise QueryError(
                f"parameter {self.name} is {allowed} ({self.type}), this is '{text}'",
                code="query-parameter",
                where=self.name,
            ) from None


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A question with a name: its text, what it is about, its parameters in order."""

    name: str
    sql: str
    description: str
    parameters: tuple[Parameter, ...]

    def values(self, given: Mapping[str, object]) -> dict[str, Any]:
        """The parameters' values: those `given` (texts or JSON data) and defaults.

        Raises QueryError for one that is missing, unknown or of another type.
        """
        names = [p.name for p in self.parameters]
        for name in given:
            if name not in names:
                hint = did_you_mean(name, names) or (f"there are {', '.join(names)}" if names else "it takes none")
                raise QueryError(
                    f"query '{self.name}' has no parameter '{name}'", code="query-parameter", where=name, hint=hint
                )
        values = {}
        for parameter in self.parameters:
            if parameter.required and given.get(parameter.name) is None:
                raise QueryError(
                    f"query '{self.name}' needs parameter {parameter.name}, {_READ[parameter.type][1]}",
                    code="query-parameter",
                    where=parameter.name,
                    hint=parameter.description,
                )
            values[parameter.name] = parameter.read(given.get(parameter.name, parameter.default))
        return values


def queries_of(project: Path) -> Folder:
    """The files of a project's saved queries."""
    return Folder(project, "queries", ".sql", "query")


def read_saved(file: ProjectFile) -> SavedQuery:
    """What a file says. Raises ConfigError naming the line of a parameter that is not well declared."""
    description: list[str] = []
    parameters: list[Parameter] = []
    for number, line in _head(file.text):
        if not line.startswith("@"):
            description.append(line)
            continue
        where = f"queries/{file.name}.sql, line {number}"
        parameter = _parameter(line, where)
        if any(parameter.name == p.name for p in parameters):
            raise ConfigError(f"parameter '{parameter.name}' is declared twice", code="query-file", where=where)
        parameters.append(parameter)
    return SavedQuery(file.name, file.text, " ".join(d for d in description if d), tuple(parameters))


def require_askable(penstock: Penstock, saved: SavedQuery) -> None:
    """Raises QueryError, saying in which file, where no values of the parameters make it a question with an answer."""
    samples = {p.name: _READ[p.type][0](_SAMPLES[p.type]) for p in saved.parameters}
    try:
        penstock.query(read_question(saved.sql).described, LIMITS, parameters=samples)
    except QueryError as error:
        if error.code == "query-wrong" and not error.message.startswith(_NEVER):
            return  # it has an answer for other values
        raise QueryError(error.message, code=error.code, where=f"queries/{saved.name}.sql", hint=error.hint) from None


def _head(text: str) -> Iterator[tuple[int, str]]:
    """The comment lines before the question, without their dashes, and their numbers."""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("--"):
            return
        if stripped:
            yield number, stripped.lstrip("-").strip()


def _parameter(line: str, where: str) -> Parameter:
    found = _PARAMETER.fullmatch(line)
    kind = found["type"].upper() if found else ""
    kind = _ALSO.get(kind, kind)
    if found is None or kind not in _READ:
        raise ConfigError(
            f"'{line}' declares no parameter", code="query-file", where=where, hint=_FORM.format(types=", ".join(_READ))
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
        raise ConfigError(f"the default of {error.message}", code="query-file", where=where) from None
    return parameter
