"""Tables of Parquet files: the files that a question can need are read, and no others; footers are read once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core.errors import QueryError
from penstock.history import Files, Footers, Limits, query, read_question
from penstock.history.bounds import bounds_of
from penstock.history.instances import Confines, Instances

if TYPE_CHECKING:
    from pathlib import Path

DAYS = ("2026-01-01", "2026-01-02", "__NULL__")
SCHEMA = pl.Schema(
    [("n", pl.Int64()), ("at", pl.Datetime("ms")), ("x", pl.Float64()), ("name", pl.String()), ("day", pl.String())]
)
BEGIN = 1_767_225_600_000
"""2026-01-01."""


class Table:
    """Nine files: three a day, file i with n from 100 i to 100 i + 9."""

    def __init__(self, folder: Path) -> None:
        self.footers = Footers()
        self.paths = []
        for i in range(9):
            path = folder / f"day={DAYS[i // 3]}" / f"{i}.parquet"
            path.parent.mkdir(exist_ok=True)
            n = pl.Series("n", range(100 * i, 100 * i + 10), pl.Int64)
            at = pl.Series("at", range(BEGIN + i * 3_600_000, BEGIN + i * 3_600_000 + 10), pl.Int64).cast(SCHEMA["at"])
            pl.DataFrame([n, at, (n / 2).alias("x"), n.cast(pl.String).alias("name")]).write_parquet(path)
            self.paths.append(path)

    def table(self, name: tuple[str, ...], columns: frozenset[str] | None) -> Files:
        return Files(tuple(map(str, self.paths)), SCHEMA, self.footers, ("day",), "__NULL__")

    def names(self) -> list[tuple[str, str]]:
        return [("t", "table")]

    def position(self) -> Any:
        return None


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def without(table: Table, *files: int) -> None:
    """The data of these files is made unreadable: their footers are known, and stand at the end."""
    for file in files:
        path = table.paths[file]
        told, content = path.stat(), path.read_bytes()
        path.write_bytes(b"\0" * (len(content) - 8) + content[-8:])
        os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


@pytest.mark.parametrize(
    ("where", "needed", "rows"),
    [
        ("n > 805", {8}, 4),
        ("n >= $least AND n < 210", {1, 2}, 20),
        ("$least <= n AND 210 > t.n", {1, 2}, 20),
        ("n BETWEEN 105 AND 200", {1, 2}, 6),
        ("N = 400 AND x < 1000", {4}, 1),
        ("at >= TIMESTAMP '2026-01-01 07:00:00'", {7, 8}, 20),
        ("at >= TIMESTAMP '2026-01-01 09:00:00' - INTERVAL 1 HOUR", {8}, 10),
        ("day = '2026-01-02' AND n < 400", {3, 6}, 10),
        ("day >= $day AND n < 600", {3, 4, 5, 6}, 30),
        ("n = 405.5", {4}, 0),
        ("n > 5000", set(), 0),
    ],
)
def test_files_that_no_row_can_come_from_are_not_read(table: Table, where: str, needed: set[int], rows: int) -> None:
    parameters = {"least": 100, "day": "2026-01-02"}
    query("SELECT count(*) FROM t WHERE n >= 0", table, parameters=parameters)
    kept = needed | ({6, 7, 8} if "day" in where else set())  # the folder of NULL says nothing
    without(table, *(set(range(9)) - kept))
    found = query(f"SELECT count(*) AS c FROM t WHERE {where}", table, parameters=parameters)
    assert found.frame["c"].to_list() == [rows]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM t",
        "SELECT n FROM t WHERE n > 805 OR x > 3",
        "SELECT n FROM t WHERE x > 5000",
        "SELECT n FROM t WHERE name > '9'",
        "SELECT n FROM t WHERE n > (SELECT max(n) FROM t) - 5",
        "SELECT n FROM t WHERE n > random()",
        "SELECT n FROM t WHERE n > x",
        "SELECT n FROM t WHERE n > CAST(7 AS VARCHAR)",
        "SELECT n FROM t WHERE n > $text",
        "SELECT a.n FROM t AS a JOIN t AS b USING (n) WHERE a.n > 805",
        "SELECT a.n FROM t AS a, t AS b WHERE n > 805",
        "SELECT n FROM (SELECT * FROM t) WHERE n > 805",
        "SELECT n FROM t WHERE n > 805 UNION ALL SELECT n FROM t",
        "SELECT m FROM t AS t(m, a, b, c, d) WHERE m > 805",
        "SELECT n FROM t TABLESAMPLE 10% WHERE n > 805",
        "SELECT n FROM t WHERE n > 805 USING SAMPLE 10 ROWS",
        "SELECT t.n FROM t AS a ASOF JOIN t ON a.x >= t.x WHERE t.n > 805",
        "SELECT t.n FROM (SELECT 1 AS m) AS a POSITIONAL JOIN t WHERE t.n > 805",
    ],
)
def test_a_question_that_may_need_all_files(sql: str) -> None:
    names = tuple(name for name in SCHEMA if name not in ("x", "name"))
    assert bounds_of(read_question(sql), ("t",), names, frozenset({"day"}), frozenset({"text"})) is None


def test_every_place_of_a_table_says_what_it_needs(table: Table) -> None:
    sql = "SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.n = b.n - 700 WHERE a.n < 5 AND b.n > 702"
    assert query(sql, table).frame.rows() == [(3, 703), (4, 704)]
    without(table, *range(1, 7))
    assert query(sql, table).frame.rows() == [(3, 703), (4, 704)]


def test_a_file_that_takes_the_name_of_another_is_looked_at_again(table: Table) -> None:
    sql = "SELECT n FROM t WHERE n > 808"
    assert query(sql, table).frame["n"].to_list() == [809]
    pl.DataFrame({"n": [900], "name": ["other"]}).write_parquet(table.paths[0])
    assert sorted(query(sql, table).frame["n"].to_list()) == [809, 900]
    both = query("SELECT n, x, name FROM t WHERE n > 808 ORDER BY n", table).frame
    assert both.rows() == [(809, 404.5, "809"), (900, None, "other")]


def test_moments_that_are_compared_with_now(table: Table) -> None:
    sql = "SELECT count(*) AS c FROM t WHERE at < CAST(now() AS TIMESTAMP) AND at > epoch_ms(0)"
    assert query(sql, table).frame["c"].to_list() == [90]


def test_a_mistake_is_told_in_the_words_of_the_question(table: Table) -> None:
    with pytest.raises(QueryError) as raised:
        query("SELECT n FROM t WHERE n > DATE '2026-01-01'", table)
    assert raised.value.message == (
        "Binder Error: Cannot compare values of type BIGINT and type DATE - an explicit cast is required"
    )
    with pytest.raises(QueryError) as raised:
        query("SELECT n FROM t WHERE n > 'x' AND m > 1", table)
    assert 'Referenced column "m" not found' in raised.value.message


def test_an_instance_keeps_the_ranges_that_were_asked_for_last(table: Table, tmp_path: Path) -> None:
    instances = Instances()

    def count(where: str) -> int:
        found = query(f"SELECT count(*) FROM t WHERE {where}", table, instances=instances).rows()[0][0]
        assert isinstance(found, int)
        return found

    def asked() -> list[int]:
        bounds = ("n < 105", "at >= TIMESTAMP '2026-01-01 07:00:00'", "day = '2026-01-02'", "n < 105 AND day > ''")
        return [count(where) for where in (*bounds, "n < 105 AND at IS NOT NULL AND day = '2026-01-01'")]

    assert asked() == asked() == [15, 20, 30, 15, 15]
    confines = Confines(Limits().memory, "UTC", None, table.table(("t",), None).folders)
    with instances.lent(confines) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'kept'").fetchone() or ()
    assert 0 < kept <= 4
    pl.DataFrame(
        {"n": [1], "at": [None], "x": [0.0], "name": ["new"]}, schema_overrides={"at": SCHEMA["at"]}
    ).write_parquet(table.paths[8])
    assert asked() == [16, 10, 30, 15, 15]
    instances.close()
