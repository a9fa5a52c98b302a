"""`Incident`: what a rule says about one key, from its first sign to its end; and the topic that holds them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from penstock.core.errors import StateError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.log import Log

__all__ = [
    "INCIDENTS",
    "RULE_KINDS",
    "STATES",
    "SUMMARY",
    "Change",
    "Incident",
    "Incidents",
    "acknowledge",
    "changes_of",
    "ensure_incidents",
    "incident_id",
    "incidents_of",
    "record_of",
    "records_of",
    "resolved_by_hand",
    "take_in",
]

INCIDENTS = "__incidents"
"""The topic: a record for each change of an incident, keyed by its id, in the order in which they became known."""

STATES = ("pending", "firing", "acknowledged", "resolved")

SUMMARY = "summary"
"""The kind of what is told of a job that is done."""

RULE_KINDS = ("condition", "rule")
"""The kinds of incidents that are about rules of alerts/."""

_YEAR = 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it is now; times in ms since 1970.

    `start`, `fired` and `end` are event times: since when the condition held, when it had done so for long enough
    (None: not yet, or never), and when it ceased to. `at` is the event time of the last change. `values` are the
    columns of the row that the last change came from. `by` and `note` are those of an acknowledgement. Of the kind
    `rule` is one about a rule that cannot tell, of the kind `health` one about a part that is down, whose `rule` is
    `health.` and its name, of the kind `job` one about a job that fails (`job.` and its name); their times are those of
    the clock. A `summary` is no incident but the word that a job is done, which goes the same way to those who want it.
    """

    id: str
    rule: str
    state: str
    at: int
    start: int
    fired: int | None
    end: int | None
    severity: str
    title: str
    description: str
    runbook: str = ""
    key: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""
    note: str = ""
    kind: str = "condition"

    @property
    def name(self) -> str:
        """Its rule and key, for a person: ``high_latency meeting_id=m1``."""
        return " ".join([self.rule, *(f"{k}={v}" for k, v in self.key.items())])


@dataclass(frozen=True, slots=True)
class Change:
    """One step in the life of an incident: the `state` that it took at the event time `at`, both as a record told them.

    `known` is when the record was written, by the clock; both in ms since 1970. An acknowledgement has no event time.
    """

    state: str
    at: int | None
    known: int
    description: str
    by: str
    note: str


def incident_id(rule: str, key: str, start: int) -> str:
    """The same whenever the rule is run over the same rows, so that nobody is told twice."""
    digest = blake2b(f"{rule}\0{key}\0{start}".encode(), digest_size=8).hexdigest()
    return f"{rule}-{digest}"


def record_of(change: Mapping[str, Any]) -> dict[str, bytes]:
    """A change of an incident, its members as those of `Incident`, as a record of the topic."""
    return {"key": str(change["id"]).encode(), "value": orjson.dumps(change)}


def records_of(incidents: Iterable[Incident]) -> pl.DataFrame:
    """Incidents as they are now, as records of the topic."""
    return pl.DataFrame([record_of(asdict(incident)) for incident in incidents])


def resolved_by_hand(incident: Incident, note: str) -> dict[str, bytes]:
    """The record that ends `incident` for another reason than that its condition is over."""
    return record_of(asdict(replace(incident, state="resolved", end=incident.at, note=note)))


def acknowledge(log: Log, identity: str, by: str, note: str = "") -> Incident:
    """Write down that somebody looks after a firing incident; what it is then.

    Raises StateError where there is no such incident, or it does not fire.
    """
    found = _known(log, identity)
    if found.state != "firing":
        raise StateError(
            f"incident {identity} is {found.state}, and only one that is firing can be acknowledged",
            code="incident-state",
        )
    record = record_of({"id": identity, "state": "acknowledged", "by": by, "note": note})
    log.append(INCIDENTS, pl.DataFrame([record]))
    return replace(found, state="acknowledged", by=by, note=note)


def changes_of(log: Log, identity: str) -> tuple[Incident, list[Change]]:
    """An incident as it is now, and its steps as they became known. Raises StateError where there is none."""
    now = _known(log, identity)
    found: dict[str, Incident] = {}
    changes: list[Change] = []
    before = ""
    for frame in log.read(INCIDENTS, columns=("append_time", "key", "value")):
        mine = frame.filter(pl.col("key") == identity.encode())
        for known, value in mine.select("append_time", "value").iter_rows():
            taken = take_in(found, value)
            if taken is not None:
                state, then = taken
                seen = state == "acknowledged"
                said = "" if changes and then.note == before else then.note
                before = then.note
                at, text, by = (None, "", then.by) if seen else (then.at, then.description, "")
                changes.append(Change(state, at, known, text, by, said))
    return now, changes


def _known(log: Log, identity: str) -> Incident:
    known = {incident.id: incident for incident in incidents_of(log)}
    found = known.get(identity)
    if found is None:
        firing = [i.id for i in known.values() if i.state == "firing"]
        hint = did_you_mean(identity, known) or (f"firing are {', '.join(firing[:10])}" if firing else "none is firing")
        raise StateError(f"there is no incident '{identity}'", code="incident-unknown", hint=hint)
    return found


def ensure_incidents(log: Log) -> None:
    """The topic is there."""
    log.ensure_topic(INCIDENTS, configs={"retention.ms": str(_YEAR)})


class Incidents:
    """The incidents that a log keeps, each as it is now; what was read once is not read again. Threads may share it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = Lock()
        self._known: dict[str, Incident] = {}
        self._next = 0

    def all(self) -> list[Incident]:
        """In the order in which they became known; no summaries."""
        with self._lock:
            if not self._log.has(INCIDENTS):
                return []
            first, end = self._log.starts(INCIDENTS)[0], self._log.ends(INCIDENTS)[0]
            if end < self._next:  # the topic is another one
                self._known, self._next = {}, 0
            if end > self._next:
                start = max(first, self._next)
                for frame in self._log.read(INCIDENTS, {0: start}, {0: end}, columns=("value",)):
                    for value in frame["value"]:
                        take_in(self._known, value)
                self._next = end
            return [incident for incident in self._known.values() if incident.kind != SUMMARY]


def incidents_of(log: Log) -> list[Incident]:
    """All incidents that are kept, each as it is now, in the order in which they became known."""
    return Incidents(log).all()


def take_in(known: dict[str, Incident], value: bytes) -> tuple[str, Incident] | None:
    """Let `known` (by id) follow one more record; the state that it tells of, and its incident as it is now.

    None for an acknowledgement of what does not fire.
    """
    change = orjson.loads(value)
    before = known.get(change["id"])
    if change["state"] == "acknowledged":
        if before is None or before.state != "firing":
            return None
        now = replace(before, state="acknowledged", by=change["by"], note=change["note"])
    else:
        now = Incident(**change)
        if before is not None:
            seen = before.state == "acknowledged" and now.state != "resolved"  # the log was read again from its start
            now = replace(now, state="acknowledged" if seen else now.state, by=before.by, note=now.note or before.note)
    known[now.id] = now
    return change["state"], now
