"""The one number of memory: what is lent of it, what is refused at its end, and what is said."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, QueryError, StorageError
from penstock.project import budget as module
from penstock.project.budget import Budget
from penstock.project.opening import open_project
from tests.cli.shell import call, make_project, orders
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

GB = 1 << 30
LIMIT = '[memory]\nlimit = "1 gb"\n'


class Taken:
    """What the process has, as a test says it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        monkeypatch.setattr(module, "own_memory", lambda: self.bytes)


def test_questions_share_a_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    Taken(monkeypatch)
    budget = Budget(4 * GB, ManualClock(0), lambda: None)
    with ExitStack() as stack:
        lent = [stack.enter_context(budget.lending(GB)) >> 20 for _ in range(7)]
        assert lent == [512, 256, 128, 64, 32, 16, 16]
        with pytest.raises(QueryError) as refused, budget.lending(GB):
            pass
        assert str(refused.value) == (
            "questions take the 1,024 MB that they may have together"
            "\nhint: ask again in a moment, or raise limit in [memory]"
        )
    with budget.lending(GB >> 4) as small, budget.lending(GB) as large:
        assert (small, large) == (GB >> 4, GB >> 2)
    assert budget.lent == 0
    with Budget(0, ManualClock(0), lambda: None).lending(GB) as all_of_it:
        assert all_of_it == GB


def test_what_can_be_had_again_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, clock = Taken(monkeypatch), ManualClock(0)

    def spare() -> None:
        taken.bytes -= GB // 2

    budget = Budget(GB, clock, spare)
    taken.bytes = GB + 1
    assert not budget.full
    taken.bytes = 2 * GB
    clock.advance(1_000)
    assert budget.full
    taken.bytes = GB - 1  # it is not to be full and not full in turns
    clock.advance(1_000)
    assert budget.full
    taken.bytes = GB // 2
    clock.advance(1_000)
    assert not budget.full


def test_at_its_end_events_and_questions_are_refused_and_pipelines_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, folder = Taken(monkeypatch), make_project(tmp_path / "shop", toml=LIMIT)
    event = {"id": 1, "customer": "c1", "amount": 1, "ts": "2025-01-01 00:10:00"}
    with serve(folder) as served:
        project = served.penstock
        until(lambda: project.running[0].rows == 130, "not all is read")
        taken.bytes = GB
        until(lambda: served.get("/api/memory")["full"], "it is not looked at")
        for path, asked in (("/api/topics/orders/records", event), ("/api/query", {"sql": "SELECT 1"})):
            answer = served.client.post(path, json=asked)
            problem = answer.json()
            assert (answer.status_code, problem["code"], answer.headers["retry-after"]) == (503, "memory-full", "10")
            assert problem["detail"] == "the process has taken the 1,024 MB of memory that it may have"
            assert "raise limit in [memory]" in problem["hint"]
        with pytest.raises(StorageError, match="the 1,024 MB of memory"):
            project.append("orders", orders(1))
        assert [reason.code for reason in project.why()][:1] == ["memory-full"]
        assert "No event comes in: the process has taken" in call("why", folder).out
        with project.log.transaction() as transaction:
            transaction.append("orders", next(project.log.last("orders", 1, ("key", "value"))))
        until(lambda: project.running[0].rows == 131, "the pipeline does not go on")
        told = served.get("/api/memory")
        assert (told["limit"], told["for_states"], told["for_questions"]) == (GB, GB // 2, GB // 4)
        assert f"{GB // 2:,} are meant for states; questions may take {GB // 4:,}" in call("memory", folder).err
        taken.bytes = 0
        until(lambda: not served.get("/api/memory")["full"], "it is not looked at")
        assert served.client.post("/api/topics/orders/records", json=event).status_code == 200


def test_states_that_outgrow_their_share_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Taken(monkeypatch)
    monkeypatch.setattr(module, "_STATES", 1e-9)
    with serve(make_project(tmp_path / "shop", toml=LIMIT)) as served:
        until(lambda: any(r.code == "states-large" for r in served.penstock.why()), "nothing is said")
        (reason,) = (r for r in served.penstock.why() if r.code == "states-large")
        assert (reason.pipeline, reason.operator) == ("orders", served.get("/api/memory")["held"][0]["operator"])
        assert "Group by windows of time or by fewer keys, or raise limit in [memory]" in reason.setting


def test_a_question_has_no_more_than_its_share(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "shop", toml='[memory]\nlimit = "1 gb"\n')
    with open_project(folder) as project:
        asked = "SELECT list(i) FROM range(30_000_000) r(i)"
        with pytest.raises(QueryError, match="the question needs more than 128 MB"):
            project.query(asked)
        assert project.budget.lent == 0


def test_a_limit_that_nothing_fits_in_is_refused(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "shop", toml='[memory]\nlimit = "64 mb"\n')
    with pytest.raises(ConfigError, match=r"\[memory\] limit is 64 MB, 1,024 MB at least are needed"):
        open_project(folder)
