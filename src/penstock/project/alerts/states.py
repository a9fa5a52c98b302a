"""How each alert rule is: what its incidents say, unless it cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.options import duration_text
from penstock.project.topics import read_topics

if TYPE_CHECKING:
    from penstock.project.alerts.alert import Alert
    from penstock.project.penstock import Penstock

__all__ = ["STATES", "AlertState", "alert_states"]

STATES = ("wrong", "failed", "stopped", "no data", "firing", "pending", "ok")


@dataclass(frozen=True, slots=True)
class AlertState:
    """A rule, and the worst of STATES that holds for it; the first four are never OK: it cannot tell.

    `wrong`: its file does not fit; `failed`: its query has ended with an error; `stopped`: nothing runs it; `no data`:
    its topics have got nothing for as long as no-data says. `reason` says why. `firing` counts incidents, those
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
        if incident.kind == "rule":
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
    if run is None or alert.pipeline.name not in {p.name for p in run.pipelines}:
        return "stopped", "no engine runs it"
    if (error := run.errors.get(alert.pipeline.name)) is not None:
        return "failed", str(error)
    if alert.rule.no_data is not None:
        reads = read_topics(alert.pipeline.plan) & {topic.name for topic in penstock.log.topics()}
        last = max((s for s in map(penstock.log.last_append, reads) if s is not None), default=0)
        if reads and penstock.clock.now_ms() - last > alert.rule.no_data:
            return "no data", f"its topics have got nothing for {duration_text(alert.rule.no_data)}"
    return "", ""
