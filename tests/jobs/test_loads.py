"""Jobs of kind load: each source a step, each run a row of pipeline_executions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import ConfigError
from penstock.jobs.worker import Worker
from penstock.project.jobs.load import LoadKind
from tests.jobs.worlds import make, opened, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.jobs import Note, Outcome
    from penstock.project.penstock import Penstock

JOBS = """
[jobs.nightly]
kind = "load"
retries = 0
[jobs.stock]
kind = "load"
sources = ["stock", "customers"]
"""
RULES = """
on = "staging.customers"
[rules.named]
not_null = "name"
then = "fail"
[rules.as_many]
rows = true
change = 0.5
then = "warn"
"""
EXECUTIONS = "SELECT pipeline_name, status, records_processed, end_time IS NULL, error_message FROM pipeline_executions"
AWAY = "stock: postgresql://u@127.0.0.1:1/x cannot be used: nothing listens there"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Penstock]:
    folder = make(tmp_path / "p", JOBS)
    files = {
        "sources/customers.toml": 'kind = "csv"\npath = "data/customers.csv"\ntrack = false',
        "sources/orders.toml": 'kind = "csv"\npath = "data/orders.csv"',
        "sources/stock.toml": 'kind = "postgres"\nurl = "postgresql://u@127.0.0.1:1/x"\ntls = "off"\ntable = "stock"',
        "schemas/stock.toml": '[columns.id]\ntype = "BIGINT"',
        "quality/customers.toml": RULES,
        "data/customers.csv": "id,name\n1,Ann\n2,Bob\n",
        "data/orders.csv": "id,amount\n1,5\n1,5\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    penstock = opened(folder)
    yield penstock
    penstock.close()


def asked(penstock: Penstock, sql: str) -> list[tuple[Any, ...]]:
    return penstock.query(sql).frame.rows()


def test_a_source_that_does_not_answer_leaves_the_others(project: Penstock) -> None:
    run = settled(project, project.jobs.begin("nightly", {}).id)
    assert run.state == "partial"
    assert [(step.name, dict(step.outcome.counts).get("loaded"), step.outcome.partial) for step in run.steps] == [
        ("customers", 2, False),
        ("orders", 1, False),
        ("stock", None, True),
    ]
    assert asked(project, EXECUTIONS) == [("nightly", "PARTIAL", 4, False, AWAY)]
    assert run.steps[0].outcome.changes == {"staging.customers": {"inserted": 2, "updated": 0, "deleted": 0}}


def test_the_last_line_of_a_source_is_its_counts(project: Penstock) -> None:
    (project.folder / "schemas/orders.toml").write_text('[columns.id]\ntype = "BIGINT"\n[columns.amount]\ntype = "INT"')
    (project.folder / "data/orders.csv").write_text("id,amount\n1,5\n1,much\n")
    run = settled(project, project.jobs.begin("nightly", {}).id)
    assert [line.line for line in project.jobs.lines(run.id)[1] if line.step == "orders"][-2:] == [
        "1 value of amount is no INT, such as 'much'",
        "done: read 2, duplicate 0, dropped 0, quarantined 1, loaded 1",
    ]
    customers, orders, _ = (step.outcome.artefacts for step in run.steps)
    assert (customers, orders) == ({"schema": "schemas/customers.toml"}, {"quarantine": "clean 1"})


def test_what_was_committed_is_not_done_again(project: Penstock) -> None:
    run = project.jobs.begin("stock", {})
    steps = list(project.jobs.kinds["load"].steps(project.jobs.file.get("stock"), run))
    assert asked(project, EXECUTIONS) == [("stock", "RUNNING", 0, True, None)]
    assert [step.done() for step in steps] == [None, None]
    ended = settled(project, run.id)
    assert steps[1].done() == ended.steps[1].outcome


def test_a_run_that_ends_between_two_sources_is_over(project: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    do = LoadKind._do

    def ends(self: LoadKind, name: str, run: str, note: Note) -> Outcome:
        found = do(self, name, run, note)
        assert isinstance(note, Worker)
        note.end("cancelled")
        return found

    monkeypatch.setattr(LoadKind, "_do", ends)
    run = settled(project, project.jobs.begin("nightly", {}).id)
    assert (run.state, [step.name for step in run.steps]) == ("cancelled", ["customers"])
    assert asked(project, EXECUTIONS) == [("nightly", "FAILED", 2, False, "it was cancelled")]


def test_sources_that_fail_keep_none_from_being_loaded_and_are_named(project: Penstock) -> None:
    names, kept = project.folder / "data/customers.csv", project.folder / "schemas/aside.toml"
    names.write_text("id,name\n1,\n")
    (project.folder / "sources/aside.toml").write_text('kind = "csv"\npath = "data/aside.csv"')
    (project.folder / "data/aside.csv").write_text("id\nx\n")
    kept.write_text('on_change = "freeze"\n[columns.id]\ntype = "BIGINT"')
    run = settled(project, project.jobs.begin("nightly", {}).id)
    assert (run.state, run.failed_step) == ("failed", "aside, customers")
    assert [(step.name, step.state) for step in run.steps] == [
        ("aside", "failed"),
        ("customers", "failed"),
        ("orders", "done"),
        ("stock", "done"),
    ]
    assert "aside: " in run.error
    assert "1 value of id is no BIGINT, such as 'x'" in run.error
    assert "\ncustomers: quality rule customers.named stops the load" in run.error
    assert asked(project, "SELECT status, records_processed, error_message FROM pipeline_executions") == [
        ("FAILED", 2, run.error)
    ]
    names.write_text("id,name\n1,Ann\n")
    kept.write_text('[columns.id]\ntype = "STRING"')
    again = settled(project, project.jobs.retry(run.id).id)
    assert (again.state, [step.attempt for step in again.steps]) == ("partial", [2, 2, 1, 1])
    assert asked(project, EXECUTIONS) == [("nightly", "PARTIAL", 4, False, AWAY)]


def test_a_rule_that_fails_ends_the_run_and_says_so(project: Penstock) -> None:
    (project.folder / "data/customers.csv").write_text("id,name\n1,Ann\n2,\n")
    run = settled(project, project.jobs.begin("nightly", {}).id)
    assert (run.state, run.failed_step) == ("failed", "customers")
    ((name, status, records, running, error),) = asked(project, EXECUTIONS)
    assert (name, status, records, running) == ("nightly", "FAILED", 2, False)
    assert error.startswith("customers: quality rule customers.named stops the load: 1 of 2 rows break it")
    assert asked(project, "SELECT rule, broken, loaded FROM quality_results") == [("customers.named", 1, False)]
    (project.folder / "data/customers.csv").write_text("id,name\n1,Ann\n2,Bob\n")
    again = settled(project, project.jobs.retry(run.id).id)
    assert again.state == "partial"
    assert [row[1:3] for row in asked(project, EXECUTIONS)] == [("PARTIAL", 4)]


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ('sources = ["custommers"]', "there is no source 'custommers'\njobs.toml:3\nhint: did you mean customers?"),
        ('sources = ["orders", "orders"]', "source orders is there twice\njobs.toml:3"),
    ],
)
def test_what_a_job_may_not_say(project: Penstock, job: str, said: str) -> None:
    (project.folder / "jobs.toml").write_text(f'[jobs.nightly]\nkind = "load"\n{job}\n')
    with pytest.raises(ConfigError) as caught:
        project.jobs.file.get("nightly")
    assert str(caught.value) == said


def test_a_source_that_is_wrong_is_the_jobs_error(project: Penstock) -> None:
    (project.folder / "sources/orders.toml").write_text('kind = "csv"\npath = "../orders.csv"')
    (project.folder / "schemas/orders.toml").write_text('[columns.id]\ntype = "BIGINT"')
    with pytest.raises(ConfigError) as caught:
        project.jobs.file.get("nightly")
    assert str(caught.value) == (
        "'../orders.csv' leads out of the project\nsources/orders.toml:2\n"
        "hint: a path below the project's folder, such as data/raw/*.csv"
    )
