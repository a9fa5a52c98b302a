"""The kind ``sql``: INSERTs in Flink's SQL over what is there now, each a step."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, StateError, did_you_mean
from penstock.core.options import Option, text
from penstock.core.parameters import SAMPLES
from penstock.core.sql_text import literal
from penstock.engine.pipeline import FACTS
from penstock.jobs import Outcome, Step
from penstock.jobs.step import StoppedError
from penstock.project.build import make_pipeline
from penstock.project.definition import PipelineDefinition
from penstock.sql.grammar import parse
from penstock.sql.session import Write
from penstock.sql.statements import Insert, StatementSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.engine.ledger import Entry
    from penstock.engine.pipeline import Pipeline
    from penstock.jobs import Job, Note, Run, Runs
    from penstock.project.penstock import Penstock

__all__ = ["SQL_PREFIX", "Sql", "filled"]

SQL_PREFIX = "__run."
"""How the name of the pipeline of a step begins."""

SQL = Option("sql", text, "", "INSERT statements in Flink's SQL, of which $NAME stands for a parameter.")
SQL_FILE = Option("file", text, "", "Instead of sql: a file in the project that has them, such as jobs/rollup.sql.")

_TOKEN = re.compile(r"'(?:[^']|'')*'|`[^`]*`|--[^\n]*|/\*.*?\*/|\$(\w+)", re.DOTALL)
_SCHEDULED = "scheduled"


class Sql:
    """Each INSERT (or statement set) reads its input from the beginning to what is there when it begins, and ends.

    It commits as pipelines do: a run that goes on after its process has died goes on from there, and each row is in
    its table once.
    """

    options: tuple[Option[Any], ...] = (SQL, SQL_FILE)

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock

    def require(self, job: Job) -> None:
        """Raises ConfigError where it has no SQL, SqlError where that does not fit, with sample values."""
        said, where = self._text(job)
        samples = {p.name: SAMPLES[p.type] for p in job.parameters}
        self._writes(filled(said, job, samples, 0), where)

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """One for each INSERT, named after the tables it writes."""
        said, where = self._text(job)
        writes = self._writes(filled(said, job, run.parameters, run.scheduled), where)
        names: list[str] = []
        for write in writes:
            tables = ", ".join(dict.fromkeys(part.table.name for part in write.plan.parts))
            names.append(tables if tables not in names else f"{tables} ({len(names) + 1})")
        return [
            self._step(run, name, write, number, where)
            for number, (name, write) in enumerate(zip(names, writes, strict=True), 1)
        ]

    def _step(self, run: Run, name: str, write: Write, number: int, where: str) -> Step:
        pipeline = f"{SQL_PREFIX}{run.id}.{number}"
        definition = PipelineDefinition(pipeline, write.plan, write.context, write.settings, where)
        return Step(
            name,
            lambda note: self._do(definition, note),
            lambda: self._done(pipeline),
            lambda: self._forget(pipeline),
        )

    def _text(self, job: Job) -> tuple[str, str]:
        """The SQL of a job, and where it stands."""
        inline, path = job.options[SQL], job.options[SQL_FILE]
        if bool(inline) == bool(path):
            raise ConfigError(
                "a job of kind sql has its INSERTs in sql or in a file, and needs one of the two",
                code="job-sql",
                where=job.where,
                hint='sql = "INSERT INTO ...", or file = "jobs/NAME.sql"',
            )
        if inline:
            return inline, job.table.where(SQL.name)
        folder = self._penstock.folder
        place = (folder / path).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise ConfigError(
                f"'{path}' leads out of the project", code="job-sql", where=job.table.where(SQL_FILE.name)
            )
        try:
            return place.read_text("utf-8"), path
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"'{path}' cannot be read: {error}", code="job-sql", where=job.table.where(SQL_FILE.name)
            ) from None

    def _writes(self, said: str, where: str) -> list[Write]:
        statements = parse(said, where)
        if not statements or not all(isinstance(one, (Insert, StatementSet)) for one in statements):
            raise ConfigError(
                "the SQL of a job is INSERT statements, or statement sets of them",
                code="job-sql",
                where=where,
                hint="tables and views belong to sql/*.sql; a question to a job of kind check",
            )
        session = self._penstock.session
        found = (session.execute(statement, said, where) for statement in statements)
        return [write for write in found if isinstance(write, Write)]

    def _do(self, definition: PipelineDefinition, note: Note) -> Outcome:
        penstock = self._penstock
        pipeline = make_pipeline(definition, penstock.world, penstock.settings, bounded=True)
        try:
            if pipeline.restore():
                note(f"goes on after {sum(e.counts.taken for e in _sources(pipeline)):,} rows")
            pipeline.run(note.stop)
        finally:
            pipeline.close()
        if not pipeline.ended:
            raise StoppedError
        return _outcome(
            [{"kind": e.kind, "operator": e.operator, **e.counts.as_dict()} for e in pipeline.executor.entries()]
        )

    def _done(self, pipeline: str) -> Outcome | None:
        """What it has done, where it had come to its end."""
        log = self._penstock.log
        found = log.state.checkpoint(pipeline)
        if found is None or not json.loads(found.manifest)["ends"]:
            return None
        return _outcome(json.loads(log.facts.get(f"ledger/{pipeline}") or b"[]"))

    def sweep(self, runs: Runs, before: int) -> None:
        """Drop what runs have left that were not done, and ended before then (ms since 1970)."""
        for checkpoint in self._penstock.log.state.checkpoints():
            if not checkpoint.pipeline.startswith(SQL_PREFIX):
                continue
            identity = checkpoint.pipeline.removeprefix(SQL_PREFIX).rpartition(".")[0]
            try:
                ended = runs.get(identity).ended
            except StateError:  # it is no longer kept
                ended = 0
            if ended is not None and ended < before:
                self._forget(checkpoint.pipeline)

    def _forget(self, pipeline: str) -> None:
        log = self._penstock.log
        if log.state.checkpoint(pipeline) is None:
            return
        with log.transaction() as transaction:
            transaction.drop_checkpoint(pipeline)
            for prefix in FACTS:
                transaction.delete(prefix + pipeline)


def _sources(pipeline: Pipeline) -> list[Entry]:
    return [entry for entry in pipeline.executor.entries() if entry.kind == "source"]


def _outcome(entries: Iterable[Mapping[str, Any]]) -> Outcome:
    """What a pipeline has done, by the lines of its ledger."""
    counts = {"read": 0, "written": 0, "rejected": 0}
    changes: dict[str, dict[str, int]] = {}
    for entry in entries:
        if entry["kind"] == "source":
            counts["read"] += entry["taken"]
        if entry["kind"] == "sink":
            counts["written"] += entry["passed"]
            table = changes.setdefault(entry["operator"].removeprefix("sink "), {"inserted": 0})
            table["inserted"] += entry["passed"]
        counts["rejected"] += entry["rejected"]
    return Outcome(counts, changes)


def filled(said: str, job: Job, values: Mapping[str, str], scheduled: int) -> str:
    """SQL in which each parameter is its value as a literal, and $scheduled the moment that the run is for.

    Raises ConfigError for one that there is none of.
    """
    kinds = {p.name: p.type for p in job.parameters}
    moment = dt.datetime.fromtimestamp(scheduled / 1000, dt.UTC).isoformat()

    def written(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0]
        if name == _SCHEDULED and name not in kinds:
            return _literal("TIMESTAMP_LTZ", moment)
        if name not in kinds:
            known = [*kinds, _SCHEDULED]
            raise ConfigError(
                f"its SQL names the parameter ${name}, which job '{job.name}' has not",
                code="job-parameter",
                where=job.where,
                hint=did_you_mean(name, known) or f"there are {', '.join(known)}",
            )
        return _literal(kinds[name], values[name]) if name in values else f"CAST(NULL AS {kinds[name]})"

    return _TOKEN.sub(written, said)


def _literal(kind: str, value: str) -> str:
    """A value, which was read as that type before, in SQL."""
    match kind:
        case "STRING":
            return literal(value)
        case "DATE":
            return f"DATE '{dt.date.fromisoformat(value)}'"
        case "TIMESTAMP":
            return f"TIMESTAMP '{dt.datetime.fromisoformat(value).replace(tzinfo=None)}'"
        case "TIMESTAMP_LTZ":
            ms = round(dt.datetime.fromisoformat(value).timestamp() * 1000)
            return f"TO_TIMESTAMP_LTZ({ms}, 3)"
        case "BOOLEAN":
            return value.upper()
    return f"CAST({literal(value)} AS {kind})" if kind in ("DOUBLE", "DECIMAL") else value
