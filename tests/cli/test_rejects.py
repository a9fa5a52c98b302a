from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.cli.causes import mend
from tests.cli.shell import append, call, make_project, orders

if TYPE_CHECKING:
    from pathlib import Path

TIMES = ("00:10", "01:40", "01:10", "00:05", "03:00")
"""With windows of a minute every half minute, and a watermark 10 s behind: the third is late for one of its windows,
the fourth for both."""
KEYED = "PRIMARY KEY (window_end) NOT ENFORCED"


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """130 orders and three that were rejected, in a project whose results have a key."""
    from tests.cli.shell import ORDERS

    sql = ORDERS.replace("amount DECIMAL(38, 2))", f"amount DECIMAL(38, 2), {KEYED})").replace(
        "'connector' = 'kafka', 'topic' = 'revenue', 'format' = 'json'",
        "'connector' = 'upsert-kafka', 'topic' = 'revenue', 'key.format' = 'json', 'value.format' = 'json'",
    )
    folder = make_project(tmp_path / "spoilt", sql)
    append(folder, *orders(130))
    bad = [b'{"id": 1, "ts": 7x}', b'{"id": 2, "customer": "c1"}', b'{"id": 3, "customer": "c2"}']
    with penstock.open(folder) as project:
        project.append("orders", pl.DataFrame({"value": bad}))
    assert call("run", folder, "--bounded").code == 0
    return folder


def test_the_list_counts_by_reason_says_what_mends_and_shows_the_newest(spoilt: Path) -> None:
    listed = call("rejects", "list", spoilt)
    assert listed.code == 0
    lines = [line.split() for line in listed.out.splitlines()]
    assert ["orders", "source", "orders", "null-event-time", "FALSE", "2"] in lines
    assert ["orders", "source", "orders", "json-syntax", "FALSE", "1"] in lines
    assert ["1", "waits", "orders", "0", "130", "json-syntax"] in [line[:6] for line in lines]
    assert "null-event-time: mend the expression that makes the event time" in listed.err
    by_reason = call("rejects", "list", spoilt, "--reason", "json-syntax", "--format", "json").out
    assert [json.loads(line)["id"] for line in by_reason.splitlines()] == [1]


def test_nothing_to_list(shop: Path) -> None:
    assert call("rejects", "list", shop).out == "no row was rejected\n"
    assert call("rejects", "list", shop, "--late").out == "no row came too late\n"
    both = call("rejects", "list", shop, "--late", "--reason", "x")
    assert (both.code, both.err.splitlines()[0]) == (
        2,
        "error[usage]: --reason goes without --late: late rows have but one",
    )


def test_one_in_full_with_the_place_in_it(spoilt: Path) -> None:
    shown = call("rejects", "show", spoilt, 1)
    assert shown.code == 0
    assert "offset              130\n" in shown.out
    assert "code                json-syntax\n" in shown.out
    assert shown.out.endswith('raw (19 bytes)\n{"id": 1, "ts": 7x}\n' + " " * 17 + "^\n")
    for number in (9, 1 << 63):
        missing = call("rejects", "show", spoilt, number)
        assert missing.err == (
            f"error[replay-unknown]: there is no reject {number}\nhint: penstock rejects list shows what there is\n"
        )


def test_replaying_mends_says_what_has_closed_and_counts_once(spoilt: Path) -> None:
    asked = ("rejects", "replay", spoilt, "--id", 2, "--set", "ts=2025-01-01 00:00:30", "--set", "id=77")
    refused = call(*asked)
    assert refused.code == 2
    assert "error[usage]: 1 row would be replayed; nobody can be asked here, so say --yes\n" in refused.err
    done = call(*asked, "--yes")
    assert done.code == 0, done.err
    assert "1 window has closed; there the rows are late again (--rebuild computes them anew):\n  row 2: " in done.out
    assert "1 row appended to orders; the next run reads them\n" in done.out
    twice = call(*asked, "--yes")
    assert twice.code == 1
    assert "error[replay-twice]: row 2 was replayed already, as offset 133 of partition 0\n" in twice.err
    assert call("run", spoilt, "--bounded").code == 0
    late = call("rejects", "list", spoilt, "--late")
    (copy,) = (line for line in late.out.splitlines() if "2025-01-01 00:00:30" in line)
    assert copy.split()[:6] == ["1", "waits;", "copy", "of", "0/131", "orders"]
    assert copy.endswith('{"id":77,"customer":"c1","ts":"2025-01-01 00:00:30"}')
    first = [line.split()[:4] for line in call("rejects", "list", spoilt).out.splitlines()]
    assert ["2", "replayed", "as", "0/133"] in first
    assert call("rejects", "replay", spoilt, "--late", "--id", 1, "--yes").code == 0
    assert call("run", spoilt, "--bounded").code == 0
    again = [line.split()[:6] for line in call("rejects", "list", spoilt, "--late").out.splitlines()]
    assert ["2", "waits;", "copy", "of", "0/133", "orders"] in again
    assert ["1", "replayed", "as", "0/134;", "copy", "of"] in again
    assert call("rejects", "discard", spoilt, "--late", "--id", 2, "--because", "a test", "--yes").code == 0
    given_up = [line.split()[:6] for line in call("rejects", "list", spoilt, "--late").out.splitlines()]
    assert ["2", "discarded;", "copy", "of", "0/133", "orders"] in given_up
    assert "2025-01-01 00:01:00.000" in call("rejects", "show", spoilt, 1, "--late").out


def test_replaying_into_windows_that_had_closed(spoilt: Path) -> None:
    with penstock.open(spoilt) as project:
        before = project.query("SELECT sum(orders) FROM revenue").rows()
    done = call(
        *("rejects", "replay", spoilt, "--reason", "null-event-time", "--set", "ts=2025-01-01 00:00:30"),
        *("--rebuild", "--yes"),
    )
    assert done.code == 0, done.err
    assert "they are computed again:" in done.out
    assert "revenue: 1 row written anew, 0 removed\n" in done.out
    assert call("run", spoilt, "--bounded").code == 0
    with penstock.open(spoilt) as project:
        assert before == [(130,)]
        assert project.query("SELECT sum(orders) FROM revenue").rows() == [(132,)]


def test_all_are_those_that_can_be_replayed(spoilt: Path) -> None:
    assert call("rejects", "replay", spoilt, "--id", 3, "--yes").code == 0
    assert call("rejects", "discard", spoilt, "--id", 2, "--because", "a test", "--yes").code == 0
    assert "1 row appended to orders" in call("rejects", "replay", spoilt, "--all", "--yes").out
    assert call("rejects", "replay", spoilt, "--all", "--yes").out == "there is no such row\n"
    assert "3 rows appended to orders" in call("rejects", "replay", spoilt, "--all", "--force", "--yes").out


def test_late_rows_that_count_in_part_or_are_no_message_are_left_out(tmp_path: Path) -> None:
    from tests.cli.shell import ORDERS

    sql = ORDERS.replace(
        "TUMBLE(TABLE orders, DESCRIPTOR(ts),", "HOP(TABLE orders, DESCRIPTOR(ts), INTERVAL '30' SECOND,"
    )
    folder = make_project(tmp_path / "late", sql)
    rows = [{"id": i, "customer": "c", "amount": 1, "ts": f"2025-01-01 00:{t}"} for i, t in enumerate(TIMES)]
    append(folder, *rows)
    assert call("run", folder, "--bounded").code == 0
    done = call("rejects", "replay", folder, "--late", "--all", "--yes")
    assert (done.code, "1 row appended to orders" in done.out) == (0, True), done.err
    assert "1 row left out: made by a query, or counted in some windows already (--rebuild)" in done.err


def test_rows_are_edited_by_hand(spoilt: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/7x/"2025-01-01 00:05:00"/\' "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    assert call("rejects", "replay", spoilt, "--id", 1, "--edit", "--yes").code == 0
    assert call("run", spoilt, "--bounded").code == 0
    with penstock.open(spoilt) as project:
        assert project.query("SELECT sum(orders) FROM revenue").rows() == [(131,)]


def test_which_rows_must_be_said(spoilt: Path) -> None:
    for words in ((), ("--all", "--id", 1), ("--all", "--reason", "x")):
        ended = call("rejects", "replay", spoilt, *words)
        assert (ended.code, ended.err.splitlines()[0]) == (
            2,
            "error[usage]: say which rows: one of --id, --all, --reason",
        )
    both = call("rejects", "replay", spoilt, "--all", "--edit", "--set", "a=1")
    assert both.err.splitlines()[0] == "error[usage]: --edit goes without --set"
    assert call("rejects", "replay", spoilt, "--reason", "none-such").out == "there is no such row\n"
    wrong = call("rejects", "replay", spoilt, "--all", "--set", "a")
    assert wrong.err.splitlines()[0] == "error[usage]: --set takes FIELD=VALUE, not 'a'"


def test_a_field_is_set_in_json_alone(spoilt: Path) -> None:
    ended = call("rejects", "replay", spoilt, "--id", 1, "--set", "ts=1", "--yes")
    assert ended.code == 1
    assert ended.err == (
        'error[replay-set]: --set needs rows that are JSON objects\n  {"id": 1, "ts": 7x}\n'
        "hint: --edit opens them as they are\n"
    )


def test_what_mends_a_code() -> None:
    assert mend("json-value") == mend("json-syntax") != mend("json-missing-field")
    assert mend("division-by-zero") == "divide by NULLIF(x, 0)"
    assert mend("nobody-knows") == ""


def test_other_formats_have_all_rows_the_newest_first(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.project.set_aside._PAGE", 2)
    whole = call("rejects", "list", spoilt, "--format", "csv").out.splitlines()
    assert whole[0].startswith("id,time,pipeline,")
    assert [line.split(",")[0] for line in whole[1:]] == ["3", "2", "1"]
    some = call("rejects", "list", spoilt, "--format", "json", "--rows", "2").out.splitlines()
    assert [json.loads(line)["id"] for line in some] == [3, 2]
    assert call("rejects", "list", spoilt, "--format", "json", "--rows", "0").out == ""
    nothing = call("rejects", "list", spoilt, "--late", "--format", "csv").out.splitlines()
    assert [line.split(",")[0] for line in nothing] == ["id"]
