"""The warehouse in a file of DuckDB."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.errors import WarehouseError
from penstock.warehouse import DuckDatabase, Table, migrate
from penstock.warehouse.target import create

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = pl.DataFrame(
    {
        "id": pl.Series([1, 2], dtype=pl.Int64),
        "small": pl.Series([1, None], dtype=pl.Int32),
        "share": [0.5, None],
        "price": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(18, 2)),
        "fine": [True, None],
        'a "name"': ["x", None],
        "day": [date(2026, 3, 29), None],
        "local": pl.Series(["2026-03-29 02:30:00", None]).str.to_datetime(),
        "at": pl.Series([datetime(2026, 3, 29, 1, 30, tzinfo=UTC), None], dtype=pl.Datetime("us", "UTC")),
    }
)
THERE = Table("staging", "kinds")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DuckDatabase]:
    found = DuckDatabase(tmp_path / "warehouse.duckdb", threads=1)
    yield found
    found.close()


def _create(database: DuckDatabase) -> None:
    with database.transaction() as session:
        session.run("CREATE SCHEMA staging")
        create(session, THERE, session.dialect.kinds_of(ROWS.schema))


def test_what_is_appended_comes_back_with_its_types(database: DuckDatabase) -> None:
    _create(database)
    with database.transaction() as session:
        assert session.append(THERE, [ROWS.head(1), ROWS.tail(1).select(reversed(ROWS.columns))]) == 2
        assert session.columns(THERE) == session.dialect.kinds_of(ROWS.schema)
        assert session.columns(Table("staging", "none")) is None
        back = session.frame(f"SELECT * FROM {THERE.sql} ORDER BY id").with_columns(
            pl.col("at").dt.convert_time_zone("UTC")
        )
        assert back.equals(ROWS)
        assert session.rows(f"SELECT id FROM {THERE.sql} WHERE fine = $1", True) == [(1,)]
        assert session.run(f"UPDATE {THERE.sql} SET small = $1 WHERE id < $2", 7, 5) == 2


def test_frames_are_let_go_while_the_transaction_goes_on(database: DuckDatabase) -> None:
    _create(database)
    frames = (ROWS.head(1) for _ in range(3))
    seen: list[weakref.ref[pl.DataFrame]] = []

    def watched() -> Iterator[pl.DataFrame]:
        for frame in frames:
            seen.append(weakref.ref(frame))
            yield frame

    with database.transaction() as session:
        assert session.append(THERE, watched()) == 3
        gc.collect()
        assert [one() for one in seen[:-1]] == [None, None]


def test_an_exception_takes_everything_back(database: DuckDatabase) -> None:
    _create(database)
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        session.append(THERE, [ROWS])
        raise ZeroDivisionError
    with database.transaction() as session:
        assert session.rows(f"SELECT count(*) FROM {THERE.sql}") == [(0,)]


def test_a_statement_that_fails_says_where(database: DuckDatabase) -> None:
    wrong = pytest.raises(WarehouseError, match="Table with name nothing does not exist")
    with wrong as caught, database.transaction() as session:
        session.rows("SELECT * FROM nothing")
    assert caught.value.where == "the warehouse (DuckDB)"


def test_a_surrogate_is_a_function_of_its_terms(database: DuckDatabase) -> None:
    with database.transaction() as session:
        numbers = [
            session.rows(f"SELECT {session.dialect.surrogate(*terms)}")[0][0]
            for terms in (("1", "'a'"), ("'1'", "'a'"), ("'1a'",), ("1", "NULL"), ("1", "'-'"))
        ]
    assert numbers[0] == numbers[1] == 0x62CAAD3D87CA6D8  # md5 of "1:11:a": each with its length
    assert len(set(numbers)) == 4
    assert all(0 <= n < 1 << 60 for n in numbers)


def test_one_process_at_a_time(database: DuckDatabase, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\nfrom penstock.warehouse import DuckDatabase\n"
        "try:\n DuckDatabase(pathlib.Path(sys.argv[1]))\nexcept Exception as e:\n print(e)"
    )
    path = tmp_path / "warehouse.duckdb"
    told = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True).stdout
    assert f"the warehouse {path} is open in another process" in told
    assert "hint: end it, or ask the running penstock" in told


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("id,name\n" * 1000)
    with pytest.raises(WarehouseError, match=r"cannot be opened: .*not a valid DuckDB database file") as caught:
        DuckDatabase(tmp_path / "wrong")
    assert "move it away: the next run makes a new one and loads all that sources still have" in str(caught.value)


def test_closed(database: DuckDatabase) -> None:
    database.close()
    database.close()
    with pytest.raises(WarehouseError, match="is closed"), database.transaction():
        pass


def test_migrations_run_once_and_together(database: DuckDatabase) -> None:
    steps = (("CREATE TABLE a (n BIGINT)", "INSERT INTO a VALUES (1)"),)
    assert migrate(database, steps) == 1
    with pytest.raises(WarehouseError, match="nothing"):
        migrate(database, (*steps, ("INSERT INTO a VALUES (2)", "INSERT INTO nothing VALUES (1)")))
    assert migrate(database, (*steps, ("INSERT INTO a VALUES (3)",))) == 2
    assert migrate(database, (*steps, ("INSERT INTO a VALUES (3)",))) == 2
    with database.transaction() as session:
        assert session.rows("SELECT n FROM a ORDER BY n") == [(1,), (3,)]
    with pytest.raises(WarehouseError, match="has version 2, this Penstock knows up to 1"):
        migrate(database, steps)


def test_our_own_tables(database: DuckDatabase) -> None:
    migrate(database)
    with database.transaction() as session:
        for name in ("_loads", "_parts", "_schema_versions", "pipeline_executions"):
            assert session.columns(Table("", name)), name
