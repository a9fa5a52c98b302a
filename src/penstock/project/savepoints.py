"""Checkpoints of pipelines that are kept by name, and putting a pipeline back to one."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.errors import StateError, did_you_mean
from penstock.project.audit import audited
from penstock.project.fates import manifest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log import Savepoint
    from penstock.project.penstock import Penstock

__all__ = ["Restored", "create_savepoint", "drop_savepoint", "restore_savepoint", "rows_again"]


@dataclass(frozen=True, slots=True)
class Restored:
    """A pipeline is back at checkpoint `epoch`; it will read `rows_again` rows that it had read since."""

    pipeline: str
    epoch: int
    rows_again: int


def create_savepoint(penstock: Penstock, name: str, pipeline: str) -> None:
    """Keep the last checkpoint of a pipeline under `name`. Raises StateError where there is none."""
    if pipeline not in (names := penstock.pipeline_names()):
        hint = did_you_mean(pipeline, names) or "there are " + ", ".join(names)
        raise StateError(f"there is no pipeline '{pipeline}'", code="savepoint-pipeline", hint=hint)
    life = None if penstock.current is None else penstock.current.lives.get(pipeline)
    if life is not None:
        life.commit()
    penstock.log.state.create_savepoint(name, pipeline)
    made = next((s for s in penstock.log.state.savepoints() if s.name == name), None)
    audited(penstock.log, "savepoint-create", name, after=made and _told(made))


def restore_savepoint(penstock: Penstock, name: str) -> Restored:
    """Make a savepoint the checkpoint of its pipeline again; results that were committed since stay.

    Raises StateError where there is none of that name or its pipeline runs, LockedError where another process runs
    the project.
    """
    log, run = penstock.log, penstock.current
    pipeline = next((s.pipeline for s in log.state.savepoints() if s.name == name), None)
    life = run.lives.get(pipeline) if run is not None and pipeline is not None else None
    with penstock.locked() if run is None else life.halted() if life is not None else nullcontext():
        before = None if pipeline is None else manifest_of(log, pipeline)
        found = log.state.restore_savepoint(name)
    again = _rows_between(json.loads(found.manifest)["position"], before["position"] if before else {"readers": {}})
    told = None if before is None else {"epoch": before["epoch"]}
    after = {"epoch": found.epoch, "rows_again": again}
    audited(log, "savepoint-restore", name, pipeline=found.pipeline, before=told, after=after)
    return Restored(found.pipeline, found.epoch, again)


def rows_again(penstock: Penstock, kept: Savepoint) -> int:
    """How many rows its pipeline has read since, and would read again if it were put back."""
    run = penstock.current
    life = None if run is None else run.lives.get(kept.pipeline)
    if life is not None:
        now = life.position()
    else:
        manifest = manifest_of(penstock.log, kept.pipeline)
        now = manifest["position"] if manifest else {"readers": {}}
    return _rows_between(json.loads(penstock.log.state.manifest_of_savepoint(kept.name))["position"], now)


def drop_savepoint(penstock: Penstock, name: str) -> None:
    """Forget a savepoint. Raises StateError where there is none of that name."""
    kept = next((s for s in penstock.log.state.savepoints() if s.name == name), None)
    penstock.log.state.drop_savepoint(name)
    audited(penstock.log, "savepoint-drop", name, before=kept and _told(kept))


def _told(kept: Savepoint) -> dict[str, Any]:
    """What the audit log says of it."""
    return {"pipeline": kept.pipeline, "epoch": kept.epoch, "time_ms": kept.time_ms}


def _rows_between(position: Mapping[str, Any], later: Mapping[str, Any]) -> int:
    """How many records of topics come after `position`, up to that of `later`."""
    now, then = _offsets(later), _offsets(position)
    return sum(max(0, offset - then.get(place, 0)) for place, offset in now.items())


def _offsets(position: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    """The next offset by topic and partition, as a checkpoint's position has them."""
    starts = [reader["start"] for reader in position["readers"].values()]
    following = [start.get("next") or {} for start in starts if isinstance(start, dict)]
    return {(topic, p): o for one in following for topic, offsets in one.items() for p, o in enumerate(offsets)}
