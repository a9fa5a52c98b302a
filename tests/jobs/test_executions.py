"""Rows of pipeline_executions: each run's gets its end, whoever ends it and whenever the warehouse can be reached."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from penstock.jobs.runs import Change
from penstock.project.audit import doer
from penstock.project.jobs import execution
from tests.jobs.worlds import make, opened, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.jobs import Run
    from penstock.project.penstock import Penstock

JOBS = """
[jobs.nightly]
kind = "load"
retries = 0
[jobs.other]
kind = "load"
sources = ["orders"]
[jobs.send]
kind = "ingest"
sources = ["orders"]
topic = "data-stream"
"""
AWAY = '[warehouse]\nurl = "postgresql://u@127.0.0.1:1/x"\ntls = "off"\n'
ROWS = "SELECT pipeline_name, status, records_processed, end_time IS NULL, error_message FROM pipeline_executions"
BY = f"it was cancelled by {doer().caller.name}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make(tmp_path / "p", JOBS, "[topics.data-stream]\npartitions = 1\n")
    for name, text in {
        "sources/customers.toml": 'kind = "csv"\npath = "data/customers.csv"',
        "sources/orders.toml": 'kind = "csv"\npath = "data/orders.csv"',
        "data/customers.csv": "id,name\n1,Ann\n2,Bob\n",
        "data/orders.csv": "id,amount\n1,5\n2,6\n3,7\n",
    }.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text)
    return made


@pytest.fixture
def project(folder: Path) -> Iterator[Penstock]:
    with opened(folder) as penstock:
        yield penstock


def asked(penstock: Penstock) -> list[tuple[Any, ...]]:
    return penstock.query(ROWS).rows()


def broken_off(penstock: Penstock, resumed: int = 0) -> Run:
    """A run whose process has died within its first source."""
    run = penstock.jobs.begin("nightly", {})
    died = replace(run, state="running", attempt=1, began=run.created, process="gone", resumed=resumed)
    penstock.jobs.runs.change(lambda _: Change([died]))
    steps = list(penstock.jobs.kinds["load"].steps(penstock.jobs.file.get("nightly"), died))
    assert [step.name for step in steps] == ["customers", "orders"]
    assert asked(penstock) == [("nightly", "RUNNING", 0, True, None)]
    return died


def looked(penstock: Penstock) -> None:
    """Somebody who works on runs looks once."""
    scheduler = penstock.jobs.scheduling()
    scheduler.tick()
    scheduler.stop()


def test_a_run_that_was_cancelled_while_nobody_worked_on_it(project: Penstock) -> None:
    project.jobs.cancel(broken_off(project).id)
    looked(project)
    assert asked(project) == [("nightly", "FAILED", 0, False, BY)]


def test_a_run_whose_process_dies_again_and_again(project: Penstock) -> None:
    broken_off(project, resumed=5)
    looked(project)
    assert asked(project) == [("nightly", "FAILED", 0, False, "its process has died 6 times")]


def test_a_run_whose_job_is_gone(project: Penstock) -> None:
    broken_off(project)
    (project.folder / "jobs.toml").write_text(JOBS.replace("nightly", "weekly"))
    looked(project)
    assert asked(project) == [("nightly", "FAILED", 0, False, "it was cancelled: there is no job 'nightly' any more")]


def test_a_run_that_was_ended_elsewhere_gets_its_end_with_the_next_run(project: Penstock) -> None:
    run = broken_off(project)
    project.jobs.runs.change(lambda _: Change([replace(run, state="waiting", process="")]))
    project.jobs.cancel(run.id)  # as `penstock job cancel` does: its process works on no runs
    assert asked(project) == [("nightly", "RUNNING", 0, True, None)]
    assert settled(project, project.jobs.begin("other", {}).id).state == "success"
    assert sorted(asked(project)) == [
        ("nightly", "FAILED", 0, False, BY), ("other", "SUCCESS", 3, False, None),
    ]  # fmt: skip


def test_a_run_that_goes_on_again_is_running_whatever_its_end_was(project: Penstock) -> None:
    run = broken_off(project)
    project.jobs.cancel(run.id)
    looked(project)
    again = settled(project, project.jobs.retry(run.id).id)
    assert again.state == "success"
    assert asked(project) == [("nightly", "SUCCESS", 5, False, None)]
    assert project.log.facts.scan("executions/") == {}


def test_ingestion_needs_no_warehouse_and_its_row_follows(folder: Path) -> None:
    settings = (folder / "penstock.toml").read_text()
    (folder / "penstock.toml").write_text(settings + AWAY)
    with opened(folder) as away:
        run = settled(away, away.jobs.begin("send", {}).id)
        assert (run.state, run.rows) == ("success", 3)
        assert away.jobs.lines(run.id)[1][1].line == (
            "postgresql://u@127.0.0.1:1/x cannot be used: nothing listens there:"
            " the run has its row of pipeline_executions once it can be used"
        )
        failed = settled(away, away.jobs.begin("nightly", {}).id)
        assert failed.state == "failed"
    (folder / "penstock.toml").write_text(settings)
    with opened(folder) as there:
        looked(there)
        assert sorted(asked(there)) == [
            ("nightly", "FAILED", 0, False, failed.error), ("send", "SUCCESS", 3, False, None),
        ]  # fmt: skip
        execution.sweep(there)
        assert there.log.facts.scan("executions/") == {}
