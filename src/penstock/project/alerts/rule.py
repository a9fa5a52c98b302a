"""Alert rules: alerts/NAME.toml, a condition on the rows of a query, and what becomes of it (docs/alerts.md)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError
from penstock.core.options import Kind, Option, Values, choice, duration, text, texts
from penstock.project.project_file import Folder
from penstock.sql.config import ZONE

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.project_file import ProjectFile

__all__ = ["OPTIONS", "SEVERITIES", "Quiet", "Rule", "read_rule", "rules_of"]

SEVERITIES = ("info", "warning", "critical")

_DEFAULT_ABSENT = 300_000
_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")


def _hours(joined: str) -> tuple[tuple[int, int], ...]:
    spans = []
    for part in joined.split("\0") if joined else ():
        found = _HOURS.fullmatch(part)
        numbers = [int(n) for n in found.groups()] if found else []
        if not numbers or numbers[0] > 24 or numbers[2] > 24 or numbers[1] > 59 or numbers[3] > 59:
            raise ValueError(part)
        spans.append((numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]))
    return tuple(spans)


TITLE = Option("title", text, "", "What it is about, in a few words; may name columns: {meeting_id}.")
QUERY = Option("query", text, "", "A SELECT in Flink's SQL, whose rows the condition is about.")
TABLE = Option("table", text, "", "Instead of a query: a table or view.")
WHEN = Option("when", text, "", "The condition, over the columns of the rows; without one each row fulfils it.")
KEY: Option[tuple[str, ...]] = Option(
    "key", texts('a list of columns: ["meeting_id"]'), (), "The columns by which incidents are told apart."
)
TIME = Option("time", text, "", "The column of event time, where the rows have several.")
FOR = Option("for", duration, 0, "How long the condition has to hold, from one row to a later one, before it fires.")
ABSENT: Option[int | None] = Option(
    "absent",
    duration,
    None,
    "After how long without a row of its key the condition no longer holds; by default 5 min, or as long as for.",
)
KEEP = Option("keep", duration, 0, "How long the condition must be over before the incident is resolved.")
DEDUP = Option("dedup", duration, 0, "A key that fires again within so long after its last incident tells nobody anew.")
SEVERITY = Option("severity", choice(*SEVERITIES), "warning", "How bad it is.")
NOTIFY: Option[tuple[str, ...]] = Option(
    "notify", texts('a list of channels: ["ops"]'), (), "Who is told: sections [notify.NAME] of penstock.toml."
)
DESCRIPTION = Option("description", text, "", "What has happened; may name columns: {avg_latency_ms}.")
RUNBOOK = Option("runbook", text, "", "A link to what to do about it.")
QUIET: Option[tuple[tuple[int, int], ...]] = Option(
    "quiet",
    Kind('a list of times of day: ["22:00-06:00"]', _hours, several=True),
    (),
    "When nobody is told; incidents that are still firing afterwards are told then.",
)
QUIET_ZONE = Option("zone", ZONE, "", "The time zone of quiet; the project's if left out.")
NO_DATA: Option[int | None] = Option(
    "no-data", duration, None, "After how long without any row of its topics the rule says that it has no data."
)

OPTIONS: tuple[Option[Any], ...] = (
    TITLE,
    QUERY,
    TABLE,
    WHEN,
    KEY,
    TIME,
    FOR,
    ABSENT,
    KEEP,
    DEDUP,
    SEVERITY,
    NOTIFY,
    DESCRIPTION,
    RUNBOOK,
    QUIET,
    QUIET_ZONE,
    NO_DATA,
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Times of day, as minutes from midnight to others (not before them: over midnight), in a time zone."""

    spans: tuple[tuple[int, int], ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its file says it; times in ms. One of `query` and `table` is given."""

    name: str
    title: str
    query: str
    table: str
    when: str
    key: tuple[str, ...]
    time: str
    hold: int
    absent: int
    keep: int
    dedup: int
    severity: str
    notify: tuple[str, ...]
    description: str
    runbook: str
    quiet: Quiet
    no_data: int | None

    @property
    def where(self) -> str:
        """Its file."""
        return f"alerts/{self.name}.toml"


def rules_of(project: Path) -> Folder:
    """The files of a project's alert rules."""
    return Folder(project, "alerts", ".toml", "alert")


def read_rule(file: ProjectFile, zone: str = "UTC") -> Rule:
    """What a file says; `zone` is the project's. Raises ConfigError with the file and what was allowed."""
    where = f"alerts/{file.name}.toml"
    try:
        given = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not TOML: {error}", code="alert-toml", where=where) from None
    values = Values(OPTIONS, given, where)
    if bool(values[QUERY]) == bool(values[TABLE]):
        raise ConfigError(
            "an alert is about the rows of a query or those of a table, and needs one of the two",
            code="alert-source",
            where=where,
            hint='table = "NAME", or query = "SELECT ..."',
        )
    if values[NO_DATA] == 0:
        raise ConfigError(
            "no-data = 0 would always say so", code="option-value", where=where, hint='no-data = "10 min"'
        )
    absent = values[ABSENT]
    return Rule(
        name=file.name,
        title=values[TITLE] or file.name,
        query=values[QUERY].strip().removesuffix(";"),
        table=values[TABLE],
        when=values[WHEN],
        key=values[KEY],
        time=values[TIME],
        hold=values[FOR],
        absent=max(_DEFAULT_ABSENT, values[FOR]) if absent is None else absent,
        keep=values[KEEP],
        dedup=values[DEDUP],
        severity=values[SEVERITY],
        notify=values[NOTIFY],
        description=values[DESCRIPTION],
        runbook=values[RUNBOOK],
        quiet=Quiet(values[QUIET], values[QUIET_ZONE] or zone),
        no_data=values[NO_DATA],
    )
