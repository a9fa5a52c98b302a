"""What the SQL files would change if they were applied now: per pipeline, and per operator with its rows of state."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from penstock.core.errors import ConfigError
from penstock.project.alerts.alert import PREFIX as ALERT
from penstock.project.build import make_pipeline, signature_of
from penstock.project.check import world_like
from penstock.project.definition import read_definition
from penstock.project.edit.files import FileChange, changed_files, put_of
from penstock.project.edit.transition import OperatorChange, Transition, lost_operators, transition_of
from penstock.project.fates import manifest_of
from penstock.project.jobs.rows import ROW_PREFIX
from penstock.project.jobs.sql import SQL_PREFIX
from penstock.project.topics import read_topics, topic_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.connectors.world import World
    from penstock.log import Log
    from penstock.project.definition import Definition, PipelineDefinition
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["Difference", "Edit", "PipelineChange", "edit_of"]


@dataclass(frozen=True, slots=True)
class PipelineChange:
    """One pipeline. `refusal` says why it cannot be taken over, else it is empty; `remarks` are sentences."""

    name: str
    file: str
    what: Literal["unchanged", "changed", "added", "removed"]
    operators: list[OperatorChange]
    remarks: list[str]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change; `token` names exactly this, and what it stands on."""

    files: list[FileChange]
    pipelines: list[PipelineChange]
    token: str

    @property
    def changed(self) -> list[PipelineChange]:
        """The pipelines that are not what they were."""
        return [one for one in self.pipelines if one.what != "unchanged"]


@dataclass(frozen=True, slots=True)
class Edit:
    """The project as its files are now, and how each pipeline with a checkpoint that changes gets there."""

    definition: Definition
    transitions: Mapping[str, Transition]
    difference: Difference


def edit_of(penstock: Penstock) -> Edit:
    """The files of `penstock` against what its pipelines were, as of their last checkpoints. Nothing is changed.

    Raises SqlError or ConfigError where the files are wrong, and for a project without a folder.
    """
    if penstock.home is None:
        raise ConfigError("a project in memory has no files that could change", code="edit-memory")
    definition = read_definition(penstock.folder, penstock.settings)
    world = world_like(definition, penstock.log, penstock.url)
    transitions: dict[str, Transition] = {}
    changes = []
    was: list[str] = []
    with world.log:
        for one in definition.pipelines:
            manifest = manifest_of(penstock.log, one.name)
            before = _signature_before(penstock, one.name, manifest)
            transition = _transition(penstock, definition, one, world, manifest)
            if manifest is not None and not _is_same(transition, one, before):
                transitions[one.name] = transition
            changes.append(_change(penstock.log, one, manifest, transition, before))
            was.append(f"{one.name} {before}")
    for name in _others(penstock, definition):
        manifest = manifest_of(penstock.log, name)
        changes.append(_removed(penstock, name, manifest))
        was.append(f"{name} {_signature_before(penstock, name, manifest)}")
    told = put_of(definition.texts) + "\n".join(was).encode()
    token = blake2b(told, digest_size=12).hexdigest()
    return Edit(definition, transitions, Difference(changed_files(penstock), changes, token))


def _transition(
    penstock: Penstock,
    definition: Definition,
    one: PipelineDefinition,
    world: World,
    manifest: Mapping[str, Any] | None,
) -> Transition:
    """Made of the operators in a dry world; without a checkpoint all of them begin."""
    pipeline = make_pipeline(one, world, definition.settings)
    pipeline.close()
    if manifest is None:
        readers = {reader.name: {"start": None} for reader in pipeline.input.readers}
        manifest = {"operators": {}, "position": {"readers": readers}}
    return transition_of(pipeline, one, manifest, penstock.log)


def _signature_before(penstock: Penstock, name: str, manifest: Mapping[str, Any] | None) -> str | None:
    """That of the pipeline as it runs here, or as its checkpoint has it; None where there is neither."""
    run = penstock.current
    life = None if run is None else run.lives.get(name)
    if life is not None and (manifest is None or life.pipeline is not None):
        return signature_of(life.definition)
    return None if manifest is None else str(manifest.get("signature", ""))


def _is_same(transition: Transition, one: PipelineDefinition, before: str | None) -> bool:
    """A checkpoint of before there were signatures has operators to be compared."""
    return before == signature_of(one) or (before == "" and not transition.edited)


def _others(penstock: Penstock, definition: Definition) -> list[str]:
    """The pipelines that there were and that the files have no more."""
    there = {
        c.pipeline
        for c in penstock.log.state.checkpoints()
        if not c.pipeline.startswith((ALERT, ROW_PREFIX, SQL_PREFIX))
    }
    there |= set() if penstock.current is None else penstock.current.lives.keys()
    return sorted(there - {one.name for one in definition.pipelines})


# -- pipelines -----------------------------------------------------------------------------------------


def _change(
    log: Log,
    one: PipelineDefinition,
    manifest: Mapping[str, Any] | None,
    transition: Transition,
    before: str | None,
) -> PipelineChange:
    tables = [sink.table for sink in one.plan.parts]
    if before is None:
        remarks = [f"it begins with the {n:,} records of topic {topic}" for topic, n in _there(log, one)]
        remarks += [f"table {t.name} has {n:,} rows already, and it adds to them" for t, n in _written(log, tables)]
        return PipelineChange(one.name, one.source, "added", [], remarks)
    if _is_same(transition, one, before):
        return PipelineChange(one.name, one.source, "unchanged", transition.operators, [])
    kept = [table for table in tables if manifest is not None]
    remarks = [f"the {n:,} rows that table {t.name} has stay as they are" for t, n in _written(log, kept)]
    if manifest is None:
        return PipelineChange(one.name, one.source, "changed", [], remarks)
    return PipelineChange(one.name, one.source, "changed", transition.operators, remarks, transition.refusal)


def _removed(penstock: Penstock, name: str, manifest: Mapping[str, Any] | None) -> PipelineChange:
    run = penstock.current
    life = None if run is None else run.lives.get(name)
    tables = [] if life is None else [sink.table for sink in life.definition.plan.parts]
    remarks = [f"the {n:,} rows that table {t.name} has stay" for t, n in _written(penstock.log, tables)]
    lost = [] if manifest is None else lost_operators(manifest)
    return PipelineChange(name, "" if life is None else life.definition.source, "removed", lost, remarks)


def _there(log: Log, one: PipelineDefinition) -> Iterator[tuple[str, int]]:
    """The topics that a pipeline reads and that have records, and how many."""
    there = {t.name for t in log.topics()}
    for topic in sorted(read_topics(one.plan) & there):
        if rows := sum(part.rows for part in log.describe(topic)):
            yield topic, rows


def _written(log: Log, tables: list[Table]) -> Iterator[tuple[Table, int]]:
    """The tables over topics that have rows, and how many."""
    there = {t.name for t in log.topics()}
    for table in dict.fromkeys(tables):
        topic = topic_of(table)
        if topic in there and (rows := sum(part.rows for part in log.describe(topic))):
            yield table, rows
