"""What is watched of a table, as a question: where it is no topic that can be followed, or shown in part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.sql_text import quoted
from penstock.project.tables import OPEN
from penstock.server.push.request import Asked, OpenWindows

if TYPE_CHECKING:
    from penstock.server.push.request import Rows

__all__ = ["question_of"]


def question_of(path: tuple[str, ...], watched: Rows | OpenWindows) -> Asked:
    """The question for the same columns and rows of the table at `path`; values are bound, never pasted."""
    *database, name = path[1:]
    table = ".".join(map(quoted, (*database, name + OPEN * isinstance(watched, OpenWindows))))
    parameters: list[tuple[str, Any]] = []
    conditions = []
    for number, (column, values) in enumerate(watched.where):
        known = [(f"where_{number}_{n}", value) for n, value in enumerate(values) if value is not None]
        parameters += known
        parts = [f"{quoted(column)} IN ({', '.join(f'${name}' for name, _ in known)})"] if known else []
        parts += [f"{quoted(column)} IS NULL"] if None in values else []
        conditions.append(f"({' OR '.join(parts) or 'FALSE'})")
    columns = ", ".join(map(quoted, watched.columns)) or "*"
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return Asked(f"SELECT {columns} FROM {table}{where}", watched.limit, tuple(parameters))
