"""Time zones as Java's old classes know them: FLOOR, EXTRACT and texts with a pattern go through those.

They differ from today's rules in two points: before 1900 the zone's present standard offset holds, and a wall
time that a clock shows twice is the later one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.temporal.values import DAY, HOUR, LAST_MILLI, MINUTE

if TYPE_CHECKING:
    from penstock.sql.functions.spec import Context

__all__ = ["is_utc", "moment_of_wall", "offset_at", "session_zone", "zone_id", "zone_named"]

_CUSTOM = re.compile(r"GMT([+-])(\d{1,2})(?::?(\d{2}))?")
_SESSION = re.compile(r"(?:GMT|UTC|UT|Z)?(?:([+-])(\d{1,2})(?::?(\d{2}))?)?")

_SHORT = {
    "ACT": "Australia/Darwin", "AET": "Australia/Sydney", "AGT": "America/Argentina/Buenos_Aires",
    "ART": "Africa/Cairo", "AST": "America/Anchorage", "BET": "America/Sao_Paulo", "BST": "Asia/Dhaka",
    "CAT": "Africa/Harare", "CNT": "America/St_Johns", "CST": "America/Chicago", "CTT": "Asia/Shanghai",
    "EAT": "Africa/Addis_Ababa", "ECT": "Europe/Paris", "IET": "America/Indiana/Indianapolis",
    "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "MIT": "Pacific/Apia", "NET": "Asia/Yerevan",
    "NST": "Pacific/Auckland", "PLT": "Asia/Karachi", "PNT": "America/Phoenix", "PRT": "America/Puerto_Rico",
    "PST": "America/Los_Angeles", "SST": "Pacific/Guadalcanal", "VST": "Asia/Ho_Chi_Minh",
}  # fmt: skip
_SHORT_FIXED = {"EST": -5 * HOUR, "MST": -7 * HOUR, "HST": -10 * HOUR, "GMT": 0, "UTC": 0, "UT": 0, "Z": 0}

_YEAR_1900 = -2_208_988_800_000
_YEAR_2030 = 1_893_456_000_000


def zone_named(name: str) -> str | int:
    """A zone by the name that a function was given: its name in the tz database, or its offset in ms.

    Raises ArgumentError where there is none; Flink would take it for UTC.
    """
    if name in _SHORT_FIXED:
        return _SHORT_FIXED[name]
    custom = _CUSTOM.fullmatch(name)
    if custom:
        return _offset(custom)
    region = _SHORT.get(name, name)
    if not _is_region(region):
        raise ArgumentError(f"takes the name of a time zone, such as 'Europe/Paris' or 'GMT+08:00', not '{name}'")
    return region


def zone_id(name: str) -> str:
    """A zone by a name of today's classes, which do not know the short ones. Raises ArgumentError."""
    if not _SESSION.fullmatch(name) and (name in _SHORT or name in _SHORT_FIXED or not _is_region(name)):
        raise ArgumentError(f"takes the name of a time zone, such as 'Europe/Paris' or '+08:00', not '{name}'")
    return name


def session_zone(context: Context) -> str | int:
    """The session's zone, in the same form."""
    fixed = _SESSION.fullmatch(context.zone)
    return _offset(fixed) if fixed else context.zone


def is_utc(context: Context) -> bool:
    """Whether the session's wall times are those of UTC."""
    return session_zone(context) == 0


def _offset(found: re.Match[str]) -> int:
    offset = int(found[2] or 0) * HOUR + int(found[3] or 0) * MINUTE
    return -offset if found[1] == "-" else offset


@cache
def _is_region(name: str) -> bool:
    try:
        pl.Series([0]).cast(pl.Datetime("ms", name))
    except pl.exceptions.ComputeError:
        return False
    return not re.fullmatch(r"[+-].*", name)


@cache
def _standard_offset(region: str) -> int:
    """Today's standard offset in ms, without summer time: the less of both halves of a year."""
    return min(int(_shift(pl.Series([_YEAR_2030 + half * 182 * DAY]), region)[0]) for half in (0, 1))


@cache
def _wall_of_1900(region: str) -> int:
    return _YEAR_1900 + int(_shift(pl.Series([_YEAR_1900]), region)[0])


def offset_at(ms: pl.Series, zone: str | int) -> pl.Series:
    """The offset from UTC in ms at moments (ms since 1970, Int64)."""
    if isinstance(zone, int):
        return pl.select(pl.when(ms.is_not_null()).then(pl.lit(zone, pl.Int64))).to_series()
    offset = _shift(ms.clip(-LAST_MILLI, LAST_MILLI), zone)
    if ms.min() is not None and (ms < _YEAR_1900).any():
        return offset.set(ms < _YEAR_1900, _standard_offset(zone))
    return offset


def _shift(ms: pl.Series, region: str) -> pl.Series:
    moment = ms.cast(pl.Datetime("ms", "UTC"))
    return moment.dt.convert_time_zone(region).dt.replace_time_zone(None).to_physical() - ms


def moment_of_wall(wall: pl.Series, zone: str | int) -> pl.Series:
    """The moments (ms since 1970) at which clocks in `zone` show wall times (ms as if in UTC).

    Where clocks jump over it, a wall time moves on by the jump.
    """
    if isinstance(zone, int):
        return wall - zone
    near = wall.clip(-LAST_MILLI, LAST_MILLI)
    moment = _resolved(near, zone)
    if moment.null_count() > wall.null_count():
        # a day before the jump the old offset still holds
        moment = moment.fill_null(_resolved(near - DAY, zone) + DAY)
    standard = _standard_offset(zone)
    other = (wall < _wall_of_1900(zone)) | (wall > LAST_MILLI)
    return moment.zip_with(~other, wall - standard) if other.any() else moment


def _resolved(wall: pl.Series, region: str) -> pl.Series:
    shown = wall.cast(pl.Datetime("ms")).dt.replace_time_zone(region, ambiguous="latest", non_existent="null")
    return shown.dt.convert_time_zone("UTC").to_physical()
