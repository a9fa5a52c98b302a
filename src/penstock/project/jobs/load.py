"""The kind ``load``: sources into the warehouse, each a step and a transaction of its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError
from penstock.core.options import Option, texts
from penstock.jobs import Outcome, Phase, RunClock, Step
from penstock.project.jobs import execution
from penstock.project.warehouse.loads import Loads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.jobs import Job, Note, Run
    from penstock.project.penstock import Penstock
    from penstock.warehouse.loaded import Loaded

__all__ = ["LoadKind"]

SOURCES: Option[tuple[str, ...]] = Option(
    "sources",
    texts('a list of sources: ["customers", "sales"]'),
    (),
    "The sources, in the order in which they are loaded: files of sources/. All of them, by name, if left out.",
)


class LoadKind:
    """A source that does not answer, or has no row that fits, makes a partial success; where one fails, so has the run.

    Each source is tried, whatever became of those before it. Each run is a row of the warehouse's table
    `pipeline_executions`.
    """

    options: tuple[Option[Any], ...] = (SOURCES,)

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._loads = Loads(penstock)

    def require(self, job: Job) -> None:
        """Raises ConfigError or SqlError where there is no source, or one does not fit."""
        for name in self._sources(job):
            self._loads.require(name, job.table.where(SOURCES.name))

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """One for each source. Raises WarehouseError where the warehouse cannot be reached."""
        names = self._sources(job)
        execution.begin(self._penstock, run)
        return [self._step(name, run.id) for name in names]

    def _sources(self, job: Job) -> tuple[str, ...]:
        names = job.options[SOURCES] or tuple(self._loads.names())
        if not names:
            raise ConfigError(
                "the project has no sources to load",
                code="job-load",
                where=job.where,
                hint="sources/NAME.toml says where rows come from",
            )
        for at, name in enumerate(names):
            if name in names[:at]:
                raise ConfigError(f"source {name} is there twice", code="job-load", where=job.table.where(SOURCES.name))
        return names

    def _step(self, name: str, run: str) -> Step:
        def done() -> Outcome | None:
            found = self._loads.load(name, run).done(run)
            return None if found is None else _outcome(found)

        return Step(name, lambda note: self._do(name, run, note), done, alone=True)

    def _do(self, name: str, run: str, note: Note) -> Outcome:
        from penstock.warehouse.sources.away import AwayError

        try:
            clock = RunClock(self._penstock.clock, note)
            return _outcome(self._loads.load(name, run, clock).do(run, note))
        except AwayError as error:
            note(str(error), "warning")
            return Outcome(note=error.message, partial=True)


def _outcome(loaded: Loaded) -> Outcome:
    rules = ", ".join(f"{rule} {rows:,}" for rule, rows in loaded.rules.items())
    made = {"schema": loaded.schema, "quarantine": rules}
    return Outcome(
        counts=asdict(loaded.counts),
        changes={table: asdict(changes) for table, changes in loaded.changes.items()},
        phases=tuple(Phase(one.name, one.rows, one.seconds) for one in loaded.phases),
        note=loaded.note,
        partial=loaded.counts.is_refused,
        artefacts={name: text for name, text in made.items() if text},
    )
