"""Why nothing comes out: which window waits for which watermark, what holds it back, and what to set.

It speaks from the facts of the last checkpoint alone, so that any process may ask.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penstock.core.batch import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.errors import PenstockError

__all__ = ["Reason", "outage", "unreachable", "why"]

_BEHIND_MS = 1_000
_LONG_MS = 60_000
"""A partition that is silent for so long, and counts all the same, is likely to stay silent."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What a result table waits for, or why a source has no time at all (then `table` is empty).

    `code` is stable: silent-partition, behind, slow-source, no-time, needs-later-event, no-rows, all-rejected;
    outage of a source; paused and stopped of a pipeline that somebody has told so; disk-low, memory-full, states-large.
    It wants `attention` where time alone does not mend it: somebody has to act.
    """

    pipeline: str
    operator: str
    code: str
    sentence: str
    setting: str = ""
    attention: bool = False
    table: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.setting}".strip()


def why(
    pipelines: Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]], now_ms: int
) -> list[Reason]:
    """Reasons for each pipeline, given as (windows, watermarks): the facts that it commits."""
    return [
        reason
        for name, (windows, watermarks) in sorted(pipelines.items())
        for reason in _pipeline(name, windows, watermarks, now_ms)
    ]


def outage(pipeline: str, table: str, url: str, since: int, tries: int, error: str, again: int, now_ms: int) -> Reason:
    """The reason of a pipeline that reads what `url` should have answered, and has not `since` (ms), for `error`."""
    tried = f"{tries} tries" if tries > 1 else "one try"
    when = f"at {_time(again)}" if again > now_ms else "when a pipeline runs"
    sentence = (
        f"{url} has not answered since {_time(since)}, for {_ago(now_ms - since)} ({tried}): {error};"
        f" it is asked again {when}."
    )
    return Reason(pipeline, f"source {table}", "outage", sentence, attention=True)


def unreachable(pipeline: str, error: PenstockError, since: int, now_ms: int) -> Reason:
    """The reason of a pipeline whose next records cannot be read `since` (ms), for `error`: they wait."""
    sentence = (
        f"{error.message[:1].upper()}{error.message[1:]}; its records wait since {_time(since)}, for"
        f" {_ago(now_ms - since)}, and go on by themselves."
    )
    return Reason(pipeline, "", "outage", sentence, error.hint, attention=True)


def _pipeline(
    name: str, windows: Sequence[Mapping[str, Any]], watermarks: Sequence[Mapping[str, Any]], now_ms: int
) -> list[Reason]:
    sources = {w["source"]: w for w in watermarks}
    if windows:
        return [
            _window(name, table, window, [sources[s] for s in window["sources"]], now_ms)
            for table, window in _next_of_tables(windows).items()
        ]
    timed = [s for s in watermarks if s["has_time"]]
    return [_without_time(name, s) for s in timed if all(p["watermark"] is None for p in s["partitions"])]


def _next_of_tables(windows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Of each result table the window that closes first, of those that stand next to it."""
    found: dict[str, Mapping[str, Any]] = {}
    for window in sorted(windows, key=lambda w: int(w["needs"])):
        for table in window.get("tables", ()):  # none in a checkpoint of an earlier version
            found.setdefault(table, window)
    return dict(sorted(found.items()))


def _without_time(name: str, source: Mapping[str, Any]) -> Reason:
    """Why a source has no watermark at all."""
    operator, taken = source["source"], source["taken"]
    if not taken:
        return Reason(name, operator, "no-rows", f"{operator}: no row has come in yet.")
    if source["rejected"] == taken:
        sentence = f"{operator}: all {taken:,} rows that have come in are rejected."
        return Reason(
            name, operator, "all-rejected", sentence, "penstock.rejects says why, row by row.", attention=True
        )
    sentence = f"{operator}: none of {taken:,} rows that have come in has an event time."
    setting = "The column that WATERMARK FOR names is NULL in all of them."
    return Reason(name, operator, "no-time", sentence, setting, attention=True)


def _window(name: str, table: str, window: Mapping[str, Any], sources: list[Mapping[str, Any]], now_ms: int) -> Reason:
    operator = window["operator"]
    awaited = "window closes" if "window" in operator or "session" in operator else "row is free"
    waits = (
        f"{table} waits: {operator} holds {window['rows']:,} rows; its next {awaited} when the watermark reaches"
        f" {_time(window['needs'])}."
    )
    return replace(_held_back(name, operator, waits, window["needs"], sources, now_ms), table=table)


def _held_back(
    name: str, operator: str, waits: str, needs: int, sources: list[Mapping[str, Any]], now_ms: int
) -> Reason:
    """Who or what keeps the watermark from reaching `needs`."""
    lowest = min(sources, key=lambda s: int(s["watermark"]))
    if not lowest["has_time"]:
        return Reason(
            name,
            operator,
            "no-time",
            f"{waits} {lowest['source']} has no watermark, so it never does.",
            _declare(lowest),
            attention=True,
        )
    holding = [p for p in lowest["partitions"] if not p["idle"]]
    silent = [p for p in holding if p["watermark"] is None]
    reached = [p for p in lowest["partitions"] if p["watermark"] is not None and p["watermark"] >= needs]
    if silent and len(silent) < len(lowest["partitions"]):
        return _silent(name, operator, waits, lowest, silent, now_ms)
    slowest = min(holding, key=lambda p: p["watermark"] if p["watermark"] is not None else NO_TIME, default=None)
    if slowest is not None and reached and slowest not in reached:
        return _slow(name, operator, waits, lowest, slowest, now_ms)
    if len(sources) > 1 and any(int(s["watermark"]) >= needs for s in sources):
        at = int(lowest["watermark"])
        where = "it has none yet" if at == NO_TIME else f"it is at {_time(at)}"
        sentence = f"{waits} {lowest['source']} holds it back: {where}."
        return Reason(name, operator, "slow-source", sentence, "It needs rows with a later event time.")
    at = int(lowest["watermark"])
    missing = f"{lowest['source']} is at {_time(at)}" if at != NO_TIME else f"{lowest['source']} has none yet"
    return Reason(
        name,
        operator,
        "needs-later-event",
        f"{waits} {missing}: a row with a later event time closes it, or the end of bounded input.",
        "" if at == NO_TIME else f"It lacks {(needs - at) / 1000:g} s of event time.",
    )


def _silent(
    name: str, operator: str, waits: str, source: Mapping[str, Any], silent: list[Mapping[str, Any]], now_ms: int
) -> Reason:
    numbers = ", ".join(str(p["partition"]) for p in silent)
    word = "partition" if len(silent) == 1 else "partitions"
    never = "has" if len(silent) == 1 else "have"
    since = [p["last_append"] for p in silent if p["last_append"] is not None]
    ago = f", for {_ago(now_ms - min(since))}" if since else ""
    sentence = f"{waits} {word.capitalize()} {numbers} of table {source['table']} {never} had no row yet{ago}."
    attention = not source["idle_timeout"]
    return Reason(name, operator, "silent-partition", sentence, _idle_setting(source), attention)


def _slow(
    name: str, operator: str, waits: str, source: Mapping[str, Any], slowest: Mapping[str, Any], now_ms: int
) -> Reason:
    last = slowest["last_append"]
    ago = f"; its last row came {_ago(now_ms - last)} ago" if last is not None else ""
    sentence = (
        f"{waits} Partition {slowest['partition']} of table {source['table']} holds it back: it is at"
        f" {_time(slowest['watermark'])}{ago}."
    )
    return Reason(
        name,
        operator,
        "silent-partition" if last and now_ms - last > _BEHIND_MS else "behind",
        sentence,
        _idle_setting(source, 0 if last is None else now_ms - last),
        attention=bool(last) and now_ms - last > _LONG_MS and not source["idle_timeout"],
    )


def _idle_setting(source: Mapping[str, Any], silent_ms: int = 0) -> str:
    timeout = source["idle_timeout"]
    if timeout and silent_ms > timeout:
        return (
            f"It is silent for longer than the {timeout / 1000:g} s of 'scan.watermark.idle-timeout', and stops"
            " counting as soon as the source sees that time has passed."
        )
    if timeout:
        return f"It stops counting after {timeout / 1000:g} s of silence ('scan.watermark.idle-timeout')."
    return (
        "Set 'scan.watermark.idle-timeout' = '10 s' on the table, or idle-timeout in penstock.toml, so that a silent"
        " partition stops counting."
    )


def _declare(source: Mapping[str, Any]) -> str:
    return f"Declare WATERMARK FOR ... in CREATE TABLE {source['table']}."


def _time(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _ago(ms: int) -> str:
    seconds = max(0, ms) / 1000
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.0f} h"
    )
