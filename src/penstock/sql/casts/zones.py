"""Wall times and moments: both ways through a time zone, as Java resolves gaps and overlaps."""

from __future__ import annotations

import re

import polars as pl

__all__ = ["to_moment", "to_wall"]


def to_wall(moment: pl.Expr, zone: str) -> pl.Expr:
    """The wall time (no zone) that a clock in `zone` shows at a moment (UTC)."""
    offset = _fixed(zone)
    if offset is not None:
        return moment.dt.replace_time_zone(None).dt.offset_by(f"{offset}m")
    return moment.dt.convert_time_zone(zone).dt.replace_time_zone(None)


def to_moment(wall: pl.Expr, zone: str) -> pl.Expr:
    """The moment (UTC) at which a clock in `zone` shows a wall time.

    Where it shows it twice, the first; where clocks jump over it, the wall time moves on by the jump.
    """
    offset = _fixed(zone)
    if offset is not None:
        return wall.dt.offset_by(f"{-offset}m").dt.replace_time_zone("UTC")
    # a day before the jump the old offset still holds, and the sum of that moment and a day is in the gap's image
    return pl.coalesce(_moment(wall, zone), _moment(wall.dt.offset_by("-1d"), zone).dt.offset_by("1d"))


def _moment(wall: pl.Expr, zone: str) -> pl.Expr:
    return wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def _fixed(zone: str) -> int | None:
    """The offset in minutes of a zone such as UTC, GMT+08:00 or -05:30; None for one with a name."""
    found = re.fullmatch(r"(?:UTC|GMT|Z)?(?:([+-])(\d{1,2})(?::?(\d{2}))?)?", zone)
    if not found:
        return None
    offset = 60 * int(found[2] or 0) + int(found[3] or 0)
    return -offset if found[1] == "-" else offset
