"""Rows from elsewhere as the contents of a table of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import DataError
from tests.cli.shell import make_project

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_take_the_place_of_those_before(tmp_path: Path) -> None:
    sql = "CREATE TABLE t (a INT, b STRING) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'parquet');"
    with penstock.open(make_project(tmp_path / "p", sql)) as project:
        assert project.fill("t", pl.DataFrame({"b": ["x", "y"], "a": [1, 2]})) == (2, 0)
        assert project.fill("t", pl.DataFrame({"a": [2, 3], "b": ["y", None]})) == (1, 1)
        assert project.query("SELECT * FROM t ORDER BY a").rows() == [(2, "y"), (3, None)]
        with pytest.raises(DataError, match="the rows have the columns a, table t has a, b"):
            project.fill("t", pl.DataFrame({"a": [1]}))
