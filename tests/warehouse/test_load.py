"""Loads of CSV: what comes in, what is set aside, what a rerun changes, each counted from the files by other means."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import ConfigError, DataError, WarehouseError
from penstock.warehouse.model import model_of
from penstock.warehouse.postgres import PostgresDatabase
from penstock.warehouse.sources.source_file import read_source
from penstock.warehouse.target import Changes
from tests.warehouse.loads import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import PostgresServer

SCHEMA = """
key = ["id"]
{0}
[columns.id]
type = "BIGINT"
missing = "drop"
[columns.name]
type = "STRING"
[columns.credit]
type = "DECIMAL(8, 2)"
"""
RULES = """
on = "staging.customers"
[rules.credit_fits]
range = "credit"
from = "0"
then = "quarantine"
[rules.one_each]
unique = "id"
then = "quarantine"
[rules.named]
not_null = "name"
then = "warn"
"""
PLAIN = "id,name,credit\n1,Ann,5.00\n2,Bob,7\n3,Cem,0\n"
_OF_STAGING = "FROM information_schema.columns WHERE table_schema = 'staging'"
CURRENT = "SELECT id, name, credit, _deleted FROM staging.customers ORDER BY id, _changed_at"


@pytest.fixture(autouse=True, params=["duckdb", pytest.param("postgres", marks=pytest.mark.real)])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each test is one of both databases."""
    if request.param == "duckdb":
        yield "duckdb"
        return
    server: PostgresServer = request.getfixturevalue("server")
    made = PostgresDatabase(server.address(server.database()), kept=1)
    monkeypatch.setattr(Shop, "opened", staticmethod(lambda folder: made))
    yield "postgres"
    made.close()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, SCHEMA.format(""), 'on_delete = "close"\ntrack = false')


def staged(done: object) -> Changes:
    return done.changes["staging.customers"]  # type: ignore[attr-defined, no-any-return]


def test_each_row_is_counted_once_as_another_tool_counts_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), 'on_delete = "close"', RULES)
    chance = random.Random(7)
    rows = [[str(n), chance.choice(["Ann", " Bob ", ""]), f"{chance.randint(0, 99)}.50"] for n in range(300)]
    rows += [list(chance.choice(rows)) for _ in range(40)]
    rows += [["", "nobody", "1"] for _ in range(7)] + [[str(n), "x", "-1"] for n in range(900, 911)]
    rows += [[str(n), "x", "much"] for n in range(920, 925)] + [["950", "a", "1"], ["950", "b", "1"]]
    chance.shuffle(rows)
    text = io.StringIO()
    csv.writer(text).writerows([["id", "name", "credit"], *rows])
    shop.deliver(text.getvalue() + "1,2\n")

    done = shop.load("first")

    read = [r for r in csv.reader(io.StringIO((tmp_path / "data/a.csv").read_text())) if r][1:]
    whole = [tuple(cell.strip() for cell in r) for r in read if len(r) == 3]
    dropped = [r for r in whole if not r[0]]
    numbers = {r for r in whole if r[2].lstrip("-").replace(".", "").isdigit()}
    bad = [r for r in whole if r[0] and (r not in numbers or r[2].startswith("-"))]
    good = {r for r in numbers if r[0] and not r[2].startswith("-")}
    one_each = {r[0] for r in good}
    counts = done.counts
    assert counts.read == len(read)
    assert counts.dropped == len(dropped)
    assert counts.quarantined == len(read) - len(whole) + len(bad) + len(good) - len(one_each)
    assert counts.duplicate == sum(r in good for r in whole) - len(good)
    assert counts.loaded == len(one_each) == shop.rows("SELECT count(*) FROM staging.customers")[0][0]
    assert staged(done) == Changes(inserted=len(one_each))
    assert [(phase.name, phase.rows) for phase in done.phases if phase.name in ("extract", "clean")] == [
        ("extract", len(read)),
        ("clean", len(read)),
    ]
    assert shop.checks is not None
    assert shop.checks.found == [
        ("x.credit_fits", 11, True),
        ("x.named", sum(not r[1] for r in whole if r[0] and r in numbers), True),
        ("x.one_each", 1, True),
    ]


def test_what_is_set_aside_says_where_it_stood_and_why(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), rules=RULES)
    shop.deliver("id,name,credit\n1,Ann,5\n2,Bob,much\n3,Cem\n4,Dan,-1\n5,Eve,1\n5,Eva,1\n")
    for run in ("first", "second"):
        assert shop.load(run).counts.quarantined == (4 if run == "first" else 0)
        found = shop.rows('SELECT line, code, rules, reason, "row", part, state, run FROM quarantine ORDER BY reason')
        assert [(*row[:4], json.loads(row[4])) for row in found] == [
            (4, "clean", "clean", "2 fields where the header has 3", {"_raw": "3,Cem"}),
            (3, "clean", "clean", "credit: 'much' is no DECIMAL(8, 2)", {"id": "2", "name": "Bob", "credit": "much"}),
            (5, *found[2][1:4], {"id": "4", "name": "Dan", "credit": "-1"}),
            (None, *found[3][1:4], {"id": 5, "name": "Eva", "credit": "1.00"}),
        ]
        assert [row[2] for row in found[2:]] == ["x.credit_fits", "x.one_each"]
        assert {row[5:] for row in found} == {("data/a.csv", "open", "first")}


def test_a_rerun_changes_nothing_and_one_cell_is_one_change(shop: Shop) -> None:
    shop.deliver(PLAIN)
    assert staged(shop.load("1")) == Changes(inserted=3)
    again = shop.load("2")
    assert again.counts.loaded == 3
    assert not staged(again)
    shop.deliver(PLAIN.replace("Bob", "Rob"))
    assert staged(shop.load("3")) == Changes(inserted=1)
    shop.deliver(PLAIN)
    assert staged(shop.load("4")) == Changes(inserted=1), "what it was before is a change again"
    assert not staged(shop.load("5"))
    names = [row[1] for row in shop.rows(CURRENT) if row[0] == 2]
    assert names == ["Bob", "Rob", "Bob"]


@pytest.mark.parametrize(("rule", "ended"), [("keep", 0), ("close", 1), ("remove", 1)])
def test_a_row_that_is_gone(tmp_path: Path, rule: str, ended: int) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), f'on_delete = "{rule}"')
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver(PLAIN.replace("2,Bob,7\n", ""))
    assert staged(shop.load("2")) == Changes(deleted=ended)
    shop.deliver(PLAIN.replace("2,Bob,7\n", "\n"))
    assert not staged(shop.load("3")), "it has ended already"
    shop.deliver(PLAIN)
    assert staged(shop.load("4")) == Changes(inserted=ended)
    ends = [deleted for key, *_, deleted in shop.rows(CURRENT) if key == 2]
    assert ends == [False, *[True, False] * ended]


def test_a_snapshot_without_a_row_ends_nothing(shop: Shop) -> None:
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver("id,name,credit\n")
    for run in "23":  # it is read again: its file may say otherwise by then
        done = shop.load(run)
        assert not staged(done)
        assert done.note == (
            "there is no row to load, and 3 are current: nothing is taken for ended,"
            ' unless the source says on_empty = "end"'
        )
    shop.deliver(PLAIN.replace("2,Bob,7\n", ""))
    assert staged(shop.load("4")) == Changes(deleted=1)


def test_a_snapshot_without_a_row_ends_all_where_its_source_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), 'on_delete = "close"\non_empty = "end"')
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver("id,name,credit\n")
    assert staged(shop.load("2")) == Changes(deleted=3)
    with pytest.raises(ConfigError, match="on_empty goes with on_delete: by itself nothing ends"):
        read_source("a", 'kind = "csv"\non_empty = "end"')


def test_what_is_wrong_or_cannot_be_told_has_not_ended(shop: Shop) -> None:
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver(PLAIN.replace("Bob,7", "Bob,much"))
    assert not staged(shop.load("2")), "the second customer is there, though not as a customer should be"
    shop.deliver(PLAIN.replace("2,Bob,7", "two,Bob,7"))
    done = shop.load("3")
    assert not staged(done)
    lines = (
        "1 value of id is no BIGINT, such as 'two'",
        "1 rows that were set aside have no key: nothing is taken for ended",
    )
    assert done.note == "; ".join(lines)


def test_a_dimension_follows_each_change(tmp_path: Path) -> None:
    model = model_of(
        {"customer": 'kind = "dimension"\nfrom = "staging.customers"\nkey = ["id"]\nattributes = ["name"]'}
    )
    shop = Shop(tmp_path, SCHEMA.format(""), 'on_delete = "close"\ntrack = false', model=model)
    shop.deliver(PLAIN)
    assert shop.load("1").changes["warehouse.customer"] == Changes(inserted=3)
    assert not shop.load("2").changes["warehouse.customer"]
    shop.deliver(PLAIN.replace("Bob", "Rob").replace("3,Cem,0\n", ""))
    assert shop.load("3").changes["warehouse.customer"] == Changes(inserted=1, updated=2)
    versions = shop.rows("SELECT id, name, is_current FROM warehouse.customer WHERE id > 1 ORDER BY id, valid_from")
    assert versions == [(2, "Bob", False), (2, "Rob", True), (3, "Cem", False)]


def test_what_its_columns_hold_is_kept(shop: Shop) -> None:
    shop.deliver("id,name,credit\n1,,5\n2,Bob,\n3,,\n")
    shop.load("1")
    found = shop.rows('SELECT name, "rows", missing FROM column_figures WHERE run = $$1$$ ORDER BY name')
    assert found == [("credit", 3, 2), ("id", 3, 0), ("name", 3, 2)]


def test_a_row_without_a_key_is_its_own(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.replace('key = ["id"]', "").format(""), 'on_delete = "close"')
    shop.deliver(PLAIN + "1,Ann,5\n")
    first = shop.load("1")
    assert (first.counts.duplicate, staged(first)) == (1, Changes(inserted=3))
    assert shop.rows(f"SELECT DISTINCT column_default {_OF_STAGING}") == [(None,)]
    shop.deliver(PLAIN.replace("Bob", "Rob"))
    assert staged(shop.load("2")) == Changes(inserted=1, deleted=1)


def test_of_two_rows_of_one_key_the_last_one_counts(shop: Shop) -> None:
    shop.deliver(PLAIN + "1,Anna,5\n")
    shop.deliver("id,name,credit\n1,Anne,5\n", "b.csv")
    done = shop.load("1")
    assert (done.counts.read, done.counts.duplicate, done.counts.loaded) == (5, 2, 3)
    assert shop.rows("SELECT name, _source FROM staging.customers WHERE id = 1") == [("Anne", "data/b.csv")]


def test_changes_are_added_once_whatever_the_order(tmp_path: Path) -> None:
    said = SCHEMA.format('changed_at = "at"') + '[columns.at]\ntype = "TIMESTAMP"\n'
    shop = Shop(tmp_path, said, 'mode = "changes"')
    one, two = ("1,Ann,5,2026-01-01 00:00:00\n", "1,Anne,5,2026-01-02 00:00:00\n")
    shop.deliver("id,name,credit,at\n" + two, "b.csv")
    shop.load("1")
    shop.deliver("id,name,credit,at\n" + one + two, "a.csv")
    done = shop.load("2")
    assert (done.counts.read, done.counts.loaded, staged(done)) == (2, 2, Changes(inserted=1))
    assert shop.load("3").changes == {}, "both files were loaded"
    assert [row[1] for row in shop.rows(CURRENT)] == ["Ann", "Anne"]


VERSIONS = "SELECT name FROM staging.customers WHERE id = 1 ORDER BY _changed_at"


@pytest.mark.parametrize("source", ["", "track = false\n"])
def test_what_changes_back_is_a_version_and_what_comes_again_is_none(tmp_path: Path, source: str) -> None:
    """Without a time of change, the order in which rows come is that of their changes."""
    shop = Shop(tmp_path, SCHEMA.format(""), f'mode = "changes"\n{source}')
    for run, name in enumerate("ABAAC"):
        shop.deliver(f"id,name,credit\n1,{name},5\n{run + 2},{name},5\n", f"{run}.csv")
        inserted = staged(shop.load(f"{run}")).inserted
        assert inserted == (1 if run == 3 else 2), "what is as it was is no change"
        again = shop.load(f"{run} again")
        assert not again.changes.get("staging.customers"), "the same delivery changes nothing"
        again.counts.require_whole()
    assert [row[0] for row in shop.rows(VERSIONS)] == list("ABAC")
    assert shop.rows("SELECT count(*) FROM staging.customers WHERE id > 1") == [(5,)]


def test_what_changes_back_within_a_delivery_is_a_version(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), 'mode = "changes"\ntrack = false')
    shop.deliver("id,name,credit\n1,A,5\n2,Z,5\n1,A,5\n1,B,5\n2,Z,5\n1,A,5\n")
    done = shop.load("1")
    assert (done.counts.read, done.counts.duplicate, done.counts.loaded) == (6, 2, 4)
    assert not shop.load("2").changes["staging.customers"]
    shop.deliver("id,name,credit\n1,B,5\n1,A,5\n1,C,5\n1,A,5\n", "b.csv")  # its beginning is known
    assert staged(shop.load("3")).inserted == 2
    assert not shop.load("4").changes["staging.customers"]
    assert [row[0] for row in shop.rows(VERSIONS)] == list("ABACA")


def test_however_deliveries_overlap_the_last_one_counts_and_changes_nothing_when_it_comes_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), 'mode = "changes"\ntrack = false')
    chance = random.Random(7)
    for run in range(12):
        rows = [(chance.randrange(3), chance.choice("ABC")) for _ in range(chance.randrange(1, 9))]
        shop.deliver("id,name,credit\n" + "".join(f"{n},{name},5\n" for n, name in rows))
        shop.load(f"{run}")
        assert not shop.load(f"{run} again").changes["staging.customers"], rows
        found = dict(shop.rows("SELECT DISTINCT ON (id) id, name FROM staging.customers ORDER BY id, _changed_at DESC"))
        assert dict(rows).items() <= found.items(), rows


def test_a_snapshot_is_what_there_is_now_whatever_it_says_of_when_it_changed(tmp_path: Path) -> None:
    said = SCHEMA.format('changed_at = "at"') + '[columns.at]\ntype = "TIMESTAMP"\n'
    shop = Shop(tmp_path, said)
    rows = "id,name,credit,at\n1,Ann,5,2026-01-02 00:00:00\n1,Anne,5,2026-01-01 00:00:00\n2,Bob,7,{}\n"
    latest = "SELECT DISTINCT ON (id) name FROM staging.customers ORDER BY id, _changed_at DESC"
    shop.deliver(rows.format("2026-01-02 00:00:00"))
    assert staged(shop.load("a")).inserted == 3
    for run, name in (("b", "Zoe"), ("c", "Bob"), ("d", "Abe"), ("e", "Bob")):  # each has the same time of change
        shop.deliver(rows.format("2026-01-02 00:00:00").replace("Bob", name))
        assert staged(shop.load(run)).inserted == 1
        assert shop.rows(latest) == [("Ann",), (name,)]
    shop.deliver(rows.format("2025-12-31 00:00:00"))  # and one that is before
    assert staged(shop.load("f")).inserted == 1
    shop.deliver(rows.format("2025-12-31 00:00:00") + "\n")  # another file that says the same
    assert not staged(shop.load("g"))


@pytest.mark.parametrize("names", [("Ann", "Bob"), ("Bob", "Ann")])
def test_rows_of_one_key_and_time_are_no_change_when_they_come_again(tmp_path: Path, names: tuple[str, str]) -> None:
    """Whatever their order in the file, and whichever of them was there before."""
    said = SCHEMA.format('changed_at = "at"') + '[columns.at]\ntype = "TIMESTAMP"\n'
    shop = Shop(tmp_path, said, "track = false")
    head, row = "id,name,credit,at\n", "1,{},5,2026-01-01 00:00:00\n"
    shop.deliver(head + row.format(names[0]))
    assert staged(shop.load("a")).inserted == 1
    shop.deliver(head + row.format(names[0]) + row.format(names[1]))
    assert staged(shop.load("b")).inserted == 1
    assert not staged(shop.load("c"))


def test_a_snapshot_is_all_its_files(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), 'on_delete = "close"')
    shop.deliver(PLAIN)
    shop.deliver("id,name,credit\n4,Dan,1\n", "b.csv")
    shop.load("1")
    assert shop.load("2").counts.read == 0
    (tmp_path / "data/b.csv").unlink()
    assert staged(shop.load("3")) == Changes(deleted=1)
    assert shop.rows("SELECT part FROM _parts") == [("data/a.csv",)]


def test_a_rule_that_fails_lets_nothing_in(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), rules=RULES.replace('"quarantine"', '"fail"', 1))
    shop.deliver("id,name,credit\n1,Ann,5\n2,Bob,-1\n3,Cem,much\n")
    with pytest.raises(DataError, match=r"quality rule x\.credit_fits stops the load: 1 of 2 rows break it"):
        shop.load("1")
    assert shop.rows("SELECT 1 FROM information_schema.tables WHERE table_name = 'customers'") == []
    assert shop.rows("SELECT count(*) FROM quarantine") == [(0,)]
    assert shop.checks is not None
    assert shop.checks.found == [("x.credit_fits", 1, False), ("x.named", 0, False)]


# -- a column that changes -------------------------------------------------------------------------

NIGHT = "id,name,credit\n1,Ann,5.00\n2,Bob,A+\n4,Dan,B\n"


def test_values_of_another_type_are_set_aside(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format('on_change = "quarantine"'), 'on_delete = "close"')
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver(NIGHT)
    done = shop.load("2")
    assert (done.counts.quarantined, done.counts.loaded, staged(done)) == (2, 1, Changes(deleted=1))
    assert done.note == "2 values of credit are no DECIMAL(8, 2), such as 'A+'"


def test_a_load_of_which_nothing_is_left_says_so(shop: Shop) -> None:
    shop.deliver("id,name,credit\n1,Ann,x\n2,Bob,y\n")
    done = shop.load("1")
    assert done.counts.is_refused
    assert done.note.endswith("; nothing is loaded: of 2 rows 2 were set aside")
    shop.deliver("id,name,credit\n1,Ann,x\n,Bob,7\n,Cem,7\n")
    done = shop.load("2")
    assert (done.counts.quarantined, done.counts.dropped, done.counts.is_refused) == (1, 2, True)
    assert done.note.endswith("; nothing is loaded: of 3 rows 1 was set aside and 2 were dropped")
    shop.deliver("id,name,credit\n1,Ann,x\n2,Bob,7\n,Cem,7\n")
    assert not shop.load("3").counts.is_refused
    shop.deliver("id,name,credit\n")
    assert not shop.load("4").counts.is_refused, "a source without a row has refused none"


def test_a_frozen_schema_stops_the_load(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format('on_change = "freeze"'))
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver(NIGHT)
    with pytest.raises(DataError) as caught:
        shop.load("2")
    assert str(caught.value) == (
        "data/a.csv does not fit the schema of customers, which is frozen: "
        "2 values of credit are no DECIMAL(8, 2), such as 'A+'\nschemas/customers.toml\n"
        'hint: change the schema file, or let on_change be "evolve" or "quarantine"'
    )
    assert shop.rows("SELECT count(*) FROM staging.customers") == [(3,)]


def test_a_schema_that_evolves_takes_its_staging_table_with_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "# mine\n" + SCHEMA.format('on_change = "evolve"'), 'on_delete = "close"\ntrack = false')
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver(NIGHT)
    done = shop.load("2")
    assert staged(done) == Changes(inserted=2, deleted=1), "what was 5.00 is the text 5.00 and no change"
    assert (tmp_path / "schemas/customers.toml").read_text() == "# mine\n" + SCHEMA.format(
        'on_change = "evolve"'
    ).replace("DECIMAL(8, 2)", "STRING")
    assert "warning: the schema follows the source: credit is STRING, was DECIMAL(8, 2): 'A+' (customers.toml)" in (
        shop.told.lines
    )
    assert any(line.startswith("warning: staging.customers: credit is STRING, was ") for line in shop.told.lines)
    shop.deliver("id,name,credit,E-Mail\n1,Ann,5.00,\n2,Bob,A+,b@x.org\n4,Dan,B,\n")
    assert staged(shop.load("3")) == Changes(inserted=1), "without a value in the new column nothing has changed"
    assert not staged(shop.load("4"))
    versions = shop.rows("SELECT version, policy, changes FROM _schema_versions ORDER BY version")
    assert versions == [
        (1, "evolve", "the first one"),
        (2, "evolve", "credit is STRING, was DECIMAL(8, 2)"),
        (3, "evolve", "e_mail is new"),
    ]


def test_the_value_that_made_a_column_wider_is_named(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format('on_change = "evolve"').replace("DECIMAL(8, 2)", "BIGINT"))
    shop.deliver("id,name,credit\n1,Ann,10.5\n2,Bob,zwölf\n")
    shop.load("1")
    assert "warning: the schema follows the source: credit is STRING, was BIGINT: 'zwölf' (customers.toml)" in (
        shop.told.lines
    )


@pytest.mark.parametrize("policy", ["evolve", "freeze", "quarantine"])
def test_columns_that_come_and_go(tmp_path: Path, policy: str) -> None:
    shop = Shop(tmp_path, SCHEMA.format(f'on_change = "{policy}"'), 'on_delete = "close"')
    shop.deliver(PLAIN)
    shop.load("1")
    shop.deliver(PLAIN.replace("credit", "Kredit"))
    if policy == "freeze":
        with pytest.raises(DataError, match="is frozen: column 'Kredit' is new; column 'credit' is gone"):
            shop.load("2")
        return
    done = shop.load("2")
    if policy == "quarantine":
        assert (done.counts.quarantined, staged(done)) == (3, Changes())
        assert shop.rows("SELECT DISTINCT reason FROM quarantine") == [
            ("column 'Kredit' is new; column 'credit' is gone",)
        ]
    else:
        assert staged(done) == Changes(inserted=3)
        assert "column 'credit' is gone" in done.note
        found = shop.rows("SELECT credit IS NULL, count(kredit) FROM staging.customers GROUP BY 1 ORDER BY 1")
        assert found == [(False, 0), (True, 3)]


def test_people_change_a_type_too_where_the_values_allow_it(tmp_path: Path, kind: str) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), "track = false")
    shop.deliver(PLAIN)
    shop.load("1")
    path = shop.schemas.path("customers")
    path.write_text(path.read_text().replace('"DECIMAL(8, 2)"', '"DOUBLE"'))
    assert not staged(shop.load("2"))
    told = {"duckdb": "credit is DOUBLE, was DECIMAL(8,2)", "postgres": "credit is DOUBLE, was NUMERIC(8,2)"}
    assert f"warning: staging.customers: {told[kind]}" in shop.told.lines
    path.write_text(path.read_text().replace('"STRING"', '"BIGINT"'))
    with pytest.raises(WarehouseError, match=r"staging\.customers\.name holds '(Ann|Bob|Cem)', which is no"):
        shop.load("3")
    assert shop.rows("SELECT name, credit FROM staging.customers WHERE id = 1") == [("Ann", 5.0)]


def test_a_first_schema_is_inferred_and_shown(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "")
    shop.deliver(PLAIN)
    assert shop.load("1").counts.loaded == 3
    assert "warning: schemas/customers.toml is inferred: read it through" in shop.told.lines
    assert 'type = "DOUBLE"' in (tmp_path / "schemas/customers.toml").read_text()


def test_no_schema_is_inferred_of_files_with_different_columns(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "")
    shop.deliver(PLAIN)
    shop.deliver("garbage\n", "b.csv")
    told = r"data/a\.csv and data/b\.csv do not have the same columns, .*only one of them has 'credit', 'garbage', 'id'"
    with pytest.raises(DataError, match=told):
        shop.load("1")
    assert not (tmp_path / "schemas").exists()
    shop.deliver("credit,id,name\n1,4,Dan\n", "b.csv")
    assert shop.load("2").counts.loaded == 4


def test_many_rows_are_grouped_in_slices(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.warehouse.staging._SLICE", 7)
    rows = [f"{n},n{n},{n}.5" for n in range(60)]
    shop.deliver("\n".join(["id,name,credit", *rows, *rows[::3], *(f"{n},again,1" for n in range(0, 60, 4))]))
    first = shop.load("1").counts
    assert (first.read, first.duplicate, first.loaded) == (95, 35, 60)
    assert not staged(shop.load("2"))
    assert shop.rows("SELECT count(*), count(DISTINCT id) FROM staging.customers WHERE name = 'again'") == [(15, 15)]


def test_times_go_on_though_the_clock_goes_back(shop: Shop) -> None:
    shop.deliver(PLAIN)
    shop.load("1")
    shop.clock.advance(-3_600_000)
    shop.deliver(PLAIN.replace("Bob", "Rob"))
    assert staged(shop.load("2")) == Changes(inserted=1)
    assert [row[1] for row in shop.rows(CURRENT) if row[0] == 2] == ["Bob", "Rob"]
