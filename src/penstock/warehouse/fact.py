"""A fact: each key's latest change, with the surrogate keys of the versions that were valid at its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import ConfigError
from penstock.core.sql_text import quoted
from penstock.warehouse.database import INSTANT, Table
from penstock.warehouse.dimension import KEY, UNKNOWN
from penstock.warehouse.target import (
    Changes,
    conform,
    differing,
    index,
    listed,
    merge,
    missing_columns,
    narrowed,
    present,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from penstock.warehouse.database import Session
    from penstock.warehouse.dimension import Dimension
    from penstock.warehouse.target import Origin

__all__ = ["Fact", "Reference"]

_HASH = "_hash"


@dataclass(frozen=True, slots=True)
class Reference:
    """That a fact points to a dimension: `key` are the fact's columns with the natural key, in its order."""

    name: str
    dimension: Dimension
    key: tuple[str, ...]

    @property
    def column(self) -> str:
        """The fact's column with the surrogate key."""
        return f"{self.name}_key"

    def points(self, fact: str, version: str) -> str:
        """That a row of the fact has the natural key of a row of the dimension, in SQL."""
        pairs = zip(self.dimension.key, self.key, strict=True)
        return " AND ".join(f"{version}.{quoted(its)} = {fact}.{quoted(own)}" for its, own in pairs)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as its file says it.

    Its table has the key (without one: `_hash`, each change is a fact of its own), the time, the natural keys of its
    dimensions, the measures, and a surrogate key for each dimension: that of the version valid at its time, else of
    the unknown member. It is a function of the set of changes in staging and of its dimensions. Changes without a whole
    key make no fact. `on_delete`: ``keep`` overlooks deletions, ``remove`` takes the fact away.
    """

    name: str
    staging: Table
    key: tuple[str, ...]
    time: str
    measures: tuple[str, ...]
    references: tuple[Reference, ...]
    on_delete: str
    origin: Origin

    @property
    def table(self) -> Table:
        return Table("warehouse", self.name)

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that tell facts apart."""
        return self.key or (_HASH,)

    @property
    def staged(self) -> tuple[str, ...]:
        """The columns that it has from staging."""
        natural = (name for reference in self.references for name in reference.key)
        return tuple(dict.fromkeys((*self.identity, self.time, *natural, *self.measures)))

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.staged, *(reference.column for reference in self.references))

    def misfits(self, staged: Mapping[str, str]) -> Iterator[ConfigError]:
        """What does not fit a staging table of these columns and types."""
        wanted = {"key": self.key, "time": (self.time,), "measures": self.measures}
        wanted |= {f"dimensions.{reference.name}": reference.key for reference in self.references}
        yield from missing_columns(staged, self.staging, wanted, self.origin)
        kind = staged.get(self.time)
        if kind is not None and not kind.startswith(("DATE", "TIMESTAMP")):
            yield ConfigError(
                f"its time '{self.time}' is {kind} in {self.staging}, allowed are a date and a timestamp",
                code="target-time",
                where=self.origin.where("time"),
            )

    def merge(self, session: Session, run: str | None, touched: Collection[str]) -> Changes:
        """Bring the table up to the changes that came with `run`, and to what was changed in the dimensions `touched`.

        Without a run: to all there are. Raises ConfigError for a column that staging has not, or that does not fit its
        dimension's; WarehouseError.
        """
        known = {reference.name: session.columns(reference.dimension.table) for reference in self.references}
        made = self._conform(session, known)
        with narrowed(session, self.table, self.identity, self._touched(touched), None if made else run) as among:
            there = f"SELECT s.* FROM {self.table.sql} AS s{among}"
            rows = self._rows(among, [r for r in self.references if known[r.name]])
            with differing(session, self.table, rows, there, self.identity, self.columns) as delta:
                changes = merge(session, self.table, delta, self.identity, self.columns)
        if made:
            index(session, self.table, self.identity, unique=True)
            for reference in self.references:
                index(session, self.table, reference.key)
        return changes

    def _conform(self, session: Session, known: Mapping[str, Mapping[str, str] | None]) -> bool:
        staged = session.columns(self.staging) or {}
        for error in self.misfits(staged):
            raise error
        for reference in self.references:
            for own, its in zip(reference.key, reference.dimension.key, strict=True):
                other = (known[reference.name] or {}).get(its, staged[own])
                if _family(session, staged[own]) != _family(session, other):
                    raise ConfigError(
                        f"'{own}' is {staged[own]} in {self.staging}, and"
                        f" '{its}' of {reference.dimension.table} is {other}",
                        code="target-reference",
                        where=self.origin.where(f"dimensions.{reference.name}"),
                        hint="give both the same type in schemas/",
                    )
        number = session.dialect.kind_of(pl.Int64())
        return conform(session, self.table, {name: staged.get(name, number) for name in self.columns})

    def _touched(self, touched: Collection[str]) -> str:
        """The keys of facts that came with the run $1, and of those that point to what has changed."""
        whole = present("s", self.identity)
        keys = [f"SELECT {listed(self.identity, 's')} FROM {self.staging.sql} AS s WHERE s._run_id = $1 AND {whole}"]
        for reference in self.references:
            if reference.dimension.name in touched:
                changed = (
                    f"{self.table.sql} AS f JOIN {reference.dimension.touched.sql} AS d ON {reference.points('f', 'd')}"
                )
                keys.append(f"SELECT {listed(self.identity, 'f')} FROM {changed}")
        return " UNION ".join(keys)

    def _rows(self, among: str, known: Collection[Reference]) -> str:
        """A query of the facts; `among` joins the keys they are wanted of, `known` are the dimensions there are."""
        latest = (
            f"SELECT {listed(self.staged, 's')}, s._deleted, row_number() OVER (PARTITION BY"
            f" {listed(self.identity, 's')} ORDER BY s._changed_at DESC, s._deleted DESC, s._hash DESC) AS _turn"
            f" FROM {self.staging.sql} AS s{among} WHERE {present('s', self.identity)}"
            + (" AND NOT s._deleted" if self.on_delete == "keep" else "")
        )
        found, joins = [], []
        for n, reference in enumerate(self.references):
            if reference not in known:
                found.append(f"CAST({UNKNOWN} AS BIGINT) AS {quoted(reference.column)}")
                continue
            time = f"CAST(f.{quoted(self.time)} AS {INSTANT})"
            found.append(f"COALESCE(d{n}.{quoted(KEY)}, {UNKNOWN}) AS {quoted(reference.column)}")
            joins.append(
                f" LEFT JOIN {reference.dimension.table.sql} AS d{n}"
                f" ON {reference.points('f', f'd{n}')} AND {time} >= d{n}.valid_from AND {time} < d{n}.valid_to"
            )
        columns = ", ".join([listed(self.staged, "f"), *found])
        return f"SELECT {columns} FROM ({latest}) AS f{''.join(joins)} WHERE f._turn = 1 AND NOT f._deleted"


def _family(session: Session, kind: str) -> str:
    """Types whose values can be equal are one."""
    dialect = session.dialect
    numbers = {dialect.kind_of(number()) for number in (pl.Int8, pl.Int16, pl.Int32, pl.Int64)}
    return "whole numbers" if kind in numbers else kind
