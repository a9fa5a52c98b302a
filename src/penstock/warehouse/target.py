"""What dimensions and facts have in common: columns out of a staging table, and rows that are merged where they differ.

A target is a function of the changes in staging (and a fact of its dimensions too): its rows are computed anew for the
keys that were touched, compared with what is there, and only what differs is merged.
"""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, InternalError, did_you_mean
from penstock.core.sql_text import quoted
from penstock.warehouse.database import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from penstock.warehouse.database import Session

__all__ = [
    "Changes",
    "Origin",
    "conform",
    "create",
    "differing",
    "equal",
    "index",
    "listed",
    "materialize",
    "merge",
    "missing_columns",
    "narrowed",
    "present",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """How many rows of a table a load inserted, updated and deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(self.inserted + other.inserted, self.updated + other.updated, self.deleted + other.deleted)

    def __bool__(self) -> bool:
        return self.rows > 0

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the keys of a target's file stand, as ``FILE:LINE``: for what only the database can tell is wrong."""

    file: str
    lines: Mapping[str, str]

    def where(self, key: str) -> str:
        return self.lines.get(key, self.file)


def listed(names: Iterable[str], alias: str = "") -> str:
    """Names in SQL with commas, each as a column of `alias`."""
    return ", ".join(f"{alias}.{quoted(name)}" if alias else quoted(name) for name in names)


def equal(left: str, right: str, names: Iterable[str]) -> str:
    """That columns are equal in two rows, and not NULL."""
    return " AND ".join(f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in names)


def _same(left: str, right: str, names: Iterable[str]) -> str:
    """That columns are equal in two rows, or NULL in both."""
    terms = [f"{left}.{quoted(name)} IS NOT DISTINCT FROM {right}.{quoted(name)}" for name in names]
    return " AND ".join(terms) or "TRUE"


def present(alias: str, names: Iterable[str]) -> str:
    """That no column of a row is NULL."""
    return " AND ".join(f"{alias}.{quoted(name)} IS NOT NULL" for name in names)


def missing_columns(
    columns: Collection[str], staging: Table, wanted: Mapping[str, Sequence[str]], origin: Origin
) -> Iterator[ConfigError]:
    """Of `wanted`, the columns that each key of a target's file names, those that the staging table has not."""
    own = [name for name in columns if not name.startswith("_")]
    for key, names in wanted.items():
        for name in names:
            if name not in columns:
                yield ConfigError(
                    f"{key} names the column '{name}', which {staging} has not",
                    code="target-column",
                    where=origin.where(key),
                    hint=did_you_mean(name, own) or "there are " + ", ".join(own),
                )


def create(
    session: Session, table: Table, kinds: Mapping[str, str], *, temporary: bool = False, ending: str = ""
) -> None:
    """Make a table of columns with these types; the caller drops a temporary one, `ending` ends the statement."""
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
    session.run(f"CREATE {'TEMPORARY ' if temporary else ''}TABLE {table.sql} ({columns}){ending}")


def conform(session: Session, target: Table, columns: Mapping[str, str]) -> bool:
    """Make the table with `columns` and their types, or give it these and no others; whether it was made now."""
    there = session.columns(target)
    if there is None:
        create(session, target, columns, ending=session.dialect.changing)
        return True
    for name in there:
        if name not in columns:
            session.run(f"ALTER TABLE {target.sql} DROP COLUMN {quoted(name)}")
    for name, kind in columns.items():
        if name not in there:
            session.run(f"ALTER TABLE {target.sql} ADD COLUMN {quoted(name)} {kind}")
        elif there[name] != kind:
            change = f"ALTER COLUMN {quoted(name)} TYPE {kind} USING CAST({quoted(name)} AS {kind})"
            session.run(f"ALTER TABLE {target.sql} {change}")
    return False


def index(session: Session, target: Table, columns: Sequence[str], *, unique: bool = False) -> None:
    """Have an index, where the database finds rows by one."""
    if session.dialect.indexed:
        kind = "UNIQUE INDEX" if unique else "INDEX"
        name = quoted(f"{target.name[:40]}_{zlib.crc32(listed(columns).encode()):08x}")
        session.run(f"CREATE {kind} IF NOT EXISTS {name} ON {target.sql} ({listed(columns)})")


def materialize(session: Session, made: Table, sql: str, *parameters: str) -> None:
    """Make a temporary table of the keys that a query gives, which the caller drops; joins know what it is like."""
    session.run(f"CREATE TEMPORARY TABLE {made.sql} AS {sql}", *parameters)
    session.run(f"ANALYZE {made.sql}")


@contextmanager
def narrowed(session: Session, target: Table, key: Sequence[str], wanted: str, run: str | None) -> Iterator[str]:
    """While the block lasts, SQL that joins to rows `s` the keys that the query `wanted` of a run gives.

    Without a run nothing is joined: all rows are wanted.
    """
    if run is None:
        yield ""
        return
    keys = Table("", f"_keys_{target.name}")
    materialize(session, keys, wanted, run)
    yield f" JOIN {keys.sql} AS k ON {equal('k', 's', key)}"
    session.run(f"DROP TABLE {keys.sql}")


@contextmanager
def differing(
    session: Session,
    target: Table,
    computed: str,
    there: str,
    key: Sequence[str],
    columns: Sequence[str],
    made: Mapping[str, str] | None = None,
) -> Iterator[Table]:
    """While the block lasts, a temporary table of what is to be merged into a target, each row with `_op`.

    Those are the rows of the query `computed` that differ from those of `there`, found by `key`. Columns that are
    `made` of it, by an expression over `c`, stay as they are where a row is there. `_op` is i for one that is not
    there, u for one with other `columns`, d for one that is only there, which has NULL in all other columns.
    """
    delta = Table("", f"_delta_{target.name}")
    terms = {name: f"c.{quoted(name)}" for name in key} | dict(made or {})
    both = [f"COALESCE(t.{quoted(name)}, {term}) AS {quoted(name)}" for name, term in terms.items()]
    others = [name for name in columns if name not in terms]
    new = [f"c.{quoted(name)}" for name in others]
    c, t = (f"{side}.{quoted(key[0])} IS NULL" for side in "ct")
    session.run(
        f"CREATE TEMPORARY TABLE {delta.sql} AS"
        f" SELECT {', '.join([*both, *new])}, CASE WHEN {t} THEN 'i' WHEN {c} THEN 'd' ELSE 'u' END AS _op"
        f" FROM ({computed}) AS c FULL JOIN ({there}) AS t ON {equal('c', 't', key)}"
        f" WHERE {c} OR {t} OR NOT ({_same('c', 't', others)})"
    )
    yield delta
    session.run(f"DROP TABLE {delta.sql}")


def merge(session: Session, target: Table, delta: Table, key: Sequence[str], columns: Sequence[str]) -> Changes:
    """Merge the rows of `delta` (`differing`) into a table of `columns`.

    Raises InternalError where the database changes more or fewer.
    """
    counted = dict(session.rows(f"SELECT _op, count(*) FROM {delta.sql} GROUP BY _op"))
    changes = Changes(counted.get("i", 0), counted.get("u", 0), counted.get("d", 0))
    if not changes:
        return changes
    update = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in columns if name not in key)
    done = session.run(
        f"MERGE INTO {target.sql} AS t USING {delta.sql} AS s ON {equal('t', 's', key)}"
        " WHEN MATCHED AND s._op = 'd' THEN DELETE"
        f" WHEN MATCHED THEN UPDATE SET {update}"
        f" WHEN NOT MATCHED THEN INSERT ({listed(columns)}) VALUES ({listed(columns, 's')})"
    )
    if done != sum(counted.values()):
        raise InternalError(f"{sum(counted.values())} rows of {target} differ, and {done} were merged")
    return changes
