"""The warehouse in a real PostgreSQL: how it is reached, what comes back, and what happens when one of both ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from decimal import Decimal
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core.errors import WarehouseError
from penstock.warehouse import MIGRATIONS, Table, migrate
from penstock.warehouse.model import Model
from penstock.warehouse.postgres import PostgresDatabase
from penstock.warehouse.target import create
from tests.certificates import Authority
from tests.parts import until
from tests.warehouse.loads import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.warehouse import Session
    from penstock.warehouse.target import Changes
    from tests.postgres import PostgresServer

pytestmark = pytest.mark.real

KINDS = Table("staging", "kinds")
ROWS = pl.DataFrame(
    {
        "id": pl.Series([1, 2, 3], dtype=pl.Int64),
        "tiny": pl.Series([-1, None, 3], dtype=pl.Int16),
        "small": pl.Series([1, None, 3], dtype=pl.Int32),
        "share": [0.1, None, float("nan")],
        "far": [float("inf"), None, 1e300],
        "half": pl.Series([0.5, None, 1.5], dtype=pl.Float32),
        "price": pl.Series([Decimal("1.50"), None, Decimal("-9999999999999999.99")], dtype=pl.Decimal(18, 2)),
        "large": pl.Series([Decimal("9" * 38), None, Decimal(-10_000)], dtype=pl.Decimal(38, 0)),
        "fraction": pl.Series([Decimal("-0.00001"), None, Decimal("0.99999")], dtype=pl.Decimal(5, 5)),
        "long": pl.Series(
            [Decimal("-1e-20"), None, Decimal("98765432109876543." + "0" * 19 + "1")], dtype=pl.Decimal(38, 20)
        ),
        "fine": [True, None, False],
        'a "name"': ["", None, 'x"y,\n\\.\n\t\\N é😀'],
        "raw": [b"\x00\xff", None, b""],
        "day": [date(2026, 3, 29), None, date(1, 1, 1)],
        "clock": [time(1, 2, 3, 4), None, time(23, 59, 59)],
        "local": pl.Series(["2026-03-29 02:30:00", None, "9999-12-31 00:00:00"]).str.to_datetime(),
        "at": pl.Series([datetime(2026, 3, 29, 1, 30, 0, 5, tzinfo=UTC), None, None], dtype=pl.Datetime("us", "UTC")),
    }
)


@pytest.fixture
def database(server: PostgresServer) -> Iterator[PostgresDatabase]:
    found = PostgresDatabase(server.address(server.database()), kept=1)
    migrate(found)
    yield found
    found.close()


def test_what_is_appended_comes_back_with_its_types(database: PostgresDatabase) -> None:
    with database.transaction() as session:
        create(session, KINDS, session.dialect.kinds_of(ROWS.schema))
        assert session.columns(Table("staging", "none")) is None
        assert session.append(KINDS, []) == 0
        assert session.append(KINDS, [ROWS.head(1), ROWS.tail(2).select(reversed(ROWS.columns))]) == 3
        assert session.columns(KINDS) == session.dialect.kinds_of(ROWS.schema)
        assert session.frame(f"SELECT * FROM {KINDS.sql} WHERE id < $1 AND '$2' <> $2 ORDER BY id", 9, "a'").equals(
            ROWS
        )
        assert session.rows(f"SELECT id FROM {KINDS.sql} WHERE fine = $1", True) == [(1,)]
        assert session.run(f"UPDATE {KINDS.sql} SET small = $1 WHERE id < $2", 7, 3) == 2
        doubled = session.scan(KINDS, ["id"])
        assert session.append(KINDS, (frame.with_columns(pl.col("id") + 3) for frame in doubled)) == 3
        assert session.run(f"DELETE FROM {KINDS.sql} WHERE id > 3") == 3
        session.run(f"CREATE VIEW staging.seen AS SELECT id FROM {KINDS.sql}")
    with database.snapshot(10) as session:
        assert pl.concat(session.scan(KINDS, ["id", "small"])).sort("id").rows() == [(1, 7), (2, 7), (3, 3)]
        several = [session.scan(Table("", "_targets"), ["name"]), session.scan(Table("staging", "seen"), ["id"])]
        assert [[frame.height for frame in frames] for frames in several] == [[0], [3]]
        big = session.frame("SELECT n, repeat('x', 50) AS x FROM generate_series(1, 9) AS n")
        assert big.sum()["n"].item() == 45
        with pytest.raises(WarehouseError, match="cannot execute DELETE in a read-only transaction"):
            session.run(f"DELETE FROM {KINDS.sql}")


def test_a_statement_that_fails_says_where_and_takes_all_back(database: PostgresDatabase) -> None:
    with pytest.raises(WarehouseError) as caught, database.transaction() as session:
        session.run("CREATE TABLE staging.t (a TEXT)")
        session.append(Table("staging", "t"), [pl.DataFrame({"a": ["fine", "a\0b"]})])
    assert str(caught.value) == (
        'invalid byte sequence for encoding "UTF8": 0x00\nCOPY t, line 2, column a\n'
        f"the warehouse ({database.address})\n"
        "hint: PostgreSQL keeps no NUL character in a text: let cleaning take it out"
    )
    with database.transaction() as session:
        assert session.columns(Table("staging", "t")) is None


def test_each_way_of_trust_asks_for_what_it_says(server: PostgresServer, tmp_path: Path) -> None:
    name, other = server.database(), Authority(tmp_path).certificate
    by_number = server.url(name, host="127.0.0.1")
    good: list[dict[str, Any]] = [
        {},
        {"tls": "verify-ca", "url": by_number},
        {"tls": "require", "url": by_number, "ca": None},
    ]
    for said in good:
        database = PostgresDatabase(server.address(name, **said), kept=1)
        with database.transaction() as session:
            assert session.rows("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [
                (True, "TLSv1.3")
            ]
        database.close()
    trusted = "its certificate was not signed by the authority that is trusted here\nhint: ca names the file with"
    for said, message in (
        ({"url": by_number}, "its certificate is for another name\nhint: name the host in the url as the certificate"),
        ({"ca": other}, trusted),
        ({"tls": "verify-ca", "ca": other}, trusted),
        ({"ca": None}, trusted),
        ({"tls": "off"}, "it lets this user or machine in by no rule\nhint: see its pg_hba.conf"),
        ({"password": "wrong"}, "user or password is wrong\nhint: look at the variable that has the password"),
        (
            {"password": ""},
            'it wants a password, and none was given\nhint: password = "${NAME}", the variable that has it',
        ),
        ({"url": server.url("none")}, "it has no such database\nhint: createdb makes one"),
        ({"url": server.url(name, host="nowhere.invalid")}, "no machine has that name\nhint: look at the url"),
        ({"url": f"postgresql://u@localhost:{_closed()}/d"}, "nothing listens there\nhint: is it running, and on that"),
    ):
        with pytest.raises(WarehouseError) as caught:
            PostgresDatabase(server.address(name, **said))
        assert f"cannot be used: {message}" in str(caught.value)
        assert "wrong" not in str(caught.value.message).partition("cannot be used")[0]


def _closed() -> int:
    """A port that nobody listens on."""
    return 1


def test_a_load_alone_has_more_memory_than_the_server_gives_all(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "SELECT current_setting('work_mem'), current_setting('maintenance_work_mem')"
    seen = []

    class Looks(Model):
        def merge(self, session: Session, *_: object) -> dict[str, Changes]:
            seen.extend(session.rows(asked))
            return {}

    address = server.address(server.database())
    monkeypatch.setattr(Shop, "opened", staticmethod(lambda _: PostgresDatabase(address, kept=1)))
    shop = Shop(tmp_path, '[columns.id]\ntype = "BIGINT"\n', model=Looks())
    shop.deliver("id\n1\n")
    shop.load("one")
    assert seen == [("64MB", "256MB")]
    assert shop.rows(asked) == [("4MB", "64MB")]
    shop.database.close()


def test_two_that_migrate_at_once_do_it_once(server: PostgresServer) -> None:
    databases = [PostgresDatabase(server.address(server.database()), kept=1)] * 2
    at_once = Barrier(2)

    def both(database: PostgresDatabase) -> int:
        at_once.wait()
        return migrate(database)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(both, databases)) == [len(MIGRATIONS)] * 2
    with databases[0].transaction() as session:
        assert session.rows("SELECT count(*) FROM _migrations") == [(len(MIGRATIONS),)]
        session.run("INSERT INTO _migrations VALUES (99)")
    with pytest.raises(
        WarehouseError, match=f"the warehouse has version 99, this Penstock knows up to {len(MIGRATIONS)}"
    ):
        migrate(databases[0])
    databases[0].close()


def test_transactions_wait_where_all_connections_are_in_use(server: PostgresServer) -> None:
    database = PostgresDatabase(server.address(server.database()), kept=1, overflow=1)
    first, go_on = Barrier(3), Event()

    def holds(_: int) -> None:
        with database.transaction() as session:
            session.rows("SELECT 1")
            first.wait()
            go_on.wait()

    def waits() -> list[tuple[Any, ...]]:
        with database.transaction() as session:
            return session.rows("SELECT 2")

    with ThreadPoolExecutor(3) as threads:
        held = threads.map(holds, range(2))
        first.wait()
        third = threads.submit(waits)
        until(lambda: database.use.waiting, "nobody waits")
        assert (database.use.used, database.use.most) == (2, 2)
        go_on.set()
        assert third.result() == [(2,)]
        assert list(held) == [None, None]
    database.close()
    with pytest.raises(WarehouseError, match="is closed"), database.transaction():
        pass
