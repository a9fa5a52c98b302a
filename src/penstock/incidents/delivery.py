"""`Delivery`: reads incidents as a consumer group, plans who is told of them, and tells each channel once.

1. A change of an incident and the notifications that it asks for are one transaction with the group's offset.
2. Before a message is sent, that it is being sent is written down; after it, what became of it.
3. A process that ends between the two does not know whether it arrived: it is sent again, under the same key, and
   says so where its receiver cannot tell by that key.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError
from penstock.core.logs import tell
from penstock.incidents.incident import INCIDENTS, SUMMARY, ensure_incidents, take_in
from penstock.incidents.message import Message
from penstock.incidents.notification import (
    NOTIFICATIONS,
    Notification,
    ensure_notifications,
    notification_records,
    notifications_of,
)
from penstock.incidents.policy import is_quiet
from penstock.incidents.sending import DeliveryError, send
from penstock.incidents.silence import silences_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from penstock.core.clock import Clock
    from penstock.incidents.channel import Channel
    from penstock.incidents.incident import Incident
    from penstock.incidents.policy import Policy
    from penstock.log import Log

__all__ = ["GROUP", "Delivery"]

GROUP = "__alerts"
"""The consumer group that reads the incidents."""

_OLD_MS = 3_600_000
"""Nobody is told of what fired longer ago than this: a new rule reads old rows first."""

_WAIT_SECONDS = 0.5
_REST_SECONDS = 0.01
"""Other topics may get rows all the time."""
_FIRST_RETRY_MS = 1_000
_LONGEST_RETRY_MS = 300_000


class Delivery:
    """Tells `channels` of the incidents in `log`, as `policies` want it.

    One thread plans, and one for each channel sends: a slow one keeps no other waiting. `link` is where to look at an
    incident.
    """

    def __init__(
        self,
        log: Log,
        clock: Clock,
        project: str,
        channels: Mapping[str, Channel],
        policies: Callable[[Incident], Policy],
        allow: Collection[str] = (),
        link: Callable[[Incident], str] = lambda _: "",
    ) -> None:
        self._log = log
        self._clock = clock
        self._project = project
        self._channels = channels
        self._policies = policies
        self._allow = allow
        self._link = link
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._notifications: dict[str, Notification] = {}
        self._unsettled: dict[str, Notification] = {}
        self._incidents: dict[str, Incident] = {}
        self._version = 0
        """It grows with each change of a notification."""
        self._threads: list[threading.Thread] = []
        self._offset = 0

    def start(self) -> None:
        """Take up what an earlier process left, and go on in threads."""
        self.restore()
        targets = {"plan": self._plan_on} | {name: lambda c=c: self._send_on(c) for name, c in self._channels.items()}
        self._threads = [
            threading.Thread(target=target, name=f"notify {name}", daemon=True) for name, target in targets.items()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Messages that are being sent are finished; others wait for the next start."""
        self._stop.set()
        self._know(())
        for thread in self._threads:
            thread.join()

    def tell(self) -> None:
        """Take up what an earlier process left and send what is due, in this thread: for who does not stay."""
        self.restore()
        self.plan()
        for channel in self._channels.values():
            looked: dict[str, int] = {}
            while self.send_next(channel, looked):
                continue

    def restore(self) -> None:
        """What was planned, and the incidents up to where the group is."""
        ensure_incidents(self._log)
        ensure_notifications(self._log)
        committed = self._log.groups.offsets(GROUP).get(INCIDENTS, {}).get(0)
        first = self._log.starts(INCIDENTS)[0]
        self._offset = max(first, committed if committed is not None else first)
        for frame in self._log.read(INCIDENTS, {0: first}, {0: self._offset}, columns=("value",)):
            for value in frame["value"]:
                take_in(self._incidents, value)
        self._know(notifications_of(self._log))

    def _know(self, notifications: Iterable[Notification]) -> None:
        with self._changed:
            for notification in notifications:
                self._notifications[notification.id] = notification
                if notification.settled:
                    self._unsettled.pop(notification.id, None)
                else:
                    self._unsettled[notification.id] = notification
            self._version += 1
            self._changed.notify_all()

    def counts(self) -> Counter[tuple[str, str]]:
        """How many notifications of each channel have each status."""
        with self._changed:
            return Counter((n.channel, n.status) for n in self._notifications.values())

    # -- planning ----------------------------------------------------------------------------------

    def _plan_on(self) -> None:
        while not self._stop.is_set():
            seen = self._log.end_seq()
            try:
                self.plan()
            except PenstockError as error:  # the disk may have room again the next time
                tell("error", "notify-unplanned", "notifications could not be planned", error=error)
            self._log.wait(seen, _WAIT_SECONDS)
            self._stop.wait(_REST_SECONDS)

    def plan(self) -> int:
        """Plan for all incidents that are new; how many notifications there are of them."""
        end = self._log.ends(INCIDENTS)[0]
        if end == self._offset:
            return 0
        made: dict[str, Notification] = {}
        for frame in self._log.read(INCIDENTS, {0: self._offset}, {0: end}, columns=("value",)):
            for value in frame["value"]:
                if (change := take_in(self._incidents, value)) is not None:
                    self._plan_for(*change, made)
        with self._log.transaction() as transaction:
            if made:
                transaction.append(NOTIFICATIONS, notification_records(made.values()))
            transaction.commit_offsets(GROUP, {INCIDENTS: {0: end}})
        self._offset = end
        self._know(made.values())
        return len(made)

    def _plan_for(self, state: str, incident: Incident, made: dict[str, Notification]) -> None:
        """Add to `made` (by id) what a change asks for and was not planned before."""
        if incident.fired is None or state == "pending":
            return
        if incident.kind == SUMMARY:
            state = "told"
        now = self._clock.now_ms()
        wanted = self._policies(incident).channels
        for name, channel in self._channels.items():
            fired = _id(incident, "firing", name)
            # who knows that it fires is told how it ends, though the rule is gone or names other channels now
            if name not in wanted and fired not in self._notifications and fired not in made:
                continue
            is_pager = channel.type == "pagerduty"
            if (state == "acknowledged" and not is_pager) or (state == "told" and is_pager):
                continue
            new = Notification(incident.id, state, name, "planned", now, now)
            if new.id in self._notifications or new.id in made:
                continue
            reason = self._reason_against(incident, name, now, made) if state == "firing" else ""
            made[new.id] = replace(new, status="withheld", reason=reason) if reason else new

    def _reason_against(self, incident: Incident, channel: str, now: int, made: Mapping[str, Notification]) -> str:
        """Why nobody is told that it fired, if so."""
        assert incident.fired is not None
        if now - incident.fired > _OLD_MS:
            return "it fired more than an hour before it was known"
        dedup = self._policies(incident).dedup
        for other in self._incidents.values() if dedup else ():
            same = other.rule == incident.rule and other.key == incident.key and other.id != incident.id
            if same and other.end is not None and 0 <= incident.fired - other.end < dedup:
                key = _id(other, "firing", channel)
                told = made.get(key) or self._notifications.get(key)
                if told is not None and told.status != "failed":
                    return f"its key had an incident just before ({other.id})"
        return ""

    # -- sending -----------------------------------------------------------------------------------

    def _send_on(self, channel: Channel) -> None:
        looked: dict[str, int] = {}
        while not self._stop.is_set():
            seen = self._version
            try:
                busy = self.send_next(channel, looked)
            except PenstockError as error:
                text = f"a notification over {channel.name} could not be written down"
                tell("error", "notify-unwritten", text, error=error)
                busy = False
            with self._changed:
                if not busy and self._version == seen:
                    self._changed.wait(_WAIT_SECONDS)

    def send_next(self, channel: Channel, looked: dict[str, int]) -> bool:
        """Send the first message of `channel` that is due; False where there is none.

        `looked` is when to look again at those that silence or quiet hours hold back; the caller keeps it.
        """
        now = self._clock.now_ms()
        with self._changed:
            waiting = [
                n
                for n in self._unsettled.values()
                if n.channel == channel.name and max(n.due, looked.get(n.id, 0)) <= now
            ]
        for notification in waiting:
            incident = self._incidents.get(notification.incident)
            if incident is None:
                self._note(replace(notification, status="withheld", reason="its incident is no longer kept"))
                return True
            if notification.state not in ("firing", "told"):
                first = self._notifications.get(_id(incident, "firing", channel.name))
                if first is None or first.status in ("failed", "withheld"):
                    self._note(replace(notification, status="withheld", reason="nobody was told that it fired"))
                    return True
                if not first.settled:
                    continue
            held = self._held_back(incident, now)
            if held and not notification.attempts:
                looked[notification.id] = now + _FIRST_RETRY_MS
                if held != notification.reason:
                    self._note(replace(notification, reason=held))
                continue
            held_before = notification.reason and not notification.attempts
            if notification.state == "firing" and held_before and incident.state == "resolved":
                self._note(replace(notification, status="withheld", reason=f"{notification.reason}; it is over"))
                return True
            self._attempt(channel, notification, incident)
            return True
        return False

    def _held_back(self, incident: Incident, now: int) -> str:
        """Why nobody is told just now, if so."""
        for silence in silences_of(self._log, now):
            if silence.covers(incident, now):
                return f"silenced by {silence.by or 'somebody'} ({silence.id})"
        return "quiet hours" if is_quiet(self._policies(incident), now) else ""

    def _attempt(self, channel: Channel, notification: Notification, incident: Incident) -> None:
        broken_off = notification.status == "sending"
        unknown = notification.unknown + broken_off
        trying = replace(notification, status="sending", attempts=notification.attempts + 1, unknown=unknown, reason="")
        self._note(trying)
        link = self._link(incident)
        message = Message(incident, notification.state, self._project, repeat=unknown > 0, link=link)
        try:
            send(channel, message, self._allow)
        except DeliveryError as error:
            unknown += error.unknown
            again = error.again and trying.attempts <= channel.retries
            now = self._clock.now_ms()
            due = now + max(round(error.after * 1000), _backoff(trying.attempts))
            status = "planned" if again else "failed"
            self._note(replace(trying, status=status, due=due if again else now, unknown=unknown, reason=error.message))
            if not again:
                text = f"{channel.name} is not told of {incident.name}"
                tell("warning", "notify-failed", text, incident=incident.id, error=error)
        except Exception as error:  # noqa: BLE001  # whatever it is, it keeps no other message back
            self._note(replace(trying, status="failed", reason=f"{type(error).__name__}: {error}"))
            tell("error", "notify-failed", f"{channel.name} cannot be told", incident=incident.id, error=error)
        else:
            self._note(replace(trying, status="sent"))

    def _note(self, notification: Notification) -> None:
        """Write it down, and know it."""
        notification = replace(notification, time=self._clock.now_ms())
        self._log.append(NOTIFICATIONS, notification_records([notification]))
        self._know([notification])


def _id(incident: Incident, state: str, channel: str) -> str:
    return f"{incident.id}:{state}:{channel}"


def _backoff(attempts: int) -> int:
    """So long (ms) until the next attempt: twice as long each time, and never for two at the same moment."""
    whole = min(_FIRST_RETRY_MS << (attempts - 1), _LONGEST_RETRY_MS)
    return round(whole * random.uniform(0.5, 1.0))  # noqa: S311  # no secret hangs on it
