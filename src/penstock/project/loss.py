"""What an act would take away, told before it is done; a token that came with it says that it was read."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.core.errors import SqlError, StateError
from penstock.project.topics import read_topics, topic_of, written_topics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.project.penstock import Penstock

__all__ = ["TOKEN_SECONDS", "Loss", "limit_of", "loss_in", "require_told", "rules_on", "signed"]

TOKEN_SECONDS = 60
_KEY = secrets.token_bytes(32)
"""Tokens are good in the process that gave them."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What goes of a topic: its `rows` and `bytes` (before compression), and who then lacks them.

    `alerts` are rules over the topic, or over what is made of it. `token` is good for a minute, and as long as nothing
    of this changes.
    """

    topic: str
    rows: int
    bytes: int
    pipelines: list[str]
    tables: list[str]
    groups: list[str]
    alerts: list[str]
    token: str = ""

    def __str__(self) -> str:
        words = f"{self.rows:,} row{'' if self.rows == 1 else 's'} ({self.bytes:,} bytes) of topic '{self.topic}'"
        parts = [
            ("pipeline", self.pipelines),
            ("table", self.tables),
            ("consumer group", self.groups),
            ("alert", self.alerts),
        ]
        users = [f"{what}{'s' * (len(names) > 1)} {', '.join(names)}" for what, names in parts if names]
        return f"{words}, used by {'; '.join(users)}" if users else words


def loss_in(penstock: Penstock, topic: str, rows: int, bytes_: int) -> Loss:
    """The loss of so much of a topic, without a token."""
    log = penstock.log
    groups = [group for group in log.groups.names() if topic in log.groups.offsets(group)]
    try:
        definition = penstock.definition
    except SqlError:  # then none runs, and topics can be looked after all the same
        return Loss(topic, rows, bytes_, [], [], groups, [])
    plans = {d.name: d.plan for d in definition.pipelines}
    pipelines = [one for one, plan in plans.items() if topic in read_topics(plan) | written_topics(plan)]
    tables = sorted(table.name for table in definition.tables if topic_of(table) == topic)
    return Loss(topic, rows, bytes_, pipelines, tables, groups, rules_on(penstock, [topic]))


def rules_on(penstock: Penstock, topics: Iterable[str]) -> list[str]:
    """The alert rules that stand on `topics`, or on what pipelines make of them, by name."""
    plans = [d.plan for d in penstock.definition.pipelines]
    reached = set(topics)
    while more := {t for plan in plans if read_topics(plan) & reached for t in written_topics(plan)} - reached:
        reached |= more
    return [a.name for a in penstock.alerts.rules if a.pipeline and read_topics(a.pipeline.plan) & reached]


def signed(loss: Loss, until_ms: int, *stand: object) -> Loss:
    """`loss` with a token that is good until then, for exactly this loss and what else it depends on."""
    told = hmac.new(_KEY, repr((until_ms, replace(loss, token=""), stand)).encode(), hashlib.sha256).hexdigest()[:32]
    return replace(loss, token=f"{until_ms}.{told}")


def limit_of(token: str) -> int:
    """Until when (ms) a token says that it is good; 0 for what is none."""
    until, _, _ = token.partition(".")
    return int(until) if until.isascii() and until.isdigit() and len(until) < 16 else 0


def require_told(loss: Loss, token: str, now_ms: int, act: str, ask: str) -> None:
    """Raises StateError unless `token` is that of `loss`, and not too old.

    `act` is what would be done, such as deletes; `ask` where to ask for what would go.
    """
    if not token:
        raise StateError(
            f"this {act} {loss}",
            code="topic-unconfirmed",
            hint=f"ask what would go, and give its token: {ask}",
        )
    if limit_of(token) <= now_ms or not hmac.compare_digest(token.encode(), loss.token.encode()):
        raise StateError(
            f"the token is older than {TOKEN_SECONDS} s, or something has changed: this {act} {loss}",
            code="topic-confirm",
            hint="look at what would go now, and give the token that comes with it",
        )
