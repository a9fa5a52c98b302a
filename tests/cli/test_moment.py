"""Moments that options say: with their zone, or in that of a job."""

from __future__ import annotations

import datetime as dt

import click
import pytest

from penstock.cli.moment import moment_in


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-03-27", "2026-03-26T23:00:00"),
        ("2026-03-29", "2026-03-28T23:00:00"),
        ("2026-03-30", "2026-03-29T22:00:00"),
        ("2026-03-29T02:30", "2026-03-29T01:00:00"),  # there is none: the clock has gone on
        ("2026-03-29T03:00", "2026-03-29T01:00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00"),  # there are two: the first
        ("2026-10-26", "2026-10-25T23:00:00"),
        ("2026-03-29T02:30Z", "2026-03-29T02:30:00"),
    ],
)
def test_a_time_without_a_zone_is_of_the_job_s(said: str, moment: str) -> None:
    assert moment_in("Europe/Zurich", said) == dt.datetime.fromisoformat(moment + "Z").timestamp() * 1000


def test_the_midnight_that_a_zone_skips_is_when_its_clock_has_gone_on() -> None:
    assert moment_in("America/Santiago", "2026-09-06") == moment_in("UTC", "2026-09-06T04:00")


@pytest.mark.parametrize("said", ["yesterday", "2026-02-30", "0001-01-01"])
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(
        click.UsageError, match=f"'{said}' is no time since 1970, such as 2026-01-31, 2026-01-31T12:00 or"
    ):
        moment_in("Europe/Zurich", said)
