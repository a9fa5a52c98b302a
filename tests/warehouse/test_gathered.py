"""Small frames of many parts, read as few larger ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.errors import DataError
from penstock.warehouse import gathered as room
from penstock.warehouse.gathered import gathered
from penstock.warehouse.sources.source import FAULT, LINE
from tests.warehouse.loads import Shop

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = """
key = ["id"]
{0}
[columns.id]
type = "BIGINT"
[columns.day]
type = "DATE"
"""


def frame(*values: str, column: str = "a") -> pl.DataFrame:
    return pl.DataFrame({column: list(values), LINE: list(range(len(values)))}, {column: pl.String, LINE: pl.Int64})


def test_frames_of_like_columns_come_together_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_ROWS", 5)
    faulty = frame("4").with_columns(pl.lit("no").alias(FAULT))
    one = [(frame("1", "2"), "x"), (frame("3"), "x"), (faulty, "y"), (frame(), "z"), (frame("5"), "z")]
    others = [(frame("6"), "z"), (frame("7", column="b"), "v"), (frame("8"), "w")]
    found = list(gathered([*one, *others]))
    assert [(whole.frame.columns[0], whole.frame.to_series().to_list()) for whole in found] == [
        ("a", ["1", "2", "3", "4", "5"]),
        ("a", ["6"]),
        ("b", ["7"]),
        ("a", ["8"]),
    ]
    assert found[0].names(pl.Series([4, 0, 3])).to_list() == ["z", "x", "y"]
    assert found[1].names(pl.Series([0])).to_list() == ["z"]
    assert found[0].frame[FAULT].to_list() == [None, None, None, "no", None]


def test_a_frame_of_many_bytes_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_BYTES", 100)
    found = gathered((frame("1" * 60, "2" * 60), part) for part in "xy")
    assert [whole.parts for whole in found] == [(("x", 2),), (("y", 2),)]


def test_a_folder_of_small_files_is_cleaned_and_staged_at_once_and_each_row_knows_its_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format(""), 'mode = "changes"')
    for n in range(40):
        day = "soon" if n == 7 else "2026-01-01"
        shop.deliver(f"id,day\n{n},{day}\n" + ("1,2,3\n" if n == 9 else ""), f"{n:02}.csv")
    assert shop.load("1").counts.loaded == 39
    assert shop.told.phases.count("clean") == 1
    rows = shop.rows("SELECT id, _source FROM staging.customers ORDER BY id")
    assert rows == [(n, f"data/{n:02}.csv") for n in range(40) if n != 7]
    assert shop.rows("SELECT part, line FROM quarantine ORDER BY part") == [("data/07.csv", 2), ("data/09.csv", 3)]
    assert shop.rows('SELECT count(*), sum("read"), min(run) FROM _parts') == [(40, 41, "1")]
    shop.deliver("id,day\n39,2026-01-02\n", "39.csv")
    assert shop.load("2").counts.read == 1
    assert shop.rows("SELECT part FROM _parts WHERE run = '2'") == [("data/39.csv",)]


def test_a_frozen_schema_names_the_file_whose_value_does_not_fit(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SCHEMA.format('on_change = "freeze"'))
    for n in range(3):
        shop.deliver(f"id,day\n{n},{'soon' if n == 1 else '2026-01-01'}\n", f"{n}.csv")
    with pytest.raises(DataError, match=r"^data/1\.csv does not fit the schema of customers, which is frozen: 1 value"):
        shop.load("1")
