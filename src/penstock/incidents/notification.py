"""`Notification`: that a channel is told of one change of one incident; and the topic that says what became of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.log import Log

__all__ = ["NOTIFICATIONS", "Notification", "ensure_notifications", "notification_records", "notifications_of"]

NOTIFICATIONS = "__notifications"
"""The topic: a record for each change of a notification, keyed by its id."""

_QUARTER = 92 * 86_400_000


@dataclass(frozen=True, slots=True)
class Notification:
    """What is to be told, and what became of that; times in ms of the clock.

    `status`: `planned` (not before `due`), `sending` (or broken off while it was), `sent`, `failed` (it is not tried
    again) or `withheld`; `reason` says why it is not sent. `unknown` counts attempts of which it is not known whether
    they arrived.
    """

    incident: str
    state: str
    channel: str
    status: str
    time: int
    due: int
    attempts: int = 0
    unknown: int = 0
    reason: str = ""

    @property
    def id(self) -> str:
        return f"{self.incident}:{self.state}:{self.channel}"

    @property
    def settled(self) -> bool:
        """Whether nothing more is done about it."""
        return self.status in ("sent", "failed", "withheld")


def notification_records(notifications: Iterable[Notification]) -> pl.DataFrame:
    """As records of the topic."""
    rows = [(n.id.encode(), orjson.dumps(asdict(n))) for n in notifications]
    return pl.DataFrame(rows, schema={"key": pl.Binary, "value": pl.Binary}, orient="row")


def ensure_notifications(log: Log) -> None:
    """The topic is there."""
    log.ensure_topic(NOTIFICATIONS, configs={"retention.ms": str(_QUARTER)})


def notifications_of(log: Log) -> list[Notification]:
    """All that are kept, each as it is now, in the order in which they were planned."""
    if not log.has(NOTIFICATIONS):
        return []
    found: dict[str, Notification] = {}
    for frame in log.read(NOTIFICATIONS, columns=("value",)):
        for value in frame["value"]:
            notification = Notification(**orjson.loads(value))
            found[notification.id] = notification
    return list(found.values())
