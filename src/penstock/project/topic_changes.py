"""Making a topic, and giving one more partitions or other configs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.project.audit import audited
from penstock.project.loss import TOKEN_SECONDS, limit_of, loss_in, require_told, signed
from penstock.project.topics import require_not_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log import Topic
    from penstock.project.loss import Loss
    from penstock.project.penstock import Penstock

__all__ = ["alter_topic", "alteration_loss", "create_topic"]


def create_topic(
    penstock: Penstock, name: str, partitions: int | None = None, configs: Mapping[str, object] | None = None
) -> int:
    """Make a topic, and how many partitions it has: see `Penstock.create_topic`."""
    said = penstock.settings.topics.get(name)
    given = {**(said.configs if said else {}), **(configs or {})}
    made = penstock.log.create_topic(name, partitions or (said.partitions if said else 1), given)
    audited(penstock.log, "topic-create", name, after=_told(made))
    return made.partitions


def alter_topic(
    penstock: Penstock,
    name: str,
    partitions: int | None = None,
    configs: Mapping[str, object | None] | None = None,
    token: str = "",
) -> tuple[int, Mapping[str, str]]:
    """How many partitions a topic has then, and its configs: see `Penstock.alter_topic`."""
    require_not_system(name)
    before = penstock.log.topic(name)
    loss = _loss(penstock, name, configs or {}, limit_of(token) or penstock.clock.now_ms() + TOKEN_SECONDS * 1000)
    if loss.rows:
        ask = f"GET /api/topics/{name}/loss?config=K=V"
        require_told(loss, token, penstock.clock.now_ms(), "takes", ask)
    altered = penstock.log.alter_topic(name, partitions, configs)
    lost = {"lost": {"rows": loss.rows, "bytes": loss.bytes}} if loss.rows else {}
    audited(penstock.log, "topic-alter", name, before=_told(before), after=_told(altered), **lost)
    return altered.partitions, altered.configs


def alteration_loss(penstock: Penstock, name: str, configs: Mapping[str, object | None]) -> Loss:
    """What retention and compaction take by other configs, and the token to set them.

    Raises LogError where there is no such topic, ConfigError for a bad config.
    """
    return _loss(penstock, name, configs, penstock.clock.now_ms() + TOKEN_SECONDS * 1000)


def _loss(penstock: Penstock, name: str, configs: Mapping[str, object | None], until_ms: int) -> Loss:
    """As of when the token was asked for: what becomes too old since is not to make it another one."""
    topic = penstock.log.topic(name)
    asked_ms = until_ms - TOKEN_SECONDS * 1000
    rows, bytes_ = penstock.log.upkeep.taken_by(topic, configs, asked_ms) if configs else (0, 0)
    return signed(loss_in(penstock, name, rows, bytes_), until_ms, topic, sorted(configs.items()))


def _told(topic: Topic) -> dict[str, object]:
    """What the audit log says of it."""
    return {"partitions": topic.partitions, "configs": dict(topic.configs)}
