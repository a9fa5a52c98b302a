"""Saved queries: queries/NAME.sql, a question with typed parameters that a comment at its head declares.

::

    -- Meetings that are poor now.
    -- @param minutes BIGINT = 60  How far back.
    -- @param health STRING        One of good, fair, poor.
    SELECT ... WHERE health = $health ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, QueryError, did_you_mean
from penstock.core.parameters import SAMPLES, TYPES, declared
from penstock.history import Limits, read_question
from penstock.project.project_file import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from penstock.core.parameters import Parameter
    from penstock.project.penstock import Penstock
    from penstock.project.project_file import ProjectFile

__all__ = ["LIMITS", "SavedQuery", "queries_of", "read_saved", "require_askable"]

LIMITS = Limits(10_000, 30.0, 512 << 20, cut=True)
"""Those of an answer to a saved query, whoever asks."""

_NEVER = ("Parser Error", "Binder Error", "Catalog Error")
"""How DuckDB begins to say that a question has a mistake, whatever its values are."""


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
                    f"query '{self.name}' needs parameter {parameter.name}, {TYPES[parameter.type][1]}",
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
        parameter = declared(line, where, code="query-file", begin="@param ")
        if any(parameter.name == p.name for p in parameters):
            raise ConfigError(f"parameter '{parameter.name}' is declared twice", code="query-file", where=where)
        parameters.append(parameter)
    return SavedQuery(file.name, file.text, " ".join(d for d in description if d), tuple(parameters))


def require_askable(penstock: Penstock, saved: SavedQuery) -> None:
    """Raises QueryError, saying in which file, where no values of the parameters make it a question with an answer."""
    samples = {p.name: TYPES[p.type][0](SAMPLES[p.type]) for p in saved.parameters}
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
