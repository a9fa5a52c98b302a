"""Making a topic, and giving one more partitions or other configs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.project.audit import audited
from penstock.project.topics import require_not_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log import Topic
    from penstock.project.penstock import Penstock

__all__ = ["alter_topic", "create_topic"]


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
    penstock: Penstock, name: str, partitions: int | None = None, configs: Mapping[str, object | None] | None = None
) -> tuple[int, Mapping[str, str]]:
    """How many partitions a topic has then, and its configs: see `Penstock.alter_topic`."""
    require_not_system(name)
    before = penstock.log.topic(name)
    altered = penstock.log.alter_topic(name, partitions, configs)
    audited(penstock.log, "topic-alter", name, before=_told(before), after=_told(altered))
    return altered.partitions, altered.configs


def _told(topic: Topic) -> dict[str, object]:
    """What the audit log says of it."""
    return {"partitions": topic.partitions, "configs": dict(topic.configs)}
