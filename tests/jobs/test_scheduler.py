"""Who does what when: a month of runs, retries, catching up, pauses, limits, two processes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import DataError, LogError, StateError
from penstock.jobs.presence import Presence
from penstock.jobs.run import RunBrief
from penstock.jobs.runs import Change, JobState, Runs
from tests.jobs.worlds import Machine, Told, moments, ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.jobs import Note, Run

DAILY = '[jobs.nightly]\nkind = "told"\nschedule = "30 2 * * *"\nzone = "Europe/Zurich"\n'


def fails_twice_on_the_tenth(run: Run, _: Note) -> None:
    if moments([run])[0].split()[0].endswith("-10") and run.attempt < 3:
        raise StateError("the API is down")


@pytest.mark.parametrize(
    ("begin", "end", "shifted", "before", "after"),
    [
        ("2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00", 29, "01:30", "00:30"),
        ("2026-10-01T00:00+02:00", "2026-11-01T00:00+01:00", 25, "00:30", "01:30"),
    ],
)
def test_a_month_over_a_change_of_the_clock(begin: str, end: str, shifted: int, before: str, after: str) -> None:
    """02:30 in Zurich: at 01:30 UTC in winter, 00:30 in summer; on 29 March at 01:00, when the clock has gone on."""
    jobs = DAILY + 'retries = 2\nretry-delay = "2 s"\n[jobs.summed]\nkind = "told"\nafter = ["nightly"]\n'
    kind = Told(nightly=fails_twice_on_the_tenth)
    machine = Machine(jobs, kind, begin)
    machine.tick()
    machine.until(end, every=1_800_000)
    month = begin[5:7]
    change = "01:00" if month == "03" else before
    wanted = [
        f"{month}-{day:02} {before if day < shifted else change if day == shifted else after}" for day in range(1, 32)
    ]
    found = machine.runs.list("nightly", 100)[::-1]
    assert moments(found) == wanted
    assert {run.state for run in found} == {"success"}
    assert [run.attempt for run in found] == [3 if day == 10 else 1 for day in range(1, 32)]
    assert [a.error for a in found[9].attempts] == ["the API is down", "the API is down", ""]
    followed = machine.runs.list("summed", 100)[::-1]
    assert [run.by for run in followed] == [run.id for run in found]
    assert moments(followed) == wanted, "it is for the moment of the run that it follows"
    assert len(kind.done) == 31 + 2 + 31
    assert machine.ids() == set()
    assert machine.runs.open().job("nightly").last == found[-1].id


HOURLY = '[jobs.hourly]\nkind = "told"\nschedule = "0 * * * *"\ncatch-up = "{}"\n'


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("latest", ["01-01 00:00", "01-01 05:00", "01-01 06:00"]),
        ("all", [f"01-01 0{hour}:00" for hour in range(7)]),
        ("skip", ["01-01 00:00", "01-01 06:00"]),
    ],
)
def test_what_was_missed_is_made_up_for(policy: str, expected: list[str]) -> None:
    kind = Told()
    machine = Machine(HOURLY.format(policy), kind, "2025-12-31T23:30Z")
    machine.tick()
    machine.until("2026-01-01T00:30Z", 600_000)
    machine.clock.advance(5 * 3_600_000)  # nothing runs for five hours
    machine.restart()
    machine.tick()
    machine.until("2026-01-01T06:30Z", 60_000)
    assert moments(kind.done) == expected


@pytest.mark.parametrize(("policy", "made"), [("latest", 1), ("skip", 1), ("all", 1_000)])
def test_a_clock_that_leaps_by_decades_makes_no_more_runs_than_any_other(policy: str, made: int) -> None:
    machine = Machine(HOURLY.replace("0 * * * *", "* * * * *").format(policy), Told(), "2026-01-01T00:30Z")
    machine.tick()
    machine.clock.advance(900 * 365 * 86_400_000 + 30_000)
    assert len(machine.runs.change(machine.scheduler._due).runs) == made


def test_a_job_that_is_new_makes_up_for_nothing() -> None:
    kind = Told()
    machine = Machine(HOURLY.format("all"), kind, "2026-01-01T00:30Z")
    machine.tick()
    machine.tick()
    assert kind.done == []


@pytest.mark.parametrize(
    ("ahead", "expected"), [(3 * 3_600_000, []), (4 * 365 * 86_400_000, ["01-01 01:00", "01-01 02:00"])]
)
def test_a_clock_that_was_years_ahead_stops_no_schedule(ahead: int, expected: list[str]) -> None:
    """One that is set back by hours does nothing twice."""
    kind = Told()
    machine = Machine(HOURLY.format("all"), kind, "2026-01-01T00:30Z")
    considered = machine.clock.now_ms() + ahead
    machine.runs.change(lambda _: Change(jobs={"hourly": JobState(considered=considered)}))
    machine.tick()
    machine.until("2026-01-01T02:30Z", 600_000)
    assert moments(kind.done) == expected


def test_what_a_pause_passes_over_is_not_made_up_for() -> None:
    kind = Told()
    machine = Machine(HOURLY.format("all"), kind, "2026-01-01T00:30Z")
    machine.tick()
    machine.runs.change(lambda known: Change(jobs={"hourly": replace(known.job("hourly"), paused_by="kim")}))
    machine.until("2026-01-01T03:30Z", 600_000)
    assert kind.done == []
    machine.begin("hourly")
    machine.tick()
    assert [run.trigger for run in kind.done] == ["hand"], "a hand may"
    machine.runs.change(lambda known: Change(jobs={"hourly": replace(known.job("hourly"), paused_by="")}))
    machine.until("2026-01-01T04:30Z", 600_000)
    assert moments(kind.done[1:]) == ["01-01 04:00"]


def tried(error: BaseException, more: str = "") -> tuple[Machine, Run]:
    """A run by hand after its first attempt, whose step has raised that; `more` is what its job says."""

    def fails(_: Run, __: Note) -> None:
        raise error

    machine = Machine(f'[jobs.a]\nkind = "told"\n{more}', Told(a=fails), "2026-01-01T00:00Z")
    machine.begin("a")
    machine.tick()
    (run,) = machine.runs.list()
    return machine, run


def test_retries_wait_longer_each_time_and_end() -> None:
    machine, _ = tried(StateError("no"), 'retries = 4\nretry-delay = "8 s"\nretry-longest = "20 s"')
    machine.until("2026-01-01T00:02Z", 10)
    (run,) = machine.runs.list()
    assert (run.state, run.error, run.attempt) == ("failed", "no", 5)
    waits = [b.began - a.ended for a, b in zip(run.attempts, run.attempts[1:], strict=False)]
    for wait, whole in zip(waits, (8_000, 16_000, 20_000, 20_000), strict=True):
        assert whole / 2 <= wait <= whole + 10
    assert len(set(waits)) == 4, "by chance"


def test_what_would_fail_again_is_not_tried_again() -> None:
    _, run = tried(DataError("so it is"))
    assert (run.state, run.attempt, run.failed_step) == ("failed", 1, "do")


def test_an_error_that_nobody_foresaw_is_a_failure_with_its_trace() -> None:
    machine, run = tried(ZeroDivisionError("by zero"), "retries = 0")
    assert (run.state, run.error) == ("failed", "ZeroDivisionError: by zero")
    assert "Traceback (most recent call last):" in [line.line for line in machine.lines.of(run.id, 0)[1]]


def test_a_panic_of_a_library_is_a_failure() -> None:
    _, run = tried(pl.exceptions.PanicException("capacity overflow"), "retries = 0")
    assert (run.state, run.failed_step, run.error) == ("failed", "do", "PanicException: capacity overflow")


def test_an_end_that_could_not_be_written_down_is_at_a_later_look() -> None:
    """Nobody takes over what this process has done already, and a timeout that comes after it counts for nothing."""
    full = [True]

    def written(run: Run, _: object) -> None:
        if full[0]:
            raise LogError("database or disk is full", code="log-full")

    kind = Told()
    machine = Machine('[jobs.a]\nkind = "told"\ntimeout = "1 min"', kind, "2026-01-01T00:00Z")
    machine.runs.at_end.append(written)
    made = machine.begin("a")
    machine.scheduler.tick()
    machine.scheduler.settle()
    assert machine.runs.get(made.id).state == "running"
    machine.clock.advance(120_000)
    machine.scheduler.tick()
    assert machine.runs.get(made.id).state == "running"
    full[0] = False
    machine.scheduler.tick()
    (run,) = machine.runs.list()
    assert (run.state, run.resumed, len(kind.done)) == ("success", 0, 1)
    assert machine.ids() == set()


def test_a_run_that_this_process_claimed_and_never_began_goes_on() -> None:
    machine = Machine(LIMITED, Told(), "2026-01-01T00:00Z")
    made = replace(machine.begin("one"), state="running", attempt=1, process=machine.presence.name)
    machine.runs.change(lambda _: Change([made]))
    machine.tick()
    assert machine.runs.get(made.id).state == "success"


LIMITED = """
[jobs.one]
kind = "told"
[jobs.two]
kind = "told"
concurrency = 2
"""


def test_no_more_runs_go_on_than_may() -> None:
    going = threading.Semaphore(0)
    begun: list[str] = []

    def waits(run: Run, _: Note) -> None:
        begun.append(run.job)
        going.acquire()

    machine = Machine(LIMITED, Told(one=waits, two=waits), "2026-01-01T00:00Z", most=3)
    for number in range(3):
        machine.begin("one", str(number))
        machine.begin("two", str(number))
        machine.clock.advance(1)
    machine.scheduler.tick()
    running = sorted(run.job for run in machine.runs.open().runs.values() if run.state == "running")
    assert running == ["one", "two", "two"]
    machine.scheduler.tick()
    assert [r.state for r in machine.runs.open().runs.values()].count("running") == 3
    going.release(6)
    machine.tick()
    assert machine.ids() == set()
    assert sorted(begun) == ["one"] * 3 + ["two"] * 3
    first = [run.id for run in machine.runs.list()][::-1]
    assert first == [f"{job}-20260101T000000Z-{n}" for n in range(3) for job in ("one", "two")]


ARRIVING = '[jobs.{}]\nkind = "told"\non-file = "in/*.csv"\n{}'


def test_a_file_that_is_new_or_has_changed_begins_a_run(tmp_path: Path) -> None:
    kind = Told()
    machine = Machine(ARRIVING.format("a", 'parameters = ["file STRING"]'), kind, "2026-01-01T00:00Z", home=tmp_path)
    machine.presence.close()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.csv").write_text("x")
    machine.tick()
    assert kind.done == [], "it may still be written"
    machine.until("2026-01-01T00:01Z", 2_000)
    (tmp_path / "in" / "2.csv").write_text("x")
    (tmp_path / "in" / "3.csv").write_text("x")
    (tmp_path / "in" / "other").write_text("x")
    machine.until("2026-01-01T00:02Z", 2_000)
    machine.restart()
    machine.until("2026-01-01T00:03Z", 2_000)
    # those that came together are done in any order
    assert sorted(run.parameters["file"] for run in kind.done) == ["in/1.csv", "in/2.csv", "in/3.csv"]
    assert {(run.trigger, run.by) for run in kind.done} == {("file", f"in/{n}.csv") for n in (1, 2, 3)}
    (tmp_path / "in" / "2.csv").write_text("xy")
    (tmp_path / "in" / "3.csv").unlink()
    machine.until("2026-01-01T00:04Z", 2_000)
    assert [run.parameters["file"] for run in kind.done[3:]] == ["in/2.csv"]
    (tmp_path / "in" / "3.csv").write_text("x")
    machine.until("2026-01-01T00:05Z", 2_000)
    assert [run.parameters["file"] for run in kind.done[4:]] == ["in/3.csv"]


def test_files_that_arrive_together_are_one_run_where_it_takes_none(tmp_path: Path) -> None:
    kind = Told()
    machine = Machine(ARRIVING.format("a", ""), kind, "2026-01-01T00:00Z", home=tmp_path)
    machine.presence.close()
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.csv").write_text("x")
    machine.tick()
    machine.until("2026-01-01T00:01Z", 2_000)
    assert [run.by for run in kind.done] == ["in/0.csv and 2 more"]


def test_two_processes_never_work_on_one_run(tmp_path: Path) -> None:
    kind, jobs = Told(), HOURLY.format("all")
    one = Machine(jobs, kind, "2026-01-01T00:30Z", home=tmp_path)
    two = Machine(jobs, kind, "2026-01-01T00:30Z", one.log, home=tmp_path)
    one.tick()
    two.tick()
    for hour in range(1, 9):
        for machine in (one, two):
            machine.clock.advance(3_600_000)
        both = [threading.Thread(target=machine.scheduler.tick) for machine in (one, two)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        one.scheduler.settle()
        two.scheduler.settle()
        assert len(kind.done) == hour
    assert moments(kind.done) == [f"01-01 0{hour}:00" for hour in range(1, 9)]
    assert len(one.runs.list()) == len(two.runs.list()) == 8


def test_a_run_of_a_process_that_has_died_goes_on() -> None:
    kind = Told()
    machine = Machine(LIMITED, kind, "2026-01-01T00:00Z")
    made = replace(machine.begin("one"), state="running", attempt=1, process="gone")
    machine.runs.change(lambda _: Change([made]))
    machine.tick()
    (run,) = machine.runs.list()
    assert (run.state, run.resumed, run.attempt) == ("success", 1, 1)
    again = replace(made, id="one-20260101T000000Z-y", resumed=5)
    machine.runs.change(lambda _: Change([again]))
    machine.tick()
    assert machine.runs.get("one-20260101T000000Z-y").error == "its process has died 6 times"


def waiting() -> tuple[threading.Event, Callable[[Run, Note], None]]:
    """What is set when a step is at it, and that step, which waits for its end."""
    going = threading.Event()

    def waits(_: Run, note: Note) -> None:
        going.set()
        note.stop.wait()
        note("never said")

    return going, waits


def test_a_run_that_waits_or_goes_on_can_be_cancelled() -> None:
    going, waits = waiting()
    machine = Machine(LIMITED, Told(one=waits), "2026-01-01T00:00Z")
    run = machine.begin("one")
    machine.scheduler.tick()
    assert going.wait(60)
    machine.runs.change(lambda _: Change(cancel={run.id: "kim"}))
    machine.tick()
    found = machine.runs.get(run.id)
    assert (found.state, found.cancelled_by, found.steps[0].state) == ("cancelled", "kim", "failed")
    assert machine.runs.open().cancelled == {}


def test_a_run_that_takes_too_long_is_ended() -> None:
    going, waits = waiting()
    machine = Machine('[jobs.a]\nkind = "told"\ntimeout = "5 s"\nretries = 0', Told(a=waits), "2026-01-01T00:00Z")
    machine.begin("a")
    machine.scheduler.tick()
    assert going.wait(60)
    machine.clock.advance(5_001)
    machine.tick()
    (run,) = machine.runs.list()
    assert (run.state, run.error) == ("failed", "it has taken longer than its timeout of 5 s")


def test_a_clock_that_is_put_on_ends_no_run() -> None:
    going, may_end = threading.Event(), threading.Event()

    def waits(_: Run, note: Note) -> None:
        going.set()
        assert may_end.wait(60)
        note("said")

    class PutOn(ManualClock):
        def monotonic(self) -> float:
            return 0.0

    machine = Machine('[jobs.a]\nkind = "told"\ntimeout = "5 s"', Told(a=waits), "2026-01-01T00:00Z")
    machine.clock = PutOn(machine.clock.now_ms())
    machine.restart()
    machine.begin("a")
    machine.scheduler.tick()
    assert going.wait(60)
    machine.clock.advance(86_400_000)
    machine.scheduler.tick()
    may_end.set()
    machine.tick()
    assert [run.state for run in machine.runs.list()] == ["success"]


def test_a_process_that_ends_in_order_leaves_its_runs_to_the_next() -> None:
    going, tried = threading.Event(), []

    def waits(run: Run, note: Note) -> None:
        tried.append(run.attempt)
        if len(tried) == 1:
            going.set()
            note.stop.wait()
            note("never said")

    machine = Machine(LIMITED, Told(one=waits), "2026-01-01T00:00Z")
    run = machine.begin("one")
    machine.scheduler.tick()
    assert going.wait(60)
    machine.scheduler.stop()
    left = machine.runs.open().runs[run.id]
    assert (left.state, left.attempt, left.process) == ("waiting", 0, "")
    machine.restart()
    machine.tick()
    found = machine.runs.get(run.id)
    assert (found.state, found.attempt, tried) == ("success", 1, [1, 1])


def test_a_run_of_a_job_that_is_gone_is_cancelled() -> None:
    machine = Machine(LIMITED, Told(), "2026-01-01T00:00Z")
    machine.begin("three")
    machine.tick()
    assert machine.runs.get("three-20260101T000000Z-x").error == "there is no job 'three' any more"


def test_whoever_hears_of_an_end_writes_in_its_transaction() -> None:
    machine = Machine(LIMITED, Told(), "2026-01-01T00:00Z")
    machine.runs.at_end.append(lambda run, transaction: transaction.put(f"heard/{run.id}", run.state.encode()))
    machine.begin("one")
    machine.tick()
    assert machine.log.facts.scan("heard/") == {"heard/one-20260101T000000Z-x": b"success"}
    state, now = machine.runs.open().job("one"), ms("2026-01-01T00:00Z")
    run = "one-20260101T000000Z-x"
    assert state == JobState(None, "", run, "success", now, now, recent=(RunBrief(run, "success", now, now, now),))


def test_a_job_knows_its_last_runs_and_one_that_is_tried_again_once() -> None:
    machine = Machine(LIMITED, Told(), "2026-01-01T00:00Z")
    begun = machine.begin("one")
    ended = [replace(begun, id=f"one-{n}", state="failed", ended=n) for n in range(20)]
    machine.runs.change(lambda _: Change([*ended, replace(ended[18], state="success")]))
    recent = Runs(machine.log).open().job("one").recent
    assert [(run.id, run.state) for run in recent] == [
        *((run.id, "failed") for run in (*ended[4:18], ended[19])),
        (ended[18].id, "success"),
    ]


def test_who_is_there_is_told_by_a_lock(tmp_path: Path) -> None:
    one, two = Presence(tmp_path), Presence(tmp_path)
    assert two.alive(one.name)
    one.close()
    assert not two.alive(one.name)
    assert two.alive(two.name)
    two.close()
    assert [*tmp_path.iterdir()] == []
