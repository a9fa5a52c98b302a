"""Rules over a batch: which rows are out, for which rule and why, and what a whole load says."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core import types as t
from penstock.core.errors import DataError, PenstockError
from penstock.log import Log
from penstock.quality.results import Result, earlier_values, record, require_good, results
from penstock.quality.rule import read_rules
from penstock.quality.rules import Rules, Tally
from penstock.quality.sets import Found, Staged, found_in
from penstock.warehouse.database import Table
from penstock.warehouse.duck import DuckDatabase
from penstock.warehouse.postgres import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.core.types import DataType
    from penstock.warehouse.database import Database
    from tests.postgres import PostgresServer

ROWS = """
[rules.email_given]
not_null = "email"
then = "quarantine"
[rules.age_sane]
range = "age"
from = 0
to = 150
then = "quarantine"
[rules.mail]
matches = "email"
pattern = "^[^@]+@"
then = "quarantine"
[rules.state]
accepted = "state"
values = ["open", "it's"]
then = "warn"
[rules.whole]
sql = "CASE WHEN state LIKE 'm%' THEN CAST(state AS INT) > 0 ELSE TRUE END"
description = "no number"
then = "quarantine"
"""
COLUMNS: Mapping[str, DataType] = {"email": t.STRING, "age": t.INT, "state": t.STRING}


def _rules(text: str, columns: Mapping[str, DataType]) -> Rules:
    return Rules(read_rules("c", f'on = "staging.c"\n{text}').rules, columns)


def test_rows_are_out_with_every_rule_that_they_break() -> None:
    rows = [
        ("a@b", 3, "open"),
        (None, 3, "it's"),
        ("zz", 151, "x"),
        ("a@c", None, None),
        ("a@d", -1, "many"),
    ]
    tally = Tally(_rules(ROWS, COLUMNS))
    frame = pl.DataFrame(rows, schema=["email", "age", "state"], orient="row").cast({"age": pl.Int32})
    checked = tally.rules.check(frame)
    assert checked.passing.to_list() == [True, False, False, True, False]
    assert checked.out.select("row", "code", "reason").rows() == [
        (1, "quality:c.email_given", "c.email_given: email is NULL"),
        (
            2,
            "quality:c.age_sane",
            "c.age_sane: age is not from 0 to 150: '151'; c.mail: email does not match ^[^@]+@: 'zz'",
        ),
        (
            4,
            "quality:c.age_sane",
            "c.age_sane: age is not from 0 to 150: '-1'; c.whole: no number; it cannot be computed: cannot CAST to INT",
        ),
    ]
    assert checked.out["rules"].to_list() == [["c.email_given"], ["c.age_sane", "c.mail"], ["c.age_sane", "c.whole"]]
    tally.add(checked)
    tally.add(tally.rules.check(frame.head(2)))
    assert [(r.rule, r.rows, r.broken) for r in tally.results()] == [
        ("c.email_given", 7, 2),
        ("c.age_sane", 7, 2),
        ("c.mail", 7, 1),
        ("c.state", 7, 2),
        ("c.whole", 7, 1),
    ]


def test_a_rule_that_fails_stops_the_load_with_its_sentence() -> None:
    tally = Tally(_rules("[rules.age]\nrange = 'age'\nfrom = 0\nthen = 'fail'", COLUMNS))
    tally.add(tally.rules.check(pl.DataFrame({"age": pl.Series([4, -2, -3], dtype=pl.Int32)})))
    with pytest.raises(DataError) as caught:
        require_good(tally.results())
    assert str(caught.value) == (
        "quality rule c.age stops the load: 2 of 3 rows break it: c.age: age is below 0: '-2'\nquality/c.toml\n"
        "hint: mend the rows where they come from, or let the rule quarantine them"
    )


NOW = 1_700_000_000_000
LOADED: Mapping[str, DataType] = {"id": t.BIGINT, "k": t.STRING, "amount": t.DOUBLE, "at": t.Timestamp(3)}


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.real)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    made: Database
    if request.param == "duckdb":
        made = DuckDatabase(tmp_path / "w.duckdb")
    else:
        server: PostgresServer = request.getfixturevalue("server")
        made = PostgresDatabase(server.address(server.database()), kept=1)
    yield made
    made.close()


def _found(database: Database, text: str, earlier: list[float] | None = None) -> list[Found]:
    """What rules say of five rows, those that are out taken away between."""
    at = [dt.datetime(2023, 11, day, tzinfo=dt.UTC).replace(tzinfo=None) for day in (14, 13, 12, 11, 10)]
    rows = {
        "row": [0, 1, 2, 3, 4],
        "id": [7, 7, 8, None, None],
        "k": list("abcab"),
        "amount": [1.0, 2, 3, None, 6],
        "at": at,
    }
    found = []
    with database.transaction() as session:
        session.run(
            'CREATE TEMP TABLE "in" ("row" BIGINT, id BIGINT, k VARCHAR, amount DOUBLE PRECISION, "at" TIMESTAMP)'
        )
        session.append(Table("", "in"), [pl.DataFrame(rows, schema_overrides={"amount": pl.Float64})])
        session.run("CREATE SCHEMA IF NOT EXISTS staging")
        session.run("CREATE TABLE IF NOT EXISTS staging.keys AS SELECT 'a' AS k")
        staged = Staged('"in"', "row", NOW, lambda _, runs: (earlier or [])[:runs])
        for one in found_in(_rules(text, LOADED), session, staged):
            for row in one.out["row"]:
                session.run('DELETE FROM "in" WHERE "row" = $1', row)
            found.append(one)
        session.run('DROP TABLE "in"')
    return found


def test_the_first_of_equal_keys_stays_and_nulls_equal_nothing(database: Database) -> None:
    (one, again) = _found(
        database,
        "[rules.id]\nunique = 'id'\nthen = 'quarantine'\n[rules.known]\nforeign_key = 'k'\n"
        "references = 'staging.keys.k'\nthen = 'quarantine'",
    )
    assert one.out.rows() == [(1, "quality:c.id", ["c.id"], "c.id: id is there already: '7'")]
    assert (one.result.rows, one.result.broken) == (5, 1)
    assert again.out["row"].to_list() == [2, 4]
    assert again.out["reason"][0] == "c.known: k is not in staging.keys.k: 'c'"
    assert again.result.rows == 4


@pytest.mark.parametrize(
    ("rule", "earlier", "note"),
    [
        ("rows = true\nfrom = 6", [], "c.one: the load has 5 rows, fewer than 6"),
        ("rows = true\nto = 4", [], "c.one: the load has 5 rows, more than 4"),
        ("rows = true\nchange = 0.5", [9.0, 11.0], ""),
        (
            "rows = true\nchange = 0.4",
            [9.0, 10, 11],
            "c.one: the load has 5 rows, more than 40% off the mean of 3 runs, 10",
        ),
        ("rows = true\nchange = 0.5", [9.0, 10, 11], ""),
        ("fresh = 'at'\nwithin = '1 d'", [], ""),
        (
            "fresh = 'at'\nwithin = '1 h'",
            [],
            "c.one: the newest at is 2023-11-14 00:00:00, more than 1 h before the run",
        ),
        ("fresh = 'at'", [1_699_920_000_000.0], ""),
        (
            "fresh = 'at'",
            [1_700_006_400_000.0],
            "c.one: the newest at is 2023-11-14 00:00:00, older than that of the run before, 2023-11-15 00:00:00",
        ),
        ("anomaly = 'amount'\nz = 2", [2.0, 3, 4], ""),
        (
            "anomaly = 'amount'\nz = 2\nof = 'max'",
            [2.0, 3, 4],
            "c.one: the max of amount is 6, 3.0 standard deviations from 3, the mean of 3 runs",
        ),
        (
            "anomaly = 'id'\nof = 'nulls'",
            [0.2, 0.2, 0.2],
            "c.one: the nulls of id is 0.4, while it was always 0.2, the mean of 3 runs",
        ),
    ],
)
def test_a_load_is_compared_with_earlier_ones(database: Database, rule: str, earlier: list[float], note: str) -> None:
    (found,) = _found(database, f"[rules.one]\n{rule}\nthen = 'warn'", earlier)
    assert found.result.passed is (not note)
    if note:
        assert found.result.note == note


def test_a_measure_that_is_no_number_breaks_its_rule_and_is_compared_with_by_none() -> None:
    log = Log.open(None)
    for run, value in enumerate((2.0, math.nan, 3.0, math.inf)):
        found = [Result("c.one", "anomaly", "warn", 5, 0, value)]
        record(log, found, time=run, kind="batch", run=str(run), table="staging.c")
    assert earlier_values(log, "staging.c", "c.one", 20) == [3.0, 2.0]
    rule = "[rules.one]\nanomaly = 'amount'\nthen = 'warn'"
    with DuckDatabase(Path(":memory:")).transaction() as session:
        session.run("CREATE TABLE t AS SELECT 'NaN'::DOUBLE AS amount")
        (one,) = found_in(_rules(rule, LOADED), session, Staged("t", "rowid", NOW, lambda *_: [1.0, 2.0, 3.0]))
    assert (one.result.broken, one.result.value) == (1, None)
    assert one.result.note == "c.one: the mean of amount is nan, which is no number"


def test_a_reference_to_nothing_says_so(database: Database) -> None:
    for column, message in (
        ("staging.keyss.k", "rule c.one refers to staging.keyss, which is not there\nquality/c.toml:4"),
        ("staging.keys.kk", "rule 'one': staging.keys has no column 'kk'\nquality/c.toml:4\nhint: columns are k"),
    ):
        with pytest.raises(PenstockError, match=r"refers to|has no column") as caught:
            _found(database, f"[rules.one]\nforeign_key = 'k'\nreferences = '{column}'\nthen = 'warn'")
        assert str(caught.value).startswith(message)


def test_results_are_kept_and_compared_once_a_run() -> None:
    with Log.open(None) as log:
        for run, rows, loaded in (("a", 5.0, True), ("b", 9.0, False), ("c", 7.0, True), ("c", 8.0, True)):
            one = Result("c.one", "rows", "warn", 8, 0, rows)
            record(log, [one], time=NOW, kind="batch", run=run, table="staging.c", loaded=loaded)
        assert results(log)["value"].to_list() == [5, 9, 7, 8]
        assert earlier_values(log, "staging.c", "c.one", 20) == [8, 5]
        assert earlier_values(log, "staging.c", "c.one", 20, run="c") == [5]
        assert earlier_values(log, "staging.c", "c.one", 1) == [8]
