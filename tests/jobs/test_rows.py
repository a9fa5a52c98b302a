"""Jobs that are done on a row of a live query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import SystemClock
from penstock.core.errors import ConfigError, SqlError
from tests.jobs.worlds import make, opened
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from penstock.project.penstock import Penstock

JOBS = """
[jobs.large]
kind = "sql"
on-row = "SELECT id, amount AS total FROM orders WHERE amount >= 2"
parameters = ["id BIGINT", "total DOUBLE = 0", "name STRING = 'row'"]
concurrency = 4
sql = "INSERT INTO totals SELECT $name, $id, $total"
"""


def orders(project: Penstock, ids: Iterable[int]) -> None:
    project.append("orders", [{"id": i, "amount": float(i)} for i in ids])


def totals(project: Penstock) -> list[tuple[object, ...]]:
    if not project.log.has("totals"):
        return []
    return project.query("SELECT name, id, amount FROM totals ORDER BY id").rows()


@pytest.mark.real
def test_a_job_is_done_once_for_each_row(tmp_path: Path) -> None:
    folder = make(tmp_path / "shop", JOBS)
    with opened(folder, SystemClock()) as project:
        orders(project, range(4))
        project.start()
        until(lambda: len(totals(project)) == 2, "the rows that were there are not done")
        orders(project, [5, 1])
        until(lambda: len(totals(project)) == 3, "a new row is not done")
    with opened(folder, SystemClock()) as project:
        project.start()
        orders(project, [6])
        until(lambda: not project.jobs.runs.open().runs and len(totals(project)) >= 4, "a row is not done")
        assert totals(project) == [("row", i, float(i)) for i in (2, 3, 5, 6)]
        runs = project.jobs.history("large")
        assert sorted((run.by, run.parameters["id"]) for run in runs) == [
            ("row 0", "2"), ("row 1", "3"), ("row 2", "5"), ("row 3", "6"),
        ]  # fmt: skip
        assert {(run.trigger, run.state) for run in runs} == {("row", "success")}
        assert project.difference().pipelines == []


@pytest.mark.real
def test_a_query_follows_its_file(tmp_path: Path) -> None:
    folder = make(tmp_path / "shop", '[jobs.a]\nkind = "upkeep"\n')
    with opened(folder, SystemClock()) as project:
        orders(project, range(3))
        project.start()
        (folder / "jobs.toml").write_text(JOBS)
        until(lambda: len(totals(project)) == 1, "it is not followed")
        (folder / "jobs.toml").write_text('[jobs.a]\nkind = "upkeep"\n')
        run = project.current
        assert run is not None
        until(lambda: run.find("__job.large") is None, "it goes on")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT amount FROM orders", "job 'large' needs parameter id, and the rows of on-row have no such column"),
        ("SELECT id, COUNT(*) FROM orders GROUP BY id", "the rows of on-row change after they were given"),
        ("SELECT nme FROM orders", "there is no column 'nme'\njobs.toml:4"),
        ("SELECT 1; SELECT 2", "on-row is one SELECT\njobs.toml:4"),
        ("INSERT INTO totals SELECT 'x', 1, 1", "on-row is one SELECT\njobs.toml:4"),
    ],
)
def test_a_query_that_does_not_fit_is_told(tmp_path: Path, query: str, told: str) -> None:
    said = JOBS.replace("SELECT id, amount AS total FROM orders WHERE amount >= 2", query)
    with opened(make(tmp_path / "shop", said)) as project, pytest.raises((ConfigError, SqlError)) as error:
        project.jobs.file.get("large")
    assert str(error.value).startswith(told)
