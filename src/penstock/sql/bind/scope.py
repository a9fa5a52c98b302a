"""What names mean inside one query: the columns in reach and the statement's text for error marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.core.errors import BindError, SqlError, did_you_mean
from penstock.sql.errors import span_of, underline
from penstock.sql.functions.spec import Context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlglot import exp

    from penstock.sql.errors import Span
    from penstock.sql.plan import Column

__all__ = ["Origin", "Reach", "Scope"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement came from, and what it may depend on beside its text."""

    text: str
    source: str = ""
    context: Context = field(default_factory=Context)

    def where(self, place: exp.Expr | Span | None) -> str:
        """The mark under `place` of the statement."""
        span = place if place is None or isinstance(place, tuple) else span_of(place)
        return underline(self.text, span, self.source)

    def error(
        self, kind: type[SqlError], message: str, code: str, place: exp.Expr | Span | None, hint: str = ""
    ) -> SqlError:
        """An error of `kind` with its place marked."""
        return kind(message, code=code, where=self.where(place), hint=hint)


@dataclass(frozen=True, slots=True)
class Reach:
    """A column in reach: under `path` and `name`, while `column` is what the plan calls it.

    A table's path is its alias alone, or (catalog, database, name), of which any end qualifies a column. One that is
    `covered` (by USING) is reached through its table alone.
    """

    path: tuple[str, ...]
    name: str
    column: Column
    covered: bool = False

    def has(self, path: tuple[str, ...], name: str) -> bool:
        """Whether ``path.name`` means it."""
        return name == self.name and _is_end(path, self.path) and (bool(path) or not self.covered)


@dataclass(frozen=True, slots=True)
class Scope:
    """Columns in reach; names are case sensitive, as in Flink."""

    origin: Origin
    columns: tuple[Reach, ...] = ()
    aliases: frozenset[str] = frozenset()
    """Names that the SELECT gives, which nothing inside it knows."""

    @classmethod
    def of(cls, origin: Origin, columns: Iterable[Column], path: tuple[str, ...] = ()) -> Scope:
        """The columns of one relation."""
        return cls(origin, tuple(Reach(path, c.name, c) for c in columns))

    def resolve(self, parts: tuple[str, ...], place: exp.Expr) -> tuple[Column, tuple[str, ...]]:
        """The column that ``[[[catalog.]database.]table.]column[.field...]`` means, and the fields inside it.

        Raises BindError if there is none, or more than one.
        """
        for n in range(min(len(parts) - 1, 3), -1, -1):
            found = [r.column for r in self.columns if r.has(parts[:n], parts[n])]
            if found:
                return self._only(found, parts[: n + 1], place), parts[n + 1 :]
        raise self._unknown(parts, place)

    def _only(self, found: list[Column], parts: tuple[str, ...], place: exp.Expr) -> Column:
        if len(found) > 1:
            tables = ", ".join(r.path[-1] for r in self.columns if r.name == parts[-1] and r.path)
            hint = f"say of which table: {tables}"
            raise self.origin.error(BindError, f"column '{parts[-1]}' is ambiguous", "sql-ambiguous", place, hint)
        return found[0]

    def _unknown(self, parts: tuple[str, ...], place: exp.Expr) -> SqlError:
        name, known = parts[0], [r.name for r in self.columns]
        if name in self.aliases:
            hint = f"{name} names a result, only queries around this one know it: write its expression again"
            return self.origin.error(BindError, f"there is no column '{name}'", "sql-unknown-column", place, hint)
        tables = {r.path[-1] for r in self.columns if r.path}
        if len(parts) > 1 and tables and not any(_is_end(parts[:n], r.path) for n in (1, 2, 3) for r in self.columns):
            hint = did_you_mean(name, tables) or "in reach here: " + ", ".join(sorted(tables))
            return self.origin.error(
                BindError, f"there is no table or column '{name}' here", "sql-unknown-column", place, hint
            )
        for n in range(1, len(parts)):
            inside = [r.name for r in self.columns if _is_end(parts[:n], r.path)]
            if inside:
                name, known = parts[n], inside
        hint = did_you_mean(name, known) or (
            "columns are " + ", ".join(known) if known else "no column is in reach here"
        )
        return self.origin.error(BindError, f"there is no column '{name}'", "sql-unknown-column", place, hint)

    def star(self, table: tuple[str, ...], place: exp.Expr) -> list[Reach]:
        """The columns that ``*`` or ``table.*`` means."""
        found = [r for r in self.columns if _is_end(table, r.path) and (table or not r.covered)]
        if not found:
            name = ".".join(table)
            tables = sorted({r.path[-1] for r in self.columns if r.path})
            hint = did_you_mean(name, tables) or "in reach here: " + ", ".join(tables)
            raise self.origin.error(BindError, f"there is nothing to take '{name}.*' from", "sql-star", place, hint)
        return found


def _is_end(part: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether `part` is the end of `path`; nothing is the end of everything."""
    return not part or path[-len(part) :] == part
