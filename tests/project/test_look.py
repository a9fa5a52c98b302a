"""A question that had to wait is answered from a look at the files that began after it was asked, and from no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.project.opening import open_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

SQL = "CREATE TABLE t (n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'parquet');"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Penstock]:
    (tmp_path / "sql").mkdir()
    (tmp_path / "penstock.toml").write_text("", "utf-8")
    (tmp_path / "sql" / "t.sql").write_text(SQL, "utf-8")
    add(tmp_path, 0)
    with open_project(tmp_path) as opened:
        yield opened


def add(folder: Path, number: int) -> Path:
    path = folder / "results" / f"{number}.parquet"
    path.parent.mkdir(exist_ok=True)
    pl.DataFrame({"n": [number]}).write_parquet(path)
    return path


def ask(project: Penstock, asked: float | None) -> list[int]:
    return project.query("SELECT n FROM t ORDER BY n", asked=asked).polars()["n"].to_list()


def test_who_asked_before_a_look_began_is_answered_from_it(project: Penstock, tmp_path: Path) -> None:
    early = project.clock.monotonic()
    position = project.query("SELECT n FROM t", asked=early).position
    add(tmp_path, 1)
    assert ask(project, early) == [0]
    assert project.query("SELECT n FROM t", asked=early).position == position
    assert ask(project, project.clock.monotonic()) == [0, 1]


def test_who_says_not_when_it_was_asked_sees_what_is_there_now(project: Penstock, tmp_path: Path) -> None:
    ask(project, None)
    add(tmp_path, 1)
    assert ask(project, None) == [0, 1]


def test_a_file_of_a_look_that_has_gone_meanwhile_makes_for_another_look(project: Penstock, tmp_path: Path) -> None:
    early = project.clock.monotonic()
    assert ask(project, early) == [0]
    add(tmp_path, 1)
    (tmp_path / "results" / "0.parquet").unlink()
    assert ask(project, early) == [1]
