"""`HealthWatch`: probes the parts of a running project, keeps what it finds, and makes incidents of what is down."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import PenstockError
from penstock.core.logs import tell
from penstock.core.options import seconds_text
from penstock.incidents import INCIDENTS, Incident, ensure_incidents
from penstock.incidents.incident import incident_id, records_of
from penstock.project.health.component import Verdict, components_of
from penstock.project.health.marks import HEALTH_TABLE, MARKS, marks_of, marks_since

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.clock import Clock
    from penstock.project.health.component import Component
    from penstock.project.penstock import Penstock

__all__ = ["PREFIX", "HealthWatch"]

PREFIX = "health."
"""What the incidents of parts name as their rule begins so: no rule of alerts/ does."""

_FIRST_SECONDS = 1.0
"""A project's first results come before its first probes."""
_PATIENCE_SECONDS = 10.0
"""A part that has not answered after so long is down."""
_REACH = 2
"""A probe speaks for so many intervals: the next one may be late."""
_KEPT_ROUNDS = 10_000
"""While the log takes nothing, so many rounds of probes wait for it."""


class HealthWatch:
    """Looks at each part every `interval` of the settings, in one thread and one for each part that is looked at.

    A part that does not answer keeps no other waiting, and is not asked anew meanwhile. What cannot be written, for the
    log itself is down, is written when it is up again. At its end that it was ended is written down.
    """

    def __init__(self, penstock: Penstock, components: Sequence[Component] | None = None) -> None:
        self._penstock = penstock
        self._said = penstock.settings.health
        self.components = components_of(penstock) if components is None else list(components)
        self._looks: dict[str, _Look] = {}
        self._unwritten: list[pl.DataFrame] = []
        self._down: dict[str, int] = {}
        """Since when, by the name of a part."""
        self._begun = False
        self._probed: set[str] = set()
        self.found: dict[str, tuple[Verdict, float]] = {}
        """By the name of a part, how it was found last, and how many seconds that took."""
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look from a thread, unless the settings say never."""
        if self._said.interval:
            self._thread = threading.Thread(target=self._look_on, name="health", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no more, and write down that this was meant; idempotent."""
        with self._news:
            self._stop.set()
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        until = self._penstock.clock.monotonic() + _PATIENCE_SECONDS
        for look in self._looks.values():  # of the log, which is to be closed, among others
            look.thread.join(max(until - self._penstock.clock.monotonic(), 0.0))
        if self._begun:
            self._begun = False
            now = self._penstock.clock.now_ms()
            self._try_to_write(marks_of([_stopped(now, name) for name in sorted(self._probed)]))

    def _look_on(self) -> None:
        clock, wait = self._penstock.clock, _FIRST_SECONDS
        while not self._stop.wait(wait):
            began = clock.monotonic()
            self.look()
            wait = max(self._said.interval / 1000 - (clock.monotonic() - began), 0.0)

    def look(self, patience: float = _PATIENCE_SECONDS) -> None:
        """Look at each part once; one that has not answered after `patience` seconds is down."""
        now, clock = self._penstock.clock.now_ms(), self._penstock.clock
        for component in self.components:
            if component.name not in self._looks:
                self._looks[component.name] = _Look(component, clock, self._news)
        with self._news:
            self._news.wait_for(lambda: self._stop.is_set() or all(o.answered for o in self._looks.values()), patience)
        if self._stop.is_set():
            return
        late = Verdict(False, f"it has not answered for {patience:g} s")
        answers = {name: look.answer if look.answered else late for name, look in self._looks.items()}
        verdicts = {name: answer for name, answer in answers.items() if answer is not None}
        self.found = {name: (verdict, self._looks[name].took) for name, verdict in verdicts.items()}
        self._looks = {name: look for name, look in self._looks.items() if not look.answered}
        holds = self._said.interval * _REACH
        rows = [
            (now, name, "up" if v.up else "down", holds, name not in self._probed, took, v.value, v.unit, v.detail)
            for name, (v, took) in self.found.items()
        ]
        before = self._probed if self._begun else self._left(now)
        rows += [_stopped(now, name, begins=not self._begun) for name in sorted(before - verdicts.keys())]
        self._begun, self._probed = True, set(verdicts)
        self._try_to_write(marks_of(rows))
        self._follow(now, verdicts)

    # -- what is kept ------------------------------------------------------------------------------

    def _left(self, now: int) -> set[str]:
        """The parts that the process before this one has probed, if it has died, of which an incident then tells."""
        last = marks_since(self._penstock.log, now).group_by("component").last().filter(pl.col("state") != "stopped")
        if last.height:
            self._tell_of_death(int(last["time"].dt.epoch("ms").to_numpy().max()), now)
        return set(last["component"])

    def _try_to_write(self, marks: pl.DataFrame) -> None:
        self._unwritten = [*self._unwritten, marks.select(*MARKS)][-_KEPT_ROUNDS:]
        try:
            self._penstock.log.tables.append(HEALTH_TABLE, pl.concat(self._unwritten))
            self._unwritten = []
        except PenstockError as error:  # the disk may have room again the next time
            tell("error", "health-unwritten", "how the parts are could not be written down", error=error)

    # -- incidents ---------------------------------------------------------------------------------

    def _follow(self, now: int, verdicts: Mapping[str, Verdict]) -> None:
        """Begin and end the incidents of parts, as they are now."""
        changed = []
        open_ = self._open()
        for name, verdict in verdicts.items():
            known = open_.pop(PREFIX + name, None)
            if verdict.up:
                self._down.pop(name, None)
                if known is not None:
                    changed.append(_over(known, now))
                continue
            since = self._down.setdefault(name, now)
            if known is None and now - since >= self._said.after:
                changed.append(_incident(name, since, now, f"{name} is down", verdict.detail))
        changed += [
            replace(known, state="resolved", at=now, end=now, note="no longer probed") for known in open_.values()
        ]
        self._say(changed)

    def _tell_of_death(self, last: int, now: int) -> None:
        """An incident that is over: nobody could tell of it while it lasted."""
        text = f"it ended without being stopped, at most {seconds_text(now - last)} before it was started again"
        found = _incident("process", last, now, "Penstock was not running", text)
        self._say([found, replace(found, state="resolved", end=now)])

    def _open(self) -> dict[str, Incident]:
        found = self._penstock.alerts.incidents.all()
        return {i.rule: i for i in found if i.kind == "health" and i.state != "resolved"}

    def _say(self, incidents: Sequence[Incident]) -> None:
        if not incidents:
            return
        try:
            ensure_incidents(self._penstock.log)
            self._penstock.log.append(INCIDENTS, records_of(incidents))
        except PenstockError as error:  # the next look finds the same
            tell("error", "health-untold", "incidents of parts could not be written down", error=error)


class _Look:
    """One look at a part, in a thread of its own: the `answer`, once it has `answered`; `took` are seconds."""

    def __init__(self, component: Component, clock: Clock, news: threading.Condition) -> None:
        self._component = component
        self._clock = clock
        self._news = news
        self._began = clock.monotonic()
        self._ended: float | None = None
        self.answered = False
        self.answer: Verdict | None = None
        self.thread = threading.Thread(target=self._go, name=f"health {component.name}", daemon=True)
        self.thread.start()

    @property
    def took(self) -> float:
        """So far, while there is no answer."""
        return (self._clock.monotonic() if self._ended is None else self._ended) - self._began

    def _go(self) -> None:
        try:
            answer: Verdict | None = self._component.look()
        except PenstockError as error:
            answer = Verdict(False, error.message)
        except Exception as error:  # noqa: BLE001  # whatever it is, the part does not do its work
            answer = Verdict(False, f"{type(error).__name__}: {error}")
        with self._news:
            self._ended = self._clock.monotonic()
            self.answer, self.answered = answer, True
            self._news.notify_all()


def _stopped(now: int, name: str, *, begins: bool = False) -> tuple[Any, ...]:
    return (now, name, "stopped", 0, begins, 0.0, None, "", "")


def _incident(name: str, since: int, now: int, title: str, description: str) -> Incident:
    rule = PREFIX + name
    return Incident(
        id=incident_id(rule, "", since),
        rule=rule,
        state="firing",
        at=now,
        start=since,
        fired=now,
        end=None,
        severity="critical",
        title=title,
        description=description,
        kind="health",
    )


def _over(incident: Incident, now: int) -> Incident:
    text = f"up again after {seconds_text(now - incident.start)}; it was: {incident.description}"
    return replace(incident, state="resolved", at=now, end=now, description=text)
