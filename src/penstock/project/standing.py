"""How the pipelines of a project stand, whether a process runs them or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, SqlError, did_you_mean
from penstock.engine.why import Reason
from penstock.project.alerts.alert import PREFIX as RULE
from penstock.project.build import interval_of
from penstock.project.fates import manifest_of
from penstock.project.figures import State, behind, resting
from penstock.project.loss import rules_on
from penstock.project.memory import memory_of
from penstock.project.topics import read_topics, written_topics
from penstock.project.wish import Wanted, wish_of

if TYPE_CHECKING:
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock

__all__ = ["Standing", "cramped", "definition_of", "halted", "standing_of", "standings", "unread"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One pipeline, with the fields of `project.figures.Figures`.

    `state` is what it does, `wanted` what it is to do, `wanted_since_ms` since when (None: nobody has said). Times
    in ms; `checkpoint_interval` is None where the engine chooses. `remarks` are sentences for a person.
    """

    name: str
    file: str
    state: State
    wanted: Wanted
    wanted_since_ms: int | None
    error: str | None
    reads: list[str]
    writes: list[str]
    rows: int
    results: dict[str, int]
    late: int
    rejected: int
    watermark: int | None
    lag: int | None
    state_bytes: int
    epoch: int
    checkpoint_interval: int | None
    remarks: list[str]


def standings(penstock: Penstock) -> list[Standing]:
    """All pipelines, in the order of their definition."""
    return [_standing(penstock, definition) for definition in penstock.definition.pipelines]


def standing_of(penstock: Penstock, name: str) -> Standing:
    """That of one pipeline. Raises ConfigError where there is none of that name."""
    return _standing(penstock, definition_of(penstock, name))


def unread(penstock: Penstock) -> dict[str, dict[str, int]]:
    """How many records each pipeline that has begun has not read, by topic and pipeline."""
    found: dict[str, dict[str, int]] = {}
    run = penstock.current
    try:
        definitions = penstock.definition.pipelines
    except SqlError:  # then none runs, and topics can be looked at all the same
        return found
    for definition in definitions:
        life = None if run is None else run.lives.get(definition.name)
        manifest = manifest_of(penstock.log, definition.name) if life is None else None
        position = life.position() if life is not None else manifest["position"] if manifest else {"readers": {}}
        for topic, partitions in behind(penstock.log, position).items():
            found.setdefault(topic, {})[definition.name] = sum(partitions.values())
    return found


def definition_of(penstock: Penstock, name: str) -> PipelineDefinition:
    """A pipeline as SQL defines it. Raises ConfigError where there is none of that name."""
    known = {d.name: d for d in penstock.definition.pipelines}
    if name not in known:
        if name.startswith(RULE) and name.removeprefix(RULE) in (rule.name for rule in penstock.alerts.rules):
            raise ConfigError(
                f"'{name}' is the query of alert rule '{name.removeprefix(RULE)}', and no pipeline of its own",
                code="pipeline-unknown",
                hint="penstock alert list DIR shows how rules stand; they run with the project",
            )
        hint = did_you_mean(name, known) or ("there are " + ", ".join(known) if known else "the project has none")
        raise ConfigError(f"there is no pipeline '{name}'", code="pipeline-unknown", hint=hint)
    return known[name]


def halted(penstock: Penstock) -> list[Reason]:
    """Why nothing comes out of the pipelines that somebody has paused or stopped."""
    found = []
    for definition in penstock.definition.pipelines:
        if wish_of(penstock.log, definition.name).wanted not in ("paused", "stopped"):
            continue
        one = _standing(penstock, definition)
        if one.state == one.wanted:
            since = "" if one.wanted_since_ms is None else f" since {_moment(one.wanted_since_ms)}"
            waiting = f"; {one.lag:,} records wait for it" if one.lag else ""
            act = "resume" if one.state == "paused" else "start"
            sentence = f"Somebody has {one.state} it{since}{waiting}."
            command = f"To let it go on: penstock pipeline {act} DIR {one.name}"
            found.append(Reason(one.name, "", one.state, sentence, command, attention=True))
    return found


def cramped(penstock: Penstock) -> list[Reason]:
    """Why nothing comes out of any pipeline where the disk is nearly full, or memory comes to its end."""
    names, room = penstock.pipeline_names(), penstock.log.room
    found = _crowded(penstock)
    if not room.low:
        return found
    sentence = f"The disk under the log has {room.free >> 20:,} MB left, and {room.least >> 20:,} MB are to stay free."
    setting = "Free disk space, shorten the retention of topics, or lower least-free in [log] of penstock.toml."
    return [*(Reason(name, "", "disk-low", sentence, setting, attention=True) for name in names), *found]


def _crowded(penstock: Penstock) -> list[Reason]:
    """Where memory comes to its end: of every pipeline, since no events come in; of the one with the largest state."""
    budget, found = penstock.budget, []
    if not budget.limit:
        return []
    if budget.full:
        sentence = f"No event comes in: {budget.words}."
        setting = "penstock memory says who holds it; raise limit in [memory] of penstock.toml."
        found = [Reason(n, "", "memory-full", sentence, setting, attention=True) for n in penstock.pipeline_names()]
    states = memory_of(penstock)
    if states.held and budget.outgrown(states.states):
        most = states.held[0]
        sentence = (
            f"Its state has {most.bytes >> 20:,} MB, and those of all operators {states.states >> 20:,} MB of the"
            f" {budget.for_states >> 20:,} MB that are meant for them."
        )
        setting = "Group by windows of time or by fewer keys, or raise limit in [memory] of penstock.toml."
        found.append(Reason(most.pipeline, most.operator, "states-large", sentence, setting, attention=True))
    return found


def _moment(millis: int) -> str:
    return f"{dt.datetime.fromtimestamp(millis / 1000, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _standing(penstock: Penstock, definition: PipelineDefinition) -> Standing:
    name, run = definition.name, penstock.current
    life = None if run is None else run.lives.get(name)
    wish = wish_of(penstock.log, name) if life is None else life.wish
    pipeline = None if life is None else life.pipeline
    manifest = None if pipeline is not None else manifest_of(penstock.log, name)
    if life is not None:
        figures = life.figures()
    else:
        state: State = "paused" if wish.wanted == "paused" else "stopped"
        figures = resting(penstock.log, name, state, manifest["position"] if manifest else None)
    error = None if life is None else life.error
    remarks = []
    if wish.parallelism is not None and wish.parallelism > 1:
        remarks.append(f"parallelism {wish.parallelism} is kept for a cluster: embedded, it runs as one")
    if wish.wanted in ("paused", "stopped") and wish.since_ms is not None and figures.state == wish.wanted:
        remarks.append(f"{wish.wanted} since {_moment(wish.since_ms)}, and kept so until it is told otherwise")
        if rules := rules_on(penstock, written_topics(definition.plan)):
            remarks.append(f"alerts get nothing from it meanwhile: {', '.join(rules)}")
    if life is None and wish.wanted in ("running", "draining"):
        remarks.append("no process runs the project; the next one runs it")
    return Standing(
        name=name,
        file=definition.source,
        state=figures.state,
        wanted=wish.wanted,
        wanted_since_ms=wish.since_ms,
        error=None if error is None else str(error),
        reads=sorted(read_topics(definition.plan)),
        writes=sorted(written_topics(definition.plan)),
        rows=figures.rows,
        results=dict(figures.results),
        late=figures.late,
        rejected=figures.rejected,
        watermark=figures.watermark,
        lag=figures.lag,
        state_bytes=pipeline.executor.state_bytes if pipeline else 0,
        epoch=pipeline.epoch if pipeline else manifest["epoch"] if manifest else 0,
        checkpoint_interval=wish.checkpoint_interval or interval_of(definition, penstock.settings),
        remarks=remarks,
    )
