"""What questions read out of the warehouse: the rows that their WHERE and LIMIT need, and the same answers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
from penstock.project.warehouse import tables as tables_module
from penstock.warehouse import Table
from penstock.warehouse import duck as duck_module
from penstock.warehouse.narrowing import condition_of
from tests.cli.shell import make_project
from tests.postgres import PASSWORD, postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.history import Need
    from penstock.project.penstock import Penstock
    from tests.postgres import PostgresServer

_DAY, _AT = dt.date(2026, 3, 29), dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC).replace(tzinfo=None)
ROWS = pl.DataFrame(
    {
        "id": [1, 2, 3, 4, None, 6],
        "price": pl.Series([1.5, 2.25, float("nan"), -1.5, None, 1e300]),
        "cost": pl.Series(["1.50", "2.25", "0.00", "-1.50", None, "99.99"]).str.to_decimal(scale=2, inference_length=9),
        "half": pl.Series([0.1, 0.2, 0.3, 0.1, None, 5], dtype=pl.Float32),
        "City": ["Bern", "bern", "", "Zürich", None, "O'Hara"],
        "open": [True, False, None, True, False, True],
        "day": [_DAY, dt.date(1, 1, 1), None, _DAY - dt.timedelta(1), _DAY, dt.date(9999, 12, 31)],
        "at": [_AT, _AT + dt.timedelta(microseconds=1), None, _AT, _AT.replace(year=9999), _AT],
        "since": pl.Series([_AT, _AT + dt.timedelta(hours=1), None, _AT, _AT, _AT]).dt.replace_time_zone("UTC"),
    }
)  # fmt: skip
TABLE = Table("staging", "things")

NARROWED = [
    "id = 2", "id > 1 AND id <= 4", "2 < id", "id BETWEEN 2 AND 3", "id >= -1.5", "t.id = 3 AND City <> 'x'",
    "price = 1.5", "price > 1", "price <= 0.1", "cost = 1.5", "cost < 1.005", "cost >= 99.99",
    "City = 'bern'", "City = ''", "City = 'O''Hara'", "City = 'Zürich'", "open = TRUE", "open = FALSE",
    "day = DATE '2026-03-29'", "day >= '2026-03-29'", "day < DATE '0001-01-02'",
    "at = TIMESTAMP '2026-03-29 01:30:00.000001'", "at > '2026-03-29 01:30:00'", "at < DATE '2026-03-30'",
    "since = TIMESTAMPTZ '2026-03-29 03:30:00+02'", "since > '2026-03-29T01:30:00Z'",
    "id = $number", "City = $text", "day = $day", "since <= $moment", "open = $truth",
    "id = 2 OR id = 3 AND id = 4",
]  # fmt: skip
WHOLE = [
    "half = 0.1", "City > 'B'", "id = '2'", "since > '2026-03-29 01:30:00'", "since > DATE '2026-03-29'", "id + 1 = 2",
    "id IS NULL", "NOT id = 2", "id = 2 OR City = 'Bern'", "day > TIMESTAMP '2026-03-28 12:00:00'", "at = $text_time",
    "day = $text_time", "length(City) = 4",
]  # fmt: skip
VALUES = {
    "number": 2, "text": "Bern", "day": _DAY, "moment": _AT.replace(tzinfo=dt.UTC), "truth": True,
    "text_time": "2026-03-29",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.real)])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Penstock]:
    folder = make_project(tmp_path_factory.mktemp("needs") / "p")
    with pytest.MonkeyPatch.context() as patched, (folder / "penstock.toml").open("w") as file:
        file.write('[engine]\ntime-zone = "America/New_York"\n')
        if request.param == "postgres":
            server: PostgresServer = request.getfixturevalue("server")
            patched.setenv("DW_PASSWORD", PASSWORD)
            ca, url = server.authority.certificate, server.url(server.database())
            file.write(f'[warehouse]\nurl = "{url}"\npassword = "${{DW_PASSWORD}}"\nca = "{ca}"\n')
        file.flush()
        with penstock.open(folder) as opened:
            with opened.warehouse.database().transaction() as session:
                kinds = (f'"{n}" {session.dialect.kind_of(kind)}' for n, kind in ROWS.schema.items())
                session.run(f"CREATE TABLE {TABLE.sql} ({', '.join(kinds)})")
                session.append(TABLE, [ROWS])
            yield opened


class Seen:
    """What was asked of the warehouse."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.conditions: list[str] = []
        patched.setattr(tables_module, "condition_of", self._condition)

    def _condition(self, need: Need, kinds: dict[str, str]) -> str:
        self.conditions.append(condition_of(need, kinds))
        return self.conditions[-1]


def answers(project: Penstock, sql: str, patched: pytest.MonkeyPatch) -> tuple[list[Any], list[Any], str]:
    """The answer to a question, that of all rows, and the condition."""
    given = {name: value for name, value in VALUES.items() if f"${name}" in sql}
    with patched.context() as one:
        one.setattr(tables_module, "condition_of", lambda *_: "")
        whole = project.query(sql, parameters=given).rows()
    with patched.context() as one:
        seen = Seen(one)
        found = project.query(sql, parameters=given).rows()
    return found, whole, seen.conditions[-1]


def same(left: list[Any], right: list[Any]) -> bool:
    return sorted(map(repr, left)) == sorted(map(repr, right))


@pytest.mark.parametrize("where", NARROWED)
def test_what_a_where_needs_is_read_and_the_answer_is_the_same(
    project: Penstock, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    found, whole, condition = answers(project, f"SELECT * FROM staging.things t WHERE {where}", monkeypatch)
    assert same(found, whole)
    if " OR " not in where:
        assert condition
        with project.warehouse.snapshot(60) as session:
            read = pl.concat(session.scan(TABLE, ["id"], condition))
        assert len(found) <= read.height < ROWS.height


@pytest.mark.parametrize("where", WHOLE)
def test_what_each_database_may_see_otherwise_is_not_asked_of_it(
    project: Penstock, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    found, whole, condition = answers(project, f"SELECT * FROM staging.things WHERE {where}", monkeypatch)
    assert (condition, same(found, whole)) == ("", True)


@pytest.mark.parametrize(
    ("sql", "condition"),
    [
        (
            "SELECT a.id FROM staging.things a JOIN staging.things b USING (id) WHERE a.id = 1 AND b.id = 2",
            '("id" = 1) OR ("id" = 2)',
        ),
        ("SELECT a.id FROM staging.things a JOIN staging.things b ON TRUE WHERE a.id = 1", ""),
        (
            "SELECT id FROM staging.things WHERE id = 1 UNION ALL SELECT id FROM staging.things WHERE id > 3",
            '("id" = 1) OR ("id" > 3)',
        ),
        ("SELECT id, (SELECT max(id) FROM staging.things) FROM staging.things WHERE id = 1", ""),
        ("SELECT count(*) FROM staging.things a LEFT JOIN (SELECT 1 AS id) b USING (id) WHERE a.id < 3", '("id" < 3)'),
    ],
)
def test_each_place_where_a_table_stands_counts(
    project: Penstock, monkeypatch: pytest.MonkeyPatch, sql: str, condition: str
) -> None:
    found, whole, asked = answers(project, sql, monkeypatch)
    assert (asked, same(found, whole)) == (condition, True)


def test_joins_that_choose_among_all_rows_get_all(project: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    asof = "SELECT t.id FROM (SELECT 5 AS id) a ASOF JOIN staging.things t ON a.id >= t.id WHERE t.id < 4"
    by_place = "SELECT t.id FROM (SELECT 1 AS n) a POSITIONAL JOIN staging.things t WHERE t.id = 3 AND a.n = 1"
    for sql in (asof, by_place):
        assert answers(project, sql, monkeypatch) == ([], [], "")


def test_the_first_rows_are_read_and_no_more(project: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duck_module, "_SCANNED", 2)
    with project.warehouse.snapshot(60) as session:
        assert [f.height for f in session.scan(TABLE, ["id"], "", 3)] in ([2, 1], [3])
    for sql, rows in (
        ("SELECT id FROM staging.things LIMIT 3", 3),
        ("SELECT * FROM staging.things LIMIT 0", 0),
        ("SELECT id FROM staging.things ORDER BY id DESC LIMIT 1", 1),
        ("SELECT DISTINCT open FROM staging.things LIMIT 3", 3),
        ("SELECT count(*) FROM staging.things LIMIT 1", 1),
        ("SELECT id FROM staging.things LIMIT 2 OFFSET 4", 2),
        ("SELECT id FROM staging.things LIMIT 50%", 3),
    ):
        assert len(project.query(sql).rows()) == rows
    assert project.query("SELECT count(*) FROM staging.things LIMIT 1").rows() == [(6,)]
    assert project.query("SELECT id FROM staging.things ORDER BY id DESC NULLS LAST LIMIT 1").rows() == [(6,)]
