"""What the project `parking` should say, computed from the records alone by plain Python."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from tests.projects.folders import laid_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True)
class Record:
    """One that came at `polled` (ms): what it says, when (minutes since 1970), and the rule that it breaks."""

    polled: int
    facility: str
    text: str
    minute: int
    broken: str | None


def project(folder: Path, port: int = 1) -> Path:
    """The project, which asks the city at `port`; at 1 nobody answers."""
    laid_out("parking", folder)
    for name in ("penstock.toml", "sql/01_feed.sql"):
        text = (folder / name).read_text("utf-8")
        assert "127.0.0.1:8765" in text
        (folder / name).write_text(text.replace("127.0.0.1:8765", f"127.0.0.1:{port}"))
    return folder


def read(polled: int, value: str) -> Record:
    """A record of the city, judged."""
    said = json.loads(value)
    facility = (said.get("Sted") or "").strip() or "(none)"
    text = (said.get("Antall_ledige_plasser") or "").strip()
    minute, wrong = _minute(said.get("Dato") or "", said.get("Klokkeslett") or "", polled)
    broken = None
    if facility == "(none)":
        broken = "no_facility"
    elif wrong:
        broken = wrong
    elif minute * 60_000 > polled + 600_000:
        broken = "future_time"
    elif not re.fullmatch("[0-9]{1,6}", text) and text != "Open":
        broken = "no_count"
    return Record(polled, facility, text, minute, broken)


def _minute(date: str, time: str, polled: int) -> tuple[int, str | None]:
    """Of the moments that a clock in Oslo shows so, the last that is not after `polled`, else the first."""
    try:
        wall = dt.datetime.strptime(f"{date} {time}", "%d.%m.%Y %H:%M")  # noqa: DTZ007  # its zone comes next
    except ValueError:
        return 0, "bad_time"
    moments = {wall.replace(tzinfo=OSLO, fold=fold).astimezone(dt.UTC) for fold in (0, 1)}
    right = sorted(m for m in moments if m.astimezone(OSLO).replace(tzinfo=None) == wall)
    if not right:
        return 0, "missing_hour"
    past = [m for m in right if m.timestamp() * 1000 <= polled]
    return round((past[-1] if past else right[0]).timestamp()) // 60, None


def events(records: Iterable[Record]) -> list[Record]:
    """Each reading once, in the order in which they came."""
    seen: set[tuple[str, int]] = set()
    found = []
    for record in records:
        if record.broken is None and (record.facility, record.minute) not in seen:
            seen.add((record.facility, record.minute))
            found.append(record)
    return found


def alerts(records: Iterable[Record]) -> dict[tuple[str, str], tuple[str, int]]:
    """The last state of each (rule, facility), and since when."""
    last: dict[str, str | None] = {}
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for record in records:
        before = last.get(record.facility)
        if record.broken != before:
            if before is not None:
                found[before, record.facility] = ("resolved", record.polled)
            if record.broken is not None:
                found[record.broken, record.facility] = ("firing", record.polled)
        last[record.facility] = record.broken
    return found


@dataclass(frozen=True)
class Trend:
    readings: int
    slope: float | None
    highest: int
    jump: int
    usual: float | None

    @property
    def falling(self) -> bool:
        return self.slope is not None and self.slope <= -0.2


def trends(found: Sequence[Record]) -> dict[tuple[str, int], Trend]:
    """By facility and minute, of counts in the order of their time."""
    result = {}
    for facility in {r.facility for r in found}:
        counts = sorted((r.minute, int(r.text)) for r in found if r.facility == facility and r.text != "Open")
        minutes, spaces = np.array(counts, np.float64).reshape(-1, 2).T
        for now, free in counts:
            end = np.searchsorted(minutes, now, "right")
            recent, five, week = (slice(np.searchsorted(minutes, now - back), end) for back in (15, 5, 7 * 1440))
            slope = None
            if len(minutes[recent]) >= 3:
                off = minutes[recent] - minutes[recent].mean()
                slope = float((off * (spaces[recent] - spaces[recent].mean())).sum() / (off**2).sum())
            low, high = np.percentile(spaces[week], (5, 95))
            usual = float(high - low) if now - counts[0][0] >= 1440 else None
            jump = int(max(spaces[five].max() - free, free - spaces[five].min()))
            readings, highest = len(minutes[recent]), int(spaces[:end].max())
            result[facility, now] = Trend(readings, slope, highest, jump, usual)
    return result


def days(found: Iterable[Record]) -> dict[tuple[str, dt.date], tuple[int, int, int | None, int | None, int]]:
    """Readings, expected readings, minimum, its hour, minutes under 10, by facility and day of Oslo."""
    by_day: dict[tuple[str, dt.date], list[Record]] = {}
    for record in found:
        day = dt.datetime.fromtimestamp(record.minute * 60, OSLO).date()
        by_day.setdefault((record.facility, day), []).append(record)
    result = {}
    for (facility, day), readings in by_day.items():
        begin, end = (dt.datetime.combine(d, dt.time(), OSLO).timestamp() for d in (day, day + dt.timedelta(days=1)))
        counts = [(int(r.text), r.minute) for r in readings if r.text != "Open"]
        least, at = min(counts) if counts else (None, None)
        hour = None if at is None else dt.datetime.fromtimestamp(at * 60, OSLO).hour
        under = sum(n < 10 for n, _ in counts)
        result[facility, day] = (len(readings), round(end - begin) // 60, least, hour, under)
    return result


Points = dict[tuple[str, ...], list[tuple[int, bool]]]
"""Per key the moments (ms), in order, and whether a condition held at each."""


def turns(records: Iterable[Record], *rules: str) -> Points:
    """When a facility began and ceased to break one of `rules`."""
    last: dict[str, str | None] = {}
    found: Points = {}
    for record in records:
        before, last[record.facility] = last.get(record.facility), record.broken
        for rule in {before, record.broken} & {*rules} if before != record.broken else ():
            found.setdefault((str(rule), record.facility), []).append((record.polled, rule == record.broken))
    return found


def fired(points: Points, absent: int, keep: int, until: int) -> list[tuple[tuple[str, ...], int, int | None]]:
    """(key, start, end) of the incidents that fire at once, as they are known at the moment `until`."""
    found: list[tuple[tuple[str, ...], int, int | None]] = []
    for key, moments in points.items():
        start: int | None = None
        seen: int | None = None
        end: int | None = None
        for time, holds in [*(m for m in moments if m[0] <= until), (until, None)]:
            if seen is not None and end is None and (holds is False or time > seen + absent):
                end = min(time, seen + absent)
            if start is not None and end is not None and time >= end + keep and holds is not False:
                found.append((key, start, end))
                start = seen = end = None
            if holds:
                start, seen, end = time if start is None else start, time, None
        if start is not None:
            found.append((key, start, None))
    return sorted(found)
