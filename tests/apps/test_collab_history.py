"""What was before the simulated meetings: people, organisations, past meetings, and what people did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.apps import HISTORY_TABLES, START_MS, history
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

DAYS = 20


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return history(days=DAYS, until_ms=START_MS + 5_000)


def test_all_tables_and_the_same_rows_each_time(tables: dict[str, pl.DataFrame]) -> None:
    assert tuple(tables) == HISTORY_TABLES
    again = history(days=DAYS, until_ms=START_MS)
    assert all(again[name].equals(rows) for name, rows in tables.items())
    other = history(days=DAYS, until_ms=START_MS, seed=1)
    assert other["user_profiles"].equals(tables["user_profiles"])
    assert not other["meeting_history"].equals(tables["meeting_history"])


def test_people_are_those_of_the_simulator_and_belong_to_organisations(tables: dict[str, pl.DataFrame]) -> None:
    people = tables["user_profiles"]
    assert people["user_id"].to_list() == [f"user_{n:04}" for n in range(1, 1001)]
    plans = tables["organization_plans"]["organization_id"]
    assert plans.is_unique().all()
    assert set(people["organization_id"]) <= set(plans)
    assert (people["created_at"] <= people["last_login"]).all()


def test_meetings_lie_in_the_days_before(tables: dict[str, pl.DataFrame]) -> None:
    meetings = tables["meeting_history"]
    start = meetings["start_time"].dt.epoch("ms")
    assert start.min() >= START_MS - DAYS * 86_400_000  # type: ignore[operator]
    assert meetings["end_time"].dt.epoch("ms").max() < START_MS  # type: ignore[operator]
    assert meetings["start_time"].dt.date().n_unique() == DAYS
    lasted = (meetings["end_time"] - meetings["start_time"]).dt.total_seconds()
    assert (lasted == meetings["duration_seconds"]).all()


def test_what_people_did_adds_up_to_the_meetings(tables: dict[str, pl.DataFrame]) -> None:
    did, meetings = tables["user_activity_summary"], tables["meeting_history"]
    assert did["meetings_attended"].sum() == meetings["max_participants"].sum()
    assert did["total_messages"].sum() == meetings["total_messages"].sum()
    assert not did.select("user_id", "activity_date").is_duplicated().any()
    assert did["avg_engagement_score"].is_between(0, 100).all()


@pytest.mark.parametrize("days", [0, 3_651])
def test_days_that_cannot_be(days: int) -> None:
    with pytest.raises(ConfigError, match=f"days is {days}, allowed is a whole number from 1 to 3650"):
        history(days=days, until_ms=START_MS)
