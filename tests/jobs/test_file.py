"""jobs.toml: what it may say, and what is told of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.core.errors import ConfigError
from penstock.jobs import Job, Listed, Retry, Schedule, read_jobs
from penstock.jobs.command import Command

KINDS = {"command": Command(Path(), None)}


def one(text: str) -> Listed:
    return read_jobs(text, KINDS, "Europe/Oslo")[-1]


def job(text: str) -> Job:
    found = one(text)
    assert found.job is not None, found.error
    return found.job


def refused(text: str) -> str:
    found = one(text)
    assert found.error is not None
    return str(found.error)


def test_a_job_is_what_its_section_says() -> None:
    found = job(
        """
        [jobs.first]
        kind = "command"
        command = ["true"]

        [jobs.nightly-export]
        kind = "command"
        command = ["python3", "export.py", "{day}"]
        description = "To the partner."
        schedule = "0 2 * * *"
        zone = "Europe/Zurich"
        after = ["first"]
        catch-up = "all"
        timeout = "10 min"
        retries = 5
        retry-delay = "1 s"
        retry-longest = "1 min"
        concurrency = 2
        parameters = ["day DATE = 2026-01-31  Which day."]
        """
    )
    assert (found.name, found.kind, found.description) == ("nightly-export", "command", "To the partner.")
    assert found.schedule == Schedule("0 2 * * *", "Europe/Zurich")
    assert (found.after, found.catch_up, found.timeout, found.concurrency) == (("first",), "all", 600_000, 2)
    assert found.retry == Retry(5, 1_000, 60_000)
    assert found.values({}) == {"day": "2026-01-31"}
    assert found.values({"day": "2026-02-01"}) == {"day": "2026-02-01"}
    assert found.where == "jobs.toml:6"


def test_the_zone_is_the_projects_where_nothing_is_said() -> None:
    found = job('[jobs.a]\nkind = "command"\ncommand = ["true"]\nschedule = "*/5 * * * *"')
    assert found.schedule == Schedule("*/5 * * * *", "Europe/Oslo")
    assert found.retry == Retry(3, 10_000, 600_000)


BEGIN = '[jobs.a]\nkind = "command"\ncommand = ["true"]\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[jobs.a]\nkind = "comand"',
            "job 'a' needs a kind, and 'comand' is none\njobs.toml:2\nhint: did you mean command?",
        ),
        ("[jobs.a]\n", "job 'a' needs a kind, and it does not say one\njobs.toml:1\nhint: kind is one of command"),
        ('[jobs."A b"]\nkind = "command"', "'A b' cannot name a job\njobs.toml:1\nhint: allowed are small letters"),
        (BEGIN + "retry = 3", "unknown option 'retry'\njobs.toml:4\nhint: did you mean retries?"),
        (
            BEGIN + 'schedule = "0 25 * * *"',
            "option 'schedule' is '0 25 * * *', allowed is cron's five fields, minute hour day month weekday:",
        ),
        (BEGIN + 'schedule = "0 0 30 2 *"', "option 'schedule' is '0 0 30 2 *', allowed is cron's five fields"),
        (BEGIN + 'schedule = "* * * * * *"', "option 'schedule' is '* * * * * *', allowed is cron's five fields"),
        (BEGIN + 'zone = "Mars"', "option 'zone' is 'Mars', allowed is a time zone such as UTC"),
        (BEGIN + 'zone = "UTC"', "zone is that of a schedule, and there is none\njobs.toml:4\nhint: schedule ="),
        (BEGIN + 'after = ["b"]', "job 'a' is to be done after 'b', and there is no such other job\njobs.toml:4"),
        (BEGIN + 'after = ["a"]', "job 'a' is to be done after 'a', and there is no such other job\njobs.toml:4"),
        (
            f'{BEGIN}after = ["b"]\n[jobs.b]\nkind = "command"\ncommand = ["true"]\nafter = ["a"]',
            "job 'b' is done after itself\njobs.toml:8",
        ),
        (BEGIN + 'parameters = ["day"]', "'day' declares no parameter\njobs.toml:4\nhint: NAME TYPE = DEFAULT"),
        (
            BEGIN + 'parameters = ["day DATE = x"]',
            "the default of parameter day is a date, 2026-01-31 (DATE), this is 'x'\njobs.toml:4",
        ),
        (BEGIN + 'parameters = ["n BIGINT", "n DATE"]', "parameter 'n' is declared twice\njobs.toml:4"),
        (
            BEGIN + 'schedule = "0 2 * * *"\nparameters = ["day DATE"]',
            "job 'a' is done by itself, and nobody gives it parameter day then\njobs.toml:5\nhint: give it a default",
        ),
        (BEGIN + 'on-file = "../*.csv"', "'../*.csv' leads out of the project\njobs.toml:4\nhint: on-file ="),
        (BEGIN + 'on-file = "in/**.csv"', "'in/**.csv' is no pattern of files: Invalid pattern"),
        ('[jobs.a]\nkind = "command"', "option 'command' is required\njobs.toml:1"),
        (
            '[jobs.a]\nkind = "command"\ncommand = ["echo", "{dya}"]\nparameters = ["day DATE"]',
            "'{dya}' names the parameter 'dya', which job 'a' has not\njobs.toml:1\nhint: did you mean day?",
        ),
        (BEGIN + 'environment = ["=x"]', "'=x' is no variable\njobs.toml:1\nhint: write \"NAME=value\""),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(text: str, told: str) -> None:
    assert refused(text).startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[jobs.a\n", "this is not TOML"),
        ("[job.a]\n", "'job' is no part of jobs.toml\njobs.toml\nhint: did you mean jobs?"),
        ("jobs = 3", "'jobs' has a table for each name\njobs.toml:1\nhint: [jobs.NAME]"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_jobs(text, KINDS)
    assert str(error.value).startswith(told)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"dya": "x"}, "job 'a' has no parameter 'dya'\njobs.toml:1\nhint: did you mean day?"),
        ({}, "job 'a' needs parameter day, a date, 2026-01-31\njobs.toml:1\nhint: Which one."),
        ({"day": "x"}, "parameter day is a date, 2026-01-31 (DATE), this is 'x'\njobs.toml:1"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(given: dict[str, str], told: str) -> None:
    found = job(BEGIN + 'parameters = ["day DATE  Which one."]')
    with pytest.raises(ConfigError) as error:
        found.values(given)
    assert str(error.value) == told
