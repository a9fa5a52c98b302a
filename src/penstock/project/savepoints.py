"""Checkpoints of pipelines that are kept by name, and putting a pipeline back to one."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.errors import PenstockError, StateError, did_you_mean
from penstock.project.audit import audited
from penstock.project.build import signature_of
from penstock.project.check import dry_pipeline
from penstock.project.fates import manifest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.engine.pipeline import Pipeline
    from penstock.log import Savepoint
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock

__all__ = ["Kept", "Restored", "create_savepoint", "drop_savepoint", "kept_savepoints", "restore_savepoint"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A savepoint, and what restoring it would mean.

    Its pipeline would read `rows_again` rows that it has read since; `misfit` is why it could not go on from it, or
    empty. `time_ms` is when the checkpoint was taken.
    """

    name: str
    pipeline: str
    epoch: int
    time_ms: int
    rows_again: int
    misfit: str


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

    Raises StateError where there is none of that name, its pipeline runs, or the SQL is another than when it was
    taken and its state fits no more; LockedError where another process runs the project.
    """
    log, run = penstock.log, penstock.current
    pipeline = next((s.pipeline for s in log.state.savepoints() if s.name == name), None)
    life = run.lives.get(pipeline) if run is not None and pipeline is not None else None
    with penstock.locked() if run is None else life.halted() if life is not None else nullcontext():
        before = None if pipeline is None else manifest_of(log, pipeline)
        _require_fit(penstock, name)
        found = log.state.restore_savepoint(name)
    again = _rows_between(json.loads(found.manifest)["position"], before["position"] if before else {"readers": {}})
    told = None if before is None else {"epoch": before["epoch"]}
    after = {"epoch": found.epoch, "rows_again": again}
    audited(log, "savepoint-restore", name, pipeline=found.pipeline, before=told, after=after)
    return Restored(found.pipeline, found.epoch, again)


def kept_savepoints(penstock: Penstock) -> list[Kept]:
    """All of them, by name."""
    fit = _Fit(penstock)
    return [
        Kept(s.name, s.pipeline, s.epoch, s.time_ms, _rows_again(penstock, s), fit.misfit(s))
        for s in penstock.log.state.savepoints()
    ]


def _require_fit(penstock: Penstock, name: str) -> None:
    """Raises StateError where the savepoint of this name, if there is one, could not be gone on from."""
    savepoints = penstock.log.state.savepoints()
    kept = next((s for s in savepoints if s.name == name), None)
    fit = _Fit(penstock)
    if kept is None or not (misfit := fit.misfit(kept)):
        return
    others = [s.name for s in savepoints if s.pipeline == kept.pipeline and not fit.misfit(s)]
    raise StateError(
        f"savepoint '{name}' does not fit the SQL as it is: {misfit}",
        code="savepoint-misfit",
        where=f"pipeline {kept.pipeline}",
        hint="put the SQL back as it was when the savepoint was taken and let penstock apply DIR take that over; then"
        f" restore it. Savepoints that fit the SQL as it is: {', '.join(others) or 'none'}",
    )


class _Fit:
    """Which savepoints fit the pipelines as they are defined now; each pipeline is planned once, where one asks."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._planned: dict[str, Pipeline] = {}

    def misfit(self, kept: Savepoint) -> str:
        """Why its pipeline could not go on from it; empty where it could."""
        penstock = self._penstock
        try:
            definition = next((d for d in penstock.definition.pipelines if d.name == kept.pipeline), None)
            if definition is None:
                return f"there is no pipeline '{kept.pipeline}' any more"
            manifest = json.loads(penstock.log.state.manifest_of_savepoint(kept.name))
            if manifest.get("signature") == signature_of(definition):
                return ""
            self._plan(definition).executor.require_fit(manifest["operators"])
        except PenstockError as error:
            return error.message
        return ""

    def _plan(self, definition: PipelineDefinition) -> Pipeline:
        if definition.name not in self._planned:
            penstock = self._penstock
            planned = dry_pipeline(penstock.definition, definition, penstock.log, penstock.url)
            self._planned[definition.name] = planned
        return self._planned[definition.name]


def _rows_again(penstock: Penstock, kept: Savepoint) -> int:
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
