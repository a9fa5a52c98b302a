"""Deleting a topic: what goes with it is told first, with a token that says so when it is done."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import StateError
from penstock.project.audit import TOPIC as AUDIT
from penstock.project.audit import audited
from penstock.project.topics import read_topics, require_not_system, topic_of, written_topics

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["Loss", "delete_topic", "loss_of"]

TOKEN_SECONDS = 60
_KEY = secrets.token_bytes(32)
"""Tokens are good in the process that gave them."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What goes with a topic: its `rows` and `bytes` (before compression), and who then lacks it.

    `token` is good for a minute, and as long as nothing of this changes.
    """

    topic: str
    rows: int
    bytes: int
    pipelines: list[str]
    tables: list[str]
    groups: list[str]
    token: str

    def __str__(self) -> str:
        words = f"{self.rows:,} row{'' if self.rows == 1 else 's'} ({self.bytes:,} bytes) of topic '{self.topic}'"
        parts = [("pipeline", self.pipelines), ("table", self.tables), ("consumer group", self.groups)]
        users = [f"{what}{'s' * (len(names) > 1)} {', '.join(names)}" for what, names in parts if names]
        return f"{words}, used by {'; '.join(users)}" if users else words


def loss_of(penstock: Penstock, name: str) -> Loss:
    """What goes with a topic, and the token to delete it. Raises LogError where there is none."""
    return _loss(penstock, name, penstock.clock.now_ms() + TOKEN_SECONDS * 1000)


def delete_topic(penstock: Penstock, name: str, token: str) -> Loss:
    """Delete a topic with all its records; what has gone.

    Raises LogError where there is none; StateError where a pipeline that runs here reads or writes it (the system's
    own topics too, in which time is written down for all of them), and for a token that is not of `loss_of` now.
    """
    _require_unused(penstock, name)
    until, _, _ = token.partition(".")
    limit = int(until) if until.isascii() and until.isdigit() and len(until) < 16 else 0
    loss = _loss(penstock, name, limit)
    if not token:
        raise StateError(
            f"this deletes {loss}",
            code="topic-unconfirmed",
            hint=f"ask what would go, and give its token: GET /api/topics/{name}/loss",
        )
    if limit <= penstock.clock.now_ms() or not hmac.compare_digest(token.encode(), loss.token.encode()):
        raise StateError(
            f"the token is older than {TOKEN_SECONDS} s, or something has changed: this deletes {loss}",
            code="topic-confirm",
            hint="look at what would go now, and give the token that comes with it",
        )
    before = {"partitions": penstock.log.topic(name).partitions, "rows": loss.rows, "bytes": loss.bytes}
    penstock.log.delete_topic(name)
    audited(penstock.log, "topic-delete", name, before=before)
    return loss


def _loss(penstock: Penstock, name: str, until_ms: int) -> Loss:
    log = penstock.log
    topic, parts = log.topic(name), log.describe(name)
    plans = {d.name: d.plan for d in penstock.definition.pipelines}
    pipelines = [one for one, plan in plans.items() if name in read_topics(plan) | written_topics(plan)]
    tables = sorted(table.name for table in penstock.definition.tables if topic_of(table) == name)
    groups = [group for group in log.groups.names() if name in log.groups.offsets(group)]
    stand = (until_ms, topic, [(p.start, p.end, p.bytes) for p in parts], pipelines, tables, groups)
    told = hmac.new(_KEY, repr(stand).encode(), hashlib.sha256).hexdigest()[:32]
    rows, size = sum(p.rows for p in parts), sum(p.bytes for p in parts)
    return Loss(name, rows, size, pipelines, tables, groups, f"{until_ms}.{told}")


def _require_unused(penstock: Penstock, name: str) -> None:
    """Raises LogError for the audit log, StateError where pipelines in the memory of this process need the topic."""
    if name == AUDIT:
        require_not_system(name)
    running = {one.name for one in penstock.running}
    if running and penstock.log.topic(name).name.startswith("__"):
        raise StateError(
            f"topic '{name}' is the engine's own, which runs", code="topic-in-use", hint="stop the engine first"
        )
    for definition in penstock.definition.pipelines if running else ():
        reads = name in read_topics(definition.plan)
        if definition.name in running and (reads or name in written_topics(definition.plan)):
            raise StateError(
                f"pipeline {definition.name} {'reads' if reads else 'writes'} topic '{name}'",
                code="topic-in-use",
                hint=f"stop it first: penstock pipeline stop DIR {definition.name}",
            )
