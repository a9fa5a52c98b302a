"""What a user with row filters may see of a project: which tables in part, which not at all, and the rest whole.

A filter binds its table and whatever is made of it. A view is computed over the rows that are left. What a pipeline has
made of rows that the user may not see cannot be told apart any more: such a table is closed, until it has a filter of
its own. So is a second table over the same topic or files, and the topic's records themselves.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import QueryError, SqlError
from penstock.core.sql_text import backticked, literal
from penstock.project.lineage import lineage
from penstock.project.topics import topic_of
from penstock.sql import plan as p
from penstock.sql.catalog import Catalog, Table, View
from penstock.sql.session import Answer, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.access.filters import Filter, Value
    from penstock.project.lineage import Path, Place
    from penstock.project.penstock import Penstock
    from penstock.sql.plan import Node

__all__ = ["Confinement", "told_error"]

_WHOLE = "$whole"
"""What the name of a filtered table's rows ends with, before they are filtered; no question reaches it."""


def told_error(error: object | None, filters: tuple[Filter, ...]) -> str | None:
    """What ended a pipeline, as text; of it who has `filters` learns only that there was something."""
    if error is None:
        return None
    return "it has failed; the error may name rows that you may not see" if filters else str(error)


class Confinement:
    """Made for one question or feed, of catalog and pipelines as they are. Raises SqlError where they are wrong."""

    def __init__(self, penstock: Penstock, filters: tuple[Filter, ...]) -> None:
        self._session = penstock.session
        self.filtered = {one.path: one.where for one in filters if one.where}
        released = {one.path for one in filters}
        origins = lineage(penstock)
        confined = set(self.filtered)
        while True:
            places = {place for path in confined if path in origins for place in origins[path].places}
            further = {
                path
                for path, origin in origins.items()
                if origin.made_of & confined or any(_is_among(place, places) for place in origin.places)
            }
            if not (further := further - confined - released):
                break
            confined |= further
        self._closed = confined - set(self.filtered)
        tables = [one for one in penstock.catalog.objects.values() if isinstance(one, Table)]
        self._topics = {topic_of(table) for table in tables if table.path not in confined}
        self._topics -= {name for kind, name in places if kind == "topic"}

    def require_table(self, table: Table) -> None:
        """Raises QueryError where the user may see nothing of a table."""
        if table.path in self._closed:
            raise _closed(f"table '{table.name}'", "it is made of rows of which you may see a part only")

    def require_topic(self, topic: str) -> None:
        """Raises QueryError where the user may not see a topic's records."""
        if topic not in self._topics:
            raise _closed(f"topic '{topic}'", "no table stands on it that you may see whole")

    def require_all(self, what: str) -> None:
        """Raises QueryError: `what` has rows of all tables, whoever may see them."""
        raise _closed(what, "it has rows of all tables, and you may see a part of some only")

    def require_warehouse(self, table: str) -> None:
        """Raises QueryError: what a table of the warehouse was loaded from is not known here."""
        raise _closed(f"table '{table}' of the warehouse", "it may be made of rows of which you may see a part only")

    def plan(self, found: Table | View) -> Node:
        """The query of the rows of a table or view that the user may see.

        Raises QueryError where there can be none.
        """
        for table in self._read(found):
            self.require_table(table)
        try:
            return _query(self._confined, found.path)
        except SqlError as error:  # such as a hint at a table that is filtered
            raise _closed(f"'{found.name}'", f"it is not defined over a part of the rows: {error.message}") from None

    def fitting(self, table: Table, frame: pl.DataFrame) -> pl.DataFrame:
        """Of rows with the table's columns those that the user may see. Raises QueryError where that cannot be told."""
        self.require_table(table)
        for column, values in self.filtered.get(table.path, ()):
            if column not in frame.columns:
                raise _closed(f"'{table.name}'", f"it does not tell {column}, by which you may see a part only")
            known = pl.Series(column, values, strict=True).cast(frame.schema[column], strict=True)
            frame = frame.filter(pl.col(column).is_in(known.implode(), nulls_equal=True))
        return frame

    def _read(self, found: Table | View) -> Iterator[Table]:
        if isinstance(found, Table):
            yield found
            return
        for node in p.nodes(_query(self._session, found.path)):
            if isinstance(node, p.Scan):
                yield node.table

    @cached_property
    def _confined(self) -> Session:
        """A session in which each filtered table is a view of the rows that are left; all views stand on those."""
        catalog = self._session.catalog
        made = Session(Catalog(catalog.current, dict(catalog.databases), dict(catalog.objects)))
        made.settings = dict(self._session.settings)
        for path, where in self.filtered.items():
            table = made.catalog.objects.pop(path, None)
            if table is None:  # it is not there any more, and nobody can ask for it
                continue
            whole = (*path[:2], path[2] + _WHOLE)
            made.catalog.objects[whole] = table
            rows = " AND ".join(_condition(column, values) for column, values in where)
            try:
                for _ in made.run(f"CREATE VIEW {_spelled(path)} AS SELECT * FROM {_spelled(whole)} WHERE {rows}"):
                    continue
            except SqlError as error:
                del made.catalog.objects[whole]
                raise _closed(f"table '{path[2]}'", f"your filter does not fit it: {error.message}") from None
        return made


def _query(session: Session, path: Path) -> Node:
    (answer,) = session.run(f"SELECT * FROM {_spelled(path)}")
    assert isinstance(answer, Answer)
    return answer.query


def _is_among(place: Place, places: set[Place]) -> bool:
    """Whether rows that lie in one of `places` may lie in `place`: folders have rows of those below them."""
    kind, name = place
    if kind == "topic":
        return place in places
    return any(kind == other and (at.startswith(name) or name.startswith(at)) for other, at in places)


def _spelled(path: Path) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in path)


def _condition(column: str, values: tuple[Value, ...]) -> str:
    name = backticked(column)
    known = ", ".join(_literal(value) for value in values if value is not None)
    parts = [f"{name} IN ({known})"] if known else []
    parts += [f"{name} IS NULL"] if None in values else []
    return f"({' OR '.join(parts)})"


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return literal(value)
    return str(value).upper()


def _closed(what: str, why: str) -> QueryError:
    return QueryError(f"{what} is closed to you: {why}", code="query-closed", hint="an admin can say what you may see")
