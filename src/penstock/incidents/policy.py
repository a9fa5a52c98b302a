"""What a rule says about telling people, and when that is not wanted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

__all__ = ["Policy", "is_quiet"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The `channels` that are told; `quiet` are times of day in minutes, in `zone`; `dedup` in ms."""

    channels: tuple[str, ...] = ()
    quiet: tuple[tuple[int, int], ...] = ()
    zone: str = "UTC"
    dedup: int = 0


def is_quiet(policy: Policy, now: int) -> bool:
    """Whether the clock on the wall of its zone is in a quiet time at `now` (ms).

    A span from a time of day to one that is not after it goes over midnight.
    """
    local = dt.datetime.fromtimestamp(now / 1000, ZoneInfo(policy.zone))
    minute = local.hour * 60 + local.minute
    return any(begin <= minute < end if begin < end else minute >= begin or minute < end for begin, end in policy.quiet)
