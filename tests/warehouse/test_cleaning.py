"""Cleaning: names, values of several spellings, missing ones, and what is set aside with its reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from penstock.core.errors import ConfigError
from penstock.warehouse.cleaning import Cleaning, sanitised
from penstock.warehouse.schema import read_schema
from penstock.warehouse.sources import FAULT, LINE, RAW


def read(column: str, texts: list[str | None]) -> list[Any]:
    """The values of texts in a column that is declared so; what is set aside is missing from them."""
    cleaned = Cleaning(read_schema("x", f"[columns.v]\n{column}\n")).clean(pl.DataFrame({"v": texts}))
    return cleaned.rows["v"].to_list()


def test_names_fit_any_database_and_none_is_lost() -> None:
    assert sanitised(["Customer ID", "E-Mail", "e_mail", "Größe (m²)", "2nd", "%", "_id", "e_mail_2"]) == [
        "customer_id", "e_mail", "e_mail_2", "grosse_m2", "n_2nd", "column_6", "id", "e_mail_2_2",
    ]  # fmt: skip
    assert sanitised(["x" * 80, "x" * 90]) == ["x" * 55, "x" * 55 + "_2"]


@pytest.mark.parametrize(
    ("column", "texts", "values"),
    [
        ('type = "BIGINT"', [" 7 ", "+5", "", None, "-0"], [7, 5, None, None, 0]),
        ('type = "BIGINT"\nnumbers = ["1.234", "1,234"]', ["1.234", "12,345", "7", "1.23"], [1234, 12345, 7]),
        ('type = "DOUBLE"', ["1e3", ".5", "nan", "1e999"], [1000.0, 0.5]),
        (
            'type = "DECIMAL(8, 2)"\nnumbers = ["1.234,56", "1\'234.56"]',
            ["1.000,5", "-1'000.00", "12,34,56", "1,239", "7"],
            [Decimal("1000.50"), Decimal("-1000.00"), Decimal("7.00")],
        ),
        ('type = "BOOLEAN"\ntrue = ["Ja", "1"]\nfalse = ["nein"]', ["JA", "Nein", "1", "0"], [True, False, True]),
        (
            'type = "DATE"\nformats = ["%d.%m.%Y", "%Y-%m-%d"]',
            ["31.01.2026", "2026-02-28", "31.02.2026"],
            [date(2026, 1, 31), date(2026, 2, 28)],
        ),
        (
            'type = "DATE"\nformats = ["%d. %b %Y"]\nlocale = "de"',
            ["3. März 2026", "24. dez. 2025", "1. Mai 2026"],
            [date(2026, 3, 3), date(2025, 12, 24), date(2026, 5, 1)],
        ),
        ('type = "TIME"', ["02:30", "02:30:01", "25:00"], [time(2, 30), time(2, 30, 1)]),
        (
            'type = "TIMESTAMP_LTZ"\nzone = "Europe/Zurich"',
            ["2026-03-29 01:59:59", "2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-03-29T02:30:00Z"],
            [
                datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
                datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
                datetime(2026, 3, 29, 2, 30, tzinfo=UTC),
            ],
        ),
        ('type = "STRING"\nnull = ["N/A"]', [" x ", "N/A", " ", "n/a"], ["x", None, None, "n/a"]),
        ('type = "STRING"\ntrim = false', [" x ", ""], [" x ", None]),
        ('type = "BIGINT"\ndefault = "-1"', ["1", "", None], [1, -1, -1]),
        ('type = "BIGINT"\nmissing = "drop"', ["1", "", None], [1]),
    ],
)
def test_values(column: str, texts: list[str | None], values: list[Any]) -> None:
    assert read(column, texts) == values


def test_values_that_come_with_a_type() -> None:
    schema = read_schema(
        "x", '[columns.n]\ntype = "DECIMAL(6, 2)"\n[columns.j]\ntype = "STRING"\n[columns.l]\ntype = "STRING"'
    )
    raw = pl.DataFrame({"n": [1.5, 1e9], "j": [{"a": 1}, {"a": 2}], "l": [[1, 2], []]})
    cleaned = Cleaning(schema).clean(raw)
    assert cleaned.rows.select("n", "j", "l").rows() == [(Decimal("1.50"), '{"a":1}', "[1,2]")]
    assert cleaned.aside["reason"].to_list() == ["n: '1000000000.0' is no DECIMAL(6, 2)"]


def test_each_row_has_one_fate() -> None:
    schema = read_schema(
        "x",
        """
        key = ["id"]
        [columns.id]
        type = "BIGINT"
        [columns.name]
        type = "STRING"
        missing = "drop"
        [columns.day]
        type = "DATE"
        """,
    )
    raw = pl.DataFrame(
        {
            "id": ["1", "2", "x", "", "5", None],
            "name": ["a", "", "c", "d", "e", None],
            "day": ["2026-01-01", "soon", "soon" + "!" * 80, "2026-01-01", None, None],
            LINE: [2, 3, 4, 5, 6, 7],
            FAULT: [None, None, None, None, None, "1 fields where the header has 3"],
            RAW: [None, None, None, None, None, "6"],
        }
    )
    cleaned = Cleaning(schema).clean(raw)
    assert cleaned.rows.rows() == [(1, "a", date(2026, 1, 1), 2), (5, "e", None, 6)]
    assert cleaned.at.to_list() == [0, 4]
    assert cleaned.dropped == 1, "the second row has no name, whatever else is wrong with it"
    assert cleaned.aside.rows() == [
        (2, "clean", ["clean"], "id: 'x' is no BIGINT; day: '" + ("soon" + "!" * 80)[:60] + "...' is no DATE"),
        (3, "clean", ["clean"], "id: the key is missing"),
        (5, "clean", ["clean"], "1 fields where the header has 3"),
    ]
    assert {name: texts.len() for name, texts in cleaned.unread.items()} == {"id": 1, "day": 2}


def test_a_default_has_to_be_a_value() -> None:
    with pytest.raises(ConfigError, match="the default 'none' of column 'v' is no BIGINT"):
        read('type = "BIGINT"\ndefault = "none"', ["1"])
