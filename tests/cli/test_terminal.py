from __future__ import annotations

import datetime as dt
import re
import time

import polars as pl
import pytest

from penstock.cli import cells, output, terminal
from penstock.cli.bench import _cores
from penstock.core import render
from penstock.core import types as t
from penstock.core.batch import END_OF_TIME, NO_TIME
from tests.cli.shell import call


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (99_999, "99,999"), (123_456, "123 k"), (1_234_567, "1.23 M"), (5e9, "5 G")]
)
def test_amounts(number: float, text: str) -> None:
    assert terminal.amount(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0421, "42 ms"), (1.25, "1.2 s"), (59.94, "59.9 s"), (61, "1 min 1 s"), (7_260, "2 h 1 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert terminal.lasted(seconds) == text


def test_sizes_and_numbers_of_things() -> None:
    assert [terminal.size(n) for n in (512, 1536, 3 << 20, 5 << 40)] == ["512 B", "1.5 kB", "3.0 MB", "5.0 TB"]
    assert terminal.plural(1, "row") == "1 row"
    assert terminal.plural(1234, "row") == "1,234 rows"


def test_times_are_in_the_persons_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()
    try:
        assert terminal.moment(1_735_689_600_000) == "2025-01-01 01:00:00 CET"
        frame = pl.DataFrame({"at": pl.Series([1_735_689_600_123], dtype=pl.Int64).cast(pl.Datetime("ms", "UTC"))})
        assert cells.shown_rows(frame, render.fields_of(frame)) == [["2025-01-01 01:00:00.123+0100"]]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert [terminal.moment(m) for m in (None, NO_TIME, END_OF_TIME, 10**17)] == [
        *("-", "-", "end of input", "100000000000000000 ms")
    ]


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("WEST5", "0001-01-01 00:00:00.000000+0000", "9999-12-30 19:00:00.000000-0500"),
        ("EAST-5:45", "0001-01-01 05:45:00.000000+0545", "9999-12-31 05:45:00.000000+0545"),
    ],
)
def test_the_first_and_last_moments_of_a_dimension_are_shown_in_every_zone(
    zone: str, first: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, tzinfo=dt.UTC)]
    frame = pl.DataFrame({"valid": ends}, {"valid": pl.Datetime("us", "UTC")})
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert cells.shown_rows(frame, render.fields_of(frame)) == [[first], [last]]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_a_wide_table_is_cut_to_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "screen_width", lambda: 30)
    columns = cells.Columns(["n", "text"], [True, False], [["1", "x" * 50], ["20", "日本語"]])
    assert columns.lines([["1", "x" * 50], ["20", "日本語"]]).splitlines() == [" 1  " + "x" * 25 + "…", "20  日本語"]
    monkeypatch.setattr(cells, "screen_width", lambda: None)
    wide = cells.Columns(["n"], [False], [["x" * 500]])
    assert wide.lines([["x" * 500]]) == "x" * 500


def test_more_columns_than_the_screen_has_room_for_stand_under_each_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pl.DataFrame({"id": [1, 2], "customer": ["ada", None], "note": ["x" * 40, "y"]})
    under = f"── row 1 ──\nid        1\ncustomer  ada\nnote      {'x' * 40}\n"
    under += "── row 2 ──\nid        2\ncustomer  NULL\nnote      y\n(2 rows)\n"
    monkeypatch.setattr(cells, "screen_width", lambda: 17)
    output.print_rows(frame, "table")
    assert capsys.readouterr().out == under
    monkeypatch.setattr(cells, "screen_width", lambda: 18)
    output.print_rows(frame, "table")
    assert "── row" not in capsys.readouterr().out
    monkeypatch.setattr(cells, "screen_width", lambda: None)
    output.print_rows(frame, "vertical")
    assert capsys.readouterr().out == under
    output.print_rows(frame.clear(), "vertical")
    assert capsys.readouterr().out == "(0 rows)\n"


def test_rows_come_before_the_end_of_a_slow_result(capsys: pytest.CaptureFixture[str]) -> None:
    table = output.make_output("table")
    table.begin([t.Field("n", t.BIGINT)])
    table.rows(pl.DataFrame({"n": range(1_000)}))
    assert len(capsys.readouterr().out.splitlines()) == 1_002
    table.rows(pl.DataFrame({"n": [5]}))
    assert capsys.readouterr().out == "  5\n"
    table.end()
    assert capsys.readouterr().out == "(1,001 rows)\n"


def test_a_few_rows_come_after_a_moment(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_FIRST_SECONDS", 0.0)
    table = output.make_output("table")
    table.begin([t.Field("n", t.BIGINT)])
    table.rows(pl.DataFrame({"n": [5]}))
    table._timer.join()  # type: ignore[attr-defined]
    assert capsys.readouterr().out == "n\n─\n5\n"
    table.end()


def test_windows_are_measured() -> None:
    ended = call("bench", "windows", "--events", "20000")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("20,000 events in ")
    assert " events/s, " in ended.out
    assert re.search(r"^[\d.]+ [MG]B of memory at most$", ended.out, re.MULTILINE)


def test_more_cores_than_there_are() -> None:
    ended = call("bench", "windows", "--cores", len(_cores()) + 1)
    assert ended.code == 1
    assert ended.err.startswith(f"error[bench-cores]: this process may use {len(_cores())} of the cores, not ")
