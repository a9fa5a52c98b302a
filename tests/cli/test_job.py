"""`penstock job`: what a person reads of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import LogError
from penstock.jobs import Scheduler
from tests.cli.shell import call
from tests.jobs.worlds import make

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_each_error_of_a_run_stands_in_its_own_lines(tmp_path: Path) -> None:
    folder = make(tmp_path / "p", '[jobs.nightly]\nkind = "load"\nretries = 0\n')
    (folder / "sources").mkdir()
    for name in ("customers", "orders"):
        (folder / "sources" / f"{name}.toml").write_text(f'kind = "csv"\npath = "data/{name}.csv"')
    done = call("job", "run", folder, "nightly")
    assert done.code == 1
    assert done.err.splitlines()[-4:] == [
        "customers: no file is called data/customers.csv",
        str(folder),
        "orders: no file is called data/orders.csv",
        str(folder),
    ]


def test_what_keeps_a_run_waiting_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = Scheduler.tick
    failed: list[bool] = []

    def full(scheduler: Scheduler) -> None:
        if len(failed) < 3:
            failed.append(True)
            scheduler.wake()
            raise LogError("database or disk is full", code="storage-full")
        tick(scheduler)

    monkeypatch.setattr(Scheduler, "tick", full)
    folder = make(tmp_path / "p", '[jobs.say]\nkind = "command"\ncommand = ["sh", "-c", ":"]\n')
    done = call("job", "run", folder, "say")
    assert (done.code, len(failed)) == (0, 3)
    assert done.err.count("runs wait: what is due cannot be read or written") == 1
    assert "database or disk is full" in done.err
