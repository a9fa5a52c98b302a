"""The same file of rules on a stream and on a batch: the same rows are out, however the stream is cut."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from penstock.core.errors import DataError, PenstockError
from penstock.project.check import check
from penstock.project.home import HOME
from penstock.quality.results import results
from penstock.quality.rule import read_rules
from penstock.quality.rules import Rules, Tally
from penstock.quality.sets import Staged, found_in
from penstock.warehouse.database import Table
from penstock.warehouse.duck import DuckDatabase
from tests.engine.project import NOW, fates, opened, restored, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

SQL = """
CREATE TABLE e (id BIGINT, k STRING, v INT, amount DOUBLE, born DATE, ok BOOLEAN, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');
CREATE TABLE r (k STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json');
INSERT INTO r SELECT k, id FROM e WHERE v <> 7;
"""

FORMS = """
on = ["staging.e", "e"]
[rules.given]
not_null = ["k", "ts"]
then = "quarantine"
[rules.small]
range = "v"
from = -5
to = 40
then = "quarantine"
[rules.grown]
range = "born"
to = 2020-06-30
then = "quarantine"
[rules.recent]
range = "ts"
from = "2024-01-01 00:00:05"
then = "quarantine"
[rules.known]
accepted = "k"
values = ["a", "b", "1", "it's"]
then = "quarantine"
[rules.true]
accepted = "ok"
values = [true]
then = "warn"
[rules.digits]
matches = "k"
pattern = "^([a-z]|[0-9])"
then = "quarantine"
[rules.sum]
sql = "CASE WHEN k = '1' THEN CAST(k AS INT) < amount WHEN v = 9 THEN CAST(k AS INT) = 0 ELSE amount < 90 END"
description = "the sum is wrong"
then = "quarantine"
[rules.once]
unique = "id"
then = "quarantine"
[rules.pair]
unique = ["k", "v"]
then = "quarantine"
[rules.seldom]
unique = "amount"
then = "warn"
"""
START = dt.datetime(2024, 1, 1)  # noqa: DTZ001  # a TIMESTAMP(3) has no zone


def _rows(count: int) -> pl.DataFrame:
    """Seeded rows, of which many break some rule."""
    chance = random.Random(5)
    rows = [
        {
            "id": chance.choice([None, *range(count)]),
            "k": chance.choice([None, "a", "b", "1", "it's", "?", "c"]),
            "v": chance.choice([None, *range(-8, 45)]),
            "amount": chance.choice([None, 0.5, 89.9, 90.0, float(chance.randrange(100))]),
            "born": chance.choice([None, dt.date(2020, 6, 30), dt.date(2020, 7, 1), dt.date(1999, 1, 1)]),
            "ok": chance.choice([None, True, False]),
            "ts": chance.choice([None, *(START + dt.timedelta(seconds=s) for s in range(1, 30))]),
        }
        for _ in range(count)
    ]
    schema = {"id": pl.Int64, "k": pl.String, "v": pl.Int32, "amount": pl.Float64, "born": pl.Date, "ok": pl.Boolean}
    return pl.DataFrame(rows, schema={**schema, "ts": pl.Datetime("ms")})


def _project(folder: Path, rules: str = FORMS, sql: str = SQL) -> Penstock:
    write_project(folder, sql)
    (folder / "quality").mkdir(exist_ok=True)
    (folder / "quality" / "e.toml").write_text(rules)
    return opened(folder)


def _streamed(project: Penstock, cut: int) -> tuple[list[tuple[Any, ...]], dict[str, tuple[int, int]]]:
    """(place, code, reason) of rejects, and per rule rows and how many broke it; a crash after every third commit."""
    ended = False
    while not ended:
        with restored(project, bounded=True, batch_rows=cut) as pipeline:
            pipeline.input.bound()
            steps = 0
            while steps != 11 and not ended:  # what comes after the last commit is lost then, as in a crash
                ended = not pipeline.step(cut)
                steps += 1
                if steps % 3 == 0:
                    pipeline.commit()
            if ended:
                pipeline.finish()
    counted = {r["rule"]: (r["rows"], r["broken"]) for r in results(project.log).to_dicts()}
    return [(r["offset"], r["code"], r["reason"]) for r in project.rejects().to_dicts()], counted


def _loaded(frame: pl.DataFrame, folder: Path) -> tuple[list[tuple[Any, ...]], dict[str, tuple[int, int]]]:
    """The same of a batch."""
    database = DuckDatabase(folder / "w.duckdb")
    table = opened(folder).definition.session.catalog.get(("e",))
    rules = Rules(read_rules("e", FORMS).rules, {c.name: c.type for c in table.columns})
    tally, out = Tally(rules), []
    numbered = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    checked = rules.check(numbered)
    tally.add(checked)
    out += [(r["row"], r["code"], r["reason"]) for r in checked.out.to_dicts()]
    counted = {r.rule: (r.rows, r.broken) for r in tally.results()}
    with database.transaction() as session:
        columns = 'id BIGINT, k VARCHAR, v INTEGER, amount DOUBLE PRECISION, born DATE, ok BOOLEAN, "ts" TIMESTAMP'
        session.run(f'CREATE TEMP TABLE staged ("row" BIGINT, {columns})')
        session.append(Table("", "staged"), [numbered.filter(checked.passing)])
        for found in found_in(rules, session, Staged("staged", "row", NOW, lambda *_: [])):
            out += [(r["row"], r["code"], r["reason"]) for r in found.out.to_dicts()]
            for row in found.out["row"]:
                session.run('DELETE FROM staged WHERE "row" = $1', row)
            counted[found.result.rule] = (frame.height, found.result.broken)
        session.run("DROP TABLE staged")
    database.close()
    return sorted(out), counted


def test_a_stream_sets_aside_the_rows_that_a_batch_does(tmp_path: Path) -> None:
    frame = _rows(240)
    expected = None
    for cut in (1_000, 17):
        folder = tmp_path / str(cut)
        with _project(folder) as project:
            project.append("e", frame)
            found = _streamed(project, cut)
            if expected is None:
                expected = _loaded(frame, folder)
                assert {code for _, code, _ in expected[0]} >= {
                    f"quality:e.{n}" for n in ("given", "small", "grown", "recent", "known", "once", "pair")
                }
                assert all(count for _, count in expected[1].values()), "each rule is broken by some row"
            assert found == expected
            ledger = fates(project)["source e"]
            assert ledger["rejected"] == len(expected[0])
            assert ledger["passed"] == frame.height - len(expected[0])


def test_rows_that_are_out_move_no_time(tmp_path: Path) -> None:
    rule = 'on = "e"\n[rules.small]\nrange = "v"\nto = 5\nthen = "quarantine"\n'
    rows = [{"id": 1, "v": 1, "ts": "2024-01-01 00:00:07"}, {"id": 2, "v": 6, "ts": "2033-01-01 00:00:00"}]
    with _project(tmp_path, rule) as project:
        project.append("e", [{**r, "k": "a"} for r in rows])
        with restored(project, bounded=True) as pipeline:
            pipeline.step(10)
            (source,) = pipeline.watermarks()
        assert source["watermark"] == NOW + 2_000


def test_a_rule_that_fails_halts_the_pipeline_and_nothing_is_lost(tmp_path: Path) -> None:
    for rule in ('range = "v"\nfrom = 0', 'unique = "k"'):
        folder = tmp_path / rule[:3]
        with _project(folder, f'on = "e"\n[rules.stop]\n{rule}\nthen = "fail"\n') as project:
            project.append("e", [{"id": n, "k": k, "v": v} for n, (k, v) in enumerate([("a", 1), ("a", -2), ("c", 3)])])
            with restored(project, bounded=True) as pipeline, pytest.raises(DataError) as caught:
                pipeline.step(10)
            reason = "v is below 0: '-2'" if "range" in rule else "k is there already: 'a'"
            assert str(caught.value) == (
                f"a quality rule stops the pipeline: e.stop: {reason}\ntable e\nat e, partition 0, offset 1\n"
                "hint: nothing is lost: mend the rule, or let it quarantine such rows, and start again"
            )
        (folder / "quality" / "e.toml").write_text('on = "e"\n[rules.stop]\nnot_null = "id"\nthen = "warn"\n')
        with opened(folder) as project:
            project.run(bounded=True)
            assert sorted(r[1] for r in project.query("SELECT * FROM r").rows()) == [0, 1, 2]


def test_a_row_is_mended_and_replayed_past_its_rule(tmp_path: Path) -> None:
    small = '[rules.small]\nrange = "v"\nto = 5\nthen = "quarantine"\n'
    rules = f'on = "e"\n{small}[rules.once]\nunique = "id"\nthen = "quarantine"\n'
    with _project(tmp_path, rules) as project:
        project.append("e", [{"id": n, "k": "a", "v": v} for n, v in ((1, 9), (2, 1), (2, 2))])
        project.run(bounded=True)
        assert project.rejects()["id"].to_list() == [1, 2]
        project.replay([1], mend=lambda raw: orjson.dumps({**orjson.loads(raw), "v": 5}))
        project.replay([2], mend=lambda raw: orjson.dumps({**orjson.loads(raw), "id": 3}))
        project.run(bounded=True)
        assert sorted(r[1] for r in project.query("SELECT * FROM r").rows()) == [1, 2, 3]
        assert fates(project)["source e"] == {"taken": 5, "given": 3, "passed": 3, "rejected": 2, "replayed": 2}


def test_rows_that_end_a_key_have_no_more_than_it(tmp_path: Path) -> None:
    sql = SQL.replace(
        "'kafka', 'topic' = 'e', 'format' = 'json'",
        "'upsert-kafka', 'topic' = 'e', 'key.format' = 'json', 'value.format' = 'json'",
    )
    sql = sql.replace("ts TIMESTAMP(3),", "ts TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED,")
    sql = sql.replace(
        "'topic' = 'r', 'format' = 'json'", "'topic' = 'r', 'key.format' = 'json', 'value.format' = 'json'"
    )
    sql = sql.replace(
        "r (k STRING, n BIGINT) WITH ('connector' = 'kafka'",
        "r (k STRING, n BIGINT PRIMARY KEY NOT ENFORCED) WITH ('connector' = 'upsert-kafka'",
    )
    with _project(tmp_path, 'on = "e"\n[rules.given]\nnot_null = "k"\nthen = "quarantine"\n', sql) as project:
        records = [(1, "a"), (2, None), (1, "")]
        keys = [orjson.dumps({"id": i}) for i, _ in records]
        values = [None if k == "" else orjson.dumps({"id": i, "k": k, "v": 1}) for i, k in records]
        project.append("e", pl.DataFrame({"key": keys, "value": values}, schema={"key": pl.Binary, "value": pl.Binary}))
        project.run(bounded=True)
        assert [(r["offset"], r["reason"]) for r in project.rejects().to_dicts()] == [(1, "e.given: k is NULL")]
        assert project.query("SELECT * FROM r").rows() == []


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            'on = "e"\n[rules.n]\nrows = true\nfrom = 1\nthen = "warn"',
            "rule 'n': rows is about a whole load, and 'e' is a stream, which has no end",
        ),
        ('on = "e"\n[rules.n]\nfresh = "ts"\nthen = "warn"', "rule 'n': fresh is about a whole load"),
        ('on = "e"\n[rules.n]\nanomaly = "v"\nthen = "warn"', "rule 'n': anomaly is about a whole load"),
        (
            'on = "e"\n[rules.n]\nforeign_key = "v"\nreferences = "a.b.c"\nthen = "warn"',
            "rule 'n': foreign_key is about a whole load",
        ),
        ('on = "ee"\n[rules.n]\nnot_null = "v"\nthen = "warn"', "there is no table 'ee'"),
        ('on = "e"\n[rules.n]\nnot_null = "w"\nthen = "warn"', "rule 'n': there is no column 'w'"),
    ],
)
def test_what_fits_no_stream_is_refused_by_name(tmp_path: Path, rules: str, message: str) -> None:
    write_project(tmp_path, SQL)
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "e.toml").write_text(rules)
    (found,) = [f for f in check(tmp_path, tmp_path / HOME) if f.level == "error"]
    assert found.message.startswith(message)
    assert found.where.startswith("quality/e.toml:")
    with pytest.raises(PenstockError) as caught:
        opened(tmp_path)
    assert str(caught.value).startswith(message)


def test_results_are_asked_for_as_any_table(tmp_path: Path) -> None:
    with _project(tmp_path, 'on = "e"\n[rules.small]\nrange = "v"\nto = 5\nthen = "warn"\n') as project:
        project.append("e", [{"id": n, "k": "a", "v": n} for n in (4, 5, 6)])
        project.run(bounded=True)
        asked = 'SELECT kind, run, "table", rule, form, "then", rows, broken, passed FROM {}'
        for table in ("quality_results", "penstock.quality_results"):
            assert project.query(asked.format(table)).rows() == [
                ("stream", "main", "e", "e.small", "range", "warn", 3, 1, False)
            ]


def test_a_rule_is_ones_own_where_bad_rows_end_a_pipeline_as_in_flink(tmp_path: Path) -> None:
    write_project(tmp_path, SQL, on_bad_row="flink")
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "e.toml").write_text('on = "e"\n[rules.small]\nrange = "v"\nto = 5\nthen = "quarantine"\n')
    with opened(tmp_path) as project:
        project.append("e", [{"id": n, "k": "a", "v": n} for n in (4, 6, 5)])
        project.run(bounded=True)
        assert sorted(r[1] for r in project.query("SELECT * FROM r").rows()) == [4, 5]
        assert project.rejects()["reason"].to_list() == ["e.small: v is above 5: '6'"]
