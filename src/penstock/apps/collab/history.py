"""What was before: the people of the simulated meetings, their organisations, and the meetings of past days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.apps.chance import fixed, pick
from penstock.apps.collab.simulator import USERS
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["HISTORY_TABLES", "MOST_DAYS", "history"]

HISTORY_TABLES = ("user_profiles", "organization_plans", "meeting_history", "user_activity_summary")
"""The tables that `history` fills."""

MOST_DAYS = 3_650

_DAY_MS = 86_400_000
_ORGANIZATIONS = 40
_MEETINGS_A_DAY = 400
_PLACES = 10
_OPENS_MS, _CLOSES_MS = 7 * 3_600_000, 19 * 3_600_000

_ROLES = (("member", "manager", "admin"), (0.85, 0.12, 0.03))
_ZONES = ("UTC", "Europe/Oslo", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
_PLANS = (("free", "business", "enterprise"), (0.3, 0.5, 0.2))
_MOST_USERS = {"free": 25, "business": 250, "enterprise": 5_000}
_FEATURES = {"free": "chat", "business": "chat,video", "enterprise": "chat,video,recording,sso"}
_KINDS = (("standup", "review", "one-on-one", "customer", "all-hands"), (0.35, 0.25, 0.2, 0.15, 0.05))


def history(*, days: int, until_ms: int, seed: int = 0) -> dict[str, pl.DataFrame]:
    """The rows of each of `HISTORY_TABLES`: `days` whole days (UTC) before the day of `until_ms` (ms since 1970).

    Equal arguments give equal rows; who somebody is does not depend on `seed`. Raises ConfigError for a number of days
    that cannot be.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(
            f"days is {days}, allowed is a whole number from 1 to {MOST_DAYS}", code="simulate-history-days"
        )
    today = until_ms // _DAY_MS * _DAY_MS
    users = _users(today)
    meetings, attended = _meetings(days, today, users["organization_id"], np.random.default_rng([seed, 7]))
    return {
        "user_profiles": users,
        "organization_plans": _organizations(today),
        "meeting_history": meetings,
        "user_activity_summary": _activity(attended, users["user_id"]),
    }


def _named(prefix: str, numbers: NDArray[np.int64], digits: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(digits).to_frame("n").select(prefix + pl.col("n")).to_series()


def _chosen(names: tuple[str, ...], weights: tuple[float, ...], draws: NDArray[np.float64]) -> pl.Series:
    return pl.Series(names).gather(pick(weights, draws))


def _times(ms: NDArray[np.int64]) -> pl.Series:
    return pl.Series(ms).cast(pl.Datetime("ms"))


def _users(today: int) -> pl.DataFrame:
    number = np.arange(1, USERS + 1)
    created = today - (fixed(number, 11) * 1_000 + 1).astype(np.int64) * _DAY_MS
    seen = today - (fixed(number, 12) * 14 * _DAY_MS).astype(np.int64)
    name = _named("user_", number, 4)
    return pl.DataFrame(
        {
            "user_id": name,
            "username": _named("person", number, 4),
            "email": _named("person", number, 4) + "@example.com",
            "organization_id": _named("org_", 1 + (fixed(number, 13) * _ORGANIZATIONS).astype(np.int64), 2),
            "user_role": _chosen(*_ROLES, fixed(number, 14)),
            "timezone": _chosen(_ZONES, (1.0,) * len(_ZONES), fixed(number, 15)),
            "created_at": _times(created),
            "last_login": _times(np.maximum(seen, created)),
            "is_active": fixed(number, 16) < 0.95,
        }
    )


def _organizations(today: int) -> pl.DataFrame:
    number = np.arange(1, _ORGANIZATIONS + 1)
    plan = _chosen(*_PLANS, fixed(number, 21))
    return pl.DataFrame(
        {
            "organization_id": _named("org_", number, 2),
            "organization_name": _named("Organization ", number, 2),
            "plan_type": plan,
            "max_users": plan.replace_strict(_MOST_USERS, return_dtype=pl.Int32),
            "features": plan.replace_strict(_FEATURES),
            "billing_status": _chosen(("active", "past_due"), (0.95, 0.05), fixed(number, 22)),
            "created_at": _times(today - (fixed(number, 23) * 1_500 + 1_001).astype(np.int64) * _DAY_MS),
        }
    )


def _meetings(days: int, today: int, organizations: pl.Series, rng: Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The meetings, and who (a place in the table of users) did what in each of them.

    A meeting belongs to the organisation of its first joiner.
    """
    n = days * _MEETINGS_A_DAY
    day = np.repeat(np.arange(-days, 0), _MEETINGS_A_DAY)
    start = today + day * _DAY_MS + rng.integers(_OPENS_MS, _CLOSES_MS, n)
    seconds = np.clip(1_500 * np.exp(0.6 * rng.standard_normal(n)), 120, 4 * 3_600).astype(np.int64)
    size = rng.integers(2, _PLACES + 1, n)
    latency = np.round(
        np.array([55.0, 130.0, 270.0])[pick((0.6, 0.25, 0.15), rng.random(n))] * rng.uniform(0.8, 1.2, n), 1
    )
    first = rng.integers(0, USERS, n)
    # others are drawn at a distance of their own from the first joiner, so nobody is there twice
    step = 1 + rng.integers(0, USERS // _PLACES - 1, n)
    meeting, place = np.nonzero(np.arange(_PLACES) < size[:, None])
    user = (first[meeting] + place * step[meeting]) % USERS
    stayed = np.where(place == 0, 1.0, rng.uniform(0.3, 1.0, len(place)))
    minutes = seconds[meeting] * stayed / 60
    attended = pl.DataFrame(
        {
            "user": user,
            "activity_date": pl.Series(start[meeting]).cast(pl.Datetime("ms")).dt.date(),
            "messages": rng.poisson(0.6 * minutes),
            "seconds": np.round(seconds[meeting] * stayed).astype(np.int64),
            "meeting": meeting,
        }
    )
    messages = attended.group_by("meeting", maintain_order=True).agg(pl.col("messages").sum())["messages"].to_numpy()
    per_minute = messages / (seconds / 60)
    score = np.minimum(per_minute / 100, 1) * 40 + np.minimum(size / 10, 1) * 30 + np.maximum(0, 1 - latency / 500) * 30
    made = pl.DataFrame(
        {
            "meeting_id": _named("past_", np.arange(n), 8),
            "organization_id": organizations.gather(first),
            "start_time": _times(start),
            "end_time": _times(start + seconds * 1_000),
            "duration_seconds": seconds,
            "max_participants": size.astype(np.int32),
            "total_messages": messages.astype(np.int64),
            "avg_latency_ms": latency,
            "meeting_type": _chosen(*_KINDS, rng.random(n)),
        }
    )
    return made, attended.with_columns(pl.Series("score", np.round(score, 2)[meeting]))


def _activity(attended: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """One row for each person and day on which they met somebody."""
    by_day = (
        attended.group_by("user", "activity_date")
        .agg(
            pl.len().cast(pl.Int64).alias("meetings_attended"),
            pl.col("messages").sum().cast(pl.Int64).alias("total_messages"),
            pl.col("seconds").sum().alias("total_duration_seconds"),
            pl.col("score").mean().round(2).alias("avg_engagement_score"),
        )
        .sort("user", "activity_date")
    )
    return by_day.select(names.gather(by_day["user"]).alias("user_id"), pl.exclude("user"))
