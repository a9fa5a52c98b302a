"""Runs that are to end while a database or an API keeps them waiting: they end, and leave nothing."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from penstock.project.audit import doer
from penstock.warehouse.loading import Loading
from penstock.warehouse.model import Model
from tests.jobs.worlds import make, opened
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.jobs import Run
    from penstock.project.penstock import Penstock
    from penstock.warehouse import Session

JOBS = """
[jobs.nightly]
kind = "load"
timeout = "10 min"
retries = 0
"""
LONG = {
    "duckdb": "SELECT count(*) FROM range(1000000000) AS a, range(1000) AS b WHERE hash(a.range) % 7 = b.range",
    "postgres": "SELECT pg_sleep(3600)",
}
EXECUTIONS = "SELECT status, error_message FROM pipeline_executions"


@pytest.fixture
def project(tmp_path: Path, warehouse: str) -> Iterator[Penstock]:
    folder = make(tmp_path / "p", JOBS, f'[network]\nallow = ["127.0.0.1"]\n{warehouse}')
    for name, text in {
        "sources/customers.toml": 'kind = "csv"\npath = "data/*.csv"',
        "schemas/customers.toml": '[columns.id]\ntype = "BIGINT"',
        "data/a.csv": "id\n1\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with opened(folder) as penstock:
        yield penstock


def ended(penstock: Penstock, phase: str, why: str) -> Run:
    """A run of the job that is told to end as soon as it is in a phase."""
    run = penstock.jobs.begin("nightly", {})
    with penstock.jobs.working(run.id):
        until(lambda: [s for s in penstock.jobs.run(run.id).steps if s.doing == phase], f"it never came to {phase}")
        if why == "cancelled":
            penstock.jobs.cancel(run.id)
        else:
            assert isinstance(penstock.clock, ManualClock)
            penstock.clock.advance(600_001)
        until(lambda: penstock.jobs.run(run.id).ended, "it does not end")
    return penstock.jobs.run(run.id)


@pytest.mark.parametrize(
    ("why", "state", "error"),
    [
        ("cancelled", "cancelled", ""),
        pytest.param(
            "timeout", "failed", "it has taken longer than its timeout of 600 s", marks=pytest.mark.real, id="timeout"
        ),
    ],
)
def test_a_long_statement_is_broken_off(
    project: Penstock, monkeypatch: pytest.MonkeyPatch, why: str, state: str, error: str
) -> None:
    def merge(_: Model, session: Session, *__: object) -> dict[str, object]:
        session.run(LONG[session.dialect.name])
        return {}

    with monkeypatch.context() as patched:
        patched.setattr(Model, "merge", merge)
        run = ended(project, "warehouse", why)
    assert (run.state, run.error) == (state, error)
    assert project.query(EXECUTIONS).frame.rows() == [
        ("FAILED", f"customers: {error}" if error else f"it was cancelled by {doer().caller.name}")
    ]
    assert project.query("SELECT * FROM _loads").frame.is_empty()
    again = project.jobs.retry(run.id)
    with project.jobs.working(again.id):
        until(lambda: project.jobs.run(again.id).ended, "it does not end")
    assert project.jobs.run(again.id).state == "success"
    assert project.query("SELECT count(*) FROM staging.customers").frame.rows() == [(1,)]


def test_whoever_waits_for_another_load_is_not_waited_for(project: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    load = Loading.load

    def waiting(self: Loading, *given: object) -> object:
        self._note.phase("lock")
        return load(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Loading, "load", waiting)
    with project.warehouse.database().transaction() as other:
        other.lock("staging.customers")
        run = ended(project, "lock", "cancelled")
    assert run.state == "cancelled"


@pytest.mark.real
def test_an_answer_without_end_is_broken_off(tmp_path: Path) -> None:
    folder = make(tmp_path / "p", JOBS, '[network]\nallow = ["127.0.0.1"]\n')
    (folder / "sources").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as api:
        url = f"http://127.0.0.1:{api.getsockname()[1]}/users"
        said = f'kind = "http"\nurl = "{url}"\nrecords = "$"\n[limits]\ntimeout = "1 h"\n'
        (folder / "sources" / "users.toml").write_text(said)
        asked = threading.Event()

        def answer() -> None:
            connection, _ = api.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")
                asked.set()
                connection.recv(1)  # until whoever has asked goes

        threading.Thread(target=answer, daemon=True).start()
        with opened(folder) as penstock:
            run = penstock.jobs.begin("nightly", {})
            with penstock.jobs.working(run.id):
                assert asked.wait(60)
                penstock.jobs.cancel(run.id)
                until(lambda: penstock.jobs.run(run.id).ended, "it does not end")
            assert penstock.jobs.run(run.id).state == "cancelled"
