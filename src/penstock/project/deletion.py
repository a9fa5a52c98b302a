"""Deleting a topic: what goes with it is told first, with a token that says so when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import StateError
from penstock.project.audit import TOPIC as AUDIT
from penstock.project.audit import audited
from penstock.project.loss import TOKEN_SECONDS, limit_of, loss_in, require_told, signed
from penstock.project.topics import read_topics, require_not_system, written_topics

if TYPE_CHECKING:
    from penstock.project.loss import Loss
    from penstock.project.penstock import Penstock

__all__ = ["delete_topic", "loss_of"]


def loss_of(penstock: Penstock, name: str) -> Loss:
    """What goes with a topic, and the token to delete it. Raises LogError where there is none."""
    return _loss(penstock, name, penstock.clock.now_ms() + TOKEN_SECONDS * 1000)


def delete_topic(penstock: Penstock, name: str, token: str) -> Loss:
    """Delete a topic with all its records; what has gone.

    Raises LogError where there is none; StateError where a pipeline that runs here reads or writes it (the system's
    own topics too, in which time is written down for all of them), and for a token that is not of `loss_of` now.
    """
    _require_unused(penstock, name)
    loss = _loss(penstock, name, limit_of(token))
    require_told(loss, token, penstock.clock.now_ms(), "deletes", f"GET /api/topics/{name}/loss")
    before = {"partitions": penstock.log.topic(name).partitions, "rows": loss.rows, "bytes": loss.bytes}
    penstock.log.delete_topic(name)
    audited(penstock.log, "topic-delete", name, before=before)
    return loss


def _loss(penstock: Penstock, name: str, until_ms: int) -> Loss:
    topic, parts = penstock.log.topic(name), penstock.log.describe(name)
    loss = loss_in(penstock, name, sum(p.rows for p in parts), sum(p.bytes for p in parts))
    return signed(loss, until_ms, topic, [(p.start, p.end, p.bytes) for p in parts])


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
