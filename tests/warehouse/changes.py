"""Changes for staging tables, and what a warehouse has to make of them, computed row by row in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.warehouse import Table
from penstock.warehouse.model import model_of
from penstock.warehouse.target import create as create_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.warehouse import Database, Session
    from penstock.warehouse.model import Model
    from penstock.warehouse.target import Changes

CUSTOMERS, SALES = Table("staging", "customers"), Table("staging", "sales")
DIMENSION = """
kind = "dimension"
from = "staging.customers"
key = ["id"]
attributes = ["name", "city"]
"""
FACT = """
kind = "fact"
from = "staging.sales"
key = ["sale"]
time = "sold"
measures = ["amount"]
[dimensions.customer]
dimension = "customers"
key = ["id"]
"""
BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_SAID = {"id": pl.Int64(), "name": pl.String(), "city": pl.String()}
_SOLD = {"sale": pl.Int64(), "id": pl.Int64(), "sold": pl.Datetime("us"), "amount": pl.Float64()}
_OWN = {"_hash": pl.Int64(), "_changed_at": pl.Datetime("us", "UTC"), "_deleted": pl.Boolean(), "_run_id": pl.String()}


@dataclass(frozen=True)
class Change:
    """A row of staging: what it says, and the half day since 2026 in which that came about."""

    said: tuple[Any, ...]
    moment: int
    deleted: bool = False

    @property
    def hash(self) -> int:
        return hash((self.said, self.moment, self.deleted)) >> 4


def at(moment: int) -> datetime:
    """A half day since 2026, with a fraction of a second."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=12 * moment, milliseconds=moment % 3 * 500)


def model(dimension: str = "", fact: str = "") -> Model:
    """The model of customers and sales, with further lines in its files."""
    return model_of({"customers": DIMENSION + dimension, "sales": FACT.replace("[dim", f"{fact}\n[dim")})


def create(session: Session) -> None:
    """The two staging tables."""
    for table, columns in ((CUSTOMERS, _SAID), (SALES, _SOLD)):
        create_table(session, table, session.dialect.kinds_of(columns | _OWN))


def load(database: Database, what: Model, staging: Table, changes: Sequence[Change], run: str) -> dict[str, Changes]:
    """Put changes into a staging table and bring the warehouse up to them, in one transaction."""
    columns = (_SAID if staging == CUSTOMERS else _SOLD) | _OWN
    rows = [(*c.said, c.hash, at(c.moment), c.deleted, run) for c in changes]
    with database.transaction() as session:
        session.lock(str(staging))
        session.append(staging, [pl.DataFrame(rows, columns, orient="row")])
        return what.merge(session, staging, run)


def table(database: Database, name: str) -> list[tuple[Any, ...]]:
    """The rows of customers or sales in the warehouse, in order; surrogate keys as the versions that they are of."""
    columns = "*" if name == "sales" else "_key, id, name, city, valid_from, valid_to, is_current"
    with database.transaction() as session:
        found = session.frame(f"SELECT {columns} FROM warehouse.{name}")
        keys = session.frame("SELECT _key, id, valid_from FROM warehouse.customers")
    versions = {key: (identity, start) for key, identity, start in keys.rows()}
    assert len(versions) == len(keys)
    renamed = found.with_columns(pl.col("_key" if name == "customers" else "customer_key").alias("version"))
    rows = renamed.select(pl.exclude("_key", "customer_key")).rows()
    return sorted(((*row[:-1], versions[row[-1]]) for row in rows), key=repr)


def expected_customers(
    changes: Iterable[Change], on_delete: str = "close", first: str = "dated"
) -> list[tuple[Any, ...]]:
    """The rows of the dimension, as `table` gives them."""
    found: list[tuple[Any, ...]] = [(None, None, None, BEGINNING, END, True, (None, BEGINNING))]
    by_key: dict[int, list[Change]] = {}
    for change in changes:
        if change.said[0] is not None and not (change.deleted and on_delete == "keep"):
            by_key.setdefault(change.said[0], []).append(change)
    for key, its in by_key.items():
        last: dict[int, Change] = {}
        for change in sorted(its, key=lambda c: (c.moment, c.deleted, c.hash)):
            last[change.moment] = change
        steps = sorted(last.values(), key=lambda c: c.moment)
        if on_delete == "remove":
            gone = max((c.moment for c in steps if c.deleted), default=-1)
            steps = [c for c in steps if c.moment > gone]
        spans: list[Change] = []
        for change in steps:
            if not spans or (spans[-1].deleted, spans[-1].said[1:]) != (change.deleted, change.said[1:]):
                spans.append(change)
        for n, change in enumerate(spans):
            start = BEGINNING if first == "open" and n == 0 else at(change.moment)
            end = at(spans[n + 1].moment) if n + 1 < len(spans) else END
            if not change.deleted:
                found.append((*change.said, start, end, end == END, (key, start)))
    return sorted(found, key=repr)


def expected_sales(changes: Iterable[Change], customers: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of the fact, as `table` gives them, given those of the dimension."""
    last: dict[int, Change] = {}
    for change in sorted(changes, key=lambda c: (c.moment, c.deleted, c.hash)):
        last[change.said[0]] = change
    found = []
    for change in last.values():
        sale, key, sold, amount = change.said
        version = [
            (i, start) for i, _, _, start, end, *_ in customers
            if i is not None and i == key and sold is not None and start <= sold.replace(tzinfo=UTC) < end
        ]  # fmt: skip
        if not change.deleted:
            found.append((sale, sold, key, amount, version[0] if version else (None, BEGINNING)))
    return sorted(found, key=repr)
