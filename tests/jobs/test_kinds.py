"""What each kind of job does, and how a run of it goes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from penstock.cli.job import followed, steps_of
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, SqlError, StateError
from penstock.jobs.run import StepRun
from penstock.jobs.runs import Change
from penstock.jobs.worker import Worker
from tests.jobs.worlds import make, opened, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.jobs import Run
    from penstock.project.penstock import Penstock

JOBS = """
[jobs.copy]
kind = "sql"
parameters = ["name STRING = 'it''s'", "least DOUBLE = 0", "day DATE = 2026-01-31"]
sql = \"\"\"
INSERT INTO totals SELECT $name, id, amount FROM orders WHERE amount > $least AND $day > DATE '2026-01-01';  -- '$no'
INSERT INTO totals SELECT CAST($scheduled AS STRING), 0, 0;
\"\"\"

[jobs.say]
kind = "command"
command = ["sh", "-c", "echo $0 $PENSTOCK_JOB $TARGET; echo oops >&2; exit $1", "{who}", "{code}"]
environment = ["TARGET=to {who}"]
parameters = ["who STRING = '$(id); you'", "code BIGINT = 0"]
retries = 1

[jobs.missing]
kind = "command"
command = ["no-such-program"]

[jobs.small]
kind = "check"
query = "SELECT id, amount FROM orders WHERE amount > $most"
parameters = ["most DOUBLE"]

[jobs.warned]
kind = "check"
query = "SELECT id FROM orders"
most = 2
consequence = "warn"

[jobs.table]
kind = "check"
query = "SELECT * FROM staging.nothere"

[jobs.unbound]
kind = "check"
query = "SELECT nme FROM orders"

[jobs.tidy]
kind = "upkeep"

[jobs.ddl]
kind = "sql"
sql = "CREATE TABLE x (a INT)"

[jobs.unknown]
kind = "sql"
sql = "INSERT INTO totals SELECT $nme, 1, 1"
parameters = ["name STRING"]

[jobs.outside]
kind = "sql"
file = "../x.sql"

[jobs.neither]
kind = "sql"

[jobs.column]
kind = "sql"
sql = "INSERT INTO totals SELECT nme FROM orders"

[jobs.many]
kind = "command"
command = ["sh", "-c", "i=0; while [ $i -lt 10500 ]; do i=$((i + 1)); echo $i; done"]

[jobs.long]
kind = "command"
command = ["sh", "-c", "head -c 200000 /dev/zero | tr '\\\\0' x; echo; echo next"]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Penstock]:
    with opened(make(tmp_path_factory.mktemp("kinds") / "shop", JOBS)) as penstock:
        penstock.append("orders", [{"id": i, "amount": i + 0.5} for i in range(5)])
        yield penstock


def done(shop: Penstock, name: str, /, **given: object) -> Run:
    return settled(shop, shop.jobs.begin(name, given).id)


def lines(shop: Penstock, run: Run) -> list[str]:
    return [f"{line.step}|{line.line}" for line in shop.jobs.lines(run.id)[1]]


def test_each_insert_is_a_step_over_all_that_is_there(shop: Penstock) -> None:
    for _ in range(2):  # another run reads everything again
        found = done(shop, "copy", least=2, name="a'b")
        assert (found.state, found.attempt, found.rows) == ("success", 1, 6)
        assert [(s.name, s.outcome.counts) for s in found.steps] == [
            ("totals", {"read": 5, "written": 3, "rejected": 0}),
            ("totals (2)", {"read": 1, "written": 1, "rejected": 0}),
        ]
        assert found.steps[0].outcome.changes == {"totals": {"inserted": 3}}
    rows = shop.query("SELECT name, count(*), min(id) FROM totals GROUP BY ALL ORDER BY 1").rows()
    assert rows == [("2026-01-01 00:00:00.000", 2, 0), ("a'b", 6, 2)]
    assert shop.log.state.checkpoints() == []
    assert shop.ledger().height == 0


def test_an_insert_that_was_committed_before_a_kill_is_not_done_again(shop: Penstock) -> None:
    """The process is gone after the commit, and before the run's record says that the step is done."""
    made = shop.jobs.begin("copy", {"name": "once"})
    job, kind = shop.jobs.file.get("copy"), shop.jobs.kinds["sql"]
    begun = replace(made, state="running", attempt=1, process="gone", steps=(StepRun("totals", "running", 1, 0),))
    note = Worker(begun, job, kind, shop.jobs.runs, shop.jobs.log, shop.clock, lambda _: None)
    first = next(iter(kind.steps(job, begun)))
    outcome = first.do(note)
    assert first.done() == outcome
    shop.jobs.runs.change(lambda _: Change([begun]))
    found = settled(shop, made.id)
    assert (found.state, found.resumed, found.steps[0].outcome) == ("success", 1, outcome)
    assert shop.query("SELECT count(*) FROM totals WHERE name = 'once'").rows() == [(5,)]


def test_what_a_cancelled_run_has_committed_is_kept_for_a_week(tmp_path: Path) -> None:
    with opened(make(tmp_path / "shop", JOBS)) as shop:
        shop.append("orders", [{"id": 1, "amount": 1.5}])
        made = shop.jobs.begin("copy", {})
        job, kind = shop.jobs.file.get("copy"), shop.jobs.kinds["sql"]
        note = Worker(made, job, kind, shop.jobs.runs, shop.jobs.log, shop.clock, lambda _: None)
        next(iter(kind.steps(job, made))).do(note)
        shop.jobs.cancel(made.id)
        assert isinstance(shop.clock, ManualClock)
        for days, left in ((6, 1), (2, 0)):
            shop.clock.advance(days * 86_400_000)
            shop.jobs.start()
            shop.jobs.stop()
            assert len(shop.log.state.checkpoints()) == left


def test_a_command_gets_its_parameters_as_they_are(shop: Penstock) -> None:
    found = done(shop, "say")
    assert found.state == "success"
    assert lines(shop, found)[1:3] == ["command|$(id); you say to $(id); you", "command|oops"]


def test_whoever_follows_a_run_sees_its_last_lines(shop: Penstock, capsys: pytest.CaptureFixture[str]) -> None:
    run = done(shop, "many")
    assert followed(shop.jobs, run.id, threading.Event()) == run
    assert capsys.readouterr().err.splitlines()[-2:] == ["command: 10500", "command: done: 10500"]


def test_a_line_without_end_is_cut_and_the_next_one_is_a_line(shop: Penstock) -> None:
    run = done(shop, "long")
    first, second = [line.line for line in shop.jobs.lines(run.id)[1] if line.step == "command"][:2]
    assert (first, second) == ("x" * 4_000 + "...", "next")
    assert run.steps[0].outcome.note == "next"


def test_a_command_names_what_it_has_made(tmp_path: Path) -> None:
    said = "echo report=out/a=b.html >> $PENSTOCK_ARTEFACTS; echo nothing >> $PENSTOCK_ARTEFACTS; echo done"
    jobs = f'[jobs.make]\nkind = "command"\ncommand = ["sh", "-c", "{said}"]\n'
    with opened(make(tmp_path / "p", jobs)) as shop:
        run = settled(shop, shop.jobs.begin("make", {}).id)
        assert (run.state, run.steps[0].outcome.artefacts) == ("success", {"report": "out/a=b.html"})
        lines = [line.line for line in shop.jobs.lines(run.id)[1]]
        assert "PENSTOCK_ARTEFACTS takes lines NAME=TEXT, not 'nothing'" in lines
        assert shop.query("SELECT artefacts FROM penstock.run_steps").rows() == [("report: out/a=b.html",)]
        assert steps_of(run, "json")["artefacts"].to_list() == ["report: out/a=b.html"]
        assert shop.home is not None
        assert list((shop.home / "jobs").glob("artefacts-*")) == []


def test_a_command_that_fails_is_tried_again(shop: Penstock) -> None:
    found = done(shop, "say", code=3)
    assert (found.state, found.attempt, found.failed_step) == ("failed", 2, "command")
    assert found.error == "sh exited with code 3\noops"
    assert [a.error for a in found.attempts] == [found.error] * 2
    wait = found.attempts[1].began - found.attempts[0].ended
    assert 5_000 <= wait <= 10_000


def test_what_has_done_well_meanwhile_is_not_tried_again(shop: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    run = done(shop, "tidy")
    before = replace(run, state="failed")
    with monkeypatch.context() as patched:
        patched.setattr(shop.jobs, "run", lambda _: before)
        shop.jobs.retry(run.id)
    assert shop.jobs.run(run.id) == run


def test_what_would_fail_again_is_not_tried_again(shop: Penstock) -> None:
    found = done(shop, "missing")
    assert (found.state, found.attempt) == ("failed", 1)
    assert found.error.startswith("'no-such-program' cannot be run: [Errno 2] No such file or directory")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("table", "there is no table 'staging.nothere' in the warehouse\njobs.toml:34"),
        ("unbound", 'Binder Error: Referenced column "nme"'),
    ],
)
def test_a_question_that_cannot_be_asked_is_not_asked_again(shop: Penstock, name: str, said: str) -> None:
    found = done(shop, name)
    assert (found.state, found.attempt) == ("failed", 1)
    assert found.error.startswith(said)


def test_a_check_fails_with_the_rows_that_are_wrong(shop: Penstock) -> None:
    found = done(shop, "small", most=2)
    assert (found.state, found.attempt) == ("failed", 1)
    assert found.error.startswith("3 rows are wrong, 0 may be\njobs.toml:")
    assert "check|id=2  amount=2.5" in lines(shop, found)
    assert done(shop, "small", most=9).state == "success"


def test_a_check_may_warn(shop: Penstock) -> None:
    found = done(shop, "warned")
    assert (found.state, found.steps[0].outcome.note) == ("partial", "5 rows are wrong, 2 may be")


def test_upkeep_is_a_job(shop: Penstock) -> None:
    found = done(shop, "tidy")
    assert (found.state, found.steps[0].outcome.note) == ("success", "nothing to do")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ddl", "the SQL of a job is INSERT statements, or statement sets of them\njobs.toml:"),
        ("unknown", "its SQL names the parameter $nme, which job 'unknown' has not\njobs.toml:"),
        ("outside", "'../x.sql' leads out of the project\njobs.toml:"),
        ("neither", "a job of kind sql has its INSERTs in sql or in a file, and needs one of the two\njobs.toml:"),
        ("column", "there is no column 'nme'\njobs.toml:"),
        ("nowhere", "there is no job 'nowhere'\nhint: there are copy, say"),
    ],
)
def test_a_job_that_is_wrong_stops_no_other(shop: Penstock, name: str, told: str) -> None:
    with pytest.raises((ConfigError, SqlError)) as error:
        shop.jobs.begin(name, {})
    assert str(error.value).startswith(told)


def test_a_run_that_there_is_none_of(shop: Penstock) -> None:
    with pytest.raises(StateError, match="there is no run 'say-1'"):
        shop.jobs.run("say-1")


def test_runs_steps_and_lines_are_tables(shop: Penstock) -> None:
    found = done(shop, "say", code=4)
    (row,) = shop.query(f"SELECT * FROM penstock.runs WHERE run = '{found.id}'").polars().to_dicts()
    assert (row["job"], row["state"], row["attempts"], row["step"]) == ("say", "failed", 2, "command")
    assert row["error"] == "sh exited with code 4\noops"
    copied = done(shop, "copy")
    steps = f"SELECT step, read, written, inserted FROM penstock.run_steps WHERE run = '{copied.id}' ORDER BY step"
    assert shop.query(steps).rows() == [("totals", 5, 5, 5), ("totals (2)", 1, 1, 1)]
    said = f"SELECT line FROM penstock.run_log WHERE run = '{found.id}' AND level = 'error' AND attempt = 2"
    assert shop.query(said).rows() == [("sh exited with code 4",), ("oops",)]


def test_a_file_of_jobs_is_followed(tmp_path: Path) -> None:
    folder = make(tmp_path / "shop", "")
    with opened(folder) as penstock:
        assert penstock.jobs.standings() == []
        (folder / "jobs.toml").write_text('[jobs.a]\nkind = "upkeep"\n')
        assert [s.name for s in penstock.jobs.standings()] == ["a"]
        (folder / "jobs.toml").write_text("[jobs.a")
        with pytest.raises(ConfigError, match="this is not TOML"):
            penstock.jobs.standings()
        assert list(penstock.jobs.file.good()) == ["a"]  # what goes on goes on
