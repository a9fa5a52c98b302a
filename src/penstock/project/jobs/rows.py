"""Jobs that are done on a row of a live query: the query as a pipeline into a topic, which the scheduler reads."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, StateError
from penstock.core.logs import tell
from penstock.jobs import Listed
from penstock.jobs.job import ON_ROW
from penstock.jobs.scheduler import rows_topic
from penstock.project.build import make_pipeline
from penstock.project.definition import PipelineDefinition
from penstock.sql import config
from penstock.sql.catalog import Table, TableColumn
from penstock.sql.changelog import updating
from penstock.sql.grammar import parse
from penstock.sql.plan import Sink, Sinks
from penstock.sql.session import Answer
from penstock.sql.statements import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.engine.pipeline import Pipeline
    from penstock.jobs import Job
    from penstock.project.penstock import Penstock
    from penstock.project.run import Run
    from penstock.sql.session import Session

__all__ = ["ROW_PREFIX", "RowQueries", "fitting", "row_pipeline"]

ROW_PREFIX = "__job."
"""How the name of the pipeline of such a query begins."""

_COMMIT_MS = 50
"""So often its rows are committed: a job waits for them."""


def row_pipeline(job: Job, session: Session) -> PipelineDefinition:
    """The pipeline of a job's query. Raises ConfigError or SqlError where it does not fit the tables of `session`."""
    said, where = job.on_row, job.table.where(ON_ROW.name)
    statements = parse(said, where)
    if len(statements) != 1 or not isinstance(statements[0], Query):
        raise ConfigError("on-row is one SELECT", code="job-row", where=where)
    answer = session.execute(statements[0], said, where)
    assert isinstance(answer, Answer)
    query = answer.query
    if updating(query):
        raise ConfigError(
            "the rows of on-row change after they were given, and a run is for a row that stays",
            code="job-row",
            where=where,
            hint="GROUP BY a window of time, or read a table without a primary key over the topic",
        )
    columns = [column.name for column in query.columns]
    for parameter in job.parameters:
        if parameter.required and parameter.name not in columns:
            raise ConfigError(
                f"job '{job.name}' needs parameter {parameter.name}, and the rows of on-row have no such column",
                code="job-parameter",
                where=where,
                hint=f"they have {', '.join(columns)}; or give it a default",
            )
    options = {"connector": "kafka", "topic": rows_topic(job.name), "format": "json"}
    table = Table(("", "", job.name), tuple(TableColumn(c.name, c.type) for c in query.columns), options)
    settings = {**answer.settings, config.CHECKPOINT_INTERVAL.name: _COMMIT_MS}
    plan = Sinks((), (Sink(query.columns, query, table),))
    return PipelineDefinition(ROW_PREFIX + job.name, plan, answer.context, settings, where)


def fitting(listed: list[Listed], penstock: Penstock) -> list[Listed]:
    """`listed` with an error in place of each job whose query does not fit the tables."""
    found = []
    for one in listed:
        try:
            if one.job is not None and one.job.on_row:
                row_pipeline(one.job, penstock.session)
            found.append(one)
        except PenstockError as error:
            found.append(Listed(one.name, error=error))
    return found


class RowQueries:
    """The queries of on-row that go on in a run: each a pipeline aside into its own topic."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._turn = Lock()
        self._run: Run | None = None
        self._going: dict[str, object] = {}

    def follow(self, run: Run, prepare: Callable[[Pipeline], None]) -> None:
        """Let them be those that jobs.toml says now; one that has changed begins anew.

        What keeps one from running is told.
        """
        if run.bounded or self._penstock.home is None:
            return
        with self._turn:
            self._follow(run, prepare)

    def _follow(self, run: Run, prepare: Callable[[Pipeline], None]) -> None:
        if run is not self._run:
            self._run, self._going = run, {}
        session = self._penstock.session
        wanted = {
            name: (job.on_row, id(session)) for name, job in self._penstock.jobs.file.good().items() if job.on_row
        }
        if wanted == self._going:
            return
        before, self._going = self._going, dict[str, object](wanted)
        gone = [ROW_PREFIX + name for name, query in before.items() if wanted.get(name) != query]
        begun = [name for name, query in wanted.items() if before.get(name) != query]
        run.change_aside(gone, lambda: [made for name in begun if (made := self._made(name, prepare)) is not None])

    def _made(self, name: str, prepare: Callable[[Pipeline], None]) -> tuple[PipelineDefinition, Pipeline] | None:
        penstock = self._penstock
        try:
            definition = row_pipeline(penstock.jobs.file.get(name), penstock.session)
            penstock.log.ensure_topic(rows_topic(name))
            try:
                return definition, self._restored(definition, prepare)
            except StateError:
                penstock.log.state.drop_pipeline(definition.name)
                return definition, self._restored(definition, prepare)
        except PenstockError as error:
            tell("error", "job-query", f"the query of on-row of job {name} does not run", error=error)
            return None

    def _restored(self, definition: PipelineDefinition, prepare: Callable[[Pipeline], None]) -> Pipeline:
        pipeline = make_pipeline(definition, self._penstock.world, self._penstock.settings)
        try:
            prepare(pipeline)
            pipeline.restore()
        except BaseException:
            pipeline.close()
            raise
        return pipeline
