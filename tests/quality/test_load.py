"""The same file of rules on a stream and on a load; what a load set aside is mended and loaded again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, DataError, LogError
from penstock.project.audit_trail import Asked, changes
from penstock.project.check import check
from penstock.project.home import HOME
from penstock.project.warehouse.loads import Loads
from tests.cli.shell import call
from tests.engine.project import write_project
from tests.jobs.worlds import settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.warehouse.load import Load

SQL = """
CREATE TABLE c (id BIGINT, name STRING, age INT, born DATE)
WITH ('connector' = 'kafka', 'topic' = 'c', 'format' = 'json');
CREATE TABLE r (id BIGINT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json');
INSERT INTO r SELECT id, name FROM c;
"""
RULES = """
on = ["staging.customers", "c"]
[rules.named]
matches = "name"
pattern = "^[A-Z]"
then = "quarantine"
[rules.age]
range = "age"
from = 0
to = 120
then = "quarantine"
[rules.born]
range = "born"
from = 1900-01-01
then = "quarantine"
[rules.known]
sql = "age IS NOT NULL OR born IS NOT NULL"
then = "quarantine"
[rules.once]
unique = "id"
then = "quarantine"
"""
SCHEMA = """
key = ["id"]
[columns.id]
type = "BIGINT"
[columns.name]
from = "Full name"
type = "STRING"
[columns.age]
type = "INT"
[columns.born]
type = "DATE"
formats = ["%d.%m.%Y"]
"""
JOBS = '[jobs.nightly]\nkind = "load"\nretries = 0\n'
SOURCE = 'kind = "csv"\npath = "data/customers.csv"\nmode = "changes"\n'


def _rows() -> list[dict[str, Any]]:
    chance = random.Random(3)
    return [
        {
            "id": chance.randrange(25),
            "name": chance.choice(["Ann", "Bob", "Cora", "eve", None]),
            "age": chance.choice([None, -1, 0, 20, 44, 121, 120]),
            "born": chance.choice([None, "1899-12-31", "1900-01-01", "1999-05-04"]),
        }
        for _ in range(200)
    ]


def _csv(rows: list[dict[str, Any]]) -> str:
    lines = ["id,Full name,age,born"]
    for row in rows:
        born = "" if row["born"] is None else ".".join(reversed(row["born"].split("-")))
        lines.append(f"{row['id']},{row['name'] or ''},{'' if row['age'] is None else row['age']},{born}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def project(tmp_path: Path, warehouse: str) -> Iterator[Penstock]:
    write_project(tmp_path, SQL)
    with (tmp_path / "penstock.toml").open("a") as settings:
        settings.write(warehouse)
    files = {
        "sources/customers.toml": SOURCE,
        "schemas/customers.toml": SCHEMA,
        "quality/customers.toml": RULES,
        "jobs.toml": JOBS,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "data").mkdir()
    with penstock.open(tmp_path) as opened:
        yield opened


def _load(project: Penstock, rows: list[dict[str, Any]]) -> dict[str, int]:
    (project.folder / "data" / "customers.csv").write_text(_csv(rows))
    run = settled(project, project.jobs.begin("nightly", {}).id)
    assert run.state == "success", run
    return dict(run.steps[0].outcome.counts)


def test_a_load_sets_aside_what_a_stream_does(project: Penstock) -> None:
    rows = list({orjson.dumps(row): row for row in _rows()}.values())  # a load takes equal rows for one
    project.append("c", rows)
    project.run(bounded=True)
    counts = _load(project, rows)
    streamed = {(r["offset"], r["code"], r["reason"]) for r in project.rejects().to_dicts()}
    loaded = project.query('SELECT line, code, reason, "row" FROM quarantine').rows()
    by_rows = {line - 2: (code, reason) for line, code, reason, _ in loaded if line is not None}
    assert {place: (code, reason) for place, code, reason in streamed if not code.endswith("once")} == by_rows
    doubles = [orjson.loads(row)["id"] for line, code, _, row in loaded if code == "quality:customers.once"]
    assert sorted(doubles) == sorted(rows[place]["id"] for place, code, _ in streamed if code.endswith("once"))
    assert len({code for _, code, _, _ in loaded}) == 5, "each rule takes some out"
    assert counts["quarantined"] == len(streamed)
    assert counts["read"] == len(rows) == counts["loaded"] + counts["quarantined"]
    staged = sorted(project.query("SELECT id, name FROM staging.customers").rows())
    assert staged == sorted(project.query("SELECT id, name FROM r").rows())
    known = {(r["kind"], r["rule"]): r["broken"] for r in project.quality.results().to_dicts()}
    for rule in ("named", "age", "born", "known", "once"):
        assert known["batch", f"customers.{rule}"] == known["stream", f"customers.{rule}"] > 0


ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "Ann", "age": 20, "born": "1999-05-04"},
    {"id": 2, "name": "Bob", "age": -20, "born": "1999-05-04"},
    {"id": 3, "name": "eve", "age": 1, "born": None},
    {"id": 1, "name": "Cora", "age": 20, "born": "1999-05-04"},
]


def _open_rows(folder: Path) -> dict[str, str]:
    out = call("quality", "show", folder, "--format", "json").out
    rows = [orjson.loads(line) for line in out.splitlines()]
    return {r["rule"]: r["id"] for r in rows if r["state"] in ("open", "fixed")}


def test_rows_of_a_load_are_mended_and_loaded_again(project: Penstock) -> None:
    folder = project.folder
    assert _load(project, ROWS) == {"read": 4, "duplicate": 0, "dropped": 0, "quarantined": 3, "loaded": 1}
    project.close()
    ids = _open_rows(folder)
    assert set(ids) == {"customers.age", "customers.named", "customers.once"}
    assert "customers.once: id is there already: '1'" in call("quality", "show", folder).out
    fixed = call(
        "quality", "fix", folder, "--rule", "customers.age", "--sql", "age=CAST(ABS(CAST(age AS INT)) AS STRING)"
    )
    assert fixed.out.endswith("1 row mended; penstock quality replay DIR brings them in\n"), fixed.err
    assert call("quality", "fix", folder, ids["customers.once"], "--set", "id=9", "--set", "name=Dora").code == 0
    replayed = call("quality", "replay", folder, *ids.values(), "--yes")
    assert replayed.out == "source customers: 3 rows read, 2 loaded, 1 set aside again (customers.named 1)\n", (
        replayed.err
    )
    with penstock.open(folder) as opened:
        staged = opened.query("SELECT id, name, age, born FROM staging.customers ORDER BY id").rows()
        assert [(one[:3], str(one[3])) for one in staged] == [
            ((1, "Ann", 20), "1999-05-04"),
            ((2, "Bob", 20), "1999-05-04"),
            ((9, "Dora", 20), "1999-05-04"),
        ]
        states = dict(opened.query("SELECT rules, state FROM quarantine").rows())
        assert states == {"customers.age": "replayed", "customers.once": "replayed", "customers.named": "open"}
        loads = opened.query('SELECT "read", loaded, quarantined FROM _loads ORDER BY loaded_at').rows()
        assert loads == [(4, 1, 3), (3, 2, 1)]
        acts = [one.act for one in changes(opened.log, Asked(), 3)]
        assert acts == ["quality-replay", "quality-fix", "quality-fix"]
        with pytest.raises(LogError, match="was replayed already"):
            opened.quality.replay([ids["customers.age"]])
        with pytest.raises(DataError, match="has no column 'nam'"):
            opened.quality.fix([ids["customers.named"]], {"nam": "Eve"}, {})
        with pytest.raises(LogError, match=f"there is no row {'0' * 32}"):
            opened.quality.fix(["0" * 32], {"id": 1}, {})
        # what stood in the file is read again, and nothing is twice
        (folder / "sources" / "customers.toml").write_text(SOURCE + "track = false\n")
        counts = _load(opened, ROWS)
        assert (counts["read"], counts["loaded"], counts["quarantined"]) == (4, 1, 3)
        assert opened.query("SELECT COUNT(*) FROM staging.customers").rows() == [(3,)]
        assert dict(opened.query("SELECT rules, state FROM quarantine").rows()) == states


def _ids(project: Penstock) -> dict[str, str]:
    return {row["rule"]: row["id"] for row in project.quality.rows().to_dicts()}


def test_a_row_that_is_replayed_twice_at_once_counts_once(project: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    _load(project, ROWS)
    id_ = _ids(project)["customers.age"]
    project.quality.fix([id_], {"age": 20}, {})
    again = Loads.again

    def after_another(*args: Any) -> Load:
        monkeypatch.undo()
        assert project.quality.replay([id_])["loaded"].to_list() == [1]
        return again(*args)

    monkeypatch.setattr(Loads, "again", after_another)
    with pytest.raises(LogError, match=f"row {id_} was replayed already"):
        project.quality.replay([id_])
    assert project.query("SELECT id, age FROM staging.customers ORDER BY id").rows() == [(1, 20), (2, 20)]
    assert project.query('SELECT SUM("read") FROM _loads').rows() == [(5,)]


def test_a_row_that_is_mended_while_it_is_replayed_is_not_replayed_as_it_was(
    project: Penstock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _load(project, ROWS)
    id_ = _ids(project)["customers.named"]
    again = Loads.again

    def after_a_mend(*args: Any) -> Load:
        project.quality.fix([id_], {"name": "Eve"}, {})
        return again(*args)

    monkeypatch.setattr(Loads, "again", after_a_mend)
    with pytest.raises(LogError, match="somebody else has mended, replayed or discarded one of the rows meanwhile"):
        project.quality.replay([id_])
    monkeypatch.undo()
    assert project.quality.replay([id_])["loaded"].to_list() == [1]


def test_rows_of_a_load_are_given_up_for_a_reason(project: Penstock) -> None:
    folder = project.folder
    _load(project, ROWS)
    named, age, once = (_ids(project)[f"customers.{rule}"] for rule in ("named", "age", "once"))
    with pytest.raises(ConfigError, match="to discard rows needs a reason"):
        project.quality.discard([named], " ")
    with pytest.raises(LogError, match=f"there is no row {'0' * 32}"):
        project.quality.discard([named, "0" * 32], "a test")
    project.close()
    refused = call("quality", "discard", folder, named, "--because", "a test")
    assert "1 row would be discarded; nobody can be asked here, so say --yes" in refused.err
    assert call("quality", "discard", folder, named, "--because", "a test", "--yes").out == "1 row discarded\n"
    done = call("quality", "discard", folder, "--rule", "customers.age", "--because", "sent twice", "--yes")
    assert done.out == "1 row discarded\n", done.err
    assert "sent twice" in call("quality", "show", folder, "--state", "discarded").out
    assert "discarded" not in call("quality", "show", folder, "--state", "open").out
    assert f"row {age} was discarded already" in call("quality", "replay", folder, age, "--yes").err
    with penstock.open(folder) as opened:
        (folder / "sources" / "customers.toml").write_text(SOURCE + "track = false\n")
        _load(opened, ROWS)
        found = {row["id"]: (row["state"], row["discarded_reason"]) for row in opened.quality.rows().to_dicts()}
        assert found == {named: ("discarded", "a test"), age: ("discarded", "sent twice"), once: ("open", None)}
        assert opened.query("SELECT count(*) FROM quarantine WHERE discarded_by = '' OR discarded IS NULL").rows() == [
            (1,)
        ]
        assert [one.act for one in changes(opened.log, Asked(act="quality-discard"), 3)] == ["quality-discard"] * 2


def test_a_replay_says_nothing_of_how_a_rule_went_the_last_time(project: Penstock) -> None:
    file = project.folder / "quality" / "customers.toml"
    file.write_text(RULES + '[rules.enough]\nrows = true\nfrom = 2\nthen = "fail"\n')
    _load(project, [*ROWS, {"id": 4, "name": "Dan", "age": 4, "born": None}])
    before = project.quality.results()
    assert before.filter(pl.col("rule") == "customers.age").select("rows", "broken").rows() == [(5, 1)]
    id_ = _ids(project)["customers.age"]
    project.quality.fix([id_], {"age": 20}, {})
    assert project.quality.replay([id_])["loaded"].to_list() == [1], "the rule about a whole load stops no single row"
    assert project.quality.results().equals(before)
    told = project.query('SELECT kind, count(*), max("rows") FROM quality_results GROUP BY kind ORDER BY kind').rows()
    assert told == [("batch", 6, 5), ("replay", 5, 1)]


@pytest.mark.parametrize(
    ("rules", "where", "message"),
    [
        ("staging.customer", "quality/customers.toml:1", "nothing is loaded into 'staging.customer'"),
        ("warehouse.customers", "quality/customers.toml:1", "nothing is loaded into 'warehouse.customers'"),
        ("staging.customers", "quality/customers.toml:3", "rule 'fit': there is no column 'nam'"),
    ],
)
def test_check_holds_rules_against_the_schemas_of_loads(
    project: Penstock, rules: str, where: str, message: str
) -> None:
    text = f'on = "{rules}"\n[rules.fit]\nnot_null = "nam"\nthen = "warn"\n'
    (project.folder / "quality" / "customers.toml").write_text(text)
    (found,) = [f for f in check(project.folder, project.folder / HOME) if f.level == "error"]
    assert (found.where, found.message) == (where, message)
    assert found.hint.startswith(("did you mean", "sources/NAME.toml"))
