"""Metadata columns of tables in the log: their types, and what is refused."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import penstock
from penstock.core.errors import PenstockError

OPTIONS = "WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'x:1', 'format' = 'json')"


def _read(columns: str, query: str) -> list[tuple[object, ...]]:
    with penstock.memory() as project:
        project.sql(f"SET 'table.local-time-zone' = 'Asia/Tokyo'; CREATE TABLE t (id INT, {columns}) {OPTIONS};")
        project.append("t", pl.DataFrame({"value": [b'{"id": 1}', b'{"id": 2}'], "timestamp": [0, 1_704_139_200_123]}))
        result = project.sql(query)
    assert result is not None
    return result.rows()


def test_metadata_has_the_type_that_its_column_declares() -> None:
    """Times in the session's zone; what is no VIRTUAL column can be read all the same."""
    columns = (
        "t TIMESTAMP(3) METADATA FROM 'timestamp', o STRING METADATA FROM 'offset', p BIGINT METADATA FROM 'partition'"
    )
    tokyo = dt.datetime.fromisoformat("2024-01-02 05:00:00.123")
    assert _read(columns, "SELECT t, o, p FROM t WHERE id = 2") == [(tokyo, "1", 0)]


def test_a_computed_column_sees_metadata_in_its_declared_type() -> None:
    columns = "t TIMESTAMP(3) METADATA FROM 'timestamp', hours AS EXTRACT(HOUR FROM t)"
    assert _read(columns, "SELECT hours FROM t") == [(9,), (5,)]


@pytest.mark.parametrize(
    ("columns", "message", "hint"),
    [
        (
            "o BOOLEAN METADATA FROM 'timestamp'",
            "column 'o' is BOOLEAN, its metadata 'timestamp' is TIMESTAMP_LTZ(3)",
            "these types have nothing in common",
        ),
        (
            "a TIMESTAMP(3) METADATA FROM 'timestamp', b DATE METADATA FROM 'timestamp'",
            "columns 'a' and 'b' are both metadata 'timestamp'",
            "compute one from the other: b AS CAST(a AS ...)",
        ),
        (
            "o BIGINT METADATA FROM 'ofset'",
            "connector 'kafka' has no metadata 'ofset'",
            "did you mean offset?",
        ),
    ],
)
def test_metadata_that_does_not_fit_is_refused(columns: str, message: str, hint: str) -> None:
    with pytest.raises(PenstockError) as error:
        _read(columns, "SELECT id FROM t")
    first, where, *_, last = str(error.value).splitlines()
    assert (first, where, last) == (message, "table t", f"hint: {hint}")
