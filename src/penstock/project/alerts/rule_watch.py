"""`RuleWatch`: a rule that cannot tell is an incident of its own, so that somebody is told of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError
from penstock.core.logs import tell
from penstock.incidents import INCIDENTS, Incident
from penstock.incidents.incident import incident_id, records_of

if TYPE_CHECKING:
    from penstock.project.alerts.states import AlertState
    from penstock.project.penstock import Penstock

__all__ = ["RuleWatch"]

_SECONDS = 1.0
_TROUBLES = ("failed", "no data")


class RuleWatch:
    """Looks every second whether the rules of a running project are others, and how they are; one thread.

    A rule whose query has failed, or whose topics get nothing for as long as its `no-data` says, gets an incident of
    kind `rule`, by the clock, until it can tell again. What came before the start counts for nothing: a project that
    stood still has `no-data` to go on.
    """

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._began = penstock.clock.now_ms()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="alert rules", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._stop.is_set():
            try:
                self._penstock.follow_alerts(at_once=False)
                if self._penstock.alerts.rules:
                    self.look()
            except PenstockError as error:  # the disk may have room again the next time
                tell("error", "alerts-unwritten", "how the alert rules are could not be written down", error=error)
            self._stop.wait(_SECONDS)

    def look(self) -> None:
        """Begin and end the incidents of rules, as they are now."""
        penstock = self._penstock
        open_ = {i.rule: i for i in penstock.alerts.incidents.all() if i.kind == "rule" and i.state != "resolved"}
        now = penstock.clock.now_ms()
        patience = {alert.name: alert.rule.no_data for alert in penstock.alerts.rules if alert.rule is not None}
        changed = []
        for state in penstock.alert_states():
            known = open_.get(state.name)
            if known is None and state.state in _TROUBLES:
                longest = patience[state.name]
                if state.state == "no data" and (longest is None or now - self._began <= longest):
                    continue
                changed.append(_begun(state, now))
            elif known is not None and state.state not in _TROUBLES:
                changed.append(replace(known, state="resolved", at=now, end=now))
        if changed:
            penstock.log.append(INCIDENTS, records_of(changed))


def _begun(state: AlertState, now: int) -> Incident:
    return Incident(
        id=incident_id(state.name, state.state, now),
        rule=state.name,
        state="firing",
        at=now,
        start=now,
        fired=now,
        end=None,
        severity=state.severity,
        title=f"Alert {state.name} cannot tell: {state.state}",
        description=state.reason,
        kind="rule",
    )
