"""Forgetting a person: looked for afterwards in every byte of the folder, with other tools."""

from __future__ import annotations

import base64
import io
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import orjson
import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, StorageError
from penstock.project.audit_trail import Asked, changes
from penstock.project.backup.backup import back_up
from penstock.project.forget.forget import foretold, forget
from penstock.project.forget.person import Person
from tests.cli.shell import call, make_project
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHO = "anna.b@example.com"
SQL = """\
CREATE TABLE visits (email STRING, page STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH (
  'connector' = 'kafka', 'topic' = 'visits', 'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json', 'key.format' = 'raw', 'key.fields' = 'email');
CREATE TABLE files (email STRING, n BIGINT) WITH (
  'connector' = 'filesystem', 'path' = 'out/files', 'format' = 'parquet', 'sink.rolling-policy.rows' = '20');
CREATE TABLE folders (n BIGINT, email STRING) PARTITIONED BY (email) WITH (
  'connector' = 'filesystem', 'path' = 'out/folders', 'format' = 'parquet', 'sink.rolling-policy.rows' = '4');
CREATE TABLE counts (email STRING, n BIGINT, PRIMARY KEY (email) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'counts', 'key.format' = 'json', 'value.format' = 'json');
CREATE TABLE minutes (window_end TIMESTAMP(3), email STRING, n BIGINT, pages BIGINT) WITH (
  'connector' = 'kafka', 'topic' = 'minutes', 'format' = 'json');
CREATE VIEW best AS SELECT email, page, n FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY email ORDER BY n DESC) AS r FROM visits) WHERE r = 1;
CREATE TABLE top (email STRING, page STRING, n BIGINT, PRIMARY KEY (email) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'top', 'key.format' = 'json', 'value.format' = 'json');
EXECUTE STATEMENT SET BEGIN
INSERT INTO files SELECT email, n FROM visits;
INSERT INTO folders SELECT n, email FROM visits;
INSERT INTO counts SELECT email, COUNT(*) FROM visits GROUP BY email;
INSERT INTO top SELECT email, page, n FROM best;
INSERT INTO minutes SELECT window_end, email, COUNT(*), COUNT(DISTINCT page)
  FROM TABLE(TUMBLE(TABLE visits, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, email;
END;
"""


def visit(n: int, email: str, second: int) -> dict[str, Any]:
    moment = f"2025-01-01 00:{second // 60:02}:{second % 60:02}"
    return {"email": email, "page": f"/of/{email}/{n % 3}", "n": n, "ts": moment}


def values(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        {"key": [r["email"].encode() for r in rows], "value": [orjson.dumps(r) for r in rows]},
        schema={"key": pl.Binary, "value": pl.Binary},
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return visited(make_project(tmp_path / "shop", SQL))


def visited(folder: Path) -> Path:
    """A project that has run: windows are open, files lie aside, rows were rejected and late, and a savepoint kept."""
    people = [WHO, "carl@example.com", "dora@example.com", "bea"]
    with penstock.open(folder) as project:
        project.start()
        rows = [visit(n, people[n % 4], n) for n in range(150)]
        bad = {**visit(150, WHO, 150), "ts": f"when {WHO} came"}
        project.append("visits", values([*rows, bad, visit(151, WHO, 3), visit(152, "bea", 4)]))
        until(lambda: project.late().height == 2 and project.rejects().height == 1, "the rows are not read")
        project.savepoint("before", "orders")
        more = values([visit(n, people[n % 4], n) for n in range(153, 163)])
        project.append("visits", more)
        project.log.create_topic("others")
        project.append("others", more.filter(pl.col("key") != WHO.encode()))  # whose blob has the texts of all
        until(lambda: project.query("SELECT max(n) FROM best").rows() == [(162,)], "the rows are not read")
    return folder


def found(folder: Path, word: str) -> list[str]:
    """Where a word stands in the folder, as sqlite3 and duckdb and Arrow read it."""
    where = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if word.encode() in path.read_bytes() or word in str(path):
            where.append(f"bytes of {path.relative_to(folder)}")
        if ".parquet" in path.name:
            text = str(duckdb.sql(f"SELECT * FROM read_parquet('{path}', hive_partitioning=false)").fetchall())
            where += [f"rows of {path.relative_to(folder)}"] * (word in text)
    with closing(sqlite3.connect(folder / ".penstock" / "log.db")) as log:
        tables = [name for (name,) in log.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            for row in log.execute(f"SELECT * FROM {table}"):
                where += [f"table {table}" for cell in row for text in texts(cell) if word in text]
    return where


def texts(cell: object) -> Iterator[str]:
    if not isinstance(cell, bytes):
        yield str(cell)
        return
    yield cell.decode("utf-8", "replace")
    try:
        frame = pl.read_ipc_stream(io.BytesIO(cell))
    except Exception:  # noqa: BLE001  # no Arrow
        if cell[:1] == b"{":
            yield from (base64.b64decode(t).decode() for t in orjson.loads(cell).get("tokens", {}).values())
        return
    yield str(frame.rows())
    yield frame.write_ipc_stream(None, compression="uncompressed").getvalue().decode("utf-8", "replace")


def test_a_forgotten_person_is_in_no_byte_of_the_folder_and_all_others_are(shop: Path, tmp_path: Path) -> None:
    before = found(shop, WHO)
    assert len({where.split(" of ")[0] for where in before}) >= 3
    person = Person(("email",), WHO)
    with penstock.open(shop) as project:
        told = {(one.place, one.act): one.count for one in foretold(project, person) if one.act != "untouched"}
    assert found(shop, WHO) == before
    with penstock.open(shop) as project:
        back_up(project, tmp_path / "backup")
        ends = project.log.ends("visits")
        done = {(one.place, one.act): one.count for one in forget(project, person)}
        assert told == {(place, act): n for (place, act), n in done.items() if act not in ("left", "untouched")}
        visits = (
            38 + 1 + 1 + 2
        )  # in order, the one that could not be read, the late one, and those of the second append
        assert done["topic visits", "removed"] == visits
        assert done["table penstock.rejects", "emptied"] == 1
        assert done["table penstock.late", "emptied"] == 1
        assert done["table files", "removed"] > 30
        assert done["state of pipeline orders", "replaced"] > 4
        assert done[f"backup {tmp_path / 'backup'}", "untouched"] == 1
        assert [place for place, act in done if act == "left"] == []
        assert project.log.ends("visits") == ends
        project.log.verify()
        late = project.late().filter(pl.col("row").is_null()).to_dicts()
        assert [(row["raw"], row["reason"]) for row in late] == [
            (None, "its content was removed, since a person was forgotten")
        ]
    assert found(shop, WHO) == []
    assert {where.split(" of ")[0] for where in found(shop, "carl@example.com")} >= {
        "rows",
        "table data",
        "table state_data",
    }
    with penstock.open(shop) as project:
        project.append("visits", values([visit(n, "bea", 600 + n) for n in range(5)]))
        project.run(bounded=True)
        counts = dict(project.query("SELECT email, n FROM counts").rows())
        assert (counts["bea"], WHO in counts) == (37 + 3 + 1 + 5 - 1, False)
        project.log.verify()


def test_a_number_is_replaced_in_keys_where_that_is_asked_for(tmp_path: Path) -> None:
    sql = """\
        CREATE TABLE visits (who BIGINT) WITH ('connector' = 'kafka', 'topic' = 'visits', 'value.format' = 'json',
          'scan.startup.mode' = 'earliest-offset');
        CREATE TABLE counts (who BIGINT, n BIGINT, PRIMARY KEY (who) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
          'topic' = 'counts', 'key.format' = 'json', 'value.format' = 'json');
        INSERT INTO counts SELECT who, COUNT(*) FROM visits GROUP BY who;
        """
    with penstock.open(make_project(tmp_path / "shop", sql)) as project:
        project.append("visits", [{"who": who} for who in (4711, 4711, 4712)])
        project.run(bounded=True)
        done = {(one.place, one.act): one.count for one in forget(project, Person(("who",), "4711"))}
        assert done["topic counts", "removed"] == 1
        assert done["state of pipeline orders", "left"] == 1
        again = forget(project, Person(("who",), "4711", in_keys=True))
        assert [(one.place, one.act, one.count) for one in again] == [("state of pipeline orders", "replaced", 1)]
        project.append("visits", [{"who": 4711}, {"who": 4712}])
        project.run(bounded=True)
        assert sorted(project.query("SELECT who, n FROM counts").rows()) == [(4711, 1), (4712, 2)]


def test_a_short_value_goes_by_its_column_alone(tmp_path: Path) -> None:
    sql = """\
        CREATE TABLE visits (id BIGINT, n BIGINT, page STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH (
          'connector' = 'kafka', 'topic' = 'visits', 'value.format' = 'json',
          'scan.startup.mode' = 'earliest-offset');
        CREATE TABLE files (id BIGINT, page STRING) WITH ('connector' = 'filesystem', 'path' = 'out',
          'format' = 'parquet');
        CREATE TABLE minutes (ends TIMESTAMP(3), id BIGINT, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'minutes',
          'format' = 'json');
        EXECUTE STATEMENT SET BEGIN
        INSERT INTO files SELECT id, page FROM visits;
        INSERT INTO minutes SELECT window_end, id, COUNT(*)
          FROM TABLE(TUMBLE(TABLE visits, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, id;
        END;
        """

    def some(*rows: tuple[int, str]) -> pl.DataFrame:
        made = [{"id": who, "n": 41, "page": "the 41", "ts": f"2025-01-01 00:0{minute}:00"} for who, minute in rows]
        return pl.DataFrame({"value": [orjson.dumps(one) for one in made]})

    with penstock.open(make_project(tmp_path / "shop", sql)) as project:
        project.append("visits", some((41, "0"), (7, "0"), (41, "5"), (7, "5")))
        project.run(bounded=True)
        project.append("visits", some((41, "1"), (7, "1"), (41, "x"), (7, "x")))
        project.run(bounded=True)
        ended = call("forget", project.folder, "--column", "id", "--value", "41", "--yes", "--format", "json")
        assert ended.code == 0, ended.err
        done = {(one["place"], one["act"]): one["count"] for one in map(orjson.loads, ended.out.splitlines())}
        assert done["topic visits", "removed"] == 4
        assert done["topic minutes", "removed"] == 2
        assert done["table files", "removed"] == 3
        assert (done["table penstock.rejects", "emptied"], done["table penstock.late", "emptied"]) == (1, 1)
        assert done["texts", "left"] == 0
        assert "a value this short is looked for in the columns alone, in no other text" in ended.out
        visits = [orjson.loads(value)["id"] for f in project.log.read("visits") for value in f["value"]]
        assert visits == [7, 7, 7, 7]
        assert project.query("SELECT id, page FROM files").rows() == [(7, "the 41")] * 3
        assert len(project.query("SELECT row FROM penstock.late WHERE raw IS NOT NULL").rows()) == 1
        assert project.rejects()["raw"].null_count() == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("anna.b@example.com", True),
        ('{"email":"anna.b@example.com"}', True),
        ("from anna.b@example.com.", True),
        ("email=anna.b%40example.com/part-1", True),
        ("xanna.b@example.com", False),
        ("x.anna.b@example.com", False),
        ("anna.b@example.com.au", False),
        ("anna.b@example.community", False),
    ],
)
def test_a_value_is_a_word_and_no_part_of_another(text: str, *, says: bool) -> None:
    person = Person(("email",), WHO)
    assert person.is_in(text) == says
    assert person.said(pl.Series([text, None])).to_list() == [says, False]
    assert (WHO not in person.without(text)) == (says or WHO not in text)


def test_numbers_and_what_is_inside_of_rows_are_found_too() -> None:
    person = Person(("id",), "4711")
    frame = pl.DataFrame({"id": [4711, 7], "n": [4711, 1], "names": [["x 4711"], ["y"]], "raw": [b"4711", b"47110"]})
    changed, cells = person.replaced(frame)
    assert cells == 3
    assert changed["id"].to_list() == [person.number, 7]
    assert changed["n"].to_list() == [4711, 1]
    assert changed["names"].to_list() == [[f"x {person.token}"], ["y"]]
    assert changed["raw"].to_list() == [person.token.encode(), b"47110"]
    umlaut = Person(("name",), "J\u00fcrgen")
    assert umlaut.is_in(b'{"name": "J\\u00fcrgen"}')


def test_what_cannot_be_forgotten_is_told(shop: Path) -> None:
    ended = call("forget", shop, "--column", "mail", "--value", WHO, "--yes")
    assert "no table has a column 'mail'\nhint: did you mean email?" in ended.err
    ended = call("forget", shop, "--column", "email", "--value", " ", "--yes")
    assert "there is no value to forget\nhint: --value is the person's" in ended.err
    ended = call("forget", shop, "--column", "email", "--value", WHO)
    assert "this cannot be undone\nhint: say --yes" in ended.err
    with penstock.memory() as project, pytest.raises(ConfigError, match="a project in memory keeps nothing"):
        forget(project, Person(("email",), WHO))
    (shop / "sql" / "02-note.sql").write_text(f"-- {WHO} asked for this\n")
    with penstock.open(shop) as project:
        project.log.create_topic("notes")
        project.append("notes", values([visit(0, WHO, 0)]))
    ended = call("forget", shop, "--column", "email", "--value", WHO, "--yes", "--format", "csv")
    assert ended.code == 0
    assert "file sql/02-note.sql,left,1,rows or lines say it" in ended.out
    assert 'topic notes,left,1,"records say it, in none of the columns"' in ended.out
    assert "what is left says the value elsewhere than in these columns: name others too" in ended.err
    audited = str(penstock.open(shop).log.read("__audit"))
    assert WHO not in audited


def test_files_that_are_not_what_their_names_say(shop: Path) -> None:
    """One that was cut off while it was written, others that nobody can read."""
    table, other = (shop / "out/files" / name for name in (".a.parquet.forgetting", "b.parquet"))
    table.write_bytes(b"PAR1" + WHO.encode())
    other.write_bytes(WHO.encode())
    (shop / "notes.parquet").write_bytes(b"a line\nof " + WHO.encode())
    (shop / "locked").symlink_to("/proc/self/mem")
    with penstock.open(shop) as project:
        with pytest.raises(StorageError, match=r"b\.parquet' cannot be read as Parquet: ") as caught:
            forget(project, Person(("email",), WHO))
        assert caught.value.hint == "move it away and repeat this; what was removed before is removed"
        broken_off = changes(project.log, Asked(act="forget"), 1)[0].more
        assert broken_off["complete"] is False
        assert {one["place"]: one["count"] for one in broken_off["done"]}["topic visits"] == 42
        other.unlink()
        left = [
            (one.place, one.count, one.what) for one in forget(project, Person(("email",), WHO)) if one.act == "left"
        ]
        assert changes(project.log, Asked(act="forget"), 1)[0].more["complete"] is True
    assert ("file notes.parquet", 1, "rows or lines say it") in left
    assert ("file locked", 0, "lines looked at: it cannot be read, Input/output error") in left
    assert not table.exists()
