"""Times beyond what recorded/temporal.jsonl says of them: messages, the clock, the watermark, and properties."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.clock import ManualClock
from penstock.core.errors import BindError, UnsupportedError
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.compile import compile_expr
from penstock.sql.functions.spec import Context
from penstock.sql.functions.temporal.calendar import civil, days_of, days_of_used, used_civil
from penstock.sql.functions.temporal.formatting import writer
from penstock.sql.functions.temporal.lenient import lenient_reader
from penstock.sql.functions.temporal.parsing import reader
from penstock.sql.functions.temporal.watermark import WATERMARK
from penstock.sql.functions.temporal.zones import moment_of_wall, offset_at
from penstock.sql.grammar import parse_expression
from tests.examples import examples
from tests.functions.harness import Answer, Fails, evaluate

HERE = Path(__file__).resolve().parent
LINES = (HERE / "wrong_temporal.txt").read_text("utf-8").splitlines()
MESSAGES = [(sql, message.strip()) for sql, message in zip(LINES[::2], LINES[1::2], strict=True)]


@pytest.mark.parametrize(("sql", "message"), MESSAGES)
def test_wrong_arguments(sql: str, message: str) -> None:
    with pytest.raises(BindError) as error:
        evaluate(sql, {"x": ("STRING", ["a"]), "y": ("STRING", ["a"]), "n": ("INT", [1])})
    assert error.value.message == message


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("PROCTIME()", "processing time is not supported: use an event time and its watermark"),
        ("SOURCE_WATERMARK()", "no source has watermarks: write WATERMARK FOR ts AS ts - INTERVAL '5' SECOND"),
        ("SINGLE_VALUE(n)", "subqueries that give one value are not supported: use MIN or MAX"),
        ("APPROX_COUNT_DISTINCT(n)", "Flink has it in batch mode only: use COUNT(DISTINCT x)"),
        (
            "TUMBLE_START(n, INTERVAL '1' DAY)",
            "windows in GROUP BY are not supported: group TABLE(TUMBLE(...)) by window_start, window_end",
        ),
    ],
)
def test_refused_by_name(sql: str, reason: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        evaluate(sql, {"n": ("INT", [1])})
    assert error.value.message == f"the function {sql.split('(', maxsplit=1)[0]} is not supported"
    assert error.value.hint == reason


FAILURES = [
    ("CEIL(TIME '23:00:01' TO HOUR)", "24:00:00 is no TIME"),
    ("TIMESTAMPADD(YEAR, 1000000, DATE '2024-01-01')", "the result is too far from 1970"),
    ("TIMESTAMPADD(YEAR, 300, TIMESTAMP '2024-01-01 00:00:00.000000000')", "the result is too far from 1970"),
    ("FLOOR(TIMESTAMP '2024-01-01 00:00:00.000000000' TO MILLENNIUM)", None),
    ("FLOOR(TIMESTAMP '1924-01-01 00:00:00.000000000' TO MILLENNIUM)", "the result is too far from 1970"),
    ("FROM_UNIXTIME(9223372036854775)", "the year is too far away to be written"),
    ("TO_DATE('x', 'yyyy')", "cannot read a DATE by 'yyyy'"),
    ("UNIX_TIMESTAMP('10 EST', 'HH Z')", "a zone in a text is read as +0100, GMT or UTC only"),
    ("TO_TIMESTAMP_LTZ('x')", "cannot read a TIMESTAMP_LTZ"),
    ("TO_TIMESTAMP_LTZ(9223372036854775807, 8)", "more than 6 digits after the second reach from 1677 to 2262 only"),
    (
        "TO_TIMESTAMP_LTZ('2300 1', 'yyyy SSSSSSS', 'UTC')",
        None,
    ),
    (
        "TO_TIMESTAMP_LTZ('2300 1000000', 'yyyy SSSSSSS')",
        "more than 6 digits after the second reach from 1677 to 2262 only",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), FAILURES)
def test_rows_that_fail(sql: str, message: str | None) -> None:
    value = evaluate(sql).value
    assert value == Fails(message) if message else not isinstance(value, Fails)


# -- clock and watermark -----------------------------------------------------------------------------


def test_the_clock_is_read_at_each_evaluation_in_the_sessions_zone() -> None:
    clock = ManualClock(1_709_211_723_456)  # 2024-02-29 13:02:03.456Z
    context = Context(zone="Asia/Tokyo", clock=clock)
    calls = ["NOW()", "CURRENT_TIMESTAMP", "CURRENT_ROW_TIMESTAMP()", "LOCALTIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"]
    calls += ["LOCALTIME", "UNIX_TIMESTAMP()"]
    binder = ExpressionBinder(Scope(Origin("", "", context)))
    exprs = [compile_expr(binder.bind(parse_expression(c)), context).expr.alias(c) for c in calls]
    frame = pl.DataFrame({"x": [1, 2]})
    moment = dt.datetime(2024, 2, 29, 13, 2, 3, 456_000, tzinfo=dt.UTC)
    wall = dt.datetime(2024, 2, 29, 22, 2, 3, 456_000)  # noqa: DTZ001
    second = dt.time(22, 2, 3)
    expected = (moment, moment, moment, wall, wall.date(), second, second, 1_709_211_723)
    assert frame.select("x", *exprs).rows() == [(1, *expected), (2, *expected)]
    clock.advance(2 * 3_600_000)
    assert frame.select("x", exprs[4])["CURRENT_DATE"].to_list() == [dt.date(2024, 3, 1)] * 2


@pytest.mark.parametrize("kind", ["TIMESTAMP(3)", "TIMESTAMP_LTZ(3)"])
def test_the_watermark_is_a_column_of_the_engine(kind: str) -> None:
    zone = "Z" if "LTZ" in kind else ""
    columns: dict[str, tuple[str, list[Any]]]
    columns = {"ts": (kind, [None, f"2024-01-01 00:00:00{zone}"]), WATERMARK: ("BIGINT", [None, 1500])}
    answer = evaluate("CURRENT_WATERMARK(ts)", columns, zone="Asia/Tokyo")
    assert answer == Answer(kind, [None, f"1970-01-01 00:00:01.500{zone}"])


# -- properties --------------------------------------------------------------------------------------

QUICK = examples(25)
MOMENTS = st.datetimes(min_value=dt.datetime(1, 1, 1), max_value=dt.datetime(9999, 12, 31))  # noqa: DTZ001
PATTERNS = (
    "yyyy-MM-dd HH:mm:ss.SSSSSS", "dd/MMM/yyyy:HH:mm:ss Z", "yyyyMMddHHmmssSSS", "uuuu-MM-dd''HH:mm", "MMM dd yyyy",
)  # fmt: skip


def _wall(moments: list[dt.datetime]) -> pl.Series:
    return pl.Series(moments, dtype=pl.Datetime("us"))


@QUICK
@given(
    st.lists(MOMENTS, min_size=1, max_size=20),
    st.sampled_from(["yyyy-MM-dd HH:mm:ss.SSSSSS", "u-D H:m:s.SSSSSS", "EEE d MMMM yyyy hh:mm:ss.SSSSSS a"]),
)
def test_what_is_written_can_be_read(moments: list[dt.datetime], pattern: str) -> None:
    text = writer(pattern, "new").write(_wall(moments))
    assert reader(pattern).read(text, 1_000_000).cast(pl.Datetime("us")).to_list() == moments


@QUICK
@given(
    st.lists(
        st.text("0123456789:/-+ MayJnFebTZ.", max_size=30) | MOMENTS.map(lambda m: f"{m:%d/%b/%Y:%H:%M:%S} +0000"),
        max_size=8,
    ),
    st.sampled_from(PATTERNS),
)
def test_the_short_way_reads_as_the_long_one(texts: list[str], pattern: str) -> None:
    column = pl.Series([*texts, None], dtype=pl.String)
    read = reader(pattern)
    assert read.shortcut
    written = writer(pattern.removesuffix(" Z"), "new").write(_wall([dt.datetime(2024, 2, 29, 23, 59, 59, 999_999)]))  # noqa: DTZ001
    column.append(written)
    for per_second in (1_000, 1_000_000):
        assert read.read(column, per_second).to_list() == read._by_fields(column, per_second).to_list()
    lenient = lenient_reader(pattern.replace("SSSSSS", "SSS").replace("uuuu", "yyyy"))
    for zone in (0, "Europe/Dublin"):
        assert lenient.read(column, zone).to_list() == lenient._by_fields(column, zone).to_list()


@QUICK
@given(st.lists(st.integers(-800_000, 3_000_000), min_size=1))
def test_days_and_dates_in_both_calendars(days: list[int]) -> None:
    column = pl.Series(days, dtype=pl.Int64)
    parts = pl.col("year"), pl.col("month"), pl.col("day")
    assert civil(column).select(days_of(*parts)).to_series().to_list() == days
    assert used_civil(column).select(days_of_used(*parts)).to_series().to_list() == days
    python = [dt.date.fromordinal(d + 719_163) for d in days if 0 < d + 719_163 < 3_652_059]
    ours = civil(column.filter(column.is_between(-719_162, 2_932_895))).rows()
    assert ours == [(d.year, d.month, d.day) for d in python]


ZONES = (
    "America/New_York",
    "Asia/Kolkata",
    "Europe/Dublin",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
)


@QUICK
@given(st.lists(st.integers(-2_208_988_800, 1_900_000_000), min_size=1, max_size=20), st.sampled_from(ZONES))
def test_offsets_are_those_of_the_tz_database(seconds: list[int], name: str) -> None:
    moments = pl.Series(seconds, dtype=pl.Int64) * 1000
    zone = zoneinfo.ZoneInfo(name)
    expected = [dt.datetime.fromtimestamp(s, zone).utcoffset() for s in seconds]
    offsets = offset_at(moments, name)
    assert offsets.to_list() == [o // dt.timedelta(milliseconds=1) for o in expected if o is not None]
    back = moment_of_wall(moments + offsets, name)
    # a wall time that is shown twice is the later moment, else it comes back
    assert (back >= moments).all()
    assert ((back == moments) | (offset_at(back, name) < offsets)).all()


@QUICK
@given(
    st.lists(
        st.text(max_size=12) | st.from_regex(r"[+-]?[0-9]{1,22}[-: /.][0-9 ]{0,20}", fullmatch=True),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["yyyy-MM-dd HH:mm:ss", "yyyyMMdd", "d/M/yyyy h:mm a", "yyyy D"]),
)
def test_no_text_makes_reading_raise(texts: list[str], pattern: str) -> None:
    column = pl.Series(texts, dtype=pl.String)
    for zone in (0, "America/New_York"):
        assert len(lenient_reader(pattern).read(column, zone)) == len(texts)
    for per_second in (1_000, 1_000_000_000):
        assert len(reader(pattern).read(column, per_second)) == len(texts)


@QUICK
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1, max_size=8))
def test_no_number_makes_a_function_raise(numbers: list[int | None]) -> None:
    calls = [
        "FROM_UNIXTIME(x)", "TO_TIMESTAMP_LTZ(x, 0)", "TO_TIMESTAMP_LTZ(x, 9)",
        "TIMESTAMPADD(YEAR, x, DATE '2024-02-29')",
        "TIMESTAMPADD(HOUR, x, TIMESTAMP '2024-02-29 00:00:00')",
        "TIMESTAMPADD(SECOND, x, TIME '10:00:00')",
        "DATE_FORMAT(TO_TIMESTAMP_LTZ(x, 6), 'yyyy-MM-dd E')", "FLOOR(TO_TIMESTAMP_LTZ(x, 3) TO DECADE)",
    ]  # fmt: skip
    for call in calls:
        answer = evaluate(call, {"x": ("BIGINT", numbers)}, zone="Europe/Dublin")
        assert [v is None for v, x in zip(answer.values, numbers, strict=True) if x is None] == [True] * numbers.count(
            None
        )
