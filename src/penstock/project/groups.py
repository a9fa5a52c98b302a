"""Consumer groups of a project: whose they are, and moving one, which nobody may be using."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.connectors import connector_named
from penstock.connectors.spec import TableOptions
from penstock.core.errors import SqlError, StateError
from penstock.project.audit import audited
from penstock.project.browse import time_of
from penstock.project.topics import topic_of
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock

__all__ = ["Moved", "delete_group", "pipelines_of", "reset_group"]


@dataclass(frozen=True, slots=True)
class Moved:
    """A group in one partition: the next offset to read `before` (None: it had read nothing) and `after`."""

    partition: int
    before: int | None
    after: int


def pipelines_of(penstock: Penstock, group: str) -> list[str]:
    """The pipelines that read as a group: their tables say 'properties.group.id'."""
    try:
        found = penstock.definition.pipelines
    except SqlError:  # then none runs, and groups can be looked at all the same
        return []
    return [one.name for one in found if group in _groups(one)]


def reset_group(
    penstock: Penstock,
    group: str,
    topic: str,
    to: Literal["earliest", "latest"] | Mapping[int, int] | None = None,
    *,
    shift: int | None = None,
    time: str | None = None,
    preview: bool = False,
) -> list[Moved]:
    """Move a group in a topic to an end, to given offsets, by a number of offsets (`shift`), or to a `time` (ISO).

    A `preview` says where to and moves nothing, whoever uses the group.

    A pipeline that has a checkpoint goes on from there, wherever its group is. Raises StateError where a pipeline of
    the group is in the memory of this process, LockedError where another process runs the project, LogError for what
    there is not, for offsets that are not kept, and for not exactly one target.
    """
    log = penstock.log
    with nullcontext() if preview else _unused(penstock, group):
        before = log.groups.offsets(group).get(topic, {})
        moment = None if time is None else time_of(time)
        after = log.groups.reset(group, topic, to, shift=shift, time_ms=moment, preview=preview)
    if not preview:
        audited(log, "group-reset", group, topic=topic, before=before, after=dict(after))
    return [Moved(partition, before.get(partition), offset) for partition, offset in sorted(after.items())]


def delete_group(penstock: Penstock, group: str) -> None:
    """Forget all offsets of a group. Raises as `reset_group`."""
    with _unused(penstock, group):
        before = penstock.log.groups.offsets(group)
        penstock.log.groups.delete(group)
    audited(penstock.log, "group-delete", group, before=before)


def _unused(penstock: Penstock, group: str) -> AbstractContextManager[None]:
    """Nobody reads as the group, nor begins to inside. Raises as `reset_group`."""
    pipelines = pipelines_of(penstock, group)
    running = {one.name for one in penstock.running}
    for name in pipelines:
        if name in running:
            raise StateError(
                f"pipeline {name} reads as group '{group}'",
                code="group-in-use",
                hint=f"stop it first: penstock pipeline stop DIR {name}",
            )
    return penstock.locked() if pipelines and penstock.current is None else nullcontext()


def _groups(definition: PipelineDefinition) -> set[str]:
    scans = [n for n in p.nodes(definition.plan) if isinstance(n, p.Scan) and topic_of(n.table) is not None]
    options = [TableOptions(n.table, connector_named(n.table), dict(n.options)) for n in scans]
    return {one.passed.get("properties.group.id", "") for one in options} - {""}
