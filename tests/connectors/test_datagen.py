"""Made-up rows: their values, their number, their pace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core import types as t
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, UnsupportedError
from tests.connectors.helpers import INT, STRING, again, chunks, reader, table, world
from tests.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.types import DataType
    from tests.connectors.helpers import Columns


def made(columns: Columns, folder: Path, options: dict[str, Any] | None = None) -> pl.DataFrame:
    """2,000 rows, without their places."""
    given = {"connector": "datagen", "seed": 1, "number-of-rows": 2000, "rows-per-second": 1_000_000, **(options or {})}
    clock = ManualClock(1_700_000_000_000)
    one = reader(table(columns, (), **given), world(folder, clock=clock))
    one.read(1)
    clock.advance(1000)
    one.seek(None)
    frames = []
    while not one.ended:
        clock.advance(1000)
        frames += [c.frame for c in chunks(one, 700)]
    return pl.concat(frames).drop("$seq")


ALL: Columns = {
    "b": t.BOOLEAN,
    "ti": t.TINYINT,
    "i": INT,
    "l": t.BIGINT,
    "f": t.FLOAT,
    "d": t.DOUBLE,
    "dc": t.Decimal(7, 3),
    "huge": t.Decimal(30, 3),
    "s": STRING,
    "v": t.Varchar(7),
    "c": t.Char(9),
    "by": t.BYTES,
    "ts": t.Timestamp(3),
    "tz": t.TimestampLtz(3),
    "dt": t.DATE,
    "tm": t.Time(0),
    "a": t.Array(INT),
    "m": t.Map(STRING, INT),
    "ms": t.Multiset(t.BOOLEAN),
    "r": t.Row((t.Field("x", INT), t.Field("y", STRING))),
}


def test_every_type_has_values_of_it(tmp_path: Path) -> None:
    frame = made(ALL, tmp_path)
    assert frame.height == 2000
    types = {name: c for name, c in ALL.items() if not isinstance(c, tuple)}
    assert frame.schema == {name: data_type.polars for name, data_type in types.items()}
    assert frame.null_count().sum_horizontal().item() == 0
    assert {name for name in ("i", "l", "f", "d", "s", "by", "a", "r") if frame[name].n_unique() < 1990} == set()
    assert frame["s"].str.contains("^[0-9a-f]{100}$").all()
    assert frame["v"].str.len_chars().unique().to_list() == [7]
    assert frame["c"].str.len_chars().unique().to_list() == [9]
    assert frame["by"].bin.size().unique().to_list() == [100]
    assert frame["a"].list.len().unique().to_list() == [3]
    assert frame["ti"].min() == -128
    assert frame["ti"].max() == 127
    assert frame["dc"].min() >= 0  # type: ignore[operator]
    assert frame["dc"].max() > 9_000  # type: ignore[operator]
    assert 0.4 < frame["b"].mean() < 0.6  # type: ignore[operator]


def test_values_keep_within_their_bounds(tmp_path: Path) -> None:
    columns: Columns = {"i": INT, "d": t.DOUBLE, "dc": t.Decimal(5, 2), "v": STRING, "a": t.Array(INT)}
    frame = made(
        columns,
        tmp_path,
        {
            "fields.i.min": -2,
            "fields.i.max": 2,
            "fields.d.min": 0.5,
            "fields.d.max": 0.75,
            "fields.dc.min": -1,
            "fields.dc.max": 1,
            "fields.v.length": 4,
            "fields.v.var-len": "true",
            "fields.a.length": 2,
            "fields.a.element.min": 1,
            "fields.a.element.max": 3,
        },
    )
    assert sorted(frame["i"].unique()) == [-2, -1, 0, 1, 2]
    assert frame["d"].is_between(0.5, 0.75).all()
    assert frame["dc"].cast(pl.Float64).is_between(-1, 1).all()
    assert sorted(frame["v"].str.len_chars().unique()) == [1, 2, 3, 4]
    assert sorted(frame["a"].explode().unique()) == [1, 2, 3]
    assert frame["a"].list.len().unique().to_list() == [2]


def test_nulls_come_at_their_rate(tmp_path: Path) -> None:
    frame = made({"a": INT, "b": INT}, tmp_path, {"fields.a.null-rate": 0.25, "fields.b.null-rate": 1})
    assert 400 < frame["a"].null_count() < 600
    assert frame["b"].null_count() == 2000


def test_a_sequence_ends_the_input(tmp_path: Path) -> None:
    options = {
        "fields.n.kind": "sequence",
        "fields.n.start": 5,
        "fields.n.end": 9,
        "fields.s.kind": "sequence",
        "fields.s.start": 1,
        "fields.s.end": 3,
    }
    frame = made({"n": t.BIGINT, "s": STRING}, tmp_path, options)
    assert frame.rows() == [(5, "1"), (6, "2"), (7, "3")]


def test_timestamps_tell_when_a_row_was_due(tmp_path: Path) -> None:
    clock = ManualClock(1_700_000_000_000)
    of = table(
        {"t": t.Timestamp(3), "p": t.Timestamp(3)},
        (),
        connector="datagen",
        **{"rows-per-second": 2, "fields.p.max-past": "10 s"},
    )
    one = reader(of, world(tmp_path, clock=clock))
    assert one.read(10)().chunks["key"].frame.height == 1
    assert one.read(10) is None
    assert not one.wait(0.2)
    assert one.wait(1)
    clock.advance(1000)
    (chunk,) = chunks(one)
    assert [n - 1_700_000_000_000 for n in chunk.frame["t"].dt.epoch("ms")] == [500, 1000, 1500]
    ago = chunk.frame["t"].dt.epoch("ms") - chunk.frame["p"].dt.epoch("ms")
    assert ago.is_between(0, 10_000).all()
    assert ago.n_unique() > 1
    one.bound()
    assert one.ended


@examples(12)
@given(st.integers(1, 80), st.integers(0, 100), st.integers())
def test_rows_are_the_same_for_any_cut_and_restart(cut: int, stop: int, seed: int) -> None:
    from pathlib import Path

    columns = {k: v for k, v in ALL.items() if k not in {"ts", "tz", "dt", "tm"}}
    of = table(columns, (), connector="datagen", seed=seed, **{"number-of-rows": 100})

    def ready(position: Any = None) -> Any:
        clock = ManualClock()
        one = reader(of, world(Path(), clock=clock))
        one.seek(position)
        return one, clock

    whole, clock = ready()
    first = whole.read(1)().chunks["key"].frame
    clock.advance(60_000)
    expected = pl.concat([first, *(c.frame for c in chunks(whole))])
    assert expected.height == 100
    one, clock = ready()
    parts: list[pl.DataFrame] = []
    position = None
    while (job := one.read(min(cut, stop - sum(p.height for p in parts)) if stop else 0)) is not None:
        scanned = job()
        parts.append(scanned.chunks["key"].frame)
        position = again(scanned.position)
        clock.advance(1000)
    other, clock = ready(position)
    while not other.ended:
        parts += [c.frame for c in chunks(other, cut)]
        clock.advance(1000)
    assert pl.concat(parts).equals(expected)


def test_without_a_seed_rows_differ_each_time_but_not_after_a_restart(tmp_path: Path) -> None:
    of = table({"a": t.BIGINT}, (), connector="datagen", **{"number-of-rows": 1})
    firsts = set()
    for _ in range(2):
        one = reader(of, world(tmp_path))
        firsts.add(one.read(1)().chunks["key"].frame["a"].item())
    assert len(firsts) == 2
    one = reader(table({"a": t.BIGINT}, (), connector="datagen"), world(tmp_path))
    scanned = one.read(1)()
    other = reader(table({"a": t.BIGINT}, (), connector="datagen"), world(tmp_path))
    other.seek(again(scanned.position))
    one.seek(again(scanned.position))
    assert one.read(1)().chunks["key"].frame.equals(other.read(1)().chunks["key"].frame)


@pytest.mark.parametrize(
    ("data_type", "options", "message", "hint"),
    [
        (INT, {"fields.b.min": 1}, "unknown option 'fields.b.min'", "did you mean fields.a.min?"),
        (INT, {"fields.a.min": 3, "fields.a.max": 3}, "'fields.a.min' is 3, not less than 'fields.a.max', 3", ""),
        (
            t.TINYINT,
            {"fields.a.max": 128},
            "option 'fields.a.max' is '128', allowed is a whole number from -128 to 127",
            "",
        ),
        (INT, {"fields.a.null-rate": 1.5}, "option 'fields.a.null-rate' is '1.5', allowed is a number from 0 to 1", ""),
        (
            INT,
            {"fields.a.kind": "sequence"},
            "option 'fields.a.start' is required for a sequence",
            "'fields.a.start' =",
        ),
        (
            INT,
            {"fields.a.kind": "sequence", "fields.a.start": 3, "fields.a.end": 1},
            "'fields.a.start' is 3, behind 'fields.a.end', 1",
            "",
        ),
        (t.Char(3), {"fields.a.length": 2}, "option 'fields.a.length' does not go with CHAR", "leave it out"),
        (t.Varchar(3), {"fields.a.length": 4}, "option 'fields.a.length' is 4, more than VARCHAR", ""),
    ],
)
def test_options_that_do_not_fit(
    tmp_path: Path, data_type: DataType, options: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        reader(table({"a": data_type}, (), connector="datagen", **options), world(tmp_path))
    assert raised.value.hint.startswith(hint)


def test_types_without_values_or_sequences(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="column 'a' is BOOLEAN, of which there is no sequence") as raised:
        options = {"fields.a.kind": "sequence", "fields.a.start": "1", "fields.a.end": "2"}
        reader(table({"a": t.BOOLEAN}, (), connector="datagen", **options), world(tmp_path))
    assert raised.value.hint.startswith("numbers (but DECIMAL), texts and bytes have them")
    with pytest.raises(UnsupportedError, match=r"column 'a' is INTERVAL .*, of which datagen has no values"):
        reader(table({"a": t.IntervalDay()}, (), connector="datagen"), world(tmp_path))
