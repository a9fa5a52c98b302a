"""A staging table: the set of changes of a source, to which a load adds what it has not yet."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import InternalError, WarehouseError
from penstock.core.sql_text import literal, quoted
from penstock.warehouse.column_types import TYPES, type_text
from penstock.warehouse.database import INSTANT, Table
from penstock.warehouse.repeats import Repeats
from penstock.warehouse.row_hash import row_hash
from penstock.warehouse.sources.source import LINE
from penstock.warehouse.target import Changes, create, equal, index, listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from penstock.warehouse.database import Session
    from penstock.warehouse.schema import Schema
    from penstock.warehouse.sources.source_file import SourceFile

__all__ = ["META", "Landing", "Staging"]

_INSTANT = pl.Datetime("us", "UTC")
META: dict[str, pl.DataType] = {
    "_hash": pl.Int64(),
    "_changed_at": _INSTANT,
    "_deleted": pl.Boolean(),
    "_extracted_at": _INSTANT,
    "_source": pl.String(),
    "_run_id": pl.String(),
}
"""The columns of a staging table beside those of its schema."""

_LANDING, _LATEST, _ASIDE = Table("", "_landing"), Table("", "_latest"), Table("", "_aside")
_SEVERAL, _MET = Table("", "_several"), Table("", "_met")
_PLACE = "_place"
_SLICE = 1_000_000
"""Rows that are grouped at once."""


@dataclass(frozen=True, slots=True)
class Staging:
    """The staging table of a source, as its schema wants it."""

    source: SourceFile
    schema: Schema

    @property
    def table(self) -> Table:
        return self.source.into

    @property
    def key(self) -> tuple[str, ...]:
        """What tells rows apart: the whole row where the schema has no key."""
        return self.schema.key or ("_hash",)

    @property
    def in_order(self) -> bool:
        """Whether the order in which rows come is that of their changes: none of them says when it changed."""
        return self.source.mode == "changes" and bool(self.schema.key) and not self.schema.changed_at

    @property
    def polars(self) -> dict[str, pl.DataType]:
        return {column.name: column.polars for column in self.schema.columns} | META

    def conform(self, session: Session) -> list[str]:
        """Make the table, or make it as the schema has it; what was changed, in words.

        Raises WarehouseError where it holds values that are not of a column's new type.
        """
        kinds = session.dialect.kinds_of(self.polars)
        there = session.columns(self.table)
        if there is None:
            create(session, self.table, kinds)
            return []
        named = {session.dialect.kind_of(kind.polars): text for text, kind in TYPES.items()}
        changed = [
            f"{name} is {named.get(kinds[name], kinds[name])}, was {named.get(there[name], there[name])}"
            for name in kinds
            if there.get(name, kinds[name]) != kinds[name]
        ]
        changed += [f"{name} is gone" for name in there if name not in kinds]
        added = [name for name in kinds if name not in there]
        if changed:
            self._made_anew(session, there, kinds)
        else:
            for name in added:
                session.run(f"ALTER TABLE {self.table.sql} ADD COLUMN {quoted(name)} {kinds[name]}")
        return changed + [f"{name} is new" for name in added]

    def indexed(self, session: Session) -> None:
        """Have what finds its rows: made after the first of them, not row by row."""
        index(session, self.table, self.key)

    def _made_anew(self, session: Session, there: dict[str, str], kinds: dict[str, str]) -> None:
        """Rows have their hashes by the values of their columns: with other types they get others."""
        new = Table(self.table.schema, f"_new_{self.table.name}")
        create(session, new, kinds)
        wanted = [name for name in self.polars if name in there]
        session.append(new, (self._recast(frame) for frame in session.scan(self.table, wanted)))
        session.run(f"DROP TABLE {self.table.sql}")
        session.run(f"ALTER TABLE {new.sql} RENAME TO {quoted(self.table.name)}")

    def _recast(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = []
        for column in self.schema.columns:
            if column.name not in frame.columns:
                columns.append(pl.repeat(None, frame.height, dtype=column.polars, eager=True).alias(column.name))
                continue
            values = frame[column.name].cast(column.polars, strict=False)
            if values.null_count() > frame[column.name].null_count():
                wrong = frame[column.name].filter(values.is_null() & frame[column.name].is_not_null())[0]
                raise WarehouseError(
                    f"{self.table}.{column.name} holds '{wrong}', which is no {type_text(column.type)}",
                    code="staging-type",
                    where=self.schema.where,
                    hint="a column that holds values already can only get a type that has room for them",
                )
            columns.append(values)
        made = pl.DataFrame(columns)
        return made.with_columns(row_hash(made), *(frame[name] for name in META if name != "_hash"))


class Landing:
    """Where the rows of a load come down: the staging table itself while that is empty, else a temporary one.

    What all rows of a load have in common is a default of its columns.
    """

    def __init__(self, staging: Staging, session: Session, run: str, at: datetime) -> None:
        """The table is there (`Staging.conform`); `at` is the time of the extraction, in UTC."""
        self._staging, self._session, self._run, self._at = staging, session, run, at
        self.direct = not session.rows(f"SELECT 1 FROM {staging.table.sql} LIMIT 1")
        self.table = staging.table if self.direct else _LANDING
        self.place = session.dialect.place if self.direct and session.dialect.place else _PLACE
        self._rows = 0
        self._first = 0
        self._hashes = Repeats()
        self._keys = Repeats() if self._is_superseding or staging.in_order else None
        self._gone = pl.Series("place", dtype=pl.Int64)
        self._common = self._in_common()
        if not self.direct:
            kinds = session.dialect.kinds_of({**staging.polars, _PLACE: pl.Int64()})
            create(session, self.table, kinds, temporary=True)
        elif self.place == _PLACE:
            session.run(f"ALTER TABLE {self.table.sql} ADD COLUMN {_PLACE} {session.dialect.kind_of(pl.Int64())}")
        for name, value in self._common.items():
            session.run(f"ALTER TABLE {self.table.sql} ALTER COLUMN {name} SET DEFAULT {value}")

    @property
    def _is_superseding(self) -> bool:
        """Whether of rows of one key the last one stays."""
        staging = self._staging
        return bool(staging.source.mode == "snapshot" and staging.schema.key and not staging.schema.changed_at)

    def _in_common(self) -> dict[str, str]:
        """The values, in SQL, of the columns that are the same in all rows."""
        staging, at = self._staging, f"{INSTANT} '{self._at.isoformat(sep=' ')}'"
        said = {"_deleted": "FALSE", "_extracted_at": at, "_run_id": literal(self._run)}
        return said if staging.schema.changed_at or staging.in_order else {"_changed_at": at, **said}

    def append(self, rows: pl.DataFrame, parts: pl.Series) -> None:
        """Add clean rows, each of the part of that name."""
        frame = rows.drop(LINE)
        height = frame.height
        places = pl.int_range(self._rows, self._rows + height, eager=True).alias(_PLACE)
        hashes = row_hash(frame)
        self._hashes.add(hashes)
        if self._keys is not None:
            self._keys.add(row_hash(frame.select(self._staging.key)))
        own = [hashes, parts.alias("_source")]
        if "_changed_at" not in self._common:
            own.append(self._changed_at(frame, places))
        self._session.append(self.table, [frame.with_columns(*own, *((places,) if self.place == _PLACE else ()))])
        if height and not self._rows and self.place != _PLACE:
            ((self._first,),) = self._session.rows(f"SELECT min({self.place}) FROM {self.table.sql}")
        self._rows += height

    def _changed_at(self, frame: pl.DataFrame, places: pl.Series) -> pl.Series:
        """As the declared column says, else when it was read; changes that say nothing follow each other."""
        at = pl.repeat(self._at, frame.height, dtype=_INSTANT, eager=True)
        declared = self._staging.schema.changed_at
        if declared:
            said = frame[declared].cast(pl.Datetime("us"))
            said = said if said.dtype == _INSTANT else said.dt.replace_time_zone("UTC")
            return said.zip_with(said.is_not_null(), at).alias("_changed_at")
        return (at + places.cast(pl.Duration("us"))).alias("_changed_at")

    def without_duplicates(self) -> int:
        """Of rows that say the same the first one stays; how many go.

        Where their order is that of changes, another one of their key between them says otherwise, and both stay.
        """
        gone = self._hashes.found()
        if self._staging.in_order and self._keys is not None and gone.height:
            of_keys = self._keys.found().rename({"number": "key"}).join(gone, "place", "left", maintain_order="left")
            gone = of_keys.filter(pl.col("number") == pl.col("number").shift().over("key")).select("place", "number")
        else:
            gone = gone.filter(~pl.col("number").is_first_distinct())
        self._gone = gone["place"]
        if gone.is_empty():
            return 0
        place, table = quoted(self.place), self.table.sql
        with self._given(gone) as given:
            done = self._session.run(
                f"DELETE FROM {table} AS r USING {given} AS g WHERE r.{place} = g.place AND r._hash = g.number"
            )
        if done != gone.height:
            raise InternalError(f"{gone.height} rows of {self._staging.table} are duplicates, and {done} were found")
        return done

    def without_superseded(self) -> int:
        """Of rows of one key in a snapshot without a time of change the last one stays; how many go."""
        if self._keys is None or not self._is_superseding:
            return 0
        several = self._keys.found().filter(~pl.col("place").is_in(self._gone.implode()))
        several = several.filter(pl.col("number").is_duplicated())
        if several.is_empty():
            return 0
        session, names, place, table = self._session, listed(self._staging.key), quoted(self.place), self.table.sql
        with self._given(several) as given:  # their keys have the same hash: the database says whether they are equal
            session.run(
                f"CREATE TEMP TABLE {_SEVERAL.sql} AS SELECT {names}, {place} AS _own FROM {table}"
                f" WHERE {place} IN (SELECT place FROM {given})"
            )
            last = f"SELECT {names}, max(_own) AS _last FROM {_SEVERAL.sql} GROUP BY {names}"
            gone = session.run(
                f"DELETE FROM {table} WHERE {place} IN (SELECT r._own FROM {_SEVERAL.sql} AS r JOIN ({last}) AS d"
                f" ON {equal('r', 'd', self._staging.key)} AND r._own < d._last)"
            )
            session.run(f"DROP TABLE {_SEVERAL.sql}")
        return gone

    @contextmanager
    def _given(self, rows: pl.DataFrame) -> Iterator[str]:
        """A temporary table of rows with the place that each has got in the order of coming; its name in SQL."""
        given = Table("", "_given")
        kinds = self._session.dialect.kinds_of({"place": pl.Int64(), "number": pl.Int64()})
        create(self._session, given, kinds, temporary=True)
        self._session.append(given, [rows.with_columns(pl.col("place") + self._first)])
        yield given.sql
        self._session.run(f"DROP TABLE {given.sql}")

    def taken(self, places: pl.Series) -> pl.DataFrame:
        """Take rows out again: what they were, by their names in staging, in the order of their places."""
        gone = Table("", "_gone")
        create(self._session, gone, self._session.dialect.kinds_of({"place": pl.Int64()}), temporary=True)
        self._session.append(gone, [places.cast(pl.Int64).alias("place").to_frame()])
        names, place = listed(column.name for column in self._staging.schema.columns), quoted(self.place)
        found = self._session.frame(
            f"SELECT {names}, _source FROM {self.table.sql} WHERE {place} IN (SELECT place FROM {gone.sql})"
            f" ORDER BY {place}"
        )
        self._session.run(f"DELETE FROM {self.table.sql} WHERE {place} IN (SELECT place FROM {gone.sql})")
        self._session.run(f"DROP TABLE {gone.sql}")
        return found

    def count(self) -> int:
        return _count(self._session, self.table)

    def current(self) -> int:
        """Keys of the staging table that have not ended."""
        session, key, table = self._session, listed(self._staging.key), self._staging.table
        if self.direct:
            return 0
        latest = f"SELECT DISTINCT ON ({key}) _deleted FROM {table.sql} WHERE {{}} {self._newest_first}"
        told = f"SELECT count(*) FROM ({latest}) AS s WHERE NOT s._deleted"
        return sum(
            int(session.rows(told.format(slice_))[0][0]) for slice_ in _slices(session, table, self._staging.key)
        )

    def merge(self, aside: Aside | None, rows: int) -> Changes:
        """Add to the staging table what it has not of these `rows`, and, where `aside` is given, what has ended."""
        self._staging.indexed(self._session)
        if self.direct:
            return Changes(inserted=rows)
        session, key, table = self._session, listed(self._staging.key), self._staging.table
        latest = f"SELECT DISTINCT ON ({key}) {listed(self._known)} FROM {table.sql}"
        session.run(f"CREATE TEMP TABLE {_LATEST.sql} AS {latest} WHERE 1 = 0")
        for slice_ in _slices(session, table, self._staging.key):
            session.run(f"INSERT INTO {_LATEST.sql} {latest} WHERE {slice_} {self._newest_first}")
        inserted = self._insert_following() if self._staging.in_order else self._insert_new()
        deleted = 0 if aside is None else self._insert_ended(aside)
        session.run(f"DROP TABLE {_LATEST.sql}")
        return Changes(inserted=inserted, deleted=deleted)

    def drop(self) -> None:
        """What is temporary goes."""
        if not self.direct:
            self._session.run(f"DROP TABLE {self.table.sql}")
            return
        for name in self._common:
            self._session.run(f"ALTER TABLE {self.table.sql} ALTER COLUMN {name} DROP DEFAULT")
        if self.place == _PLACE:
            self._session.run(f"ALTER TABLE {self.table.sql} DROP COLUMN {_PLACE}")

    @property
    def _newest_first(self) -> str:
        return f"ORDER BY {listed(self._staging.key)}, _changed_at DESC, _deleted DESC, _hash DESC"

    @property
    def _known(self) -> list[str]:
        """What is to be known of the latest change of each key."""
        return list(dict.fromkeys((*self._staging.key, "_hash", "_changed_at", "_extracted_at", "_deleted")))

    def _insert_new(self) -> int:
        """Changes that are not there yet. The newest row of a key in a snapshot is what there is now, whatever it says
        of when it changed: where that is not after what is known, it has changed by now.
        """
        staging, snapshot = self._staging, self._staging.source.mode == "snapshot"
        names = list(staging.polars)
        differs = "(s._hash IS NULL OR s._hash <> l._hash OR s._deleted)"
        same = equal("t", "l", dict.fromkeys((*staging.key, "_hash")))
        known = f"EXISTS (SELECT 1 FROM {staging.table.sql} AS t WHERE {same})"
        newest = self._newest if staging.schema.changed_at else "TRUE"
        now = newest if snapshot else "s._deleted"  # what a change says of a key that had ended holds from now on too
        after = "GREATEST(l._extracted_at, s._changed_at + INTERVAL '1 microsecond')"
        late = f"({now} AND l._changed_at <= s._changed_at)"
        at = f"CASE WHEN {late} THEN {after} ELSE l._changed_at END"
        values = ", ".join(at if name == "_changed_at" else f"l.{quoted(name)}" for name in names)
        wanted = newest if snapshot else late
        return self._session.run(
            f"INSERT INTO {staging.table.sql} ({listed(names)}) SELECT {values} FROM {self.table.sql} AS l"
            f" LEFT JOIN {_LATEST.sql} AS s ON {equal('l', 's', staging.key)}"
            f" WHERE {differs} AND ({wanted} OR NOT {known})"
        )

    def _insert_following(self) -> int:
        """Changes of which their order alone says when they were: rows of a key after the last one that says what is
        known last of it, and all from the first one on that is not there yet. What comes before was loaded already.
        """
        session, staging = self._session, self._staging
        names, key = list(staging.polars), listed(staging.key, "l")
        same = equal("t", "l", (*staging.key, "_hash"))
        known = f"EXISTS (SELECT 1 FROM {staging.table.sql} AS t WHERE {same})"
        met = (
            f"SELECT {key}, min(CASE WHEN NOT {known} THEN l.{_PLACE} END) AS _new,"
            f" max(CASE WHEN l._hash = s._hash AND NOT s._deleted THEN l.{_PLACE} END) AS _last"
            f" FROM (SELECT * FROM {self.table.sql} WHERE {{}}) AS l"
            f" LEFT JOIN {_LATEST.sql} AS s ON {equal('l', 's', staging.key)} GROUP BY {key}"
        )
        session.run(f"CREATE TEMP TABLE {_MET.sql} AS {met.format('1 = 0')}")
        for slice_ in _slices(session, self.table, staging.key):
            session.run(f"INSERT INTO {_MET.sql} {met.format(slice_)}")
        inserted = session.run(
            f"INSERT INTO {staging.table.sql} ({listed(names)}) SELECT {listed(names, 'l')} FROM {self.table.sql} AS l"
            f" LEFT JOIN {_MET.sql} AS m ON {equal('l', 'm', staging.key)}"
            f" WHERE l.{_PLACE} > COALESCE(m._last, -1) OR l.{_PLACE} >= m._new"
        )
        session.run(f"DROP TABLE {_MET.sql}")
        return inserted

    @property
    def _newest(self) -> str:
        """That no other row of the key changed later, or as late with a larger hash.

        `_latest` and dimensions choose so too: by another rule a rerun would find a change.
        """
        later = "(n._changed_at > l._changed_at OR (n._changed_at = l._changed_at AND n._hash > l._hash))"
        return (
            f"NOT EXISTS (SELECT 1 FROM {self.table.sql} AS n WHERE {equal('n', 'l', self._staging.key)} AND {later})"
        )

    def _insert_ended(self, aside: Aside) -> int:
        """A change for each key that is there no more, with the values that it had."""
        staging = self._staging
        names = list(staging.polars)
        said = {
            "_changed_at": "GREATEST($1, s._changed_at)",
            "_deleted": "TRUE",
            "_extracted_at": "$1",
            "_run_id": "$2",
        }
        values = ", ".join(said.get(name, f"t.{quoted(name)}") for name in names)
        return self._session.run(
            f"INSERT INTO {staging.table.sql} ({listed(names)}) SELECT {values} FROM {_LATEST.sql} AS s"
            f" JOIN {staging.table.sql} AS t ON {equal('s', 't', self._known)}"
            f" WHERE NOT s._deleted AND NOT EXISTS (SELECT 1 FROM {self.table.sql} AS l WHERE"
            f" {equal('l', 's', staging.key)}) AND NOT EXISTS (SELECT 1 FROM {aside.table.sql} AS a WHERE"
            f" {equal('a', 's', staging.key)})",
            self._at,
            self._run,
        )


def _count(session: Session, table: Table) -> int:
    ((rows,),) = session.rows(f"SELECT count(*) FROM {table.sql}")
    return int(rows)


def _slices(session: Session, table: Table, columns: tuple[str, ...]) -> Iterator[str]:
    """Conditions that part a table's rows, equal columns together, so that each part can be grouped in memory."""
    slice_ = session.dialect.slice
    count = _count(session, table) // _SLICE + 1 if slice_ else 1
    if count == 1:
        yield "TRUE"
        return
    for number in range(count):
        yield f"{slice_.format(columns=listed(columns), count=count)} = {number}"


class Aside:
    """The keys of rows that were set aside: what is wrong is there all the same, and has not ended."""

    table = _ASIDE

    def __init__(self, staging: Staging, session: Session) -> None:
        self._key, self._session = staging.key, session
        kinds = session.dialect.kinds_of({name: staging.polars[name] for name in staging.key})
        create(session, self.table, kinds, temporary=True)
        self.unknown = 0
        """Rows whose key could not be read."""

    def add(self, keys: pl.DataFrame) -> None:
        known = keys.select(self._key).drop_nulls()
        self.unknown += keys.height - known.height
        self._session.append(self.table, [known.unique()])

    def drop(self) -> None:
        self._session.run(f"DROP TABLE {self.table.sql}")
