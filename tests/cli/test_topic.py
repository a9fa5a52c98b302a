from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
from penstock.log import Log
from tests.cli.shell import PATIENCE, append, call, make_project, orders, started
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path


def read(*args: object) -> list[dict[str, object]]:
    ended = call("topic", "read", *args, "--format", "json")
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "parted", toml='[topics.orders]\npartitions = 3\n"retention.ms" = "30 d"\n')
    assert call("topic", "create", folder, "orders").out == "topic orders has 3 partitions\n"
    return folder


def test_topics_are_made_as_the_project_says_altered_and_listed(parted: Path) -> None:
    assert call("topic", "create", parted, "other", "--partitions", "2", "--config", "cleanup.policy=compact").code == 0
    rows = [json.loads(line) for line in call("topic", "list", parted, "--format", "json").out.splitlines()]
    assert rows == [
        {"topic": "orders", "partitions": 3, "rows": 0, "bytes": 0, "configs": "retention.ms=30 d"},
        {"topic": "other", "partitions": 2, "rows": 0, "bytes": 0, "configs": "cleanup.policy=compact"},
    ]
    altered = call("topic", "alter", parted, "other", "--partitions", "4", "--config", "cleanup.policy=")
    assert altered.out == "topic other has 4 partitions\n"
    wrong = call("topic", "alter", parted, "other", "--config", "retention")
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "error[usage]: --config takes K=V, not 'retention'")
    nothing = call("topic", "alter", parted, "other")
    assert nothing.err.splitlines()[0] == "error[usage]: say what to alter: --partitions or --config"
    unknown = call("topic", "describe", parted, "ordres")
    assert (unknown.code, "did you mean orders?" in unknown.err) == (1, True)


def test_lowering_retention_says_what_goes_and_asks(shop: Path) -> None:
    with penstock.open(shop) as project:
        size = sum(p.bytes for p in project.log.describe("orders"))
    asked = call("topic", "alter", shop, "orders", "--config", "retention.bytes=0")
    assert asked.err.startswith(
        f"error[usage]: 130 rows ({size:,} bytes) of topic 'orders', used by pipeline orders; table orders would go; "
        "nobody can be asked here, so say --yes"
    )
    assert call("topic", "alter", shop, "orders", "--config", "retention.bytes=0", "--yes").code == 0
    more = call("topic", "alter", shop, "orders", "--config", "retention.bytes=")
    assert (more.code, more.err) == (0, ""), "more is kept: nobody is asked"


def test_topics_of_the_system_are_shown_when_they_are_asked_for(parted: Path) -> None:
    with penstock.open(parted) as project:
        project.log.create_topic("__of_ours")
    names = [json.loads(line)["topic"] for line in call("topic", "list", parted, "--format", "json").out.splitlines()]
    assert names == ["orders"]
    every = call("topic", "list", parted, "--all", "--format", "json").out.splitlines()
    assert [json.loads(line)["topic"] for line in every] == ["__audit", "__of_ours", "orders"]
    unknown = call("topic", "describe", parted, "__of_our")
    assert unknown.err == "error[topic-unknown]: there is no topic '__of_our'\nhint: there are orders\n"


def test_deleting_wants_a_yes_where_nobody_can_be_asked(parted: Path) -> None:
    append(parted, *orders(5))
    refused = call("topic", "delete", parted, "orders")
    assert refused.code == 2
    assert re.match(
        r"error\[usage\]: 5 rows \(\d+ bytes\) of topic 'orders', used by pipeline orders; table orders would go; "
        "nobody can be asked here, so say --yes\n",
        refused.err,
    )
    assert call("topic", "delete", parted, "orders", "--yes").out == "topic orders is deleted, 5 records with it\n"


def test_one_record_is_appended_by_hand_if_its_tables_can_read_it(parted: Path) -> None:
    made = call("topic", "produce", parted, "orders", '{"id": 1, "customer": "c1"}', "--header", "by=me")
    assert re.fullmatch(r"1 record appended to orders: partition [012], offset 0\n", made.out)
    wrong = call("topic", "produce", parted, "orders", '{"id": "x"}')
    assert wrong.err == (
        'error[json-value]: table orders cannot read it: column id: "x" is not a BIGINT\n'
        "hint: mend it, or append it unchecked: it is then a reject\n"
    )
    unchecked = call("topic", "produce", parted, "orders", "no JSON", "--unchecked", "--partition", "2", "--key", "k")
    assert unchecked.out.startswith("1 record appended to orders: partition 2, offset ")
    neither = call("topic", "produce", parted, "orders")
    assert neither.err.startswith("error[usage]: say the VALUE, or --tombstone\n")
    results = call("topic", "produce", parted, "revenue", "{}")
    assert results.err.startswith("error[topic-written]: topic 'revenue' holds the results of pipeline orders")


def test_deleting_asks_for_the_name(parted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.cli.topic.interactive", lambda: True)
    wrong = call("topic", "delete", parted, "orders", given="order\n")
    assert wrong.code == 1
    assert "error[topic-delete]: 'order' is not 'orders': nothing was deleted" in wrong.err
    lost = "0 rows (0 bytes) of topic 'orders', used by pipeline orders; table orders will go"
    assert f"{lost}. Its name, to go on: " in wrong.err
    assert call("topic", "delete", parted, "orders", given="orders\n").code == 0


def test_lines_become_records_as_they_are_with_the_key_of_the_table(parted: Path) -> None:
    lines = '{"customer":"ada","id":1}\r\n{"customer":null, "id":2}\n{"id":3}'
    ended = call("topic", "write", parted, "orders", given=lines)
    assert ended.code == 0
    assert ended.out.startswith("3 records appended to orders\n  partition ")
    rows = read(parted, "orders", "--keys")
    assert [(r["key"], r["value"]) for r in rows] == [
        ("ada", '{"customer":"ada","id":1}'),
        (None, '{"customer":null, "id":2}'),
        (None, '{"id":3}'),
    ]


def test_the_key_is_where_the_engine_would_put_it(parted: Path) -> None:
    append(parted, *orders(30))
    lines = "".join(json.dumps({"customer": f"c{i}"}) + "\n" for i in range(3))
    call("topic", "write", parted, "orders", given=lines)
    rows = read(parted, "orders", "--keys")
    places = {(r["key"], r["partition"]) for r in rows}
    assert len(places) == 3


def test_a_key_by_name_a_partition_and_a_packed_file(parted: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.gz"
    file.write_bytes(gzip.compress(b'{"id":7}\n{"id":8}\n'))
    ended = call("topic", "write", parted, "orders", file, "--key", "id", "--partition", "2")
    assert ended.out == "2 records appended to orders\n  partition 2: offsets 0 to 1\n"
    assert [r["key"] for r in read(parted, "orders", "--keys")] == ["7", "8"]


def test_several_key_fields_are_a_json_object(tmp_path: Path) -> None:
    sql = """
CREATE TABLE t (a STRING, b INT, n INT) WITH ('connector' = 'kafka', 'topic' = 't', 'value.format' = 'json',
  'key.format' = 'json', 'key.fields' = 'a;b');
CREATE TABLE u (n INT) WITH ('connector' = 'print');
INSERT INTO u SELECT n FROM t;
"""
    folder = make_project(tmp_path / "p", sql)
    with penstock.open(folder) as project:
        project.append("t", [{"a": "x", "b": 1, "n": 2}])
    call("topic", "write", folder, "t", given='{"a":"x","b":1,"n":3}\n')
    assert {r["key"] for r in read(folder, "t", "--keys")} == {'{"a":"x","b":1}'}


def test_a_line_that_gives_no_key_is_written_without_one(parted: Path) -> None:
    ended = call("topic", "write", parted, "orders", "--partition", "0", given='{"customer":"a"}\n[1]\n\nno json')
    assert ended.code == 0, ended.err
    assert ended.out == (
        "4 records appended to orders\n  partition 0: offsets 0 to 3\n  3 lines gave no key (written without one)\n"
    )
    rows = [(r["key"], r["value"]) for r in read(parted, "orders", "--keys")]
    assert rows == [("a", '{"customer":"a"}'), (None, "[1]"), (None, ""), (None, "no json")]
    ran = call("run", parted, "--bounded")
    assert "rejected (penstock.rejects)" in ran.out


def test_a_line_that_is_refused_is_named_and_those_before_it_stay(parted: Path, tmp_path: Path) -> None:
    call("topic", "alter", parted, "orders", "--config", "max.message.bytes=100")
    file = tmp_path / "lines.jsonl"
    short = [json.dumps({"id": i}) for i in range(5)]
    file.write_text("\n".join([*short[:3], json.dumps({"id": "x" * 200}), *short[3:]]))
    ended = call("topic", "write", parted, "orders", file, "--partition", "1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error[record-too-large]: 3 lines are appended, line 4 is not: the record has 210 bytes; "
        "topic 'orders' allows 100\n"
        "hint: raise max.message.bytes of the topic; then go on with --skip-lines 3, or --skip-lines 4 without"
        " this line\n"
    )
    rest = call("topic", "write", parted, "orders", file, "--partition", "1", "--skip-lines", "4")
    assert rest.out.startswith("2 records appended to orders\n  partition 1: offsets 3 to 4\n")
    assert [r["value"] for r in read(parted, "orders")] == short
    again = call("topic", "write", parted, "orders", file, "--skip-lines", "3")
    assert again.err.startswith("error[record-too-large]: 0 lines are appended, line 4 is not: ")


def test_a_compacted_topic_refuses_a_line_without_a_key(parted: Path) -> None:
    call("topic", "create", parted, "latest", "--config", "cleanup.policy=compact")
    ended = call("topic", "write", parted, "latest", "--key", "id", given='{"id":1}\n{"id":2}\n{}\n{"id":4}\n')
    assert ended.code == 1
    assert ended.err == (
        "error[record-key]: 2 lines are appended, line 3 is not: the record has no key, and topic 'latest' is compacted"
        " by key\nhint: give each record a key, or set cleanup.policy to delete; then go on with --skip-lines 2,"
        " or --skip-lines 3 without this line\n"
    )
    assert [r["key"] for r in read(parted, "latest", "--keys")] == ["1", "2"]


def test_ctrl_c_says_where_to_go_on(parted: Path) -> None:
    child = started("topic", "write", parted, "orders", stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stderr is not None
    child.stdin.write('{"id":1}\n{"id":2}\n')
    child.stdin.flush()
    until(lambda: call("topic", "read", parted, "orders", "--format", "raw").out, "nothing is written", PATIENCE)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate('{"id":3}\n', timeout=PATIENCE)
    count = len(call("topic", "read", parted, "orders", "--format", "raw").out.splitlines())
    assert count in (2, 3)  # the third line may have come before the signal was looked at
    assert (out.splitlines()[0], child.returncode) == (f"{count} records appended to orders", 0)
    assert err == f"stopped; where lines are left, go on with --skip-lines {count}\n"


def test_a_disk_that_is_full_half_way(parted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.cli.topic_write._BYTES", 1 << 20)
    lines = b"".join(base64.b64encode(os.urandom(748)) + b"\n" for _ in range(4000))
    before = Log.append

    def append(log: Log, *args: Any) -> Any:
        pages = log._file.writer.pragma("page_count")
        log._file.writer.pragma("max_page_count", max(pages, (2 << 20) // log._file.writer.pragma("page_size")))
        return before(log, *args)

    monkeypatch.setattr(Log, "append", append)
    ended = call("topic", "write", parted, "orders", given=lines)
    monkeypatch.undo()
    kept = len(call("topic", "read", parted, "orders", "--format", "raw").out.splitlines())
    assert 0 < kept < 4000
    assert ended.err == (
        f"error[storage-full]: {kept:,} lines are appended, line {kept + 1:,} is not: "
        f"no space left for {parted / '.penstock' / 'log.db'}\n"
        f"hint: free disk space; then go on with --skip-lines {kept}\n"
    )
    call("topic", "write", parted, "orders", "--skip-lines", kept, given=lines)
    assert len(call("topic", "read", parted, "orders", "--format", "raw").out.splitlines()) == 4000


def test_a_packed_file_that_is_cut_off(parted: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.gz"
    file.write_bytes(gzip.compress(b'{"id":7}\n{"id":8}\n')[:-9])
    ended = call("topic", "write", parted, "orders", file)
    assert ended.code == 1
    assert "error[file-damaged]: " in ended.err
    assert f"'{file}' cannot be read further: Compressed file ended" in ended.err


def test_what_a_pipeline_writes_takes_no_lines(shop: Path) -> None:
    ended = call("topic", "write", shop, "revenue", given="{}\n")
    assert ended.code == 1
    assert "topic 'revenue' holds the results of pipeline orders: events are not taken there" in ended.err
    assert "events go into a topic that pipelines only read" in ended.err


def test_a_table_without_a_topic_says_where_it_reads(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    call("init", folder)
    ended = call("topic", "write", folder, "orders", given="x\n")
    assert (ended.code, ended.err) == (
        1,
        "error[topic-table]: orders reads files in data/\nhint: copy the file to data/, and run\n",
    )
    sql = "CREATE TABLE g (a INT) WITH ('connector' = 'datagen');\n"
    other = make_project(tmp_path / "other", sql + "CREATE TABLE p (a INT) WITH ('connector' = 'print');")
    made = call("topic", "write", other, "g", given="x\n")
    assert made.err.startswith("error[topic-table]: g is a table of connector 'datagen', which has no topic\n")


def test_reading_from_a_place(shop: Path) -> None:
    values = [json.loads(str(r["value"]))["id"] for r in read(shop, "orders", "--last", "3")]
    assert values == [127, 128, 129]
    assert [r["offset"] for r in read(shop, "orders", "--from", "128")] == [128, 129]
    assert len(read(shop, "orders", "--rows", "7")) == 7
    assert read(shop, "orders", "--from", "latest") == []
    assert read(shop, "orders", "--from", "2200-01-01") == []
    assert len(read(shop, "orders", "--from", "2001-01-01T00:00:00+02:00")) == 130
    assert [r["offset"] for r in read(shop, "orders", "--last", "2", "--partition", "0")] == [128, 129]


def test_wrong_places(shop: Path) -> None:
    wrong = call("topic", "read", shop, "orders", "--from", "noon")
    assert (wrong.code, wrong.err.splitlines()) == (
        1,
        [
            "error[record-place]: 'noon' is no place in a topic",
            "hint: it is earliest, latest, an offset or a time such as 2025-01-06T09:00",
        ],
    )
    other = call("topic", "read", shop, "orders", "--partition", "4")
    assert (other.code, other.err.splitlines()) == (
        1,
        ["error[record-partition]: there is no partition 4 in topic 'orders'", "hint: its partitions are 0 to 0"],
    )
    both = call("topic", "read", shop, "orders", "--last", "1", "--from", "3")
    assert both.err.splitlines()[0] == "error[usage]: --last goes without --from"


def test_raw_bytes_and_bytes_that_are_no_text(shop: Path) -> None:
    with penstock.open(shop) as project:
        headers = pl.Series(
            [[{"key": "h", "value": b"v"}]], dtype=pl.List(pl.Struct({"key": pl.String, "value": pl.Binary}))
        )
        project.append("orders", pl.DataFrame({"value": pl.Series([b"\xff\x00"], dtype=pl.Binary), "headers": headers}))
    (row,) = read(shop, "orders", "--last", "1", "--keys")
    assert (row["key"], row["value"], row["headers"]) == (None, "0xff00", "h=v")
    out = call("topic", "read", shop, "orders", "--format", "raw", "--rows", "1").out
    assert json.loads(out)["id"] == 0


def test_following_shows_what_comes_until_it_is_interrupted(shop: Path) -> None:

    child = started(
        "topic", "read", shop, "orders", "--follow", "--format", "raw", "--from", "129", PYTHONUNBUFFERED="1"
    )
    assert child.stdout is not None
    assert json.loads(child.stdout.readline())["id"] == 129
    append(shop, *orders(1, first=500))
    assert json.loads(child.stdout.readline())["id"] == 500
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=PATIENCE)[1] == ""
    assert child.returncode == 0


@pytest.mark.real
def test_what_an_engine_reads_meanwhile_two_processes_write(shop: Path) -> None:
    engine = started("run", shop)
    assert engine.stderr is not None
    engine.stderr.readline()
    writer = started("topic", "write", shop, "orders", _lines(shop, 130))
    assert call("topic", "write", shop, "orders", _lines(shop, 190)).code == 0
    assert writer.communicate(timeout=PATIENCE)[1] == ""
    engine.terminate()
    engine.communicate(timeout=PATIENCE)
    assert call("run", shop, "--bounded").code == 0
    with penstock.open(shop) as project:
        assert project.query("SELECT count(*) FROM orders").rows() == [(250,)]
        late = project.query("SELECT count(*) FROM penstock.late WHERE lost").rows()[0][0]
        assert project.query("SELECT sum(orders) FROM revenue").rows() == [(250 - late,)]


def _lines(shop: Path, first: int) -> Path:
    file = shop / f"{first}.jsonl"
    rows = ({**row, "ts": str(row["ts"])} for row in orders(60, first=first))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file
