"""A dimension of type 2: each key's versions, with the time in which each was valid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.sql_text import quoted
from penstock.warehouse.database import INSTANT, Table
from penstock.warehouse.target import (
    Changes,
    conform,
    differing,
    index,
    listed,
    materialize,
    merge,
    missing_columns,
    narrowed,
    present,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.core.errors import ConfigError
    from penstock.warehouse.database import Session
    from penstock.warehouse.target import Origin

__all__ = ["KEY", "RESERVED", "UNKNOWN", "Dimension"]

KEY = "_key"
"""The column with the surrogate key."""

UNKNOWN = 0
"""The surrogate key of the member that stands for what is not known, or not yet."""

_TIME = pl.Datetime("us", "UTC")
_VALIDITY: dict[str, pl.DataType] = {"valid_from": _TIME, "valid_to": _TIME, "is_current": pl.Boolean()}
RESERVED = {KEY: pl.Int64(), **_VALIDITY}
"""Columns of its own."""

_BEGINNING = f"{INSTANT} '0001-01-01 00:00:00+00'"
_END = f"{INSTANT} '9999-12-31 00:00:00+00'"


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension as its file says it.

    Its table has `_key`, the natural key, the attributes, `valid_from` <= time < `valid_to`, and `is_current`. It is a
    function of the set of changes in staging, whatever the order in which they came: of changes of a key at the same
    moment a deletion counts, else that with the largest `_hash`; neighbours with equal attributes are one version; the
    surrogate key is made of the natural key and `valid_from`. Changes without a whole key make no version.

    `on_delete`: ``close`` ends the last version, ``keep`` overlooks deletions, ``remove`` takes away all versions from
    before it. `first`: ``dated``, the first version begins with the first change; ``open``, it holds for all before.
    """

    name: str
    staging: Table
    key: tuple[str, ...]
    attributes: tuple[str, ...]
    on_delete: str
    first: str
    origin: Origin

    @property
    def table(self) -> Table:
        return Table("warehouse", self.name)

    @property
    def touched(self) -> Table:
        """A temporary table of the keys whose versions the last merge of this transaction has changed."""
        return Table("", f"_touched_{self.name}")

    @property
    def columns(self) -> tuple[str, ...]:
        return (KEY, *self.key, *self.attributes, *_VALIDITY)

    def misfits(self, staged: Mapping[str, str]) -> Iterator[ConfigError]:
        """What does not fit a staging table of these columns and types."""
        wanted = {"key": self.key, "attributes": self.attributes}
        return missing_columns(staged, self.staging, wanted, self.origin)

    def merge(self, session: Session, run: str | None) -> Changes:
        """Bring the table up to the changes that came with `run`, or to all there are; it leaves `touched` behind.

        Raises ConfigError for a column that staging has not, WarehouseError.
        """
        made = self._conform(session)
        whole = present("s", self.key)
        fresh = f"SELECT DISTINCT {listed(self.key)} FROM {self.staging.sql} AS s WHERE _run_id = $1 AND {whole}"
        identity = (*self.key, "valid_from")
        made_of = {KEY: session.dialect.surrogate(*(f"c.{quoted(name)}" for name in identity))}
        with narrowed(session, self.table, self.key, fresh, None if made else run) as among:
            there = f"SELECT s.* FROM {self.table.sql} AS s{among} WHERE s.{quoted(KEY)} <> {UNKNOWN}"
            versions = self._versions(among, whole)
            with differing(session, self.table, versions, there, identity, self.columns, made_of) as delta:
                changes = merge(session, self.table, delta, (KEY,), self.columns)
                materialize(session, self.touched, f"SELECT DISTINCT {listed(self.key)} FROM {delta.sql}")
        if made:
            index(session, self.table, (KEY,), unique=True)
            index(session, self.table, (*self.key, "valid_from"))
        return changes

    def _conform(self, session: Session) -> bool:
        staged = session.columns(self.staging) or {}
        for error in self.misfits(staged):
            raise error
        kinds = session.dialect.kinds_of(RESERVED)
        made = conform(session, self.table, {name: kinds.get(name) or staged[name] for name in self.columns})
        if made:
            own = f"INSERT INTO {self.table.sql} ({listed(RESERVED)})"
            session.run(f"{own} VALUES ({UNKNOWN}, {_BEGINNING}, {_END}, TRUE)")
        return made

    def _versions(self, among: str, whole: str) -> str:
        """A query of the versions; `among` joins the keys they are wanted of, `whole` is that a key has no NULL."""
        own, key = (*self.key, *self.attributes), listed(self.key, "s")
        removed = f"max(CASE WHEN s._deleted THEN s._changed_at END) OVER (PARTITION BY {key})"
        chosen = (
            f"SELECT {listed(own, 's')}, s._changed_at AS valid_from, s._deleted,"
            f" row_number() OVER (PARTITION BY {key}, s._changed_at ORDER BY s._deleted DESC, s._hash DESC) AS _turn"
            + (f", {removed} AS _removed" if self.on_delete == "remove" else "")
            + f" FROM {self.staging.sql} AS s{among} WHERE {whole}"
            + (" AND NOT s._deleted" if self.on_delete == "keep" else "")
        )
        window = f"WINDOW w AS (PARTITION BY {listed(self.key)} ORDER BY valid_from)"
        unlike = " OR ".join(
            f"{quoted(name)} IS DISTINCT FROM lag({quoted(name)}) OVER w" for name in ("_deleted", *self.attributes)
        )
        moments = (
            f"SELECT {listed(own)}, valid_from, _deleted, {unlike} AS _unlike FROM ({chosen}) AS chosen WHERE _turn = 1"
            + (" AND (_removed IS NULL OR valid_from > _removed)" if self.on_delete == "remove" else "")
            + f" {window}"
        )
        first = f"CASE WHEN lag(valid_from) OVER w IS NULL THEN {_BEGINNING} ELSE valid_from END"
        spans = (
            f"SELECT {listed(own)}, _deleted, {'valid_from' if self.first == 'dated' else first} AS valid_from,"
            f" lead(valid_from) OVER w AS _next FROM ({moments}) AS moments WHERE _unlike {window}"
        )
        return (
            f"SELECT {listed(own)}, valid_from, COALESCE(_next, {_END}) AS valid_to,"
            f" _next IS NULL AS is_current FROM ({spans}) AS spans WHERE NOT _deleted"
        )
