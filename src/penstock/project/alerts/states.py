"""How each alert rule is: what its incidents say, unless it cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.batch import NO_TIME
from penstock.core.options import duration_text
from penstock.project.topics import read_topics

if TYPE_CHECKING:
    from penstock.engine.pipeline import Pipeline
    from penstock.project.alerts.alert import Alert
    from penstock.project.life import Life
    from penstock.project.penstock import Penstock

__all__ = ["STATES", "AlertState", "alert_states"]

STATES = ("wrong", "failed", "stopped", "no data", "firing", "pending", "ok")


@dataclass(frozen=True, slots=True)
class AlertState:
    """A rule, and the worst of STATES that holds for it; the first four are never OK: it cannot tell.

    `wrong`: its file does not fit; `failed`: its query has ended with an error, or a pipeline has whose results it
    reads; `stopped`: nothing runs it, or such a pipeline is halted; `no data`: its topics have got nothing for as long
    as no-data says, or nothing yet by which its time could go on. `reason` says why. `firing` counts incidents, those
    acknowledged among them; `pending` those that have not held for long enough.
    """

    name: str
    title: str
    severity: str
    state: str
    reason: str
    firing: int
    pending: int
    notify: tuple[str, ...]

    @property
    def tells(self) -> bool:
        """Whether what it says can be relied on."""
        return self.state in ("firing", "pending", "ok")


def alert_states(penstock: Penstock) -> list[AlertState]:
    """Of all rules, by name."""
    counts: dict[tuple[str, str], int] = {}
    for incident in penstock.alerts.incidents.all():
        if incident.kind != "condition":
            continue
        state = "firing" if incident.state == "acknowledged" else incident.state
        counts[incident.rule, state] = counts.get((incident.rule, state), 0) + 1
    return [_state(penstock, alert, counts) for alert in penstock.alerts.rules]


def _state(penstock: Penstock, alert: Alert, counts: dict[tuple[str, str], int]) -> AlertState:
    firing, pending = counts.get((alert.name, "firing"), 0), counts.get((alert.name, "pending"), 0)
    state, reason = _trouble(penstock, alert)
    if not state:
        state = "firing" if firing else "pending" if pending else "ok"
    rule = alert.rule
    title, severity, notify = (rule.title, rule.severity, rule.notify) if rule else (alert.name, "", ())
    return AlertState(alert.name, title, severity, state, reason, firing, pending, notify)


def _trouble(penstock: Penstock, alert: Alert) -> tuple[str, str]:
    """Why the rule cannot tell, if so: a state and its reason."""
    if alert.error is not None:
        return "wrong", str(alert.error)
    assert alert.pipeline is not None
    assert alert.rule is not None
    run = penstock.current
    life = None if run is None else run.find(alert.pipeline.name)
    if life is not None and life.error is not None:
        return "failed", str(life.error)
    pipeline = None if life is None else life.pipeline
    if run is None or life is None or pipeline is None:
        return "stopped", "no engine runs it"
    return _halted(life, bounded=run.bounded) or _silent(penstock, alert) or _untimed(pipeline) or ("", "")


def _halted(life: Life, *, bounded: bool) -> tuple[str, str] | None:
    """What keeps the rows away that the pipeline of `life` reads, if a pipeline that writes them does not run."""
    for one in life.sources():
        if one.error is not None:
            return "failed", f"pipeline {one.name}, whose results it reads, has failed: {one.error}"
        if one.state in ("paused", "stopped") and not bounded:
            return "stopped", f"pipeline {one.name}, whose results it reads, is {one.state}"
    return None


def _silent(penstock: Penstock, alert: Alert) -> tuple[str, str] | None:
    """Whether its topics have got nothing for too long."""
    assert alert.rule is not None
    assert alert.pipeline is not None
    if alert.rule.no_data is None:
        return None
    reads = read_topics(alert.pipeline.plan) & {topic.name for topic in penstock.log.topics()}
    last = max((s for s in map(penstock.log.last_append, reads) if s is not None), default=0)
    if reads and penstock.clock.now_ms() - last > alert.rule.no_data:
        return "no data", f"its topics have got nothing for {duration_text(alert.rule.no_data)}"
    return None


def _untimed(pipeline: Pipeline) -> tuple[str, str] | None:
    """Whether no row counts yet: a row does when the time of all that is read has passed it."""
    for source in pipeline.watermarks():
        if not source["has_time"] or source["watermark"] != NO_TIME:
            continue
        partitions = source["partitions"]
        empty = [str(one["partition"]) for one in partitions if one["watermark"] is None and not one["idle"]]
        if len(empty) == len(partitions):
            return "no data", f"no row with a time has come to {source['table']} yet"
        return "no data", (
            f"no row of {source['table']} counts yet: nothing has come to partition {', '.join(empty)}, and rows wait"
            " until the watermark of each partition has passed them (idle-timeout lets them go on without)"
        )
    return None
