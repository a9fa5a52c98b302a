"""Moments as options of commands say them."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import datetime as dt
    from zoneinfo import ZoneInfo

__all__ = ["moment_in", "moment_of"]


def moment_of(text: str | None) -> int | None:
    """Ms since 1970. Raises UsageError for what is no time with its zone."""
    import datetime as dt

    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.UsageError(f"'{text}' is no time with its zone, such as 2026-01-31T12:00:00Z")
    return round(found.timestamp() * 1000)


def moment_in(zone: str, text: str) -> int:
    """Ms since 1970, of a time that is one of `zone` where it does not say another; of a date it is the beginning.

    What a clock there shows twice is the first moment, what it never shows the one at which it has gone on. Raises
    UsageError for what is no time.
    """
    import datetime as dt
    from zoneinfo import ZoneInfo

    try:
        ms = _ms(dt.datetime.fromisoformat(text), ZoneInfo(zone))
    except (ValueError, OverflowError):
        ms = -1
    if ms < 0:
        some = "2026-01-31, 2026-01-31T12:00 or 2026-01-31T12:00Z"
        raise click.UsageError(f"'{text}' is no time since 1970, such as {some}")
    return ms


def _ms(said: dt.datetime, zone: ZoneInfo) -> int:
    if said.tzinfo is not None:
        return round(said.timestamp() * 1000)
    found = said.replace(tzinfo=zone, fold=0)
    late, early = found.timestamp(), found.replace(fold=1).timestamp()
    if early < late:  # the clock was put on over it, between the two
        seconds = range(int(early), int(late) + 1)
        before = found.utcoffset()
        late = seconds[bisect_left(seconds, True, key=lambda s: found.fromtimestamp(s, zone).utcoffset() != before)]
    return round(late * 1000)
