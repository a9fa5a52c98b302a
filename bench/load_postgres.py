"""CSV into PostgreSQL, cleaned and checked by ten rules, against COPY alone; a dimension's merge against one by hand.

CPU seconds are those of this process and of the server together.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from tests.postgres import PostgresServer, postgres_server

from bench.load import load_orders, write_orders
from bench.table import Target
from penstock.warehouse import Table, migrate
from penstock.warehouse.model import model_of
from penstock.warehouse.postgres import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.__main__ import Bench
    from penstock.warehouse import Session

__all__ = ["measure"]

_STAGING = Table("staging", "customers")
_MODEL = model_of(
    {"customer": 'kind = "dimension"\nfrom = "staging.customers"\nkey = ["id"]\nattributes = ["name", "city"]'}
)
_BY_HAND = """
MERGE INTO warehouse.by_hand AS t USING (
  SELECT s.id AS found, s.* FROM staging.customers AS s WHERE _run_id = 'second'
  UNION ALL
  SELECT NULL, s.* FROM staging.customers AS s JOIN warehouse.by_hand AS d ON d.id = s.id AND d.is_current
  WHERE s._run_id = 'second' AND (d.name, d.city) IS DISTINCT FROM (s.name, s.city)
) AS c ON t.id = c.found AND t.is_current
WHEN MATCHED AND (t.name, t.city) IS DISTINCT FROM (c.name, c.city)
  THEN UPDATE SET valid_to = c._changed_at, is_current = FALSE
WHEN NOT MATCHED THEN INSERT (_key, id, name, city, valid_from, valid_to, is_current) VALUES (
  hashtextextended(c.id || ' ' || c._changed_at, 0), c.id, c.name, c.city, c._changed_at,
  TIMESTAMPTZ '9999-12-31 00:00:00+00', TRUE)
"""
_SIZE = """
SELECT count(*), (SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders') FROM staging.orders
"""
_SAME = "SELECT id, name, city, valid_from, valid_to, is_current FROM warehouse."


@dataclass(frozen=True, slots=True)
class _Spent:
    seconds: float
    cpu: float


def measure(bench: Bench) -> None:
    with postgres_server() as server:
        _copies(bench, server)
        _merges(bench, server)


def _copies(bench: Bench, server: PostgresServer) -> None:
    report, count = bench.report, 100_000 if bench.quick else 2_000_000
    report.title(f"CSV of {count:,} rows and 12 columns, cleaned and checked by 10 rules, into PostgreSQL by TLS")
    write_orders(bench.folder, count)
    loads, copies = [], []
    for _ in range(3):
        database = PostgresDatabase(server.address(server.database()), kept=1)
        loads.append(_spent(server, lambda into=database: load_orders(bench.folder, into)))  # type: ignore[misc]
        with database.transaction() as session:
            ((rows, columns),) = session.rows(_SIZE)
            session.run("CREATE TABLE alone AS SELECT * FROM staging.orders LIMIT 0")
        pieces = _as_csv(database)
        copies.append(_spent(server, lambda into=database, sent=pieces: _copy(into, sent)))  # type: ignore[misc]
        database.close()
    report.note(f"both come to {rows:,} rows of {columns} columns; COPY has them as CSV that is clean already,")
    report.note("and neither checks them, nor looks for duplicates, nor makes what finds a row by its key")
    report.figure("by a load", [count / one.seconds / 1e6 for one in loads], "M rows/s")
    report.figure("by COPY alone", [rows / one.seconds / 1e6 for one in copies], "M rows/s")
    by_time = [b.seconds / a.seconds for a, b in zip(loads, copies, strict=True)]
    report.figure("a load against COPY alone", by_time, "x", Target(0.5, 0.8))
    report.figure("the same by CPU seconds", [b.cpu / a.cpu for a, b in zip(loads, copies, strict=True)], "x")


def _as_csv(database: PostgresDatabase) -> list[bytes]:
    """What a load has come to, in pieces of some MB."""
    import psycopg

    with (
        psycopg.connect("", **database.address.parameters()) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY staging.orders TO STDOUT (FORMAT csv)") as copy,
    ):
        rows = iter(copy)
        return list(iter(lambda: b"".join(islice(rows, 32_768)), b""))


def _copy(database: PostgresDatabase, pieces: list[bytes]) -> None:
    import psycopg

    with (
        psycopg.connect("", **database.address.parameters()) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY alone FROM STDIN (FORMAT csv)") as copy,
    ):
        for piece in pieces:
            copy.write(piece)


def _merges(bench: Bench, server: PostgresServer) -> None:
    report, count = bench.report, 20_000 if bench.quick else 500_000
    report.title(f"A dimension of {count:,} keys, of which a tenth has changed, in PostgreSQL")
    ours, theirs = [], []
    for _ in range(3):
        database = PostgresDatabase(server.address(server.database()), kept=1)
        migrate(database)
        with database.transaction() as session:
            _deliver(session, count, "first")
            _MODEL.merge(session, _STAGING, "first")
            session.run("CREATE TABLE warehouse.by_hand AS SELECT * FROM warehouse.customer")
            session.run("CREATE UNIQUE INDEX ON warehouse.by_hand (_key)")
            session.run("CREATE INDEX ON warehouse.by_hand (id, valid_from)")
            _deliver(session, count // 10, "second")
        with server.admin(database.address.parameters()["dbname"]) as admin:
            admin.execute("VACUUM ANALYZE")
        theirs.append(_spent(server, lambda into=database: _by_hand(into)))  # type: ignore[misc]
        ours.append(_spent(server, lambda into=database: _merge(into)))  # type: ignore[misc]
        with database.transaction() as session:
            different = session.rows(f"({_SAME}by_hand EXCEPT {_SAME}customer) LIMIT 1")
            assert not different, different
        database.close()
    report.figure("by the model", [one.seconds for one in ours], "s")
    report.figure("by hand", [one.seconds for one in theirs], "s")
    by_time = [b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True)]
    report.figure("the model against a MERGE by hand", by_time, "x", Target(0.7, 0.9))
    report.figure("the same by CPU seconds", [b.cpu / a.cpu for a, b in zip(ours, theirs, strict=True)], "x")


def _deliver(session: Session, count: int, run: str) -> None:
    if session.columns(_STAGING) is None:
        session.run(
            f"CREATE TABLE {_STAGING.sql} (id BIGINT, name TEXT, city TEXT, _hash BIGINT, _changed_at TIMESTAMPTZ,"
            " _deleted BOOLEAN, _run_id TEXT)"
        )
        session.run(f"CREATE INDEX ON {_STAGING.sql} (id)")
    number = pl.int_range(count, eager=True) * (1 if run == "first" else 10)
    at = pl.lit("2026-01-01" if run == "first" else "2026-01-02").str.to_datetime(time_unit="us", time_zone="UTC")
    frame = pl.DataFrame({"id": number}).select(
        "id", pl.format("name {} {}", "id", pl.lit(run)).alias("name"),
        pl.format("city {}", pl.col("id") % 500).alias("city"),
        pl.col("id").hash().reinterpret(signed=True).alias("_hash"), at.alias("_changed_at"),
        pl.lit(False).alias("_deleted"), pl.lit(run).alias("_run_id"),
    )  # fmt: skip
    session.append(_STAGING, [frame])


def _merge(database: PostgresDatabase) -> None:
    with database.transaction() as session:
        _MODEL.merge(session, _STAGING, "second")


def _by_hand(database: PostgresDatabase) -> None:
    with database.transaction() as session:
        session.run(_BY_HAND)


def _spent(server: PostgresServer, work: Callable[[], object]) -> _Spent:
    began, cpu = time.perf_counter(), time.process_time() + _served(server)
    work()
    return _Spent(time.perf_counter() - began, time.process_time() + _served(server) - cpu)


def _served(server: PostgresServer) -> float:
    """CPU seconds of a server, those of its processes that have ended too."""
    assert server.process is not None
    ticks, parent = 0, server.process.pid
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(path.parent.name) == parent:
            ticks += sum(map(int, told[11:15]))
        elif int(told[1]) == parent:
            ticks += sum(map(int, told[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")
